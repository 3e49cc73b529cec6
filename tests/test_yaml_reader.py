"""The YAML reader: the core schema, aliases and merge keys, and its words for mistakes and bombs."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagesmith.diagnostics import Diagnostic, SourceText
from imagesmith.source import Document, plain, walk
from imagesmith.source.yaml_reader import read_yaml

PIECES = [
    *("a", "b: ", "- ", "&a ", "*a", "<<: ", "{", "}", "[", "]", ",", "? ", "!!str ", "!x ", "'", '"', ">", "|", "---"),
    *("\n", "\n  ", "\t", "# c", "0x1", ".inf", "%", "\u2028", ": "),
]
fragments = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)


def read(content: str) -> Document:
    return read_yaml(SourceText("a.yaml", content))


def only(content: str) -> Diagnostic:
    found = read(content).diagnostics
    assert len(found) == 1, found
    return found[0]


def data(content: str) -> Any:
    document = read(content)
    assert document.diagnostics == ()
    assert document.root is not None
    return plain(document.root)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"), ("2024-02-01", "2024-02-01"),
        ("22:30", "22:30"), ("1_000", "1_000"), ("0o10", 8), ("0x1F", 31), ("012", 12), ("-3", -3), ("+3", 3),
        ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("~", None), ("null", None), ("NULL", None),
        ("", None),
        ("true", True), ("True", True), ("FALSE", False), ("'1'", "1"), ('"true"', "true"), ("!!str 1", "1"),
        ("!!float 1", 1.0), ("!!int 0x10", 16), ("! 1", "1"), ("1.2.3", "1.2.3"), ("=", "="),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("nullify", "nullify"), ("-", [None]), ("{}", {}), ("!!seq []", []), ("-.x", "-.x"),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema_of_yaml_1_2(written: str, expected: Any) -> None:
    value = data(f"a:\n  {written}\nb: 1")["a"]
    assert repr(value) == repr(expected)


def test_keys_are_texts_as_they_are_written() -> None:
    assert data("1: a\nno: b\nnull: c\n'x': d\n1.50: e") == {"1": "a", "no": "b", "null": "c", "x": "d", "1.50": "e"}


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text("ab :#-'\"\\\n~é漢😀"),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abé 1"), inner, max_size=4),
        max_leaves=20,
    ).filter(lambda value: value is not None)
)
def test_json_is_yaml_and_every_span_parses_back_to_its_value(value: Any) -> None:
    document = read(json.dumps(value, ensure_ascii=False))
    assert document.diagnostics == ()
    assert document.root is not None
    for _, part in walk(document.root):
        assert json.loads(part.span.text) == plain(part)


def test_spans_of_blocks_end_with_their_last_value() -> None:
    content = "# head\na:\n  - b: 1\n    c: |\n      x\n\n  # note\n  - é\n# end\nd: 2\n"
    spans = {path: part.span.text for path, part in walk_root(content)}
    assert spans["a",] == "- b: 1\n    c: |\n      x\n\n  # note\n  - é"
    assert spans["a", 0] == "b: 1\n    c: |\n      x"
    assert spans["a", 1] == "é"
    assert spans["d",] == "2"


def walk_root(content: str) -> list[Any]:
    root = read(content).root
    assert root is not None
    return list(walk(root))


def test_offsets_are_right_after_a_byte_order_mark_and_wide_characters() -> None:
    document = read("\ufeffa: 😀\r\nb: [x")
    assert [str(diagnostic.span) for diagnostic in document.diagnostics] == ["a.yaml:2:6"]
    assert [part.span.text for path, part in walk_root("\ufeffa: 😀é\r\nb: x") if path] == ["😀é", "x"]


def test_an_alias_repeats_its_value_and_says_on_which_way_it_came() -> None:
    document = read("base: &b [1]\ncopy: *b")
    value = document.at(("copy",))
    assert value is not None
    assert plain(value) == [1]
    assert str(value.span) == "a.yaml:1:7"
    assert [(via.what, str(via.span)) for via in value.origin.via] == [("alias *b", "a.yaml:2:7")]


def test_merge_keys_add_what_the_mapping_does_not_have() -> None:
    content = "one: &1 {a: 1, b: 1}\ntwo: &2 {b: 2, c: 2}\nx:\n  <<: [*1, *2]\n  c: 3\ny: {'<<': 4}"
    assert data(content)["x"] == {"a": 1, "b": 1, "c": 3}
    assert data(content)["y"] == {"<<": 4}
    merged = read(content).at(("x", "a"))
    assert merged is not None
    assert [via.what for via in merged.origin.via] == ["merge key <<", "alias *1"]


@pytest.mark.parametrize(
    ("content", "code", "line", "column", "hint"),
    [
        ("", "IMG006", 1, 1, "check the path"),
        ("# nothing\n---\n", "IMG006", 1, 1, "check the path"),
        ("a:\n\tb: 1", "IMG050", 2, 1, "spaces"),
        ("a: b: c", "IMG050", 1, 5, "quotes"),
        ("a:\n  b: 1\n c: 2", "IMG050", 3, 2, "indent"),
        ("a: 'x", "IMG050", 1, 4, "close it"),
        ("a: @x", "IMG050", 1, 4, "quotes"),
        ("a: [1, 2\nb: 3", "IMG050", 2, 2, "brackets"),
        ('a: "C:\\Windows"', "IMG050", 1, 7, "single quotes"),
        ("%YAML 3.0\n---\na: 1", "IMG050", 1, 1, "remove the %YAML line"),
        ("a: 1\n---\nb: 2", "IMG051", 2, 1, "file of its own"),
        ("a: !Ref x", "IMG052", 1, 4, "remove the tag"),
        ("a: !!timestamp 2024-02-01", "IMG052", 1, 4, "remove the tag"),
        ("a: !x [1]", "IMG052", 1, 4, "remove the tag"),
        ("a: !!int x", "IMG053", 1, 4, "correct the value"),
        ("a: !!map [1]", "IMG053", 1, 4, "correct the value"),
        ("a: &a [*a]", "IMG055", 1, 8, "anchor"),
        ("a: *.sh", "IMG050", 1, 4, "quotes"),
        ("a: *sh", "IMG055", 1, 4, "quotes"),
        ("a: *later\nb: &later 1", "IMG055", 1, 4, "anchor"),
        ("a: {{ region }}", "IMG056", 1, 5, "placeholder in quotes"),
        ("? [a]\n: b", "IMG056", 1, 3, "plain key"),
        ("<<: westus2", "IMG057", 1, 1, "alias to a mapping"),
        ("a: .inf", "IMG033", 1, 4, "write a number"),
        ("a: 1e400", "IMG034", 1, 4, "smaller"),
        ("a: 0xFFFFFFFFFFFFFFFFF", "IMG034", 1, 4, "smaller"),
        ("a: 1\nb: 2\na: 3", "IMG012", 3, 1, "remove one"),
        ("é: 1\nb: \x07", "IMG010", 2, 4, "delete"),
        ("a: " + "[" * 200, "IMG008", 1, 203, "flatten"),
    ],
)  # fmt: skip
def test_mistakes_are_named_where_they_are(content: str, code: str, line: int, column: int, hint: str) -> None:
    found = only(content)
    assert found.span is not None
    assert (found.code, found.span.line, found.span.column) == (code, line, column)
    assert found.is_error
    assert hint in found.hint


def doubling(lines: int, item: str = "*a{0}, *a{0}") -> str:
    return "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{item.format(n - 1)}]\n" for n in range(1, lines))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (doubling(60), "IMG054"),
        (doubling(250, "*a{0}"), "IMG008"),
        ("a: &a x\nb: [" + "*a, " * 10_001 + "]", "IMG054"),
        ("a: &a '" + "x" * 2_000_000 + "'\nb: [" + "*a, " * 20 + "]", "IMG054"),
    ],
    ids=["doubling", "deepening", "many", "long"],
)
def test_alias_bombs_do_not_go_off(content: str, code: str) -> None:
    started = time.process_time()
    assert only(content).code == code
    assert time.process_time() - started < 2


def test_200_levels_and_10000_aliases_are_read() -> None:
    assert read("[" * 200 + "]" * 200).diagnostics == ()
    assert read("a: &a x\nb: [" + "*a, " * 10_000 + "]").diagnostics == ()


@settings(deadline=None)
@given(st.text() | fragments)
def test_any_text_is_read_or_refused(content: str) -> None:
    document = read(content)
    assert document.root is not None or document.diagnostics
    for diagnostic in document.diagnostics:
        assert diagnostic.span is not None
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(content)
