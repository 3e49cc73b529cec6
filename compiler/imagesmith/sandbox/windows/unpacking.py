"""What our own script does that unpacks a folder, on the tree: the files of a zip, below a folder, over what is there.

What Windows would complain of is raised as PathError.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from itertools import groupby

from imagesmith.lower.unpacking import Unpacking
from imagesmith.sandbox.windows.files import Files
from imagesmith.sandbox.windows.journal import Folder
from imagesmith.sandbox.windows.paths import PathError, WindowsPath, parse_path


def unpack(unpacking: Unpacking, files: Files) -> Folder:
    """Unpack the archive and remove it. Raises PathError."""
    archive, folder = files.path(unpacking.archive), files.written(unpacking.folder)
    files.tree.make_folder(folder)
    count = size = 0
    try:
        with zipfile.ZipFile(io.BytesIO(files.tree.read(archive))) as opened:
            for parent, group in groupby(_entries(opened, folder), key=lambda entry: entry[0].parent):
                entries = list(group)
                contents = {path.names[-1]: opened.read(info) for path, info in entries if not info.is_dir()}
                files.tree.write_all(parent, contents)
                for path in (path for path, info in entries if info.is_dir()):
                    files.tree.make_folder(path)
                count, size = count + len(contents), size + sum(map(len, contents.values()))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise PathError(f"The archive '{archive}' cannot be read: {error}") from None
    files.tree.remove(archive)
    return Folder(path=str(folder), files=count, size=size)


def _entries(archive: zipfile.ZipFile, folder: WindowsPath) -> Iterator[tuple[WindowsPath, zipfile.ZipInfo]]:
    for info in archive.infolist():
        path = parse_path(info.filename, start=folder)
        if path.names[: len(folder.names)] != folder.names or len(path.names) == len(folder.names):
            raise PathError(f"The archive names '{info.filename}', which is not below its folder.")
        yield path, info
