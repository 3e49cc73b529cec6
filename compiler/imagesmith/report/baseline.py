"""Known findings: a file that lists them, and findings compared with it, so that only new ones fail.

A finding is found again by its file and fingerprint, as often as it is listed; line numbers do not count.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from imagesmith.diagnostics import Diagnostic, Rule, Severity, Span, dotted
from imagesmith.report.findings import Finding, Report, State, with_others
from imagesmith.source import Document, Object, Value, load

VERSION = 1
KNOWN = "known from the baseline"

BASELINE_UNREADABLE = Rule(
    code="IMG158",
    severity=Severity.ERROR,
    title="the baseline cannot be used",
    cause="The file that lists the known findings is missing, or is none that --write-baseline has written. Without it "
    "every old finding would fail, or none.",
    fix="write it anew with --write-baseline FILE",
    example="imagesmith validate image.json --baseline nowhere.json",
    corrected="imagesmith validate image.json --write-baseline baseline.json",
    source="docs/ci.md",
)
BASELINE_STALE = Rule(
    code="IMG159",
    severity=Severity.NOTE,
    title="a finding of the baseline is gone",
    cause="The baseline lists a finding that does not come up any more: it was mended, or its file is gone. If it came "
    "back, nobody would be told.",
    fix="write the baseline anew with --write-baseline FILE",
    example="imagesmith validate image.json --baseline baseline.json   (after mending a finding)",
    corrected="imagesmith validate image.json --write-baseline baseline.json",
    source="docs/ci.md",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of a baseline: which finding, how often, and where it is listed."""

    file: str
    fingerprint: str
    count: int
    words: str
    span: Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """A file of known findings, whose names of files are meant from its own folder on."""

    folder: Path
    entries: tuple[Entry, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Findings with their states, and a note for each entry that none of them stands for."""

    findings: tuple[Finding, ...]
    stale: tuple[Diagnostic, ...] = ()


def read_baseline(path: str) -> Baseline:
    """Read a baseline. Never raises: one that cannot be used has a diagnostic."""
    folder = Path(path).parent
    document = load(path)
    if document.root is None or any(found.is_error for found in document.diagnostics):
        why = next((found.message for found in document.diagnostics if found.is_error), "it is empty")
        message = f"the baseline cannot be used: {why}"
        return Baseline(folder=folder, diagnostics=(_unusable(document, message),))
    data = document.root.data
    version = data.get("version") if isinstance(data, Object) else None
    listed = data.get("findings") if isinstance(data, Object) else None
    if version is None or version.data != VERSION or listed is None or not isinstance(listed.data, tuple):
        message = "this is no baseline that this version of imagesmith has written"
        return Baseline(folder=folder, diagnostics=(_unusable(document, message),))
    entries = [_entry(item) for item in listed.data]
    broken = next((item for item, entry in zip(listed.data, entries, strict=True) if entry is None), None)
    if broken is not None:
        found = BASELINE_UNREADABLE.at((), "this entry of the baseline has not all its parts", span=broken.span)
        return Baseline(folder=folder, diagnostics=(found,))
    return Baseline(folder=folder, entries=tuple(entry for entry in entries if entry is not None))


def _unusable(document: Document, message: str) -> Diagnostic:
    return BASELINE_UNREADABLE.at((), message, span=Span(document.source, 0, 0))


def _entry(item: Value) -> Entry | None:
    if not isinstance(item.data, Object):
        return None
    parts = {member.key: member.value.data for member in item.data}
    file, fingerprint, count = (parts.get(name) for name in ("file", "fingerprint", "count"))
    if not (isinstance(file, str) and isinstance(fingerprint, str) and isinstance(count, int) and count > 0):
        return None
    words = f"{parts.get('code', '?')} in {file}: {parts.get('message', '')}"
    return Entry(file=file, fingerprint=fingerprint, count=count, words=words, span=item.span)


def against(report: Report, path: str, files: Sequence[str]) -> Report:
    """A report whose findings in some of its files are compared with a baseline; what is wrong with it is in there."""
    baseline = read_baseline(path)
    mine = {index for index, finding in enumerate(report.findings) if finding.file in files}
    comparison = compare([report.findings[index] for index in sorted(mine)], baseline, files)
    compared = iter(comparison.findings)
    findings = tuple(next(compared) if index in mine else one for index, one in enumerate(report.findings))
    return with_others(replace(report, findings=findings), (*baseline.diagnostics, *comparison.stale))


def compare(findings: Sequence[Finding], baseline: Baseline, checked: Iterable[str]) -> Comparison:
    """Mark what is known. Entries are left in peace of files that are still there and were not `checked`, or not to the
    end, because of a new error."""
    left = Counter[tuple[str, str]]()
    for entry in baseline.entries:
        left[entry.file, entry.fingerprint] += entry.count
    compared = [_compared(finding, baseline.folder, left) for finding in findings]
    stopped = {one.file for one in compared if one.state is State.NEW and one.diagnostic.severity is Severity.ERROR}
    names = {name_in(baseline.folder, file) for file in checked if file not in stopped}
    stale = []
    for entry in baseline.entries:
        count = min(entry.count, left[entry.file, entry.fingerprint])
        if count and (entry.file in names or not (baseline.folder / entry.file).exists()):
            left[entry.file, entry.fingerprint] -= count
            times = "" if count == 1 else f" ({count} times)"
            stale.append(BASELINE_STALE.at((), f"gone: {entry.words}{times}", span=entry.span))
    return Comparison(findings=tuple(compared), stale=tuple(stale))


def _compared(finding: Finding, folder: Path, left: Counter[tuple[str, str]]) -> Finding:
    key = (name_in(folder, finding.file), finding.fingerprint)
    if finding.state is not State.NEW or left[key] <= 0:
        return finding
    left[key] -= 1
    return replace(finding, state=State.KNOWN, reason=KNOWN)


def name_in(folder: Path, file: str) -> str:
    """A file's name from a folder on, with forward slashes, the same wherever the command is run."""
    try:
        return PurePath(os.path.relpath(file, folder)).as_posix()
    except ValueError:  # another drive
        return PurePath(file).as_posix()


def baseline_text(findings: Iterable[Finding], folder: Path) -> str:
    """The text of a baseline with these findings but the silenced ones, in an order that makes differences readable."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for finding in findings:
        if finding.state is not State.SILENCED:
            row = _row(finding, folder)
            rows.setdefault((row["file"], row["fingerprint"]), row)["count"] += 1
    ordered = sorted(rows.values(), key=_order)
    return json.dumps({"version": VERSION, "findings": ordered}, indent=2) + "\n"


def _row(finding: Finding, folder: Path) -> dict[str, Any]:
    found = finding.diagnostic
    return {
        "file": name_in(folder, finding.file),
        "code": found.code,
        "path": dotted(found.path),
        "message": found.message,
        "fingerprint": finding.fingerprint,
        "count": 0,
    }


def _order(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return row["file"], row["code"], row["path"], row["fingerprint"]
