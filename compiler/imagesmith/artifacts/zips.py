"""Files and folders to a zip that depends on nothing but their names and contents, and to a smaller one of the same.

Names beyond ASCII are marked as UTF-8 (PKWARE's APPNOTE §4.4.4, bit 11), which is what .NET reads; what a zip may say
of the system that made it is fixed.
"""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import PureWindowsPath
from typing import IO, TypeAlias

from imagesmith.windows_names import LONGEST_FOLDER_PATH, LONGEST_PATH, length

Opener: TypeAlias = Callable[[], AbstractContextManager[IO[bytes]]]

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can say."""
_FOLDER = 0x10
"""FILE_ATTRIBUTE_DIRECTORY."""


def write(target: IO[bytes], entries: Iterable[tuple[str, Opener | None]]) -> None:
    """Write a zip without compression, from start to end; an entry without an opener is a folder."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, opener in entries:
            if opener is None:
                archive.writestr(_info(f"{name}/"), b"")
                continue
            with opener() as source:
                info = _info(name)
                info.file_size = os.fstat(source.fileno()).st_size  # decides whether the zip's long form is needed
                with archive.open(info, "w") as into:
                    shutil.copyfileobj(source, into)


def compressed(content: bytes) -> bytes:
    """The same files, compressed: Packer uploads to Windows some 6 kB a command (winrm.md §5.1)."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in source.infolist():
            archive.writestr(_info(one.filename), source.read(one), None if one.is_dir() else zipfile.ZIP_DEFLATED)
    return target.getvalue()


def too_long(content: bytes, folder: str) -> list[str]:
    """The names in a zip whose paths Windows could not have below a folder."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [
            one.filename.rstrip("/")
            for one in archive.infolist()
            if length(str(PureWindowsPath(folder, one.filename)))
            > (LONGEST_FOLDER_PATH if one.is_dir() else LONGEST_PATH)
        ]


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = 0  # else the system that packs
    info.external_attr = _FOLDER if info.is_dir() else 0
    return info
