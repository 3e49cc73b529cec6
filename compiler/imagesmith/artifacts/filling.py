"""A compilation to its files with everything in them that has to be fetched; what stood in for it is replaced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from imagesmith.artifacts import zips
from imagesmith.artifacts.fetching import fetch_all
from imagesmith.artifacts.folders import NOT_FOR_WINDOWS
from imagesmith.artifacts.locking import judged
from imagesmith.artifacts.options import Cancel, FetchOptions, OnProgress
from imagesmith.diagnostics import Diagnostic, Rule, Severity, has_errors
from imagesmith.lower.steps import WINDOWS_LINE_ENDS
from imagesmith.pipeline import Compilation
from imagesmith.plan import Fetch, FetchKind, OsType
from imagesmith.redact import redact_url
from imagesmith.source import locate

LONG_LINE = Rule(
    code="IMG624",
    severity=Severity.ERROR,
    title="the script has a line that is too long for Packer",
    cause="Packer copies scripts to Linux line by line, and at a line of 64 KiB it stops copying without saying so: the"
    " machine would run what stands before that line, and the step would succeed.",
    fix="copy the long part to the machine in a File step, and let the script read it from there",
    example='{"type": "Shell", "scriptUri": "https://example.com/with-payload.sh"}',
    corrected='{"type": "File", "sourceUri": "https://example.com/payload", "destination": "/tmp/payload"}',
    source="packer.md §6.1",
)
_VARIABLE = re.compile(r"\$env:\w+|\$\{env:[^}]*\}", re.IGNORECASE)
_LONGEST_LINE = 65_535
"""Tried with Packer 1.6.6 and with a new one: a line of 65,536 characters is the first that is lost."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """The files of a compilation by relative path, complete where no diagnostic is an error. `fetched` counts."""

    files: Mapping[str, bytes]
    fetched: int
    diagnostics: tuple[Diagnostic, ...] = ()
    cancelled: bool = False


def fill(
    compilation: Compilation, options: FetchOptions, *, on_progress: OnProgress, cancel: Cancel | None = None
) -> Filled:
    """Fetch what all stages need, once each, and put it into the files (architecture §4.3)."""
    stages = compilation.plan.stages if compilation.plan else ()
    wanted = [(stage.name, fetch) for stage in stages for fetch in stage.fetches]
    if not wanted:
        return Filled(files=compilation.files, fetched=0)
    result = fetch_all([fetch for _, fetch in wanted], options, on_progress=on_progress, cancel=cancel)
    found = _located(result.diagnostics, compilation)
    if result.cancelled or not result.ok:
        return Filled(files=compilation.files, fetched=0, diagnostics=found, cancelled=result.cancelled)
    if options.lock is not None:
        found = (*found, *_located(judged(options.lock, result.fetched, enforced=options.locked), compilation))
    if has_errors(found):
        return Filled(files=compilation.files, fetched=0, diagnostics=found)
    contents = [fetched.content.read_bytes() for fetched in result.fetched]
    found = (*found, *_judged(compilation, [fetch for _, fetch in wanted], contents))
    if has_errors(found):
        return Filled(files=compilation.files, fetched=0, diagnostics=found)
    files = {
        f"{stage}/{fetch.file}": zips.compressed(content) if fetch.kind is FetchKind.ZIP else content
        for (stage, fetch), content in zip(wanted, contents, strict=True)
    }
    return Filled(files={**compilation.files, **files}, fetched=len(wanted), diagnostics=found)


def _located(found: Iterable[Diagnostic], compilation: Compilation) -> tuple[Diagnostic, ...]:
    """Diagnostics with their place in the file."""
    return tuple(locate(found, compilation.document)) if compilation.document else tuple(found)


def _judged(compilation: Compilation, fetches: Sequence[Fetch], contents: Sequence[bytes]) -> Iterator[Diagnostic]:
    """What would become of scripts and folders on their way; scripts for Windows and files arrive as they are."""
    plan, document = compilation.plan, compilation.document
    if plan is None or document is None:
        return
    for fetch, content in zip(fetches, contents, strict=True):
        if fetch.kind is FetchKind.SCRIPT and plan.os_type is OsType.LINUX:
            yield from locate(_script(fetch, content), document)
        if fetch.kind is FetchKind.ZIP:
            yield from locate(_folder(fetch, content), document)


def _folder(fetch: Fetch, content: bytes) -> Iterator[Diagnostic]:
    folder = _VARIABLE.sub("", fetch.unpacked_to or "")  # what a variable stands for is known on the machine only
    if long := zips.too_long(content, folder):
        more = f" and {len(long) - 1} more" if len(long) > 1 else ""
        message = f"{redact_url(fetch.uri)} cannot go to Windows: the path of {long[0]!a}{more} would be too long there"
        yield NOT_FOR_WINDOWS.at(fetch.path, message, hint="choose a destination nearer to the drive's root")


def _script(fetch: Fetch, content: bytes) -> Iterator[Diagnostic]:
    shown = redact_url(fetch.uri)
    if b"\r\n" in content or content.endswith(b"\r"):
        yield WINDOWS_LINE_ENDS.at(
            fetch.path, f"'{shown}' has line ends of Windows; on the machine they are those of Linux"
        )
    if any(len(line) > _LONGEST_LINE for line in content.split(b"\n")):
        yield LONG_LINE.at(fetch.path, f"'{shown}' has a line that is too long for Packer")
