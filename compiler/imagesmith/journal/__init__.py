"""The state folder and the records of runs in it, written so that they can be read after a crash (architecture §5)."""

from imagesmith.journal.choose import choose_run
from imagesmith.journal.compare import Difference, Part, compare
from imagesmith.journal.faults import StateError
from imagesmith.journal.incidents import Incident, RequestStory, RetryStory, SilenceStory
from imagesmith.journal.log import LogLine, log_lines
from imagesmith.journal.prune import Prunable, prunable, prune
from imagesmith.journal.reader import Run, list_runs, read_events, read_run
from imagesmith.journal.record import run_record
from imagesmith.journal.requests import request_cancel
from imagesmith.journal.state import State, find_state, new_run_id, open_state
from imagesmith.journal.story import Story, read_story
from imagesmith.journal.writer import Journal

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
