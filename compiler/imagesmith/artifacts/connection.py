"""A URL to an open connection whose far end is an address that was checked, not one that a later lookup gave.

Names may have several addresses and change them between two lookups (DNS rebinding), so the connection goes to the
checked address, while TLS and the `Host` header keep the name. Behind a proxy the proxy looks the name up.
"""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse
from types import MappingProxyType
from urllib.parse import SplitResult, unquote, urlsplit

from imagesmith.artifacts.addresses import first_refused, known_without_lookup, system_addresses
from imagesmith.artifacts.faults import (
    BAD_PROXY,
    REFUSED_ADDRESS,
    UNKNOWN_HOST,
    UNTRUSTED,
    CancelledError,
    FetchError,
    PassingError,
)
from imagesmith.artifacts.locations import Remote
from imagesmith.artifacts.options import FetchOptions

_AGENT = "imagesmith"


class Connector:
    """Opens connections for all downloads of one fetch; safe to share between threads."""

    def __init__(self, options: FetchOptions) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._deadlines: dict[socket.socket, float] = {}
        self.stopped = False
        self._open_hosts = frozenset(host.lower().strip("[]") for host in options.allow_hosts)

    @contextmanager
    def get(
        self, at: Remote, *, token: str | None, deadline: float, headers: Mapping[str, str] = MappingProxyType({})
    ) -> Iterator[HTTPResponse]:
        """Send a GET, with `headers` besides the usual ones, and read the answer's head; the connection is then closed.

        `deadline` is a time of `time.monotonic`. Raises `FetchError`, `PassingError` or `CancelledError`; none shows
        the query.
        """
        connection = self._opened(at)
        with closing(connection), self._watched(connection, deadline):
            try:
                self._send(connection, at, token, headers)
                response = connection.getresponse()
            except (OSError, HTTPException) as error:
                raise PassingError(_reason(error)) from None
            with closing(response):
                yield response

    def cut(self, *, everything: bool = False) -> None:
        """Cut the connections that are past their deadline, or all of them and those to come: a server that sends a
        byte now and then holds a reader for as long as it likes, and only another thread can end that."""
        with self._lock:
            self.stopped = self.stopped or everything
            late = [sock for sock, deadline in self._deadlines.items() if everything or deadline < time.monotonic()]
            for sock in late:
                with suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not TLS's own, which talks to the reader's state

    @contextmanager
    def _watched(self, connection: HTTPConnection, deadline: float) -> Iterator[None]:
        sock = connection.sock
        with self._lock:
            if self.stopped:
                raise CancelledError
            self._deadlines[sock] = deadline
        try:
            yield
        finally:
            with self._lock:
                del self._deadlines[sock]

    def _opened(self, at: Remote) -> HTTPConnection:
        try:
            return self._connect(at)
        except ssl.SSLCertVerificationError as error:
            raise FetchError(UNTRUSTED, f"{at.shown}: {error.verify_message}") from None
        except OSError as error:
            raise PassingError(f"no connection: {_reason(error)}") from None

    def _connect(self, at: Remote) -> HTTPConnection:
        proxy = self._proxy(at)
        addresses = self._checked(at, proxied=proxy is not None)
        if proxy is not None:
            return self._through(proxy, at)
        connection = HTTPConnection(at.host, at.port, timeout=self._options.timeout_s)
        connection.sock = self._first_open(addresses, at.port)
        return self._secured(connection, at)

    def _secured(self, connection: HTTPConnection, at: Remote) -> HTTPConnection:
        """Put TLS on a connection to an https server. A cut connection must not look like the end of a file, so ends
        without TLS's closing message are errors (RFC 9112 §9.8)."""
        if at.scheme == "https":
            try:
                connection.sock = self._tls.wrap_socket(
                    connection.sock, server_hostname=at.host, suppress_ragged_eofs=False
                )
            except BaseException:
                connection.close()
                raise
        return connection

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        file, folder = self._options.ca_file, self._options.ca_folder
        if file is not None or folder is not None:
            try:
                context.load_verify_locations(file, folder)
            except OSError as error:
                message = f"the certificates in {file or folder} cannot be read: {_reason(error)}"
                raise FetchError(UNTRUSTED, message) from None
        return context

    def _checked(self, at: Remote, *, proxied: bool) -> Sequence[str]:
        """The addresses of the host; raises `FetchError` if one of them may not be connected to."""
        if proxied:
            addresses: Sequence[str] = known_without_lookup(at.host)
        else:
            addresses = self._resolve(at)
        refused = first_refused(addresses)
        if refused is not None and at.host not in self._open_hosts:
            address, kind = refused
            what = kind if address == at.host else f"{address}, {kind}"
            hint = f"if it is meant, open it by name: --allow-host {at.host}"
            raise FetchError(REFUSED_ADDRESS, f"{at.shown} is not fetched: {at.host} is {what}", hint)
        return addresses

    def _resolve(self, at: Remote) -> Sequence[str]:
        try:
            addresses = (self._options.resolve or system_addresses)(at.host, at.port)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise PassingError(f"the name server has no answer for {at.host}") from None
            raise FetchError(UNKNOWN_HOST, f"{at.shown}: the host {at.host} is not known") from None
        except (OSError, UnicodeError):
            raise FetchError(UNKNOWN_HOST, f"{at.shown}: the host {at.host} cannot be looked up") from None
        if not addresses:
            raise FetchError(UNKNOWN_HOST, f"{at.shown}: the host {at.host} has no address")
        return addresses

    def _first_open(self, addresses: Sequence[str], port: int) -> socket.socket:
        failure: OSError | None = None
        for address in addresses:
            try:
                return socket.create_connection((address, port), timeout=self._options.timeout_s)
            except OSError as error:
                failure = failure or error
        raise failure or OSError("no address")

    def _proxy(self, at: Remote) -> SplitResult | None:
        detour = self._options.detour
        proxies = detour.proxies if detour is not None and detour.takes(at.host) else self._options.proxies
        text = proxies.get(at.scheme, "")
        if not text or _is_exempt(at.host, proxies.get("no", "")):
            return None
        parts = urlsplit(text if "://" in text else f"http://{text}")
        try:
            usable = parts.scheme == "http" and parts.hostname and (parts.port or 80)
        except ValueError:
            usable = None
        if not usable:
            raise FetchError(BAD_PROXY, f"the proxy for {at.scheme} is not of the form http://HOST:PORT")
        return parts

    def _through(self, proxy: SplitResult, at: Remote) -> HTTPConnection:
        """A tunnel to an https server; for http the proxy itself, which is then asked for the whole URL."""
        connection = HTTPConnection(proxy.hostname or "", proxy.port or 80, timeout=self._options.timeout_s)
        if at.scheme == "https":
            host = f"[{at.host}]" if ":" in at.host else at.host
            connection.set_tunnel(host, at.port, headers=_proxy_login(proxy))
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            # http.client tells a refused CONNECT by the text alone
            text = f"the proxy {proxy.hostname}: {_reason(error)}"
            if str(error).startswith("Tunnel connection failed: 4"):
                raise FetchError(BAD_PROXY, f"{at.shown}: {text}") from None
            raise PassingError(text) from None
        return self._secured(connection, at)

    def _send(self, connection: HTTPConnection, at: Remote, token: str | None, wanted: Mapping[str, str]) -> None:
        proxy = self._proxy(at) if at.scheme == "http" else None
        connection.putrequest("GET", at.url if proxy else at.target, skip_host=True, skip_accept_encoding=True)
        headers = {"Host": at.authority, "User-Agent": _AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
        if proxy is not None:
            headers |= _proxy_login(proxy)
        if token is not None:
            # Tokens are understood from this version on (Azure Storage, "Authorize with Microsoft Entra ID")
            headers |= {"Authorization": f"Bearer {token}", "x-ms-version": "2020-04-08"}
        for name, value in ({**headers, **wanted, "Connection": "close"}).items():
            connection.putheader(name, value)
        connection.endheaders()


def _proxy_login(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(login).decode('ascii')}"}


def _is_exempt(host: str, exempt: str) -> bool:
    """Whether `NO_PROXY` lists a host: itself, a domain above it (with or without a dot in front), or everything."""
    for name in filter(None, (part.strip().lower() for part in exempt.split(","))):
        if name == "*" or host == name.lstrip(".") or host.endswith("." + name.lstrip(".")):
            return True
    return False


def _reason(error: Exception) -> str:
    """An error's words without addresses: http.client puts the target into some of its messages."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or 'connection cut'}"
    if isinstance(error, OSError):
        return error.strerror or ("connection cut" if isinstance(error, ConnectionError) else _plain(str(error)))
    return {"RemoteDisconnected": "connection closed without an answer"}.get(type(error).__name__, "answer is not HTTP")


def _plain(text: str) -> str:
    """A text that may come from a server, short and without control characters."""
    return "".join(sign if sign.isprintable() else "?" for sign in text[:100])
