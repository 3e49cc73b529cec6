"""A run as a stream of its events: an iterator for threads, an asynchronous one and a coroutine for asyncio.

The run goes on in a thread of its own, as `build_image` does it. A consumer that is slower than Packer holds Packer back,
so nothing piles up; from the moment that somebody asks for the run's end nothing holds it back any more, since a Packer
that nobody reads does not clean up (packer.md §4.10).
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import TypedDict, Unpack

from imagesmith.build import BuildOptions, build_image
from imagesmith.events import Event, OnEvent, Output, RunFinished, RunResult
from imagesmith.listening import Listener, OutputLines
from imagesmith.packer import CancelToken
from imagesmith.pipeline import Compilation
from imagesmith.toolchain import Packer
from imagesmith.world import World

__all__ = ["abuild_image", "build_events", "iter_build"]

_AHEAD = 10_000
"""Events that may wait for the consumer."""
_AHEAD_CHARACTERS = 1 << 24
"""Characters of output that may: a line can have a million."""
_LOOK_S = 0.1
_KILL_AT = 3
"""Which wish to cancel ends Packer at once, as on the command line."""
LEFT = "the reader of its events has left"
"""Reason of the cancel where nobody wants the events any more."""
TASK_CANCELLED = "the task was cancelled"
"""Reason of the cancel that the end of an asyncio task asks for."""


class Build(TypedDict, total=False):
    """What `build_image` needs besides the compilation, apart from `on_event`."""

    packer: Packer
    world: World
    run_directory: Path
    cancel: CancelToken | None
    options: BuildOptions | None


class _Running(Listener):
    """A run in its thread, and its events on their way to one consumer."""

    def __init__(self, compilation: Compilation, build: Build, on_ready: Callable[[], None]) -> None:
        self.cancel = build.get("cancel") or CancelToken()
        self._events: deque[Event] = deque()
        self._characters = 0
        self._changed = threading.Condition()
        self._on_ready = on_ready
        self._over = False
        self._failure: BaseException | None = None
        arguments = {**build, "cancel": self.cancel}
        self._thread = threading.Thread(target=self._run, args=(compilation, arguments), name="imagesmith-build")
        self._thread.start()

    def _run(self, compilation: Compilation, build: Build) -> None:
        try:
            build_image(compilation, on_event=self, **build)
        except BaseException as error:  # noqa: BLE001 - handed to the consumer, who gets it as if it had called
            self._failure = error
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._on_ready()

    def __call__(self, event: Event) -> None:
        """Take an event of the run."""
        self._put((event,))

    def take_lines(self, lines: OutputLines) -> None:
        """Take many, with one word to the consumer."""
        self._put(lines.events())

    def _put(self, events: Iterable[Event]) -> None:
        with self._changed:
            for event in events:
                if self._is_full():
                    self._tell()
                while self._is_full() and not self.cancel.requested:
                    self._changed.wait(_LOOK_S)
                self._events.append(event)
                self._characters += len(event.text) if isinstance(event, Output) else 0
            self._tell()

    def _is_full(self) -> bool:
        return len(self._events) >= _AHEAD or self._characters >= _AHEAD_CHARACTERS

    def _tell(self) -> None:
        self._changed.notify_all()
        self._on_ready()

    def take(self) -> list[Event]:
        """Whatever has come since the last time."""
        with self._changed:
            found = list(self._events)
            self._events.clear()
            self._characters = 0
            self._changed.notify_all()
        return found

    def wait(self) -> bool:
        """Wait for events; whether any may still come."""
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._over)
            return bool(self._events) or not self._over

    @property
    def over(self) -> bool:
        """Whether all events have come."""
        return self._over

    def end(self) -> None:
        """Wait for the thread. Raises what `build_image` has raised."""
        self._thread.join()
        if self._failure is not None:
            raise self._failure


def iter_build(compilation: Compilation, **build: Unpack[Build]) -> Iterator[Event]:
    """Build an image and give its events, the last one a `RunFinished` with the result.

    Takes what `build_image` takes, and raises what it raises, at the first event. An iterator that is closed before its
    end (`contextlib.closing`, or none is left of it) cancels the run and waits until it has cleaned up.
    """
    running = _Running(compilation, build, lambda: None)
    try:
        while running.wait():
            yield from running.take()
        running.end()
    finally:
        if not running.over:
            running.cancel.request(LEFT)
        running.end()


async def build_events(compilation: Compilation, **build: Unpack[Build]) -> AsyncGenerator[Event, None]:
    """Build an image and give its events, the last one a `RunFinished` with the result.

    Takes what `build_image` takes, and raises what it raises, at the first event. The end of the task cancels the run:
    CancelledError goes on when everything is cleaned up; further wishes to cancel wait for it too, and the third one ends
    Packer at once. `contextlib.aclosing` ends a stream that is left before its end.
    """
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()

    def on_ready() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(ready.set)

    running = _Running(compilation, build, on_ready)
    try:
        while not running.over:
            await ready.wait()
            ready.clear()
            for event in running.take():
                yield event
        for event in running.take():
            yield event
    except asyncio.CancelledError:
        running.cancel.request(TASK_CANCELLED)
        raise
    finally:
        if not running.over:
            running.cancel.request(LEFT)
        await _ended(running)


async def _ended(running: _Running) -> None:
    """Wait for the run, whoever wants to be rid of the wait; raises what `build_image` has raised."""
    waiting = asyncio.get_running_loop().run_in_executor(None, running.end)
    while not waiting.done():
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError:
            if running.cancel.count + 1 >= _KILL_AT:
                running.cancel.kill(TASK_CANCELLED)
            else:
                running.cancel.request(TASK_CANCELLED)
    waiting.result()


async def abuild_image(
    compilation: Compilation, *, on_event: OnEvent = lambda _event: None, **build: Unpack[Build]
) -> RunResult:
    """`build_image` for asyncio: `on_event` is called on the event loop; cancelling the task cancels the run, as
    `build_events` does it."""
    result: RunResult | None = None
    async with aclosing(build_events(compilation, **build)) as events:
        async for event in events:
            on_event(event)
            if isinstance(event, RunFinished):
                result = event.result
    if result is None:
        raise RuntimeError("a run ended without its last event")
    return result
