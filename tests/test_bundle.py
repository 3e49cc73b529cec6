"""A bundle for support: what it holds, what it does not, and the same bytes each time."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.events import Output
from imagesmith.journal import State, StateError, open_state
from imagesmith.journal.bundle import write_bundle
from imagesmith.journal.suspects import mask_suspects
from imagesmith.redact import MARK
from tests.records import RUN, TEMPLATE, at, changed, failing_run, write_run

SECRET = "N9-sesame,open\nwith two lines"  # noqa: S105 - of this test
TOKEN = "eyJhbGciOiJIUzI1NiJ9x.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV"  # noqa: S105


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A fresh state folder."""
    return open_state(tmp_path / "home" / ".imagesmith")


def contents(bundle: Path) -> dict[str, bytes]:
    """The files in a bundle, without the run's folder before their names."""
    with tarfile.open(bundle) as archive:
        found = {}
        for entry in archive.getmembers():
            assert entry.isfile()
            assert (entry.uid, entry.gid, entry.uname, entry.gname, entry.mode) == (0, 0, "", "", 0o600)
            content = archive.extractfile(entry)
            assert content
            found[entry.name.removeprefix(f"{RUN}/")] = content.read()
        return found


def leaky_run(state: State, home: Path) -> Path:
    """A record in which, against all rules, secrets stand."""
    said = [
        Output(time=at(31), text=f"login with {SECRET} and {TOKEN}", step="customize[1]"),
        Output(time=at(31), text="Authorization: Bearer abcdefghijklmnop1234", step="customize[1]"),
        Output(time=at(31), text=f"AccountKey=AAAA/BBBB==;x {home}/project/web.json", step="customize[1]"),
    ]
    events = failing_run()
    details = changed(template={"file": f"{home}/project/web.json", "sha256": "ab" * 32}, parameters={"p": SECRET})
    path = write_run(state, [*events[:10], *said, *events[10:]], details=details)
    (path / "packer.log").write_bytes(f"{SECRET.splitlines()[0]} in {home}/x\n\xff\n".encode("latin-1"))
    return path


def test_a_bundle_holds_the_record_without_secrets_paths_and_files(state: State, tmp_path: Path) -> None:
    home = tmp_path / "home"
    path = leaky_run(state, home)
    target = tmp_path / "b.tar.gz"
    entries = write_bundle(path, target, secrets=[SECRET], places={str(home): "~", str(state.path): "<state>"})
    found = contents(target)
    assert sorted(found) == [
        "compiled/build/scripts/01-install.sh",
        "compiled/plan.json",
        "events.ndjson",
        "manifest.json",
        "packer.log",
        "run.json",
        "template.json",
    ]
    everything = b"\n".join(found.values()).decode("utf-8", "replace") + gzip.decompress(target.read_bytes()).decode(
        "utf-8", "replace"
    )
    for secret in ("sesame", "with two lines", "eyJ", "abcdefghijklmnop", "AAAA", str(home), str(tmp_path)):
        assert secret not in everything, secret
    assert "~/project/web.json" in everything
    assert found["packer.log"] == f"{MARK} in ~/x\n".encode() + b"\xff\n"
    assert found["compiled/build/scripts/01-install.sh"] == b"echo \xff\n"
    assert found["template.json"].decode() == TEMPLATE
    for line in found["events.ndjson"].splitlines():
        json.loads(line)
    left_out = {entry.name: entry.reason for entry in entries if entry.reason}
    assert sorted(left_out) == ["compiled/build/files/02-agent.conf", "owner.json", "owner.lock"]


def test_the_manifest_lists_what_is_there_and_what_is_not(state: State, tmp_path: Path) -> None:
    target = tmp_path / "b.tar.gz"
    write_bundle(write_run(state, failing_run()), target)
    found = contents(target)
    manifest = json.loads(found.pop("manifest.json"))
    listed = {item["name"]: (item["size_bytes"], item["sha256"]) for item in manifest["files"]}
    assert listed == {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in found.items()}
    (agent,) = (item for item in manifest["leftOut"] if item["name"].endswith("agent.conf"))
    assert agent["sha256"] == hashlib.sha256(b"theirs\n").hexdigest()
    assert (manifest["run"], manifest["started"]) == (RUN, "2026-11-24T12:00:00Z")


