"""The state folder and the records of runs in it, written so that they can be read after a crash (architecture §5)."""

from imagesmith.journal.faults import StateError
from imagesmith.journal.reader import Run, list_runs, read_events, read_run
from imagesmith.journal.record import run_record
from imagesmith.journal.state import State, new_run_id, open_state
from imagesmith.journal.writer import Journal

__all__ = [
    "Journal",
    "Run",
    "State",
    "StateError",
    "list_runs",
    "new_run_id",
    "open_state",
    "read_events",
    "read_run",
    "run_record",
]
