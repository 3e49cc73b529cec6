"""Files come from where they may come from, whole and unchanged, or not at all; and no token is shown on the way."""

from __future__ import annotations

import gzip
import hashlib
import os
import socket
import ssl
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeAlias

import pytest
import trustme

from imagesmith.artifacts import FetchOptions, FetchProgress, FetchResult, fetch_all
from imagesmith.artifacts.addresses import refused_because
from imagesmith.plan import Fetch, FetchKind

SCRIPT = b"#!/bin/sh\necho hello\n"
DIGEST = hashlib.sha256(SCRIPT).hexdigest()
SIGNATURE = "c2VjcmV0LXNpZ25hdHVyZQ"
SAS = f"sv=2024-11-04&sp=r&sig={SIGNATURE}%3D"

Answer: TypeAlias = Callable[[BaseHTTPRequestHandler], None]


def say(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a length."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def redirect(to: str) -> Answer:
    return say(302, headers={"Location": to})


@dataclass
class Site:
    """A server on loopback: answers by path, one after the other, the last one for ever."""

    url: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    seen: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def on(self, path: str, *answers: Answer) -> str:
        self.answers[path] = list(answers)
        return self.url + path

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.seen]


@contextmanager
def serving(context: ssl.SSLContext | None) -> Iterator[Site]:
    class Exchange(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.seen.append((self.path, dict(self.headers.items())))
            answers = served.answers.get(self.path.partition("?")[0], [say(404)])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
            """Keep quiet."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes away is no error here."""

    server = Quiet(("127.0.0.1", 0), Exchange)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "http" if context is None else "https"
    served = Site(f"{scheme}://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def site(authority: trustme.CA) -> Iterator[Site]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "contoso.blob.core.windows.net", "files.contoso.example").configure_cert(context)
    with serving(context) as it:
        yield it


@pytest.fixture
def plain_site() -> Iterator[Site]:
    with serving(None) as it:
        yield it


@pytest.fixture
def options(tmp_path: Path, authority: trustme.CA) -> FetchOptions:
    """For servers on this machine, which have to be opened by name."""
    certificate = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(certificate))
    folder = tmp_path / "template"
    folder.mkdir()
    return FetchOptions(
        cache=tmp_path / "cache",
        template_folder=folder,
        timeout_s=5,
        ca_file=certificate,
        allow_hosts=frozenset({"localhost"}),
        backoff_s=0.01,
    )


def wanted(uri: str, sha256: str | None = None, *, number: int = 0, kind: FetchKind = FetchKind.SCRIPT) -> Fetch:
    path = ("properties", "customize", number, "scriptUri")
    return Fetch(uri=uri, kind=kind, file=f"scripts/{number:02}-setup.sh", path=path, sha256=sha256)


def quiet(progress: FetchProgress) -> None:
    """Nobody looks."""


def fetch(options: FetchOptions, *fetches: Fetch) -> FetchResult:
    result = fetch_all(fetches, options, on_progress=quiet)
    assert SIGNATURE not in repr(result)
    for diagnostic in result.diagnostics:
        assert diagnostic.hint
        assert diagnostic.message
        assert diagnostic.path[:2] == ("properties", "customize")
    return result


def refusal(options: FetchOptions, uri: str, sha256: str | None = None) -> tuple[str, str, str]:
    """Code, message and hint of the one diagnostic of a fetch that must give no file."""
    result = fetch(options, wanted(uri, sha256))
    assert not result.fetched
    assert not result.ok
    (diagnostic,) = result.diagnostics
    return diagnostic.code, diagnostic.message, diagnostic.hint


def content(result: FetchResult, number: int = 0) -> bytes:
    return result.files[f"scripts/{number:02}-setup.sh"].read_bytes()


# What comes


def test_a_file_comes_over_https(site: Site, options: FetchOptions) -> None:
    url = site.on("/setup.sh", say(200, SCRIPT))
    result = fetch(options, wanted(url))
    assert result.ok
    assert result.diagnostics == ()
    assert content(result) == SCRIPT
    (file,) = result.fetched
    assert (file.sha256, file.size_bytes, file.from_cache) == (DIGEST, len(SCRIPT), False)


def test_the_cache_is_private(site: Site, options: FetchOptions) -> None:
    old = os.umask(0)
    try:
        fetch(options, wanted(site.on("/setup.sh", say(200, SCRIPT)) + "?" + SAS))
    finally:
        os.umask(old)
    modes = {path.relative_to(options.cache): stat.S_IMODE(path.stat().st_mode) for path in options.cache.rglob("*")}
    assert modes.pop(Path("sha256") / DIGEST) == 0o600
    assert {mode for path, mode in modes.items() if (options.cache / path).is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if (options.cache / path).is_file()} == {0o600}
    assert stat.S_IMODE(options.cache.stat().st_mode) == 0o700


def test_the_cache_holds_no_token_and_no_draft(site: Site, options: FetchOptions) -> None:
    assert fetch(options, wanted(site.on("/setup.sh", say(200, SCRIPT)) + "?" + SAS)).ok
    assert site.paths == ["/setup.sh?" + SAS]
    files = [path for path in options.cache.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(SIGNATURE not in str(path) and SIGNATURE.encode() not in path.read_bytes() for path in files)


def test_an_address_in_several_places_is_fetched_once(site: Site, options: FetchOptions) -> None:
    url = site.on("/setup.sh", say(200, SCRIPT))
    result = fetch(options, wanted(url), wanted(url, number=1), wanted(url, DIGEST, number=2))
    assert result.ok
    assert [file.fetch.file for file in result.fetched] == [f"scripts/0{n}-setup.sh" for n in range(3)]
    assert site.paths == ["/setup.sh"]


def test_one_missing_file_does_not_hide_the_others(site: Site, options: FetchOptions) -> None:
    good = site.on("/setup.sh", say(200, SCRIPT))
    result = fetch(options, wanted(site.url + "/none.sh"), wanted(good, number=1), wanted(good, "0" * 64, number=2))
    assert [file.fetch.path[2] for file in result.fetched] == [1]
    assert [(item.code, item.path[2]) for item in result.diagnostics] == [("IMG606", 0), ("IMG611", 2)]


def test_files_come_in_parallel(site: Site, options: FetchOptions) -> None:
    together = threading.Barrier(4, timeout=4)

    def answer(request: BaseHTTPRequestHandler) -> None:
        together.wait()
        say(200, SCRIPT)(request)

    urls = [site.on(f"/{n}.sh", answer) for n in range(4)]
    assert fetch(options, *(wanted(url, number=n) for n, url in enumerate(urls))).ok


def test_spaces_and_letters_of_all_kinds_are_encoded(site: Site, options: FetchOptions) -> None:
    site.on("/a%20b%C3%BC%22.sh", say(200, SCRIPT))
    assert fetch(options, wanted(f'{site.url}/a bü".sh?x=%20 y#part')).ok
    assert site.paths == ["/a%20b%C3%BC%22.sh?x=%20%20y"]


def test_progress_names_the_source_without_query(site: Site, options: FetchOptions) -> None:
    said: list[FetchProgress] = []
    body = bytes(3 << 20)
    url = site.on("/big.bin", say(200, body))
    fetch_all([wanted(f"{url}?{SAS}")], options, on_progress=said.append)
    assert said[0] == FetchProgress(source=f"{url}?<redacted>", received_bytes=0, total_bytes=len(body))
    assert said[-1] == replace(said[0], received_bytes=len(body), finished=True)
    assert len(said) > 3


# Which addresses


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("ftp://contoso.example/a.sh", "IMG600"),
        ("data:text/plain,echo", "IMG600"),
        ("gs://bucket/a.sh", "IMG600"),
        ("javascript:alert(1)", "IMG600"),
        ("http://contoso.example/a.sh", "IMG601"),
        ("https:///a.sh", "IMG602"),
        ("https://contoso.example:port/a.sh", "IMG602"),
        ("https://contoso.example:0/a.sh", "IMG602"),
        ("https://[::1/a.sh", "IMG602"),
        ("https://a..b/a.sh", "IMG602"),
        ("https://contoso.example/a.sh\r\nX-Header: 1", "IMG602"),
        ("https://con toso.example/a.sh", "IMG602"),
        ("", "IMG602"),
        (f"https://user:{SIGNATURE}@contoso.example/a.sh", "IMG603"),
        (f"https://{SIGNATURE}@contoso.example/a.sh", "IMG603"),
        ("file:///etc/passwd", "IMG618"),
        ("/etc/passwd", "IMG618"),
        ("~/a.sh", "IMG618"),
        ("C:\\scripts\\a.ps1", "IMG618"),
        ("C:a.ps1", "IMG618"),
        ("\\\\server\\share\\a.ps1", "IMG618"),
        ("//server/share/a.ps1", "IMG618"),
    ],
)
def test_an_address_of_another_kind_is_refused(uri: str, code: str, options: FetchOptions) -> None:
    assert refusal(options, uri)[0] == code


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "127.1.2.3",
        "2130706433",
        "0x7f.1",
        "0.0.0.0",  # noqa: S104  (an address to refuse)
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "168.63.129.16",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
@pytest.mark.parametrize("proxied", [False, True])
def test_this_machine_and_metadata_services_are_refused(host: str, proxied: bool, options: FetchOptions) -> None:
    closed = replace(options, allow_hosts=frozenset(), proxies={"https": "http://127.0.0.1:9"} if proxied else {})
    code, message, hint = refusal(closed, f"https://{host}/a.sh?{SAS}")
    assert code == "IMG604"
    assert f"https://{host}/a.sh?<redacted>" in message
    assert f"--allow-host {host.strip('[]')}" in hint


