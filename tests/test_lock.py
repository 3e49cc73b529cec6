"""A lock pins what a template names; what is not as it is pinned is told, and with --locked it is refused."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.artifacts.lock import (
    Lock,
    LockedFile,
    LockedSource,
    LockError,
    lock_path,
    lock_text,
    plain_uri,
    read_lock,
    write_lock,
)
from imagesmith.plan import Fetch, FetchKind
from tests.lowered import DEFINITION, MANAGED, UBUNTU
from tests.test_artifacts import SAS, SIGNATURE, Site, say, serving

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = b"#!/bin/sh\necho hello\n"
OTHER = b"#!/bin/sh\necho changed\n"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A server with a certificate of an authority in `authority.pem`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    with serving(context) as it:
        it.on("/a.sh", say(200, SCRIPT))
        yield it


def template(folder: Path, *customize: dict[str, Any], source: Any = None) -> Path:
    """A template in a folder, with scripts beside it."""
    data = {
        "type": "Microsoft.VirtualMachineImages/imageTemplates",
        "apiVersion": "2024-02-01",
        "name": "web",
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {}},
        "properties": {
            "source": source or {**UBUNTU, "version": "1.2.3"},
            "customize": list(customize),
            "distribute": [MANAGED],
        },
    }
    path = folder / "image.json"
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")
    return path


def imagesmith(
    folder: Path, *arguments: str, sandbox: bool = False, **variables: str
) -> subprocess.CompletedProcess[str]:
    """The program, in a folder, with a cache there; in a sandbox around it if wanted."""
    around = ["-m", "imagesmith", "sandbox", "--", sys.executable] if sandbox else []
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "IMAGESMITH_CACHE_DIR": str(folder / "cache"),
        "SSL_CERT_FILE": str(folder / "authority.pem"),
        **variables,
    }
    (folder / "home").mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, *around, "-m", "imagesmith", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def two_files(folder: Path, site: Site) -> Path:
    (folder / "scripts").mkdir()
    (folder / "scripts/b.sh").write_bytes(SCRIPT)
    return template(
        folder,
        {"type": "Shell", "name": "web", "scriptUri": f"{site.url}/a.sh?{SAS}"},
        {"type": "Shell", "name": "beside", "scriptUri": "scripts/b.sh"},
    )


ALLOW = ("--allow-host", "localhost")
COMPILE = ("compile", "image.json", "--fetch", "-o", "out", *ALLOW)


def test_a_lock_pins_files_by_address_without_query(tmp_path: Path, site: Site) -> None:
    two_files(tmp_path, site)
    done = imagesmith(tmp_path, "lock", "image.json", *ALLOW)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "image.lock.json: 2 files pinned\n"
    text = (tmp_path / "image.lock.json").read_text(encoding="utf-8")
    data, customize = json.loads(text), "properties.customize"
    assert data == {
        "format": 1,
        "source": None,
        "files": [
            {"place": f"{customize}[0].scriptUri", "uri": f"{site.url}/a.sh", "sha256": digest(SCRIPT), "size": 21},
            {"place": f"{customize}[1].scriptUri", "uri": "scripts/b.sh", "sha256": digest(SCRIPT), "size": 21},
        ],
    }  # fmt: skip
    assert SIGNATURE not in text
    jsonschema.validate(data, json.loads((ROOT / "schemas/lock-1.json").read_text(encoding="utf-8")))
    again = imagesmith(tmp_path, "lock", "image.json", *ALLOW)
    assert again.stdout == "image.lock.json: up to date\n"
    assert (tmp_path / "image.lock.json").read_text(encoding="utf-8") == text


def test_locked_refuses_what_changed_and_says_both_digests(tmp_path: Path, site: Site) -> None:
    two_files(tmp_path, site)
    assert imagesmith(tmp_path, "lock", "image.json", *ALLOW).returncode == 0
    (tmp_path / "scripts/b.sh").write_bytes(OTHER)
    done = imagesmith(tmp_path, *COMPILE, "--locked")
    assert done.returncode == 3
    assert "image.json:27:18: error[IMG641]" in done.stderr, done.stderr
    assert "error[IMG641]: scripts/b.sh has changed" in done.stderr
    assert f"the lock's sha256 is {digest(SCRIPT)}, the file's is {digest(OTHER)}" in done.stderr
    assert "imagesmith lock FILE --update" in done.stderr
    assert not (tmp_path / "out").exists()


def test_without_locked_a_change_is_a_warning(tmp_path: Path, site: Site) -> None:
    two_files(tmp_path, site)
    assert imagesmith(tmp_path, "lock", "image.json", *ALLOW).returncode == 0
    site.on("/a.sh", say(200, OTHER))
    done = imagesmith(tmp_path, *COMPILE)
    assert done.returncode == 0, done.stderr
    assert f"warning[IMG642]: {site.url}/a.sh?<redacted> has changed" in done.stderr
    assert (tmp_path / "out/build/scripts/01-web.sh").read_bytes() == OTHER


def test_locked_takes_what_is_pinned_from_the_cache_without_the_network(tmp_path: Path, site: Site) -> None:
    two_files(tmp_path, site)
    assert imagesmith(tmp_path, "lock", "image.json", *ALLOW).returncode == 0
    site.on("/a.sh", say(200, OTHER))
    site.seen.clear()
    done = imagesmith(tmp_path, *COMPILE, "--locked", "--offline")
    assert done.returncode == 0, done.stderr
    assert "IMG615" not in done.stderr, "with a lock it is certain what the copy is"
    assert (tmp_path / "out/build/scripts/01-web.sh").read_bytes() == SCRIPT
    assert site.seen == []


def test_locked_refuses_what_a_server_serves_otherwise(tmp_path: Path, site: Site) -> None:
    """The template has no other file: one with the pinned content would bring that into the cache meanwhile."""
    template(tmp_path, {"type": "Shell", "name": "web", "scriptUri": f"{site.url}/a.sh?{SAS}"})
    assert imagesmith(tmp_path, "lock", "image.json", *ALLOW).returncode == 0
    (tmp_path / "cache").rename(tmp_path / "old-cache")
    site.on("/a.sh", say(200, OTHER))
    done = imagesmith(tmp_path, *COMPILE, "--locked")
    assert done.returncode == 3
    assert "error[IMG641]" in done.stderr
    assert SIGNATURE not in done.stderr


def test_a_lock_keeps_what_it_pins_until_it_is_updated(tmp_path: Path, site: Site) -> None:
    two_files(tmp_path, site)
    assert imagesmith(tmp_path, "lock", "image.json", *ALLOW).returncode == 0
    before = (tmp_path / "image.lock.json").read_bytes()
    site.on("/a.sh", say(200, OTHER))
    refused = imagesmith(tmp_path, "lock", "image.json", *ALLOW)
    assert refused.returncode == 3
    assert "IMG641" in refused.stderr
    assert (tmp_path / "image.lock.json").read_bytes() == before
    updated = imagesmith(tmp_path, "lock", "image.json", "--update", *ALLOW)
    assert updated.returncode == 0, updated.stderr
    change = f"{digest(SCRIPT)[:12]} to {digest(OTHER)[:12]}"
    assert f"changed: properties.customize[0].scriptUri: {site.url}/a.sh {change}\n" in updated.stderr


def test_steps_may_move_and_new_files_have_to_be_pinned(tmp_path: Path, site: Site) -> None:
    path = two_files(tmp_path, site)
    assert imagesmith(tmp_path, "lock", "image.json", *ALLOW).returncode == 0
    data = json.loads(path.read_text(encoding="utf-8"))
    data["properties"]["customize"].reverse()
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")
    assert imagesmith(tmp_path, *COMPILE, "--locked").returncode == 0
    (tmp_path / "scripts/c.sh").write_bytes(SCRIPT)
    data["properties"]["customize"].append({"type": "Shell", "scriptUri": "scripts/c.sh"})
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")
    done = imagesmith(tmp_path, *COMPILE, "--locked")
    assert done.returncode == 3
    assert "error[IMG643]: the lock does not pin scripts/c.sh" in done.stderr
    added = imagesmith(tmp_path, "lock", "image.json", "--output", "json", *ALLOW)
    changes = json.loads(added.stdout)["changes"]
    assert f"pinned: properties.customize[2].scriptUri: scripts/c.sh {digest(SCRIPT)[:12]}" in changes


def test_locked_without_a_lock_and_with_a_broken_one(tmp_path: Path, site: Site) -> None:
    two_files(tmp_path, site)
    done = imagesmith(tmp_path, *COMPILE, "--locked")
    assert done.returncode == 3
    assert "error[IMG644]: there is no lock file beside image.json" in done.stderr
    (tmp_path / "image.lock.json").write_text("{", encoding="utf-8")
    for arguments in ([*COMPILE, "--locked"], [*COMPILE]):
        done = imagesmith(tmp_path, *arguments)
        assert done.returncode == 3
        assert "error[IMG645]: image.lock.json: it is no JSON (line 1)" in done.stderr
    usage = imagesmith(tmp_path, "compile", "image.json", "-o", "out", "--locked")
    assert usage.returncode == 2
    assert "--locked needs --fetch" in usage.stderr


def test_the_version_behind_latest_is_pinned_and_built_from(tmp_path: Path) -> None:
    template(tmp_path, {"type": "Shell", "inline": ["true"]}, source={**UBUNTU, "version": "latest"})
    done = imagesmith(tmp_path, "lock", "image.json", sandbox=True)
    assert done.returncode == 0, done.stdout + done.stderr
    lock = read_lock(tmp_path / "image.lock.json")
    assert lock == Lock(source=LockedSource(image="Canonical:ubuntu:server", version="1.0.0"))
    assert "pinned: properties.source: Canonical:ubuntu:server 1.0.0" in done.stderr
    assert imagesmith(tmp_path, *COMPILE).returncode == 0
    assert b'image_version   = "latest"' in (tmp_path / "out/build/image.pkr.hcl").read_bytes()
    assert imagesmith(tmp_path, *COMPILE, "--locked").returncode == 0
    assert b'image_version   = "1.0.0"' in (tmp_path / "out/build/image.pkr.hcl").read_bytes()


NOWHERE = "http://127.0.0.1:9"
"""A proxy of the user's that nobody is."""


