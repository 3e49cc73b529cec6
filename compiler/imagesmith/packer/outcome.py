"""The evidence that a Packer run leaves to the outcome that it had: a pure function, the only judge there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imagesmith.events import ExitCode
from imagesmith.run_failure import Outcome

GO_PANIC = 2
"""How a Go program ends that has crashed (packer.md §4.7)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What is known when Packer has ended.

    `exit_code` or `signalled` is None; `killed` says that it was us. `image_recorded` and `image_in_manifest` are
    Packer's two records of an image, `builder_done` that it said so in words; `publishing` that the machine had been
    captured. `failed_before_cancel` is a step that had failed when the cancel was asked for.
    """

    exit_code: int | None
    signalled: int | None = None
    killed: bool = False
    cancel_requested: bool = False
    failed_before_cancel: bool = False
    stopped_on_purpose: bool = False
    makes_image: bool = True
    image_recorded: bool = False
    image_in_manifest: bool = False
    builder_done: bool = False
    publishing: bool = False
    failed_step: str | None = None
    validates: bool = False
    """Whether the step that failed is a validator."""
    begun: bool = True
    """Whether Packer had begun to build. It looks through all files before (packer.md §2.4)."""
    plugin_lost: bool = False
    """Whether the builder's own process went away; Packer itself then ends with 1."""

    @property
    def crashed(self) -> bool:
        """Whether Packer ended without having cleaned up."""
        return self.killed or self.plugin_lost or self.signalled is not None or self.exit_code == GO_PANIC

    @property
    def refused(self) -> bool:
        """Whether Packer ended by itself, with an error, before it built anything."""
        return not self.begun and not self.crashed and self.exit_code != 0

    @property
    def made(self) -> bool:
        """Whether any record tells of a finished image."""
        return self.makes_image and (self.image_recorded or self.image_in_manifest or self.builder_done)


def judge(evidence: Evidence) -> Outcome:  # noqa: PLR0911 - one return an outcome, in the order in which they count
    """How the run ended. Nothing alone decides: new Packers end with 0 after a cancel now and then, print "finished"
    for it, and a build that made its image may still end with 1 (packer.md §4.10, §11).
    """
    if evidence.cancel_requested and not evidence.failed_before_cancel:
        return Outcome.CANCELLED
    if evidence.stopped_on_purpose:
        return Outcome.STOPPED
    if evidence.refused and not evidence.made:
        return Outcome.REFUSED
    proved = not evidence.makes_image or (evidence.image_recorded and evidence.image_in_manifest)
    if evidence.exit_code == 0 and proved:
        return Outcome.SUCCEEDED
    if evidence.made:
        return Outcome.POST_PROCESSING_FAILED
    if evidence.crashed:
        return Outcome.CRASHED
    if evidence.failed_step is not None:
        return Outcome.VALIDATION_FAILED if evidence.validates else Outcome.STEP_FAILED
    return Outcome.PUBLISHING_FAILED if evidence.publishing else Outcome.MACHINE_FAILED


GOOD = frozenset({Outcome.SUCCEEDED, Outcome.STOPPED})

EXIT_CODES: Mapping[Outcome, ExitCode] = {
    Outcome.SUCCEEDED: ExitCode.OK,
    Outcome.STOPPED: ExitCode.OK,
    Outcome.CANCELLED: ExitCode.CANCELLED,
    Outcome.REFUSED: ExitCode.TOOLCHAIN,
    Outcome.STEP_FAILED: ExitCode.STEP,
    Outcome.VALIDATION_FAILED: ExitCode.VALIDATION,
    Outcome.MACHINE_FAILED: ExitCode.MACHINE,
    Outcome.PUBLISHING_FAILED: ExitCode.DISTRIBUTION,
    Outcome.POST_PROCESSING_FAILED: ExitCode.DISTRIBUTION,
    Outcome.CRASHED: ExitCode.TOOLCHAIN,
    Outcome.TIMED_OUT: ExitCode.TIMEOUT,
    Outcome.SILENT: ExitCode.TIMEOUT,
}
"""What a command ends with for each (architecture §5)."""
