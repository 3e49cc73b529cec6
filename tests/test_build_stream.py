"""A run as a stream: the same events for threads and for asyncio, and its end when nobody wants them any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import pytest

from imagesmith import abuild_image, build_events, iter_build
from imagesmith.build import stream
from imagesmith.events import Event, ExitCode, Output, Progress, RunFinished, RunStarted, RunState
from imagesmith.journal import StateError, read_run
from imagesmith.world import World
from tests.test_build_run import SUCCESS, Stand, built, until

WORLD = World(
    name="nowhere",
    environment={"PATH": "/usr/bin:/bin"},
    subscription_id="11111111-2222-3333-4444-555555555555",
    gives_basic_public_ips=True,
)
HANGING: Mapping[str, object] = {
    "text": until(SUCCESS, "01-install.sh"),
    "last": "1790000050,,ui,say,Cleanly cancelled builds after being interrupted.\n",
    "exit": 1,
    "hangs": True,
}


def build(folder: Path, **scenes: Mapping[str, object]) -> dict[str, Any]:
    """What a stream is made of, in a folder of its own."""
    folder.mkdir(exist_ok=True)
    stand = Stand(folder=folder)
    return {
        "compilation": stand.compilation(),
        "packer": stand.packer(**scenes),
        "world": WORLD,
        "run_directory": folder / "runs" / "20261124T120000Z-000001",
    }


async def events_of(given: Mapping[str, Any]) -> list[Event]:
    """All events of an asynchronous run."""
    return [event async for event in build_events(**given)]


def kinds(events: list[Event]) -> list[str]:
    """What happened, without what differs by timing."""
    return [event.kind for event in events]


def test_both_streams_give_what_a_callback_gets(tmp_path: Path) -> None:
    called: list[Event] = []
    stand = Stand(folder=tmp_path, events=called)
    result = stand.run(build=built())
    threads = list(iter_build(**build(tmp_path / "a", build=built())))
    tasks = asyncio.run(events_of(build(tmp_path / "b", build=built())))
    assert kinds(threads) == kinds(tasks) == kinds(called)
    assert isinstance(threads[0], RunStarted)
    for events in (threads, tasks):
        last = events[-1]
        assert isinstance(last, RunFinished)
        assert (last.result.state, last.result.exit_code) == (result.state, result.exit_code) == (RunState.SUCCEEDED, 0)


def test_a_coroutine_gives_the_result(tmp_path: Path) -> None:
    seen: list[Event] = []
    threads: set[int] = set()

    def take(event: Event) -> None:
        seen.append(event)
        threads.add(threading.get_ident())

    result = asyncio.run(abuild_image(**build(tmp_path, build=built()), on_event=take))
    assert result.state is RunState.SUCCEEDED
    assert isinstance(seen[-1], RunFinished)
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize("way", ["threads", "tasks"])
def test_what_build_image_raises_comes_with_the_first_event(way: str, tmp_path: Path) -> None:
    given = build(tmp_path, build=built())
    given["run_directory"].mkdir(parents=True)
    begin: Mapping[str, Callable[[], object]] = {
        "threads": lambda: next(iter_build(**given)),
        "tasks": lambda: asyncio.run(events_of(given)),
    }
    with pytest.raises(StateError, match="there is a record"):
        begin[way]()


async def until_step(events: AsyncIterator[Event]) -> None:
    """Read until the first step of the template runs."""
    async for event in events:
        if event.kind == "step-started" and getattr(event, "step", "") == "customize[0]":
            return


def test_the_end_of_a_task_is_the_end_of_its_run(tmp_path: Path) -> None:
    """CancelledError goes on only when Packer has ended and the record is whole."""
    given = build(tmp_path, build=HANGING)

    async def main() -> None:
        reached = asyncio.Event()

        async def one() -> None:
            async for event in build_events(**given):
                if getattr(event, "step", None) == "customize[0]":
                    reached.set()

        task = asyncio.create_task(one())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    run = read_run(given["run_directory"])
    assert (run.state, run.exit_code) == (RunState.CANCELED, ExitCode.CANCELLED)


def test_a_time_limit_of_asyncio_ends_the_run(tmp_path: Path) -> None:
    given = build(tmp_path, build=HANGING)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(abuild_image(**given), 2)

    asyncio.run(main())
    assert read_run(given["run_directory"]).state is RunState.CANCELED


def test_a_stream_that_is_left_ends_its_run(tmp_path: Path) -> None:
    one, two = build(tmp_path / "a", build=HANGING), build(tmp_path / "b", build=HANGING)

    async def leave() -> None:
        async with aclosing(build_events(**one)) as events:
            await until_step(events)

    asyncio.run(leave())
    with closing(iter_build(**two)) as events:  # type: ignore[type-var]  # a generator
        next(event for event in events if getattr(event, "step", None) == "customize[0]")
    for given in (one, two):
        assert read_run(given["run_directory"]).state is RunState.CANCELED


def test_a_slow_reader_holds_packer_back_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_AHEAD", 50)
    line = "1790000010,,ui,message,    azure-arm.image: line\n"
    opening = until(SUCCESS, "01-install.sh")
    scene = built(text=opening + line * 5000 + SUCCESS[len(opening) :])
    most = 0
    count = 0
    take = stream._Running.take

    def watched(running: Any) -> list[Event]:  # the class is private to the module
        nonlocal most
        found = take(running)
        most = max(most, len(found))
        return found

    monkeypatch.setattr(stream._Running, "take", watched)
    for event in iter_build(**build(tmp_path, build=scene)):
        count += isinstance(event, Output) and event.text == "line"
    assert count == 5000
    assert most <= 50


def test_long_lines_hold_packer_back_before_they_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_AHEAD_CHARACTERS", 1000)
    opening = until(SUCCESS, "01-install.sh")
    line = f"1790000010,,ui,message,    azure-arm.image: {'x' * 200}\n"
    most = 0
    take = stream._Running.take

    def watched(running: Any) -> list[Event]:  # the class is private to the module
        nonlocal most
        found = take(running)
        most = max(most, sum(len(event.text) for event in found if isinstance(event, Output)))
        return found

    monkeypatch.setattr(stream._Running, "take", watched)
    scene = built(text=opening + line * 500 + SUCCESS[len(opening) :])
    events = list(iter_build(**build(tmp_path, build=scene)))
    assert sum(isinstance(event, Output) and len(event.text) == 200 for event in events) == 500
    assert most <= 1200


def test_a_reader_that_stalls_does_not_keep_a_run_from_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the wish to cancel on nothing is held back, so that Packer can clean up."""
    monkeypatch.setattr(stream, "_AHEAD", 5)
    line = "1790000010,,ui,message,    azure-arm.image: line\n"
    given = build(tmp_path, build={**HANGING, "text": f"{HANGING['text']}{line * 200}"})
    from imagesmith.packer import CancelToken

    token = CancelToken()
    events = iter_build(**given, cancel=token)
    next(event for event in events if getattr(event, "step", None) == "customize[0]")
    token.request("library")
    last = list(events)[-1]
    assert isinstance(last, RunFinished)
    assert last.result.state is RunState.CANCELED


def test_many_streams_at_once_do_not_meet(tmp_path: Path) -> None:
    """Three tasks and three threads; each gets its own events, in order."""

    def scene(name: str) -> dict[str, object]:
        return built(text=SUCCESS.replace("Creating resource group ...", f"Creating {name} ..."))

    found: dict[str, list[Event]] = {}

    def in_thread(name: str) -> None:
        found[name] = list(iter_build(**build(tmp_path / name, build=scene(name))))

    async def tasks() -> None:
        names = ("d", "e", "f")
        runs = await asyncio.gather(*(events_of(build(tmp_path / name, build=scene(name))) for name in names))
        found.update(zip(names, runs, strict=True))

    threads = [threading.Thread(target=in_thread, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    asyncio.run(tasks())
    for thread in threads:
        thread.join()
    assert sorted(found) == list("abcdef")
    for name, events in found.items():
        said = [event.text for event in events if isinstance(event, Progress) and event.text.startswith("Creating ")]
        assert f"Creating {name} ..." in said
        assert not any(f"Creating {other} ..." in said for other in found if other != name)
        assert isinstance(events[-1], RunFinished)
