"""Phase distribute: what is done to results when the machine is gone: promote, tag, withdraw, remove."""

from __future__ import annotations

import dataclasses

from imagesmith.azure.clients import attempt
from imagesmith.azure.published import delete_image, set_exclude_from_latest, tag_image, tag_version, withdraw_version
from imagesmith.build.ending import Stop
from imagesmith.build.run import Run
from imagesmith.diagnostics import Diagnostic
from imagesmith.events import ExitCode, Progress, now
from imagesmith.model.ids import ResourceId, parse_id
from imagesmith.plan import Publication, PublicationKind, StageName


def distribute(run: Run) -> None:
    """Make what was published look as the template asks. Raises Stop if some of it failed."""
    failed = [found for publication in run.published for found in _finish(run, publication)]
    if failed:
        raise Stop(ExitCode.DISTRIBUTION, failed[0].message, failed)


def withdraw(run: Run) -> None:
    """Take back what this run published, after validators have failed."""
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


def remove_intermediates(run: Run) -> None:
    """Remove images that were only needed on the way; one that stays is a leftover, not a failure."""
    for publication in run.plan.publications:
        image = _resource(run, publication)
        if not publication.intermediate or image is None or publication not in run.published:
            continue
        problem = attempt(lambda image=image: delete_image(image, run.world), f"cannot remove '{image}'")  # type: ignore[misc]
        if problem:
            run.leftovers.append(str(image))
            run.note(problem.message)
        else:
            run.say(Progress(time=now(), text=f"intermediate image removed: {image.name}"))


def _finish(run: Run, publication: Publication) -> list[Diagnostic]:
    image = _resource(run, publication)
    if image is None or publication.intermediate:
        return []
    found: list[Diagnostic | None] = []
    shared = publication.kind is PublicationKind.SHARED_IMAGE
    if publication.artifact_tags:
        tag = tag_version if shared else tag_image
        found.append(attempt(lambda: tag(image, publication.artifact_tags, run.world), f"cannot tag '{image}'"))
    hidden_until_now = run.plan.stage(StageName.VALIDATE) is not None
    if shared and hidden_until_now and not publication.exclude_from_latest:
        found.append(
            attempt(
                lambda: set_exclude_from_latest(image, run.world, exclude=False), f"cannot promote '{image}' to latest"
            )
        )
        run.say(Progress(time=now(), text=f"promoted: {image}"))
    return [item for item in found if item is not None]


def _resource(run: Run, publication: Publication) -> ResourceId | None:
    text = run.artifact_id(publication)
    return parse_id(text) if text else None
