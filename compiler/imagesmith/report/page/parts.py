"""A story to what its page shows: facts, bars, failures, outputs, diagnostics with the lines of the template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from imagesmith.events import RunState, StepState
from imagesmith.journal import Story
from imagesmith.journal.story import PhaseStory, StepStory
from imagesmith.report.runs import duration
from imagesmith.report.runs.text import state_word
from imagesmith.report.words import STEP_WORDS

_WIDTH = 1000.0
_THINNEST = 4.0
_AROUND = 2
"""Lines of the template that are shown before and after the one that is meant."""
_LONGEST = 300

MARKS = {
    StepState.SUCCEEDED: "ok",
    StepState.FAILED: "failed",
    StepState.CANCELED: "cancelled",
    StepState.PASSED_OVER: "open",
    StepState.RECORDED: "recorded",
    None: "open",
}
RUN_MARKS = {
    RunState.SUCCEEDED: "ok",
    RunState.PARTIALLY_SUCCEEDED: "open",
    RunState.FAILED: "failed",
    RunState.CANCELED: "cancelled",
    RunState.RUNNING: "recorded",
    RunState.CANCELING: "cancelled",
}
_SEVERITY_MARKS = {"error": "failed", "warning": "open"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A bar of the timeline; `x` and `width` are thousandths of the whole."""

    kind: str
    name: str
    place: str
    x: str
    width: str
    took: str
    mark: str
    word: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExcerptLine:
    """A line of the template; `here` is the one that is meant."""

    text: str
    here: bool


def facts(story: Story, now: datetime) -> Iterator[tuple[str, str]]:
    """What stands at the head of the page, name and value."""
    run, details = story.run, story.run.details
    if run.start_time:
        yield "started", f"{run.start_time:%Y-%m-%d %H:%M:%S} UTC"
        took = duration(story.duration_s if story.over else (now - run.start_time).total_seconds())
        yield "took" if story.over else "running for", took
    if run.exit_code is not None:
        yield "exit code", str(run.exit_code)
    template, packer, world = details.get("template"), details.get("packer"), details.get("worldFacts")
    if isinstance(template, dict):
        yield "template", f"{template.get('file')} (sha256 {template.get('sha256')})"
    yield "world", str(details.get("world", "not written down"))
    if isinstance(world, dict):
        yield from ((str(name), str(value)) for name, value in world.items())
    yield "imagesmith", f"{details.get('imagesmith', 'not written down')}, {details.get('python', '')}".rstrip(", ")
    if isinstance(packer, dict):
        yield "Packer", _version(packer)
        plugins = packer.get("plugins")
        for source, plugin in plugins.items() if isinstance(plugins, dict) else ():
            if isinstance(plugin, dict):
                yield f"plugin {source}", _version(plugin)
    elif story.packer:
        yield "Packer", story.packer


def _version(data: Mapping[str, Any]) -> str:  # JSON data
    return f"{data.get('version')} (sha256 {data.get('sha256') or 'not written down'})"


def rows(story: Story, now: datetime) -> Iterator[Row]:
    """The bars: each phase, and below it its steps."""
    begin = story.run.start_time or next((phase.start for phase in story.phases if phase.start), None)
    if begin is None:
        return
    end = story.run.end_time if story.over else now
    scale = _Scale(begin, max(((end or begin) - begin).total_seconds(), 0.001))
    for phase in story.phases:
        yield scale.phase(phase, over=story.over)
        yield from (scale.step(step, over=story.over) for step in story.steps if step.phase == phase.name)


class _Scale:
    """Times to places on the bar."""

    def __init__(self, begin: datetime, length_s: float) -> None:
        self._begin = begin
        self._length_s = length_s

    def bar(self, start: datetime | None, took_s: float | None) -> tuple[str, str]:
        """Where a bar begins and how wide it is; one that did not end reaches to the end."""
        offset_s = (start - self._begin).total_seconds() if start else 0.0
        x = min(max(offset_s / self._length_s * _WIDTH, 0.0), _WIDTH - _THINNEST)
        length = took_s if took_s is not None else self._length_s - offset_s
        width = min(max(length / self._length_s * _WIDTH, _THINNEST), _WIDTH - x)
        return f"{x:.1f}", f"{width:.1f}"

    def phase(self, phase: PhaseStory, *, over: bool) -> Row:
        """The bar of a phase."""
        x, width = self.bar(phase.start, phase.duration_s)
        return Row(
            kind="phase",
            name=phase.name,
            place="",
            x=x,
            width=width,
            took=duration(phase.duration_s),
            mark={True: "ok", False: "failed", None: "open"}[phase.succeeded],
            word={True: "done", False: "failed", None: "did not end" if over else "running"}[phase.succeeded],
        )

    def step(self, step: StepStory, *, over: bool) -> Row:
        """The bar of a step."""
        x, width = self.bar(step.start, step.duration_s)
        return Row(
            kind="step",
            name=f"[{step.number}] {step.title}",
            place=f"{Path(step.file).name}:{step.line}" if step.file else "",
            x=x,
            width=width,
            took=duration(step.duration_s),
            mark=MARKS[step.state],
            word=STEP_WORDS[step.state] if step.state or over else "running",
        )


class TemplateCopy:
    """The template as the run read it, from the copy that the record has."""

    def __init__(self, story: Story) -> None:
        template = story.run.details.get("template")
        self._name = template.get("file") if isinstance(template, dict) else None
        self._lines = _copy(story.run.path)

    def excerpt(self, file: object, line: object) -> tuple[ExcerptLine, ...]:
        """A line of the template with those around it; nothing where it is another file or has no such line."""
        if file != self._name or not isinstance(line, int) or not 1 <= line <= len(self._lines):
            return ()
        first, last = max(1, line - _AROUND), min(len(self._lines), line + _AROUND)
        return tuple(
            ExcerptLine(text=f"{number:>5} | {self._lines[number - 1][:_LONGEST]}", here=number == line)
            for number in range(first, last + 1)
        )


def _copy(run: Path) -> list[str]:
    for path in sorted(run.glob("template.*")):
        try:
            if not path.is_symlink():
                return path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
    return []


def failures(story: Story, template: TemplateCopy) -> list[dict[str, Any]]:  # what the page's template shows
    """Steps that failed, with their place in the template. Packer says of most steps nothing but that the run failed,
    so what the run says of its cause counts where it names the step."""
    cause = story.run.message
    return [
        {
            "name": f"{step.id}: {step.title}",
            "message": step.message or (cause if step.id in cause else "it failed; its log may say why"),
            "excerpt": template.excerpt(step.file, step.line),
        }
        for step in story.steps
        if step.state is StepState.FAILED
    ]


def diagnostics(story: Story, template: TemplateCopy) -> list[dict[str, Any]]:  # what the page's template shows
    """Diagnostics with their place in the template."""
    found = []
    for item in story.diagnostics:
        place = f"{item.get('file')}:{item.get('line')}:{item.get('column')}" if item.get("file") else ""
        found.append(
            {
                "severity": str(item.get("severity")),
                "code": str(item.get("code")),
                "message": str(item.get("message")),
                "hint": str(item.get("hint") or ""),
                "place": place,
                "mark": _SEVERITY_MARKS.get(str(item.get("severity")), "recorded"),
                "excerpt": template.excerpt(item.get("file"), item.get("line")),
            }
        )
    return found


def heading(story: Story) -> dict[str, str]:
    """State, template and message of the run."""
    run = story.run
    return {
        "run_id": run.run_id,
        "state": state_word(run),
        "mark": RUN_MARKS[run.state],
        "template": run.template or "a run without a template",
        "message": run.message,
    }
