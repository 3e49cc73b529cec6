"""The drives of a Windows machine: paths as Windows reads them, and nothing that leads out of the folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.sandbox.windows.paths import (
    DeviceError,
    PathError,
    WindowsPath,
    expand_cmd,
    expand_powershell,
    parse_path,
)
from imagesmith.sandbox.windows.tree import Tree, host_name
from imagesmith.windows_names import name_key

HOME = WindowsPath("C", ("Users", "packer"))
ENVIRONMENT = {"SystemRoot": "C:\\Windows", "TEMP": "C:\\Users\\packer\\AppData\\Local\\Temp"}


def tree(folder: Path) -> Tree:
    return Tree({drive: folder / "drives" / drive for drive in "CD"})


def path(text: str) -> WindowsPath:
    return parse_path(text, start=HOME)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C:\\AVDImage\\x.ps1", "C:\\AVDImage\\x.ps1"),
        ("c:/AVDImage/x.ps1", "C:\\AVDImage\\x.ps1"),
        ("C:\\a\\..\\..\\..\\b", "C:\\b"),
        ("C:\\a\\.\\b\\", "C:\\a\\b"),
        ("C:\\a. .\\b...", "C:\\a\\b"),
        ("C:\\a\\...\\b", "C:\\a\\b"),
        ("notes.txt", "C:\\Users\\packer\\notes.txt"),
        ("..\\x", "C:\\Users\\x"),
        ("\\x", "C:\\x"),
        ("C:x", "C:\\Users\\packer\\x"),
        ("D:x", "D:\\x"),
        ("d:\\Größe\\價格 .txt", "D:\\Größe\\價格 .txt"),
        ("C:\\a b\\c d", "C:\\a b\\c d"),
        ("C:\\", "C:\\"),
        ("C:\\nulls\\console.txt", "C:\\nulls\\console.txt"),
    ],
)
def test_a_path_means_what_windows_makes_of_it(text: str, expected: str) -> None:
    assert str(path(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "E:\\x",
        "Z:",
        "\\\\server\\share\\x",
        "\\\\?\\C:\\x",
        "\\\\.\\PhysicalDrive0",
        "C:\\file.txt:stream",
        "C:\\a|b",
        "C:\\a*",
        "C:\\a?",
        "C:\\a<b>",
        'C:\\a"b',
        "C:\\a\0b",
        "C:\\a\nb",
        "C:\\" + "x" * 256,
        "C:\\" + "\\".join(["folder"] * 40),
    ],
)
def test_a_path_that_windows_refuses_is_refused(text: str) -> None:
    with pytest.raises(PathError):
        path(text)


@pytest.mark.parametrize(
    "name", ["NUL", "con", "COM1", "lpt9.txt", "aux.tar.gz", "nul ", "COM\u00b9", "CONIN$", "PRN."]
)
def test_a_device_is_no_file(name: str) -> None:
    with pytest.raises(DeviceError):
        path(f"C:\\folder\\{name}")


def test_variables_are_filled_in_as_each_shell_does() -> None:
    assert expand_cmd("%systemroot%/Temp/%NOPE%/100%", ENVIRONMENT) == "C:\\Windows/Temp/%NOPE%/100%"
    assert expand_powershell("$env:TEMP\\x", ENVIRONMENT) == "C:\\Users\\packer\\AppData\\Local\\Temp\\x"
    assert expand_powershell("${env:SystemRoot}\\$env:NOPE", ENVIRONMENT) == "C:\\Windows\\"
    for text in ("C:\\$name", "C:\\$(whoami)", "C:\\`n"):
        assert expand_powershell(text, ENVIRONMENT) is None


def test_case_does_not_count_and_the_first_spelling_stays(tmp_path: Path) -> None:
    drives = tree(tmp_path)
    drives.make_folder(path("C:\\Build Artifacts"))
    drives.write(path("C:\\BUILD ARTIFACTS\\Setup.EXE"), b"one")
    drives.write(path("c:/build artifacts/setup.exe"), b"two")
    assert [found.relative_to(tmp_path).as_posix() for found in (tmp_path / "drives" / "C").rglob("*")] == [
        "drives/C/Build Artifacts",
        "drives/C/Build Artifacts/Setup.EXE",
    ]
    assert drives.read(path("C:\\build Artifacts\\SETUP.exe")) == b"two"
    assert drives.is_folder(path("C:\\build artifacts"))
    assert not drives.is_file(path("C:\\build artifacts"))
    assert name_key("straße") != name_key("STRASSE")


def test_what_is_not_there_or_of_another_kind_is_said(tmp_path: Path) -> None:
    drives = tree(tmp_path)
    drives.write(path("C:\\file"), b"")
    for attempt in (
        lambda: drives.read(path("C:\\missing")),
        lambda: drives.read(path("C:\\missing\\x")),
        lambda: drives.write(path("C:\\missing\\x"), b""),
        lambda: drives.write(path("C:\\file\\x"), b""),
        lambda: drives.make_folder(path("C:\\file\\x")),
        lambda: drives.remove(path("C:\\missing")),
        lambda: drives.remove(path("C:\\")),
        lambda: drives.write(path("C:\\"), b""),
        lambda: drives.read(path("C:\\")),
    ):
        with pytest.raises(PathError):
            attempt()
    assert not drives.is_file(path("C:\\missing\\x"))


def test_a_file_is_appended_to_and_removed(tmp_path: Path) -> None:
    drives = tree(tmp_path)
    for piece in (b"a", b"", b"b"):
        drives.append(path("D:\\log"), piece)
    assert drives.read(path("D:\\LOG")) == b"ab"
    drives.remove(path("D:\\Log"))
    assert not drives.is_file(path("D:\\log"))


def test_a_link_is_neither_followed_nor_written_through(tmp_path: Path) -> None:
    """Nobody makes one here but somebody who meddles with a kept state folder."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious", encoding="utf-8")
    drives = tree(tmp_path)
    (tmp_path / "drives" / "C" / "link").symlink_to(outside)
    (tmp_path / "drives" / "C" / "file").symlink_to(outside / "precious")
    for attempt in (
        lambda: drives.write(path("C:\\link\\new"), b""),
        lambda: drives.read(path("C:\\file")),
        lambda: drives.write(path("C:\\file"), b""),
        lambda: drives.append(path("C:\\file"), b""),
        lambda: drives.remove(path("C:\\link\\precious")),
        lambda: drives.make_folder(path("C:\\link\\more")),
    ):
        with pytest.raises(PathError):
            attempt()
    assert [entry.name for entry in outside.iterdir()] == ["precious"]
    assert (outside / "precious").read_text(encoding="utf-8") == "precious"


