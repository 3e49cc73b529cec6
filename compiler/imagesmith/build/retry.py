"""Whether, and when, a stage that failed is tried again: only for what passes by itself, and before any step ran.

A build whose steps have begun is not started anew: what they did outside of the machine cannot be taken back. A single
step is repeated on its machine by Packer itself (`max_retries`, `--step-retries`).
"""

from __future__ import annotations

import time

from imagesmith.build.ending import Stop
from imagesmith.build.options import BuildOptions
from imagesmith.build.run import Run
from imagesmith.events import RetryScheduled, now
from imagesmith.known_errors import retry_after_s
from imagesmith.run_failure import RunFailure

_LONGEST_S = 600.0
"""No wait is longer, unless Azure asks for it."""
_TICK_S = 0.1


def wait_before_retry(
    options: BuildOptions, failure: RunFailure | None, *, begun: bool, attempt: int
) -> float | None:
    """How many seconds to wait before the next try, None if there is to be none. `attempt` is the one that failed,
    from 1; `begun` says that a step had begun in it.
    """
    if failure is None or begun or not failure.transient or attempt > options.retries:
        return None
    asked = retry_after_s("\n".join([failure.words, *failure.output]))
    return max(asked or 0.0, min(options.retry_delay_s * 2.0 ** (attempt - 1), _LONGEST_S))


def wait_for_retry(run: Run, failure: RunFailure, attempt: int, wait_s: float) -> None:
    """Say that there is another try, and wait for it. Raises Stop if the run is cancelled meanwhile."""
    run.say(
        RetryScheduled(
            time=now(),
            stage=failure.stage,
            attempt=attempt + 1,
            attempts=run.options.retries + 1,
            wait_s=wait_s,
            cause=failure.cause,
            known=failure.known or "",
        )
    )
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline and not run.cancel.requested:
        time.sleep(_TICK_S)
    if run.cancel.requested:
        raise Stop.cancelled(failure)
    run.retries += 1
