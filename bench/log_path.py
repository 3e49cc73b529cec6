"""Packer's output on its way to the record: split, logged, parsed, tracked, written to the journal, with 50 secrets.

As a program, it sends so many megabytes of lines through and prints the peak of its memory in KiB.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from imagesmith.build.options import BuildOptions
from imagesmith.build.record import RunFolder
from imagesmith.build.run import Run
from imagesmith.build.watch import Watch
from imagesmith.events import OnEvent
from imagesmith.listening import NOBODY
from imagesmith.packer import CancelToken
from imagesmith.packer.lines import LineSplitter, Stream, batch_of
from imagesmith.packer.process import _Sink  # the very path of a run, without the process
from imagesmith.pipeline import compile_template
from imagesmith.plan import StageName
from imagesmith.redact import Redactor
from imagesmith.toolchain import Packer
from imagesmith.versions import Version
from imagesmith.world import World

SECRETS = tuple(base64.b64encode(hashlib.sha256(b"secret %d" % n).digest())[:32].decode() for n in range(50))
MEBIBYTE = 1 << 20
_TEMPLATE = Path(__file__).resolve().parent.parent / "examples/web-server.json"
_OPENING = b"1,,ui,say,==> azure-arm.image: Provisioning with shell script: /b/%s\n"
_CHUNK = 1 << 16


@contextmanager
def log_path(on_event: OnEvent = NOBODY) -> Iterator[Callable[[Iterable[bytes]], int]]:
    """What takes chunks of a pipe to the log and the journal of a run, and gives the number of lines."""
    with tempfile.TemporaryDirectory(prefix="bench-") as text:
        program = Path(text) / "packer"
        program.touch()
        packer = Packer(path=program, version=Version(1, 6, 6), source="option")
        world = World(name="nowhere", environment={}, subscription_id="")
        options = BuildOptions(secrets={f"SECRET_{number}": value for number, value in enumerate(SECRETS)})
        compilation = compile_template(_TEMPLATE)
        with RunFolder(Path(text) / "runs" / "log", compilation, packer, world, on_event, options) as folder:
            run = Run(
                compilation=compilation,
                packer=packer,
                world=world,
                folder=folder,
                cancel=CancelToken(),
                options=options,
            )
            yield _sender(run)


def _sender(run: Run) -> Callable[[Iterable[bytes]], int]:
    stage = next(stage for stage in run.plan.stages if stage.name is StageName.BUILD)
    sink, splitter = _Sink(Watch(run, stage).take, run.folder.packer_log("build,1")), LineSplitter()

    def send(chunks: Iterable[bytes]) -> int:
        lines = 0
        for chunk in chunks:
            lines += chunk.count(b"\n")
            for data, cut in splitter.feed(chunk):
                sink.take(batch_of(data, Stream.STDOUT, cut=cut))
        if sink.failure:
            raise sink.failure
        return lines

    first = next(step for step in stage.steps if step.marker)
    send([_OPENING % str(first.marker).encode()])
    return send


def copy_log(chunks: Iterable[bytes]) -> int:
    """The least that any program does with a log: split it and write each line to two files at once."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as text,
        (Path(text) / "log").open("w", buffering=1, encoding="utf-8") as log,
        (Path(text) / "events").open("wb", buffering=0) as events,
    ):

        def take(line: bytes) -> None:
            log.write(line.decode("utf-8", "replace") + "\n")
            events.write(line + b"\n")

        return _each_line(chunks, take)


def redact_log(chunks: Iterable[bytes], redactor: Redactor) -> int:
    """Redaction alone, line by line."""
    redact = redactor.line_redactor()
    return _each_line(chunks, lambda line: redact(line.decode("utf-8", "replace")) and None)


def _each_line(chunks: Iterable[bytes], take: Callable[[bytes], None]) -> int:
    lines = 0
    for chunk in chunks:
        for line in chunk.splitlines():
            lines += 1
            take(line)
    return lines


def log_of(lines: int) -> Iterator[bytes]:
    """The lines of a package manager's day, as a pipe brings them: one of a thousand holds a secret, one of ten a
    comma, one of twenty comes from a script's stderr."""
    kept = b""
    for number in range(lines):
        kept += _line(number)
        if len(kept) >= _CHUNK:
            yield kept[:_CHUNK]
            kept = kept[_CHUNK:]
    yield kept


def repeated(size: int) -> Iterator[bytes]:
    """A log of so many bytes, made of the same lines again and again."""
    chunks = list(log_of(10_000))
    while True:
        for chunk in chunks:
            yield chunk
            size -= len(chunk)
            if size <= 0:
                return


def _line(number: int) -> bytes:
    level, prefix = ("error", "==>") if number % 20 == 7 else ("message", "   ")
    comma = "%!(PACKER_COMMA)" if number % 10 == 3 else ""
    said = (
        f"token {SECRETS[number % 50]}" if number % 1000 == 0 else f"amd64 libfoo{number}{comma} amd64 1.2.{number}-1"
    )
    address = f"Get:{number} http://deb.example.net/debian {said} [42 kB]"
    return f"{1795492602 + number // 1000},,ui,{level},{prefix} azure-arm.image: {address}\n".encode()


def peak_kib(status: Path = Path("/proc/self/status")) -> int:
    """Peak of this program alone; what `getrusage` says on Linux begins with the program that started it."""
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024  # bytes on macOS (getrusage(2))


if __name__ == "__main__":
    with log_path() as send:
        send(repeated(int(sys.argv[1]) * MEBIBYTE))
    print(peak_kib())
