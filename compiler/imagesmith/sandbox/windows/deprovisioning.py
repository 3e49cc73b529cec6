"""Our own scripts of `templates/scripts`, known by all of their text: what they do is done by meaning (winrm.md §5.4).

A script that only resembles one of them is a user's.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import cache

from imagesmith.emit.pages import loaded_pages
from imagesmith.sandbox.windows.paths import WindowsPath

SCRIPT = WindowsPath("C", ("DeprovisioningScript.ps1",))
"""Where Azure's service keeps the script that generalizes the machine (aib-templates.md §2.5)."""

_NAMED = re.compile(r"DeprovisioningScript\.ps1", re.IGNORECASE)
_SYSPREP = re.compile(r"sysprep(?:\.exe)?[\"']?\s[^\r\n]*/generalize\b", re.IGNORECASE)


class Own(Enum):
    """What a script of ours does."""

    PLACE = "place-deprovisioning.ps1.j2"
    DEPROVISION = "deprovision.ps1.j2"


def own_script(content: bytes) -> Own | None:
    """Which script of ours this is, None for a user's."""
    return _known().get(content)


def default_script() -> bytes:
    """The default deprovisioning script as `Set-Content` writes it."""
    return _rendered("default-deprovisioning.ps1.j2").removesuffix(b"\n") + b"\r\n"


def names_script(text: str) -> bool:
    """Whether a script has to do with the deprovisioning script."""
    return _NAMED.search(text) is not None


def generalizes(text: str) -> bool:
    """Whether a script calls sysprep with `/generalize`."""
    return _SYSPREP.search(text) is not None


@cache
def _known() -> dict[bytes, Own]:
    return {_rendered(own.value): own for own in Own}


def _rendered(name: str) -> bytes:
    return loaded_pages().script(f"scripts/{name}")
