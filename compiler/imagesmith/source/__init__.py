"""Reading: JSON or YAML text to a `Document` whose every value knows where it stands."""

from imagesmith.source.beside import FilesBelow
from imagesmith.source.bicep_program import Bicep
from imagesmith.source.inputs import Inputs, read_inputs
from imagesmith.source.load import is_bicep, load, read_bytes, read_text
from imagesmith.source.values import (
    Array,
    Data,
    Dependence,
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
    written_text,
)

__all__ = [
    "Array",
    "Bicep",
    "Data",
    "Dependence",
    "Document",
    "FilesBelow",
    "Inputs",
    "Member",
    "Object",
    "Origin",
    "Value",
    "is_bicep",
    "load",
    "locate",
    "plain",
    "read_bytes",
    "read_inputs",
    "read_text",
    "transform",
    "walk",
    "wrap",
    "written_text",
]
