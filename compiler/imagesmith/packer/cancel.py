"""A wish to stop, passed from whoever has it (a signal handler, a time limit, another thread) to a running Packer."""

from __future__ import annotations

INTERRUPTED = "interrupted"
"""Reason of the request that Ctrl-C makes."""
TERMINATED = "terminated"
"""Reason of the request that SIGTERM or SIGHUP makes."""


class CancelToken:
    """Says that a run is to end. Safe to use from any thread and from a signal handler: it takes no locks.

    `request` is the polite way and may be repeated; `kill` is for somebody who has asked more than once and accepts
    that Azure is not cleaned up (packer.md §4.10).
    """

    __slots__ = ("_killed", "_reasons")

    def __init__(self) -> None:
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
    def requested(self) -> bool:
        """Whether anybody has asked."""
        return bool(self._reasons)

    @property
    def count(self) -> int:
        """How often somebody has asked, kills included."""
        return len(self._reasons)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons of all requests so far, in their order."""
        return self._reasons

    @property
    def reason(self) -> str | None:
        """The first reason given."""
        return self._reasons[0] if self._reasons else None

    @property
    def killed(self) -> bool:
        """Whether Packer is to end at once."""
        return self._killed
