"""One Packer run: its environment, its events, and what its end means; again where the failure passes by itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from imagesmith.build.ending import Stop
from imagesmith.build.failure import failed, failure_of
from imagesmith.build.left import remove_left_disk, tell_what_is_left
from imagesmith.build.preflight import stage_variables
from imagesmith.build.refusal import refused
from imagesmith.build.retry import wait_before_retry, wait_for_retry
from imagesmith.build.run import Run
from imagesmith.build.watch import Watch
from imagesmith.diagnostics import Rule, Severity
from imagesmith.events import ExitCode
from imagesmith.packer import PackerError, ProcessOutcome, packer_environment, run_packer, scratch_folder, temporary_folder
from imagesmith.packer.opening import SKIPPED
from imagesmith.packer.outcome import EXIT_CODES, GOOD, Evidence, judge
from imagesmith.plan import OnError, Stage, StageName
from imagesmith.run_failure import Outcome
from imagesmith.toolchain import link_plugins

NO_SCRATCH = Rule(
    code="IMG845",
    severity=Severity.ERROR,
    title="there is no room for temporary files",
    cause="Packer gets private folders in the system's temporary folder; it is gone, full or not writable.",
    fix="set TMPDIR to a folder that exists and has room",
    source="demand.md §3.4",
)
_ORPHAN_LIMIT_S = 10
"""How long a Packer whose Azure is gone with our process may try to clean up there."""


@contextmanager
def packer_session(run: Run, variables: Mapping[str, str], stage: Stage) -> Iterator[Mapping[str, str]]:
    """The environment of a Packer command, with private folders that are gone at its end, the plugins that it may use,
    linked one by one, and the values of those variables that the stage declares."""
    declared = {variable.name for variable in stage.variables}
    with ExitStack() as stack:
        try:
            private = stack.enter_context(scratch_folder())
            plugins = private / "plugins"
            link_plugins(run.packer.plugins, plugins)
            environment = packer_environment(
                run.world.environment,
                private=private,
                temporary=stack.enter_context(temporary_folder(private)),
                variables={name: value for name, value in variables.items() if name in declared},
                plugin_path=plugins,
            )
        except OSError as error:
            found = NO_SCRATCH.at((), f"no temporary folder can be made: {error}")
            raise Stop(ExitCode.PREFLIGHT, found.message, [found]) from error
        yield environment


def run_stage(run: Run, name: StageName, on_building: Callable[[], None] = lambda: None) -> None:
    """Run `packer build` for a stage and take note of what it published; `on_building` is told when Packer has taken
    the files and builds. Raises Stop if it failed."""
    stage = run.plan.stage(name)
    if stage is None:
        return
    for attempt in itertools.count(1):
        run.world.begin_stage(name.value)
        watch = Watch(run, stage, on_building)
        try:
            _build(run, stage, watch, attempt)
        except Stop as stop:
            if stop.failure is None:
                raise
            wait_s = wait_before_retry(run.options, stop.failure, begun=watch.begun, attempt=attempt)
            again = wait_s is not None
            if watch.has_made:
                tell_what_is_left(run, stage, stop.failure, address=watch.address, crashed=watch.crashed, again=again)
            if wait_s is None:
                raise
            wait_for_retry(run, stop.failure, attempt, wait_s)
        else:
            watch.building()
            return


def _build(run: Run, stage: Stage, watch: Watch, attempt: int) -> None:
    """One try at a stage."""
    begun_before, run.has_begun_machines = run.has_begun_machines, True
    outcome = _run_packer(run, stage, watch, attempt)
    watch.tracker.close(succeeded=outcome.exit_code == 0)
    kept = run.on_error(stage) is OnError.ABORT
    run.suspects += [text for text in watch.tracker.leftovers if not (kept and text.startswith(SKIPPED))]
    for survivor in outcome.survivors:
        run.note(f"a process that outlived Packer was ended: {survivor}")
    if outcome.log_error:
        run.note(f"Packer's log is incomplete: {outcome.log_error}")
    watch.publish()
    if not kept or outcome.exit_code == 0:
        remove_left_disk(run, watch.suffix)
    evidence = _evidence(run, stage, watch, outcome)
    run.has_begun_machines = begun_before or not evidence.refused
    _judge(run, stage, watch, evidence)


def _run_packer(run: Run, stage: Stage, watch: Watch, attempt: int) -> ProcessOutcome:
    watch.forget_manifest()
    with packer_session(run, stage_variables(run, stage), stage) as environment, watch.listening():
        try:
            return run_packer(
                [
                    str(run.packer.path),
                    "build",
                    "-machine-readable",
                    "-color=false",
                    f"-on-error={run.on_error(stage).value}",
                    ".",
                ],
                environment=environment,
                cwd=run.directory(stage),
                on_lines=watch.take,
                log=run.folder.packer_log(f"{stage.name.value},{attempt}"),
                cancel=run.cancel,
                on_cancelling=watch.cancelling,
                orphan_limit_s=_ORPHAN_LIMIT_S if run.world.ends_with_run else None,
            )
        except PackerError as error:
            raise Stop(ExitCode.TOOLCHAIN, error.diagnostic.message, [error.diagnostic]) from error


def _judge(run: Run, stage: Stage, watch: Watch, evidence: Evidence) -> None:
    """Say what the end means; raises Stop if it is not a good one."""
    outcome = judge(evidence)
    if outcome in GOOD:
        return
    if outcome is Outcome.REFUSED:
        raise refused("build", watch.objections, evidence.exit_code)
    failure = failure_of(run, stage, watch, evidence, outcome)
    watch.crashed = evidence.crashed
    if outcome is Outcome.CANCELLED:
        raise Stop.cancelled(failure)
    raise Stop(EXIT_CODES[outcome], failure.message, [failed(run, failure)], failure=failure)


def _evidence(run: Run, stage: Stage, watch: Watch, ended: ProcessOutcome) -> Evidence:
    step = watch.tracker.failed_step
    return Evidence(
        exit_code=ended.exit_code,
        signalled=ended.signalled,
        killed=ended.killed,
        cancel_requested=run.cancel.requested,
        failed_before_cancel=watch.failed_before_cancel,
        stopped_on_purpose=watch.tracker.stopped_on_purpose,
        makes_image=stage.name is StageName.BUILD,
        image_recorded=watch.artifacts.image is not None,
        image_in_manifest=watch.in_manifest,
        builder_done=watch.built,
        begun=watch.builds,
        publishing=watch.publishing,
        failed_step=step,
        plugin_lost=watch.lost_plugin,
        validates=stage.name is StageName.VALIDATE or (step or "").startswith("validate["),
    )
