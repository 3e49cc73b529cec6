"""All files of a stage at once: each address one time, in parallel, from the cache where that is certain."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeAlias

from imagesmith.artifacts import beside
from imagesmith.artifacts.connection import Connector
from imagesmith.artifacts.download import Downloader
from imagesmith.artifacts.faults import (
    CHANGED_SINCE,
    CHECKSUM_DIFFERS,
    FROM_CACHE,
    HTML_PAGE,
    HTTP_WITHOUT_CHECKSUM,
    LFS_POINTER,
    NO_SUCH_FILE,
    OFFLINE,
    UNREADABLE_SHEBANG,
    CancelledError,
    FetchError,
)
from imagesmith.artifacts.locations import Local, Remote, locate
from imagesmith.artifacts.options import Cancel, FetchedFile, FetchOptions, FetchResult, OnProgress
from imagesmith.artifacts.store import Content, Store
from imagesmith.diagnostics import Diagnostic
from imagesmith.plan import Fetch, FetchKind
from imagesmith.redact import redact_url

_LOOK_S = 0.1
_HTML = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html[\s>])", re.IGNORECASE)
_BAD_SHEBANG = re.compile(rb"\xef\xbb\xbf#!|#![^\n]*\r\n")
_LFS = b"version https://git-lfs.github.com/spec/"
_GITHUB_PAGE = re.compile(r"https?://github\.com/([^/]+)/([^/]+)/blob/([^?#]+)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outcome:
    """What became of one fetch: its file or None, and what there is to say."""

    file: FetchedFile | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    cancelled: bool = False


_Outcomes: TypeAlias = dict[Fetch, _Outcome]


def fetch_all(
    fetches: Sequence[Fetch], options: FetchOptions, *, on_progress: OnProgress, cancel: Cancel | None = None
) -> FetchResult:
    """Fetch the files of a plan (architecture §4.3, aib-templates.md §2.3).

    Never raises for what a template, a server or a disk does: that is in the result's diagnostics, each with the path
    of the property that names the file. An address that stands in several places is fetched once.
    """
    store = Store(options.cache)
    try:
        store.prepare()
    except FetchError as error:
        return FetchResult(fetched=(), diagnostics=(error.diagnostic,) if fetches else ())
    connector = Connector(options)
    downloader = Downloader(options, store, connector, on_progress=on_progress, cancel=cancel)
    groups: dict[str, list[Fetch]] = {}
    for fetch in fetches:
        groups.setdefault(fetch.uri, []).append(fetch)
    steps = _Steps(options=options, store=store, downloader=downloader)
    outcomes = _in_parallel(lambda uri: steps.fetch(uri, groups[uri]), groups, options.parallel, connector, cancel)
    ordered = [outcomes[fetch] for fetch in fetches]
    return FetchResult(
        fetched=tuple(outcome.file for outcome in ordered if outcome.file),
        diagnostics=tuple(dict.fromkeys(item for outcome in ordered for item in outcome.diagnostics)),
        cancelled=any(outcome.cancelled for outcome in ordered),
    )


def _in_parallel(
    fetch: Callable[[str], _Outcomes], uris: Iterable[str], parallel: int, connector: Connector, cancel: Cancel | None
) -> _Outcomes:
    """Run the downloads in threads; this one looks after deadlines and the wish to stop, since those may be waiting."""
    outcomes: _Outcomes = {}
    with ThreadPoolExecutor(max_workers=max(1, parallel), thread_name_prefix="fetch") as pool:
        try:
            waiting = {pool.submit(fetch, uri) for uri in uris}
            while waiting:
                done, waiting = wait(waiting, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
                for job in done:
                    outcomes |= job.result()
                connector.cut(everything=cancel is not None and cancel.requested)
        except BaseException:
            connector.cut(everything=True)
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return outcomes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Steps:
    """What has to be done for one address; its methods run in several threads."""

    options: FetchOptions
    store: Store
    downloader: Downloader

    def fetch(self, uri: str, group: Sequence[Fetch]) -> _Outcomes:
        """Fetch what several steps name by the same address."""
        try:
            location = locate(uri)
            match location:
                case Local():
                    content = self._copied(location, group)
                    return {fetch: _checked(fetch, content) for fetch in group}
                case Remote():
                    return self._fetch_remote(location, uri, group)
        except FetchError as error:
            return {fetch: _refused(fetch, error.diagnostic) for fetch in group}
        except CancelledError:
            return {fetch: _Outcome(cancelled=True) for fetch in group}

    def _copied(self, at: Local, group: Sequence[Fetch]) -> Content:
        if at.path.endswith("/") and any(fetch.kind is FetchKind.SCRIPT for fetch in group):
            raise FetchError(NO_SUCH_FILE, f"{at.shown} is a folder, and a script is a file")
        return beside.copy(at, group[0].kind, self.options, self.store)

    def _fetch_remote(self, at: Remote, uri: str, group: Sequence[Fetch]) -> _Outcomes:
        """From the cache by checksum, else from the network; with `offline`, as it was when it was last fetched."""
        outcomes = {fetch: _refused(fetch, said) for fetch in group if (said := _unsafe(at, fetch))}
        for fetch in group:
            if fetch not in outcomes and (content := self.store.find(self._expected(fetch))):
                outcomes[fetch] = _checked(fetch, content, from_cache=True)
        missing = [fetch for fetch in group if fetch not in outcomes]
        if not missing:
            return outcomes
        if self.options.offline:
            return outcomes | {fetch: self._remembered(fetch, at, uri) for fetch in missing}
        before = self.store.remembered_digest(uri)
        try:
            content = self.downloader.download(at, http_allowed=all(fetch.sha256 for fetch in missing))
            self.store.remember(uri, content.sha256)
        except FetchError as error:
            return outcomes | {fetch: _refused(fetch, error.diagnostic) for fetch in missing}
        return outcomes | {fetch: self._compared(fetch, at, content, before) for fetch in missing}

    def _compared(self, fetch: Fetch, at: Remote, content: Content, before: str | None) -> _Outcome:
        """What was fetched; told is where it is not what the last fetch gave. A checksum or a lock says that better."""
        outcome = _checked(fetch, content)
        pinned = fetch.sha256 or (self.options.lock and self.options.lock.file(fetch))
        if pinned or before is None or before == content.sha256:
            return outcome
        text = f"{at.shown} has changed since it was last fetched: {before[:12]}... to {content.sha256[:12]}..."
        return dataclasses.replace(outcome, diagnostics=(CHANGED_SINCE.at(fetch.path, text), *outcome.diagnostics))

    def _expected(self, fetch: Fetch) -> str | None:
        """The digest that the content must have: the template's, else the lock's where that counts."""
        pinned = self.options.lock.file(fetch) if self.options.lock and self.options.locked else None
        return fetch.sha256 or (pinned.sha256 if pinned else None)

    def _remembered(self, fetch: Fetch, at: Remote, uri: str) -> _Outcome:
        content = None if self._expected(fetch) else self.store.remembered(uri)
        if content is None:
            return _Outcome(diagnostics=(OFFLINE.at(fetch.path, f"{at.shown} is not in the cache"),))
        outcome = _checked(fetch, content, from_cache=True)
        note = FROM_CACHE.at(fetch.path, f"{at.shown}: the copy of an earlier fetch is used ({content.sha256[:12]}...)")
        return dataclasses.replace(outcome, diagnostics=(note, *outcome.diagnostics))


def _unsafe(at: Remote, fetch: Fetch) -> Diagnostic | None:
    if at.scheme == "http" and not fetch.sha256:
        return HTTP_WITHOUT_CHECKSUM.at(fetch.path, f"{at.shown} is http and has no checksum")
    return None


def _refused(fetch: Fetch, diagnostic: Diagnostic) -> _Outcome:
    return _Outcome(diagnostics=(dataclasses.replace(diagnostic, path=fetch.path),))


def _checked(fetch: Fetch, content: Content, *, from_cache: bool = False) -> _Outcome:
    """Compare the checksum, and look whether the content is what the template wants."""
    suspicions = tuple(_suspicions(fetch, content))
    if fetch.sha256 and fetch.sha256.lower() != content.sha256:
        message = (
            f"{redact_url(fetch.uri)} has changed: the template's sha256Checksum is {fetch.sha256}, "
            f"the file's is {content.sha256}"
        )
        return _Outcome(diagnostics=(CHECKSUM_DIFFERS.at(fetch.path, message), *suspicions))
    file = FetchedFile(
        fetch=fetch,
        content=content.path,
        sha256=content.sha256,
        size_bytes=content.size_bytes,
        from_cache=from_cache,
    )
    return _Outcome(file=file, diagnostics=suspicions)


def _suspicions(fetch: Fetch, content: Content) -> Iterator[Diagnostic]:
    """Pages and pointers that servers give in the place of a file."""
    with content.path.open("rb") as file:
        start = file.read(512)
    source = redact_url(fetch.uri)
    meant = fetch.kind is FetchKind.FILE and source.partition("?")[0].lower().endswith((".html", ".htm", ".xhtml"))
    if _HTML.match(start) and not meant:
        page = _GITHUB_PAGE.match(fetch.uri)
        hint = f"use https://raw.githubusercontent.com/{page[1]}/{page[2]}/{page[3]}" if page else ""
        yield HTML_PAGE.at(fetch.path, f"{source} is a web page, not the file", hint=hint)
    if start.startswith(_LFS):
        yield LFS_POINTER.at(fetch.path, f"{source} is a Git LFS pointer, not the file")
    if fetch.kind is FetchKind.SCRIPT and fetch.file.endswith(".sh") and _BAD_SHEBANG.match(start):
        what = "a byte order mark" if start.startswith(b"\xef") else "a carriage return in its first line"
        yield UNREADABLE_SHEBANG.at(fetch.path, f"{source} has {what}")
