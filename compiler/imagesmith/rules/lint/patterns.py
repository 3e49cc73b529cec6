"""Regular expressions that are compiled when they are first used: most templates need few of them, and all of them
together cost as much as the rest of a look at a template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property


class Pattern:
    """The part of `re.Pattern` over text that the rules use. A pattern that is none shows in its first use; a test
    compiles all.
    """

    def __init__(self, text: str, flags: int | re.RegexFlag = 0) -> None:
        self.text = text
        self.flags = flags

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """What `re.compile` makes of it."""
        return re.compile(self.text, self.flags)

    def search(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        """As `re.Pattern.search`."""
        return self.compiled.search(text, start, len(text) if end is None else end)

    def match(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        """As `re.Pattern.match`."""
        return self.compiled.match(text, start, len(text) if end is None else end)

    def fullmatch(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        """As `re.Pattern.fullmatch`."""
        return self.compiled.fullmatch(text, start, len(text) if end is None else end)

    def finditer(self, text: str, start: int = 0, end: int | None = None) -> Iterator[re.Match[str]]:
        """As `re.Pattern.finditer`."""
        return self.compiled.finditer(text, start, len(text) if end is None else end)

    def split(self, text: str, most: int = 0) -> list[str | None]:
        """As `re.Pattern.split`."""
        return self.compiled.split(text, most)

    def sub(self, by: str | Callable[[re.Match[str]], str], text: str) -> str:
        """As `re.Pattern.sub`."""
        return self.compiled.sub(by, text)
