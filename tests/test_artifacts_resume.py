"""A download that was cut goes on where it ended, if the file is certainly the same; else it begins anew."""

from __future__ import annotations

import hashlib
import re
import ssl
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagesmith.artifacts import FetchOptions, fetch_all
from imagesmith.artifacts.store import Store
from tests.test_artifacts import SAS, SIGNATURE, Answer, Site, say, serving, wanted

DATA = bytes(range(256)) * 1024
OTHER = DATA[::-1]


@pytest.fixture
def site() -> Iterator[Site]:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    with serving(context) as it:
        it.authority = authority  # type: ignore[attr-defined]
        yield it


@pytest.fixture
def options(tmp_path: Path, site: Site) -> FetchOptions:
    certificate = tmp_path / "authority.pem"
    site.authority.cert_pem.write_to_path(str(certificate))  # type: ignore[attr-defined]
    return FetchOptions(
        cache=tmp_path / "cache",
        template_folder=None,
        timeout_s=5,
        ca_file=certificate,
        allow_hosts=frozenset({"localhost"}),
        backoff_s=0.01,
        attempts=3,
    )


def ranged(data: bytes, etag: str, *, cut: int | None = None, wrong: bool = False) -> Answer:
    """A server that honours Range and If-Range, and breaks off after `cut` bytes of a body."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        start, status = 0, 200
        asked = re.fullmatch("bytes=([0-9]+)-", request.headers.get("Range", ""))
        if asked and request.headers.get("If-Range") == etag:
            start, status = int(asked[1]), 206
        if start >= len(data):
            say(416)(request)
            return
        request.send_response(status)
        request.send_header("ETag", etag)
        request.send_header("Content-Length", str(len(data) - start))
        if status == 206:
            request.send_header("Content-Range", f"bytes {start + wrong}-{len(data) - 1}/{len(data)}")
        request.end_headers()
        end = len(data) if cut is None else min(len(data), start + cut)
        request.wfile.write(data[start:end])
        if end < len(data):
            request.wfile.flush()
            request.connection.close()

    return answer


def fetched(uri: str, options: FetchOptions) -> bytes | None:
    result = fetch_all([wanted(uri)], options, on_progress=lambda _progress: None)
    return result.fetched[0].content.read_bytes() if result.fetched else None


def asked(site: Site) -> list[str | None]:
    """What parts were asked for."""
    return [headers.get("Range") for _, headers in site.seen]


def test_a_cut_download_goes_on_where_it_ended(site: Site, options: FetchOptions) -> None:
    uri = site.on("/big", ranged(DATA, '"v1"', cut=100_000))
    assert fetched(uri, options) == DATA
    assert asked(site) == [None, "bytes=100000-", "bytes=200000-"]
    assert site.seen[1][1]["If-Range"] == '"v1"'


def test_a_later_run_goes_on_with_what_an_earlier_one_left(site: Site, options: FetchOptions) -> None:
    uri = site.on("/big", ranged(DATA, '"v1"', cut=100_000)) + f"?{SAS}"
    once = replace(options, attempts=1)
    assert fetched(uri, once) is None
    (part,) = (options.cache / "parts").iterdir()
    assert stat.S_IMODE(part.stat().st_mode) == 0o600
    assert SIGNATURE not in part.name
    site.on("/big", ranged(DATA, '"v1"'))
    assert fetched(uri, once) == DATA
    assert asked(site) == [None, "bytes=100000-"]
    assert list((options.cache / "parts").iterdir()) == []
    assert list((options.cache / "drafts").iterdir()) == []


def test_a_file_that_changed_meanwhile_is_fetched_anew(site: Site, options: FetchOptions) -> None:
    uri = site.on("/big", ranged(DATA, '"v1"', cut=100_000), ranged(OTHER, '"v2"'))
    assert fetched(uri, options) == OTHER
    assert asked(site) == [None, "bytes=100000-"]


@pytest.mark.parametrize("etag", ["", 'W/"v1"', "v1", '"a\x7fb"'])
def test_without_a_strong_etag_it_begins_anew(etag: str, site: Site, options: FetchOptions) -> None:
    uri = site.on("/big", ranged(DATA, etag, cut=100_000), ranged(DATA, etag))
    assert fetched(uri, options) == DATA
    assert asked(site) == [None, None]


def test_the_wrong_part_is_not_taken(site: Site, options: FetchOptions) -> None:
    uri = site.on("/big", ranged(DATA, '"v1"', cut=100_000), ranged(DATA, '"v1"', wrong=True), ranged(DATA, '"v1"'))
    assert fetched(uri, options) == DATA
    assert asked(site) == [None, "bytes=100000-", None]


def test_a_part_that_does_not_exist_is_not_asked_for_twice(site: Site, options: FetchOptions) -> None:
    short = DATA[:50_000]
    uri = site.on("/big", ranged(DATA, '"v1"', cut=100_000), ranged(short, '"v1"'), ranged(short, '"v1"'))
    assert fetched(uri, options) == short
    assert asked(site) == [None, "bytes=100000-", None]


def test_a_part_nobody_asked_for_is_refused(site: Site, options: FetchOptions) -> None:
    uri = site.on("/big", say(206, DATA, {"Content-Range": f"bytes 0-{len(DATA) - 1}/{len(DATA)}"}))
    assert fetched(uri, options) is None


def test_what_was_packed_is_not_gone_on_with(site: Site, options: FetchOptions) -> None:
    def packed(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        for name, value in {"Content-Encoding": "gzip", "ETag": '"v1"', "Content-Length": "9000"}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(b"\x1f\x8b\x08\x00")
        request.wfile.flush()
        request.connection.close()

    uri = site.on("/big", packed, ranged(DATA, '"v1"'))
    assert fetched(uri, options) == DATA
    assert asked(site) == [None, None]


def test_the_limit_holds_over_all_parts(site: Site, options: FetchOptions) -> None:
    uri = site.on("/big", ranged(DATA, '"v1"', cut=100_000))
    assert fetched(uri, replace(options, limit_bytes=150_000)) is None


def _damaged(data: bytes) -> bytes:
    return data[:1000] + b"?" + data[1001:]


def _too_short(_data: bytes) -> bytes:
    return b"\xff\xff"


@pytest.mark.parametrize("spoil", [_damaged, lambda data: data[:-1], lambda data: data[:0], _too_short])
def test_a_damaged_part_is_thrown_away(spoil: Callable[[bytes], bytes], site: Site, options: FetchOptions) -> None:
    uri = site.on("/big", ranged(DATA, '"v1"', cut=100_000))
    assert fetched(uri, replace(options, attempts=1)) is None
    (part,) = (options.cache / "parts").iterdir()
    part.write_bytes(spoil(part.read_bytes()))
    site.on("/big", ranged(DATA, '"v1"'))
    assert fetched(uri, options) == DATA
    assert asked(site) == [None, None]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.binary(min_size=1, max_size=5000), st.from_regex(r'"[!#-~]{1,30}"', fullmatch=True), st.integers(0, 9))
def test_a_part_is_taken_as_it_was_left_and_by_one(tmp_path: Path, data: bytes, etag: str, number: int) -> None:
    store, url = Store(tmp_path / f"cache{number}"), f"https://x/{number}"
    store.prepare()
    with store.draft("x", limit_bytes=10_000) as draft:
        draft.write(data)
        store.leave_part(url, draft, etag)
    taken = store.take_part(url, "x", limit_bytes=10_000)
    assert taken is not None
    assert store.take_part(url, "x", limit_bytes=10_000) is None
    again, note = taken
    assert note == etag
    assert again.size_bytes == len(data)
    again.write(b"more")
    assert store.keep(again).sha256 == hashlib.sha256(data + b"more").hexdigest()
    store.drop(again)
