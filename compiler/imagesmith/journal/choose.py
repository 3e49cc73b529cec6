"""What somebody calls a run to the folder of its record: its id, the beginning of it, or `last`."""

from __future__ import annotations

from pathlib import Path

from imagesmith.journal.faults import AMBIGUOUS_RUN, NO_SUCH_RUN, StateError
from imagesmith.journal.state import State

LAST = "last"
_SHOWN = 5


def choose_run(state: State, name: str) -> Path:
    """The folder of a run. Raises `StateError`: there is none (IMG804), or more than one (IMG808)."""
    ids = state.run_ids()
    found = ids[:1] if name == LAST else [run_id for run_id in ids if name and run_id.startswith(name)]
    if not found:
        raise StateError(NO_SUCH_RUN, _no_such(state, name, ids))
    if len(found) > 1 and name not in found:
        shown = ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
        raise StateError(AMBIGUOUS_RUN, f"{len(found)} runs have ids that begin with {name!r}: {shown}")
    return state.run(name if name in found else found[0])


def _no_such(state: State, name: str, ids: list[str]) -> str:
    if not ids:
        return f"there is no run in {state.path}"
    return f"there is no record of a run {name!r} in {state.path}; the last one is {ids[0]}"
