"""Releases and packages to programs in the cache. The only part of the toolchain that contacts a network, when called.

Everything is made in a new folder inside the cache and moved into place whole: what is interrupted leaves nothing.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from imagesmith.redact import redact_url
from imagesmith.toolchain.command import capture
from imagesmith.toolchain.download import checked_digest, download, unpack_program
from imagesmith.toolchain.errors import (
    BAD_ARCHIVE,
    DIGEST_UNKNOWN,
    DOWNLOAD_FAILED,
    NO_PACKAGE,
    ToolchainError,
)
from imagesmith.toolchain.find import PROGRAM, programs_on_path
from imagesmith.toolchain.pins import NEWEST, PACKER_ARCHIVES
from imagesmith.toolchain.plugins import Plugin, find_plugins, host
from imagesmith.toolchain.probe import NotPackerError, probe
from imagesmith.versions import Version

VENDOR = "https://releases.hashicorp.com"
"""Where the vendor's archives are; mirrors have the same folders."""

_PACKAGE_TIMEOUT_S = 300.0
_NEW = ".new-"
_STALE_S = 24 * 3600

OnProgress = Callable[[str], None]


def install(
    *,
    cache: Path,
    environment: Mapping[str, str],
    on_progress: OnProgress,
    base_url: str = VENDOR,
    version: Version | None = None,
    sha256: str | None = None,
) -> Path:
    """Put a Packer into the cache and return its program; one that is there already is left alone.

    It is the vendor's release archive of `version` (default: the newest whose digest is known), checked against
    `sha256` or our table. Where it cannot be had and no version was asked for, the distribution's package takes its
    place, and `on_progress` is told. Raises ToolchainError.
    """
    wanted = version or NEWEST
    program = cache / "packer" / str(wanted) / PROGRAM
    if program.is_file():
        return program
    try:
        digest = _digest_of(wanted, sha256)
        system, architecture = host()
        url = f"{base_url.rstrip('/')}/packer/{wanted}/packer_{wanted}_{system}_{architecture}.zip"
        with _new_folder(cache / "packer") as folder:
            _unpack_release(url, digest, folder, environment, on_progress)
            return _move_in(folder, cache, environment, wanted)
    except ToolchainError as error:
        cannot_be_had = {DOWNLOAD_FAILED.code} | ({DIGEST_UNKNOWN.code} if sha256 is None else set())
        if version is not None or error.diagnostic.code not in cannot_be_had:
            raise
        return _package_instead(error, cache, environment, on_progress)


def _digest_of(version: Version, given: str | None) -> str:
    if given is not None:
        return checked_digest(given)
    system, architecture = host()
    if (pinned := PACKER_ARCHIVES.get((version, system, architecture))) is not None:
        return pinned
    message = f"the digest of Packer {version} for {system} on {architecture} is not known"
    raise ToolchainError(DIGEST_UNKNOWN.at((), message))


def _unpack_release(
    url: str, digest: str, folder: Path, environment: Mapping[str, str], on_progress: OnProgress
) -> None:
    on_progress(f"Downloading {redact_url(url)}")
    archive = folder / "archive.zip"
    download(url, archive, sha256=digest, environment=environment)
    on_progress("The digest is right; unpacking")
    unpack_program(archive, folder, lambda name: name == PROGRAM)
    archive.unlink()


def _package_instead(
    error: ToolchainError, cache: Path, environment: Mapping[str, str], on_progress: OnProgress
) -> Path:
    on_progress(f"{error}; trying the distribution's package instead")
    try:
        return install_package(cache=cache, environment=environment, on_progress=on_progress)
    except ToolchainError as second:
        both = f"{error}; {second}"
        raise ToolchainError(replace(error.diagnostic, message=both)) from second


def install_package(*, cache: Path, environment: Mapping[str, str], on_progress: OnProgress) -> Path:
    """Unpack the Packer of Debian or Ubuntu into the cache, without installing it and without root (packer.md §8).

    apt checks it with the distribution's keys. Raises ToolchainError.
    """
    apt, dpkg = (next(programs_on_path(name, environment, []), None) for name in ("apt-get", "dpkg-deb"))
    if apt is None or dpkg is None:
        raise ToolchainError(NO_PACKAGE.at((), "there is no apt-get here to get the distribution's package with"))
    with _new_folder(cache / "packer") as folder:
        on_progress("Downloading the distribution's package with apt-get download packer")
        _run([str(apt), "download", "packer"], folder, environment)
        packages = list(folder.glob("packer_*.deb"))
        if len(packages) != 1:
            raise ToolchainError(NO_PACKAGE.at((), f"apt-get left {len(packages)} packages, expected one"))
        on_progress(f"Unpacking {packages[0].name} into the cache")
        _run([str(dpkg), "-x", str(packages[0]), str(folder / "root")], folder, environment)
        unpacked = folder / "root" / "usr" / "bin" / "packer"
        if unpacked.is_symlink() or not unpacked.is_file():
            raise ToolchainError(NO_PACKAGE.at((), "the package holds no usr/bin/packer"))
        unpacked.rename(folder / PROGRAM)
        shutil.rmtree(folder / "root")
        packages[0].unlink()
        return _move_in(folder, cache, environment, None)