@pytest.mark.parametrize(
    "address",
    ["10.0.0.4", "172.16.0.1", "192.168.1.1", "fd12:3456::1", "8.8.8.8", "64:ff9b::808:808", "::ffff:8.8.8.8"],
)
def test_private_and_public_addresses_are_allowed(address: str) -> None:
    assert refused_because(address) is None


def test_one_refused_address_of_several_is_enough(site: Site, options: FetchOptions) -> None:
    closed = replace(options, resolve=lambda *_: ["192.0.2.1", "127.0.0.1"])
    code, message, _ = refusal(closed, "https://files.contoso.example/a.sh")
    assert code == "IMG604"
    assert "files.contoso.example is 127.0.0.1, loopback" in message


def test_the_connection_goes_to_the_address_that_was_checked(site: Site, options: FetchOptions) -> None:
    """The name is looked up once; a second look-up, which could give something else, does not happen."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    url = site.on("/setup.sh", say(200, SCRIPT)).replace("localhost", "files.contoso.example")
    opened = replace(options, resolve=resolve, allow_hosts=frozenset({"files.contoso.example"}))
    assert fetch(opened, wanted(url)).ok
    assert asked == ["files.contoso.example"]
    assert site.seen[0][1]["Host"] == url.removeprefix("https://").removesuffix("/setup.sh")


def test_an_unknown_host_fails_at_once(options: FetchOptions) -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    code, message, _ = refusal(replace(options, resolve=resolve, backoff_s=60), f"https://contoso.invalid/a.sh?{SAS}")
    assert code == "IMG608"
    assert "contoso.invalid is not known" in message


def test_a_certificate_of_nobody_known_is_refused(site: Site, options: FetchOptions) -> None:
    url = site.on("/setup.sh", say(200, SCRIPT))
    code, message, _ = refusal(replace(options, ca_file=None, backoff_s=60), url)
    assert code == "IMG609"
    assert url in message
    assert site.seen == []


def test_a_certificate_for_another_name_is_refused(site: Site, options: FetchOptions) -> None:
    url = site.on("/setup.sh", say(200, SCRIPT)).replace("localhost", "fabrikam.example")
    other = replace(options, resolve=lambda *_: ["127.0.0.1"], allow_hosts=frozenset({"fabrikam.example"}))
    assert refusal(other, url)[0] == "IMG609"


def test_unreadable_certificates_are_no_failure_of_the_server(
    site: Site, options: FetchOptions, tmp_path: Path
) -> None:
    code, message, _ = refusal(replace(options, ca_file=tmp_path / "none.pem"), site.url + "/a.sh")
    assert (code, "none.pem" in message) == ("IMG609", True)


# Redirects


def test_redirects_are_followed(site: Site, options: FetchOptions) -> None:
    site.on("/b/c.sh", redirect("d.sh?" + SAS))
    site.on("/b/d.sh", say(200, SCRIPT))
    assert content(fetch(options, wanted(site.on("/a.sh", redirect("/b/c.sh"))))) == SCRIPT


def test_five_redirects_and_no_more(site: Site, options: FetchOptions) -> None:
    for n in range(6):
        site.on(f"/{n}.sh", redirect(f"/{n + 1}.sh"))
    site.on("/6.sh", say(200, SCRIPT))
    assert fetch(options, wanted(site.url + "/1.sh")).ok
    assert refusal(options, site.url + "/0.sh")[0] == "IMG605"


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("https://127.0.0.1/latest/meta-data", "IMG604"),
        ("https://169.254.169.254/metadata/identity", "IMG604"),
        ("http://localhost/a.sh", "IMG601"),
        ("file:///etc/passwd", "IMG605"),
        ("ftp://contoso.example/a.sh", "IMG605"),
        (f"https://user:{SIGNATURE}@contoso.example/a.sh", "IMG605"),
        ("https://[::1/x", "IMG605"),
        ("", "IMG605"),
    ],
)
def test_a_redirect_leads_to_no_place_that_an_address_may_not(
    to: str, code: str, site: Site, options: FetchOptions
) -> None:
    assert refusal(options, site.on("/a.sh", redirect(to)) + "?" + SAS)[0] == code


def test_the_login_goes_to_storage_only_and_not_over_a_redirect(site: Site, options: FetchOptions) -> None:
    asked: list[int] = []

    def token() -> str:
        asked.append(1)
        return "bearer-of-the-test"

    def guarded(request: BaseHTTPRequestHandler) -> None:
        ok = request.headers.get("Authorization") == "Bearer bearer-of-the-test"
        (say(200, SCRIPT) if ok else say(404, headers={"x-ms-error-code": "ResourceNotFound"}))(request)

    storage = "contoso.blob.core.windows.net"
    login = replace(
        options,
        storage_token=token,
        resolve=lambda *_: ["127.0.0.1"],
        allow_hosts=frozenset({storage, "localhost", "files.contoso.example"}),
    )
    port = site.url.rpartition(":")[2]
    site.on("/private.sh", guarded)
    site.on("/moved.sh", say(403), redirect(f"https://files.contoso.example:{port}/private.sh"))
    assert fetch(login, wanted(f"https://{storage}:{port}/private.sh")).ok
    assert "Authorization" not in site.seen[0][1]  # a public blob needs no token and gets none
    assert site.seen[1][1]["x-ms-version"] >= "2017-11-09"

    site.seen.clear()
    assert refusal(login, f"https://{storage}:{port}/moved.sh")[0] == "IMG606"
    assert [headers.get("Authorization") for _, headers in site.seen] == [None, "Bearer bearer-of-the-test", None]

    site.seen.clear()
    assert refusal(login, f"https://files.contoso.example:{port}/private.sh")[0] == "IMG606"
    assert refusal(login, f"https://{storage}:{port}/private.sh?{SAS}")[0] == "IMG606"
    assert refusal(login, f"https://notblob.core.windows.net.fabrikam.example:{port}/private.sh")[0] == "IMG604"
    assert all("Authorization" not in headers for _, headers in site.seen)
    assert len(asked) == 2  # once a fetch


# http and checksums


def test_http_needs_a_checksum(plain_site: Site, options: FetchOptions) -> None:
    url = plain_site.on("/setup.sh", say(200, SCRIPT))
    assert refusal(options, url)[0] == "IMG601"
    assert plain_site.seen == []
    assert content(fetch(options, wanted(url, DIGEST))) == SCRIPT


def test_a_wrong_checksum_shows_both(site: Site, options: FetchOptions) -> None:
    url = site.on("/setup.sh", say(200, SCRIPT))
    code, message, _ = refusal(options, url + "?" + SAS, "ab" * 32)
    assert code == "IMG611"
    assert "changed" in message
    assert "ab" * 32 in message
    assert DIGEST in message


@pytest.mark.parametrize("checksum", [None, "", DIGEST, DIGEST.upper()])
def test_an_empty_checksum_is_none_and_case_does_not_count(
    checksum: str | None, site: Site, options: FetchOptions
) -> None:
    assert fetch(options, wanted(site.on("/setup.sh", say(200, SCRIPT)), checksum)).ok


# Refusals and failures of servers


def test_what_a_repetition_would_not_change_fails_at_once(site: Site, options: FetchOptions) -> None:
    code, message, _ = refusal(options, site.url + "/none.sh?" + SAS)
    assert (code, "404" in message) == ("IMG606", True)
    assert len(site.seen) == 1


@pytest.mark.parametrize(
    ("status", "error", "hint"),
    [
        (404, "ResourceNotFound", "SAS"),
        (409, "PublicAccessNotPermitted", "az login"),
        (403, "AuthenticationFailed", "run out"),
        (403, "AuthorizationPermissionMismatch", "Storage Blob Data Reader"),
        (403, "AuthorizationFailure", "firewall"),
    ],
)
def test_a_private_blob_is_explained(status: int, error: str, hint: str, site: Site, options: FetchOptions) -> None:
    said = refusal(options, site.on("/a.sh", say(status, headers={"x-ms-error-code": error})))
    assert said[0] == "IMG606"
    assert error in said[1]
    assert hint in said[2]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_passes_is_tried_again(status: int, site: Site, options: FetchOptions) -> None:
    url = site.on("/setup.sh", say(status), say(status), say(200, SCRIPT))
    assert fetch(options, wanted(url)).ok
    assert len(site.seen) == 3


def test_a_server_that_never_recovers_is_given_up(site: Site, options: FetchOptions) -> None:
    code, message, _ = refusal(options, site.on("/setup.sh", say(503)) + "?" + SAS)
    assert (code, "503 (tried 4 times)" in message) == ("IMG607", True)
    assert len(site.seen) == 4


@pytest.mark.parametrize("date", [False, True])
def test_retry_after_is_honoured(date: bool, site: Site, options: FetchOptions) -> None:
    times: list[float] = []

    def busy(request: BaseHTTPRequestHandler) -> None:
        times.append(time.monotonic())
        later = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True) if date else "1"
        say(429, headers={"Retry-After": later})(request)

    def good(request: BaseHTTPRequestHandler) -> None:
        times.append(time.monotonic())
        say(200, SCRIPT)(request)

    assert fetch(options, wanted(site.on("/setup.sh", busy, good))).ok
    assert 0.9 <= times[1] - times[0] < 4


def test_a_long_retry_after_is_bounded(site: Site, options: FetchOptions) -> None:
    url = site.on("/setup.sh", say(503, headers={"Retry-After": "86400"}), say(200, SCRIPT))
    assert fetch(replace(options, retry_after_limit_s=0.1), wanted(url)).ok


def cut_after(sent: bytes, length: int | None) -> Answer:
    """An answer that ends in the middle: no more bytes, and no closing message of TLS."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        if length is not None:
            request.send_header("Content-Length", str(length))
        request.end_headers()
        request.wfile.write(sent)

    return answer


