"""The Packer to use: the one that was named, the one on PATH, or the one in the cache."""

from __future__ import annotations

import functools
import hashlib
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from imagesmith.toolchain.errors import NO_AZURE, NO_PACKER, UNFIT_PACKER, ToolchainError
from imagesmith.toolchain.plugins import AZURE, Plugin, find_plugins, plugin_folders
from imagesmith.toolchain.probe import NotPackerError, probe
from imagesmith.toolchain.remembered import remembered
from imagesmith.versions import Version

Source: TypeAlias = Literal["option", "IMAGESMITH_PACKER", "PATH", "cache"]

PROGRAM = "packer.exe" if sys.platform == "win32" else "packer"

_FIRST_WITHOUT_PLUGINS = Version(1, 10)
"""Up to 1.9 azure-arm comes with Packer: compiled in, from 1.7 on as a bundled plugin (packer.md §8)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Packer:
    """A Packer that answered, where it was found, and the plugins that it can use."""

    path: Path
    version: Version
    source: Source
    plugins: tuple[Plugin, ...] = ()

    @property
    def builtin_azure(self) -> bool:
        """Whether azure-arm is in the program itself."""
        return self.version < _FIRST_WITHOUT_PLUGINS

    @property
    def digest_sha256(self) -> str:
        """SHA-256 of the program, in lower-case hex; read when asked for, and once as long as the file stays."""
        state = self.path.stat()
        return _digest(self.path, state.st_size, state.st_mtime_ns)

    def plugin(self, source: str) -> Plugin | None:
        """The plugin of this source, None if there is none."""
        return next((plugin for plugin in self.plugins if plugin.source == source), None)


def find(
    *,
    packer: str | None,
    environment: Mapping[str, str],
    cache: Path,
    plugin_path: Path | None = None,
    remember: bool = False,
) -> Packer:
    """Find a Packer: `packer` (a path, or a name on PATH), IMAGESMITH_PACKER, PATH, then `cache`; the first decides.

    Reaches no network. With `remember`, what was found out about the same files before is taken from the cache, and
    the program is not started. Raises ToolchainError: for a named program that is none, or if there is nothing at all.
    """
    memory = cache if remember else None

    def identified(path: Path, source: Source) -> Packer:
        try:
            version = Version.parse(remembered(path, "version", memory, lambda: str(probe(path, environment))))
        except ValueError:  # somebody else wrote into the cache
            version = probe(path, environment)
        plugins = find_plugins(version, plugin_folders(plugin_path, environment, cache), memory=memory)
        return Packer(path=path, version=version, source=source, plugins=plugins)

    for named, source in _named(packer, environment):
        path = _resolve(named, environment)
        try:
            return identified(path, source)
        except NotPackerError as error:
            told = "--packer" if source == "option" else source
            raise ToolchainError(UNFIT_PACKER.at((), f"{path} ({told}) {error}")) from error
    tried: list[str] = []
    for path, source in _candidates(environment, cache, tried):
        try:
            return identified(path, source)
        except NotPackerError as error:
            tried.append(f"{path} {error}")
    raise ToolchainError(NO_PACKER.at((), "no Packer was found; " + "; ".join(tried or ["PATH is empty"])))


def require_azure(packer: Packer) -> None:
    """Raise ToolchainError if this Packer cannot build in Azure for want of the plugin."""
    if not packer.builtin_azure and packer.plugin(AZURE) is None:
        message = f"Packer {packer.version} ({packer.path}) has no azure plugin"
        raise ToolchainError(NO_AZURE.at((), message))


def _named(packer: str | None, environment: Mapping[str, str]) -> Iterator[tuple[str, Source]]:
    if packer:
        yield packer, "option"
    elif named := environment.get("IMAGESMITH_PACKER"):
        yield named, "IMAGESMITH_PACKER"


def _resolve(named: str, environment: Mapping[str, str]) -> Path:
    if Path(named).name != named:
        return Path(named).absolute()
    return next(programs_on_path(named, environment, []), Path(named).absolute())


def _candidates(environment: Mapping[str, str], cache: Path, tried: list[str]) -> Iterator[tuple[Path, Source]]:
    for path in programs_on_path(PROGRAM, environment, tried):
        yield path, "PATH"
    cached = {version: path for path in cache.glob(f"packer/*/{PROGRAM}") if (version := _version_of(path.parent))}
    for _, path in sorted(cached.items(), reverse=True):
        yield path, "cache"
    if not cached:
        tried.append(f"nothing in the cache {cache}")


def _version_of(folder: Path) -> Version | None:
    try:
        return Version.parse(folder.name)
    except ValueError:
        return None


def programs_on_path(name: str, environment: Mapping[str, str], skipped: list[str]) -> Iterator[Path]:
    """Executable files of this name on PATH, without relative folders and those that everybody may write to: what lies
    there was not put there by the user. Says in `skipped` where it did not look and what it did not find.
    """
    folders = environment.get("PATH", "").split(os.pathsep)
    found = False
    for folder in filter(None, folders):
        place = Path(folder)
        if not place.is_absolute():
            skipped.append(f"{folder} on PATH is relative")
        elif _everybody_writes(place):
            skipped.append(f"{folder} on PATH can be written by everybody")
        elif (place / name).is_file() and os.access(place / name, os.X_OK):
            found = True
            yield place / name
    if not found:
        skipped.append(f"no {name} on PATH")


def _everybody_writes(folder: Path) -> bool:
    if sys.platform == "win32":
        return False
    try:
        return bool(folder.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return False


@functools.lru_cache(maxsize=8)
def _digest(path: Path, size: int, mtime_ns: int) -> str:  # noqa: ARG001 - a changed file is another key
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
