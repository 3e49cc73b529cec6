"""One output of the builder, and what its kinds share."""

from __future__ import annotations

from dataclasses import dataclass

from imagesmith.diagnostics import Path
from imagesmith.hcl import Block, Literal, attributes
from imagesmith.lower.words import Lowering, ValidateOn
from imagesmith.model import ImageTemplate
from imagesmith.plan import Publication, Section


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One output of the builder: its options, its record, and the options that name it as a source."""

    section: Section
    publication: Publication | None
    as_source: Block | None


def section_of(name: str, path: Path, **values: Literal) -> Section:
    """A section of nothing but attributes."""
    return Section(name=name, body=Block(type=name, attributes=attributes(**values)), path=path)


def validates_later(template: ImageTemplate, lowering: Lowering) -> bool:
    """Whether validators run on a new machine after publishing."""
    checks = template.validate
    return bool(checks and checks.in_vm_validations) and lowering.options.validate_on is ValidateOn.NEW_VM


def validates_source(template: ImageTemplate) -> bool:
    """Whether validators run on a machine made from the source, and nothing is built (`sourceValidationOnly`)."""
    checks = template.validate
    return bool(checks and checks.in_vm_validations and checks.source_validation_only)