NAMES = st.text(st.characters(), min_size=1, max_size=40)


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_no_name_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    """Whatever the names, all that appears is below the drive, or Windows refuses the path."""
    folder = tmp_path_factory.mktemp("tree")
    drives = tree(folder)
    try:
        target = path("C:\\" + "\\".join(names))
        drives.make_folder(target.parent)
        drives.write(target, b"content")
    except PathError:
        return
    assert drives.read(target) == b"content"
    assert [found.name for found in folder.iterdir()] == ["drives"]
    assert sorted(found.name for found in (folder / "drives").iterdir()) == ["C", "D"]
    files = [found for found in (folder / "drives").rglob("*") if found.is_file()]
    assert [found.read_bytes() for found in files] == [b"content"]


def test_a_name_is_found_in_a_spelling_that_takes_more_bytes(tmp_path: Path) -> None:
    """The small letter takes three bytes, the capital two."""
    drives = tree(tmp_path)
    small, capital = WindowsPath("C", ("\u2c65" * 100,)), WindowsPath("C", ("\u023a" * 100,))
    for first, second in ((small, capital), (capital, small)):
        drives.write(first, b"x")
        assert drives.read(second) == b"x"
        drives.remove(second)


@given(NAMES)
def test_a_hosts_name_is_harmless(name: str) -> None:
    host = host_name(name)
    assert "/" not in host
    assert "\0" not in host
    assert host not in {"", ".", ".."}
    assert len(host.encode()) <= 255


@pytest.mark.parametrize("name", ["\u4fa1" * 200, "%TEMP%", "..x", "\ud800", "a/b"])
def test_a_name_that_the_host_cannot_hold_has_another_there(tmp_path: Path, name: str) -> None:
    drives = tree(tmp_path)
    target = WindowsPath("C", (name,))
    drives.write(target, b"x")
    assert drives.read(target) == b"x"
    assert drives.is_file(WindowsPath("C", (name_key(name),)))
    assert [found.name[0] for found in (tmp_path / "drives" / "C").iterdir()] == ["%"]
