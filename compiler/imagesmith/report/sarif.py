"""A report to SARIF 2.1.0 (OASIS standard, errata 01), as code scanning services and editors read it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any, TypeAlias
from urllib.parse import quote

from imagesmith.diagnostics import Rule, Severity, Span, dotted
from imagesmith.report.explain import rules
from imagesmith.report.findings import Finding, Report, State, end_of, lines_of
from imagesmith.report.fingerprints import FINGERPRINT
from imagesmith.report.json import json_text

Json: TypeAlias = dict[str, Any]  # a part of the document

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_STATES = {State.NEW: "new", State.KNOWN: "unchanged", State.SILENCED: "new"}
_ROOT = "SRCROOT"


def report(found: Report) -> str:
    """The log, in ASCII. Columns count UTF-16 units, as `columnKind` says and GitHub wants."""
    return json_text(_log(found)) + "\n"


def _log(found: Report) -> Json:
    findings = list(dict.fromkeys(found.findings))
    used = sorted({finding.diagnostic.code for finding in findings})
    places = {code: index for index, code in enumerate(used)}
    by_code = {rule.code: rule for rule in rules()}
    run = {
        "tool": {"driver": {**_driver(), "rules": [_rule(by_code[code]) for code in used]}},
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "the folder that imagesmith was started in"}}},
        "results": [_result(finding, places, has_states=_compared(findings)) for finding in findings],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _compared(findings: Iterable[Finding]) -> bool:
    return any(finding.state is State.KNOWN for finding in findings)


def _driver() -> Json:
    from importlib.metadata import version

    return {"name": "imagesmith", "version": version("imagesmith"), "semanticVersion": version("imagesmith")}


def _rule(rule: Rule) -> Json:
    texts = [rule.cause, f"Fix: {rule.fix}", rule.example and f"Example:\n{rule.example}"]
    texts += [rule.corrected and f"Corrected:\n{rule.corrected}"]
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.cause},
        "help": {"text": "\n\n".join(text for text in texts if text)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.category.value], "category": rule.category.value},
    }


def _result(finding: Finding, places: dict[str, int], *, has_states: bool) -> Json:
    diagnostic = finding.diagnostic
    result: Json = {
        "ruleId": diagnostic.code,
        "ruleIndex": places[diagnostic.code],
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": _plain(lines_of(finding))},
        "locations": [_location(finding)],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
    }
    if diagnostic.via:
        stations = diagnostic.via[::-1]  # from the text to where it is used
        result["relatedLocations"] = [
            {"id": number, "message": {"text": _plain(f"through {via.what}")}, "physicalLocation": _physical(via.span)}
            for number, via in enumerate(stations, start=1)
        ]
    if has_states:
        result["baselineState"] = _STATES[finding.state]
    result["suppressions"] = _suppressions(finding)
    return result


def _plain(text: str) -> str:
    """A message in which nothing is a link (§3.11.6)."""
    return text.replace("](", "\\](")


def _location(finding: Finding) -> Json:
    span = finding.diagnostic.span
    location: Json = {
        "physicalLocation": _physical(span) if span else {"artifactLocation": _artifact(finding.file)},
    }
    if finding.diagnostic.path:
        location["logicalLocations"] = [{"fullyQualifiedName": dotted(finding.diagnostic.path), "kind": "member"}]
    return location


def _suppressions(finding: Finding) -> list[Json]:
    match finding.state:
        case State.NEW:
            return []
        case State.KNOWN:
            return [{"kind": "external", "justification": finding.reason or "known from the baseline"}]
        case State.SILENCED:
            return [{"kind": "inSource", **({"justification": finding.reason} if finding.reason else {})}]


def _physical(span: Span) -> Json:
    return {"artifactLocation": _artifact(span.file), "region": _region(span)}


def _artifact(name: str) -> Json:
    path = PurePath(name)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(path.as_posix().encode("utf-8", "backslashreplace"), safe="/"), "uriBaseId": _ROOT}


def _region(span: Span) -> Json:
    """Lines and columns from 1; the end column is that of the character behind the last (§3.30)."""
    end = end_of(span.source, span.start, span.end)
    first, start_column = _place(span, span.start)
    last, end_column = _place(span, end)
    return {"startLine": first, "startColumn": start_column, "endLine": last, "endColumn": end_column}


def _place(span: Span, offset: int) -> tuple[int, int]:
    line, column = span.source.position(offset)
    before = span.source.text[offset - column + 1 : offset]
    return line, column + sum(character > "\uffff" for character in before)
