"""Packer's commands on files, done on the tree: uploads line by line, downloads, clean-ups (winrm.md §5.1).

What Windows would complain of is raised as PathError.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping

from imagesmith.sandbox.windows.host import Streams
from imagesmith.sandbox.windows.journal import Upload
from imagesmith.sandbox.windows.meanings import EchoTo
from imagesmith.sandbox.windows.paths import (
    DeviceError,
    PathError,
    WindowsPath,
    expand_cmd,
    expand_powershell,
    parse_path,
)
from imagesmith.sandbox.windows.tree import Tree

FAILED = 1
_PIECE = 49152
"""Bytes of a download at a time: divisible by three, so that each piece of base64 stands for itself."""
_CLEANUP_LINE = re.compile(r"if \(Test-Path (?P<path>[^{}()\"'$;]+)\) \{Remove-Item (?P=path)\}")


class Files:
    """The tree as the commands of one user see it. Methods that return a number give the command's exit code."""

    def __init__(
        self, tree: Tree, *, home: WindowsPath, temporary: WindowsPath, environment: Mapping[str, str]
    ) -> None:
        self.tree = tree
        self._home = home
        self._temporary = temporary
        self._environment = environment

    def path(self, text: str) -> WindowsPath:
        """What a path on a command line means. Raises PathError."""
        return parse_path(expand_cmd(text.strip('"'), self._environment), start=self._home)

    def written(self, text: str) -> WindowsPath:
        """What a path between double quotes of PowerShell means. Raises PathError."""
        expanded = expand_powershell(text, self._environment)
        if expanded is None:
            raise PathError(f"imagesmith: what PowerShell makes of the path '{text}' cannot be told here.")
        return parse_path(expanded.strip("'"), start=self._home)

    def append(self, file: str, content: str) -> int:
        """`echo … >> %TEMP%\\…`: cmd ends the line with a blank, which stood before the sign."""
        self.tree.append(self._in_temporary(file), f"{content} \r\n".encode("ascii"))
        return 0

    def restore(self, file: str, destination: str) -> Upload:
        """Make the file of an upload; its folders are made. Raises PathError."""
        target = self.written(destination)
        if self.tree.is_folder(target):
            raise PathError(f"'{target}' is a folder.")
        collected = self._in_temporary(file)
        content = _decoded(self.tree.read(collected)) if self.tree.is_file(collected) else b""
        self.tree.make_folder(target.parent)
        self.tree.write(target, content)
        return Upload(path=str(target), size=len(content), sha256=hashlib.sha256(content).hexdigest())

    def forget(self, file: str) -> int:
        """Remove the temporary file of an upload, if there is one."""
        collected = self._in_temporary(file)
        if self.tree.is_file(collected):
            self.tree.remove(collected)
        return 0

    async def download(self, text: str, streams: Streams) -> int:
        """Print a file as base64."""
        content = self.tree.read(self.written(text))
        for start in range(0, len(content), _PIECE):
            streams.stdout(base64.b64encode(content[start : start + _PIECE]))
            await streams.drain()
        streams.stdout(b"\r\n")
        return 0

    def echo(self, command: EchoTo, streams: Streams) -> int:
        """`echo TEXT`, to a file or not. A folder that a step would have made is made here, since steps do not run."""
        line = (expand_cmd(command.text, self._environment) + "\r\n").encode()
        if command.path is None:
            streams.stdout(line)
            return 0
        try:
            target = self.path(command.path)
        except DeviceError:
            return 0
        self.tree.make_folder(target.parent)
        write = self.tree.append if command.append else self.tree.write
        write(target, line)
        return 0

    def clean_up(self, script: str) -> bool:
        """Remove what a clean-up script of Packer's names, itself last; False where it is no such script."""
        lines = self.tree.read(self.path(script)).decode(errors="replace").splitlines()
        matches = [_CLEANUP_LINE.fullmatch(line.strip()) for line in lines]
        if not matches or not all(matches):
            return False
        for match in matches:
            target = self.path(match["path"]) if match else None
            if target and self.tree.is_file(target):
                self.tree.remove(target)
        return True

    def _in_temporary(self, file: str) -> WindowsPath:
        return WindowsPath(self._temporary.drive, (*self._temporary.names, file))


def _decoded(text: bytes) -> bytes:
    """Line by line, since each is padded for itself; the blanks around them do not count."""
    try:
        return b"".join(base64.b64decode(line.strip(), validate=True) for line in text.splitlines())
    except binascii.Error:
        raise PathError("Invalid length for a Base-64 char array or string.") from None
