"""A file to the version of the Packer that it is, or to the reason why it is none."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from imagesmith.toolchain.command import capture
from imagesmith.versions import Version

_TIMEOUT_S = 20.0
_VERSION = re.compile(r"^[0-9]+,,version,(?P<number>[^,\r\n]+)$", re.MULTILINE)
_PRERELEASE = re.compile(r"^[0-9]+,,version-prelease,(?P<name>[^,\r\n]+)$", re.MULTILINE)
_KEPT = ("PATH", "SYSTEMROOT", "LANG", "LD_LIBRARY_PATH")


class NotPackerError(Exception):
    """The file is not a Packer that can be used; the text says why."""


def probe(path: Path, environment: Mapping[str, str], *, timeout_s: float = _TIMEOUT_S) -> Version:
    """Ask a program for its version, as only Packer answers it (packer.md §4.11).

    It runs without input, in a folder of its own with no home, so that it neither finds nor leaves anything. Raises
    NotPackerError.
    """
    with tempfile.TemporaryDirectory(prefix="is-", ignore_cleanup_errors=True) as folder:
        surroundings = {name: value for name, value in environment.items() if name.upper() in _KEPT}
        surroundings |= {"HOME": folder, "TMPDIR": folder, "PACKER_CONFIG_DIR": folder, "CHECKPOINT_DISABLE": "1"}
        surroundings |= {"PACKER_CACHE_DIR": folder, "PACKER_PLUGIN_PATH": folder}
        if sys.platform == "win32":
            surroundings |= {"USERPROFILE": folder, "APPDATA": folder, "TEMP": folder, "TMP": folder}
        argv = [str(path), "version", "-machine-readable"]
        try:
            answer = capture(argv, cwd=Path(folder), environment=surroundings, timeout_s=timeout_s)
        except (OSError, ValueError) as error:
            raise NotPackerError(f"cannot be started ({getattr(error, 'strerror', None) or error})") from error
    if answer.exit_code is None:
        raise NotPackerError(f"did not answer within {timeout_s:g} s")
    number = _VERSION.search(answer.output)
    if number is None:
        raise NotPackerError("does not answer as Packer does")
    name = _PRERELEASE.search(answer.output)
    try:
        return Version.parse(f"{number['number']}-{name['name']}" if name else number["number"])
    except ValueError as error:
        raise NotPackerError(str(error)) from error
