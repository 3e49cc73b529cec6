"""The text of a settings file to `Settings`: values of the known keys, and diagnostics for the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from imagesmith.diagnostics import Diagnostic, SourceText, Span
from imagesmith.settings.keys import KEYS, NOT_IN_A_FILE, Key
from imagesmith.settings.places import place_of, place_of_error
from imagesmith.settings.rules import FORBIDDEN_SETTING, UNKNOWN_SETTING, UNREADABLE_SETTINGS, WRONG_SETTING

PYPROJECT = "pyproject.toml"
_LARGEST = 1 << 20
"""Bytes that are read; a file cut there is no TOML or has more settings than there are."""

_TABLE = ("tool", "imagesmith")

_SPEAKS_OF_US = re.compile(
    r"tool\W+imagesmith|^[ \t]*\[[ \t]*[\"']?tool[\"']?[ \t]*\]|^[ \t]*[\"']?tool[\"']?[ \t]*[=.]", re.MULTILINE
)
"""Whether it is worth reading a pyproject.toml; other programs tell what is wrong with one that is not ours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a settings file says, by the names that the options have in commands (`fail_on`); nothing without a file."""

    file: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()


def read(file: Path) -> Settings | None:
    """Read a settings file; never raises. None for a pyproject.toml without a table for imagesmith."""
    try:
        with file.open("rb") as stream:
            text = stream.read(_LARGEST).decode("utf-8")
    except (OSError, ValueError) as error:
        if file.name == PYPROJECT:
            return None  # other programs tell of that
        place = Span(SourceText(str(file), ""), 0, 0)
        return Settings(file=file, diagnostics=(UNREADABLE_SETTINGS.at((), _why(error), span=place),))
    return _read_text(text, file)


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "the settings file is not UTF-8 text"
    reason = error.strerror if isinstance(error, OSError) else "its name is none"
    return f"the settings file cannot be read: {reason or 'unknown cause'}"


def _read_text(text: str, file: Path) -> Settings | None:
    if file.name == PYPROJECT and not _SPEAKS_OF_US.search(text):
        return None
    import tomllib  # most templates have no settings file

    source = SourceText(str(file), text)
    table: object
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        message = f"the settings file is not TOML: {str(error).partition(' (at ')[0]}"
        found = UNREADABLE_SETTINGS.at((), message, span=place_of_error(source, str(error)))
        return Settings(file=file, diagnostics=(found,))
    above: tuple[str, ...] = _TABLE if file.name == PYPROJECT else ()
    for part in above:
        table = table.get(part) if isinstance(table, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        found = WRONG_SETTING.at((), "'tool.imagesmith' is a table", span=place_of(source, above))
        return Settings(file=file, diagnostics=(found,))
    return _take(table, above, source, file)


def _take(table: Mapping[str, object], above: tuple[str, ...], source: SourceText, file: Path) -> Settings:
    known = {key.name: key for key in KEYS}
    values: dict[str, Any] = {}
    diagnostics: list[Diagnostic] = []
    for name, value in table.items():
        path = (*above, name)
        key = known.get(name)
        if key is None:
            diagnostics.append(_strange(name, path, source))
            continue
        try:
            values[key.parameter] = _beside(key, key.read(value), file)
        except ValueError as error:
            place = place_of(source, path, value=True)
            diagnostics.append(WRONG_SETTING.at((), f"'{name}' is {error}", span=place))
    return Settings(file=file, values=values, diagnostics=tuple(diagnostics))


def _beside(key: Key, value: Any, file: Path) -> Any:
    """A path is meant from the settings file's folder on."""
    return str(file.parent / value) if key.name == "baseline" else value


def _strange(name: str, path: tuple[str, ...], source: SourceText) -> Diagnostic:
    place = place_of(source, path)
    low = name.lower().replace("_", "-")
    if low in NOT_IN_A_FILE:
        message = f"a settings file may not decide {NOT_IN_A_FILE[low]}"
        return FORBIDDEN_SETTING.at((), message, hint=f"give --{low} to the command", span=place)
    near = get_close_matches(low[:40], [key.name for key in KEYS], n=1)
    hint = f"did you mean '{near[0]}'?" if near else ""
    return UNKNOWN_SETTING.at((), f"there is no setting '{name[:60]}'", hint=hint, span=place)