def test_the_same_record_gives_the_same_bytes(state: State, tmp_path: Path) -> None:
    path = write_run(state, failing_run())
    write_bundle(path, tmp_path / "one.tar.gz")
    os.utime(path / "events.ndjson", (0, 0))
    write_bundle(path, tmp_path / "two.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    assert (tmp_path / "one.tar.gz").stat().st_mode & 0o777 == 0o600


def test_links_in_a_record_are_not_read(state: State, tmp_path: Path) -> None:
    path = write_run(state, failing_run())
    (tmp_path / "key").write_text("private")
    (path / "compiled" / "linked.json").symlink_to(tmp_path / "key")
    (path / "pipe").unlink(missing_ok=True)
    os.mkfifo(path / "pipe")
    write_bundle(path, tmp_path / "b.tar.gz")
    assert {"compiled/linked.json", "pipe"}.isdisjoint(contents(tmp_path / "b.tar.gz"))


@pytest.mark.parametrize("place", ["missing/b.tar.gz", "folder", "/proc/b.tar.gz"])
def test_a_bundle_that_cannot_be_written_leaves_nothing(place: str, state: State, tmp_path: Path) -> None:
    path = write_run(state, failing_run())
    (tmp_path / "folder").mkdir()
    with pytest.raises(StateError) as caught:
        write_bundle(path, tmp_path / place)
    assert caught.value.diagnostic.code == "IMG860"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["folder", "home"]


@given(st.text(min_size=6, max_size=30).filter(lambda text: text.strip() == text and text.splitlines() == [text]))
def test_no_known_secret_gets_into_a_bundle(tmp_path_factory: pytest.TempPathFactory, secret: str) -> None:
    folder = tmp_path_factory.mktemp("bundle")
    path = write_run(
        open_state(folder / "s"), failing_run(text=f"a {secret} b"), details=changed(note={secret: secret})
    )
    write_bundle(path, folder / "b.tar.gz", secrets=[secret])
    found = contents(folder / "b.tar.gz")
    events = [json.loads(line) for line in found["events.ndjson"].splitlines()]
    (said,) = (event["text"] for event in events if event["event"] == "output" and event["step"] == "customize[1]")
    assert secret not in said.replace(MARK, "")
    assert secret not in json.dumps(json.loads(found["run.json"])["imagesmith"]["note"]).replace(MARK, "")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"x {TOKEN} y", f"x {MARK} y"),
        ("AccountKey=abc/DEF+1==", f"AccountKey={MARK}"),
        ('"adminPassword": "pa55w0rd"', f'"adminPassword": "{MARK}"'),
        ("export ARM_CLIENT_SECRET='s3cret'", f"export ARM_CLIENT_SECRET='{MARK}'"),
        ("https://me:hunter2@example.net/x", f"https://me:{MARK}@example.net/x"),
        ("authorization: Bearer abc.def", f"authorization: Bearer {MARK}"),
        ("abC8Q~" + "x" * 34, MARK),
        ("ghp_" + "a" * 36, MARK),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\\nb3Blbn", MARK),
        ("  " + "A" * 64, f"  {MARK}"),
        ("Setting up passwd (1:4.13) ...", "Setting up passwd (1:4.13) ..."),
        ("the token of the step", "the token of the step"),
        ("https://example.net/a:b@c", "https://example.net/a:b@c"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, masked: str) -> None:
    assert mask_suspects(text) == masked


def test_scripts_of_a_killed_run_are_left_out(state: State, tmp_path: Path) -> None:
    """Secrets are taken out of them at the end of a run, which this one did not see."""
    path = write_run(state, failing_run()[:12], result=None)
    scripts = path / "compiled" / "build" / "scripts"
    (scripts / "01-login.sh").write_text(f"login '{SECRET}'\n")
    entries = write_bundle(path, tmp_path / "bundle.tar.gz")
    assert "compiled/build/scripts/01-login.sh" not in contents(tmp_path / "bundle.tar.gz")
    (left,) = [entry for entry in entries if entry.name.endswith("01-login.sh")]
    assert "killed" in (left.reason or "")
