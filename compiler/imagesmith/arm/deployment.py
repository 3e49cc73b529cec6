"""What a resolution depends on, and what it gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from imagesmith.diagnostics import Diagnostic, Path, SourceText
from imagesmith.source import Document, Value

_BEFORE_VALUE = re.compile(r"((?:'(?:[^']|'')*'|[^'=])*)=(.*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """Everything that the evaluation of a file may depend on beside its text.

    `parameters` are texts as given with -p: read as JSON where the declared type is not a string; they fill tokens too.
    `resolved` are values of --resolve by expression. `read_linked` reads a linked template: the file at a path that is
    relative to the folder of another file, whose name comes second; without it links are not followed.
    `name` chooses among several image templates and names one that has no name. `now` and `seed` stand for the clock
    and for chance in utcNow() and newGuid().
    """

    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    parameter_files: tuple[Document, ...] = ()
    resolved: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    read_linked: Callable[[str, str], Document] | None = None
    resource_group: str | None = None
    subscription_id: str | None = None
    tenant_id: str | None = None
    location: str | None = None
    name: str | None = None
    default_name: str = "imagetemplate"
    now: datetime
    seed: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """An image template taken out of its file, everything in it computed.

    `document` has the image template resource as its root, or is None where the file holds none to choose. At the paths
    in `unresolved` stands the original text of what could not be computed or filled; a diagnostic says so already, and
    later checks need not complain about it again. `secrets` are the texts of secure parameters, and
    `named_secrets` the same by the parameters' names.
    """

    document: Document | None
    diagnostics: tuple[Diagnostic, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    named_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    other_templates: tuple[str, ...] = ()
    unresolved: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The chosen image template, before its tokens are filled."""

    root: Value | None
    diagnostics: tuple[Diagnostic, ...] = ()
    secrets: tuple[str, ...] = ()
    named_secrets: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    unresolved: tuple[Path, ...] = ()
    parameters: frozenset[str] = frozenset()
    inputs: tuple[SourceText, ...] = ()


def split_answer(text: str) -> tuple[str, str]:
    """EXPRESSION=VALUE at the first `=` that stands outside of quotes.

    Raises:
        ValueError: where there is none, or nothing before it.
    """
    match = _BEFORE_VALUE.fullmatch(text)
    if match is None or not match[1].strip():
        raise ValueError(f"'{text}' is not of the form EXPRESSION=VALUE")
    return match[1].strip(), match[2]
