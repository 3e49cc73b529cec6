"""What the supervisor says, and when: driven look by look, with a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from imagesmith.build import BuildOptions
from imagesmith.build.record import RunFolder
from imagesmith.build.run import SILENCE, Run
from imagesmith.build.supervise import Supervisor
from imagesmith.events import CancelRequested, CleanupProgress, Event, Silence
from imagesmith.packer import CancelToken
from imagesmith.world import World
from tests.test_build_run import Stand, stand

__all__ = ["stand"]


@dataclass
class Watched:
    """A run, its supervisor, and what was said; `at` moves the clock and has the supervisor look."""

    run: Run
    events: list[Event]
    moment: float = 1000.0
    supervisor: Supervisor = field(init=False)

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(self.run, heartbeat_s=15, monotonic=lambda: self.moment)

    def at(self, seconds: float) -> list[Event]:
        """What is said at that many seconds from the start."""
        self.moment = 1000.0 + seconds
        before = len(self.events)
        self.supervisor._look()
        return self.events[before:]


@pytest.fixture
def watched(stand: Stand) -> Iterator[Watched]:
    """A run whose Packer was heard at the start."""
    compilation, packer = stand.compilation(), stand.packer()
    world = World(name="nowhere", environment={}, subscription_id="1")
    with RunFolder(
        stand.folder / "runs" / "r", compilation, packer, world, stand.events.append, options=BuildOptions()
    ) as folder:
        run = Run(
            compilation=compilation,
            packer=packer,
            world=world,
            folder=folder,
            cancel=CancelToken(),
            options=BuildOptions(silence_timeout_s=100),
            heard_at=1000.0,
            has_begun_machines=True,
        )
        yield Watched(run, stand.events)


def test_silence_is_told_once_at_half_of_its_limit_and_acts_at_the_whole(watched: Watched) -> None:
    """One line heard between, and it begins anew."""
    assert watched.at(49) == []
    (told,) = watched.at(50)
    assert isinstance(told, Silence)
    assert (told.quiet_s, told.limit_s, told.acts) == (50, 100, False)
    assert watched.at(99) == []
    watched.run.heard_at = 1099.0
    assert watched.at(140) == []
    (again,) = watched.at(149)
    assert isinstance(again, Silence)
    assert not again.acts
    (acting,) = watched.at(200)
    assert isinstance(acting, Silence)
    assert acting.acts
    assert watched.run.cancel.reason == SILENCE
    (cancelling,) = watched.at(200.1)
    assert isinstance(cancelling, CancelRequested)


def test_nothing_is_silent_while_no_packer_runs(watched: Watched) -> None:
    """Fetching and asking Azure have time limits of their own."""
    watched.run.heard_at = None
    assert watched.at(500) == []


def test_a_clean_up_is_shown_when_it_says_something_and_now_and_then(watched: Watched) -> None:
    """With the seconds since the request, and not line by line."""
    watched.run.cancel.request("interrupted")
    (told,) = watched.at(0)
    assert isinstance(told, CancelRequested)
    assert "Packer removes what it made" in told.text
    watched.run.stopping = True
    shown = []
    for seconds, doing in (
        (1, "deleting VM"),
        (1.5, "deleting NIC"),
        (2, "deleting IP"),
        (4, "deleting IP"),
        (18, ""),
        (40, ""),
    ):
        watched.run.doing = doing or watched.run.doing
        shown += [(event.text, event.elapsed_s) for event in watched.at(seconds) if isinstance(event, CleanupProgress)]
    assert shown == [("deleting VM", 1), ("deleting IP", 4), ("deleting IP", 40)]


def test_a_cancel_before_the_first_machine_promises_no_clean_up(watched: Watched) -> None:
    """There is nothing to remove."""
    watched.run.has_begun_machines = False
    watched.run.cancel.request("terminated")
    (told,) = watched.at(1)
    assert isinstance(told, CancelRequested)
    assert told.text == "cancelling (terminated)"


def test_a_kill_that_comes_with_the_second_request_is_told_once(watched: Watched) -> None:
    """Also where the supervisor sees both at the same time."""
    watched.run.cancel.request("interrupted")
    watched.at(1)
    watched.run.cancel.request("interrupted")
    watched.run.cancel.kill()
    assert [event.count for event in watched.at(2) if isinstance(event, CancelRequested)] == [3]


def test_requests_are_numbered_and_each_is_told_once(watched: Watched) -> None:
    """The second with what a third one does, the third with what finds the rest."""
    for _ in range(2):
        watched.run.cancel.request("interrupted")
    first = watched.at(1)
    assert [event.count for event in first if isinstance(event, CancelRequested)] == [1, 2]
    watched.run.cancel.kill()
    watched.run.cancel.kill()
    (third,) = (event for event in watched.at(2) if isinstance(event, CancelRequested))
    assert (third.count, third.reason, "imagesmith sweep" in third.text) == (3, "killed", True)
    assert [event for event in watched.at(3) if isinstance(event, CancelRequested)] == []


def test_what_stays_in_a_sandbox_needs_no_sweep(watched: Watched) -> None:
    """It ends with the sandbox; before the first machine nothing stays at all."""
    watched.run.world = replace(watched.run.world, sweep_arguments=None)
    for _ in range(2):
        watched.run.cancel.request("interrupted")
    _, second = watched.at(1)
    assert isinstance(second, CancelRequested)
    assert second.text.endswith(
        "A third request ends Packer at once and leaves the rest there, which ends with the sandbox"
    )
    watched.run.has_begun_machines = False
    watched.run.cancel.kill("interrupted")
    (third,) = watched.at(2)
    assert isinstance(third, CancelRequested)
    assert third.text == "Packer is ended at once (interrupted)"


def test_the_limit_of_a_clean_up_is_told_as_the_cause_of_its_end(watched: Watched) -> None:
    """And not what had asked for the clean-up."""
    watched.run.options = replace(watched.run.options, cleanup_timeout_s=30)
    watched.run.cancel.request("interrupted")
    watched.at(0)
    watched.run.stopping = True
    watched.at(31)
    (told,) = (event for event in watched.at(31.1) if isinstance(event, CancelRequested))
    assert told.text.startswith(
        "Packer is ended at once (clean-up limit) and leaves the rest in Azure, for `imagesmith"
    )
