"""An address and a digest to a checked archive, and an archive to the one program in it."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from imagesmith.redact import redact_url
from imagesmith.toolchain.errors import BAD_ARCHIVE, DIGEST_MISMATCH, DIGEST_UNKNOWN, DOWNLOAD_FAILED, ToolchainError

if TYPE_CHECKING:
    from zipfile import ZipFile

_STALL_S = 30.0
_LIMIT_S = 1800.0
_LARGEST_ARCHIVE = 1 << 29
_LARGEST_PROGRAM = 1 << 30
_CHUNK = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


def checked_digest(text: str) -> str:
    """A SHA-256 digest in lower-case hex. Raises ToolchainError for text that is none."""
    digest = text.strip().lower()
    if not _SHA256.fullmatch(digest):
        message = f"'{text}' is not a SHA-256 digest: expected 64 hexadecimal digits"
        raise ToolchainError(DIGEST_UNKNOWN.at((), message))
    return digest


def download(url: str, to: Path, *, sha256: str, environment: Mapping[str, str]) -> None:
    """Download a file and check it. `environment` names the proxies. `to` holds nothing usable after an error.

    The address may be plain http, since only the digest is trusted. Raises ToolchainError.
    """
    import http.client  # what downloads and unpacks is slow to load, and most commands do neither

    shown = redact_url(url)
    if url.partition(":")[0].lower() not in {"http", "https"}:
        raise ToolchainError(DOWNLOAD_FAILED.at((), f"{shown} is not an http or https address"))
    try:
        found = _fetch(url, to, environment)
    except (OSError, http.client.HTTPException, ValueError) as error:
        to.unlink(missing_ok=True)
        raise ToolchainError(DOWNLOAD_FAILED.at((), f"{shown} could not be downloaded: {_reason(error)}")) from error
    if found != sha256:
        to.unlink(missing_ok=True)
        message = f"{shown} has the SHA-256 digest {found}, expected {sha256}"
        raise ToolchainError(DIGEST_MISMATCH.at((), message))


def _fetch(url: str, to: Path, environment: Mapping[str, str]) -> str:
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler(_proxies(url, environment)))
    digest, size, deadline = hashlib.sha256(), 0, time.monotonic() + _LIMIT_S
    with opener.open(url, timeout=_STALL_S) as answer, to.open("wb") as file:
        expected = answer.headers.get("Content-Length")
        while chunk := answer.read(_CHUNK):
            size += len(chunk)
            if size > _LARGEST_ARCHIVE or time.monotonic() > deadline:
                raise OSError(f"it is larger than {_LARGEST_ARCHIVE >> 20} MB or takes too long")
            digest.update(chunk)
            file.write(chunk)
    if expected is not None and size != int(expected):
        raise OSError(f"the connection ended after {size} of {expected} bytes")
    return digest.hexdigest()


def _proxies(url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The proxy variables of curl and Go, lower case first; none for hosts in ``no_proxy``."""
    folded = {name.lower(): value for name, value in environment.items() if name.lower().endswith("_proxy") and value}
    if _is_exempt(urlsplit(url).hostname or "", folded.get("no_proxy", "")):
        return {}
    return {scheme: folded[f"{scheme}_proxy"] for scheme in ("http", "https") if f"{scheme}_proxy" in folded}


def _is_exempt(name: str, no_proxy: str) -> bool:
    entries = [entry.strip().lstrip(".").lower() for entry in no_proxy.split(",") if entry.strip()]
    return any(entry in {"*", name} or name.endswith(f".{entry}") for entry in entries)


def _reason(error: Exception) -> str:
    import urllib.error

    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"the server answered {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return str(error) or type(error).__name__


def unpack_program(archive: Path, to: Path, is_wanted: Callable[[str], bool]) -> str:
    """Write the one wanted file of a zip archive to the folder `to`, executable, and return its name.

    Only a file at the top is taken. One name in the archive that leads elsewhere condemns it whole. Raises
    ToolchainError; the folder is the caller's to remove.
    """
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(archive) as package:
            for name in package.namelist():
                if _leads_out(name):
                    raise ToolchainError(BAD_ARCHIVE.at((), f"the archive has a name that leads out of it: {name!r}"))
            return _unpack(package, to, is_wanted)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError, RuntimeError, zlib.error) as error:
        raise ToolchainError(BAD_ARCHIVE.at((), f"the archive cannot be unpacked: {error}")) from error


def _unpack(package: ZipFile, to: Path, is_wanted: Callable[[str], bool]) -> str:
    import zipfile

    wanted = [info for info in package.infolist() if is_wanted(info.filename)]
    if len(wanted) != 1 or stat.S_ISLNK(wanted[0].external_attr >> 16) or wanted[0].is_dir():
        raise ToolchainError(BAD_ARCHIVE.at((), "the archive does not hold the program that it is named for"))
    if wanted[0].compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ToolchainError(BAD_ARCHIVE.at((), "the archive is compressed in an unusual way"))
    if wanted[0].file_size > _LARGEST_PROGRAM:
        raise ToolchainError(BAD_ARCHIVE.at((), "the program in the archive is far too large"))
    target = to / wanted[0].filename
    with package.open(wanted[0]) as source, target.open("xb") as file:
        shutil.copyfileobj(source, file, _CHUNK)
    target.chmod(0o755)
    return wanted[0].filename


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name
