"""The source of the image: a platform image's four names and its purchase plan (aib-templates.md §1.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.model import ImageTemplate, PlatformImage, SharedImageVersionSource
from imagesmith.rules.context import Check, RuleContext
from imagesmith.schema import rules as schema_rules

PLATFORM_IMAGE_INCOMPLETE = Rule(
    code="IMG306",
    severity=Severity.ERROR,
    title="the platform image is not named completely",
    cause="A marketplace image is found by publisher, offer and sku; the API's schema demands none of them, but nothing"
    " works without all three.",
    fix="add what is missing; 'az vm image list --all --publisher <publisher>' lists what there is",
    example='{"source": {"type": "PlatformImage", "publisher": "Canonical", "offer": "ubuntu-24_04-lts"}}',
    corrected='{"source": {"type": "PlatformImage", "publisher": "Canonical", "offer": "ubuntu-24_04-lts",'
    ' "sku": "server"}}',
    source="aib-templates.md §1.4, lowering.md §1.2",
)
PLATFORM_IMAGE_NAME = Rule(
    code="IMG307",
    severity=Severity.ERROR,
    title="the text cannot be part of a platform image's name",
    cause="Publisher, offer and sku consist of letters, digits, '.', '_' and '-'; a version is 'latest' or numbers with"
    " dots between them.",
    fix="look the name up with 'az vm image list --all --publisher <publisher>'",
    example='{"source": {"type": "PlatformImage", "publisher": "Canonical", "offer": "Ubuntu Server", "sku": "24.04"}}',
    corrected='{"source": {"type": "PlatformImage", "publisher": "Canonical", "offer": "UbuntuServer",'
    ' "sku": "24.04"}}',
    source="aib-templates.md §1.4",
)
PLAN_INCOMPLETE = Rule(
    code="IMG308",
    severity=Severity.ERROR,
    title="'planInfo' is not complete",
    cause="A purchase plan is named by 'planName', 'planProduct' and 'planPublisher' together.",
    fix="add what is missing; 'az vm image show --urn <urn> --query plan' prints the plan",
    example='{"planInfo": {"planName": "pro", "planProduct": "", "planPublisher": "contoso"}}',
    corrected='{"planInfo": {"planName": "pro", "planProduct": "contoso-os", "planPublisher": "contoso"}}',
    source="aib-templates.md §1.4",
)

_LATEST_SINCE = "2022-07-01"
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_VERSION = re.compile(r"latest|[0-9]+(?:\.[0-9]+)+", re.IGNORECASE)


def check_platform_image(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """Publisher, offer and sku: all there and possible; a possible version; a whole plan."""
    source = template.source
    if not isinstance(source, PlatformImage):
        return
    names = {"publisher": source.publisher, "offer": source.offer, "sku": source.sku}
    missing = [key for key, text in names.items() if not text]
    if missing:
        message = f"the platform image has no {' and no '.join(repr(key) for key in missing)}"
        yield PLATFORM_IMAGE_INCOMPLETE.at(source.path, message)
    for key, text in names.items():
        if text and not _NAME.fullmatch(text):
            yield PLATFORM_IMAGE_NAME.at((*source.path, key), f"'{text}' cannot be the {key} of a platform image")
    if not _VERSION.fullmatch(source.version):
        message = f"'{source.version}' cannot be the version of a platform image"
        yield PLATFORM_IMAGE_NAME.at(
            (*source.path, "version"), message, hint="write 'latest', or a number as in '1.2.3'"
        )
    yield from _plan(source)


def _plan(source: PlatformImage) -> Iterator[Diagnostic]:
    plan = source.plan_info
    if plan is None:
        return
    parts = {"planName": plan.plan_name, "planProduct": plan.plan_product, "planPublisher": plan.plan_publisher}
    missing = [key for key, text in parts.items() if not text]
    if missing:
        message = f"'planInfo' has no {' and no '.join(repr(key) for key in missing)}"
        yield PLAN_INCOMPLETE.at(plan.path, message)


def check_latest_version(template: ImageTemplate, context: RuleContext) -> Iterator[Diagnostic]:
    """`latest` as the version of a gallery's image: a value that came with an API version, as the schema has others."""
    source = template.source
    if not isinstance(source, SharedImageVersionSource) or context.api_version >= _LATEST_SINCE:
        return
    if source.image_version_id.rstrip("/").lower().endswith("/versions/latest"):
        message = (
            f"'latest' as a gallery's version is known since API version {_LATEST_SINCE}, and the template names"
            f" {context.api_version}"
        )
        hint = f'write "apiVersion": "{_LATEST_SINCE}" or later, or the number of the version'
        severity = Severity.ERROR if context.strict else Severity.WARNING
        yield schema_rules.TOO_NEW.at((*source.path, "imageVersionId"), message, hint=hint, severity=severity)


CHECKS: tuple[Check, ...] = (check_platform_image, check_latest_version)
