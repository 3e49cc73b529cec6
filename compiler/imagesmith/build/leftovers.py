"""What a run has left in Azure, as Azure sees it: Packer's own words about it are only a hint."""

from __future__ import annotations

from imagesmith.azure.clients import AzureError
from imagesmith.azure.leftovers import Leftover, LeftoverKind, find_leftovers
from imagesmith.build.run import Run


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
    if new:
        results = " --results" if any(leftover.kind is LeftoverKind.RESULT for leftover in new) else ""
        run.note(f"remove what is left with: imagesmith sweep --run {run.folder.run_id}{results} --yes")


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
