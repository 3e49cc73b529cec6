"""Packer's judgement of the compiled files: what it says against them, and the end of the run that follows from it.

`packer build` prepares the builder, every provisioner and every post-processor before it runs anything, with the same
words as `packer validate` and the same exit code (packer.md §2.4; seen with 1.6.6 and 1.16.0: no request to Azure before
a refusal). So a stage that is about to be built needs no `packer validate` of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from imagesmith.build.ending import Stop
from imagesmith.diagnostics import Rule, Severity
from imagesmith.events import ExitCode
from imagesmith.packer import Item, Record, Text, ui_lines
from imagesmith.packer.lines import Stream
from imagesmith.toolchain import Packer
from imagesmith.versions import Version

REFUSED = Rule(
    code="IMG820",
    severity=Severity.ERROR,
    title="Packer refuses the compiled files",
    cause="Packer, which looks through all files before it builds anything, found something that imagesmith's own"
    " checks did not.",
    fix="see Packer's own words; the files are in the run record, and a wrong file is a bug of imagesmith's",
    source="packer.md §2.4",
)
NOT_LOADED = "failed loading"
"""Packer 1.6 says this of a plugin and goes on: `validate` ends with 0, and `build` makes a machine, crashes at the
plugin's step and leaves everything there (lowering.md §3 row 39)."""
_STOPS_WITHOUT_PLUGIN = Version(1, 7)
"""From here on a plugin that does not load is an error like any other (seen with 1.16.0, and in the sources of 1.7.0)."""


def refused(command: str, words: Iterable[str], exit_code: int | None) -> Stop:
    """The end of a run whose files Packer does not take; `words` are what it says against them, without secrets."""
    said = " ".join(" ".join(words).split()) or f"exit code {exit_code}"
    text = f"packer {command}: {said}"
    return Stop(ExitCode.TOOLCHAIN, text, [REFUSED.at((), text)])


def objections(item: Item, stream: Stream) -> list[str]:
    """What a line of Packer's says against the files."""
    if isinstance(item, Record) and item.type == "ui":
        lines = ui_lines(item)
        whole = any(NOT_LOADED in line.text for line in lines)
        return [line.text for line in lines if whole or line.level == "error"]
    # What is wrong with Packer's own configuration comes outside of its records (packer.md §4.6).
    return [item.line] if isinstance(item, Text) and stream is Stream.STDERR else []


def passes_over_plugins(packer: Packer) -> bool:
    """Whether this Packer would build although a plugin of these does not load, so that it has to be asked before."""
    return packer.version < _STOPS_WITHOUT_PLUGIN and bool(packer.plugins)
