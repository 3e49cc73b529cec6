"""One Packer run: its environment, its events, and what its end means."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from imagesmith.azure.clients import attempt
from imagesmith.azure.leftovers import RUN_TAG
from imagesmith.azure.published import delete_disks_of
from imagesmith.build.ending import Stop
from imagesmith.build.preflight import on_error, stage_variables
from imagesmith.build.run import Run
from imagesmith.build.watch import Watch
from imagesmith.events import ExitCode, Progress, now
from imagesmith.lower.machine import BUILD_USER
from imagesmith.model.ids import parse_id
from imagesmith.packer import PackerError, ProcessOutcome, packer_environment, run_packer, temporary_folder
from imagesmith.plan import OnError, Stage, StageName
from imagesmith.toolchain import link_plugins

_SKIPPED = "aborted: skipping cleanup of step"
_PANIC = 2
"""How a Go program ends that has crashed (packer.md §4.7)."""


@contextmanager
def packer_session(run: Run, variables: Mapping[str, str], stage: Stage) -> Iterator[Mapping[str, str]]:
    """The environment of a Packer command, with private folders that are gone at its end, the plugins that it may use,
    linked one by one, and the values of those variables that the stage declares."""
    declared = {variable.name for variable in stage.variables}
    with tempfile.TemporaryDirectory(prefix="imagesmith-") as text:
        private = Path(text)
        plugins = private / "plugins"
        link_plugins(run.packer.plugins, plugins)
        with temporary_folder(private) as temporary:
            yield packer_environment(
                run.world.environment,
                private=private,
                temporary=temporary,
                variables={name: value for name, value in variables.items() if name in declared},
                plugin_path=plugins,
            )


def run_stage(run: Run, name: StageName) -> None:
    """Run `packer build` for a stage and take note of what it published. Raises Stop if it failed."""
    stage = run.plan.stage(name)
    if stage is None:
        return
    watch = Watch(run, stage)
    run.has_begun_machines = True
    with packer_session(run, stage_variables(run, stage), stage) as environment:
        try:
            outcome = run_packer(
                [
                    str(run.packer.path),
                    "build",
                    "-machine-readable",
                    "-color=false",
                    f"-on-error={on_error(run, stage).value}",
                    ".",
                ],
                environment=environment,
                cwd=run.directory(stage),
                on_line=watch.take,
                log=run.folder.path / f"packer-{name.value}.log",
                redact=run.folder.redact,
                cancel=run.cancel,
                on_cancelling=watch.cancelling,
            )
        except PackerError as error:
            raise Stop(ExitCode.TOOLCHAIN, error.diagnostic.message, [error.diagnostic]) from error
    watch.tracker.close(succeeded=outcome.exit_code == 0)
    kept = on_error(run, stage) is OnError.ABORT
    run.suspects += [text for text in watch.tracker.leftovers if not (kept and text.startswith(_SKIPPED))]
    for survivor in outcome.survivors:
        run.note(f"a process that outlived Packer was ended: {survivor}")
    watch.publish()
    if not kept or outcome.exit_code == 0:
        _remove_left_disk(run, watch)
    _judge(run, stage, watch, outcome)


def _remove_left_disk(run: Run, watch: Watch) -> None:
    """Packer 1.6 leaves the machine's disk in a resource group that is not its own (lowering.md §1.3)."""
    name = run.variables.get("build_resource_group_name")
    suffix = watch.suffix
    if run.compilation.options.target.azure is not None or not name or suffix is None:
        return
    group = parse_id(f"/subscriptions/{run.world.subscription_id}/resourceGroups/{name}")
    removed: list[str] = []
    problem = attempt(
        lambda: removed.extend(delete_disks_of(suffix, group, run.world)), f"cannot remove the disk from '{name}'"
    )
    if problem:
        run.leftovers.append(f"the machine's disk (its name ends in '{suffix}') in resource group '{name}'")
        run.note(problem.message)
    for disk in removed:
        run.say(Progress(time=now(), text=f"the machine's disk is removed: {disk}"))


def _judge(run: Run, stage: Stage, watch: Watch, outcome: ProcessOutcome) -> None:
    """Success is exit code, records and manifest together, or the agreed stop; else say what failed (packer.md §11).

    The exit code of a Packer that was cancelled says nothing, so the wish to cancel decides, unless a step had failed
    before it.
    """
    if _crashed(outcome):
        run.suspects.append(f"Packer could not clean up after stage {stage.name.value}: {_removal(run, stage)}")
    if run.cancel.requested and not watch.failed_before_cancel:
        raise Stop(ExitCode.CANCELLED, "the run was cancelled")
    proved = watch.proved or stage.name is StageName.VALIDATE
    if (outcome.exit_code == 0 and proved) or watch.tracker.stopped_on_purpose:
        return
    if on_error(run, stage) is OnError.ABORT and watch.address and not _crashed(outcome):
        run.leftovers.append(_how_to_reach(run, stage, watch.address))
    if watch.built and stage.name is StageName.BUILD:
        raise Stop(ExitCode.DISTRIBUTION, f"the image was made, but Packer failed after it: {_cause(watch, outcome)}")
    code = ExitCode.TOOLCHAIN if _crashed(outcome) else _code(stage, watch)
    raise Stop(code, _cause(watch, outcome))


def _crashed(outcome: ProcessOutcome) -> bool:
    return outcome.killed or outcome.signalled is not None or outcome.exit_code == _PANIC


def _cause(watch: Watch, outcome: ProcessOutcome) -> str:
    """Packer's own words, else how it ended; with the step that it was in."""
    if failure := watch.tracker.failure:
        text = failure.text
    elif outcome.signalled is not None:
        text = f"Packer was ended by signal {outcome.signalled}"
    elif outcome.exit_code == _PANIC:
        text = f"Packer crashed (exit code {_PANIC})"
    elif watch.artifacts.image is not None:
        text = f"Packer ended with exit code {outcome.exit_code} and without a manifest that can be read"
    else:
        text = f"Packer ended with exit code {outcome.exit_code} and without an image"
    step = watch.tracker.failed_step
    return f"{step}: {text}" if step else text


def _how_to_reach(run: Run, stage: Stage, address: str) -> str:
    """What somebody who asked for a kept machine needs: how to get in, and how to be rid of it."""
    key = run.variables.get("ssh_private_key_file")
    login = f"ssh -i {key} {BUILD_USER}@{address}" if key else f"remote desktop at {address}"
    return f"the machine of stage {stage.name.value} is kept: {login}; {_removal(run, stage)}"


def _removal(run: Run, stage: Stage) -> str:
    """How to be rid of what a stage left. A group that was there before the run is not to be deleted."""
    group = run.groups[stage.name]
    if run.variables.get("build_resource_group_name"):
        return f"delete what has the tag {RUN_TAG}={run.folder.run_id} in the resource group {group}"
    return f"remove it with: az group delete --name {group}"


def _code(stage: Stage, watch: Watch) -> ExitCode:
    """Whose fault it was: a step's, publishing's, or the machine's (architecture §5)."""
    step = watch.tracker.failed_step
    if step is not None:
        validator = stage.name is StageName.VALIDATE or step.startswith("validate[")
        return ExitCode.VALIDATION if validator else ExitCode.STEP
    return ExitCode.DISTRIBUTION if watch.publishing else ExitCode.MACHINE