@pytest.mark.parametrize("variables", [{}, {"HTTPS_PROXY": NOWHERE, "NO_PROXY": "localhost"}])
def test_in_a_sandbox_scripts_come_as_the_user_reaches_them(
    variables: dict[str, str], tmp_path: Path, site: Site
) -> None:
    """With the user's proxies and certificates, though the sandbox has its own; `latest` comes from it."""
    step = {"type": "Shell", "scriptUri": f"{site.url}/a.sh"}
    template(tmp_path, step, source={**UBUNTU, "version": "latest"})
    done = imagesmith(tmp_path, "lock", "image.json", *ALLOW, sandbox=True, **variables)
    assert done.returncode == 0, done.stderr
    assert "1 file and the source pinned" in done.stdout + done.stderr
    assert site.paths == ["/a.sh"]


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("https://localhost/a.sh", "the proxy 127.0.0.1: Connection refused"),
        ("https://contoso.blob.core.windows.net/scripts/a.sh", "the server answers 404"),
    ],
)
def test_only_the_names_of_azure_lead_into_a_sandbox(uri: str, said: str, tmp_path: Path, site: Site) -> None:
    template(tmp_path, {"type": "Shell", "scriptUri": uri})
    done = imagesmith(tmp_path, "lock", "image.json", *ALLOW, sandbox=True, HTTPS_PROXY=NOWHERE)
    assert said in done.stderr
    assert site.paths == []


