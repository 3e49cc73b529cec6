"""A web address to a file of the cache: redirects, refusals, repetitions, packed answers."""

from __future__ import annotations

import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from typing import TypeAlias

from imagesmith.artifacts.connection import Connector
from imagesmith.artifacts.faults import (
    BAD_ENCODING,
    BAD_REDIRECT,
    HTTP_WITHOUT_CHECKSUM,
    NOT_SERVED,
    SERVER_FAILS,
    TOO_LARGE,
    CancelledError,
    FetchError,
    PassingError,
)
from imagesmith.artifacts.locations import Remote
from imagesmith.artifacts.options import Cancel, FetchOptions, FetchProgress, OnProgress
from imagesmith.artifacts.resume import Progress, going_on
from imagesmith.artifacts.store import Content, Draft, Store

_REDIRECTS = 5
_REDIRECT = frozenset({301, 302, 303, 307, 308})
_PASSES = frozenset({408, 425, 429, 500, 502, 503, 504, 509})
_MAYBE_LOGIN = frozenset({401, 403, 404, 409})
"""What blob storage answers to a request without a login: 404 hides that there is something, 409 is
PublicAccessNotPermitted (Azure Storage, error codes)."""
_CHUNK = 1 << 16
_PROGRESS_BYTES = 1 << 20
_STORAGE_HINTS = {
    "AuthenticationFailed": "the SAS in the address has run out or is damaged: make a new one",
    "AuthorizationFailure": "the storage account's firewall or its rules refuse this machine",
    "AuthorizationPermissionMismatch": "the login needs the role Storage Blob Data Reader on the container",
    "AuthorizationProtocolMismatch": "the SAS does not allow this protocol: make one for https",
    "AuthorizationSourceIPMismatch": "the SAS does not allow this machine's address",
}
_PRIVATE_HINT = (
    "check the spelling; if the blob is private, put a SAS into the address, or log in (`az login`) as somebody "
    "with the role Storage Blob Data Reader"
)


class Downloader:
    """Gets files for all threads of one fetch."""

    def __init__(
        self,
        options: FetchOptions,
        store: Store,
        connector: Connector,
        *,
        on_progress: OnProgress,
        cancel: Cancel | None,
    ) -> None:
        self._options = options
        self._store = store
        self._connector = connector
        self._on_progress = on_progress
        self._cancel = cancel
        self._lock = threading.Lock()
        self._token: tuple[str | None] | None = None

    def download(self, at: Remote, *, http_allowed: bool) -> Content:
        """Get a file, trying again after failures that pass; raises `FetchError` or `CancelledError`."""
        with going_on(self._store, at.url, at.shown, limit_bytes=self._options.limit_bytes) as progress:
            return self._attempts(at, progress, http_allowed=http_allowed)

    def _attempts(self, at: Remote, progress: Progress, *, http_allowed: bool) -> Content:
        deadline = time.monotonic() + self._options.total_timeout_s
        wait_s = self._options.backoff_s
        for attempt in range(1, self._options.attempts + 1):
            try:
                return self._attempt(at, progress, http_allowed=http_allowed, deadline=deadline)
            except PassingError as failure:
                self._stop_if_cancelled()
                pause = min(failure.retry_after_s or wait_s, self._options.retry_after_limit_s)
                if attempt == self._options.attempts or time.monotonic() + pause > deadline:
                    late = time.monotonic() > deadline
                    text = f"took more than {self._options.total_timeout_s:g} s" if late else failure.text
                    raise FetchError(SERVER_FAILS, f"{at.shown}: {text} ({_times(attempt)})") from None
                self._sleep(pause)
                wait_s *= 2
        raise AssertionError("attempts is at least 1")

    def _attempt(self, at: Remote, progress: Progress, *, http_allowed: bool, deadline: float) -> Content:
        start, token = at, None
        for _ in range(_REDIRECTS + 1):
            if at.scheme == "http" and not http_allowed:
                raise _http_refusal(start, at)
            self._stop_if_cancelled()
            with self._connector.get(at, token=token, deadline=deadline, headers=progress.headers) as response:
                if response.status in _REDIRECT:
                    at, token = at.redirected(response.headers.get("Location", "")), None
                    continue
                if at is start and token is None and (token := self._login_for(at, response.status)):
                    continue
                _check_status(at, response, progress)
                return self._receive(at, response, progress, deadline)
        raise FetchError(BAD_REDIRECT, f"{start.shown} redirects more than {_REDIRECTS} times")

    def _login_for(self, at: Remote, status: int) -> str | None:
        """A token for a storage name that has refused a request without one: not for a signed address, nor for one
        that a redirect gave."""
        ask = self._options.storage_token
        wanted = at.scheme == "https" and at.host.endswith(self._options.blob_suffixes) and status in _MAYBE_LOGIN
        if ask is None or not wanted or re.search(r"[?&]sig=", at.target):
            return None
        with self._lock:
            if self._token is None:
                self._token = (ask(),)
            return self._token[0]

    def _receive(self, at: Remote, response: HTTPResponse, progress: Progress, deadline: float) -> Content:
        length = _length(response)
        received = shown = progress.begin(response)
        total = None if length is None else received + length
        if total is not None and total > self._options.limit_bytes:
            raise FetchError(TOO_LARGE, f"{at.shown} is larger than {self._options.limit_bytes:,} bytes")
        unpack, draft = _unpacker(at, response), progress.draft
        self._say(at, received, total)
        for chunk in _chunks(response, length):
            self._stop_if_cancelled()
            if time.monotonic() > deadline:
                raise PassingError("too slow")
            received += len(chunk)
            unpack(chunk, draft)
            if received - shown >= _PROGRESS_BYTES:
                shown = received
                self._say(at, received, total)
        unpack(b"", draft)
        self._say(at, received, total, finished=True)
        return self._store.keep(draft)

    def _say(self, at: Remote, received: int, total: int | None, *, finished: bool = False) -> None:
        with self._lock:
            self._on_progress(
                FetchProgress(source=at.shown, received_bytes=received, total_bytes=total, finished=finished)
            )

    def _stop_if_cancelled(self) -> None:
        if self._connector.stopped or (self._cancel is not None and self._cancel.requested):
            raise CancelledError

    def _sleep(self, pause_s: float) -> None:
        end = time.monotonic() + pause_s
        while (left := end - time.monotonic()) > 0:
            self._stop_if_cancelled()
            time.sleep(min(left, 0.1))


