"""A story to what its page shows beside the timeline: facts, failures, diagnostics with the lines of the template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from imagesmith.events import StepState
from imagesmith.journal import Story
from imagesmith.report.page.marks import RUN_MARKS, SEVERITY_MARKS
from imagesmith.report.runs.text import run_word
from imagesmith.report.words import duration

_AROUND = 2
"""Lines of the template that are shown before and after the one that is meant."""
_LONGEST = 300


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
    if run.retries:
        yield "tried again", "once" if run.retries == 1 else f"{run.retries} times"
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
                "mark": SEVERITY_MARKS.get(str(item.get("severity")), "recorded"),
                "excerpt": template.excerpt(item.get("file"), item.get("line")),
            }
        )
    return found


def heading(story: Story) -> dict[str, str]:
    """State, template and message of the run."""
    run = story.run
    return {
        "run_id": run.run_id,
        "state": run_word(run),
        "mark": RUN_MARKS[run.state],
        "template": run.template or "a run without a template",
        "message": run.message,
    }
