"""One known error: how its text looks, what it means, what to do, and whether trying again can help."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache


class Where(StrEnum):
    """Whose words a pattern is looked for in: those of Packer (and of Azure through it), or those of a step."""

    PACKER = "packer"
    STEP = "step"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownError:
    """A row of the table. `cause` and `remedy` are whole sentences without a stop, in the user's words; `transient`
    says that the same build may succeed a little later without anybody doing anything; `source` is where the text and
    its meaning are documented; `text` is a regular expression.
    """

    id: str
    text: str
    cause: str
    remedy: str
    source: str
    transient: bool = False
    where: tuple[Where, ...] = (Where.PACKER,)

    @property
    def pattern(self) -> re.Pattern[str]:
        """What is searched for, without regard to case; compiled when it is first needed, which is after a failure."""
        return _compiled(self.text)


@cache
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def row(
    id_: str,
    pattern: str,
    *,
    cause: str,
    remedy: str,
    source: str,
    transient: bool = False,
    where: tuple[Where, ...] = (Where.PACKER,),
) -> KnownError:
    """A row of the table, written with its pattern beside its name."""
    return KnownError(
        id=id_,
        text=pattern,
        cause=cause,
        remedy=remedy,
        source=source,
        transient=transient,
        where=where,
    )


STEP = (Where.STEP,)
