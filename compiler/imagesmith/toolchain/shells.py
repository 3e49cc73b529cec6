"""Shell scripts to what a shell of this machine has against their grammar. Nothing of them is run (`sh -n`).

All scripts are read by one process: each stands in a function of its own, so that an open `if` cannot lean on the next
script. Only where that fails, halves are read until the scripts at fault are found.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imagesmith.rules.context import ScriptFault, ShellReader
from imagesmith.toolchain.command import Captured, capture
from imagesmith.toolchain.find import programs_on_path

_TIME_LIMIT_S = 3.0
"""For all scripts of a template. What is not read by then passes: a build is not held up by advice."""

_FAULT = re.compile(r"^[^\n:]*: (?:line )?(?P<line>[0-9]+): (?P<message>.*)$", re.MULTILINE)
"""`sh: 3: Syntax error: …` (dash), `bash: line 3: syntax error …`."""


def shell_reader(environment: Mapping[str, str], *, time_limit_s: float = _TIME_LIMIT_S) -> ShellReader:
    """A reader that looks for its shells on the PATH of `environment`, as `programs_on_path` does.

    The shells get an empty environment and no input but the scripts.
    """

    def read(scripts: Sequence[tuple[str, str]]) -> Sequence[ScriptFault | None]:
        found: list[ScriptFault | None] = [None] * len(scripts)
        deadline = time.monotonic() + time_limit_s
        for name in sorted({name for name, _ in scripts}):
            program = next(programs_on_path(name, environment, []), None)
            if program is None:
                continue
            shell = _Shell(program, deadline)
            chosen = [(index, text) for index, (kind, text) in enumerate(scripts) if kind == name]
            for index, fault in shell.faults(chosen):
                found[index] = fault
        return found

    return read


@dataclass(frozen=True, slots=True)
class _Shell:
    program: Path
    deadline: float

    def faults(self, scripts: Sequence[tuple[int, str]]) -> Iterator[tuple[int, ScriptFault]]:
        """The scripts at fault, by their numbers."""
        if not scripts:
            return
        if len(scripts) == 1:
            index, text = scripts[0]
            fault = _fault(self._read(text))
            if fault is not None:
                yield index, fault
            return
        together = self._read("\n".join(f"script_{index}() {{\n:\n{text}\n}}" for index, text in scripts))
        if together is not None and together.exit_code:
            middle = len(scripts) // 2
            yield from self.faults(scripts[:middle])
            yield from self.faults(scripts[middle:])

    def _read(self, text: str) -> Captured | None:
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            return None
        with tempfile.TemporaryFile() as file:
            file.write(text.encode("utf-8", "surrogatepass"))
            file.seek(0)
            try:
                return capture(
                    [str(self.program), "-n"],
                    cwd=Path(tempfile.gettempdir()),
                    environment={},
                    timeout_s=left_s,
                    errors=True,
                    given=file,
                )
            except OSError:
                return None


def _fault(captured: Captured | None) -> ScriptFault | None:
    if captured is None or not captured.exit_code:
        return None
    match = _FAULT.search(captured.output)
    if match is None:
        return None
    return ScriptFault(line=int(match["line"]), message=match["message"].removeprefix("Syntax error: "))
