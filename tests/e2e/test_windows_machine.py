"""A real Packer at work on a Windows machine of the sandbox: files, scripts, tasks, restarts, exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.e2e.windows_builds import Built, build

from imagesmith.sandbox.rehearsal import SAID

SIZES = {"empty": 0, "one": 1, "chunk": 5958, "shell": 15 * 5958, "large": 10 * 1024 * 1024}
AS_USER = '  elevated_user = "packer"\n  elevated_password = build.Password\n'
AS_SYSTEM = '  elevated_user = "SYSTEM"\n  elevated_password = ""\n'
WRONG = '  elevated_user = "packer"\n  elevated_password = "wrong"\n'


def content(size: int) -> bytes:
    """Bytes that no text has."""
    return (bytes(range(256)) * (size // 256 + 1))[:size]


def file(source: str, destination: str, *, direction: str = "upload") -> str:
    """A `file` provisioner; paths without back slashes."""
    rows = {"source": source, "destination": destination, "direction": direction}
    return 'provisioner "file" {\n' + "".join(f'  {name} = "{value}"\n' for name, value in rows.items()) + "}"


def powershell(script: str, *rows: str) -> str:
    """A `powershell` provisioner with a script file."""
    return f'provisioner "powershell" {{\n  script = "{script}"\n{"".join(rows)}}}'


@pytest.fixture(scope="module")
def built(packer: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, Path]:
    """One build with everything that a template can compile to, and its folder."""
    folder = tmp_path_factory.mktemp("windows")
    for name, size in SIZES.items():
        (folder / name).write_bytes(content(size))
    (folder / "tree" / "inner folder").mkdir(parents=True)
    (folder / "tree" / "a.txt").write_bytes(b"a")
    (folder / "tree" / "inner folder" / "b.txt").write_bytes(b"b")
    for name, text in (("plain", "whoami"), ("seven", "exit 7"), ("system", "whoami"), ("user", "whoami")):
        (folder / f"{name}.ps1").write_text(text, encoding="utf-8")
    return build(
        packer,
        folder,
        *(file(name, f"C:/up/{name}.bin") for name in SIZES),
        file("one", "C:/Program Files/Contoso App/one two.bin"),
        file("tree", "C:/copies"),
        file("tree/", "C:/insides"),
        file("one", "C:/up/"),
        powershell("plain.ps1"),
        powershell("seven.ps1", "  valid_exit_codes = [0, 7]\n"),
        powershell("user.ps1", AS_USER),
        powershell("system.ps1", AS_SYSTEM),
        'provisioner "powershell" {\n  inline = ["Write-Output inline"]\n  environment_vars = ["GREETING=a$b"]\n}',
        'provisioner "windows-shell" {\n  inline = ["dir"]\n}',
        'provisioner "windows-restart" {\n  check_registry = true\n'
        '  restart_check_command = "echo back > C:\\\\back.txt"\n}',
        file("C:/up/large.bin", str(folder / "downloaded"), direction="download"),
    ), folder


def test_the_build_goes_through(built: tuple[Built, Path]) -> None:
    assert built[0].done.returncode == 0, built[0].output
    assert built[0].codes == ("IMG920",)


@pytest.mark.parametrize("name", SIZES)
def test_a_file_arrives_byte_for_byte(built: tuple[Built, Path], name: str) -> None:
    assert built[0].files[f"up/{name}.bin"] == content(SIZES[name])


def test_files_go_where_they_are_sent(built: tuple[Built, Path]) -> None:
    assert sorted(path for path in built[0].own if not path.startswith("up/")) == [
        "Program Files/Contoso App/one two.bin",
        "back.txt",
        "copies/tree/a.txt",
        "copies/tree/inner folder/b.txt",
        "insides/a.txt",
        "insides/inner folder/b.txt",
    ]
    assert built[0].files["up/one"] == content(1)
    assert built[0].files["back.txt"] == b"back \r\n"


def test_a_download_brings_the_same_bytes(built: tuple[Built, Path]) -> None:
    assert (built[1] / "downloaded").read_bytes() == content(SIZES["large"])


def test_scripts_are_recorded_with_their_users(built: tuple[Built, Path]) -> None:
    scripts = built[0].machine["scripts"]
    assert [(row["user"], row["elevated"], row["exit_code"], row["ran"]) for row in scripts] == [
        ("packer", False, 0, False),
        ("packer", False, 7, False),
        ("packer", True, 0, False),
        ("SYSTEM", True, 0, False),
        ("packer", False, 0, False),
        ("packer", False, 0, False),
    ]
    assert built[0].machine["tasks"] == {"packer": 1, "SYSTEM": 1}
    assert f"{SAID} (PowerShell, user SYSTEM)" in built[0].output
    assert f"{SAID} (batch, user packer)" in built[0].output


def test_the_machine_has_restarted_once(built: tuple[Built, Path]) -> None:
    machine = built[0].machine
    assert machine["boots"] == 2
    assert f"{machine['name']} restarted." in built[0].output


def test_nothing_of_packers_is_unknown_and_it_cleans_up(built: tuple[Built, Path]) -> None:
    """Only the batch file stays: its provisioner removes nothing."""
    assert built[0].machine["unknown"] == []
    left = [path.rpartition("/")[2] for path in built[0].files if path.startswith("Windows/Temp/")]
    assert [name[-4:] for name in left] == [".bat"]
    assert not [path for path in built[0].files if "winrmcp" in path]


def test_an_exit_code_that_is_not_valid_fails_the_build(packer: Any, tmp_path: Path) -> None:
    (tmp_path / "seven.ps1").write_text("# the reason\nexit 7\n", encoding="utf-8")
    built = build(packer, tmp_path, powershell("seven.ps1"))
    assert built.done.returncode == 1
    assert "7" in next(line for line in built.output.splitlines() if "exit" in line and "status" in line)
    assert built.codes == ()
    # Packer skips its clean-up then, so its files are still there.
    assert [path for path in built.files if "script-" in path]


def test_a_wrong_password_fails_an_elevated_step(packer: Any, tmp_path: Path) -> None:
    (tmp_path / "user.ps1").write_text("whoami", encoding="utf-8")
    built = build(packer, tmp_path, powershell("user.ps1", WRONG))
    assert built.done.returncode == 1
    assert "The user name or password is incorrect" in built.output
    assert built.machine["scripts"] == []


def test_a_folder_is_no_place_for_a_file(packer: Any, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"1")
    built = build(packer, tmp_path, file("one", "C:/Windows/Temp"))
    assert built.done.returncode == 1
    assert "restore operation returned code=1" in built.output


def test_letters_beyond_ascii(packer: Any, tmp_path: Path) -> None:
    """Packer 1.6 encodes bytes in place of letters: the name becomes another, or PowerShell cannot read the command."""
    (tmp_path / "größe.txt").write_bytes(b"1")
    built = build(packer, tmp_path, file("größe.txt", "C:/Größe/ä ö/größe.txt"), file("größe.txt", "C:/價/x"))
    if packer.is_new:
        assert built.done.returncode == 0, built.output
        assert sorted(built.own) == ["Größe/ä ö/größe.txt", "價/x"]
    else:
        assert "to C:\\價\\x: restore operation returned code=1" in built.output
        (name,) = (path for path in built.own if "winrmcp" not in path)
        assert name != "Größe/ä ö/größe.txt"
        assert built.files[name] == b"1"