def test_another_source_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    template(tmp_path, source={**UBUNTU, "version": "latest"})
    write_lock(tmp_path / "image.lock.json", Lock(source=LockedSource(image="Canonical:other:server", version="1.0.0")))
    done = imagesmith(tmp_path, *COMPILE, "--locked")
    assert done.returncode == 3
    assert "error[IMG643]: the lock does not pin the version of Canonical:ubuntu:server" in done.stderr


def test_the_newest_version_of_a_gallery_is_pinned(tmp_path: Path) -> None:
    source = {"type": "SharedImageVersion", "imageVersionId": f"{DEFINITION}/versions/latest"}
    template(tmp_path, source=source)
    write_lock(tmp_path / "image.lock.json", Lock(source=LockedSource(image=DEFINITION.upper(), version="3.2.1")))
    done = imagesmith(tmp_path, *COMPILE, "--locked", "--os-type", "Linux")
    assert done.returncode == 0, done.stderr
    assert b'image_version  = "3.2.1"' in (tmp_path / "out/build/image.pkr.hcl").read_bytes()


def test_a_template_from_standard_input_has_no_lock(tmp_path: Path) -> None:
    assert imagesmith(tmp_path, "lock", "-").returncode == 2


def locked(uri: str, place: str = "properties.customize[0].scriptUri") -> LockedFile:
    return LockedFile(place=place, uri=uri, sha256="0" * 64, size_bytes=1)


