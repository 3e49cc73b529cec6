"""What the command of a step does that the build goes on after: run a script, and end well whatever that ends with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from imagesmith.lower.passing import PASSED_OVER
from imagesmith.sandbox.windows.files import FAILED, Files
from imagesmith.sandbox.windows.host import Streams
from imagesmith.sandbox.windows.meanings import PassOver
from imagesmith.sandbox.windows.paths import PathError


async def pass_over(command: PassOver, files: Files, streams: Streams, run: Callable[[], Awaitable[int]]) -> int:
    """The exit code of the command; `run` does what its script means. Raises PathError."""
    tries = files.path(command.tries) if command.retries else None
    if tries:
        files.tree.append(tries, b"1\r\n")
    try:
        code = await run()
    except PathError as error:
        streams.stderr(f"{error}\r\n".encode(errors="replace"))
        code = FAILED
    if tries:
        count = len(files.tree.read(tries).splitlines())
        if code not in command.valid and count <= command.retries:
            return code
        files.tree.remove(tries)
    if code in command.valid:
        return code
    status = code - 2**32 if code >= 2**31 else code  # as PowerShell has it
    streams.stdout(f"{PASSED_OVER} {status}\r\n".encode())
    return 0
