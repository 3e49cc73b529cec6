"""Regions: that there is one, that it can be one, and that Azure has it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.model import ImageTemplate, ManagedImageDistributor, SharedImageDistributor
from imagesmith.model.ids import region_name
from imagesmith.rules.context import Check, RuleContext

REGION_FORM = Rule(
    code="IMG380",
    severity=Severity.ERROR,
    title="the text cannot be a region",
    cause="A region is named by letters and digits: 'westeurope', or 'West Europe' as the portal shows it.",
    fix="write the region's short name; 'az account list-locations --query [].name' lists them",
    example='{"location": "west-europe"}',
    corrected='{"location": "westeurope"}',
    source="lowering.md §1.1",
)
UNKNOWN_REGION = Rule(
    code="IMG381",
    severity=Severity.WARNING,
    title="no region of this name is known",
    cause="Azure refuses a region that it does not have. A new one may be missing in our list, so this is no error.",
    fix="'az account list-locations --query [].name' lists the regions that there are",
    example='{"location": "westeurop"}',
    corrected='{"location": "westeurope"}',
    source="Azure, list of regions",
)
OUTSIDE_THE_SERVICE = Rule(
    code="IMG382",
    severity=Severity.NOTE,
    title="the managed service does not run in this region",
    cause="The image is built in this region all the same, but the managed service would refuse the template.",
    fix="nothing, unless the template is also given to the service",
    example='{"location": "canadaeast"}',
    corrected='{"location": "canadacentral"}',
    source="aib-templates.md §2.14",
)
NO_LOCATION = Rule(
    code="IMG383",
    severity=Severity.ERROR,
    title="the template has no location",
    cause="The build machine has to stand in some region.",
    fix='add "location", or say --location <region>',
    example='{"properties": {"source": {"type": "PlatformImage"}}}',
    corrected='{"location": "westeurope", "properties": {"source": {"type": "PlatformImage"}}}',
    source="aib-templates.md §1.2",
)

# Regions in which the managed service takes templates (aib-templates.md §2.14).
_SERVICE_REGIONS = (
    "eastus eastus2 westcentralus westus westus2 westus3 southcentralus northeurope westeurope southeastasia"
    " australiasoutheast australiaeast uksouth ukwest brazilsouth canadacentral centralindia centralus francecentral"
    " germanywestcentral japaneast northcentralus norwayeast switzerlandnorth jioindiawest uaenorth eastasia"
    " koreacentral southafricanorth qatarcentral swedencentral polandcentral italynorth israelcentral newzealandnorth"
    " taiwannorthwest usgovarizona usgovvirginia chinanorth3"
)
_OTHER_REGIONS = (
    "australiacentral australiacentral2 austriaeast belgiumcentral brazilsoutheast canadaeast centraluseuap"
    " chilecentral denmarkeast eastus2euap eastusstg francesouth germanynorth indiasouthcentral indonesiacentral"
    " japanwest jioindiacentral koreasouth malaysiasouth malaysiawest mexicocentral norwaywest saudiarabiaeast"
    " southafricawest southcentralus2 southcentralusstg southeastus southeastus3 southindia spaincentral swedensouth"
    " switzerlandwest taiwannorth uaecentral westindia chinaeast chinaeast2 chinaeast3 chinanorth chinanorth2"
    " usdodcentral usdodeast usgoviowa usgovtexas usnateast usnatwest usseceast ussecwest ussecwestcentral"
)
_LONGEST = 60  # no region's name is longer; guessing at a text of megabytes would take minutes
SERVICE_REGIONS = frozenset(_SERVICE_REGIONS.split())
REGIONS = SERVICE_REGIONS | frozenset(_OTHER_REGIONS.split())


def check_location(template: ImageTemplate, context: RuleContext) -> Iterator[Diagnostic]:
    """The build's region: the template's own, or `--location` where it has none."""
    path: Path = ("location",) if template.location else ()
    text = template.location or context.location
    if not text:
        yield NO_LOCATION.at(())
        return
    findings = tuple(_region(text, path))
    yield from findings
    if not findings and region_name(text) not in SERVICE_REGIONS and template.location:
        yield OUTSIDE_THE_SERVICE.at(path, f"the managed service does not run in '{text}'")


def check_target_regions(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """Every region that a distributor names."""
    for target in template.distribute:
        match target:
            case ManagedImageDistributor():
                yield from _region(target.location, (*target.path, "location"))
            case SharedImageDistributor():
                for text, path in target_regions(target):
                    yield from _region(text, path)
            case _:
                pass  # a VHD goes where its storage account is


def target_regions(target: SharedImageDistributor) -> Iterator[tuple[str, Path]]:
    """The regions of a gallery version as written, from whichever list names them, and where they stand."""
    for index, text in enumerate(target.replication_regions or ()):
        yield text, (*target.path, "replicationRegions", index)
    for region in target.target_regions or ():
        yield region.name, (*region.path, "name")


def _region(text: str, path: Path) -> Iterator[Diagnostic]:
    name = region_name(text)
    if not re.fullmatch("[a-z0-9]+", name):
        bare = re.sub(r"\([^()]*\)|[^A-Za-z0-9]", "", text[:_LONGEST]).lower()
        message = f"'{text}' cannot be a region: it is named by letters and digits" if text else "the region is empty"
        yield REGION_FORM.at(path, message, hint=_suggestion(bare))
    elif name not in REGIONS:
        yield UNKNOWN_REGION.at(path, f"no region '{text}' is known", hint=_suggestion(name))


def _suggestion(name: str) -> str:
    known = name if name in REGIONS else _turned(name)
    close = [known] if known else difflib.get_close_matches(name[:_LONGEST], sorted(REGIONS), n=1, cutoff=0.75)
    return f"did you mean '{close[0]}'?" if close else ""


def _turned(name: str) -> str:
    """The region whose words stand in another order, as other clouds have them: ``us-east-2`` is ``eastus2``."""
    words = name[:_LONGEST].rstrip("0123456789")
    number = name[len(words) :]
    turned = (f"{words[at:]}{words[:at]}{number}" for at in range(2, len(words) - 1))
    return next((candidate for candidate in turned if candidate in REGIONS), "")


CHECKS: tuple[Check, ...] = (check_location, check_target_regions)
