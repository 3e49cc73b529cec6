"""Ctrl-C to a request to stop: work that must be finished is done where KeyboardInterrupt never strikes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from imagesmith.packer.cancel import INTERRUPTED, CancelToken

T = TypeVar("T")

_TICK_S = 0.5


def shielded(act: Callable[[], T], cancel: CancelToken) -> T:
    """Do it in a thread, which Ctrl-C never reaches, and return or raise what it does.

    Ctrl-C is passed on as `CancelToken.request`, the third one as `CancelToken.kill`; KeyboardInterrupt is raised when
    the work has ended.
    """
    result: Future[T] = Future()
    begun = threading.Event()

    def work() -> None:
        begun.set()
        try:
            result.set_result(act())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            result.set_exception(error)

    interrupts = 0
    try:
        threading.Thread(target=work, daemon=True, name="packer").start()
    except KeyboardInterrupt:
        if not begun.wait(1):
            raise
        interrupts = 1
    while not result.done():
        try:
            if interrupts:
                cancel.request(INTERRUPTED)
            if interrupts > 2:
                cancel.kill(INTERRUPTED)
            while not result.done():
                # Windows does not interrupt a wait that has no limit.
                wait([result], timeout=_TICK_S)
        except KeyboardInterrupt:
            interrupts += 1
    outcome = result.result()
    if interrupts:
        raise KeyboardInterrupt
    return outcome
