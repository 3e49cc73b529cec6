"""Runs, stories, log lines and differences to lines for people. Nothing of a build's text acts on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from imagesmith.journal import Difference, Incident, LogLine, Part, Run, Story
from imagesmith.journal.story import StepStory
from imagesmith.report.supervision import incident_words
from imagesmith.report.text import escape_controls as printable
from imagesmith.report.words import PHASE_WORDS, STEP_WORDS, duration, state_word


def run_word(run: Run) -> str:
    """How a run stands, in the service's word; one that was interrupted is told as such."""
    return "Interrupted" if run.interrupted else run.state.value


def list_lines(runs: Iterable[Run], now: datetime) -> Iterator[str]:
    """One line a run."""
    for run in runs:
        end = run.end_time or (None if run.over else now)
        took = duration((end - run.start_time).total_seconds()) if end and run.start_time else "-"
        more = f"  {_tries(run.retries)}" if run.retries else ""
        more += f"  {len(run.leftovers)} left behind" if run.leftovers else ""
        yield f"{run.run_id}  {run_word(run):<18}  {took:>12}  {printable(run.template or '-')}{more}"


def _tries(count: int) -> str:
    return "tried again once" if count == 1 else f"tried again {count} times"


def story_lines(story: Story, now: datetime) -> Iterator[str]:
    """Everything that `runs show` says."""
    run = story.run
    yield f"run {run.run_id}: {run_word(run)}" + (f" in {run.sub_state.value}" if run.sub_state else "")
    if run.message:
        yield from _indented(run.message)
    if run.exit_code is not None:
        yield f"  exit code: {run.exit_code}"
    yield from _times(story, now)
    yield from _origin(story)
    yield from _steps(story, now)
    yield from _results(story)
    yield from _found(story)
    yield f"record: {run.path}"


def _indented(text: str) -> Iterator[str]:
    yield from (f"  {printable(line)}" for line in text.split("\n"))


def _times(story: Story, now: datetime) -> Iterator[str]:
    run = story.run
    if run.start_time is None:
        return
    yield f"  started:   {run.start_time:%Y-%m-%d %H:%M:%S} UTC"
    if story.over and run.end_time:
        last = "last seen" if run.interrupted else "ended"
        yield f"  {last + ':':<10} {run.end_time:%Y-%m-%d %H:%M:%S} UTC, after {duration(story.duration_s)}"
    elif not story.over:
        yield f"  running for {duration((now - run.start_time).total_seconds())}: {printable(story.doing)}".rstrip(": ")


def _origin(story: Story) -> Iterator[str]:
    details = story.run.details
    template = details.get("template")
    if isinstance(template, dict):
        yield f"  template:  {printable(str(template.get('file')))} (sha256 {str(template.get('sha256'))[:12]})"
    packer = details.get("packer")
    version = packer.get("version") if isinstance(packer, dict) else story.packer
    yield f"  versions:  imagesmith {details.get('imagesmith', '-')}, Packer {version or '-'}"


def _steps(story: Story, now: datetime) -> Iterator[str]:
    yield from _parts(story, "", now)
    for phase in story.phases:
        took = _since(phase.start, now) if phase.duration_s is None and not story.over else phase.duration_s
        yield f"{phase.name}: {state_word(PHASE_WORDS, phase.state, over=story.over)} ({duration(took)})"
        yield from _parts(story, phase.name, now)


def _parts(story: Story, phase: str, now: datetime) -> Iterator[str]:
    for part in story.parts(phase):
        if isinstance(part, StepStory):
            yield from _step(part, now, over=story.over)
        else:
            yield f"  {_clock(part.time)} {incident_words(part)}"


def _step(step: StepStory, now: datetime, *, over: bool) -> Iterator[str]:
    took = _since(step.start, now) if step.state is None and not over else step.duration_s
    word = state_word(STEP_WORDS, step.state, over=over)
    place = f"  ({printable(step.file)}:{step.line})" if step.file else ""
    yield f"  [{step.number}] {step.id}: {printable(step.title)}: {word} ({duration(took)}){place}"
    yield from (f"        {printable(line)}" for line in step.message.split("\n") if line)


def _clock(time: datetime | None) -> str:
    return f"{time:%H:%M:%S}" if time else "--:--:--"


def _since(start: datetime | None, now: datetime) -> float | None:
    return (now - start).total_seconds() if start else None


def _results(story: Story) -> Iterator[str]:
    for output in story.run.outputs:
        target = output.artifact_id or output.artifact_uri or "no address is known"
        yield f"output {printable(output.name)}: {printable(target)} ({output.provisioning_state})"
    yield from (f"left behind: {printable(text)}" for text in story.run.leftovers)


def _found(story: Story) -> Iterator[str]:
    yield from (f"{notice.severity}: {printable(notice.text)}" for notice in story.notices)
    for found in story.diagnostics:
        place = f"{found.get('file')}:{found.get('line')}:{found.get('column')}: " if found.get("file") else ""
        first, *rest = str(found.get("message")).split("\n")
        yield printable(f"{place}{found.get('severity')}[{found.get('code')}]: {first}")
        yield from (f"    {printable(line)}" for line in rest)


def log_line(line: LogLine | Incident, *, named: bool) -> str:
    """A line of the log with the time of day in UTC; `named` puts the step before it."""
    if isinstance(line, LogLine):
        mark = "*" if line.begins else " " if line.spoken else "!" if line.stream == "stderr" else "|"
        step, text = line.step, printable(line.text)
    else:
        step, mark, text = "", "*", incident_words(line)
    name = f" {step:<14}" if named else ""
    return f"{_clock(line.time)}{name} {mark} {text}"


_SHOWN_S = 0.05
"""The smallest difference between two durations that can be seen in them."""
_HEADINGS = {
    Part.TEMPLATE: "template",
    Part.VERSION: "versions",
    Part.OPTION: "options",
    Part.STEP: "steps",
    Part.OUTCOME: "outcome",
    Part.DURATION: "durations",
}


def difference_lines(differences: Iterable[Difference]) -> Iterator[str]:
    """Differences part by part; what only one of the runs has stands alone."""
    last: Part | None = None
    for difference in differences:
        if difference.part is not last:
            last = difference.part
            yield f"{_HEADINGS[last]}:"
        yield from _difference(difference)


def _difference(difference: Difference) -> Iterator[str]:
    before, after = difference.before, difference.after
    name = printable(difference.name)
    if difference.part is Part.DURATION:
        change = float(after or 0) - float(before or 0)
        told = f"{change:+.1f} s" if abs(change) >= _SHOWN_S else "the same"
        yield f"  {name}: {duration(float(before or 0))} -> {duration(float(after or 0))} ({told})"
        return
    if before is not None:
        yield f"  - {name}: {printable(str(before))}"
    if after is not None:
        yield f"  + {name}: {printable(str(after))}"
