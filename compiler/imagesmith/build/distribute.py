"""Phase distribute: what is done to results when the machine is gone: promote, tag, withdraw, remove."""

from __future__ import annotations

import dataclasses

from imagesmith.azure.clients import attempt
from imagesmith.azure.published import delete_image, finish_image, finish_version, withdraw_version
from imagesmith.build.ending import Stop
from imagesmith.build.run import Run
from imagesmith.diagnostics import Diagnostic
from imagesmith.events import ExitCode, Progress, now
from imagesmith.model.ids import ResourceId, parse_id
from imagesmith.plan import RUN_TAGS, Publication, PublicationKind, StageName


def distribute(run: Run) -> None:
    """Make what was published look as the template asks. Raises Stop if some of it failed."""
    failed = [found for publication in run.published for found in _finish(run, publication)]
    if failed:
        code = ExitCode.CANCELLED if run.cancel.requested else ExitCode.DISTRIBUTION
        raise Stop(code, failed[0].message, failed)


def withdraw(run: Run) -> None:
    """Take back what this run published, after validators have failed."""
    _leave_vhds(run)
    for publication in run.published:
        image = _resource(run, publication)
        if image is None or publication.intermediate:
            continue
        shared = publication.kind is PublicationKind.SHARED_IMAGE
        act = withdraw_version if shared else delete_image
        problem = attempt(lambda act=act, image=image: act(image, run.world), f"cannot withdraw '{image}'")  # type: ignore[misc]
        if problem:
            run.leftovers.append(str(image))
            run.note(problem.message)
        else:
            run.say(Progress(time=now(), text=f"withdrawn: {image}"))
    run.outputs = [dataclasses.replace(output, provisioning_state="Failed") for output in run.outputs]


def not_validated(run: Run) -> None:
    """What a build that failed on the way has made: it stays in Azure, but is no result, since no validator saw it."""
    for output in run.outputs:
        run.leftovers.append(str(output.artifact_id or output.artifact_uri or output.name))
        run.note(f"made, but not validated: {run.leftovers[-1]}")
    run.outputs = [dataclasses.replace(output, provisioning_state="Failed") for output in run.outputs]


def _leave_vhds(run: Run) -> None:
    """A VHD stays: deleting it takes a right to its account's data, which a build does not need."""
    vhds = {item.run_output_name for item in run.published if item.kind is PublicationKind.VHD}
    for output in run.outputs:
        if output.name in vhds:
            text = f"the VHD of '{output.name}' stays: {output.artifact_uri or 'see the log for its address'}"
            run.leftovers.append(text)
            run.note(text)


def remove_intermediates(run: Run) -> None:
    """Remove images that were only needed on the way, also where a later part of the build failed; one that stays is a
    leftover, not a failure."""
    for publication in run.plan.publications:
        image = _resource(run, publication)
        if not publication.intermediate or image is None or not (run.capture_begun or publication in run.published):
            continue
        problem = attempt(lambda image=image: delete_image(image, run.world), f"cannot remove '{image}'")  # type: ignore[misc]
        if problem:
            run.leftovers.append(str(image))
            run.note(problem.message)
        else:
            run.say(Progress(time=now(), text=f"intermediate image removed: {image.name}"))


def _finish(run: Run, publication: Publication) -> list[Diagnostic]:
    """Give a result its tags and its place in `latest`. The run's own tags alone are not worth a failed run."""
    image = _resource(run, publication)
    if image is None or publication.intermediate:
        return []
    shared = publication.kind is PublicationKind.SHARED_IMAGE
    validated = run.plan.stage(StageName.VALIDATE) is not None
    show = shared and validated and not publication.exclude_from_latest
    tags = publication.artifact_tags

    def act() -> None:
        if shared:
            finish_version(image, run.world, tags=tags, without=RUN_TAGS, show=show)
        else:
            finish_image(image, run.world, tags=tags, without=RUN_TAGS)

    problem = attempt(act, f"cannot promote '{image}' to latest" if show else f"cannot tag '{image}'")
    if problem is None:
        if show:
            run.say(Progress(time=now(), text=f"promoted: {image}"))
        return []
    if show or tags:
        return [problem]
    run.note(f"the run's tags stay on '{image.name}': {problem.message}")
    return []


def _resource(run: Run, publication: Publication) -> ResourceId | None:
    text = run.artifact_id(publication)
    return parse_id(text) if text else None
