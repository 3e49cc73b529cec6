"""Packer's records to events: which step is speaking, what Packer does between steps, and why a build failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from imagesmith.events import Notice, OnEvent, Output, Progress, StepFinished, StepStarted, StepState, now
from imagesmith.packer import opening
from imagesmith.packer.marks import StepMark
from imagesmith.packer.protocol import Item, Record, Text, UiLine, ui_lines

_STATES = {True: StepState.SUCCEEDED, False: StepState.FAILED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why a build failed, in Packer's words; `exit_status` is a script's, `step` the id of the step that failed."""

    text: str
    exit_status: int | None
    step: str | None


class StepTracker:
    """Takes the lines of one Packer run in order and says what they mean.

    `redact` is applied to every text that goes into an event; `now` and `monotonic` are clocks. With `stop_exit_code`
    (plan.Stage) the last step ends the build on purpose: it counts as succeeded if it ends with that code, which is
    only known at the end.

    New Packers print what a script says and what they say themselves alike, so a script can imitate Packer. What comes
    of it is bounded: steps only go forward, a step with a file is only opened by that file's name, and the sentences
    that follow the last step are not believed while other steps are to come.
    """

    def __init__(
        self,
        steps: Sequence[StepMark],
        on_event: OnEvent,
        *,
        redact: Callable[[str], str] = str,
        stop_exit_code: int | None = None,
        now: Callable[[], datetime] = now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._steps = tuple(steps)
        self._emit = on_event
        self._redact = redact
        self._stop_exit_code = stop_exit_code
        self._now = now
        self._monotonic = monotonic
        self._index = -1
        self._running: StepMark | None = None
        self._since = 0.0
        self._retries = 0
        """How often Packer may still try the running step again."""
        self._tried_again = False
        """Whether it has just said so, and its opening line comes once more."""
        self._over = False
        self._failed_step: str | None = None
        self._failed_after_steps = False
        self._causes: dict[int, str] = {}
        self._leftovers: list[str] = []
        self.cancelled = False

    @property
    def current(self) -> StepMark | None:
        """The step that is running."""
        return self._running

    @property
    def printing(self) -> str | None:
        """The id of the step that prints what the build says and that has no other meaning."""
        return self._running.id if self._running is not None and not self._over else None

    @property
    def failure(self) -> Failure | None:
        """Why the build failed, as far as Packer has said by now; None after a success.

        The build's `error` record says it best, then the line that ends the build, then what Packer said outside of
        builds (a file that it could not read).
        """
        if not self._causes:
            return None
        text = self._causes[min(self._causes)]
        return Failure(text=text, exit_status=opening.exit_status(text), step=self.failed_step)

    @property
    def failed_step(self) -> str | None:
        """The id of the step that failed, also where Packer died without a word about why.

        What fails when Packer has gone on from the last step is no step's fault, unless it has a script's exit code:
        a script can print what Packer says after it.
        """
        if self._failed_after_steps and not any(map(opening.exit_status, self._causes.values())):
            return None
        return self._failed_step

    @property
    def stopped_on_purpose(self) -> bool:
        """Whether the last step ended the build with the exit code that was agreed for it."""
        failure = self.failure
        return bool(
            self._stop_exit_code is not None
            and failure
            and failure.exit_status == self._stop_exit_code
            and self._steps
            and failure.step == self._steps[-1].id
        )

    @property
    def leftovers(self) -> tuple[str, ...]:
        """What Packer said about resources that it could not delete."""
        return tuple(self._leftovers)

    def feed(self, item: Item, stream: str = "stdout") -> None:
        """Take the next line; `stream` is where it was read."""
        match item:
            case Text(line):
                self._output(line, stream)
            case Record(type="ui", raw=(_, text, *_)) if text.startswith("--> "):
                pass  # artifacts and errors once more; their own records say them better
            case Record(type="ui"):
                for spoken in ui_lines(item):
                    self._ui(spoken)
            case Record(type="error", raw=(_, *_)):
                self._cause(0, item.data[0])
            case Record():
                pass

    def close(self, *, succeeded: bool) -> None:
        """Packer has ended; a step that is still open ends with it."""
        if self._running is not None:
            if self.stopped_on_purpose:
                self._finish(StepState.SUCCEEDED)
            elif self.cancelled:
                self._finish(StepState.CANCELED)
            else:
                failure = self.failure
                if not succeeded:
                    # With `-on-error=abort` Packer says nothing between the step's last line and the build's end.
                    self._failed_step = self._failed_step or self._running.id
                self._finish(_STATES[succeeded], failure.text if failure and not succeeded else "")

    def _ui(self, line: UiLine) -> None:
        if line.build is None:
            self._core(line)
        elif line.level == "error":
            self._output(line.text, "stderr")
        elif self._retries and opening.retries(line.text):
            self._retries, self._tried_again = self._retries - 1, True
            self._output(line.text, "stdout")
        elif line.level == "say" and (index := self._opened(line.text)) is not None:
            self._start(index)
        elif line.level == "say" and self._ends_steps(line.text):
            self._end_of_steps(line.text)
        elif self._running is not None and not self._over:
            self._output(line.text, "stdout")
        else:
            self._talk(line.text)

    def _opened(self, text: str) -> int | None:
        """The step that a line opens: any later one by its file, else the next one by its kind. A line that opens the
        running step again (`max_retries`, PowerShell's second line) opens nothing.
        """
        if not opening.may_open(text):
            return None
        if (running := self._running) and (opening.names_file_of(text, running) or opening.repeats(text, running)):
            return None
        if running and self._tried_again and opening.opens(text, running):
            self._tried_again = False
            return None
        later = range(self._index + 1, len(self._steps))
        named = next((index for index in later if opening.names_file_of(text, self._steps[index])), None)
        if named is not None or self._over or not later:
            return named
        return later.start if opening.opens(text, self._steps[later.start]) else None

    def _ends_steps(self, text: str) -> bool:
        if not opening.ends_steps(text) or (self._over and not text.startswith(opening.FAILED)):
            return False
        waiting = any(map(opening.is_recognised, self._steps[self._index + 1 :]))
        return self._running is None or not waiting or text.startswith(opening.FAILED)

    def _start(self, index: int) -> None:
        if self._running is not None:
            self._finish(StepState.SUCCEEDED)
        step = self._steps[index]
        self._index, self._running, self._since, self._over = index, step, self._monotonic(), False
        self._retries, self._tried_again = step.retries, False
        self._emit(
            StepStarted(
                time=self._now(), step=step.id, title=step.title, number=step.number, file=step.file, line=step.line
            )
        )

    def _end_of_steps(self, text: str) -> None:
        failed = text.startswith(opening.FAILED)
        if failed and self._index >= 0 and self._failed_step is None:
            self._failed_step = self._steps[self._index].id
            self._failed_after_steps = self._over
        if self._running is not None:
            last = self._index == len(self._steps) - 1
            if not (failed and last and self._stop_exit_code is not None):
                self._finish(_STATES[not failed])
        # azure-arm asks for the machine's properties before the first step as well (plugin 2).
        self._over = self._over or self._index >= 0
        self._talk(text)

    def _finish(self, state: StepState, message: str = "") -> None:
        if (step := self._running) is None:
            return
        self._running = None
        duration_s = max(0.0, self._monotonic() - self._since)
        self._emit(
            StepFinished(
                time=self._now(), step=step.id, state=state, duration_s=duration_s, message=self._redact(message)
            )
        )

    def _core(self, line: UiLine) -> None:
        """Packer itself, outside of any build."""
        if opening.CANCELLING.match(line.text):
            self.cancelled = True
            self._finish(StepState.CANCELED)
        elif opening.CANCELLED.match(line.text):
            self.cancelled = True
        if ended := opening.BUILD_ENDED.fullmatch(line.text):
            if ended["text"]:
                self._cause(1, ended["text"])
            self._over = True
        elif line.level == "error" and line.text.startswith("Error: "):
            self._cause(2, line.text)
        if line.level == "error":
            self._output(line.text, "stderr", outside=True)
        else:
            self._talk(line.text)

    def _cause(self, rank: int, text: str) -> None:
        self._causes.setdefault(rank, self._redact(text.strip()))

    def _talk(self, text: str) -> None:
        """What Azure or Packer does: its sentences are progress, the details under them output."""
        if opening.LEFT_BEHIND.search(text):
            self._left_behind(text)
        if text.startswith(" ->") or not text.strip():
            self._output(text, "stdout", outside=True)
        else:
            self._emit(Progress(time=self._now(), text=self._redact(text.removeprefix("==> "))))

    def _left_behind(self, text: str) -> None:
        self._leftovers.append(self._redact(text))
        self._emit(Notice(time=self._now(), severity="warning", text=self._redact(text)))

    def _output(self, text: str, stream: str, *, outside: bool = False) -> None:
        step = None if outside else self.printing
        if step is None and opening.LEFT_BEHIND.search(text) and not text.startswith(" ->"):
            self._left_behind(text)
        if step is not None or text.strip():
            self._emit(Output(time=self._now(), text=self._redact(text), stream=stream, step=step))
