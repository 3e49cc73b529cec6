"""The surroundings of a run to the whole environment that Packer and its plugins get (packer.md §11, supervisor 1)."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from imagesmith.packer.scratch import scratch_folder

_SCRUBBED = ("PACKER_", "PKR_", "HCP_", "ARM_", "CHECKPOINT_", "TF_LOG")
"""Variables that would change what Packer does behind the plan's back; some reach for the network (packer.md §4.9)."""

_LONGEST = 60
"""Characters of a temporary folder below which a socket in it fits: a path of a socket has at most about 104, and a
plugin's name in a folder of its own takes up to 40 (packer.md §4.6)."""

_OWN_NAME = 20
"""Characters that a new folder adds to its parent's path."""


@contextmanager
def temporary_folder(private: Path) -> Iterator[Path]:
    """A folder for Packer's sockets and scratch files, gone at the end: in `private`, or, where that path is too long
    for a socket, a new one of its own in the first temporary folder of the system that is short enough.
    """
    private.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_short(private):
        with scratch_folder(_short_place()) as place:
            yield place
        return
    place = Path(tempfile.mkdtemp(prefix="tmp-", dir=private))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _is_short(folder: Path) -> bool:
    return len(str(folder.absolute())) <= _LONGEST - _OWN_NAME


def _short_place() -> Path | None:
    """A folder for new ones that a socket fits into; None, which is the usual one, where there is none."""
    places = (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - made by mkdtemp, for us alone
    return next((place for place in places if _is_short(place) and os.access(place, os.W_OK | os.X_OK)), None)


def packer_environment(
    world: Mapping[str, str],
    *,
    private: Path,
    temporary: Path,
    variables: Mapping[str, str],
    plugin_path: Path | None = None,
    log: Path | None = None,
    azure_config: Path | None = None,
) -> dict[str, str]:
    """The environment of a Packer that shares nothing with other Packers of the user.

    Home, configuration and cache lie in `private` (made if need be); `temporary` must be short, see `temporary_folder`.
    `variables` become ``PKR_VAR_…``, the only way for a secret: arguments can be seen by everybody. `plugin_path` is
    the only folder with plugins. `log` turns on Packer's own log, which holds the bodies of Azure's answers. A login
    through the Azure command line finds its state in `azure_config`, by default where the user has it (`HOME` of
    `world`): with a private home it would not be logged in.
    """
    home = private / "home"
    for folder in (home, private / "config", private / "cache"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {name: value for name, value in world.items() if not name.upper().startswith(_SCRUBBED)}
    azure = azure_config or _azure_config(world)
    return {
        **kept,
        **_folders(home, temporary),
        **({"AZURE_CONFIG_DIR": str(azure)} if azure else {}),
        **({"PACKER_PLUGIN_PATH": str(plugin_path.absolute())} if plugin_path else {}),
        **({"PACKER_LOG": "1", "PACKER_LOG_PATH": str(log.absolute())} if log else {}),
        "PACKER_CONFIG_DIR": str((private / "config").absolute()),
        "PACKER_CACHE_DIR": str((private / "cache").absolute()),
        "PACKER_NO_COLOR": "1",
        "CHECKPOINT_DISABLE": "1",
        **{f"PKR_VAR_{name}": value for name, value in variables.items()},
    }


def _folders(home: Path, temporary: Path) -> dict[str, str]:
    here, scratch = str(home.absolute()), str(temporary.absolute())
    if sys.platform == "win32":
        return {"USERPROFILE": here, "APPDATA": here, "LOCALAPPDATA": here, "TEMP": scratch, "TMP": scratch}
    return {"HOME": here, "XDG_CONFIG_HOME": f"{here}/.config", "XDG_CACHE_HOME": f"{here}/.cache", "TMPDIR": scratch}


def _azure_config(world: Mapping[str, str]) -> str | None:
    if given := world.get("AZURE_CONFIG_DIR"):
        return given
    home = world.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    return str(Path(home, ".azure")) if home else None
