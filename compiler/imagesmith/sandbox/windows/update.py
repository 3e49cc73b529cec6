"""The update plugin's calls to a search that finds one made-up update, and none after the restart that it asks for.

The plugin believes an exit code only behind a line that announces it (winrm.md §6.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from imagesmith.sandbox.windows.snippets import decoded

RESTART_NEEDED = 101

_INNER = re.compile(
    r"powershell(?:\.exe)? -executionpolicy bypass -outputformat text -encodedcommand (?P<text>[A-Za-z0-9+/]+={0,2})",
    re.IGNORECASE,
)
_TEXT = r"'(?:[^']|'')*'"
_CALL = re.compile(
    rf"C:/Windows/Temp/packer-windows-update\.ps1(?: -SearchCriteria (?P<criteria>{_TEXT}))?"
    rf"(?: -Filters (?P<filters>{_TEXT}(?:,{_TEXT})*))?(?: -UpdateLimit (?P<limit>-?[0-9]+))?"
    r"(?P<check> -OnlyCheckForRebootRequired)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateCall:
    """What the plugin asks for; None and nothing where it leaves that to its script."""

    criteria: str | None = None
    filters: tuple[str, ...] = ()
    limit: int | None = None
    only_check: bool = False


def parse_call(command: str) -> UpdateCall | None:
    """The call in a task's command; None where it is another command."""
    inner = _INNER.fullmatch(command)
    match = _CALL.fullmatch(decoded(inner["text"]) or "") if inner else None
    if match is None:
        return None
    return UpdateCall(
        criteria=_unquoted(match["criteria"]) if match["criteria"] else None,
        filters=tuple(_unquoted(text) for text in re.findall(_TEXT, match["filters"] or "")),
        limit=int(match["limit"]) if match["limit"] else None,
        only_check=match["check"] is not None,
    )


def answer(call: UpdateCall, *, up_to_date: bool, computer: str) -> tuple[tuple[str, ...], int]:
    """The lines that the script prints, and its exit code."""
    if call.only_check:
        return (f"{computer} restarted.", _exiting(0)), 0
    if up_to_date:
        return ("Searching for Windows updates...", "No Windows updates found", _exiting(0)), 0
    return (
        "Searching for Windows updates...",
        "Found Windows update (imagesmith: a made-up one, recorded and not installed)",
        "Waiting for the Windows Modules Installer to exit...",
        _exiting(RESTART_NEEDED),
    ), RESTART_NEEDED


def _exiting(code: int) -> str:
    return f"Exiting with code {code}"


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")
