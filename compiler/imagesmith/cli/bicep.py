"""The command line and its surroundings to the bicep program."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from imagesmith import source
from imagesmith.source import Bicep


def find_bicep(named: str | None, environment: Mapping[str, str], *, for_files: Iterable[str]) -> Bicep | None:
    """The bicep program: the one that was named, the one on PATH, or the one that the Azure command line installed; it
    is looked for only where one of the files is Bicep."""
    kept = dict(environment)
    if named:
        return Bicep(program=named, environment=kept)
    if not any(source.is_bicep(file) for file in for_files):
        return None
    from imagesmith.toolchain.find import programs_on_path

    name = "bicep.exe" if sys.platform == "win32" else "bicep"
    home = environment.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    azure = Path(environment.get("AZURE_CONFIG_DIR") or Path(home or ".", ".azure"), "bin", name)
    found = next(programs_on_path(name, environment, []), azure if azure.is_file() else None)
    return Bicep(program=str(found), environment=kept) if found else None
