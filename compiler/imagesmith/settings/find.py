"""A folder to the settings that hold in it: the nearest file above it, not beyond the repository that it is in."""

from __future__ import annotations

from pathlib import Path

from imagesmith.settings.read import PYPROJECT, Settings, read

OWN_FILE = "imagesmith.toml"
_REPOSITORY = ".git"


def settings_for(folder: Path) -> Settings:
    """What holds in a folder; empty settings where there is no file. Never raises."""
    return find(folder) or Settings()


def find(folder: Path) -> Settings | None:
    """The settings of the nearest file: `imagesmith.toml` before a `pyproject.toml` that speaks of imagesmith.

    The search ends at the root of a repository, since what lies above it belongs to somebody else.
    """
    try:
        start = folder.resolve()
    except (OSError, ValueError, RuntimeError):  # no name of a folder, or links in a circle
        return None
    for place in (start, *start.parents):
        for name in (OWN_FILE, PYPROJECT):
            file = place / name
            if _is_file(file) and (settings := read(_as_given(file, folder, start))) is not None:
                return settings
        if _exists(place / _REPOSITORY):
            break
    return None


def _as_given(file: Path, folder: Path, start: Path) -> Path:
    """The file as a person would call it from where they are."""
    if file.parent == start:
        return folder / file.name
    try:
        return file.relative_to(Path.cwd().resolve())
    except (OSError, ValueError):
        return file


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except (OSError, ValueError):
        return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
