"""Files, bytes and texts to a `Document`: what can be said about them before a reader does, and which reader it is.

The content decides between JSON and YAML, since real templates have names like `helloImageTemplateWin`, `*.json-e`,
`*.tpl` and `*.dist` (corpus-stats.md §2); the name decides only where the content says nothing.
"""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import replace
from pathlib import PurePath

from imagesmith.diagnostics import Rule, SourceText, Span, in_order
from imagesmith.source.bicep_program import Bicep
from imagesmith.source.file_rules import BOM, EMPTY, MAX_BYTES, NOT_UTF8, TOO_LARGE, UNREADABLE, UTF16, WEB_PAGE
from imagesmith.source.json_reader import read_json
from imagesmith.source.values import Document

_JSON_START = re.compile(r"(?:\s|//[^\r\n]*+|/\*(?s:.*?)\*/)*+[\[{]")
_NOTHING = re.compile(r"[\s\0]*+\Z")
_WEB_PAGE = re.compile(r"\s*<(?:!doctype|html|\?xml)\b", re.IGNORECASE)
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def load(path: str | os.PathLike[str], *, bicep: Bicep | None = None) -> Document:
    """Read a file. Never raises: a file that cannot be read is a document without data and with a diagnostic.

    A `.bicep` file is compiled by the program that `bicep` names, a `.bicepparam` file to the parameters in it.
    """
    name = os.fspath(path)
    if not is_bicep(name):
        return _loaded(name)
    text = _text_of(name)
    if isinstance(text, Document):
        return text
    from imagesmith.source.bicep import load_bicep, load_bicep_parameters

    return load_bicep_parameters(text, bicep)[1] if is_bicep_parameters(name) else load_bicep(text, bicep)


def load_with_template(path: str | os.PathLike[str], *, bicep: Bicep | None = None) -> tuple[Document, Document]:
    """Read a `.bicepparam` file: the template that it is for, and the parameters. Never raises, like `load`."""
    text = _text_of(os.fspath(path))
    if isinstance(text, Document):
        return text, text
    from imagesmith.source.bicep import load_bicep_parameters

    return load_bicep_parameters(text, bicep)


def is_bicep(name: str) -> bool:
    """Whether a file's name says that it is Bicep, or a Bicep parameter file."""
    return name.lower().endswith((".bicep", ".bicepparam"))


def is_bicep_parameters(name: str | os.PathLike[str]) -> bool:
    """Whether a file's name says that it is a Bicep parameter file."""
    return os.fspath(name).lower().endswith(".bicepparam")


def _loaded(name: str) -> Document:
    data = _bytes_of(name)
    return data if isinstance(data, Document) else read_bytes(data, filename=name)


def _text_of(name: str) -> SourceText | Document:
    """The text of a file that is not JSON or YAML."""
    data = _bytes_of(name)
    if isinstance(data, Document):
        return data
    try:
        return SourceText(name, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return _undecodable(error, data, "utf-8", name)


def _bytes_of(name: str) -> bytes | Document:
    try:
        with open(name, "rb") as file:  # noqa: PTH123  the path may be of any kind that the system opens
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        return _refused(UNREADABLE, name, *_why(error, name))
    return data if len(data) <= MAX_BYTES else _refused(TOO_LARGE, name)


def read_bytes(data: bytes, *, filename: str) -> Document:
    """Read the bytes of a file that diagnostics call `filename`. Never raises."""
    if len(data) > MAX_BYTES:
        return _refused(TOO_LARGE, filename)
    bom, encoding = _encoding(data)
    body = data[len(bom) :]
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        return _undecodable(error, body, encoding, filename)
    document = read_text(text, filename=filename)
    if encoding != "utf-8":
        return _with(document, UTF16)
    return _with(document, BOM) if bom and _is_json(text, filename) else document


def read_text(text: str, *, filename: str) -> Document:
    """Read a text that diagnostics call `filename`, as JSON or YAML by its content. Never raises."""
    if is_bicep(filename):
        from imagesmith.source.bicep import load_bicep

        return load_bicep(SourceText(filename, text), None)
    if len(text) > MAX_BYTES:
        return _refused(TOO_LARGE, filename)
    source = SourceText(filename, text)
    for form, rule in ((_NOTHING, EMPTY), (_WEB_PAGE, WEB_PAGE)):
        if form.match(text.removeprefix("\ufeff")):
            return Document(source=source, root=None, diagnostics=(rule.at((), span=Span(source, 0, 0)),))
    if _is_json(text, filename):
        return read_json(source)
    from imagesmith.source.yaml_reader import read_yaml

    return read_yaml(source)


def _is_json(text: str, filename: str) -> bool:
    if _JSON_START.match(text.removeprefix("\ufeff")):
        return True
    return PurePath(filename).suffix.lower() in {".json", ".jsonc"}


def _encoding(data: bytes) -> tuple[bytes, str]:
    """The byte order mark that the data begins with and the encoding that it says; UTF-8 where there is none."""
    if data.startswith(codecs.BOM_UTF8):
        return codecs.BOM_UTF8, "utf-8"
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return b"", "utf-8"
    return next(((bom, name) for bom, name in _UTF16.items() if data.startswith(bom)), (b"", "utf-8"))


def _undecodable(error: UnicodeDecodeError, body: bytes, encoding: str, filename: str) -> Document:
    """Point at the first byte that is no text; what stands before it is the file's text up to there."""
    before = len(body[: error.start].decode(encoding))
    source = SourceText(filename, body.decode(encoding, errors="replace"))
    byte = body[error.start]
    if encoding != "utf-8":
        message, hint = "the file begins like UTF-16, but is none", ""
    elif b"\0" in body[:1024]:
        message = "the file is not text, or not in UTF-8"
        hint = "check that the path names the template; a text has to be saved as UTF-8"
    else:
        meant = bytes([byte]).decode("cp1252", errors="ignore")
        message = f"the byte 0x{byte:02X} is not UTF-8"
        hint = f"save the file as UTF-8; in Windows-1252 this byte is '{meant}'" if meant else ""
    diagnostic = NOT_UTF8.at((), message, hint=hint, span=Span(source, before, before + 1))
    return Document(source=source, root=None, diagnostics=(diagnostic,))


def _why(error: OSError | ValueError, name: str) -> tuple[str, str]:
    """What is wrong with a path, and what to do."""
    match error:
        case OSError() if os.path.isdir(name):  # noqa: PTH112  Windows says of a folder that access is denied
            return "this is a folder, not a file", "name the files in it, as in validate FOLDER/*.json"
        case FileNotFoundError():
            return "there is no such file", "check the path"
        case PermissionError():
            return "this user may not read the file", "check the file's permissions"
        case OSError():
            return f"the file cannot be read: {error.strerror or 'unknown cause'}", ""
        case _:
            return "this is no name of a file", "check the path"


def _refused(rule: Rule, filename: str, message: str = "", hint: str = "") -> Document:
    source = SourceText(filename, "")
    diagnostic = rule.at((), message, hint=hint, span=Span(source, 0, 0))
    return Document(source=source, root=None, diagnostics=(diagnostic,))


def _with(document: Document, rule: Rule) -> Document:
    """The document with one more diagnostic about the whole file."""
    found = rule.at((), span=Span(document.source, 0, 0))
    return replace(document, diagnostics=in_order((found, *document.diagnostics)))
