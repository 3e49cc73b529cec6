"""A report to JUnit's XML: a suite a file, a test case a rule that has something to say in it.

There is no standard; this keeps to what Jenkins, GitLab and Azure DevOps read (`testsuites`, `testsuite`, `testcase`
with `failure` or `skipped`, `system-out`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from imagesmith.policy import fails
from imagesmith.report.findings import CheckedFile, Finding, Report, State, first, lines_of
from imagesmith.report.text import escape_controls

_VALID = "valid"


def report(found: Report) -> str:
    """The document; findings milder than the threshold are output of cases that pass."""
    suites = [_suite(file, list(found.of(file.name))) for file in (*found.files, *found.others)]
    tests, failures, skipped = (
        (sum(counts) for counts in zip(*(counts for _, counts in suites), strict=True)) if (suites) else (0, 0, 0)
    )
    head = f'<testsuites name="imagesmith" tests="{tests}" failures="{failures}" errors="0" skipped="{skipped}">'
    lines = [line for text, _ in suites for line in text]
    return "\n".join(('<?xml version="1.0" encoding="UTF-8"?>', head, *lines, "</testsuites>", ""))


def _suite(file: CheckedFile, findings: list[Finding]) -> tuple[list[str], tuple[int, int, int]]:
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.diagnostic.code, []).append(finding)
    cases = [_case(file, code, found) for code, found in sorted(by_code.items())]
    if not cases:
        cases = [([f"    <testcase {_names(file, _VALID)}/>"], "passed")]
    counts = (len(cases), sum(end == "failed" for _, end in cases), sum(end == "skipped" for _, end in cases))
    head = f'  <testsuite name={_quoted(file.name)} tests="{counts[0]}" failures="{counts[1]}" errors="0" '
    lines = [line for text, _ in cases for line in text]
    return [f'{head}skipped="{counts[2]}">', *lines, "  </testsuite>"], counts


def _case(file: CheckedFile, code: str, findings: list[Finding]) -> tuple[list[str], str]:
    new = [finding for finding in findings if finding.state is State.NEW]
    name = _names(file, code)
    worst = first(new)
    if worst is None:
        reason = quoteattr("; ".join(sorted({_line(finding.reason) or finding.state for finding in findings})))
        return [f"    <testcase {name}>", f"      <skipped message={reason}/>", "    </testcase>"], "skipped"
    text = escape("\n".join(_texts(new)))
    if not fails([worst.diagnostic], file.fail_on):
        return [f"    <testcase {name}>", f"      <system-out>{text}</system-out>", "    </testcase>"], "passed"
    given = f"type={_quoted(worst.diagnostic.severity)} message={_quoted(worst.diagnostic.message)}"
    return [f"    <testcase {name}>", f"      <failure {given}>{text}</failure>", "    </testcase>"], "failed"


def _names(file: CheckedFile, name: str) -> str:
    return f"classname={_quoted(file.name)} name={quoteattr(name)}"


def _texts(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        place = f"{finding.diagnostic.span}: " if finding.diagnostic.span else ""
        for line in f"{place}{finding.diagnostic.severity}: {lines_of(finding)}".split("\n"):
            yield escape_controls(line)


def _line(text: str) -> str:
    return " ".join(escape_controls(line) for line in text.split("\n"))


def _quoted(text: str) -> str:
    return quoteattr(_line(text))
