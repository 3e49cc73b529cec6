"""What a rehearsal knows of the plan, and what its machines make of it: which step runs, how it ends, what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from imagesmith.diagnostics import Diagnostic, Path
from imagesmith.plan import Stage
from imagesmith.world import Observed

SAID = "imagesmith: recorded, not run"
"""What a step prints in place of its output."""

_SCRIPT_KINDS = frozenset({"powershell", "shell"})
"""The provisioners that run a script of a step's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A step that runs a script. `path` is where it stands in the template; steps of ours stand nowhere. `valid` are
    the exit codes that Packer takes for success."""

    id: str
    path: Path = ()
    valid: frozenset[int] = frozenset((0,))


class Itinerary:
    """The script steps of one machine. Packer runs each under a name of its own, so the n-th name is the n-th step.
    What comes after a step that failed is the same step again; some Packers keep its name, others do not."""

    def __init__(self, steps: Sequence[Planned], exits: Mapping[str, int]) -> None:
        self._steps = tuple(steps)
        self._exits = exits
        self._names: dict[str, int] = {}
        self._next = 0
        self._running: int | None = None
        self._failed: int | None = None

    def step(self, name: str) -> Planned | None:
        """The step whose script, with this name on the machine, runs now; None where the plan is not known."""
        if name not in self._names:
            again = self._failed is not None
            self._names[name] = self._failed if self._failed is not None else self._next
            self._next += 0 if again else 1
        self._running = self._names[name]
        return self._planned(self._running)

    def ended(self, exit_code: int) -> None:
        """Take note of how a command has ended; one that ran no script of a step counts for nothing."""
        if self._running is not None:
            step = self._planned(self._running)
            self._failed = self._running if step and exit_code not in step.valid else None
            self._running = None

    def _planned(self, number: int) -> Planned | None:
        return self._steps[number] if number < len(self._steps) else None

    def exit_code(self, step: Planned | None) -> int | None:
        """The exit code that the rehearsal wants of a step."""
        return self._exits.get(step.id) if step else None


class Reports(Protocol):
    """A machine that can say what it did, as JSON data."""

    def report(self) -> Mapping[str, object]:
        """What happened on the machine."""


class Rehearsal:
    """One run: the stages, each of which gets a machine, and the exit codes that steps are to end with."""

    def __init__(self) -> None:
        self._steps: dict[str, tuple[Planned, ...]] = {}
        self._exits: dict[str, int] = {}
        self._stage = ""
        self._machines: list[Reports] = []
        self._findings: list[Diagnostic] = []
        self._ran: set[str] = set()

    def plan(self, stages: Iterable[Stage], exits: Mapping[str, int]) -> None:
        """Take the stages whose machines are to come. `exits` are exit codes by the steps' ids."""
        self._steps = {stage.name.value: script_steps(stage) for stage in stages}
        self._exits = dict(exits)

    def begin_stage(self, name: str) -> None:
        """A stage starts, or starts again; its machine is the next one."""
        self._stage = name

    def begin(self) -> Itinerary:
        """What the machine that starts now will run."""
        return Itinerary(self._steps.get(self._stage, ()), self._exits)

    def join(self, machine: Reports) -> None:
        """Ask this machine for its report, too."""
        self._machines.append(machine)

    def say(self, found: Diagnostic) -> None:
        """Take a finding; the same one again adds nothing."""
        if found not in self._findings:
            self._findings.append(found)

    def ran(self, step: Planned | None) -> None:
        """Take note that a step really ran."""
        if step:
            self._ran.add(step.id)

    def has_run(self, step: str) -> bool:
        """Whether the step of this id really ran, and was not only recorded."""
        return step in self._ran

    def observed(self) -> Observed:
        """What was seen so far."""
        machines = [machine.report() for machine in self._machines]
        return Observed(diagnostics=tuple(self._findings), details={"machines": machines} if machines else {})


def script_steps(stage: Stage) -> tuple[Planned, ...]:
    """The steps of a stage that run a script, in order."""
    return tuple(
        Planned(id=step.id, path=step.path or (), valid=frozenset(cast("Iterable[int]", valid or (0,))))
        for step in stage.steps
        for block in step.blocks
        if block.labels[0] in _SCRIPT_KINDS
        for valid in (block.get("valid_exit_codes"),)
    )
