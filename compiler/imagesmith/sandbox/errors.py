"""What can go wrong with the sandbox itself, as rules, and the one exception that carries such a diagnostic."""

from __future__ import annotations

from imagesmith.diagnostics import Diagnostic, Rule, Severity

NO_ENGINE = Rule(
    code="IMG900",
    severity=Severity.ERROR,
    title="no container engine can run the sandbox's machines",
    cause="The sandbox runs a VM as a container of podman or docker, and none of those found could run one.",
    fix="install podman (or start docker), or record the steps without running them: --sandbox-steps record",
    example="imagesmith build web.json --sandbox --sandbox-steps run",
    corrected="imagesmith build web.json --sandbox --sandbox-steps record",
    source="machine.md §2",
)
NO_BASE = Rule(
    code="IMG901",
    severity=Severity.ERROR,
    title="no base image stands for this source image",
    cause="A machine starts from a container image; the table from publisher, offer and sku to images has no row.",
    fix="name one: --sandbox-base 'publisher:offer:sku=IMAGE' (asterisks match anything)",
    example="imagesmith build appliance.json --sandbox",
    corrected="imagesmith build appliance.json --sandbox --sandbox-base 'fabrikam:*=docker.io/library/debian:12'",
    source="machine.md §2",
)
BASE_FAILED = Rule(
    code="IMG902",
    severity=Severity.ERROR,
    title="the base image could not be made",
    cause="The image that stands for the source was neither found, pulled from a registry nor made by mmdebstrap.",
    fix="make the registry or the package mirror reachable, or record the steps: --sandbox-steps record",
    example="imagesmith build rhel.json --sandbox",
    corrected="podman pull registry.access.redhat.com/ubi9/ubi:latest\nimagesmith build rhel.json --sandbox",
    source="machine.md §2",
)
MACHINE_FAILED = Rule(
    code="IMG903",
    severity=Severity.ERROR,
    title="the sandbox's machine did not start",
    cause="The container engine refused to start the machine, or its system did not come up in time.",
    fix="see the engine's answer; `podman system check` and free disk space are worth a look",
    example="imagesmith build web.json --sandbox",
    corrected="podman system prune\nimagesmith build web.json --sandbox",
    source="machine.md §2",
)
STATE_FOREIGN = Rule(
    code="IMG905",
    severity=Severity.ERROR,
    title="the sandbox's state folder is not one of ours",
    cause="The folder holds files, but not the marker of a sandbox: using it could destroy something.",
    fix="name an empty or a new folder",
    example="imagesmith build web.json --sandbox --sandbox-state ~/Documents",
    corrected="imagesmith build web.json --sandbox --sandbox-state ~/rehearsal",
    source="machine.md §1",
)
STATE_BROKEN = Rule(
    code="IMG906",
    severity=Severity.ERROR,
    title="the sandbox's kept state cannot be read",
    cause="The file with the kept resources is damaged or of another version.",
    fix="remove the state folder and start afresh",
    example="imagesmith build web.json --sandbox --sandbox-state rehearsal",
    corrected="rm -r rehearsal\nimagesmith build web.json --sandbox --sandbox-state rehearsal",
    source="machine.md §1",
)
STATE_BUSY = Rule(
    code="IMG907",
    severity=Severity.ERROR,
    title="another sandbox is using the state folder",
    cause="Two sandboxes in one folder would take each other's machines and resources away.",
    fix="wait for the other one to end, or name another folder",
    example="imagesmith build a.json --sandbox-state one & imagesmith build b.json --sandbox-state one",
    corrected="imagesmith build a.json --sandbox-state one & imagesmith build b.json --sandbox-state two",
    source="machine.md §1",
)
SANDBOX_FAULT = Rule(
    code="IMG908",
    severity=Severity.ERROR,
    title="the sandbox could not carry out a request",
    cause="A client asked for something that the sandbox has no answer to, which is a fault of the sandbox.",
    fix="report the request that the message names; the real Azure is not affected",
    example="imagesmith sandbox -- az vm create --name web",
    corrected="imagesmith sandbox -- packer build web",
    source="architecture §7",
)
WINDOWS_STEPS = Rule(
    code="IMG909",
    severity=Severity.ERROR,
    title="the steps of a Windows machine cannot be run here",
    cause="A container is a Linux machine; the sandbox's Windows machines take all steps and run none of them.",
    fix="let the steps be recorded: leave --sandbox-steps out",
    example="imagesmith build desktop.json --sandbox --sandbox-steps run",
    corrected="imagesmith build desktop.json --sandbox",
    source="winrm.md §7",
)

HANDOVER_BROKEN = Rule(
    code="IMG930",
    severity=Severity.ERROR,
    title="IMAGESMITH_SANDBOX does not lead to a sandbox",
    cause="The variable names the file by which a build finds the sandbox that another process runs.",
    fix="unset it, or run the build by `imagesmith sandbox -- imagesmith build FILE`",
    example="IMAGESMITH_SANDBOX=gone.json imagesmith build web.json",
    corrected="imagesmith sandbox -- imagesmith build web.json",
    source="architecture §7",
)
LISTENER_ASSUMED = Rule(
    code="IMG911",
    severity=Severity.NOTE,
    title="a script of the VM's was to open WinRM, and is taken to have done so",
    cause="The deployment has no WinRM listener, but a custom script or user data, which the sandbox does not run.",
    fix="nothing to do; whether the script does open WinRM only Azure can show",
    example='skip_create_build_key_vault = true\ncustom_script = "powershell -File open-winrm.ps1"',
    corrected="skip_create_build_key_vault = false",
    source="winrm.md §1.4",
)


class SandboxError(Exception):
    """The sandbox cannot do what was asked; `diagnostic` says why and what to do."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(f"{diagnostic.message} ({diagnostic.code}); {diagnostic.hint}")
        self.diagnostic = diagnostic


def as_failure(error: Exception, *, doing: str) -> SandboxError:
    """Any exception as one with a diagnostic: our own as they are, others as faults of the sandbox (IMG908)."""
    if isinstance(error, SandboxError):
        return error
    return failure(SANDBOX_FAULT, f"{doing}: {type(error).__name__}: {error}")


def failure(rule: Rule, message: str = "", *, hint: str = "") -> SandboxError:
    """The exception for a rule about the run, not about a place in a template."""
    return SandboxError(rule.at((), message, hint=hint))
