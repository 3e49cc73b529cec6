"""A whole `imagesmith build` with a program in Packer's place that prints so many megabytes: it ends well, and flat.

As a program, `flood.py MEGABYTES [--odd] [OPTION...]` prints how many lines there were, the seconds, and the peak of
imagesmith's memory in KiB; the options are those of `imagesmith build`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from log_path import MEBIBYTE, peak_kib

sys.path.append(str(Path(__file__).resolve().parent.parent))

from tests.faults.stand import IN_STEP, Stand
from tests.test_build_run import MANIFEST, SUCCESS

_LINE_BYTES = len(b"1790000010,,ui,message,    azure-arm.image: line 500\n")
_LOOK_S = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Flood:
    """What a build took in which Packer printed so many lines."""

    lines: int
    duration_s: float
    peak_kib: int


def flood(size: int, *options: str) -> Flood:
    """Build with a Packer whose first step prints so many bytes; every line must be in the log and in the journal."""
    lines = size // _LINE_BYTES // 1000 * 1000
    return _build([{"flood": lines}], {b"azure-arm.image: line ": lines}, {b'"text":"line ': lines}, options)


def oddities(size: int, *options: str) -> Flood:
    """The same with one line of so many bytes, and with as many that are no text."""
    begin = "1790000010,,ui,message,    azure-arm.image: "
    odd = [{"print": begin}, {"hex": "00ff1bfe80c3" * 10_000}, {"print": f"\n{begin}next\n"}]
    acts = [{"line of": size}, *odd * (size // 60_000)]
    count = size // 60_000
    return _build(acts, {b" [cut]": 1, b": next": count}, {b'"text":"next"': count, b"\\u0000\\ufffd": count}, options)


def _build(
    acts: list[dict[str, Any]], logged: dict[bytes, int], recorded: dict[bytes, int], options: tuple[str, ...]
) -> Flood:
    with tempfile.TemporaryDirectory(prefix="bench-") as text:
        stand = Stand(folder=Path(text))
        stand.file()
        program = stand.packer(
            build=[{"print": IN_STEP}, *acts, {"print": SUCCESS[len(IN_STEP) :]}, {"manifest": MANIFEST}]
        )
        with (stand.folder / "said").open("w") as said:
            started = time.monotonic()
            child = stand.start(program, *options, stdout=said, stderr=said)
            peak = _peak_until_end(child)
            duration_s = time.monotonic() - started
        if child.returncode:
            raise SystemExit(f"the build ended with {child.returncode}:\n{(stand.folder / 'said').read_text()[-2000:]}")
        (run,) = stand.folder.glob("state/runs/*")
        for name, expected in (("packer.log", logged), ("events.ndjson", recorded)):
            found = _lines_with(run / name, tuple(expected))
            if found != expected:
                raise SystemExit(f"{name} has {found} lines and not {expected}")
        return Flood(lines=max(logged.values()), duration_s=duration_s, peak_kib=peak)


def _peak_until_end(child: subprocess.Popen[str]) -> int:
    peak = 0
    while child.poll() is None:
        with suppress(OSError, StopIteration):  # it has ended meanwhile
            peak = peak_kib(Path(f"/proc/{child.pid}/status"))
        time.sleep(_LOOK_S)
    return peak


def _lines_with(path: Path, marks: tuple[bytes, ...]) -> dict[bytes, int]:
    found = dict.fromkeys(marks, 0)
    with path.open("rb") as file:
        for line in file:
            for mark in marks:
                found[mark] += mark in line
    return found


if __name__ == "__main__":
    kind = oddities if "--odd" in sys.argv else flood
    print(kind(int(sys.argv[1]) * MEBIBYTE, *(option for option in sys.argv[2:] if option != "--odd")))
