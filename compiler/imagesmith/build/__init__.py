"""A compilation and a world to a finished run: fetch, preflight, check, build, validate, distribute, record.

`build_image` is the whole story; each phase is a module of this package.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from imagesmith.azure.clients import load_ahead
from imagesmith.build.check import Check
from imagesmith.build.distribute import distribute, not_validated, remove_intermediates, withdraw
from imagesmith.build.ending import Ending, Stop, ending_of, stop_if_cancelled, success
from imagesmith.build.fetch import fetch_files
from imagesmith.build.left import account
from imagesmith.build.options import BuildOptions
from imagesmith.build.preflight import preflight
from imagesmith.build.record import RunFolder
from imagesmith.build.refusal import passes_over_plugins
from imagesmith.build.run import ASKED, TIME_LIMIT, Run
from imagesmith.build.stage import run_stage
from imagesmith.build.supervise import Supervisor
from imagesmith.build.secrets import judged
from imagesmith.diagnostics import has_errors
from imagesmith.events import ExitCode, OnEvent, RunFinished, RunResult, RunStarted, RunSubState, now
from imagesmith.journal.requests import CancelRequests
from imagesmith.listening import NOBODY
from imagesmith.packer import CancelToken
from imagesmith.pipeline import Compilation
from imagesmith.plan import Stage, StageName
from imagesmith.targets import Target, target_for
from imagesmith.targets.shapes import OLD_WINDOWS_UPDATE
from imagesmith.toolchain import AZURE, WINDOWS_UPDATE, Packer
from imagesmith.world import World

__all__ = ["BuildOptions", "build_image"]

_SUB_STATES: Mapping[StageName, RunSubState] = {
    StageName.BUILD: RunSubState.BUILDING,
    StageName.VALIDATE: RunSubState.VALIDATING,
}


def build_image(
    compilation: Compilation,
    *,
    packer: Packer,
    world: World,
    run_directory: Path,
    on_event: OnEvent = NOBODY,
    cancel: CancelToken | None = None,
    options: BuildOptions | None = None,
) -> RunResult:
    """Build an image and record the run in `run_directory` (made if need be, private).

    Whatever goes wrong with the template, its files, Packer or Azure is in the result; raised are only ValueError for a
    compilation that has errors or a secret that can be none (docs/secrets.md), and StateError if the record cannot be begun. Events come from several threads, one
    at a time.
    """
    if not compilation.ok:
        raise ValueError("a template with errors cannot be built")
    if not compilation.files or compilation.options.target != target_of(packer):
        compilation = compilation.for_target(target_of(packer))
    options = options or BuildOptions()
    if compilation.plan and (unusable := judged(options.secrets, compilation.plan.os_type)):
        raise ValueError(unusable[0].message)
    token = cancel or CancelToken()
    world = replace(world, wishes_to_stop=lambda: token.count)
    with RunFolder(run_directory, compilation, packer, world, on_event, options) as folder:
        run = Run(
            compilation=compilation,
            packer=packer,
            world=world,
            folder=folder,
            cancel=token,
            options=options,
        )
        start, begun = now(), time.monotonic()
        folder.open(start)
        steps = sum(len(stage.steps) for stage in compilation.plan.stages) if compilation.plan else 0
        run.say(
            RunStarted(
                time=start, run_id=folder.run_id, template=compilation.filename, steps=steps, packer=str(packer.version)
            )
        )
        with _time_limit(run), Supervisor(run), CancelRequests(folder.path, lambda kill: _cancel(run, kill=kill)):
            ending = _attempt(run)
        run.observe()
        # The clock may have been set meanwhile; a run does not end before it began.
        result = ending.result(run, start=start, end=start + timedelta(seconds=time.monotonic() - begun))
        incomplete = folder.close(result)
        if incomplete:
            run.note(incomplete.message)
        run.say(RunFinished(time=now(), result=result))
        return result


def target_of(packer: Packer) -> Target:
    """The target for the Packer at hand."""
    azure, update = packer.plugin(AZURE), packer.plugin(WINDOWS_UPDATE)
    # A plugin of the time before plugins had versions is taken for the newest of them: `packer validate` loads it.
    updates = (update.version or OLD_WINDOWS_UPDATE) if update else None
    return target_for(packer.version, azure.version if azure else None, updates)


def _attempt(run: Run) -> Ending:
    """All phases in order, up to the first that cannot go on."""
    try:
        if has_errors(run.compilation.diagnostics) or run.compilation.plan is None:
            raise Stop.for_target(run.compilation)
        with run.phase("fetch", RunSubState.QUEUED):
            fetch_files(run)
        with Check(run, _asked_about(run)) as check:
            with run.phase("preflight", RunSubState.QUEUED):
                preflight(run)
            stop_if_cancelled(run)
            if run.options.dry_run:
                with run.phase("check", RunSubState.QUEUED):
                    check.wait()
                return success(run, "dry run: everything up to the build is in order")
            _build(run, check)
        account(run, whole=True)
        return success(run, _done(run))
    except Stop as stop:
        account(run, whole=False)
        return ending_of(stop, run)


def _asks_azure(run: Run) -> bool:
    """Whether the run itself, and not only Packer, will have something to do in Azure."""
    return bool(run.plan.publications) and run.world.credential is not None


def _done(run: Run) -> str:
    if run.plan.stage(StageName.BUILD):
        done = "the image is built and published"
        if run.world.records_steps:
            some = any(run.world.has_run(step.id) for stage in run.plan.stages for step in stage.steps)
            return f"{done}, but {'not all of its steps ran' if some else 'nothing ran in it'}: the steps were recorded"
        return done
    return "the source image has passed validation" if run.plan.stages else "there was nothing to validate"


def _asked_about(run: Run) -> tuple[Stage, ...]:
    """The stages that Packer is asked about before it builds them: all but the first, which it looks through itself at
    once, unless it would not say all that it finds."""
    at_once = not run.options.dry_run and not passes_over_plugins(run.packer)
    return run.plan.stages[1:] if at_once else run.plan.stages


def _build(run: Run, check: Check) -> None:
    """The stages, and what follows from how they end."""
    try:
        for number, stage in enumerate(run.plan.stages):
            if number == 0:
                _first_stage(run, stage, check)
            else:
                _validate(run, check)
        with run.phase("distribute", RunSubState.DISTRIBUTING):
            distribute(run)
    finally:
        remove_intermediates(run)


def _first_stage(run: Run, stage: Stage, check: Check) -> None:
    """The stage that is built at once; Packer's look through its files is the phase `check`."""
    with run.phase("check", RunSubState.QUEUED) as phase:

        def building() -> None:
            phase.go_on(stage.name.value, _SUB_STATES[stage.name])
            if _asks_azure(run):
                load_ahead()

        if passes_over_plugins(run.packer):
            check.wait()
        check.stop_at_refusal()
        try:
            run_stage(run, stage.name, building)
        except Stop:
            # What exists of a build that failed on the way stays, and counts only where no validators were to see it.
            if run.plan.stage(StageName.VALIDATE):
                not_validated(run)
            raise


def _validate(run: Run, check: Check) -> None:
    """Validators on a new machine; a failure withdraws what was published, unless the template wants it kept."""
    try:
        with run.phase("validate", RunSubState.VALIDATING):
            check.wait()
            run_stage(run, StageName.VALIDATE)
    except Stop as first:
        if run.plan.continue_distribute_on_failure and first.code is ExitCode.VALIDATION:
            _distribute_all_the_same(run)
        else:
            withdraw(run)
        raise


def _distribute_all_the_same(run: Run) -> None:
    """Validators have failed, which is the first cause; what fails now is told beside it."""
    try:
        distribute(run)
    except Stop as second:
        run.diagnostics += second.diagnostics
        run.note(second.message)


def _cancel(run: Run, *, kill: bool) -> None:
    """Somebody asked for it from another process (`imagesmith cancel`)."""
    if kill:
        run.cancel.kill(ASKED)
    else:
        run.cancel.request(ASKED)


@contextmanager
def _time_limit(run: Run) -> Iterator[None]:
    """Ask the run to stop when its time is over."""
    timer = threading.Timer(run.time_limit_s, lambda: run.cancel.request(TIME_LIMIT))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
