"""The API version that a template is read by."""

from __future__ import annotations

from dataclasses import dataclass

from imagesmith.api_versions import NEWEST, VERSIONS, Pick, Standing, pick
from imagesmith.diagnostics import Diagnostic, Path
from imagesmith.normalise.rules import DEAD_API_VERSION, DEPRECATED_API_VERSION, UNKNOWN_API_VERSION
from imagesmith.source import Document, Member, Object


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The version to read by, and whether somebody named it."""

    version: str
    named: bool
    diagnostics: tuple[Diagnostic, ...] = ()


def choose(document: Document, wanted: str | None) -> Choice:
    """Take the version that the caller wants, else the file's, else the newest; never raises."""
    member = _written(document)
    if wanted is not None:
        return _judge(pick(wanted), wanted, None)
    if member is None or member.value.data in (None, ""):
        return Choice(version=NEWEST, named=False)
    text = member.value.data
    if not isinstance(text, str):
        return _judge(Pick(version=NEWEST, standing=Standing.UNKNOWN), "this value", member)
    return _judge(pick(text), text, member)


def _written(document: Document) -> Member | None:
    root = document.root.data if document.root else None
    return root.find("apiVersion") if isinstance(root, Object) else None


def _judge(found: Pick, text: str, member: Member | None) -> Choice:
    path: Path = ("apiVersion",) if member else ()
    span = member.value.span if member else None
    match found.standing:
        case Standing.DEAD:
            message = f"API version {text} is no longer served; Image Builder stopped taking its templates in 2020"
            hint = f"write {NEWEST} and today's names; what is read here is checked against that version"
            problem = DEAD_API_VERSION.at(path, message, hint=hint, span=span)
            # Read leniently: the names of that time get a warning each instead of a second error.
            return Choice(version=NEWEST, named=False, diagnostics=(problem,))
        case Standing.UNKNOWN:
            shown = text if len(text) <= 40 else f"{text[:40]}…"
            message = f"{shown} is not a known API version; the template is read as {NEWEST}, leniently"
            hint = (
                f"did you mean {found.suggestion}?"
                if found.suggestion
                else f"the published versions are {', '.join(VERSIONS)}"
            )
            problem = UNKNOWN_API_VERSION.at(path, message, hint=hint, span=span)
            return Choice(version=NEWEST, named=False, diagnostics=(problem,))
        case Standing.DEPRECATED:
            problem = DEPRECATED_API_VERSION.at(path, f"API version {found.version} is deprecated", span=span)
            return Choice(version=found.version, named=_is_written(text, member), diagnostics=(problem,))
        case Standing.KNOWN | Standing.ABSENT:
            return Choice(version=found.version, named=_is_written(text, member))


def _is_written(text: str, member: Member | None) -> bool:
    """Whether the version is somebody's word. The usual value that a deployment file's parameter got without one was
    not chosen by the file, many of which are years older than it: its origin is the parameter's name, not a version.
    """
    return member is None or text in member.value.span.text
