"""The lines of one Packer run to events, and to what the run has made by the time that it ends."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from imagesmith.build.refusal import NOT_LOADED, objections, refused
from imagesmith.build.run import Run
from imagesmith.diagnostics import Rule, Severity
from imagesmith.events import Event, Output, Progress, RunOutput, StepFinished, StepStarted, StepState
from imagesmith.known_errors import PLUGIN_CRASHED
from imagesmith.listening import OutputLines
from imagesmith.lower.passing import PASSED_OVER
from imagesmith.packer import (
    ArtifactCollector,
    Item,
    LineReader,
    PackerError,
    Record,
    StepTracker,
    read_manifest,
    shows_building,
    step_marks,
)
from imagesmith.packer.lines import Batch, Stream
from imagesmith.plan import Publication, PublicationKind, Stage, StageName

_MAKING = ("Creating resource group", "Validating deployment template", "Deploying deployment template")
"""What azure-arm says before it makes anything in Azure; the group may be one that was there (packer.md §1.8)."""
_CAPTURING = "Capturing image"
_COPYING = "Copying VHD to Storage Account"
_PUBLISHING = "Publishing to Shared Image Gallery"
_BUILT = "Running post-processor"
_ORDER = (_CAPTURING, _COPYING, _PUBLISHING, _BUILT)
"""What azure-arm says one after the other; each says that what was before it is done (packer.md §1.8, §1.10)."""
_MADE_BEFORE: Mapping[PublicationKind, frozenset[str]] = {
    PublicationKind.MANAGED_IMAGE: frozenset((_COPYING, _PUBLISHING, _BUILT)),
    PublicationKind.VHD: frozenset((_PUBLISHING, _BUILT)),
    PublicationKind.SHARED_IMAGE: frozenset((_BUILT,)),
}
_ADDRESS = re.compile(r"-> (?:Public)?IP ?Address +: '([^']+)'")
_DEPLOYMENT = re.compile(r"-> DeploymentName +: 'pkrdp([a-z0-9]+)'")
"""The one suffix of all names that a build generates (packer.md §1.5)."""
_TAIL = 200
"""Lines that are kept of a step and of Packer itself, for the search for a cause."""
_WIDEST = 1 << 14
"""Characters that are kept of each."""
_ARTIFACT_KEYS: Mapping[PublicationKind, str] = {
    PublicationKind.MANAGED_IMAGE: "ManagedImageId",
    PublicationKind.SHARED_IMAGE: "ManagedImageSharedImageGalleryId",
    PublicationKind.VHD: "VHDOSDiskUri",
}

STEP_PASSED_OVER = Rule(
    code="IMG844",
    severity=Severity.WARNING,
    title="a step failed, and the build went on",
    cause="The step was named with --continue.",
    fix="look at its output in the run record; take --continue away when it must not fail",
    source="demand.md §2, demand 12",
)


class Watch:
    """Packer's lines to events, artifacts and how far it got."""

    def __init__(self, run: Run, stage: Stage, on_building: Callable[[], None] = lambda: None) -> None:
        self._run = run
        self._stage = stage
        self._on_building = on_building
        self._said: set[str] = set()
        self.artifacts = ArtifactCollector()
        self.address: str | None = None
        self.suffix: str | None = None
        self.failed_before_cancel = False
        self.begun = self.crashed = self.builds = False
        self.objections: deque[str] = deque(maxlen=_TAIL)
        self.has_made = False
        """Whether anything was made in Azure: before it nothing can be left there."""
        self.last_step: str | None = None
        self.step_lines: deque[str] = deque(maxlen=_TAIL)
        self.own_lines: deque[str] = deque(maxlen=_TAIL)
        self.before_cancel: tuple[str, ...] = ()
        redact = run.folder.line_redactor()
        self.tracker = StepTracker(
            step_marks(stage, run.compilation.locate), self._event, redact=redact, stop_exit_code=stage.stop_exit_code
        )
        self._reader = LineReader(self.tracker, take_item=self._item, take_lines=self._lines, redact=redact)

    @property
    def publishing(self) -> bool:
        """Whether the machine has been captured, so that only a result can be missing."""
        return bool(self._said & {_COPYING, _PUBLISHING, _BUILT})

    @property
    def built(self) -> bool:
        """Whether the builder was done: everything that it was to make exists."""
        return _BUILT in self._said or self.artifacts.image is not None or self.in_manifest

    @property
    def in_manifest(self) -> bool:
        """Whether the manifest names an image; a manifest that cannot be read names none."""
        try:
            return bool(read_manifest(self._manifest))
        except PackerError:
            return False

    @property
    def lost_plugin(self) -> bool:
        """Whether the builder went away and could not clean up; 1.6 panics when it is cancelled in a capture."""
        failure = self.tracker.failure
        text = "\n".join([*self.own_lines, failure.text if failure else ""])
        return PLUGIN_CRASHED.pattern.search(text) is not None

    def forget_manifest(self) -> None:
        """Remove the manifest of an earlier try: Packer only adds to one that is there (packer.md §3.3)."""
        self._manifest.unlink(missing_ok=True)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While Packer builds, silence is noticed; a request that has ended it is told before what follows from that."""
        self._run.heard_at = time.monotonic()
        try:
            yield
        finally:
            self._run.heard_at = self._run.step = None
            self._run.tell_requests()

    @property
    def _manifest(self) -> Path:
        return self._run.directory(self._stage) / "manifest.json"

    def take(self, batch: Batch) -> None:
        """The next lines."""
        self._run.heard_at = time.monotonic()
        self._reader.take(batch)

    def _item(self, item: Item, stream: Stream) -> None:
        if not self.builds:
            self._before_building(item, stream)
        if isinstance(item, Record):
            self.artifacts.feed(item)

    def _lines(self, spoken: Sequence[OutputLines]) -> None:
        for lines in spoken:
            self.step_lines.extend(text[:_WIDEST] for text in lines.texts[-_TAIL:])
        self._run.folder.say_lines(spoken)

    def _before_building(self, item: Item, stream: Stream) -> None:
        """Packer looks through all files before it builds; what it says until then may be against them."""
        if isinstance(item, Record) and shows_building(item):
            self.building()
            return
        said = [self._run.folder.redact(text) for text in objections(item, stream)]
        self.objections.extend(said)
        if any(NOT_LOADED in text for text in said) and self._run.refusal is None:
            # It would go on all the same, and crash in the middle of the machine's steps.
            self._run.refuse(refused("build", said, None))

    def building(self) -> None:
        """Packer has taken the files, and builds."""
        self.builds = True
        self._on_building()

    def cancelling(self, _reason: str) -> None:
        """Packer is asked to stop now. What failed before that is still the cause."""
        self.failed_before_cancel = self.tracker.failed_step is not None
        self.before_cancel = tuple(self.own_lines)
        self._run.doing, self._run.stopping = "", True
        self._run.tell_requests()

    def _event(self, event: Event) -> None:
        if isinstance(event, StepFinished):
            event = self._passed_over(event)
        self._remember(event)
        if isinstance(event, Progress):
            self._said.update(text for text in _ORDER if event.text.startswith(text))
            self.has_made |= event.text.startswith(_MAKING)
            self._run.capture_begun |= _CAPTURING in self._said
        if isinstance(event, Output) and event.step is None and (found := _ADDRESS.search(event.text)):
            self.address = found[1]
        if isinstance(event, Output) and event.step is None and (found := _DEPLOYMENT.search(event.text)):
            self.suffix = found[1]
        self._run.say(event)

    def _passed_over(self, event: StepFinished) -> StepFinished:
        """A step that failed and that the build goes on after, as its last line says, is no success."""
        wanted = self._run.compilation.options.step_options.get(event.step)
        said = next((line for line in reversed(self.step_lines) if line.startswith(PASSED_OVER)), None)
        if wanted is None or not wanted.passed_over or said is None or event.state is not StepState.SUCCEEDED:
            return event
        status = said.removeprefix(PASSED_OVER).strip()
        step = next(step for step in self._stage.steps if step.id == event.step)
        message = f"exit status {status}"
        found = STEP_PASSED_OVER.at(step.path or (), f"{step.id} '{step.title}' failed ({message}); the build went on")
        span = self._run.compilation.locate(step.path) if step.path else None
        self._run.diagnostics.append(replace(found, span=span))
        return replace(event, state=StepState.PASSED_OVER, message=message)

    def _remember(self, event: Event) -> None:
        """Keep the last lines of the step and of Packer itself, for the case that it fails."""
        match event:
            case StepStarted():
                self.begun, self.last_step, self._run.step = True, event.step, event.step
                self.step_lines.clear()
            case StepFinished():
                self._run.step = None
                # A step that was over when the run was cancelled is not what it was cancelled in.
                self.last_step = None if event.state is StepState.SUCCEEDED else self.last_step
            case Output(step=None):
                self.own_lines.append(event.text[:_WIDEST])
            case Output():
                self.step_lines.append(event.text[:_WIDEST])
            case Progress():
                self._run.doing = event.text
            case _:
                pass

    def publish(self) -> None:
        """Take note of what exists now, also where Packer failed on the way: it takes nothing back (packer.md §1.8)."""
        if self._stage.name is not StageName.BUILD:
            return
        image = self.artifacts.image
        for publication in self._run.plan.publications:
            if self.built or self._said & _MADE_BEFORE[publication.kind]:
                self._run.published.append(publication)
                if not publication.intermediate:
                    self._run.outputs.append(_output(self._run, publication, image.details if image else {}))


def _output(run: Run, publication: Publication, details: Mapping[str, str]) -> RunOutput:
    made = details.get(_ARTIFACT_KEYS[publication.kind])
    if publication.kind is PublicationKind.VHD:
        return RunOutput(name=publication.run_output_name, artifact_uri=made or details.get("OSDiskUri"))
    return RunOutput(name=publication.run_output_name, artifact_id=made or run.artifact_id(publication))
