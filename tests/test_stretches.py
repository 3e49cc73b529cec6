"""A stretch of a text: the characters of the file that write it, never others."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.diagnostics import Rule, Severity, SourceText, Span
from imagesmith.source import Document, locate, read_text
from imagesmith.source.stretches import narrowed

POINTER = Rule(code="IMG999", severity=Severity.NOTE, title="here", cause="-", fix="-")


def pointed_at(document: Document, key: str, text: str) -> str:
    value = document.at((key,))
    assert value is not None
    data = value.data
    assert isinstance(data, str)
    start = data.index(text)
    (found,) = locate([POINTER.at((key,), within=(start, start + len(text)))], document)
    assert found.span is not None
    return found.span.text


@given(st.text(), st.text(min_size=1), st.text(), st.booleans())
def test_every_stretch_of_a_json_string_reads_back(before: str, part: str, after: str, ascii_only: bool) -> None:
    """Whatever escapes the writer chose: the pointed-at characters are those of the part."""
    written = json.dumps({"text": before + part + after}, ensure_ascii=ascii_only)
    document = read_text(written, filename="t.json")
    value = document.at(("text",))
    assert value is not None
    assert isinstance(value.data, str)
    span = narrowed(value.span, value.data, (len(before), len(before) + len(part)))
    assert json.loads(f'"{span.text}"') == part


def test_an_escape_is_pointed_at_as_the_file_writes_it() -> None:
    document = read_text(r'{"a": "echo \"x\"\tdone \u0041\ud83d\ude00!"}', filename="t.json")
    assert pointed_at(document, "a", '"x"') == r"\"x\""
    assert pointed_at(document, "a", "A") == r"\u0041"
    assert pointed_at(document, "a", "\U0001f600!") == r"\ud83d\ude00!"


@pytest.mark.parametrize(
    "written",
    [
        "a: echo one two\n",
        "a: 'echo one two'\n",
        'a: "echo one two"\n',
        "a: |\n  echo one two\n  true\n",
        "a: >-\n  echo one\n  two\n",
        'a: "echo \\"one\\" two"\n',
    ],
)
def test_yaml_is_pointed_at_where_it_can_be_told(written: str) -> None:
    assert pointed_at(read_text(written, filename="t.yaml"), "a", "one") == "one"


def test_what_cannot_be_told_is_pointed_at_as_a_whole() -> None:
    """The second of two in a block of YAML, whose indentation is no part of the text."""
    document = read_text("a: |\n  echo one\n  echo one\n", filename="t.yaml")
    value = document.at(("a",))
    assert value is not None
    assert isinstance(value.data, str)
    assert narrowed(value.span, value.data, (14, 17)) == value.span


def test_an_impossible_stretch_is_the_whole_value() -> None:
    source = SourceText("t.json", '"abc"')
    span = Span(source, 0, 5)
    assert [narrowed(span, "abc", within) for within in ((2, 1), (1, 1), (0, 4), (-1, 2))] == [span] * 4
