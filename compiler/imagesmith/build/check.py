"""Phase check where Packer is asked for itself: `packer validate` over stages that are not built at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from imagesmith.build.ending import Stop, stop_if_cancelled
from imagesmith.build.refusal import NOT_LOADED, objections, refused
from imagesmith.build.run import Run
from imagesmith.build.stage import packer_session
from imagesmith.events import ExitCode, Progress, now
from imagesmith.packer import CancelToken, PackerError, parse, run_packer
from imagesmith.packer.lines import Batch
from imagesmith.plan import Stage

_NO_LONGER_NEEDED = "the run is over"


class Check:
    """`packer validate` over the files of some stages, all at once, while the run goes on; what has not ended when the
    block is left is ended."""

    def __init__(self, run: Run, stages: Sequence[Stage]) -> None:
        self._run = run
        self._token = CancelToken(run.cancel)
        self._pool = ThreadPoolExecutor(max_workers=max(1, len(stages)), thread_name_prefix="imagesmith-check")
        self._checks = [self._pool.submit(self._look_through, stage) for stage in stages]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._token.request(_NO_LONGER_NEEDED)
        self._pool.shutdown()

    def wait(self) -> None:
        """Wait for Packer's judgement of all stages. Raises Stop if it is not content."""
        self._run.heard_at = time.monotonic()
        try:
            for check in self._checks:
                check.result()
        finally:
            self._run.heard_at = None
        stop_if_cancelled(self._run)

    def stop_at_refusal(self) -> None:
        """From now on a refusal ends the run in order, whatever it is at. Raises Stop where there is one already."""
        for check in self._checks:
            if check.done():
                check.result()
            check.add_done_callback(self._judged)

    def _judged(self, check: Future[None]) -> None:
        if isinstance(error := check.exception(), Stop) and not self._token.requested:
            self._run.refuse(error)

    def _look_through(self, stage: Stage) -> None:
        """Ask Packer about a stage's files. Raises Stop where it does not take them, or cannot be started."""
        said: list[str] = []

        def take(batch: Batch) -> None:
            if self._run.heard_at is not None:
                self._run.heard_at = time.monotonic()
            for line in batch.lines:
                said.extend(self._run.folder.redact(text) for text in objections(parse(line), batch.stream))

        with packer_session(self._run, {**self._run.world.variables, **_placeholders(stage)}, stage) as environment:
            try:
                outcome = run_packer(
                    [str(self._run.packer.path), "validate", "-machine-readable", "."],
                    environment=environment,
                    cwd=self._run.directory(stage),
                    on_lines=take,
                    cancel=self._token,
                )
            except PackerError as error:
                raise Stop(ExitCode.TOOLCHAIN, error.diagnostic.message, [error.diagnostic]) from error
        if self._token.requested:
            return
        if outcome.exit_code != 0 or any(NOT_LOADED in text for text in said):
            raise refused("validate", said, outcome.exit_code)
        self._run.say(Progress(time=now(), text=f"packer validate: stage {stage.name.value} is valid"))


def _placeholders(stage: Stage) -> dict[str, str]:
    """Values for what is only decided while the check goes on: those that `plan.json` shows."""
    return {variable.name: variable.value for variable in stage.variables if variable.value is not None}
