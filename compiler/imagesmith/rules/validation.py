"""The `validate` part: whether there is anything to validate, and what `sourceValidationOnly` leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.model import ImageTemplate
from imagesmith.rules.context import Check, RuleContext

SOURCE_ONLY = Rule(
    code="IMG395",
    severity=Severity.NOTE,
    title="'sourceValidationOnly' leaves everything else out",
    cause="The source image itself is validated; nothing is customized and nothing is distributed.",
    fix="take 'sourceValidationOnly' away to build an image",
    example='{"customize": [{"type": "Shell", "inline": ["true"]}], "validate": {"sourceValidationOnly": true}}',
    corrected='{"customize": [], "validate": {"sourceValidationOnly": true}}',
    source="aib-templates.md §1.6, §2.2",
)
NO_VALIDATORS = Rule(
    code="IMG396",
    severity=Severity.WARNING,
    title="'validate' has no validators",
    cause="Without 'inVMValidations' there is nothing that could fail, so nothing is validated.",
    fix='add "inVMValidations": [{"type": "Shell", "inline": ["<command>"]}], or take \'validate\' away',
    example='{"validate": {"continueDistributeOnFailure": true}}',
    corrected='{"validate": {"inVMValidations": [{"type": "Shell", "inline": ["systemctl is-system-running"]}]}}',
    source="aib-templates.md §1.6",
)


def check_validate(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """What `validate` says and what it needs."""
    validate = template.validate
    if validate is None:
        return
    if not validate.in_vm_validations and (validate.source_validation_only or validate.continue_distribute_on_failure):
        yield NO_VALIDATORS.at(validate.path)
    left_out = [key for key, given in (("customize", template.customize), ("distribute", template.distribute)) if given]
    if validate.source_validation_only and left_out:
        message = f"the source alone is validated, without {' and '.join(repr(key) for key in left_out)}"
        yield SOURCE_ONLY.at((*validate.path, "sourceValidationOnly"), message)


CHECKS: tuple[Check, ...] = (check_validate,)
