"""One Packer run: its environment, its events, and what its end means."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imagesmith.build.ending import Stop
from imagesmith.build.preflight import on_error, stage_variables
from imagesmith.build.run import Run
from imagesmith.events import Event, ExitCode, Notice, Output, Progress, RunOutput, now
from imagesmith.lower.machine import BUILD_USER
from imagesmith.packer import (
    ArtifactCollector,
    PackerError,
    Record,
    StepTracker,
    packer_environment,
    parse,
    read_manifest,
    run_packer,
    step_marks,
    temporary_folder,
)
from imagesmith.packer.lines import Line
from imagesmith.plan import OnError, Publication, PublicationKind, Stage, StageName
from imagesmith.toolchain import link_plugins

_PUBLISHING = ("Publishing to Shared Image Gallery", "Copying", "Granting")
_SKIPPED = "aborted: skipping cleanup of step"
_ADDRESS = re.compile(r"-> (?:Public)?IP ?Address +: '([^']+)'")
_ARTIFACT_KEYS: Mapping[PublicationKind, str] = {
    PublicationKind.MANAGED_IMAGE: "ManagedImageId",
    PublicationKind.SHARED_IMAGE: "ManagedImageSharedImageGalleryId",
    PublicationKind.VHD: "VHDOSDiskUri",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """The environment of one Packer command."""

    environment: Mapping[str, str]


@contextmanager
def packer_session(run: Run, stage: Stage) -> Iterator[Session]:
    """Private folders for a Packer command, gone at its end; the plugins it may use, linked one by one."""
    with tempfile.TemporaryDirectory(prefix="imagesmith-") as text:
        private = Path(text)
        plugins = private / "plugins"
        link_plugins(run.packer.plugins, plugins)
        with temporary_folder(private) as temporary:
            yield Session(
                environment=packer_environment(
                    run.world.environment,
                    private=private,
                    temporary=temporary,
                    variables=stage_variables(run, stage),
                    plugin_path=plugins,
                )
            )


def run_stage(run: Run, name: StageName) -> None:
    """Run `packer build` for a stage and take note of what it published. Raises Stop if it failed."""
    stage = run.plan.stage(name)
    if stage is None:
        return
    watch = _Watch(run, stage)
    with packer_session(run, stage) as session:
        try:
            outcome = run_packer(
                [
                    str(run.packer.path),
                    "build",
                    "-machine-readable",
                    "-color=false",
                    f"-on-error={on_error(run, stage).value}",
                    ".",
                ],
                environment=session.environment,
                cwd=run.directory(stage),
                on_line=watch.take,
                log=run.folder.path / f"packer-{name.value}.log",
                redact=run.folder.redact,
                cancel=run.cancel,
                on_cancelling=watch.cancelling,
            )
        except PackerError as error:
            raise Stop(ExitCode.TOOLCHAIN, error.diagnostic.message, [error.diagnostic]) from error
    watch.tracker.close(succeeded=outcome.exit_code == 0)
    kept = on_error(run, stage) is OnError.ABORT
    run.leftovers += [text for text in watch.tracker.leftovers if not (kept and text.startswith(_SKIPPED))]
    for survivor in outcome.survivors:
        run.note(f"a process that outlived Packer was ended: {survivor}")
    watch.publish()
    _judge(run, stage, watch, outcome.exit_code)


class _Watch:
    """Packer's lines to events, artifacts and the last thing it said that it was doing."""

    def __init__(self, run: Run, stage: Stage) -> None:
        self._run = run
        self._stage = stage
        self.artifacts = ArtifactCollector()
        self.publishing = False
        self.steps_started = 0
        self.address: str | None = None
        self.tracker = StepTracker(
            step_marks(stage, run.compilation.locate),
            self._event,
            redact=run.folder.redact,
            stop_exit_code=stage.stop_exit_code,
        )

    def take(self, line: Line) -> None:
        item = parse(line.data)
        if isinstance(item, Record):
            self.artifacts.feed(item)
        self.tracker.feed(item, line.stream)

    def cancelling(self, reason: str) -> None:
        text = f"cancelling ({reason}): Packer removes what it made in Azure; this can take minutes"
        self._run.say(Notice(time=now(), severity="warning", text=text))

    def _event(self, event: Event) -> None:
        if isinstance(event, Progress) and event.text.startswith(_PUBLISHING):
            self.publishing = True
        if isinstance(event, Output) and event.step is None and (found := _ADDRESS.search(event.text)):
            self.address = found[1]
        if event.kind == "step-started":
            self.steps_started += 1
        self._run.say(event)

    def publish(self) -> None:
        """Take note of what exists now. The manifest is a second source: a cancel can swallow the records."""
        image = self.artifacts.image
        manifest = self._run.directory(self._stage) / "manifest.json"
        if self._stage.name is not StageName.BUILD or (image is None and not _in_manifest(manifest)):
            return
        details = image.details if image else {}
        for publication in self._run.plan.publications:
            self._run.published.append(publication)
            if not publication.intermediate:
                self._run.outputs.append(_output(self._run, publication, details))


def _in_manifest(path: Path) -> bool:
    try:
        return bool(read_manifest(path))
    except PackerError:
        return False


def _output(run: Run, publication: Publication, details: Mapping[str, str]) -> RunOutput:
    made = details.get(_ARTIFACT_KEYS[publication.kind])
    if publication.kind is PublicationKind.VHD:
        return RunOutput(name=publication.run_output_name, artifact_uri=made or details.get("OSDiskUri"))
    return RunOutput(name=publication.run_output_name, artifact_id=made or run.artifact_id(publication))


def _judge(run: Run, stage: Stage, watch: _Watch, exit_code: int | None) -> None:
    """Success is exit code, records and manifest together, or the agreed stop; else say what failed (packer.md §11)."""
    made = bool(run.published) or stage.name is StageName.VALIDATE
    if run.cancel.requested:
        raise Stop(ExitCode.CANCELLED, "the run was cancelled")
    if (exit_code == 0 and made) or watch.tracker.stopped_on_purpose:
        return
    if on_error(run, stage) is OnError.ABORT and watch.address:
        run.leftovers.append(_how_to_reach(run, stage, watch.address))
    failure = watch.tracker.failure
    text = failure.text if failure else f"Packer ended with exit code {exit_code} and without an image"
    if failure and failure.step:
        run.step_failed = failure.step
        text = f"{failure.step}: {text}"
    raise Stop(_code(stage, watch), text)


def _how_to_reach(run: Run, stage: Stage, address: str) -> str:
    """What somebody who asked for a kept machine needs: how to get in, and how to be rid of it."""
    group = run.groups[stage.name]
    key = run.variables.get("ssh_private_key_file")
    login = f"ssh -i {key} {BUILD_USER}@{address}" if key else f"remote desktop at {address}"
    return f"the machine of stage {stage.name.value} is kept: {login}; remove it with: az group delete --name {group}"


def _code(stage: Stage, watch: _Watch) -> ExitCode:
    failure = watch.tracker.failure
    if stage.name is StageName.VALIDATE:
        return ExitCode.VALIDATION if watch.steps_started else ExitCode.MACHINE
    if failure and failure.step:
        return ExitCode.STEP
    return ExitCode.DISTRIBUTION if watch.publishing else ExitCode.MACHINE
