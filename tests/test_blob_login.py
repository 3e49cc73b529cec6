"""A run fetches private blobs with its own login; the token is for storage, and goes nowhere else."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import trustme

from imagesmith.artifacts import FetchOptions, fetch_all
from imagesmith.azure.storage import storage_token
from imagesmith.build.fetch import with_login
from imagesmith.cli.secrets import keep_out, safe
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox
from imagesmith.world import World
from tests.test_artifacts import say, serving, wanted

BLOBS = "contoso.blob.core.windows.net"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Sandbox(SandboxOptions(state=tmp_path / "state", run_id="blob", steps="record"), environment={}) as sandbox:
        yield sandbox.world


def audience(authorization: str) -> Any:
    """Whom a token is for."""
    claims = authorization.removeprefix("Bearer ").split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["aud"]


def test_a_private_blob_comes_with_the_runs_login(world: World, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(BLOBS).configure_cert(context)

    def private(request: BaseHTTPRequestHandler) -> None:
        given = request.headers.get("Authorization", "")
        known = given and audience(given).rstrip("/") == "https://storage.azure.com"
        (say(200, b"#!/bin/sh\n") if known else say(404, headers={"x-ms-error-code": "ResourceNotFound"}))(request)

    with serving(context) as site:
        site.on("/scripts/a.sh", private)
        uri = f"https://{BLOBS}:{site.url.rpartition(':')[2]}/scripts/a.sh"
        options = FetchOptions(
            cache=tmp_path / "cache",
            template_folder=None,
            timeout_s=5,
            ca_file=tmp_path / "authority.pem",
            allow_hosts=frozenset({BLOBS}),
            resolve=lambda *_: ["127.0.0.1"],
        )
        without = fetch_all([wanted(uri)], options, on_progress=lambda _progress: None)
        assert [found.code for found in without.diagnostics] == ["IMG606"]
        result = fetch_all([wanted(uri)], with_login(options, world), on_progress=lambda _progress: None)
    assert result.ok, result.diagnostics


def test_a_world_without_a_login_gives_no_token_and_a_callers_own_is_kept(tmp_path: Path, world: World) -> None:
    nowhere = World(name="nowhere", environment={}, subscription_id="0")
    assert storage_token(nowhere) is None
    options = FetchOptions(cache=tmp_path, template_folder=None, timeout_s=5)
    assert with_login(options, nowhere).storage_token is None
    own = replace(options, storage_token=lambda: "mine")
    assert with_login(own, world).storage_token is own.storage_token
    assert "mine" not in repr(own)


def test_a_message_about_a_bug_shows_no_secret_of_the_process() -> None:
    keep_out(["hunter2-and-more"])
    assert safe("KeyError: 'hunter2-and-more' in {'token': 'aHVudGVyMi1hbmQtbW9yZQ=='}") == (
        "KeyError: '<redacted>' in {'token': '<redacted>'}"
    )
