"""A resolved template to the same one in today's spelling: known names, nothing null or read-only, one API version."""

from __future__ import annotations

from dataclasses import dataclass, replace

from imagesmith.api_versions import is_strict
from imagesmith.diagnostics import Diagnostic
from imagesmith.normalise.repair import Repair
from imagesmith.normalise.version import choose
from imagesmith.source import Document

__all__ = ["Normalised", "normalise"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Normalised:
    """A document in today's spelling, the API version that it is read by, and what had to be changed."""

    document: Document
    api_version: str
    strict: bool
    diagnostics: tuple[Diagnostic, ...]


def normalise(document: Document, *, strict: bool | None = None, api_version: str | None = None) -> Normalised:
    """Choose the API version and repair what is only spelt wrongly.

    `api_version` is what a caller asks for in place of the file's own; `strict` forces or lifts the reading of
    2024-02-01 and later, where a misspelt name is an error (None: as the version has it; lenient where a file names
    none). Repairs are made either way, so that later checks see one spelling and say each thing once.

    Source: aib-templates.md §0 fact 3, §1.1; architecture §3.5.
    """
    choice = choose(document, api_version)
    if strict is None:
        strict = choice.named and is_strict(choice.version)
    repair = Repair(strict=strict)
    root = None if document.root is None else repair.resource(document.root)
    return Normalised(
        document=replace(document, root=root),
        api_version=choice.version,
        strict=strict,
        diagnostics=(*choice.diagnostics, *repair.diagnostics),
    )
