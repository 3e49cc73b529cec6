"""What the supervision of a run did (cancel, clean-up, silence, retry) to words: when it happens, and looking back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from imagesmith.events import CancelRequested, CleanupProgress, Event, RetryScheduled, Silence
from imagesmith.journal import Incident, RequestStory, RetryStory, SilenceStory
from imagesmith.packer.cancel import INTERRUPTED, TERMINATED
from imagesmith.report.text import escape_controls as printable
from imagesmith.report.words import duration

_WHO: Mapping[str, str] = {INTERRUPTED: "Ctrl-C", TERMINATED: "SIGTERM or SIGHUP"}
"""Reasons of requests to stop that are no words for people."""


def supervision_line(event: Event) -> str | None:
    """What such an event says; None for an event of another kind."""
    match event:
        case CancelRequested():
            return f"warning: {printable(event.text)}"
        case CleanupProgress():
            so_far = f" for {event.elapsed_s:.0f} s" if event.elapsed_s >= 1 else ""
            return f"  cleaning up{so_far}: {printable(event.text)}"
        case Silence():
            where = f" ({event.step})" if event.step else ""
            then = "the run is cancelled" if event.acts else f"the run is cancelled at {event.limit_s:g} s"
            return f"warning: nothing was heard for {event.quiet_s:.0f} s{where}; {then}"
        case RetryScheduled():
            tries = f"try {event.attempt} of {event.attempts}"
            return f"warning: {printable(event.cause)}; {tries} in {event.wait_s:.0f} s"
        case _:
            return None


def incident_words(incident: Incident) -> str:
    """What an incident was, once it is over. Where it happened is not in it."""
    match incident:
        case RequestStory():
            return _request_words(incident)
        case SilenceStory():
            quiet = f"nothing was heard for {duration(incident.quiet_s)}"
            limit = f"the limit is {duration(incident.limit_s)}"
            return f"{quiet}, and the run was cancelled" if incident.acts else f"{quiet}; {limit}"
        case RetryStory():
            tried = f"try {incident.attempt - 1} of {incident.attempts} failed: {printable(incident.cause)}"
            return f"{tried}; the next one after {duration(incident.wait_s)}"
        case _:
            assert_never(incident)


def _request_words(request: RequestStory) -> str:
    who = printable(_WHO.get(request.reason, request.reason))
    if request.count == 1:
        end = request.ended_after_s
        return f"asked to stop ({who})" + (f"; that took {duration(end)}" if end is not None else "")
    return f"asked to stop again ({who})" if request.count == 2 else f"Packer was ended at once ({who})"
