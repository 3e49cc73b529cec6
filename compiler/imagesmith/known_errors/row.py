"""One known error: how its text looks, what it means, what to do, and whether trying again can help."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Where(StrEnum):
    """Whose words a pattern is looked for in: those of Packer (and of Azure through it), or those of a step."""

    PACKER = "packer"
    STEP = "step"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownError:
    """A row of the table. `cause` and `remedy` are whole sentences without a stop, in the user's words; `transient`
    says that the same build may succeed a little later without anybody doing anything; `source` is where the text and
    its meaning are documented.
    """

    id: str
    pattern: re.Pattern[str]
    cause: str
    remedy: str
    source: str
    transient: bool = False
    where: tuple[Where, ...] = (Where.PACKER,)


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
    """A row whose pattern is text, searched for without regard to case."""
    return KnownError(
        id=id_,
        pattern=re.compile(pattern, re.IGNORECASE),
        cause=cause,
        remedy=remedy,
        source=source,
        transient=transient,
        where=where,
    )


STEP = (Where.STEP,)
