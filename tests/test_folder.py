"""Writing a compilation's files: private, whole, and never anybody else's."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from imagesmith import folder as folder_module
from imagesmith.folder import FolderError, write_folder


def compilation(**stages: tuple[str, ...]) -> dict[str, bytes]:
    """Files as a compilation has them: a plan that lists the others."""
    plan = {"stages": [{"name": name, "steps": [{"files": list(files)}]} for name, files in stages.items()]}
    found = {"plan.json": json.dumps(plan).encode()}
    for name, files in stages.items():
        found[f"{name}/image.pkr.hcl"] = f"# {name}\n".encode()
        found |= {f"{name}/{file}": file.encode() for file in files}
    return found


FILES = compilation(build=("scripts/00-a.sh", "files/01-b"), validate=("scripts/00-c.sh",))


def held(root: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(params=["folders held open", "folders looked at"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of reaching files: that of POSIX, and that of systems which cannot hold a folder open."""
    monkeypatch.setattr(folder_module, "_HELD", request.param == "folders held open")
    return str(request.param)


def test_all_files_are_written(tmp_path: Path) -> None:
    """In folders that are made, also those above."""
    write_folder(tmp_path / "a" / "out", FILES)
    assert held(tmp_path / "a" / "out") == FILES


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_files_are_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """0600 in folders of 0700: scripts of a template may hold secrets."""
    before = os.umask(umask)
    try:
        write_folder(tmp_path / "out", FILES)
    finally:
        os.umask(before)
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in (tmp_path / "out").rglob("*")}
    assert modes == {(True, 0o700), (False, 0o600)}
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700


def test_a_file_that_was_open_to_others_becomes_private(tmp_path: Path) -> None:
    """It is replaced, not written into: somebody may have it open."""
    write_folder(tmp_path, FILES)
    (tmp_path / "build" / "scripts" / "00-a.sh").chmod(0o666)
    with (tmp_path / "build" / "scripts" / "00-a.sh").open("rb") as reader:
        write_folder(tmp_path, FILES | {"build/scripts/00-a.sh": b"secret"})
        assert reader.read() == b"scripts/00-a.sh"
    assert stat.S_IMODE((tmp_path / "build" / "scripts" / "00-a.sh").stat().st_mode) == 0o600


def test_an_earlier_compilation_is_replaced(tmp_path: Path) -> None:
    """Its files go when they are no longer part of it, and the folders that only they were in; nothing else does."""
    write_folder(tmp_path, FILES)
    (tmp_path / "build" / "notes.txt").write_text("mine")
    (tmp_path / "build" / "files" / "mine").write_text("mine")
    new = compilation(build=("scripts/00-a.sh",))
    write_folder(tmp_path, new)
    assert held(tmp_path) == {**new, "build/notes.txt": b"mine", "build/files/mine": b"mine"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build", "plan.json"]


@pytest.mark.parametrize(
    "foreign",
    [
        {"notes.txt": "mine"},
        {"plan.json": "{}"},
        {"plan.json": "not JSON"},
        {"plan.json": '{"stages": 1}'},
        {"plan.json": '{"stages": [1]}'},
        {"plan.json": '{"stages": [{"name": "build"}]}'},
        {"plan.json": "[" * 100_000},
    ],
    ids=["a file", "an empty plan", "no JSON", "no stages", "no stage", "no steps", "deep"],
)
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, foreign: Mapping[str, str]) -> None:
    """Without touching anything in it."""
    for name, text in foreign.items():
        (tmp_path / name).write_text(text)
    before = held(tmp_path)
    with pytest.raises(FolderError, match="choose an empty folder"):
        write_folder(tmp_path, FILES)
    assert held(tmp_path) == before


