"""The JSON reader against the standard library's, its spans against the text, and its words for real mistakes."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagesmith.diagnostics import Diagnostic, Severity, SourceText
from imagesmith.source import Document, Object, plain, transform, walk
from imagesmith.source.json_reader import read_json

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus"

text = st.text(st.characters(exclude_categories=["Cs"]))
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(text, inner, max_size=5), max_leaves=30
)
fragments = st.lists(
    st.sampled_from(
        [*"{}[]:,\"'\\/<>#=;-+.0123eE", "true", "nul", '"a"', '"b":', "<x>", "//", "/*", "*/", "\n", " ", "\0"]
    ),
    max_size=25,
).map("".join)


def read(content: str) -> Document:
    return read_json(SourceText("a.json", content))


def only(content: str) -> Diagnostic:
    found = read(content).diagnostics
    assert len(found) == 1, found
    return found[0]


def data(document: Document) -> Any:
    assert document.root is not None
    return plain(document.root)


def same(left: Any, right: Any) -> bool:
    """Equal also in type: 1, 1.0 and true are three values."""
    return repr(left) == repr(right)


@settings(deadline=None)
@given(documents, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_valid_documents_are_read_as_the_standard_library_reads_them(value: Any, indent: Any, ascii_only: bool) -> None:
    written = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    document = read(written)
    assert document.diagnostics == ()
    assert same(data(document), json.loads(written))


@settings(deadline=None)
@given(documents, st.sampled_from([None, 2]))
def test_every_span_parses_back_to_its_value(value: Any, indent: Any) -> None:
    document = read("\r\n " + json.dumps(value, indent=indent))
    assert document.root is not None
    for _, part in walk(document.root):
        assert same(json.loads(part.span.text), plain(part))
        if isinstance(part.data, Object):
            assert all(json.loads(member.name.span.text) == member.key for member in part.data)


@settings(deadline=None)
@given(st.text() | fragments)
def test_any_text_is_read_or_refused_and_agrees_with_the_standard_library(content: str) -> None:
    document = read(content)
    try:
        expected = json.loads(content)
    except (ValueError, RecursionError):
        assert document.diagnostics, "what is not JSON must not pass silently"
        return
    if document.diagnostics == ():
        assert same(data(document), expected)


@settings(deadline=None)
@given(fragments)
def test_spans_lie_in_the_text(content: str) -> None:
    for diagnostic in read(content).diagnostics:
        assert diagnostic.span is not None
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(content)
        assert diagnostic.hint


@pytest.mark.parametrize(
    ("content", "code", "line", "column", "hint"),
    [
        ("", "IMG006", 1, 1, "check the path"),
        (" \n\t", "IMG006", 1, 1, "check the path"),
        ('{"a": 1\n "b": 2}', "IMG022", 1, 8, "put a comma"),
        ('["a"\n"b"]', "IMG022", 1, 5, "put a comma"),
        ("[{} {}]", "IMG022", 1, 4, "put a comma"),
        ('{"a" 1}', "IMG023", 1, 5, '"key": value'),
        ('{"a"}', "IMG023", 1, 2, '"key": value'),
        ('{"a", "b": 1}', "IMG023", 1, 2, '"key": value'),
        ('{"a": , "b": 1}', "IMG024", 1, 5, "write the value"),
        ('{"a":\n}', "IMG024", 1, 5, "write the value"),
        ("[1,,2]", "IMG024", 1, 4, "remove it"),
        ("['x y']", "IMG025", 1, 2, 'write "x y"'),
        ("[“x”]", "IMG025", 1, 2, 'write "x"'),
        ('{"location": <region>}', "IMG026", 1, 14, "-p region=VALUE"),
        ('{"t": ${minutes}}', "IMG026", 1, 7, '"${minutes}"'),
        ('{"t": {{ minutes }}}', "IMG026", 1, 7, '"{{ minutes }}"'),
        ("{\"t\": [parameters('minutes')]}", "IMG026", 1, 7, "\"[parameters('minutes')]\""),
        ("[True]", "IMG027", 1, 2, "write true"),
        ("[None]", "IMG027", 1, 2, "write null"),
        ("[westus2]", "IMG027", 1, 2, '"westus2"'),
        ("{a: 1}", "IMG027", 1, 2, 'write "a"'),
        ("{1: 1}", "IMG027", 1, 2, 'write "1"'),
        (r'["C:\Program Files"]', "IMG028", 1, 5, r"\\P"),
        (r'["it\'s"]', "IMG028", 1, 5, "no backslash"),
        (r'["\u12"]', "IMG028", 1, 3, r"twice"),
        ('{"a": "b,\n"c": 1}', "IMG029", 1, 7, 'close it with "'),
        ('["a\tb"]', "IMG030", 1, 4, r"\t"),
        ('["a\0b"]', "IMG030", 1, 4, r"\u0000"),
        (r'["\ud83d"]', "IMG031", 1, 3, "both halves"),
        (r'["\ude00\ud83d"]', "IMG031", 1, 3, "both halves"),
        ("[0128]", "IMG032", 1, 2, "write 128"),
        ("[.5]", "IMG032", 1, 2, "write 0.5"),
        ("[1.]", "IMG032", 1, 2, "write 1"),
        ("[+1]", "IMG032", 1, 2, "write 1"),
        ("[0x10]", "IMG032", 1, 2, "write 16"),
        ("[1.2.3]", "IMG032", 1, 2, "double quotes"),
        ("[NaN]", "IMG033", 1, 2, "write a number"),
        ("[-Infinity]", "IMG033", 1, 2, "write a number"),
        ("[1e400]", "IMG034", 1, 2, "smaller"),
        ("[" + "9" * 5000 + "]", "IMG034", 1, 2, "smaller"),
        ('["echo "hello""]', "IMG035", 1, 9, r"\""),
        ('{"version": ": "latest"}', "IMG035", 1, 17, r"\""),
        ('{"a"": "latest"}', "IMG035", 1, 5, "too many"),
        ('{"a":":"latest"}', "IMG035", 1, 9, "too many"),
        ("[1}", "IMG036", 1, 3, "brackets between"),
        ('{"a": [1}', "IMG036", 1, 9, "brackets between"),
        ('{"a": [1', "IMG037", 1, 9, "add ]}"),
        ("{}}", "IMG038", 1, 3, "remove"),
        ("{}\n{}", "IMG038", 2, 1, "several files"),
        ('"a": 1', "IMG038", 1, 4, "put {"),
        ('{"a" = 1}', "IMG039", 1, 6, "colon"),
        ('{"a": 1; "b": 2}', "IMG039", 1, 8, "comma"),
        ('{"a": 1)', "IMG039", 1, 8, "before this place"),
        ("]", "IMG039", 1, 1, "before this place"),
        ('{"a": 1} /* end', "IMG040", 1, 10, "*/"),
        ("[1,\u00a02]", "IMG010", 1, 4, "ordinary space"),
        ("[\0]", "IMG010", 1, 2, "UTF-16"),
        ('["\ud800"]', "IMG010", 1, 3, "delete"),
        ('{"a": 1,\n "a": 2}', "IMG012", 2, 2, "remove one"),
        ("[1] # one", "IMG020", 1, 5, "remove the comment"),
        ("[" * 201 + "]" * 201, "IMG008", 1, 201, "flatten"),
    ],
)
def test_mistakes_are_named_where_they_are(content: str, code: str, line: int, column: int, hint: str) -> None:
    found = only(content)
    assert found.span is not None
    assert (found.code, found.severity) == (code, Severity.ERROR)
    assert (found.span.line, found.span.column) == (line, column)
    assert hint in found.hint


@pytest.mark.parametrize(
    ("content", "code", "column", "expected"),
    [
        ("\ufeff[1]", "IMG005", 1, [1]),
        ("[1, 2, ]", "IMG021", 6, [1, 2]),
        ('{"a": 1,}', "IMG021", 8, {"a": 1}),
        ("[1] // one", "IMG020", 5, [1]),
        ("/* a\n */ [1]", "IMG020", 1, [1]),
        ('{"parameters": {"a": {"b": 1, "b": 2}}}', "IMG012", 31, {"parameters": {"a": {"b": 2}}}),
        ('{"Parameters": [{"b": 1, "b": 2}]}', "IMG012", 26, {"Parameters": [{"b": 2}]}),
    ],
)
def test_harmless_deviations_are_read_with_a_warning(content: str, code: str, column: int, expected: Any) -> None:
    found = only(content)
    assert found.span is not None
    assert (found.code, found.severity, found.span.column) == (code, Severity.WARNING, column)
    assert data(read(content)) == expected


def test_duplicate_keys_outside_of_the_roots_parameters_are_errors() -> None:
    assert only('{"parameters": 1, "parameters": 2}').is_error
    assert only('{"properties": {"parameters": {"a": 1, "a": 2}}}').is_error


def test_a_warning_is_given_once_and_counts_the_other_places() -> None:
    found = only("// 1\n// 2\n// 3\n{}")
    assert found.span is not None
    assert found.span.line == 1
    assert found.message.endswith("(and 2 more places)")


def test_a_file_of_mistakes_is_reported_in_reasonable_length() -> None:
    found = [d for d in read("[" + "'x',\n" * 1000 + "1]").diagnostics if d.code == "IMG025"]
    assert len(found) == 20
    assert found[-1].message.endswith("(and 980 more places)")


def test_certain_mistakes_are_all_reported_in_one_run_and_the_data_is_there() -> None:
    document = read('{\'a\': <region>\n "b": True,\n c: [1\n 2],, "d": "\\W"}')
    codes = [diagnostic.code for diagnostic in document.diagnostics]
    assert codes == ["IMG025", "IMG026", "IMG022", "IMG027", "IMG027", "IMG022", "IMG024", "IMG028"]
    assert data(document) == {"a": "<region>", "b": True, "c": [1, 2], "d": "\\W"}


@pytest.mark.parametrize("content", ['{"a": , "b": 1}', "[0128]", "[NaN]", "[1e400]", '{"a"}', '{"a": "b'])
def test_there_is_no_data_where_its_meaning_is_not_certain(content: str) -> None:
    assert read(content).root is None


def test_200_levels_are_read() -> None:
    assert read("[" * 200 + "]" * 200).diagnostics == ()


@pytest.mark.parametrize("content", ["[" * 200 + "]" * 200, '{"a":' * 200 + "1" + "}" * 200])
def test_what_walks_over_the_deepest_data_does_not_exhaust_the_stack(content: str) -> None:
    root = read(content).root
    assert root is not None
    assert transform(root, lambda _, part: part) == root
    assert plain(root) == json.loads(content)
    assert max(len(path) for path, _ in walk(root)) in {199, 200}


def test_limits_are_diagnostics() -> None:
    assert only(" " * (16 * 1024 * 1024 + 1)).code == "IMG002"
    assert only("[" + "0," * 1_000_001 + "0]").code == "IMG009"


@pytest.mark.parametrize(
    "content",
    [
        "[" * 400_000,
        '"' * 400_000,
        "[" + "{{" * 200_000,
        '["' + "\\N" * 200_000 + '"]',
        " " * 400_000,
        "[" + "/*" * 200_000,
    ],
    ids=["brackets", "quotes", "braces", "escapes", "spaces", "comments"],
)
def test_no_text_makes_the_reader_slow(content: str) -> None:
    started = time.process_time()
    read(content)
    assert time.process_time() - started < 2  # quadratic work on so much text takes minutes


def test_a_megabyte_is_read_quickly() -> None:
    step = {
        "type": "Shell",
        "name": "setup",
        "inline": ["sudo apt-get update", 'echo "done"'],
        "validExitCodes": [0, 3010],
    }
    content = json.dumps({"properties": {"customize": [step] * 4000}}, indent=4)
    assert len(content) > 1_000_000
    started = time.process_time()
    assert read(content).diagnostics == ()
    assert time.process_time() - started < 1.5  # 0.15 s on the machine where it was measured


@pytest.mark.parametrize("path", sorted(CORPUS.glob("**/*.json*")), ids=lambda path: path.name[-60:])
def test_real_templates_are_read(path: Path) -> None:
    content = path.read_text(encoding="utf-8-sig")
    document = read(content)
    try:
        expected = json.loads(content)
    except ValueError:
        assert document.diagnostics
    else:
        assert [d for d in document.diagnostics if d.is_error and d.code != "IMG012"] == []
        assert data(document) == expected