def _times(attempts: int) -> str:
    return "tried once" if attempts == 1 else f"tried {attempts} times"


def _http_refusal(start: Remote, at: Remote) -> FetchError:
    if at is start:
        return FetchError(HTTP_WITHOUT_CHECKSUM, f"{at.shown} is http and has no checksum")
    return FetchError(HTTP_WITHOUT_CHECKSUM, f"{start.shown} redirects to http: {at.shown}")


def _check_status(at: Remote, response: HTTPResponse, progress: Progress) -> None:
    """Raise for every status but 200, and 206 where the rest of a file was asked for."""
    status, headers = response.status, progress.headers
    if status == 200 or (status == 206 and headers):
        return
    if status == 416 and headers:
        progress.forget()
        raise PassingError("the server has no such part of the file")
    if status in _PASSES:
        raise PassingError(f"the server answers {status}", _retry_after(response.headers.get("Retry-After")))
    code = response.headers.get("x-ms-error-code", "")
    known = f" ({code})" if re.fullmatch("[A-Za-z]{1,60}", code) else ""
    raise FetchError(NOT_SERVED, f"{at.shown}: the server answers {status}{known}", _hint(at, status, code))


def _hint(at: Remote, status: int, code: str) -> str:
    if code in _STORAGE_HINTS:
        return _STORAGE_HINTS[code]
    if code or ".blob." in at.host:
        return _PRIVATE_HINT
    if at.host in {"github.com", "raw.githubusercontent.com"} and status == 404:
        return "check owner, repository, branch and path; files of private repositories are not served without a login"
    return ""


def _retry_after(text: str | None) -> float | None:
    """Seconds or a date (RFC 9110 §10.2.3)."""
    if text is None:
        return None
    if re.fullmatch("[0-9]{1,9}", text.strip()):
        return float(text)
    with suppress(ValueError):
        when = parsedate_to_datetime(text)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, (when - datetime.now(UTC)).total_seconds())
    return None


def _length(response: HTTPResponse) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if not response.chunked and re.fullmatch("[0-9]{1,18}", text) else None


def _chunks(response: HTTPResponse, total: int | None) -> Iterator[bytes]:
    """The body as it comes; raises `PassingError` for a body that ends before its length."""
    received = 0
    while total is None or received < total:
        try:
            chunk = response.read1(_CHUNK)
        except TimeoutError:
            raise PassingError("the server fell silent in the middle of the file") from None
        except (OSError, HTTPException, ValueError):
            raise _lost(received) from None
        if not chunk and total is not None:
            raise _lost(received)
        if not chunk:
            return
        received += len(chunk)
        yield chunk


def _lost(received: int) -> PassingError:
    return PassingError(f"the connection was lost in the middle of the file, after {received:,} bytes")


Unpack: TypeAlias = Callable[[bytes, Draft], None]
"""Takes the next part of a body (the empty one at its end) and writes what it means."""


def _unpacker(at: Remote, response: HTTPResponse) -> Unpack:
    """Undo `Content-Encoding`. As with wget, `.gz` and `.tgz` are left packed: servers call those files encoded."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in {"", "identity"} or at.target.partition("?")[0].lower().endswith((".gz", ".tgz")):
        return lambda chunk, draft: draft.write(chunk)
    if encoding in {"gzip", "x-gzip"}:
        return _Inflater(at, 16 + zlib.MAX_WBITS)
    if encoding == "deflate":
        return _Inflater(at, zlib.MAX_WBITS)
    raise FetchError(BAD_ENCODING, f"{at.shown} is served with an unknown Content-Encoding")


class _Inflater:
    """Unpacks in bounded pieces, so that a small answer that grows huge meets the draft's limit, not the memory's."""

    def __init__(self, at: Remote, window_bits: int) -> None:
        self._at = at
        self._bits = window_bits
        self._stream = zlib.decompressobj(window_bits)

    def __call__(self, chunk: bytes, draft: Draft) -> None:
        if not chunk and not self._stream.eof:
            raise PassingError("the packed file ends too early")
        while chunk:
            if self._stream.eof:  # gzip files may stand one after another (RFC 1952 §2.2)
                self._stream = zlib.decompressobj(self._bits)
            try:
                draft.write(self._stream.decompress(chunk, _CHUNK))
            except zlib.error:
                raise FetchError(BAD_ENCODING, f"{self._at.shown}: its packed data are damaged") from None
            chunk = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
