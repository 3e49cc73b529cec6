"""Planned restarts of a machine: a timer, one at a time, and what a shutdown command is answered meanwhile."""

from __future__ import annotations

import asyncio

from imagesmith.sandbox.windows.host import Restart

DOWNTIME_S = 0.2
"""How long requests wait; a closed port would cost the update plugin 5 s (winrm.md §6.1)."""
ALREADY_PLANNED = 1190
UNDER_WAY = 1115
NOT_UNDER_WAY = 1116


class Restarts:
    """The restart that is to come, if any. `attach` before anything else."""

    def __init__(self) -> None:
        self._restart: Restart | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._under_way = False

    def attach(self, restart: Restart) -> None:
        """Take what restarts the machine."""
        self._restart = restart

    def plan(self, after_s: int) -> int:
        """Plan a restart; the exit code of `shutdown`, which is told off while another one is to come."""
        if self._under_way:
            return UNDER_WAY
        if self._timer is not None:
            return ALREADY_PLANNED
        if after_s == 0:
            self._begin()
        else:
            self._timer = asyncio.get_running_loop().call_later(after_s, self._begin)
        return 0

    def call_off(self) -> int:
        """Call a planned restart off; the exit code of `shutdown /a`."""
        if self._under_way or self._timer is None:
            return UNDER_WAY if self._under_way else NOT_UNDER_WAY
        self._timer.cancel()
        self._timer = None
        return 0

    def booted(self) -> None:
        """The restart has taken place; nothing that was planned outlives it."""
        self.close()
        self._under_way = False

    def close(self) -> None:
        """The machine is off."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self) -> None:
        self._timer = None
        self._under_way = True
        if self._restart is not None:
            self._restart(DOWNTIME_S)
