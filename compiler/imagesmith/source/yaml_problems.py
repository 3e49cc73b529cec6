"""The YAML parser's complaints to diagnostics that say what to do; its own words where none are better."""

from __future__ import annotations

import yaml

from imagesmith.diagnostics import SourceText
from imagesmith.source.file_rules import TOO_DEEP
from imagesmith.source.findings import Findings
from imagesmith.source.yaml_rules import YAML_SYNTAX

_PROBLEMS = (
    (
        "mapping values are not allowed",
        "a key with a value stands where none can",
        "put a text that contains ': ' in quotes; otherwise check the indentation of this line and the one before",
    ),
    (
        "could not find expected ':'",
        "a key has no colon before the next line",
        "write it as 'key: value'; put a text of several lines after | and indent it",
    ),
    (
        "did not find expected key",
        "the line does not line up with the keys before it, or text goes on after a quoted value",
        "indent it as far as the other keys of the same mapping; quote the whole value",
    ),
    (
        "did not find expected '-' indicator",
        "the line does not line up with the items before it",
        "begin it with '- ' at the same column, or indent it further",
    ),
    (
        "block sequence entries are not allowed",
        "a list item stands where none can",
        "begin the list on a line of its own below its key",
    ),
    (
        "expected ',' or",
        "a list or mapping in brackets is not closed, or a comma is missing in it",
        "check commas and brackets; put texts with special characters in quotes",
    ),
    (
        "found unknown escape character",
        "double quotes make the backslash an escape, and YAML does not know this one",
        "use single quotes, or write the backslash twice",
    ),
    (
        "found a tab character",
        "a tab stands in the indentation",
        "indent with spaces",
    ),
    (
        "found incompatible YAML document",
        "the %YAML line asks for a version that is not known",
        "remove the %YAML line",
    ),
)
"""What the parser says, what is said here, and what to do."""


def report_problem(error: yaml.YAMLError, source: SourceText, base: int, findings: Findings) -> None:
    """Report the error that ended parsing; `base` is added to the parser's offsets."""
    mark, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if getattr(error, "context", None) in {"while scanning an alias", "while scanning an anchor"} and context:
        start = context.index + base
        message = f"a text cannot begin with '{source.text[start]}' without quotes"
        findings.add(YAML_SYNTAX, start, start + 1, message, hint="put the text in quotes")
        return
    problem = str(getattr(error, "problem", None) or error).partition("\n")[0]
    start = min((mark.index if mark else 0) + base, len(source.text))
    if "unexpected end of stream" in problem and context is not None:
        opened = context.index + base
        findings.add(YAML_SYNTAX, opened, opened + 1, "the quoted text is not closed", hint="close it with a quote")
        return
    if "nesting depth" in problem:  # libyaml looks ahead, and gives up before what it saw has been read
        findings.add(TOO_DEEP, start, min(start + 1, len(source.text)))
        return
    message, hint = _words(problem, source.text[start : start + 1])
    findings.add(YAML_SYNTAX, start, min(start + 1, len(source.text)), message, hint=hint)


def _words(problem: str, character: str) -> tuple[str, str]:
    if "cannot start any token" in problem:
        if character == "\t":
            return "a tab stands in the indentation", "indent with spaces"
        return (
            f"a text cannot begin with '{character}' without quotes",
            f"put the text that begins with {character} in quotes",
        )
    known = next(((message, hint) for start, message, hint in _PROBLEMS if start in problem), None)
    return known or (f"this is not YAML: {problem}", "")
