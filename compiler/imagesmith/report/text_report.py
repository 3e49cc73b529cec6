"""A report to text for people: what is new, and a line about each file, or about all where they are many."""

from __future__ import annotations

from imagesmith.report.findings import Report, State
from imagesmith.report.text import escape_controls, render

_FEW = 10
"""Up to how many files each has a line of its own."""


def report(found: Report, *, color: bool = False, with_closing: bool = True) -> str:
    """Diagnostics that count, with their lines, then what the files are."""
    lines = closing(found) if with_closing else []
    return render(found.diagnostics(), color=color, secrets=found.secrets) + "".join(f"{line}\n" for line in lines)


def closing(found: Report) -> list[str]:
    """The last lines: which files are valid, and how many findings do not count."""
    lines = []
    if len(found.files) <= _FEW:
        lines += [f"{escape_controls(file.name)}: {_standing(found, file.name)}" for file in found.files]
        lines = [line for line in lines if not line.endswith(": ")]
    if len(found.files) > 1 or found.skipped:
        lines.append(_counts(found))
    for state, words in ((State.KNOWN, "known from the baseline"), (State.SILENCED, "silenced in the templates")):
        count = len(found.diagnostics(state))
        if count:
            lines.append(f"{count} finding{'' if count == 1 else 's'} {words}")
    return lines


def _standing(found: Report, name: str) -> str:
    file = next(file for file in found.files if file.name == name)
    if file.valid:
        return "valid"
    return "known errors only" if found.passes(file) and _has_known_errors(found, name) else ""


def _has_known_errors(found: Report, name: str) -> bool:
    return any(one.diagnostic.is_error and one.state is State.KNOWN for one in found.of(name))


def _counts(found: Report) -> str:
    failed = sum(not found.passes(file) for file in found.files)
    parts = [f"{len(found.files)} files checked", f"{failed} failed"]
    if found.skipped:
        parts.append(f"{found.skipped} without an image template passed over")
    return ", ".join(parts)
