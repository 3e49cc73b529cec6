"""Bicep files to documents: compiled by the `bicep` program, with positions in the Bicep text where it is certain."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from imagesmith.diagnostics import Diagnostic, SourceText, Span
from imagesmith.source.bicep_places import BicepPlaces
from imagesmith.source.bicep_process import Printed, run_bicep
from imagesmith.source.bicep_program import Bicep
from imagesmith.source.bicep_rules import BICEP, BICEP_ERROR, BICEP_FAILED, BICEP_WARNING
from imagesmith.source.file_rules import MAX_BYTES
from imagesmith.source.json_reader import read_json
from imagesmith.source.values import Document, Origin, Value

_TOLD = re.compile(
    r"(?P<file>.+?)\((?P<line>[0-9]{1,7}),(?P<column>[0-9]{1,7})\) : "
    r"(?P<level>Error|Warning|Info) (?P<code>[\w-]+): (?P<message>.*)"
)
"""How bicep prints a diagnostic (src/Bicep.Cli/Logging/DiagnosticLogger.cs of Azure/bicep)."""

_RULES = {"Error": BICEP_ERROR, "Warning": BICEP_WARNING}
_USING = re.compile(r"^[ \t]*using[ \t]+'(?P<file>[^'\r\n]+)'", re.MULTILINE)


def load_bicep(source: SourceText, bicep: Bicep | None) -> Document:
    """The deployment file that a Bicep file compiles to. Never raises."""
    ran = _run(source, bicep, "build")
    return ran if isinstance(ran, Document) else _document(source, ran, ran.text)


def load_bicep_parameters(source: SourceText, bicep: Bicep | None) -> tuple[Document, Document]:
    """The deployment file that a Bicep parameter file is for, and the parameter file that it compiles to. Never
    raises."""
    ran = _run(source, bicep, "build-params")
    if isinstance(ran, Document):
        return ran, ran
    try:
        both = json.loads(ran.text)
        template, parameters = (both.get(part) for part in ("templateJson", "parametersJson"))
    except (ValueError, AttributeError, RecursionError):
        template = parameters = None
    if not isinstance(parameters, str):
        failed = _failed(source, "bicep build-params printed something else than its JSON")
        return failed, failed
    document = _document(source, ran, parameters, "parameters")
    if not isinstance(template, str):
        return _failed(source, "the file names no Bicep file with `using`, so there is no template"), document
    return _document(source, ran, template, "template", written=_used(source)), document


@dataclass(frozen=True, kw_only=True, slots=True)
class _Compiled:
    """What bicep printed, and what it said about the files."""

    text: str
    told: tuple[Diagnostic, ...]


def _run(source: SourceText, bicep: Bicep | None, command: str) -> _Compiled | Document:
    """What the program makes of a file; a document without data where it makes nothing."""
    if bicep is None:
        by_hand = f"bicep {command} {source.name} --stdout"
        hint = f"install it (az bicep install), name it with --bicep, or compile the file yourself: {by_hand}"
        return _refused(source, [BICEP.at((), hint=hint, span=Span(source, 0, 0))])
    try:
        printed = run_bicep(bicep, command, source.name)
    except OSError as error:
        why = error.strerror or "unknown cause"
        return _failed(source, f"{bicep.program} cannot be started: {why}", "check the path that --bicep names")
    told = tuple(_diagnostics(printed, source))
    if any(found.is_error for found in told):
        return _refused(source, told)
    if printed.exit_code != 0:
        return _failed(source, _why(printed, bicep))
    if len(printed.output) > MAX_BYTES:
        return _failed(source, "bicep prints more than 16 MB of JSON")
    return _Compiled(text=printed.output.decode("utf-8-sig", "replace"), told=told)


def _document(
    source: SourceText, compiled: _Compiled, text: str, what: str = "", *, written: SourceText | None = None
) -> Document:
    """The document of a compiled file that was written in `written`, or in the source itself."""
    named, kind = (written or source).name, f"compiled {what}" if what and written is None else "compiled"
    document = read_json(SourceText(f"{named} ({kind})", text))
    root = document.root
    if root is not None:
        root = Value(BicepPlaces(written or source, root).mapped(root, ()).data, Origin(Span(source, 0, 0)))
    found = (*compiled.told, *document.diagnostics)
    return replace(document, source=source, root=root, diagnostics=found, inputs=(document.source,))


def _why(printed: Printed, bicep: Bicep) -> str:
    if printed.exit_code is None:
        return f"bicep did not end within {bicep.time_limit_s:g} s"
    lines = [line.strip() for line in printed.errors.decode("utf-8", "replace").splitlines() if line.strip()]
    said = lines[0] if lines else "it says nothing"
    return f"bicep ended with exit code {printed.exit_code}: {said}"


def _diagnostics(printed: Printed, source: SourceText) -> Iterator[Diagnostic]:
    """What bicep says about files, each at its place."""
    texts = {os.path.abspath(source.name): source}  # noqa: PTH100
    for line in printed.errors.decode("utf-8", "replace").splitlines():
        match = _TOLD.fullmatch(line.strip())
        rule = _RULES.get(match["level"]) if match else None
        if match is None or rule is None:
            continue
        file = re.sub(r"^file://(?=/)", "", match["file"])
        text = texts.setdefault(os.path.abspath(file), SourceText(_shown(file), _read(file)))  # noqa: PTH100
        start = text.offset(int(match["line"]), int(match["column"]))
        word = re.compile(r"\w+|").match(text.text, start)
        span = Span(text, start, max(word.end() if word else start, start))
        yield rule.at((), f"{match['code']}: {match['message']}", span=span)


def _used(source: SourceText) -> SourceText | None:
    """The text of the Bicep file that a parameter file is for, where that is a file beside it."""
    match = _USING.search(source.text)
    if match is None or not match["file"].lower().endswith(".bicep"):
        return None
    name = os.path.join(os.path.dirname(source.name), match["file"])  # noqa: PTH118, PTH120  as the user wrote it
    text = _read(name)
    return SourceText(name, text) if text else None


def _read(file: str) -> str:
    try:
        with open(file, encoding="utf-8-sig", errors="replace") as opened:  # noqa: PTH123
            return opened.read(MAX_BYTES)
    except OSError:
        return ""


def _shown(file: str) -> str:
    """A path as the user would write it: from the current folder on, where it lies below."""
    try:
        relative = os.path.relpath(file)
    except ValueError:  # another drive
        return file
    return file if relative.startswith("..") else relative


def _failed(source: SourceText, message: str, hint: str = "") -> Document:
    return _refused(source, [BICEP_FAILED.at((), message, hint=hint, span=Span(source, 0, 0))])


def _refused(source: SourceText, diagnostics: Iterable[Diagnostic]) -> Document:
    return Document(source=source, root=None, diagnostics=tuple(diagnostics))
