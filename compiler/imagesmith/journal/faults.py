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
    fix="`imagesmith runs list` shows the runs that there are; --state-dir names another state folder",
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

NOT_RUNNING = Rule(
    code="IMG807",
    severity=Severity.ERROR,
    title="the run does not go on any more, so it cannot be cancelled",
    cause="No process holds the run's record: it has ended, or it was interrupted.",
    fix="`imagesmith runs show RUN` says how it ended and what it left behind",
    source="demand.md §2",
)
AMBIGUOUS_RUN = Rule(
    code="IMG808",
    severity=Severity.ERROR,
    title="several runs have ids that begin like this",
    cause="A run may be named by the beginning of its id as long as no other id begins so.",
    fix="give more of the id; `imagesmith runs list` shows them all",
    source="demand.md §5",
)
NO_STATE = Rule(
    code="IMG809",
    severity=Severity.ERROR,
    title="there is no state folder",
    cause="Runs are recorded in a state folder, which the first build makes.",
    fix="go to the folder where the build was started, or name its state folder: --state-dir DIR (or "
    "IMAGESMITH_STATE_DIR)",
    source="architecture §5",
)
CANNOT_SAVE = Rule(
    code="IMG860",
    severity=Severity.ERROR,
    title="the file cannot be written",
    cause="The place is read-only, the disk is full, or something that is not a file is in the way.",
    fix="name another file: --out FILE (bundle) or --html FILE (show)",
    source="demand.md §3.4",
)
CANNOT_PRUNE = Rule(
    code="IMG861",
    severity=Severity.WARNING,
    title="a run's folder could not be removed",
    cause="Something in it may not be deleted by this user, or is a mount that somebody made there.",
    fix="look at the folder and remove it by hand",
    source="demand.md §3.4",
)


class StateError(Exception):
    """The state folder or a record in it cannot be used; the diagnostic says why."""

    def __init__(self, rule: Rule, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.diagnostic: Diagnostic = rule.at((), message, hint=hint)


def words(error: OSError) -> str:
    """What the operating system says, without its numbers."""
    return error.strerror or type(error).__name__
