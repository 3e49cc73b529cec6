"""The text of a `scriptUri` or `sourceUri` to where the file is: on a server, or beside the template."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from imagesmith.artifacts.faults import (
    ABSOLUTE_PATH,
    BAD_REDIRECT,
    PASSWORD_IN_URL,
    UNKNOWN_SCHEME,
    UNREADABLE_URL,
    FetchError,
)
from imagesmith.redact import redact_url

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
"""Two letters at least: one is a Windows drive."""
_ABSOLUTE = re.compile(r"[A-Za-z]:|[/\\~]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?|\[?[0-9a-f:.]+\]?")
_HOST_FIRST = re.compile(r"[\w-]+(\.[\w-]+)*:[0-9]+/|[\w-]+(\.[\w-]+)+[:/]")
WEB_HINT = "a web address begins with https://"
_PORTS = {"https": 443, "http": 80}
_SCHEME_HINTS = {
    "data": "write a short script into `inline`, or put the text into a file beside the template",
    "s3": "use the bucket's https address, signed if it is private",
    "gs": "use the bucket's https address, signed if it is private",
    "git": "use the https address of the raw file",
    "ssh": "use the https address of the raw file",
    "az": "use the blob's https address: https://ACCOUNT.blob.core.windows.net/CONTAINER/NAME",
}
_URL_SIGNS = "/:@!$&'()*+,;=~%?[]"
"""What a path or query may hold as it is (RFC 3986 §3.3); `%` stays, as it begins what is encoded already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """A URL that can be asked for. `target` is what stands in the request, with path and query; never show it."""

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)
    shown: str

    @property
    def authority(self) -> str:
        """The `Host` header: name and, unless it is the usual one, port."""
        return self._bracketed if self.port == _PORTS[self.scheme] else f"{self._bracketed}:{self.port}"

    @property
    def url(self) -> str:
        """The whole URL, for requests only."""
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    def redirected(self, location: str) -> Remote:
        """Where a `Location` header leads; raises `FetchError` if that is no place to fetch from."""
        if not location:
            raise FetchError(BAD_REDIRECT, f"{self.shown} redirects without saying where to")
        try:
            return remote(urljoin(self.url, location.strip()))
        except ValueError:
            raise FetchError(BAD_REDIRECT, f"{self.shown} redirects to an unreadable address") from None
        except FetchError as error:
            message = f"{self.shown} redirects to a place that is not fetched from: {error.diagnostic.message}"
            raise FetchError(BAD_REDIRECT, message) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class Local:
    """A path relative to the template, with forward slashes. It may have been meant as a URL, with a token in it."""

    path: str = field(repr=False)
    shown: str


Location: TypeAlias = Remote | Local


def looks_like_host(path: str) -> bool:
    """Whether a relative path begins like a web address without its scheme."""
    return bool(_HOST_FIRST.match(path))


def locate(uri: str) -> Location:
    """Read an address; raises `FetchError` for what is neither a web address nor a relative path."""
    if match := _SCHEME.match(uri):
        scheme = match[1].lower()
        if scheme == "file":
            raise FetchError(ABSOLUTE_PATH, "file: names a file of this machine")
        if scheme not in _PORTS:
            hint = WEB_HINT if _HOST_FIRST.match(uri) else _SCHEME_HINTS.get(scheme, "")
            raise FetchError(UNKNOWN_SCHEME, f"{scheme}: is not fetched from", hint=hint)
        return remote(uri)
    if _ABSOLUTE.match(uri):
        raise FetchError(ABSOLUTE_PATH, f"{redact_url(uri)} is not a relative path")
    if not uri.strip() or "\0" in uri:
        raise FetchError(UNREADABLE_URL, "the address of the file is empty" if not uri.strip() else "")
    return Local(path=uri.replace("\\", "/"), shown=redact_url(uri))


def remote(url: str) -> Remote:
    """Read a web address; raises `FetchError`. What a URL cannot hold is percent-encoded, as browsers do."""
    url = url.strip()
    parts, port = _split(url)
    if "@" in parts.netloc:
        raise FetchError(PASSWORD_IN_URL, f"{redact_url(url)} holds a user name or password")
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise FetchError(UNKNOWN_SCHEME, f"{scheme}: is not fetched from")
    query = f"?{quote(parts.query, safe=_URL_SIGNS)}" if parts.query else ""
    return Remote(
        scheme=scheme,
        host=_host(parts),
        port=_PORTS[scheme] if port is None else port,
        target=quote(parts.path or "/", safe=_URL_SIGNS.replace("?", "")) + query,
        shown=redact_url(url),
    )


def _split(url: str) -> tuple[SplitResult, int | None]:
    if _CONTROL.search(url):
        raise FetchError(UNREADABLE_URL, "the address of the file holds a control character")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise FetchError(UNREADABLE_URL, f"{redact_url(url)} cannot be read as an address") from None
    if port == 0:
        raise FetchError(UNREADABLE_URL, f"{redact_url(url)} has the port 0")
    return parts, port


def _host(parts: SplitResult) -> str:
    try:
        host = (parts.hostname or "").encode("idna").decode("ascii").lower()
    except UnicodeError:
        host = ""
    if not _HOST.fullmatch(host):
        shown = redact_url(parts.geturl())
        raise FetchError(UNREADABLE_URL, f"{shown} names no host that a server can have")
    return host
