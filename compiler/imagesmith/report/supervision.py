"""Events of the supervision (cancel, clean-up, silence, retry) to lines for people."""

from __future__ import annotations

from imagesmith.events import CancelRequested, CleanupProgress, Event, RetryScheduled, Silence
from imagesmith.report.text import escape_controls as printable


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
