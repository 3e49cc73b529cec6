"""The phases of a run: each told at its start and at its end, and one that Packer itself ends in the middle of its work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from imagesmith.events import PhaseFinished, PhaseStarted, RunSubState, now

if TYPE_CHECKING:
    from imagesmith.build.run import Run


class Phase:
    """A phase, for as long as the block lasts; the last one of them, where `go_on` has begun others."""

    def __init__(self, run: Run, name: str, sub_state: RunSubState) -> None:
        self._run = run
        self._name = name
        self._sub_state = sub_state
        self._started = 0.0

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        self._finish(succeeded=kind is None)

    def go_on(self, name: str, sub_state: RunSubState) -> None:
        """This phase has succeeded, and the next one begins; nothing happens where the run is in that one already."""
        if name == self._name:
            return
        self._finish(succeeded=True)
        self._name, self._sub_state = name, sub_state
        self._start()

    def _start(self) -> None:
        self._run.sub_state = self._sub_state
        self._started = time.monotonic()
        self._run.say(PhaseStarted(time=now(), phase=self._name, sub_state=self._sub_state))

    def _finish(self, *, succeeded: bool) -> None:
        duration_s = round(time.monotonic() - self._started, 3)
        self._run.say(PhaseFinished(time=now(), phase=self._name, succeeded=succeeded, duration_s=duration_s))
