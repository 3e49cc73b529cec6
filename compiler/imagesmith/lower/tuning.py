"""What a caller wants of single steps, which the template has no field for: retries, a time limit, going on after one.

Retries and time limits are arguments that every provisioner block takes from Packer's core (`max_retries`, `timeout`);
1.6.6 and 1.16.0 were seen to keep both, so no target needs another spelling. Going on after a failed step is none of
Packer's options: the command that runs a script ends well and says how the script did (`lower.passing`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import cast

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.hcl import Block, Literal
from imagesmith.lower.passing import passing_powershell, passing_shell
from imagesmith.plan import BuildPlan, Stage, Step

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
    cause="Packer ends the build at the first step that fails. The command that runs a script is ours to change so that"
    " it ends well, so Shell and PowerShell steps can be passed over. Files, restarts and updates have no such command:"
    " what fails there fails in Packer itself.",
    fix="use --continue with Shell and PowerShell steps",
    source="packer.md §6",
)
_INSTEAD: Mapping[str, tuple[str, str]] = {
    "file": (
        "the upload is Packer's own",
        "a source that is missing is told before the build; let a script step download what may fail, and name it",
    ),
    "windows-restart": (
        "Packer itself waits for the machine, and without it no later step could run",
        "give the machine more time with restartTimeout",
    ),
    "windows-update": (
        "the plugin itself searches, installs and restarts",
        "install updates that may fail in a PowerShell step, and name it",
    ),
}
"""Why the build cannot go on after a step, and what can be done, by the provisioner."""


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
    return replace(stage, steps=tuple(_step(step, _options_of(step, options), found) for step in stage.steps))


def _options_of(step: Step, options: Mapping[str, StepOptions]) -> StepOptions | None:
    """What is wanted of a step; what makes or unpacks a folder for it (`customize[2].unpack`) is a part of it, which
    has the same time and as many tries. What has no place in the template has no options."""
    owner, _, part = step.id.partition(".")
    wanted = options.get(owner) if _OURS.fullmatch(owner) else None
    return replace(wanted, passed_over=False) if wanted and part else wanted


def _step(step: Step, options: StepOptions | None, found: list[Diagnostic]) -> Step:
    if options is None:
        return step
    rows: dict[str, Literal] = {}
    if options.retries:
        rows["max_retries"] = options.retries
    if options.timeout_s is not None:
        rows["timeout"] = f"{options.timeout_s:g}s"
    blocks = tuple(_with(block, rows) for block in step.blocks)
    if options.passed_over:
        if wrong := _INSTEAD.get(step.blocks[0].labels[0]):
            message = f"the build cannot go on after {step.id} ({step.kind}): {wrong[0]}"
            found.append(CANNOT_PASS_OVER.at(step.path or (), message, hint=wrong[1]))
        else:
            blocks = tuple(_with(block, _passing(block, step.id, options.retries)) for block in blocks)
    return replace(step, blocks=blocks)


def _with(block: Block, rows: Mapping[str, Literal]) -> Block:
    return replace(block, attributes=tuple({**dict(block.attributes), **rows}.items()))


def _passing(block: Block, step: str, retries: int) -> Mapping[str, Literal]:
    """The step's command, ending well whatever the script ends with."""
    if block.labels == ("powershell",):
        # Packer runs its own clean-up script by the other of the two.
        option = "elevated_execute_command" if block.get("elevated_user") else "execute_command"
        valid = cast("Iterable[int]", block.get("valid_exit_codes") or (0,))
        return {option: passing_powershell(step, valid, retries=retries)}
    default = _DEFAULT_WITH_FILE if block.get("use_env_var_file") else _DEFAULT_COMMAND
    return {"execute_command": passing_shell(str(block.get("execute_command") or default), step, retries=retries)}


def _unknown(id_: str, known: Iterable[str]) -> Diagnostic:
    names = ", ".join(known)
    hint = f"the steps are: {names}" if names else "the template has no steps"
    return NO_SUCH_STEP.at((), f"there is no step '{id_}'", hint=hint)
