"""Folders to the plugins in them that Packer would load, and those to a private folder for one run (packer.md §7)."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from imagesmith.toolchain.remembered import remembered
from imagesmith.versions import Version

AZURE = "github.com/hashicorp/azure"
WINDOWS_UPDATE = "github.com/rgl/windows-update"

_API_MAJOR = 5
_FIRST_WITH_PLUGINS = Version(1, 7)
_OLD_WINDOWS_UPDATE = "packer-provisioner-windows-update"
_NAME = re.compile(
    r"packer-plugin-(?P<name>[a-z0-9-]+)_v(?P<version>[^_]+)_x(?P<major>[0-9]+)\.[0-9]+_(?P<os>[a-z0-9]+)_(?P<arch>[a-z0-9]+)"
    r"(?:\.exe)?"
)
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Plugin:
    """A plugin that is installed: ``github.com/hashicorp/azure``, its version, its program.

    The version is None for a program of the time before plugins had any (Packer up to 1.6: lowering.md §4.4).
    """

    source: str
    version: Version | None
    path: Path


def host() -> tuple[str, str]:
    """This machine's operating system and architecture in Go's words: ``("linux", "amd64")``."""
    machine = platform.machine().lower()
    return {"win32": "windows"}.get(sys.platform, sys.platform), _ARCHITECTURES.get(machine, machine)


def plugin_folders(plugin_path: Path | None, environment: Mapping[str, str], cache: Path) -> tuple[Path, ...]:
    """Where plugins may be, best first: the option, PACKER_PLUGIN_PATH (older Packers: a list), Packer's own folders,
    our cache. Relative entries of the variable are left out.
    """
    listed = map(Path, filter(None, environment.get("PACKER_PLUGIN_PATH", "").split(os.pathsep)))
    return (
        *([plugin_path] if plugin_path else []),
        *(folder for folder in listed if folder.is_absolute()),
        *_own_folders(environment),
        cache / "plugins",
    )


def packers_plugin_path(environment: Mapping[str, str]) -> str | None:
    """What PACKER_PLUGIN_PATH has to say where Packer is given another home, so that it finds the plugins that it finds
    now; None where there are none."""
    own = next((str(folder) for folder in _own_folders(environment) if folder.is_dir()), None)
    return environment.get("PACKER_PLUGIN_PATH") or own


def _own_folders(environment: Mapping[str, str]) -> Iterator[Path]:
    if base := environment.get("PACKER_CONFIG_DIR") or environment.get("HOME") or environment.get("USERPROFILE"):
        yield from (Path(base, ".config", "packer", "plugins"), Path(base, ".packer.d", "plugins"))
    if configuration := environment.get("XDG_CONFIG_HOME"):
        yield Path(configuration, "packer", "plugins")
    if roaming := environment.get("APPDATA"):
        yield Path(roaming, "packer.d", "plugins")


def find_plugins(packer: Version, folders: Iterable[Path], *, memory: Path | None = None) -> tuple[Plugin, ...]:
    """The plugins that a Packer of this version can load: of each source the newest of the first folder that has one.

    Applies Packer's rules, which otherwise ignores a plugin without a word: name and folder agree, operating system,
    architecture and API version fit, and a _SHA256SUM file beside it is right. A digest that was computed before is
    taken from the cache `memory`, where one is given.
    """
    found: dict[str, Plugin] = {}
    for folder in folders:
        here = _tree(folder, memory) if packer >= _FIRST_WITH_PLUGINS else _old(folder)
        for plugin in here:
            found.setdefault(plugin.source, plugin)
    return tuple(found[source] for source in sorted(found))


def _old(folder: Path) -> Iterator[Plugin]:
    program = folder / (_OLD_WINDOWS_UPDATE + (".exe" if sys.platform == "win32" else ""))
    if program.is_file() and os.access(program, os.X_OK):
        yield Plugin(source=WINDOWS_UPDATE, version=None, path=program)


def _tree(folder: Path, memory: Path | None) -> Iterator[Plugin]:
    """One plugin a source: the newest whose digest is right; those that are not needed are not read."""
    candidates: dict[str, list[tuple[Version, Path]]] = {}
    for path in sorted(folder.glob("*/*/*/packer-plugin-*")):
        if (version := _fit(path)) is not None:
            candidates.setdefault("/".join(path.relative_to(folder).parts[:3]), []).append((version, path))
    for source, versions in candidates.items():
        for version, path in sorted(versions, reverse=True):
            if _digest_is_right(path, memory):
                yield Plugin(source=source, version=version, path=path)
                break


def _fit(path: Path) -> Version | None:
    match = _NAME.fullmatch(path.name)
    if match is None or match["name"] != path.parent.name or int(match["major"]) != _API_MAJOR:
        return None
    if (match["os"], match["arch"]) != host() or not os.access(path, os.X_OK):
        return None
    with suppress(ValueError):
        version = Version.parse(match["version"])
        return version if version.prerelease in {"", "dev"} else None
    return None


def _sum_file(program: Path) -> Path:
    return program.with_name(program.name.removesuffix(".exe") + "_SHA256SUM")


def _digest_is_right(program: Path, memory: Path | None) -> bool:
    with suppress(OSError, UnicodeDecodeError):
        expected = _sum_file(program).read_text("ascii").split()
        return expected[:1] == [remembered(program, "sha256", memory, lambda: _digest(program))]
    return False


def _digest(program: Path) -> str:
    with program.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def link_plugins(plugins: Iterable[Plugin], directory: Path) -> Path:
    """Make `directory` a folder that holds exactly these plugins, for PACKER_PLUGIN_PATH; it is returned.

    Each file is linked by itself: Packer does not look into a linked folder. Where links are not allowed, the file is
    copied. Packer runs every plugin that it finds at each start, so the fewer the better (packer.md §7.2).
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for plugin in plugins:
        place = directory if plugin.version is None else directory.joinpath(*plugin.source.split("/"))
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        _link(plugin.path, place)
        if plugin.version is not None:
            _link(_sum_file(plugin.path), place)
    return directory


def _link(file: Path, folder: Path) -> None:
    place = folder / file.name
    if place.exists():
        return
    try:
        place.symlink_to(file.absolute())
    except OSError:
        shutil.copy2(file, place)
