"""Version numbers of Packer and its plugins, as text to values that compare by semantic versioning."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

_FORM = re.compile(
    r"v?(?P<major>[0-9]{1,9})(?:\.(?P<minor>[0-9]{1,9}))?(?:\.(?P<patch>[0-9]{1,9}))?"
    r"(?:-(?P<prerelease>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?"
)


@total_ordering
@dataclass(frozen=True, slots=True, eq=True)
class Version:
    """A version; a prerelease (``2.6.4-dev``) stands before its release. Build metadata is dropped."""

    major: int
    minor: int = 0
    patch: int = 0
    prerelease: str = ""

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read ``1.6.6``, ``v2.6.3``, ``1.7`` (which is 1.7.0) or ``2.6.4-dev``. Raises ValueError for other text."""
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"'{text}' is not a version; expected a form like 1.16.0")
        return cls(
            major=int(match["major"]),
            minor=int(match["minor"] or 0),
            patch=int(match["patch"] or 0),
            prerelease=match["prerelease"] or "",
        )

    def __str__(self) -> str:
        core = f"{self.major}.{self.minor}.{self.patch}"
        return f"{core}-{self.prerelease}" if self.prerelease else core

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return self._precedence() < other._precedence()

    def _precedence(self) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
        """Semantic Versioning 2.0.0, item 11: numbers before words, fewer parts before more."""
        parts = tuple(
            (not part.isdigit(), int(part) if part.isdigit() else 0, part)
            for part in self.prerelease.split(".")
            if part
        )
        return self.major, self.minor, self.patch, not self.prerelease, parts
