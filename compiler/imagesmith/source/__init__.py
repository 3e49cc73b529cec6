"""Reading: JSON or YAML text to a `Document` whose every value knows where it stands."""

from imagesmith.source.beside import FilesBelow
from imagesmith.source.load import load, read_bytes, read_text
from imagesmith.source.values import (
    Array,
    Data,
    Document,
    Member,
    Object,
    Origin,
    Value,
    locate,
    plain,
    transform,
    walk,
    wrap,
)

__all__ = [
    "Array",
    "Data",
    "Document",
    "FilesBelow",
    "Member",
    "Object",
    "Origin",
    "Value",
    "load",
    "locate",
    "plain",
    "read_bytes",
    "read_text",
    "transform",
    "walk",
    "wrap",
]
