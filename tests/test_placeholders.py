"""A stand-in says where its file should come from and stops a build, whatever the source's text is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.placeholders import NOT_FETCHED_EXIT_CODE, placeholder
from imagesmith.plan import Fetch, FetchKind, OsType

SAS = "sv=2024-11-04&sig=c2VjcmV0LXNpZ25hdHVyZQ%3D%3D"


def _fetch(uri: str, kind: FetchKind = FetchKind.SCRIPT) -> Fetch:
    return Fetch(uri=uri, kind=kind, file="scripts/01-setup.sh", path=("properties", "customize", 0, "scriptUri"))


def _run(script: bytes, folder: Path) -> subprocess.CompletedProcess[bytes]:
    file = folder / "stand-in.sh"
    file.write_bytes(script)
    return subprocess.run(["/bin/sh", str(file)], cwd=folder, capture_output=True, timeout=10, check=False)


def test_a_script_names_its_source_and_exits_97(tmp_path: Path) -> None:
    done = _run(placeholder(_fetch("https://contoso.blob.core.windows.net/s/setup.sh"), OsType.LINUX), tmp_path)
    assert done.returncode == NOT_FETCHED_EXIT_CODE == 97
    assert done.stdout == b""
    assert done.stderr == b"imagesmith: not fetched: https://contoso.blob.core.windows.net/s/setup.sh\n"


@pytest.mark.parametrize("os_type", list(OsType))
@pytest.mark.parametrize("kind", list(FetchKind))
def test_no_stand_in_shows_a_token_or_a_password(os_type: OsType, kind: FetchKind) -> None:
    text = placeholder(_fetch(f"https://user:pa55word@contoso.example/setup.sh?{SAS}", kind), os_type)
    assert b"contoso.example/setup.sh" in text
    assert b"pa55word" not in text
    assert b"c2VjcmV0" not in text


@pytest.mark.parametrize(
    "uri",
    [
        "scripts/it's.sh",
        "'; touch broken; '",
        "$(touch broken)`touch broken`",
        "a\ntouch broken\n",
        "a\r\ntouch broken",
        "\\'; touch broken #",
        "%s%n%d",
        "ü\u2018\u2019\u2028touch",
        "x" * 5000 + "'",
    ],
)
def test_a_source_cannot_break_out_of_the_script(uri: str, tmp_path: Path) -> None:
    done = _run(placeholder(_fetch(uri), OsType.LINUX), tmp_path)
    assert done.returncode == 97
    assert done.stderr.count(b"\n") == 1
    assert not (tmp_path / "broken").exists()


@given(st.text())
def test_a_powershell_stand_in_is_two_lines_with_one_string(uri: str) -> None:
    """Read as PowerShell's tokenizer does: in a single-quoted string only `''` stands for a quote."""
    first, second, end = placeholder(_fetch(uri), OsType.WINDOWS).decode("ascii").split("\r\n")
    assert (second, end) == ("exit 97", "")
    inner = first.removeprefix("[Console]::Error.WriteLine('").removesuffix("')")
    assert len(inner) == len(first) - len("[Console]::Error.WriteLine('')")
    assert "'" not in inner.replace("''", "")
    assert inner.isprintable()


def test_a_file_says_in_words_what_it_stands_for() -> None:
    text = placeholder(_fetch(f"https://contoso.example/app.msi?{SAS}", FetchKind.FILE), OsType.WINDOWS).decode()
    assert text.startswith("imagesmith: not fetched: https://contoso.example/app.msi?<redacted>\n")
    assert "compile --fetch" in text