def wanted(uri: str, number: int = 0) -> Fetch:
    path = ("properties", "customize", number, "scriptUri")
    return Fetch(uri=uri, kind=FetchKind.SCRIPT, file="scripts/a.sh", path=path)


def test_files_of_one_address_are_told_apart_by_their_places() -> None:
    lock = Lock(files=(locked("https://x/a"), locked("https://x/a", "properties.customize[1].scriptUri")))
    assert lock.file(wanted("https://x/a?v=2", 1)) == lock.files[1]
    assert lock.file(wanted("https://x/a", 5)) is None
    assert Lock(files=lock.files[:1]).file(wanted("https://me@X/a#f", 5)) == lock.files[0]
    assert lock.file(wanted("https://x/b")) is None


@pytest.mark.parametrize(
    ("uri", "plain"),
    [
        ("https://Me:pw@Contoso.example/A?sig=x#y", "https://contoso.example/A"),
        ("./scripts\\a.sh", "scripts/a.sh"),
        ("https://[bad?sig=x", "https://[bad"),
    ],
)
def test_addresses_in_a_lock_hold_no_secret(uri: str, plain: str) -> None:
    assert plain_uri(uri) == plain


files = st.builds(
    LockedFile,
    place=st.text(min_size=1, max_size=20),
    uri=st.text(min_size=1, max_size=20),
    sha256=st.from_regex("[0-9a-f]{64}", fullmatch=True),
    size_bytes=st.integers(0, 1 << 40),
)
sources = st.none() | st.builds(LockedSource, image=st.text(min_size=1), version=st.text(min_size=1))


@given(st.lists(files, max_size=5), sources)
def test_the_text_of_a_lock_does_not_depend_on_the_order(pinned: list[LockedFile], source: LockedSource | None) -> None:
    key = [(one.uri, one.place) for one in pinned]
    if len(set(key)) == len(key):
        text = lock_text(Lock(files=tuple(pinned), source=source))
        assert text == lock_text(Lock(files=tuple(reversed(pinned)), source=source))


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    lock = Lock(files=(locked("a"), locked("b")), source=LockedSource(image="é:o:s", version="1"))
    write_lock(tmp_path / "x.lock.json", lock)
    assert read_lock(tmp_path / "x.lock.json") == lock
    assert [path.name for path in tmp_path.iterdir()] == ["x.lock.json"]
    assert read_lock(tmp_path / "none.lock.json") is None
    assert lock_path("folder/image.json") == Path("folder/image.lock.json")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "x.lock.json"),
        ("{}", "it has no 'format'"),
        ('{"format": 2}', "its format is 2, and 1 is known"),
        ('{"format": 1, "source": null, "files": [{"place": "p", "uri": "", "sha256": "", "size": 1}]}', "of p"),
        ('{"format": 1, "source": {}, "files": [{}]}', "it has no 'place'"),
    ],
)  # fmt: skip
def test_what_is_no_lock_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "x.lock.json").write_text(text, encoding="utf-8")
    with pytest.raises(LockError) as caught:
        read_lock(tmp_path / "x.lock.json")
    assert caught.value.diagnostic.code == "IMG645"
    assert reason in caught.value.diagnostic.message


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    with pytest.raises(LockError) as caught:
        write_lock(tmp_path / "none" / "x.lock.json", Lock())
    assert caught.value.diagnostic.code == "IMG648"
