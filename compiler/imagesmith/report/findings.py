"""What a run of checks found in some files, in the shape that every format is made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePath

from imagesmith.diagnostics import Diagnostic, Severity, SourceText
from imagesmith.policy import FailOn, fails


class State(StrEnum):
    """Whether a finding counts: it is new, or the baseline knows it, or the template silences it."""

    NEW = "new"
    KNOWN = "known"
    SILENCED = "silenced"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A diagnostic, what it stands for in this run, and why it does not count where it does not."""

    diagnostic: Diagnostic
    file: str
    fingerprint: str = ""
    state: State = State.NEW
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedFile:
    """A file that was checked: whether a build could be made of it, and which of its findings make the command fail."""

    name: str
    valid: bool
    fail_on: FailOn = FailOn.ERROR


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Everything that one command found: in the `files` that it checked, and in what `others` it read or looked for.

    `secrets` are what no format may show.
    """

    files: tuple[CheckedFile, ...]
    findings: tuple[Finding, ...]
    others: tuple[CheckedFile, ...] = ()
    skipped: int = 0
    secrets: tuple[str, ...] = ()

    def of(self, file: str) -> Iterator[Finding]:
        """The findings of one file, also those that stand in another one that it uses."""
        return (finding for finding in self.findings if finding.file == file)

    def diagnostics(self, state: State = State.NEW) -> tuple[Diagnostic, ...]:
        """The diagnostics in one state, each once: files that share settings share what is wrong with them."""
        return tuple(dict.fromkeys(finding.diagnostic for finding in self.findings if finding.state is state))

    @property
    def passed(self) -> bool:
        """Whether all of it passes."""
        return all(self.passes(file) for file in (*self.files, *self.others))

    def passes(self, file: CheckedFile) -> bool:
        """Whether nothing new in a file is as bad as its threshold."""
        new = (finding.diagnostic for finding in self.of(file.name) if finding.state is State.NEW)
        return not fails(new, file.fail_on)


def with_others(report: Report, diagnostics: Iterable[Diagnostic]) -> Report:
    """The report with diagnostics about something else than a checked file: a pattern, a baseline."""
    found = [Finding(diagnostic=one, file=one.span.file if one.span else "imagesmith") for one in diagnostics]
    names = dict.fromkeys(finding.file for finding in found)
    others = tuple(CheckedFile(name=name, valid=True) for name in names)
    return replace(report, findings=(*report.findings, *found), others=(*report.others, *others))


LEVELS = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def lines_of(finding: Finding) -> str:
    """Message and remedy of a finding as one text."""
    found = finding.diagnostic
    return f"{found.message}\n{found.hint}" if found.hint else found.message


def path_of(name: str) -> str:
    """A file's name as a path with forward slashes."""
    return PurePath(name).as_posix()


def end_of(source: SourceText, start: int, end: int) -> int:
    """The end of a stretch that does not end with a line end, which would put it on the next line."""
    while end > start and source.text[end - 1 : end] in {"\r", "\n"}:
        end -= 1
    return end


def first(findings: Iterable[Finding]) -> Finding | None:
    """The worst of some findings, the first of these."""
    return min(findings, key=lambda finding: LEVELS.index(finding.diagnostic.severity), default=None)
