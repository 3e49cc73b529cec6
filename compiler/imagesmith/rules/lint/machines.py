"""The build machine against its source: generation, processor, disk and strength. Only what documents say is said."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.model import ImageTemplate, OsType, PlatformImage, WindowsUpdate
from imagesmith.rules.context import Check, RuleContext
from imagesmith.rules.lint.patterns import Pattern

_GENERATIONS = "Microsoft, support for generation 2 VMs on Azure"
WRONG_GENERATION = Rule(
    code="IMG560",
    severity=Severity.WARNING,
    title="the machine's size cannot boot an image of this generation",
    cause="Old series (Av2, Dv2, Dv3, Ev3 without 's') boot generation 1 only; confidential and ARM64 series, Mv2 and"
    ' version 6 of D and E boot generation 2 only. Azure answers: "The selected VM size … cannot boot Hypervisor'
    ' Generation".',
    fix="choose a size that boots both, for example Standard_D2s_v3 or Standard_D2s_v5",
    example='{"source": {"sku": "2022-datacenter-g2"}, "vmProfile": {"vmSize": "Standard_D2_v2"}}',
    corrected='{"source": {"sku": "2022-datacenter-g2"}, "vmProfile": {"vmSize": "Standard_D2s_v3"}}',
    source=_GENERATIONS,
)
WRONG_PROCESSOR = Rule(
    code="IMG561",
    severity=Severity.WARNING,
    title="the machine's processor is not the image's",
    cause="Sizes with 'p' behind the number of processors have ARM64 processors; all others have x64 ones. An image"
    " boots on its own kind only.",
    fix="choose a size, or a SKU of the source, of the other kind",
    example='{"source": {"sku": "22_04-lts-arm64"}, "vmProfile": {"vmSize": "Standard_D2s_v5"}}',
    corrected='{"source": {"sku": "22_04-lts-arm64"}, "vmProfile": {"vmSize": "Standard_D2ps_v5"}}',
    source="Microsoft, Azure virtual machine sizes naming conventions",
)
DISK_TOO_SMALL = Rule(
    code="IMG562",
    severity=Severity.WARNING,
    title="the disk is smaller than the source's",
    cause='Azure answers: "The specified disk size is smaller than the size of the corresponding disk in the VM image."'
    " Windows images have 127 GB (30 GB where the SKU says 'smalldisk'), Ubuntu's have 30 GB.",
    fix="write the source's size or more, or 0 for the source's own",
    example='{"source": {"publisher": "MicrosoftWindowsServer", "sku": "2022-datacenter-g2"},'
    ' "vmProfile": {"osDiskSizeGB": 64}}',
    corrected='{"source": {"publisher": "MicrosoftWindowsServer", "sku": "2022-datacenter-g2"},'
    ' "vmProfile": {"osDiskSizeGB": 127}}',
    source="aib-templates.md §1.9; issue 23051 of Azure/azure-sdk-for-python",
)
TOO_WEAK = Rule(
    code="IMG563",
    severity=Severity.WARNING,
    title="the machine is weak for Windows",
    cause="A single processor with 3.5 GB is exhausted by Windows Update, and Sysprep loses its race against the guest"
    " agent there. The documents of Image Builder ask for Standard_D2_v2 at least.",
    fix='write "vmSize": "Standard_D2s_v3", or another size with two processors',
    example='{"vmProfile": {"vmSize": "Standard_D1_v2"}, "customize": [{"type": "WindowsUpdate"}]}',
    corrected='{"vmProfile": {"vmSize": "Standard_D2_v2"}, "customize": [{"type": "WindowsUpdate"}]}',
    source="aib-templates.md §2.4, §2.5",
)

_SIZE = Pattern(
    r"(?:standard|basic)_(?P<family>[a-z]+?)(?P<cpus>[0-9]+)(?:-[0-9]+)?(?P<features>[a-z]*)(?:_[a-z0-9]+)*?"
    r"(?:_v(?P<version>[0-9]+))?",
    re.IGNORECASE,
)
_GEN_2_SKU = Pattern(r"gen-?2|(?:^|[-_])g2(?:$|[-_])", re.IGNORECASE)
_GEN_1_SKU = Pattern(r"gen-?1(?:$|[-_])", re.IGNORECASE)
_ARM_SKU = Pattern(r"arm64", re.IGNORECASE)
_GEN_1_ONLY = {("a", 2), ("d", 2), ("d", 3), ("e", 3)}


def check_generation(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """A source that names its generation, on a size that boots the other one only."""
    source, size = template.source, template.vm_profile.vm_size
    match = _SIZE.fullmatch(size) if size else None
    if not isinstance(source, PlatformImage) or match is None:
        return
    sku = f"{source.offer or ''} {source.sku or ''}"
    needed = 2 if any(map(_GEN_2_SKU.search, sku.split())) else 1 if any(map(_GEN_1_SKU.search, sku.split())) else None
    boots = _only_generation(match)
    if needed is not None and boots is not None and needed != boots:
        message = f"'{size}' boots images of generation {boots} only, and '{source.sku}' has generation {needed}"
        yield WRONG_GENERATION.at((*template.vm_profile.path, "vmSize"), message)


def _only_generation(size: re.Match[str]) -> int | None:
    """The one generation that a size boots, None for both and for sizes that are not known here."""
    family, features = size["family"].lower(), size["features"].lower()
    version = int(size["version"] or 0)
    if (family, version) in _GEN_1_ONLY and "s" not in features and features in ("", "m"):
        return 1
    if family in ("dc", "ec") and version >= 2:
        return 2
    if "p" in features or (family == "m" and version == 2) or (family in ("d", "e") and version == 6):
        return 2
    return None


def check_processor(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """ARM64 sources on x64 machines, and the other way round."""
    source, size = template.source, template.vm_profile.vm_size
    match = _SIZE.fullmatch(size) if size else None
    if not isinstance(source, PlatformImage) or not source.sku or match is None:
        return
    wants, has = bool(_ARM_SKU.search(f"{source.offer} {source.sku}")), "p" in match["features"].lower()
    if wants != has:
        kinds = {True: "ARM64", False: "x64"}
        message = f"'{size}' has {kinds[has]} processors, and '{source.sku}' is an image for {kinds[wants]}"
        yield WRONG_PROCESSOR.at((*template.vm_profile.path, "vmSize"), message)


def check_disk(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """A disk smaller than that of marketplace images whose size is known."""
    source, size_gb = template.source, template.vm_profile.os_disk_size_gb
    least = _source_disk_gb(source) if isinstance(source, PlatformImage) else 0
    if 0 < size_gb < least:
        message = f"{size_gb} GB are less than the {least} GB of the source's disk"
        yield DISK_TOO_SMALL.at(
            (*template.vm_profile.path, "osDiskSizeGB"), message, hint=f"write {least} or more, or 0"
        )


def _source_disk_gb(source: PlatformImage) -> int:
    publisher, sku = (source.publisher or "").lower(), (source.sku or "").lower()
    if publisher in ("microsoftwindowsserver", "microsoftwindowsdesktop"):
        return 30 if "smalldisk" in sku else 127
    return 30 if publisher == "canonical" else 0


def check_strength(template: ImageTemplate, context: RuleContext) -> Iterator[Diagnostic]:
    """Windows on one processor."""
    size = template.vm_profile.vm_size
    match = _SIZE.fullmatch(size) if size else None
    if context.os_type is not OsType.WINDOWS or match is None or match["cpus"] != "1":
        return
    if match["family"].lower() in ("d", "ds", "a", "b", "f"):
        updates = any(isinstance(step, WindowsUpdate) for step in template.customize)
        why = "Windows Update exhausts it" if updates else "Windows is slow on it, and Sysprep may never end"
        yield TOO_WEAK.at((*template.vm_profile.path, "vmSize"), f"'{size}' has one processor: {why}")


CHECKS: tuple[Check, ...] = (check_generation, check_processor, check_disk, check_strength)
