"""Who takes a run's events: one at a time, and a step's output many lines at once by whoever can use it so."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from imagesmith.events import Event, OnEvent, Output


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputLines:
    """Lines that a step printed one after the other; stands for as many `Output` events, of which there are millions.

    All of them have arrived at `time`. `texts` hold no secrets: whoever makes this has seen to it.
    """

    time: datetime
    texts: Sequence[str]
    stream: str
    step: str

    def events(self) -> Iterator[Output]:
        """The events that it stands for."""
        for text in self.texts:
            yield Output(time=self.time, text=text, stream=self.stream, step=self.step)


class Listener(ABC):
    """Takes a run's events, one call at a time, from several threads. `build_image` takes one as `on_event`.

    Every callable can be `on_event`; a listener says in addition what it does with many lines at once.
    """

    @abstractmethod
    def __call__(self, event: Event) -> None:
        """Take an event."""

    def take_lines(self, lines: OutputLines) -> None:
        """Take lines of output; as single events, where nothing better is said."""
        for event in lines.events():
            self(event)


class Nobody(Listener):
    """Hears nothing."""

    def __call__(self, event: Event) -> None:
        """Let an event pass."""

    def take_lines(self, lines: OutputLines) -> None:
        """Let them pass."""


NOBODY = Nobody()


class _Caller(Listener):
    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event

    def __call__(self, event: Event) -> None:
        self._on_event(event)


def listener_of(on_event: OnEvent) -> Listener:
    """The listener that something callable is, or one that calls it for every event."""
    return on_event if isinstance(on_event, Listener) else _Caller(on_event)
