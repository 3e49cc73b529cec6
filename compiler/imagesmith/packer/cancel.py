"""A wish to stop, passed from whoever has it (a signal handler, a time limit, another thread) to a running Packer."""

from __future__ import annotations

INTERRUPTED = "interrupted"
"""Reason of the request that Ctrl-C makes."""
TERMINATED = "terminated"
"""Reason of the request that SIGTERM or SIGHUP makes."""


class CancelToken:
    """Says that a run is to end. Safe to use from any thread and from a signal handler: it takes no locks.

    `request` is the polite way and may be repeated; `kill` is for somebody who has asked more than once and accepts
    that Azure is not cleaned up (packer.md §4.10). What is asked of `parent` is asked of this one too, not the other
    way round: one of several Packers of a run can be ended alone.
    """

    __slots__ = ("_killed", "_parent", "_reasons")

    def __init__(self, parent: CancelToken | None = None) -> None:
        self._parent = parent
        self._reasons: tuple[str, ...] = ()
        self._killed = False

    def request(self, reason: str) -> None:
        """Ask Packer to cancel and to clean up. The first request has the effect, and its reason is kept; a further
        one is only told to whoever watches the run.
        """
        self._reasons = (*self._reasons, reason)

    def kill(self, reason: str = "killed") -> None:
        """End Packer at once, without clean-up."""
        self._reasons = (*self._reasons, reason)
        self._killed = True

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons of all requests so far, in their order; the parent's before its own."""
        return self._reasons if self._parent is None else (*self._parent.reasons, *self._reasons)

    @property
    def requested(self) -> bool:
        """Whether anybody has asked."""
        return bool(self.reasons)

    @property
    def count(self) -> int:
        """How often somebody has asked, kills included."""
        return len(self.reasons)

    @property
    def reason(self) -> str | None:
        """The first reason given."""
        return next(iter(self.reasons), None)

    @property
    def killed(self) -> bool:
        """Whether Packer is to end at once."""
        return self._killed or (self._parent is not None and self._parent.killed)
