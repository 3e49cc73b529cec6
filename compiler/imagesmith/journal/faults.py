"""What can be wrong with the state folder and the records in it, and the one exception that carries it."""

from __future__ import annotations

from imagesmith.diagnostics import Diagnostic, Rule, Severity

NOT_A_FOLDER = Rule(
    code="IMG800",
    severity=Severity.ERROR,
    title="the state folder is a link or a file",
    cause="Records would be written to where somebody else decides, if the link were followed.",
    fix="name the folder itself: --state-dir DIR (or IMAGESMITH_STATE_DIR)",
    source="architecture §5",
)
OTHER_OWNER = Rule(
    code="IMG801",
    severity=Severity.ERROR,
    title="the state folder belongs to another user",
    cause="Its owner could change what later commands read from it.",
    fix="name a folder of your own: --state-dir DIR (or IMAGESMITH_STATE_DIR)",
    source="architecture §5",
)
OTHERS_MAY_WRITE = Rule(
    code="IMG802",
    severity=Severity.ERROR,
    title="others may write to the state folder",
    cause="Whoever can write to it could change what later commands read from it.",
    fix="take their rights away: chmod 700 DIR",
    source="architecture §5",
)
CANNOT_WRITE = Rule(
    code="IMG803",
    severity=Severity.ERROR,
    title="the state folder cannot be made or written to",
    cause="A run keeps its record there; the disk is full, or the place is read-only.",
    fix="make space, or name another folder: --state-dir DIR (or IMAGESMITH_STATE_DIR)",
    source="architecture §5; demand.md §3.4",
)
NO_SUCH_RUN = Rule(
    code="IMG804",
    severity=Severity.ERROR,
    title="there is no record of this run",
    cause="The state folder has no folder of this name.",
    fix="look at the names in the state folder's `runs`; --state-dir names another state folder",
    source="architecture §5",
)
RUN_EXISTS = Rule(
    code="IMG805",
    severity=Severity.ERROR,
    title="there is a record of a run with this id already",
    cause="Two runs never share a folder, or the events of one would be mixed with the other's.",
    fix="start again: every run gets a new id",
    source="demand.md §3.4",
)
RECORD_INCOMPLETE = Rule(
    code="IMG806",
    severity=Severity.WARNING,
    title="the run's record is incomplete",
    cause="Writing to the state folder failed while the run went on; the run itself is not affected.",
    fix="make space; the results that were printed are all there is of this run",
    source="demand.md §3.4",
)


class StateError(Exception):
    """The state folder or a record in it cannot be used; the diagnostic says why."""

    def __init__(self, rule: Rule, message: str) -> None:
        super().__init__(message)
        self.diagnostic: Diagnostic = rule.at((), message)


def words(error: OSError) -> str:
    """What the operating system says, without its numbers."""
    return error.strerror or type(error).__name__