def _run(argv: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    told = f"{Path(argv[0]).name} {argv[1]}"
    try:
        done = capture(argv, cwd=folder, environment=environment, timeout_s=_PACKAGE_TIMEOUT_S, errors=True)
    except OSError as error:
        raise ToolchainError(NO_PACKAGE.at((), f"{told} could not be started: {error}")) from error
    if done.exit_code != 0:
        ending = "took too long" if done.exit_code is None else f"ended with {done.exit_code}"
        words = " ".join(done.output.split())[-300:]
        raise ToolchainError(NO_PACKAGE.at((), f"{told} {ending}: {words}"))


@contextmanager
def _new_folder(parent: Path) -> Iterator[Path]:
    """A folder that is gone at the end, unless it has been moved to its place.

    What a killed installation left goes too, once it is older than any installation lasts.
    """
    try:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in parent.glob(f"{_NEW}*"):
            with suppress(FileNotFoundError):  # somebody else removes it at the same time
                if time.time() - old.stat().st_mtime > _STALE_S:
                    shutil.rmtree(old, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=_NEW, dir=parent))
    except OSError as error:
        raise ToolchainError(BAD_ARCHIVE.at((), f"the cache {parent} cannot be written: {error}")) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _move_in(folder: Path, cache: Path, environment: Mapping[str, str], expected: Version | None) -> Path:
    """Ask the new program who it is, then give its folder the name of its version."""
    try:
        version = probe(folder / PROGRAM, environment)
    except NotPackerError as error:
        raise ToolchainError(BAD_ARCHIVE.at((), f"the program in the archive {error}")) from error
    if expected is not None and version != expected:
        message = f"the program in the archive is Packer {version}, expected {expected}"
        raise ToolchainError(BAD_ARCHIVE.at((), message))
    place = cache / "packer" / str(version)
    with suppress(OSError):  # somebody else was quicker: theirs is as good
        folder.rename(place)
    if not (place / PROGRAM).is_file():
        raise ToolchainError(BAD_ARCHIVE.at((), f"{place} is in the way"))
    return place / PROGRAM


def install_plugin(
    *,
    cache: Path,
    source: str,
    version: Version,
    sha256: str,
    environment: Mapping[str, str],
    on_progress: OnProgress,
    base_url: str = VENDOR,
    url: str | None = None,
) -> Plugin:
    """Put a plugin into the cache in the layout that Packer wants (packer.md §7.1), with the _SHA256SUM file.

    `source` is ``github.com/hashicorp/azure``. The archive is the vendor's, or the one at `url` (releases of others are
    elsewhere and named differently). No digest of a plugin is known in advance. Raises ToolchainError.
    """
    digest = checked_digest(sha256)
    name = source.rpartition("/")[2]
    if not re.fullmatch(r"[a-z0-9.-]+/[a-z0-9-]+/[a-z0-9-]+", source):
        raise ToolchainError(BAD_ARCHIVE.at((), f"'{source}' is not a plugin's source like github.com/hashicorp/azure"))
    system, architecture = host()
    usual = f"packer-plugin-{name}/{version}/packer-plugin-{name}_{version}_{system}_{architecture}.zip"
    address = url or f"{base_url.rstrip('/')}/{usual}"
    with _new_folder(cache / "plugins") as folder:
        on_progress(f"Downloading {redact_url(address)}")
        archive = folder / "archive.zip"
        download(address, archive, sha256=digest, environment=environment)
        staged = folder / "tree" / source
        staged.mkdir(parents=True)
        program = unpack_program(archive, staged, lambda entry: entry.startswith(f"packer-plugin-{name}_v{version}_x"))
        _write_sum(staged / program)
        found = find_plugins(NEWEST, [folder / "tree"])
        if [(plugin.source, plugin.version) for plugin in found] != [(source, version)]:
            raise ToolchainError(BAD_ARCHIVE.at((), f"{program} is not a plugin for this machine"))
        place = cache / "plugins" / source
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in sorted(staged.iterdir(), reverse=True):  # the digest first: without it the program counts as absent
            file.replace(place / file.name)
    return Plugin(source=source, version=version, path=place / program)


def _write_sum(program: Path) -> None:
    with program.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    program.with_name(f"{program.name.removesuffix('.exe')}_SHA256SUM").write_text(digest)