@pytest.mark.parametrize("length", [len(SCRIPT), None])
def test_a_file_that_is_cut_is_never_taken_for_a_whole_one(
    length: int | None, site: Site, options: FetchOptions
) -> None:
    url = site.on("/setup.sh", cut_after(SCRIPT[:5], length))
    code, message, _ = refusal(options, url)
    assert (code, "lost" in message) == ("IMG607", True)
    site.on("/setup.sh", cut_after(SCRIPT[:5], length), say(200, SCRIPT))
    assert content(fetch(options, wanted(url))) == SCRIPT


def test_a_cut_file_over_http_is_a_lost_connection_and_no_changed_file(plain_site: Site, options: FetchOptions) -> None:
    code, message, _ = refusal(options, plain_site.on("/setup.sh", cut_after(SCRIPT[:5], len(SCRIPT))), DIGEST)
    assert (code, "lost in the middle of the file, after 5 bytes" in message) == ("IMG607", True)


def test_a_chunked_file_arrives_and_a_cut_one_does_not(site: Site, options: FetchOptions) -> None:
    def chunked(*parts: bytes) -> Answer:
        def answer(request: BaseHTTPRequestHandler) -> None:
            request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(parts))

        return answer

    first = b"%x\r\n%s\r\n" % (len(SCRIPT), SCRIPT)
    assert content(fetch(options, wanted(site.on("/a.sh", chunked(first, b"0\r\n\r\n"))))) == SCRIPT
    assert refusal(options, site.on("/b.sh", chunked(first)))[0] == "IMG607"


