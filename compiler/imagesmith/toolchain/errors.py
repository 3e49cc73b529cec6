"""What can be wrong with the tools that a build needs."""

from __future__ import annotations

from imagesmith.diagnostics import Diagnostic, Rule, Severity


class ToolchainError(Exception):
    """A tool is missing, unfit, or could not be installed; the diagnostic says which and what was tried."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


NO_PACKER = Rule(
    code="IMG700",
    severity=Severity.ERROR,
    title="no Packer was found",
    cause="Images are built by HashiCorp Packer, which is never bundled.",
    fix="Run `imagesmith toolchain install`, put packer on PATH, or name one with --packer or IMAGESMITH_PACKER. "
    "Folders of PATH that are relative or that everybody may write to are not searched.",
    source="packer.md §8",
)
UNFIT_PACKER = Rule(
    code="IMG701",
    severity=Severity.ERROR,
    title="the named program is not a usable Packer",
    cause="A program that was named explicitly is used or refused; no other one takes its place.",
    fix="Check what `packer version` of that file prints. Other programs are called packer too, cracklib's for one.",
    source="packer.md §4.11",
)
NO_AZURE = Rule(
    code="IMG702",
    severity=Severity.ERROR,
    title="this Packer has no azure plugin",
    cause="From 1.10 on Packer comes without plugins; azure-arm is in github.com/hashicorp/azure.",
    fix="Run `packer plugins install github.com/hashicorp/azure`, or name the folder of plugins with --plugin-path or "
    "PACKER_PLUGIN_PATH. A plugin counts only with its _SHA256SUM file beside it.",
    source="packer.md §7",
)
DOWNLOAD_FAILED = Rule(
    code="IMG703",
    severity=Severity.ERROR,
    title="the archive could not be downloaded",
    cause="The address did not give a whole file.",
    fix="Check the network and the proxy, or name a mirror with --base-url.",
    source="packer.md §8",
)
DIGEST_MISMATCH = Rule(
    code="IMG704",
    severity=Severity.ERROR,
    title="the archive is not the one that was expected",
    cause="Its SHA-256 digest differs from the known one: the file is damaged or was replaced. Nothing was installed.",
    fix="Try again, or another mirror. If you gave --sha256, compare it with the vendor's SHA256SUMS file.",
    source="packer.md §8",
)
DIGEST_UNKNOWN = Rule(
    code="IMG705",
    severity=Severity.ERROR,
    title="the digest of this release is not known",
    cause="Only archives with a known digest are unpacked.",
    fix="Give the SHA-256 of the archive with --sha256, from the vendor's SHA256SUMS file of that version.",
    source="packer.md §8",
)
BAD_ARCHIVE = Rule(
    code="IMG706",
    severity=Severity.ERROR,
    title="the archive does not hold what it should",
    cause="It is damaged, has names that lead out of its folder, or lacks the program. Nothing was installed.",
    fix="Take the archive from the vendor or from a mirror that copies it unchanged.",
    source="packer.md §7.1, §8",
)
NO_PACKAGE = Rule(
    code="IMG707",
    severity=Severity.ERROR,
    title="the distribution's package could not be unpacked",
    cause="Debian and Ubuntu have Packer 1.6.6 as a package; it is downloaded with apt-get and unpacked with dpkg-deb.",
    fix="Run `apt-get update`, or install a Packer by other means and name it with --packer.",
    source="packer.md §8",
)
