"""The wish to stop, and silence, to events: says what is going on while nobody else in the run can speak."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self

from imagesmith.build.left import what_becomes_of_it
from imagesmith.build.run import CLEANUP, SILENCE, Run
from imagesmith.events import CancelRequested, CleanupProgress, Silence, now

HEARTBEAT_S = 15.0
"""How often a clean-up that says nothing is shown to go on."""
_TICK_S = 0.1
_CLOSEST_S = 2.0
"""How close together two of them come."""


class Supervisor:
    """Watches a run from a thread of its own, from its start to its end.

    A first request to stop is told with what follows from it; a second one with what a third would do. While Packer
    removes what it made, that is shown with how long it has taken. Silence is reported at half of its limit, and ends
    the run at the whole of it: politely, with one request to stop. A clean-up is only ended where somebody who cannot
    be asked has said beforehand how long it may take.
    """

    def __init__(
        self, run: Run, *, heartbeat_s: float = HEARTBEAT_S, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._run = run
        self._heartbeat_s = heartbeat_s
        self._monotonic = monotonic
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="imagesmith-supervisor", daemon=True)
        self._speaking = threading.Lock()
        self._told = 0
        self._cancelled_at = self._beat_at = 0.0
        self._shown = ""
        self._reported = False

    def __enter__(self) -> Self:
        self._run.tell_requests = self.tell_requests
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._over.wait(_TICK_S):
            self._look()

    def tell_requests(self) -> None:
        """Say which requests to stop have come since the last time.

        Whoever is about to signal Packer calls this, too, so that nothing that Packer says of its clean-up comes before
        the request that it follows from. Safe to call from any thread.
        """
        with self._speaking:
            for count in range(self._told + 1, min(self._run.cancel.count, 3) + 1):
                self._tell(count)

    def _look(self) -> None:
        self.tell_requests()
        if self._told:
            self._show_cleanup()
        elif self._run.options.silence_timeout_s is not None:
            self._listen(self._run.options.silence_timeout_s)

    def _tell(self, count: int) -> None:
        cancel = self._run.cancel
        count = 3 if cancel.killed else count
        if count <= self._told:
            return
        if self._told == 0:
            self._cancelled_at = self._beat_at = self._monotonic()
        self._told = count
        reason = cancel.reasons[-1 if cancel.killed else count - 1]
        self._run.say(CancelRequested(time=now(), reason=reason, count=count, text=self._words(count, reason)))

    def _words(self, count: int, reason: str) -> str:
        removes, rest = self._run.has_begun_machines, what_becomes_of_it(self._run)
        match count:
            case 1:
                what = ": Packer removes what it made in Azure; this can take minutes" if removes else ""
                return f"cancelling ({reason}){what}"
            case 2:
                still = "still removing what was made in Azure" if removes else "still cancelling"
                return f"{still}. A third request ends Packer at once" + (f" and leaves the rest there, {rest}" if removes else "")
            case _:
                return f"Packer is ended at once ({reason})" + (f" and leaves the rest in Azure, {rest}" if removes else "")

    def _show_cleanup(self) -> None:
        """What Packer says that it removes, when it says so, and now and then where it says nothing."""
        if self._run.heard_at is None or not self._run.stopping:
            return
        moment, doing = self._monotonic(), self._run.doing
        limit_s = self._run.options.cleanup_timeout_s
        if limit_s is not None and moment - self._cancelled_at >= limit_s and not self._run.cancel.killed:
            self._run.cancel.kill(CLEANUP)
            return
        pause_s = self._heartbeat_s if doing == self._shown else _CLOSEST_S if self._shown else 0.0
        if moment - self._beat_at < pause_s:
            return
        self._shown, self._beat_at = doing, moment
        elapsed_s = round(moment - self._cancelled_at, 1)
        self._run.say(CleanupProgress(time=now(), text=doing or "waiting for Packer", elapsed_s=elapsed_s))

    def _listen(self, limit_s: float) -> None:
        heard_at = self._run.heard_at
        quiet_s = self._monotonic() - heard_at if heard_at is not None else 0.0
        if quiet_s < limit_s / 2:
            self._reported = False
            return
        acts = quiet_s >= limit_s
        if acts or not self._reported:
            self._reported = True
            step = self._run.step
            self._run.say(Silence(time=now(), quiet_s=round(quiet_s, 1), limit_s=limit_s, acts=acts, step=step))
        if acts:
            self._run.cancel.request(SILENCE)
