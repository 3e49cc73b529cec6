"""What a run did not plan, each at its place: requests to stop, silence, and stages that were tried again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeAlias

from imagesmith.events import CancelRequested, RetryScheduled, Silence
from imagesmith.journal import fields


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where in a run something happened: the phase, the step that was running, and how many had begun by then."""

    phase: str = ""
    step: str | None = None
    steps_begun: int = 0


@dataclass(kw_only=True, slots=True)
class RequestStory:
    """Somebody, or a limit, wanted the run to stop. `count` is 3 for the request that ended Packer at once."""

    kind: ClassVar[str] = CancelRequested.kind
    time: datetime | None
    place: Place
    reason: str
    count: int
    ended_after_s: float | None = None
    """Seconds until the phase ended; None for one that was not the first, or where the record does not say."""


@dataclass(kw_only=True, slots=True)
class SilenceStory:
    """Nothing was heard for `quiet_s` seconds; `acts` says that this was the limit, and the run was cancelled by it."""

    kind: ClassVar[str] = Silence.kind
    time: datetime | None
    place: Place
    quiet_s: float
    limit_s: float
    acts: bool


@dataclass(kw_only=True, slots=True)
class RetryStory:
    """A try at a stage failed, and another one was to follow. `attempt` is that one's number, the first try was 1."""

    kind: ClassVar[str] = RetryScheduled.kind
    time: datetime | None
    place: Place
    stage: str
    attempt: int
    attempts: int
    wait_s: float
    cause: str
    known: str


Incident: TypeAlias = RequestStory | SilenceStory | RetryStory


def incident_of(event: Mapping[str, Any], place: Place | None = None) -> Incident | None:  # JSON data
    """The incident that an event tells, None for an event of another kind. What it lacks is empty or 0."""
    time, place = fields.time(event.get("time")), place or Place()
    match event.get("event"):
        case CancelRequested.kind:
            reason, count = fields.text(event.get("reason")), fields.number(event.get("count"))
            return RequestStory(time=time, place=place, reason=reason or "", count=count or 1)
        case Silence.kind:
            return SilenceStory(
                time=time,
                place=place,
                quiet_s=fields.seconds(event.get("quiet_s")) or 0.0,
                limit_s=fields.seconds(event.get("limit_s")) or 0.0,
                acts=event.get("acts") is True,
            )
        case RetryScheduled.kind:
            return RetryStory(
                time=time,
                place=place,
                stage=fields.text(event.get("stage")) or "",
                attempt=fields.number(event.get("attempt")) or 0,
                attempts=fields.number(event.get("attempts")) or 0,
                wait_s=fields.seconds(event.get("wait_s")) or 0.0,
                cause=fields.text(event.get("cause")) or "",
                known=fields.text(event.get("known")) or "",
            )
        case _:
            return None
