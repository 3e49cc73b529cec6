"""The sandbox's folder, its kept resources, and whose they are."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from imagesmith.sandbox.errors import SandboxError
from imagesmith.sandbox.machine.owner import Owner, this_process
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox
from imagesmith.sandbox.state import MARKER, StateFolder


def recording(state: Path, *, keep: bool = False) -> Sandbox:
    return Sandbox(SandboxOptions(state=state, run_id="r", steps="record", keep=keep), environment={})


def test_a_new_folder_is_private_and_marked(tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path / "deep" / "state")
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o700
    assert (state.path / MARKER).exists()


def test_what_a_sandbox_writes_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with recording(tmp_path / "state", keep=True) as sandbox:
            StateFolder.open(tmp_path / "state").open_log("machines", "vm1.log").close()
            assert sandbox.world.name
    finally:
        os.umask(before)
    files = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert {"ca.pem", MARKER, "vm1.log"} <= {path.name for path in files}
    assert [path for path in files if stat.S_IMODE(path.stat().st_mode) != 0o600] == []


def test_an_empty_folder_and_one_of_ours_are_taken(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    StateFolder.open(tmp_path / "state").write("a", b"1")
    assert (StateFolder.open(tmp_path / "state").path / "a").read_bytes() == b"1"


def test_a_folder_with_files_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    with pytest.raises(SandboxError, match=r"no sandbox made .*IMG905"):
        StateFolder.open(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(SandboxError, match="IMG905"):
        StateFolder.open(tmp_path / "link")


def test_emptying_deletes_links_and_not_what_they_lead_to(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x", encoding="utf-8")
    state = StateFolder.open(tmp_path / "state")
    inner = state.folder("a", "b")
    (inner / "file").write_text("x", encoding="utf-8")
    (inner / "out").symlink_to(outside)
    (state.path / "also-out").symlink_to(outside)
    state.empty()
    assert [path.name for path in state.path.iterdir()] == [MARKER]
    assert (outside / "precious").read_text(encoding="utf-8") == "x"


def test_deleting_does_not_go_through_links(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x", encoding="utf-8")
    state = StateFolder.open(tmp_path / "state")
    (state.path / "out").symlink_to(tmp_path)
    state.remove("out", "precious")
    state.remove("none", "at", "all")
    assert (tmp_path / "precious").exists()
    assert (state.path / "out").is_symlink()


def test_a_sandbox_removes_the_folder_that_it_made(tmp_path: Path) -> None:
    with recording(tmp_path / "state") as sandbox:
        assert sandbox.world.environment["SSL_CERT_FILE"] == str(tmp_path / "state" / "ca.pem")
    assert not (tmp_path / "state").exists()


def test_a_sandbox_empties_a_folder_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with recording(tmp_path / "state"):
        assert (tmp_path / "state" / "ca.pem").exists()
    assert [path.name for path in (tmp_path / "state").iterdir()] == [MARKER]


def test_a_sandbox_that_does_not_start_leaves_no_folder(tmp_path: Path) -> None:
    options = SandboxOptions(state=tmp_path / "state", run_id="r", steps="run", engine="/nowhere/podman")
    with pytest.raises(SandboxError, match="IMG900"):
        Sandbox(options, environment={}).start()
    assert not (tmp_path / "state").exists()


def test_what_a_killed_sandbox_left_is_cleared_away(tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path / "state")
    with subprocess.Popen(["true"]) as ended:
        pass
    state.write("owner", str(Owner(pid=ended.pid, started="1", place=this_process().place)).encode())
    (state.folder("machines") / "old.log").write_text("x", encoding="utf-8")
    with recording(tmp_path / "state"):
        assert not (tmp_path / "state" / "machines").exists()


def test_the_folders_of_killed_sandboxes_go_with_the_next_one(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    gone = str(Owner(pid=ended.pid, started="1", place=this_process().place)).encode()
    for name, files in {
        "killed": {"owner": gone, "world.json": b"{}"},
        "kept": {"owner": gone, "resources.json": b"{}"},
        "elsewhere": {"owner": b"another-boot/1/1"},
        "up": {"owner": str(this_process()).encode()},
        "ended": {},
    }.items():
        state = StateFolder.open(tmp_path / "sandbox" / name)
        for file, content in files.items():
            state.write(file, content)
    foreign = tmp_path / "sandbox" / "foreign"
    foreign.mkdir()
    (foreign / "owner").write_bytes(gone)
    (tmp_path / "sandbox" / "link").symlink_to(tmp_path / "sandbox" / "kept")
    with recording(tmp_path / "sandbox" / "new"):
        pass
    assert {path.name for path in (tmp_path / "sandbox").iterdir()} == {
        "kept", "elsewhere", "up", "ended", "foreign", "link",
    }  # fmt: skip


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path / "state")
    with subprocess.Popen(["sleep", "60"]) as other:
        started = Path(f"/proc/{other.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19]
        state.write("owner", str(Owner(pid=other.pid, started=started, place=this_process().place)).encode())
        try:
            with pytest.raises(SandboxError, match=rf"process {other.pid} .*IMG907"):
                recording(tmp_path / "state").start()
        finally:
            other.terminate()


@pytest.mark.parametrize("text", ["{", '{"format": 1, "resources": [{"id": "x"}]}', '{"format": 99}', "[]"])
def test_damaged_kept_state_is_told(tmp_path: Path, text: str) -> None:
    state = StateFolder.open(tmp_path / "state")
    state.write("resources.json", text.encode())
    sandbox = recording(tmp_path / "state", keep=True)
    with pytest.raises(SandboxError, match="IMG906"):
        sandbox.start()


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    here = this_process()
    assert Owner.parse(str(here)) == here
    assert not here.is_gone
    assert Owner(pid=here.pid, started="0", place=here.place).is_gone
    assert not Owner(pid=here.pid, started="0", place="another boot").is_gone
    assert Owner.parse("") is None
    assert Owner.parse("a/b/c") is None
    assert os.getpid() == here.pid
