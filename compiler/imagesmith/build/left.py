"""What a run leaves in Azure: kept on purpose, left by a crash, or removed by us after a question.

Packer's own words about it are only a hint: at the end of a run Azure is asked.
"""

from __future__ import annotations

import shlex

from imagesmith.azure.clients import AzureError, attempt
from imagesmith.azure.leftovers import Leftover, LeftoverKind, find_leftovers, remove_group
from imagesmith.azure.published import delete_disks_of
from imagesmith.build.run import Run
from imagesmith.events import Progress, now
from imagesmith.lower.machine import BUILD_USER
from imagesmith.model.ids import parse_id
from imagesmith.plan import RUN_TAG, OnError, Stage
from imagesmith.run_failure import Outcome, RunFailure



def sweep_line(run: Run) -> str:
    """The command that finds what a run has left by its tag, and removes it."""
    return shlex.join(["imagesmith", "sweep", run.folder.run_id, *(run.world.sweep_arguments or ()), "--yes"])


def what_becomes_of_it(run: Run) -> str:
    """What becomes of things that stay in Azure: somebody sweeps them, unless they end with a sandbox."""
    return "which ends with the sandbox" if run.world.ends_with_run else f"for `{sweep_line(run)}`"


def tell_what_is_left(
    run: Run, stage: Stage, failure: RunFailure, *, address: str | None, crashed: bool, again: bool = False
) -> None:
    """Add what a failed stage left to the run's leftovers, with the way in and the way to be rid of it; a person who
    is there to be asked may have it removed instead, and nobody wants it who tries `again`.
    """
    if crashed:
        run.suspects.append(f"Packer could not clean up after stage {stage.name.value}: {_removal(run, stage)}")
    elif run.on_error(stage) is OnError.ABORT and run.groups[stage.name]:
        wanted = not again and _is_wanted(run, failure)
        if wanted or not _remove(run, stage):
            run.leftovers.append(how_to_reach(run, stage, address))


def _is_wanted(run: Run, failure: RunFailure) -> bool:
    """Whether the machine is to be kept: the question, if there is somebody to ask; nobody is after a cancel."""
    ask = run.options.ask_keep
    if ask is None:
        return True
    return failure.outcome is not Outcome.CANCELLED and ask(failure)


def _remove(run: Run, stage: Stage) -> bool:
    """Remove what Packer has kept, as it would have done itself; whether that worked."""
    group = run.groups[stage.name]
    if run.variables.get("build_resource_group_name"):
        return False  # a group of the user's own: only what has the run's tag may go
    run.say(Progress(time=now(), text=f"removing resource group {group}"))
    problem = attempt(
        lambda: remove_group(group, run.world, run_id=run.folder.run_id),
        f"cannot remove the resource group '{group}'",
    )
    if problem:
        run.note(problem.message)
    return problem is None


def how_to_reach(run: Run, stage: Stage, address: str | None) -> str:
    """What somebody who asked for a kept machine needs: how to get in, and how to be rid of it."""
    key = run.variables.get("ssh_private_key_file")
    port = run.world.variables.get("ssh_port")
    place = f"{BUILD_USER}@{address}" + (f" -p {port}" if port else "")
    login = f"ssh -i {key} {place}" if key else f"remote desktop at {address}"
    way_in = f"{login}; " if address else ""
    kept = f"the machine of stage {stage.name.value} is kept in the resource group {run.groups[stage.name]}"
    return f"{kept}: {way_in}{_removal(run, stage)}"


def _removal(run: Run, stage: Stage) -> str:
    """How to be rid of what a stage left. A group that was there before the run is not to be deleted."""
    if run.world.ends_with_run:
        return "it ends with the sandbox"
    group = run.groups[stage.name]
    if run.variables.get("build_resource_group_name"):
        own = f"delete what has the tag {RUN_TAG}={run.folder.run_id} in the resource group {group}"
    else:
        own = f"az group delete --name {group}"
    return f"remove it with: {sweep_line(run)}, or: {own}"


def remove_left_disk(run: Run, suffix: str | None) -> None:
    """Packer 1.6 leaves the machine's disk in a resource group that is not its own (lowering.md §1.3)."""
    name = run.variables.get("build_resource_group_name")
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


def account(run: Run, *, whole: bool) -> None:
    """Put what is left into the run's leftovers.

    Azure is asked where the run did not reach its end (not `whole`) or Packer spoke of something that it left; where
    Azure cannot be asked, Packer's words stand.
    """
    if run.world.credential is None or not run.has_begun_machines or (whole and not run.suspects):
        run.leftovers += run.suspects
        return
    try:
        found = find_leftovers(run.world, run_id=run.folder.run_id)
    except AzureError as error:
        run.leftovers += run.suspects
        run.note(error.diagnostic.message)
        return
    known = " ".join(run.leftovers).lower()
    new = [leftover for leftover in found if not _is_named(leftover, known)]
    run.leftovers += [_told(leftover) for leftover in new]
    if new and not run.world.ends_with_run:
        results = " --results" if any(leftover.kind is LeftoverKind.RESULT for leftover in new) else ""
        run.note(f"remove what is left with: {sweep_line(run)}{results}")


def _is_named(leftover: Leftover, text: str) -> bool:
    """Whether a text speaks of it already, or of the group that it stands in."""
    return leftover.id.name.lower() in text or (leftover.id.resource_group or "").lower() in text


def _told(leftover: Leftover) -> str:
    words = {
        LeftoverKind.GROUP: "the resource group with all that is in it",
        LeftoverKind.PART: "a part of a machine",
        LeftoverKind.RESULT: "a result without its own tags",
    }
    return f"{leftover.id} ({words[leftover.kind]})"
