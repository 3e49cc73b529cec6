"""Reading files: which reader takes them, how they are decoded, and that nothing makes it raise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagesmith.diagnostics import Diagnostic, Severity
from imagesmith.report.text import render
from imagesmith.source import Document, load, plain, read_bytes, read_text


def only(document: Document) -> Diagnostic:
    assert len(document.diagnostics) == 1, document.diagnostics
    return document.diagnostics[0]


def data(document: Document) -> Any:
    assert document.root is not None
    return plain(document.root)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("helloImageTemplateWin", '{"a": "no"}'),
        ("template.json-e", "// built by hand\n/* and\n{ */ {'a': 'no'}"),
        ("template.tpl", '\n\t {"a": "no"}'),
        ("template.yaml", '{"a": "no"}'),
        ("template.json", '{"a": "no"}'),
        ("template", "a: no"),
        ("template.yml", "# comment\n---\na: no"),
    ],
)
def test_the_content_decides_between_json_and_yaml(name: str, content: str) -> None:
    assert data(read_text(content, filename=name)) == {"a": "no"}


def test_json_is_never_read_as_yaml() -> None:
    assert {found.code for found in read_text("{a: b}", filename="template.yaml").diagnostics} == {"IMG027"}


def test_the_name_decides_where_the_content_does_not() -> None:
    assert only(read_text('"a": "b"', filename="template.json")).code == "IMG038"
    assert data(read_text('"a": "b"', filename="template.txt")) == {"a": "b"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'\xef\xbb\xbf{"a": "\xc3\xa9"}', "IMG005"),
        ('{"a": "é"}'.encode("utf-16"), "IMG004"),
        (b"\xfe\xff" + '{"a": "é"}'.encode("utf-16-be"), "IMG004"),
        (b"\xff\xfe" + "a: é".encode("utf-16-le"), "IMG004"),
    ],
)
def test_byte_order_marks_are_understood_with_a_warning(content: bytes, code: str) -> None:
    document = read_bytes(content, filename="template")
    assert (only(document).code, only(document).severity) == (code, Severity.WARNING)
    assert data(document) == {"a": "é"}
    assert document.at(("a",)) is not None
    assert document.source.text[0] != "\ufeff"


def test_yaml_may_begin_with_a_byte_order_mark() -> None:
    assert read_bytes(b"\xef\xbb\xbfa: 1", filename="template.yaml").diagnostics == ()


@pytest.mark.parametrize(
    ("content", "code", "line", "column", "words"),
    [
        (b'{\r\n  "\xc3\xa9": "caf\xe9"\r\n}', "IMG003", 2, 12, "'é'"),
        (b"a: \xff", "IMG003", 1, 4, "Windows-1252"),
        (b"\x7fELF\0\0\xff", "IMG003", 1, 7, "path names the template"),
        (b"\xff\xfea", "IMG003", 1, 1, "UTF-8"),
        (b"\xff\xfe\0\0{\0\0\0", "IMG003", 1, 1, "UTF-8"),
        (b"{\0}\0", "IMG010", 1, 2, "UTF-16"),
        (b"", "IMG006", 1, 1, "check the path"),
        (b"\xef\xbb\xbf \n", "IMG006", 1, 1, "check the path"),
        (b"\0\0\0", "IMG006", 1, 1, "check the path"),
    ],
)
def test_what_is_no_text_is_refused_where_it_begins(
    content: bytes, code: str, line: int, column: int, words: str
) -> None:
    document = read_bytes(content, filename="template")
    found = only(document)
    assert document.root is None
    assert found.span is not None
    assert (found.code, found.span.line, found.span.column) == (code, line, column)
    assert words in found.hint


@pytest.mark.parametrize("content", ["<!DOCTYPE html>\n<html>", " <HTML lang='en'>", "<?xml version='1.0'?>"])
def test_a_web_page_is_named_as_what_it_is(content: str) -> None:
    assert only(read_text(content, filename="template.json")).code == "IMG011"


@pytest.mark.parametrize("name", ["image.bicep", "IMAGE.Bicep"])
def test_bicep_without_its_program_is_refused_with_the_command_that_compiles_it(name: str, tmp_path: Path) -> None:
    text = "param location string"
    (tmp_path / name).write_text(text)
    for document in (load(tmp_path / name), read_text(text, filename=str(tmp_path / name))):
        assert only(document).code == "IMG007"
        assert f"bicep build {tmp_path / name} --stdout" in only(document).hint
    assert only(load(tmp_path / "missing.bicep")).code == "IMG001"


def test_files_that_cannot_be_read_are_diagnostics(tmp_path: Path) -> None:
    loop = tmp_path / "loop.json"
    loop.symlink_to(loop)
    reasons = {
        load(tmp_path / "missing.json"): "no such file",
        load(tmp_path): "a folder",
        load(loop): "cannot be read",
        load("a\0b"): "no name of a file",
    }
    for document, reason in reasons.items():
        assert document.root is None
        assert only(document).code == "IMG001"
        assert reason in only(document).message


def test_a_file_is_named_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.json").write_text("[1,]", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert str(only(load("./t.json")).span) == "./t.json:1:3"
    assert load(tmp_path / "t.json").filename == str(tmp_path / "t.json")


def test_no_more_is_read_than_the_limit(tmp_path: Path) -> None:
    huge = tmp_path / "disk.vhd"
    with huge.open("wb") as file:
        os.truncate(file.fileno(), 1 << 40)
    assert only(load(huge)).code == "IMG002"
    assert only(read_text(" " * (16 * 1024 * 1024 + 1), filename="t")).code == "IMG002"


beginnings = st.sampled_from(
    [b"", b"{", b'{"a": ', b"[", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"a: ", b"- ", b"// x\n"]
)
names = st.sampled_from(["t.json", "t.yaml", "t", "t.tpl"])


@settings(deadline=None)
@given(beginnings, st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")), names)
def test_no_bytes_make_it_raise(beginning: bytes, rest: bytes, name: str) -> None:
    document = read_bytes(beginning + rest, filename=name)
    assert document.root is not None or any(diagnostic.is_error for diagnostic in document.diagnostics)
    assert render(document.diagnostics, color=False) or not document.diagnostics


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=[])), names)
def test_no_text_makes_it_raise(content: str, name: str) -> None:
    document = read_text(content, filename=name)
    assert document.root is not None or any(diagnostic.is_error for diagnostic in document.diagnostics)
