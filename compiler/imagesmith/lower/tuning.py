"""What a caller wants of single steps, which the template has no field for: retries, a time limit, going on after one.

Retries and time limits are arguments that every provisioner block takes from Packer's core (`max_retries`, `timeout`);
1.6.6 and 1.16.0 were seen to keep both, so no target needs another spelling. Going on after a failed step is none of
Packer's options: the command that runs a Shell step ends well and says how the script did.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.hcl import Block, Literal
from imagesmith.plan import BuildPlan, Stage, Step

PASSED_OVER = "imagesmith: the step failed and is passed over; exit status"
"""What a step that the build goes on after says when it fails; the supervisor looks for it."""
_DEFAULT_COMMAND = "chmod +x {{ .Path }}; {{ .Vars }} {{ .Path }}"
"""Packer's own command for a Shell step (packer.md §6.1)."""
_DEFAULT_WITH_FILE = "chmod +x {{ .Path }}; . {{ .EnvVarFile }} && {{ .Path }}"
"""The same for one that has secrets, which come in a file."""
_OURS = re.compile(r"(?:customize|validate)\[[0-9]+\]")

NO_SUCH_STEP = Rule(
    code="IMG850",
    severity=Severity.ERROR,
    title="an option names a step that the template does not have",
    cause="Steps are named by their place in the template: customize[0] is the first customizer.",
    fix="name one of the template's steps: customize[N] or validate[N], counted from 0",
    source="architecture §4.1",
)
CANNOT_PASS_OVER = Rule(
    code="IMG851",
    severity=Severity.ERROR,
    title="the build cannot go on after this step",
    cause="Packer ends the build at the first step that fails. Only the command of a Shell step is ours to change so"
    " that it ends well; Packer has no such command for files, restarts and updates, and that of a PowerShell step"
    " depends on how it is elevated.",
    fix="use --continue with Shell steps; for a PowerShell step list the exit codes that are fine in validExitCodes",
    source="packer.md §6.1, §6.2",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StepOptions:
    """What is wanted of one step. `timeout_s` is in seconds; `retries` counts further tries on the same machine."""

    timeout_s: float | None = None
    retries: int = 0
    passed_over: bool = False
    """Whether the build goes on if the step fails."""


def tuned(plan: BuildPlan, options: Mapping[str, StepOptions]) -> tuple[BuildPlan, tuple[Diagnostic, ...]]:
    """The plan with the options of its steps (by id), and what is wrong with them; without options the same plan."""
    if not options:
        return plan, ()
    found: list[Diagnostic] = []
    stages = tuple(_stage(stage, options, found) for stage in plan.stages)
    known = [step.id for stage in plan.stages for step in stage.steps if _OURS.fullmatch(step.id)]
    found += [_unknown(id_, known) for id_ in options if id_ not in known]
    return replace(plan, stages=stages), tuple(found)


def _stage(stage: Stage, options: Mapping[str, StepOptions], found: list[Diagnostic]) -> Stage:
    return replace(stage, steps=tuple(_step(step, options.get(step.id), found) for step in stage.steps))


def _step(step: Step, options: StepOptions | None, found: list[Diagnostic]) -> Step:
    if options is None or not _OURS.fullmatch(step.id):
        return step
    rows: dict[str, Literal] = {}
    if options.retries:
        rows["max_retries"] = options.retries
    if options.timeout_s is not None:
        rows["timeout"] = f"{options.timeout_s:g}s"
    blocks = tuple(_with(block, rows) for block in step.blocks)
    if options.passed_over:
        if blocks[0].labels != ("shell",):
            found.append(CANNOT_PASS_OVER.at(step.path or (), f"the build cannot go on after {step.id} ({step.kind})"))
        blocks = tuple(_with(block, {"execute_command": _passed_over(block)}) for block in blocks)
    return replace(step, blocks=blocks)


def _with(block: Block, rows: Mapping[str, Literal]) -> Block:
    return replace(block, attributes=tuple({**dict(block.attributes), **rows}.items()))


def _passed_over(block: Block) -> str:
    """The step's command, ending well whatever the script ends with."""
    default = _DEFAULT_WITH_FILE if block.get("use_env_var_file") else _DEFAULT_COMMAND
    command = block.get("execute_command") or default
    return f"{command}; status=$?; test $status -eq 0 || echo '{PASSED_OVER}' $status"


def _unknown(id_: str, known: Iterable[str]) -> Diagnostic:
    names = ", ".join(known)
    hint = f"the steps are: {names}" if names else "the template has no steps"
    return NO_SUCH_STEP.at((), f"there is no step '{id_}'", hint=hint)
