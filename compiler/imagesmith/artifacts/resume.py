"""A download that was cut to one that goes on where it ended, also in a later run (RFC 9110 §13.1.5, §14.2).

Only where the server names the version of the file by a strong ETag: it is sent back with the wish for the rest, and a
server whose file has changed since sends the whole of it. What was packed by the server is not gone on with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPResponse

from imagesmith.artifacts.faults import CancelledError, FetchError, PassingError
from imagesmith.artifacts.store import Draft, Store

_STRONG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/(?:([0-9]{1,18})|\*)")
WORTH_BYTES = 1 << 16
"""Bytes from which on a part is kept for a later run."""


class Progress:
    """How far a file has come: its draft, and the ETag that its rest can be asked for with."""

    def __init__(self, draft: Draft, etag: str | None = None) -> None:
        self.draft = draft
        self.etag = etag

    @property
    def headers(self) -> Mapping[str, str]:
        """What asks for the rest; nothing where the whole file is wanted."""
        if self.etag is None or self.draft.size_bytes == 0:
            return {}
        return {"Range": f"bytes={self.draft.size_bytes}-", "If-Range": self.etag}

    @property
    def worth_keeping(self) -> bool:
        """Whether a later run should go on with it."""
        return self.etag is not None and self.draft.size_bytes >= WORTH_BYTES

    def forget(self) -> None:
        """Begin anew."""
        self.etag = None
        self.draft.reset()

    def begin(self, response: HTTPResponse) -> int:
        """Take the head of an answer: where its body stands in the file. Raises PassingError for a wrong part."""
        if response.status != 206:
            self.forget()
            encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
            etag = response.headers.get("ETag", "")
            self.etag = etag if encoding in {"", "identity"} and _STRONG.fullmatch(etag) else None
            return 0
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != self.draft.size_bytes:
            self.forget()
            raise PassingError("the server sent another part of the file than was asked for")
        return self.draft.size_bytes


@contextmanager
def going_on(store: Store, url: str, shown: str, *, limit_bytes: int) -> Iterator[Progress]:
    """A file to receive into, with what an earlier run left of it. Raises `FetchError`.

    What has come by the end, but is not the whole, is left for a later run.
    """
    part = store.take_part(url, shown, limit_bytes=limit_bytes)
    if part is None:
        with store.draft(shown, limit_bytes=limit_bytes) as draft:
            yield from _kept(store, url, Progress(draft))
        return
    draft, etag = part
    try:
        yield from _kept(store, url, Progress(draft, etag if _STRONG.fullmatch(etag) else None))
    finally:
        store.drop(draft)


def _kept(store: Store, url: str, progress: Progress) -> Iterator[Progress]:
    try:
        yield progress
    except (FetchError, CancelledError):
        if progress.worth_keeping and progress.etag:
            store.leave_part(url, progress.draft, progress.etag)
        raise