def test_a_silent_server_times_out(site: Site, options: FetchOptions) -> None:
    def silent(request: BaseHTTPRequestHandler) -> None:
        time.sleep(0.6)

    code, message, _ = refusal(replace(options, timeout_s=0.2, attempts=2), site.on("/setup.sh", silent))
    assert (code, "timed out" in message) == ("IMG607", True)


def trickle(request: BaseHTTPRequestHandler) -> None:
    """A byte now and then, so that no read is ever silent for long."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(100):
        request.wfile.write(b"a")
        request.wfile.flush()
        time.sleep(0.05)


def test_a_server_that_trickles_is_cut_off(site: Site, options: FetchOptions) -> None:
    start = time.monotonic()
    code, message, _ = refusal(replace(options, total_timeout_s=0.5), site.on("/setup.sh", trickle))
    assert (code, "more than 0.5 s" in message) == ("IMG607", True)
    assert time.monotonic() - start < 3


def test_garbage_is_no_answer(site: Site, options: FetchOptions) -> None:
    def garbage(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"SSH-2.0-OpenSSH\r\n")

    url = site.on("/a.sh", garbage)
    code, message, _ = refusal(options, url + "?" + SAS)
    assert (code, "not HTTP" in message) == ("IMG607", True)


@dataclass
class Wish:
    """A wish to stop that somebody may have."""

    requested: bool = False


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nbegun"])
def test_a_wish_to_stop_ends_a_silent_download(head: bytes, site: Site, options: FetchOptions) -> None:
    wish = Wish()

    def silent(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(head)
        time.sleep(0.2)
        wish.requested = True
        time.sleep(1)

    start = time.monotonic()
    urls = [site.on(f"/{n}.sh", silent) for n in range(3)]
    fetches = [wanted(url, number=n) for n, url in enumerate(urls)]
    result = fetch_all(fetches, replace(options, parallel=1, timeout_s=60), on_progress=quiet, cancel=wish)
    assert (result.cancelled, result.ok, result.fetched) == (True, False, ())
    assert time.monotonic() - start < 1
    assert len(site.seen) == 1


def test_an_interrupted_caller_does_not_wait_for_servers(site: Site, options: FetchOptions) -> None:
    def silent(request: BaseHTTPRequestHandler) -> None:
        time.sleep(1)

    def interrupt(progress: FetchProgress) -> None:
        raise KeyboardInterrupt

    start = time.monotonic()
    fetches = [wanted(site.on("/a.sh", silent)), wanted(site.on("/b.sh", say(200, SCRIPT)), number=1)]
    with pytest.raises(KeyboardInterrupt):
        fetch_all(fetches, replace(options, timeout_s=60), on_progress=interrupt)
    assert time.monotonic() - start < 1


def test_runs_share_a_cache(site: Site, options: FetchOptions) -> None:
    url = site.on("/setup.sh", say(200, SCRIPT))
    results: list[FetchResult] = []
    threads = [threading.Thread(target=lambda: results.append(fetch(options, wanted(url)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [content(result) for result in results] == [SCRIPT] * 6


# Sizes and packings


def test_a_large_file_is_refused(site: Site, options: FetchOptions) -> None:
    small = replace(options, limit_bytes=len(SCRIPT))
    assert fetch(small, wanted(site.on("/ok.sh", say(200, SCRIPT)))).ok
    assert refusal(small, site.on("/big.sh", say(200, SCRIPT + b"x")))[0] == "IMG610"
    assert not list((options.cache / "drafts").iterdir())


def test_a_file_that_says_that_it_is_too_large_is_not_fetched(site: Site, options: FetchOptions) -> None:
    """And not asked for again, as one that is cut is."""
    url = site.on("/huge.sh", say(200, b"", {"Content-Length": str(50 << 30)}))
    assert refusal(options, url)[0] == "IMG610"
    assert len(site.seen) == 1


def test_a_packed_answer_is_unpacked(site: Site, options: FetchOptions) -> None:
    packed = gzip.compress(SCRIPT[:9], mtime=0) + gzip.compress(SCRIPT[9:], mtime=0)
    url = site.on("/setup.sh", say(200, packed, {"Content-Encoding": "gzip"}))
    assert content(fetch(options, wanted(url, DIGEST))) == SCRIPT


def test_an_archive_stays_packed(site: Site, options: FetchOptions) -> None:
    packed = gzip.compress(SCRIPT, mtime=0)
    url = site.on("/files.tar.gz", say(200, packed, {"Content-Encoding": "x-gzip"}))
    assert content(fetch(options, wanted(url))) == packed


def test_a_bomb_does_not_go_off(site: Site, options: FetchOptions) -> None:
    bomb = gzip.compress(gzip.compress(bytes(200 << 20), mtime=0), mtime=0)  # 200 MB in 1 kB; unpacked once only
    bomb = gzip.decompress(bomb)
    url = site.on("/setup.sh", say(200, bomb, {"Content-Encoding": "gzip"}))
    assert refusal(replace(options, limit_bytes=10 << 20), url)[0] == "IMG610"
    assert sum(path.stat().st_size for path in options.cache.rglob("*") if path.is_file()) == 0


@pytest.mark.parametrize(
    ("encoding", "body", "code"),
    [
        ("br", SCRIPT, "IMG620"),
        ("gzip", SCRIPT, "IMG620"),
        ("gzip", gzip.compress(SCRIPT, mtime=0)[:-9], "IMG607"),
        ("gzip", b"", "IMG607"),
    ],
)
def test_damaged_packing_is_refused(encoding: str, body: bytes, code: str, site: Site, options: FetchOptions) -> None:
    url = site.on("/setup.sh", say(200, body, {"Content-Encoding": encoding}))
    assert refusal(options, url)[0] == code


# Pages and pointers


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><title>x", b"\xef\xbb\xbf\r\n <html lang=en>"])
def test_a_page_in_the_place_of_a_script_is_a_warning(page: bytes, site: Site, options: FetchOptions) -> None:
    result = fetch(options, wanted(site.on("/setup.sh", say(200, page))))
    assert [item.code for item in result.diagnostics] == ["IMG612"]
    assert result.ok


def test_a_page_is_a_good_file(site: Site, options: FetchOptions) -> None:
    url = site.on("/index.html", say(200, b"<!doctype html>"))
    assert fetch(options, wanted(url, kind=FetchKind.FILE)).diagnostics == ()


def test_the_page_about_a_file_on_github_is_explained(site: Site, options: FetchOptions, authority: trustme.CA) -> None:
    url = "https://github.com/contoso/images/blob/main/scripts/setup.sh"
    digest = hashlib.sha256(b"<html>").hexdigest()
    fetch(options, wanted(site.on("/page", say(200, b"<html>"))))
    (said,) = fetch(options, wanted(url, digest)).diagnostics
    assert said.hint == "use https://raw.githubusercontent.com/contoso/images/main/scripts/setup.sh"


def test_a_git_lfs_pointer_is_a_warning(site: Site, options: FetchOptions) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
    (said,) = fetch(options, wanted(site.on("/app.msi", say(200, pointer)), kind=FetchKind.FILE)).diagnostics
    assert said.code == "IMG613"


@pytest.mark.parametrize("text", [b"#!/bin/sh\r\necho hello\r\n", b"\xef\xbb\xbf#!/bin/sh\necho hello\n"])
def test_a_script_that_linux_cannot_start_is_a_warning(text: bytes, options: FetchOptions) -> None:
    assert options.template_folder
    (options.template_folder / "setup.sh").write_bytes(text)
    assert [item.code for item in fetch(options, wanted("setup.sh")).diagnostics] == ["IMG623"]
    windows = replace(wanted("setup.sh"), file="scripts/00-setup.ps1")
    assert fetch(options, windows).diagnostics == ()


# The cache


def test_with_a_checksum_the_network_is_not_asked_again(site: Site, options: FetchOptions) -> None:
    url = site.on("/setup.sh", say(200, SCRIPT))
    assert fetch(options, wanted(url, DIGEST)).ok
    again = fetch(options, wanted(url + "?" + SAS, DIGEST))
    assert again.fetched[0].from_cache
    assert len(site.seen) == 1


def test_without_a_checksum_it_is(site: Site, options: FetchOptions) -> None:
    url = site.on("/setup.sh", say(200, SCRIPT), say(200, b"#!/bin/sh\n"))
    assert content(fetch(options, wanted(url))) == SCRIPT
    assert content(fetch(options, wanted(url))) == b"#!/bin/sh\n"


def test_a_damaged_copy_is_fetched_again(site: Site, options: FetchOptions) -> None:
    url = site.on("/setup.sh", say(200, SCRIPT))
    fetch(options, wanted(url))
    (options.cache / "sha256" / DIGEST).write_bytes(b"rm -rf /")
    assert content(fetch(options, wanted(url, DIGEST))) == SCRIPT
    assert len(site.seen) == 2


def test_a_file_that_changes_between_two_fetches_is_told_where_nothing_pins_it(
    site: Site, options: FetchOptions
) -> None:
    url = site.on("/setup.sh", say(200, SCRIPT), say(200, SCRIPT), say(200, b"echo other\n"))
    assert fetch(options, wanted(url)).diagnostics == ()
    assert fetch(options, wanted(url)).diagnostics == ()
    (found,) = fetch(options, wanted(url)).diagnostics
    assert (found.code, found.path[2]) == ("IMG632", 0)
    assert f"{DIGEST[:12]}... to " in found.message
    assert fetch(options, wanted(url)).diagnostics == (), "it is what the last fetch gave"
    pinned = site.on("/pinned.sh", say(200, b"echo other\n"), say(200, SCRIPT))
    fetch(options, wanted(pinned))
    assert fetch(options, wanted(pinned, DIGEST)).diagnostics == ()


def test_offline_takes_what_is_there(site: Site, options: FetchOptions) -> None:
    url = site.on("/setup.sh", say(200, SCRIPT)) + "?" + SAS
    offline = replace(options, offline=True)
    assert refusal(offline, url)[0] == "IMG614"
    assert refusal(offline, url, DIGEST)[0] == "IMG614"
    fetch(options, wanted(url))
    result = fetch(offline, wanted(url), wanted(url, DIGEST, number=1))
    assert result.ok
    assert [(item.code, item.path[2]) for item in result.diagnostics] == [("IMG615", 0)]
    assert len(site.seen) == 1


def test_a_cache_that_cannot_be_made_is_said_once(options: FetchOptions, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = fetch_all(
        [wanted("a.sh"), wanted("b.sh", number=1)], replace(options, cache=tmp_path / "file" / "x"), on_progress=quiet
    )
    assert [item.code for item in result.diagnostics] == ["IMG622"]


# Beside the template


def test_a_relative_path_is_beside_the_template(options: FetchOptions) -> None:
    folder = options.template_folder
    assert folder
    (folder / "scripts").mkdir()
    (folder / "scripts" / "a b.sh").write_bytes(SCRIPT)
    for path in ("scripts/a b.sh", "./scripts/a b.sh", "scripts\\a b.sh", "scripts/../scripts/a b.sh"):
        result = fetch(replace(options, offline=True), wanted(path, DIGEST))
        assert content(result) == SCRIPT
        assert result.diagnostics == ()


def test_the_copy_does_not_change_with_the_file(options: FetchOptions) -> None:
    assert options.template_folder
    file = options.template_folder / "setup.sh"
    file.write_bytes(SCRIPT)
    result = fetch(options, wanted("setup.sh"))
    file.write_bytes(b"changed")
    assert content(result) == SCRIPT
    assert refusal(options, "setup.sh", DIGEST)[0] == "IMG611"


def test_no_path_leads_out_of_the_folder(options: FetchOptions, tmp_path: Path) -> None:
    folder = options.template_folder
    assert folder
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret.txt")
    (folder / "folder").symlink_to(tmp_path)
    for path in ("../secret.txt", "link", "folder/secret.txt", "..\\secret.txt", "x/../../secret.txt", ".."):
        assert refusal(options, path)[0] == "IMG617"


def test_a_wider_root_is_a_choice(options: FetchOptions, tmp_path: Path) -> None:
    (tmp_path / "shared.sh").write_bytes(SCRIPT)
    assert content(fetch(replace(options, root=tmp_path), wanted("../shared.sh"))) == SCRIPT
    assert refusal(replace(options, root=tmp_path), "../../shared.sh")[0] == "IMG617"


def test_stdin_has_no_folder(options: FetchOptions) -> None:
    assert refusal(replace(options, template_folder=None), "setup.sh")[0] == "IMG616"


@pytest.mark.parametrize(
    "uri",
    [
        f"contoso.blob.core.windows.net/scripts/a.sh?{SAS}",
        f"contoso.blob.core.windows.net:443/scripts/a.sh?{SAS}",
        f"localhost:8443/a.sh?{SAS}",
    ],
)
def test_a_web_address_without_its_scheme_is_explained(uri: str, options: FetchOptions) -> None:
    code, message, hint = refusal(options, uri)
    assert code in {"IMG600", "IMG619"}
    assert hint == "a web address begins with https://"
    assert SIGNATURE not in message


def test_what_is_no_file_is_refused(options: FetchOptions) -> None:
    folder = options.template_folder
    assert folder
    (folder / "Setup.sh").write_bytes(SCRIPT)
    (folder / "folder").mkdir()
    (folder / "round").symlink_to(folder / "round")
    os.mkfifo(folder / "pipe")
    code, message, hint = refusal(options, "setup.sh")
    assert (code, hint) == ("IMG619", "did you mean Setup.sh?")
    assert "setup.sh" in message
    for path in ("folder", "pipe", "round", "none/none.sh", "."):
        assert refusal(options, path)[0] == "IMG619"


# Proxies


@contextmanager
def proxy(target: Site, status: bytes = b"200 OK") -> Iterator[tuple[str, list[str]]]:
    """A proxy that leads every CONNECT to one server, and what it was told."""
    heads: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve() -> None:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client:
            heads.append(client.recv(65536).decode())
            client.sendall(b"HTTP/1.1 " + status + b"\r\n\r\n")
            if status.startswith(b"200"):
                with socket.create_connection(("127.0.0.1", int(target.url.rpartition(":")[2]))) as server:
                    back = threading.Thread(target=pump, args=(server, client))
                    back.start()
                    pump(client, server)
                    back.join()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://user:pa55word@127.0.0.1:{listener.getsockname()[1]}", heads
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_a_proxy_is_asked_by_name(site: Site, options: FetchOptions) -> None:
    site.on("/setup.sh", say(200, SCRIPT))

    def resolve(host: str, port: int) -> Sequence[str]:
        raise AssertionError("behind a proxy only the proxy looks names up")

    with proxy(site) as (url, heads):
        through = replace(options, proxies={"https": url, "no": "fabrikam.example"}, resolve=resolve)
        assert content(fetch(through, wanted("https://files.contoso.example/setup.sh?" + SAS))) == SCRIPT
    assert heads[0].startswith("CONNECT files.contoso.example:443 HTTP/1.")
    assert "Proxy-Authorization: Basic dXNlcjpwYTU1d29yZA==" in heads[0]
    assert "Proxy-Authorization" not in site.seen[0][1]


def test_a_proxy_that_refuses_is_named_without_its_password(site: Site, options: FetchOptions) -> None:
    with proxy(site, b"407 Proxy Authentication Required") as (url, _):
        code, message, hint = refusal(replace(options, proxies={"https": url}), "https://files.contoso.example/a.sh")
    assert code == "IMG621"
    assert "407" in message
    assert "pa55word" not in message + hint


def test_a_proxy_of_another_kind_is_refused(options: FetchOptions) -> None:
    through = replace(options, proxies={"https": "socks5://user:pa55word@127.0.0.1:1"})
    code, message, _ = refusal(through, "https://files.contoso.example/a.sh")
    assert (code, "pa55word" in message) == ("IMG621", False)


def test_http_goes_through_the_proxy_with_the_whole_url(plain_site: Site, options: FetchOptions) -> None:
    """A proxy for http is a server that is asked for URLs."""
    wanted_url = "http://files.contoso.example:8080/setup.sh?" + SAS
    plain_site.on(wanted_url.partition("?")[0], say(200, SCRIPT))
    through = replace(options, proxies={"http": plain_site.url.replace("//", "//user:pa55word@")})
    assert content(fetch(through, wanted(wanted_url, DIGEST))) == SCRIPT
    ((path, headers),) = plain_site.seen
    assert path == wanted_url
    assert headers["Host"] == "files.contoso.example:8080"
    assert headers["Proxy-Authorization"] == "Basic dXNlcjpwYTU1d29yZA=="


def test_exempt_hosts_are_reached_without_the_proxy(site: Site, options: FetchOptions) -> None:
    url = site.on("/setup.sh", say(200, SCRIPT))
    direct = replace(options, proxies={"https": "http://127.0.0.1:9", "no": "fabrikam.example, .localhost"})
    assert fetch(direct, wanted(url)).ok
