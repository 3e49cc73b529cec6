"""The corpus to verdicts: each file compiled with what it asks for, and what came of it in one row."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from imagesmith import source
from imagesmith.arm import split_answer
from imagesmith.arm.faults import RUNTIME_VALUE
from imagesmith.diagnostics import Diagnostic
from imagesmith.model import OsType
from imagesmith.pipeline import Compilation, CompileOptions, compile_document
from imagesmith.source import Document
from imagesmith.targets import NEWEST, Target
from tests.cases import NOW, TARGETS
from tests.corpus.filling import REGION, SUBSCRIPTION, Json, filling

ROOT = Path(__file__).resolve().parent.parent.parent
CORPUS = ROOT.parent / "shared" / "corpus"
REFERENCE = ROOT.parent / "shared" / "reference"
VERDICTS = ROOT / "tests" / "corpus-verdicts.csv"
KINDS = ("arm", "resource-json", "rest-example")
FILES = tuple(
    str(path.relative_to(CORPUS)) for kind in KINDS if CORPUS.is_dir() for path in sorted((CORPUS / kind).iterdir())
)

EXAMPLES = tuple(file for file in FILES if "__Create" in file and "ImageTemplate" in file)
"""Bodies of the REST reference that make a template."""

_PLACES = {"{subscription-id}": "00000000-0000-0000-0000-000000000000", "1_location": "westus"}
"""Places to fill in of the REST reference. They are no tokens: only `filled_example` knows them."""

_SUBSCRIPTION = re.compile(r"/subscriptions/([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What is known of a file. `os_type` and `reason` are written by people, the rest by the compiler; a reason goes
    with its verdict.

    `codes` and `lines` are those of the newest Packer (lines of errors only), `old_packer` the errors that Packer 1.6.6
    adds to them.
    """

    file: str
    os_type: str = ""
    verdict: str = ""
    codes: str = ""
    lines: str = ""
    old_packer: str = ""
    reason: str = ""


def read_rows() -> Mapping[str, Row]:
    """The rows of the table of verdicts by file."""
    if not VERDICTS.exists():
        return {}
    with VERDICTS.open(encoding="utf-8", newline="") as file:
        return {row["file"]: Row(**row) for row in csv.DictReader(file)}


def written(rows: Iterable[Row]) -> str:
    """The table as text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, Row.__slots__, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: getattr(row, name) for name in Row.__slots__} for row in rows)
    return text.getvalue()


def judged(row: Row) -> Row:
    """The row with what the compiler says of the file today."""
    newest, old = compiled(row.file, row.os_type, NEWEST), compiled(row.file, row.os_type, TARGETS["1.6.6"])
    added = Counter(_errors(old.diagnostics)) - Counter(_errors(newest.diagnostics))
    verdict = "compiles" if newest.ok else "diagnostics"
    return replace(
        row,
        verdict=verdict,
        reason=row.reason if verdict == row.verdict else "",
        codes=counted(found.code for found in newest.diagnostics),
        lines=" ".join(str(found.span.line) for found in newest.diagnostics if found.is_error and found.span),
        old_packer=counted(added.elements()),
    )


def counted(codes: Iterable[str]) -> str:
    """Codes with how often they occur: `IMG410 IMG455*2`."""
    return " ".join(f"{code}*{n}" if n > 1 else code for code, n in sorted(Counter(codes).items()))


def _errors(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    return (found.code for found in diagnostics if found.is_error)


@cache
def compiled(file: str, os_type: str, target: Target) -> Compilation:
    """A file compiled in a fixed place, with values for all that it asks for."""
    path = CORPUS / file
    return _compiled(source.read_bytes(path.read_bytes(), filename=path.name), os_type, target)


def filled_example(file: str, target: Target) -> Compilation:
    """A body of the REST reference compiled as if its reader had filled in the places."""
    return _compiled(_filled(file), "", target)


def _filled(file: str) -> Document:
    text = (CORPUS / file).read_text(encoding="utf-8")
    for place, value in _PLACES.items():
        text = text.replace(place, value)
    return source.read_text(text, filename=Path(file).name)


def without_updates(file: str, os_type: str, target: Target) -> Compilation:
    """A file compiled as if it had no WindowsUpdate customizer, which Packer 1.6.6 has no plugin for."""
    path = CORPUS / file
    document = _filled(file) if file in EXAMPLES else source.read_bytes(path.read_bytes(), filename=path.name)
    kept = json.dumps(_without_updates(source.plain(document.root) if document.root else None))
    return _compiled(source.read_text(kept, filename=Path(file).name), os_type, target)


def _without_updates(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _without_updates(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_updates(inner) for inner in value if not _is_update(inner)]
    return value


def _is_update(value: Json) -> bool:
    return isinstance(value, dict) and value.get("type") == "WindowsUpdate"


def _compiled(document: Document, os_type: str, target: Target) -> Compilation:
    options = CompileOptions(
        parameters=filling(document),
        resource_group="contoso-images",
        subscription_id=_subscription(document),
        tenant_id="00000000-0000-0000-0000-000000000002",
        location=REGION,
        os_type=OsType(os_type) if os_type else None,
        vhd_container="https://contosoimages.blob.core.windows.net/vhds",
        vhd_resource_group="contoso-images",
        target=target,
        now=NOW,
        seed="corpus",
    )
    compilation = compile_document(document, options=options)
    resolved = dict(_asked_for(compilation.diagnostics))
    if not resolved:
        return compilation
    return compile_document(document, options=replace(options, resolved=resolved))


def _asked_for(diagnostics: Iterable[Diagnostic]) -> Iterator[tuple[str, str]]:
    """The expressions that only Azure could compute, as the messages show them, each with a value."""
    for found in diagnostics:
        if found.code == RUNTIME_VALUE.code:
            shown = re.search(r'--resolve "(.*)"', found.hint)
            assert shown is not None
            expression, _ = split_answer(shown[1])
            yield expression, "00000000-0000-0000-0000-000000000004"


def _subscription(document: Document) -> str:
    """The subscription that the file itself names, else the one that its tokens are filled with."""
    named = _SUBSCRIPTION.search(document.source.text)
    return named[1] if named else SUBSCRIPTION
