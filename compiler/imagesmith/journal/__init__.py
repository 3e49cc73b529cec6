"""The state folder and the records of runs in it, written so that they can be read after a crash (architecture §5).

What reads records is loaded when it is first asked for: a run only writes its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagesmith.journal.faults import StateError
from imagesmith.journal.record import run_record
from imagesmith.journal.state import State, find_state, new_run_id, open_state
from imagesmith.journal.writer import Journal
from imagesmith.lazy import loader

if TYPE_CHECKING:
    from imagesmith.journal.choose import choose_run
    from imagesmith.journal.differences import Difference, Part, compare
    from imagesmith.journal.incidents import Incident, RequestStory, RetryStory, SilenceStory
    from imagesmith.journal.log import LogLine, log_lines
    from imagesmith.journal.pruning import Prunable, prunable, prune
    from imagesmith.journal.reader import Run, list_runs, read_events, read_run
    from imagesmith.journal.requests import request_cancel
    from imagesmith.journal.story import Story, read_story

__all__ = [
    "Difference",
    "Incident",
    "Journal",
    "LogLine",
    "Part",
    "Prunable",
    "RequestStory",
    "RetryStory",
    "Run",
    "SilenceStory",
    "State",
    "StateError",
    "Story",
    "choose_run",
    "compare",
    "find_state",
    "list_runs",
    "log_lines",
    "new_run_id",
    "open_state",
    "prunable",
    "prune",
    "read_events",
    "read_run",
    "read_story",
    "request_cancel",
    "run_record",
]

_HOMES = {
    "Difference": ".differences",
    "Incident": ".incidents",
    "LogLine": ".log",
    "Part": ".differences",
    "Prunable": ".pruning",
    "RequestStory": ".incidents",
    "RetryStory": ".incidents",
    "Run": ".reader",
    "SilenceStory": ".incidents",
    "Story": ".story",
    "choose_run": ".choose",
    "compare": ".differences",
    "list_runs": ".reader",
    "log_lines": ".log",
    "prunable": ".pruning",
    "prune": ".pruning",
    "read_events": ".reader",
    "read_run": ".reader",
    "read_story": ".story",
    "request_cancel": ".requests",
}

__getattr__ = loader(__name__, _HOMES)