@pytest.mark.parametrize("name", ["/etc/passwd", "../a", "build/../../a", "C:\\a", "build\\..\\..\\a"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    """Before anything is written."""
    with pytest.raises(FolderError, match="not a path inside"):
        write_folder(tmp_path / "out", {**FILES, name: b""})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../../victim", "victim/../../../victim", "/victim"])
def test_a_plan_cannot_have_other_files_removed(tmp_path: Path, name: str) -> None:
    """Whoever wrote it."""
    out = tmp_path / "out"
    (tmp_path / "victim").write_text("mine")
    out.mkdir()
    plan = {"stages": [{"name": "build", "steps": [{"files": [name]}]}]}
    (out / "plan.json").write_text(json.dumps(plan))
    write_folder(out, FILES)
    assert (tmp_path / "victim").read_text() == "mine"


@pytest.mark.parametrize("place", ["build", "build/scripts"])
def test_a_link_in_the_place_of_a_folder_is_refused(tmp_path: Path, place: str) -> None:
    """Nothing is written through it."""
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    write_folder(out, {"plan.json": FILES["plan.json"]})
    (elsewhere / "scripts").mkdir(parents=True)
    (out / place).parent.mkdir(exist_ok=True)
    (out / place).symlink_to(elsewhere)
    with pytest.raises(FolderError, match="cannot write to"):
        write_folder(out, FILES)
    assert held(elsewhere) == {}


def test_a_link_in_the_place_of_a_file_is_replaced(tmp_path: Path) -> None:
    """What it leads to stays as it was."""
    out, victim = tmp_path / "out", tmp_path / "victim"
    victim.write_text("mine")
    write_folder(out, FILES)
    (out / "build" / "image.pkr.hcl").unlink()
    (out / "build" / "image.pkr.hcl").symlink_to(victim)
    (out / "build" / ".image.pkr.hcl.new").symlink_to(victim)
    write_folder(out, FILES)
    assert held(out) == FILES
    assert not (out / "build" / "image.pkr.hcl").is_symlink()
    assert victim.read_text() == "mine"


def test_nothing_is_removed_through_a_link(tmp_path: Path) -> None:
    """Neither a file nor an empty folder."""
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    write_folder(out, FILES)
    for path in sorted((out / "validate").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (out / "validate").rmdir()
    (elsewhere / "scripts").mkdir(parents=True)
    (elsewhere / "image.pkr.hcl").write_text("mine")
    (out / "validate").symlink_to(elsewhere)
    write_folder(out, compilation(build=()))
    assert held(elsewhere) == {"image.pkr.hcl": b"mine"}
    assert (elsewhere / "scripts").is_dir()


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    """The folder itself, and one in it."""
    (tmp_path / "out").write_text("mine")
    with pytest.raises(FolderError, match="cannot write to"):
        write_folder(tmp_path / "out", FILES)
    write_folder(tmp_path / "other", {"plan.json": FILES["plan.json"]})
    (tmp_path / "other" / "build").write_text("mine")
    with pytest.raises(FolderError, match="cannot write to"):
        write_folder(tmp_path / "other", FILES)
    assert (tmp_path / "out").read_text() == (tmp_path / "other" / "build").read_text() == "mine"


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    """And stays."""
    write_folder(tmp_path, {"plan.json": FILES["plan.json"]})
    (tmp_path / "build" / "image.pkr.hcl").mkdir(parents=True)
    with pytest.raises(FolderError, match="cannot write to"):
        write_folder(tmp_path, FILES)
    assert not list((tmp_path / "build").glob(".*"))


def test_a_place_that_cannot_be_written_is_told() -> None:
    """The kernel's folder takes no files, whoever asks."""
    with pytest.raises(FolderError, match="cannot write to '/proc/imagesmith'"):
        write_folder("/proc/imagesmith", FILES)


CHILD = """
import resource, signal, sys
from imagesmith import folder
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
folder._HELD = sys.argv[2] == "folders held open"
files = {"plan.json": b'{"stages": []}', "build/image.pkr.hcl": b"x" * 10_000}
try:
    folder.write_folder(sys.argv[1], files)
except folder.FolderError as error:
    print(error)
"""


def test_a_full_disk_is_told_and_leaves_no_half_of_a_file(tmp_path: Path, way: str) -> None:
    """What was there before stays whole."""
    write_folder(tmp_path, FILES)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), way], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith(f"cannot write to '{tmp_path}': File too large")
    assert (tmp_path / "build" / "image.pkr.hcl").read_bytes() == b"# build\n"
    assert not list(tmp_path.rglob(".*"))


def test_what_an_interrupted_writing_left_can_be_written_over(tmp_path: Path) -> None:
    """A draft of the plan alone is ours: nothing else is written before the plan is there."""
    (tmp_path / ".plan.json.new").write_text('{"stag')
    write_folder(tmp_path, FILES)
    assert held(tmp_path) == FILES


def test_whatever_stops_the_writing_no_half_of_a_file_is_left(tmp_path: Path) -> None:
    """Here something that is no file's content; it could be Ctrl-C."""
    write_folder(tmp_path, FILES)
    broken: dict[str, object] = {**FILES, "build/image.pkr.hcl": "text"}
    with pytest.raises(TypeError):
        write_folder(tmp_path, broken)  # type: ignore[arg-type]
    assert held(tmp_path) == FILES
