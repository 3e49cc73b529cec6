"""What was fetched against what the lock says: the same, changed, or not pinned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imagesmith.artifacts.lock import Lock, LockedFile, plain_uri
from imagesmith.artifacts.options import FetchedFile
from imagesmith.diagnostics import Diagnostic, Rule, Severity, dotted
from imagesmith.redact import redact_url

_HOW = "look at the change; if it is meant, pin it: imagesmith lock FILE --update"

CHANGED_SINCE_LOCK = Rule(
    code="IMG641",
    severity=Severity.ERROR,
    title="a file is another one than the lock pins",
    cause="It was changed after `imagesmith lock`, or another one is served, and --locked allows no change.",
    fix=_HOW,
    source="docs/files.md",
)
CHANGED_UNLOCKED = Rule(
    code="IMG642",
    severity=Severity.WARNING,
    title="a file has changed since the lock was made",
    cause="There is a lock file beside the template, and it pins another content. Without --locked the build goes on.",
    fix=_HOW,
    source="docs/files.md",
)
NOT_PINNED = Rule(
    code="IMG643",
    severity=Severity.ERROR,
    title="the lock does not pin what the template names",
    cause="The template was changed after `imagesmith lock`, and --locked allows only what is pinned.",
    fix="pin it, too: imagesmith lock FILE",
    source="docs/files.md",
)
NO_LOCK = Rule(
    code="IMG644",
    severity=Severity.ERROR,
    title="there is no lock file",
    cause="--locked was given, and beside the template lies no <stem>.lock.json.",
    fix="make one: imagesmith lock FILE",
    source="docs/files.md",
)


def judged(lock: Lock, fetched: Sequence[FetchedFile], *, enforced: bool) -> Iterator[Diagnostic]:
    """What is to be said of fetched files; errors where the lock is `enforced`."""
    for item in fetched:
        pinned, shown = lock.file(item.fetch), redact_url(item.fetch.uri)
        if pinned is None:
            if enforced:
                yield NOT_PINNED.at(item.fetch.path, f"the lock does not pin {shown}")
        elif pinned.sha256 != item.sha256:
            rule = CHANGED_SINCE_LOCK if enforced else CHANGED_UNLOCKED
            text = f"{shown} has changed: the lock's sha256 is {pinned.sha256}, the file's is {item.sha256}"
            yield rule.at(item.fetch.path, text)


def locked_files(fetched: Sequence[FetchedFile]) -> tuple[LockedFile, ...]:
    """Fetched files as a lock has them, each place once."""
    found = {
        dotted(item.fetch.path): LockedFile(
            place=dotted(item.fetch.path),
            uri=plain_uri(item.fetch.uri),
            sha256=item.sha256,
            size_bytes=item.size_bytes,
        )
        for item in fetched
    }
    return tuple(found.values())


def changes(old: Lock | None, new: Lock) -> list[str]:
    """What a new lock pins otherwise than the old one, a line each."""
    before = {item.place: item for item in old.files} if old else {}
    after = {item.place: item for item in new.files}
    said = []
    for place in sorted({*before, *after}):
        was, now = before.get(place), after.get(place)
        if was is None and now is not None:
            said.append(f"pinned: {place}: {now.uri} {now.sha256[:12]}")
        elif now is None and was is not None:
            said.append(f"no longer pinned: {place}: {was.uri}")
        elif was and now and was.sha256 != now.sha256:
            said.append(f"changed: {place}: {now.uri} {was.sha256[:12]} to {now.sha256[:12]}")
    source_before = old.source if old else None
    if new.source and new.source != source_before:
        change = f" (was {source_before.version})" if source_before and source_before.image == new.source.image else ""
        said.append(f"pinned: properties.source: {new.source.image} {new.source.version}{change}")
    return said
