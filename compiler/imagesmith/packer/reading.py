"""Batches of Packer's lines to the tracker; the ordinary line of a step that runs takes a short way.

Of a long log nearly all lines are such: a `ui` record of the build, nothing of which has a meaning to Packer or to us.
To parse each as a record, to ask which step it opens, to redact it and to write its event costs twenty times what it
takes to see that it is of this kind (`bench/log_path.py`). What the short way cannot say for certain takes the long
one, so both say the same (`tests/test_reading.py` compares them).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import datetime

from imagesmith.events import now
from imagesmith.listening import OutputLines
from imagesmith.packer import opening
from imagesmith.packer.lines import Batch, Stream
from imagesmith.packer.protocol import COMMA, Item, parse
from imagesmith.packer.steps import StepTracker
from imagesmith.redact import LineRedactor

_ORDINARY = re.compile(r"[0-9]{1,18},[^,\0]*,ui,(?P<level>say|message|error),(?:==>|   ) [^\s:,]+(?: \([^(),]*\))?: ")
"""What a line of a build begins with (packer.md §4.2, §4.3): narrower than what `parse` and `ui_lines` take."""
_STREAMS = {"say": "stdout", "message": "stdout", "error": "stderr"}
_RUN = 256
"""Lines that are looked at together, so that a batch full of breaks is not copied again and again."""
_UNUSED = "\n"
"""No line begins so."""


class LineReader:
    """Feeds a tracker. `take_item` gets every line, parsed, that does not take the short way, before the tracker does;
    `take_lines` gets those that do. `redact` is the tracker's own: what is broken over lines may go either way.
    """

    def __init__(
        self,
        tracker: StepTracker,
        *,
        take_item: Callable[[Item, Stream], None],
        take_lines: Callable[[Sequence[OutputLines]], None],
        redact: LineRedactor,
        now: Callable[[], datetime] = now,
    ) -> None:
        self._tracker = tracker
        self._take_item = take_item
        self._take_lines = take_lines
        self._redact = redact
        self._now = now
        self._beginning = _UNUSED
        """How the last line began that took the short way: so do most that follow it in the same second."""
        self._level = ""

    def take(self, batch: Batch) -> None:
        """The next lines. Nothing of them is kept for later."""
        lines, suspects = batch.lines, sorted(batch.suspects)
        time, at = self._now(), 0
        spoken: list[OutputLines] = []
        while at < len(lines):
            step, texts = self._tracker.printing, []
            if step is not None and self._begins(lines[at]):
                suspect = bisect_left(suspects, at)
                stop = suspects[suspect] if suspect < len(suspects) else len(lines)
                texts = self._ordinary(lines[at : min(stop, at + _RUN)])
            if texts and step is not None:
                spoken.append(OutputLines(time=time, texts=texts, stream=_STREAMS[self._level], step=step))
                at += len(texts)
            else:
                self._give(spoken)
                self._take_long_way(lines[at], batch.stream)
                time, at = self._now(), at + 1  # no line is older than the event before it
        self._give(spoken)

    def _ordinary(self, lines: Sequence[str]) -> list[str]:
        """What the first lines say, as many as begin alike and are ordinary for certain: often all, and often none.

        Each operation here is done for every line of a log: it is written for speed.
        """
        texts: list[str] = []
        beginning, length, is_say = self._beginning, len(self._beginning), self._level == "say"
        settled = self._redact.settled
        for line in lines:
            if not line.startswith(beginning):
                break
            text = line[length:]
            if "," in text or "\r" in text or (is_say and opening.may_mean_something(text)):
                break
            if "\\" in text and ("\\n" in text or "\\r" in text):
                break  # several lines in one record, or a line end to be taken off
            if "%" in text and COMMA in text:
                text = self._redact(text.replace(COMMA, ","))  # a secret may stand in it only now
                settled = self._redact.settled
            elif not settled:
                text = self._redact(text)
                settled = self._redact.settled
            texts.append(text)
        return texts

    def _begins(self, line: str) -> bool:
        """Whether a line begins as an ordinary one; those after it are then compared with it."""
        if line.startswith(self._beginning):
            return True
        found = _ORDINARY.match(line)
        if found is not None:
            self._beginning, self._level = found[0], found["level"]
        return found is not None

    def _give(self, spoken: list[OutputLines]) -> None:
        if spoken:
            self._take_lines(tuple(spoken))
            spoken.clear()

    def _take_long_way(self, line: str, stream: Stream) -> None:
        item = parse(line)
        self._take_item(item, stream)
        self._tracker.feed(item, str(stream))
