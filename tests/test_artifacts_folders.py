"""A folder beside the template travels as one archive that depends on its content only."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.artifacts import FetchOptions, fetch_all, fill
from imagesmith.artifacts.filling import Filled
from imagesmith.lower.texts import powershell_text
from imagesmith.lower.unpacking import read_windows_script, windows_archive, windows_script
from imagesmith.pipeline import CompileOptions, compile_text
from imagesmith.plan import FetchKind
from imagesmith.sandbox.windows.paths import expand_powershell
from tests.cases import FIXTURES
from tests.lowered import compiled
from tests.test_artifacts import wanted

WINDOWS = FIXTURES / "runs" / "windows-steps-recorded" / "template.json"


@pytest.fixture
def options(tmp_path: Path) -> FetchOptions:
    folder = tmp_path / "template"
    folder.mkdir()
    return FetchOptions(cache=tmp_path / "cache", template_folder=folder, timeout_s=5)


def fill_site(folder: Path) -> None:
    """A site with a program, an empty folder and a name that is not ASCII."""
    (folder / "css" / "empty").mkdir(parents=True)
    (folder / "index.html").write_text("<html>", encoding="utf-8")
    (folder / "css" / "ä.css").write_text("a{}", encoding="utf-8")
    (folder / "run.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / "run.sh").chmod(0o755)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x", encoding="utf-8")


def packed(options: FetchOptions, uri: str = "site/", kind: FetchKind = FetchKind.TAR) -> bytes:
    result = fetch_all([wanted(uri, kind=kind)], options, on_progress=lambda _progress: None)
    assert result.ok, result.diagnostics
    return result.fetched[0].content.read_bytes()


def refused(options: FetchOptions, uri: str = "site/", kind: FetchKind = FetchKind.TAR) -> tuple[str, str]:
    result = fetch_all([wanted(uri, kind=kind)], options, on_progress=lambda _progress: None)
    (found,) = result.diagnostics
    return found.code, f"{found.message}; {found.hint}"


def test_an_archive_holds_the_content_and_the_permission_to_execute(options: FetchOptions) -> None:
    assert options.template_folder
    fill_site(options.template_folder / "site")
    with tarfile.open(fileobj=io.BytesIO(packed(options))) as archive:
        found = {one.name: (one.mode, one.isdir(), one.mtime, one.uid, one.uname) for one in archive}
        assert archive.extractfile("css/ä.css").read() == b"a{}"  # type: ignore[union-attr]
    assert list(found) == ["css", "css/empty", "css/ä.css", "index.html", "run.sh"]
    assert found["run.sh"] == (0o755, False, 0, 0, "")
    assert found["index.html"] == (0o644, False, 0, 0, "")
    assert found["css/empty"] == (0o755, True, 0, 0, "")


def test_the_same_content_gives_the_same_archive_whenever_and_wherever(options: FetchOptions, tmp_path: Path) -> None:
    assert options.template_folder
    fill_site(options.template_folder / "site")
    first = packed(options)
    for path in (options.template_folder / "site").rglob("*"):
        os.utime(path, (1, 1))
        if path.is_file() and path.name != "run.sh":
            path.chmod(0o600)
    assert packed(options, "./site/") == first
    other = replace(options, template_folder=tmp_path / "elsewhere")
    assert other.template_folder
    fill_site(other.template_folder / "site")
    assert packed(other) == first
    (other.template_folder / "site" / "index.html").write_text("<html2>", encoding="utf-8")
    assert packed(other) != first


def test_links_and_pipes_are_refused_by_name(options: FetchOptions) -> None:
    assert options.template_folder
    site = options.template_folder / "site"
    (site / "css").mkdir(parents=True)
    (site / "css" / "link").symlink_to("/etc/passwd")
    assert refused(options)[0] == "IMG649"
    assert "site/css/link is a link" in refused(options)[1]
    (site / "css" / "link").unlink()
    os.mkfifo(site / "pipe")
    assert "site/pipe is no file" in refused(options)[1]


def test_a_folder_is_limited_and_inside(options: FetchOptions, tmp_path: Path) -> None:
    assert options.template_folder
    fill_site(options.template_folder / "site")
    assert refused(replace(options, limit_bytes=100))[0] == "IMG610"
    (tmp_path / "outside").mkdir()
    assert refused(options, "../outside/")[0] == "IMG617"
    assert refused(options, "none/")[0] == "IMG619"
    assert "No such file" in refused(options, "none/")[1]
    assert "Not a directory" in refused(options, "site/index.html/")[1]


def test_a_folder_without_its_slash_is_explained(options: FetchOptions) -> None:
    assert options.template_folder
    fill_site(options.template_folder / "site")
    code, text = refused(options, "site")
    assert code == "IMG619"
    assert "end the path with '/' to copy the folder" in text


def test_a_script_is_no_folder(options: FetchOptions) -> None:
    assert options.template_folder
    fill_site(options.template_folder / "site")
    assert "a script is a file" in refused(options, "site/", FetchKind.SCRIPT)[1]


def test_a_folder_is_copied_and_unpacked_by_two_steps() -> None:
    step = {"type": "File", "sourceUri": "site/", "destination": "/srv/it's here/"}
    compilation = compiled({"customize": [step]})
    assert compilation.plan, compilation.diagnostics
    steps = {one.id: one for one in compilation.plan.stages[0].steps}
    assert [name for name in steps if name.startswith("customize")] == ["customize[0]", "customize[0].unpack"]
    assert compilation.plan.stages[0].fetches[0].file == "files/01-site.tar"
    assert compilation.files["build/scripts/02-unpack-site.sh"].decode() == (
        "#!/bin/sh -e\nmkdir -p -- '/srv/it'\"'\"'s here/'\n"
        "tar -xf /tmp/imagesmith-01-site.tar -C '/srv/it'\"'\"'s here/' --no-same-owner\n"
        "rm -f /tmp/imagesmith-01-site.tar\n"
    )
    assert "IMG341" not in {found.code for found in compilation.diagnostics}


def test_a_web_address_that_ends_in_a_slash_is_no_folder() -> None:
    step = {"type": "File", "sourceUri": "https://example.com/site/", "destination": "/srv/site"}
    compilation = compiled({"customize": [step]})
    assert compilation.plan
    assert "customize[0].unpack" not in {one.id for one in compilation.plan.stages[0].steps}


def test_a_zip_holds_the_content_and_depends_on_nothing_else(options: FetchOptions) -> None:
    """Its digest is written down here: another one would change every lock file."""
    assert options.template_folder
    fill_site(options.template_folder / "site")
    content = packed(options, kind=FetchKind.ZIP)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found = {
            one.filename: (one.date_time[0], one.create_system, one.flag_bits & 0x800) for one in archive.infolist()
        }
        assert archive.read("css/ä.css") == b"a{}"
        assert archive.testzip() is None
    assert found == {
        "css/": (1980, 0, 0),
        "css/empty/": (1980, 0, 0),
        "css/ä.css": (1980, 0, 0x800),
        "index.html": (1980, 0, 0),
        "run.sh": (1980, 0, 0),
    }
    assert hashlib.sha256(content).hexdigest() == "bd6e4c8bd6489660fe83f5de9636bbaa0a862a5a5264550dca57e6b60f2809d0"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a:b"], "'a:b' holds ':', which no name on Windows may"),
        (["deep/a\\b"], "'deep/a\\\\b' holds '\\\\', which no name"),
        (["con"], "'con' is the name of a device"),
        (["deep/LPT1.txt"], "'deep/LPT1.txt' is the name of a device"),
        (["end."], "'end.' ends in a dot"),
        (["end "], "'end ' ends in a blank"),
        (["\udcff"], "'\\udcff' is not UTF-8"),
        (["deep/ReadMe", "deep/README"], "'deep/ReadMe' and 'deep/README' differ in nothing but case"),
        (["Ä/a", "ä/b"], "differ in nothing but case"),
        ([f"{n}?" for n in range(7)], "'4?' holds '?', which no name on Windows may, and 2 more"),
    ],
)
def test_what_windows_cannot_have_is_told_by_name(options: FetchOptions, names: list[str], said: str) -> None:
    """And only where the folder goes to Windows."""
    assert options.template_folder
    for name in names:
        path = options.template_folder / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    code, text = refused(options, kind=FetchKind.ZIP)
    assert (code, said in text) == ("IMG650", True), text
    assert packed(options)


def test_names_that_windows_can_have_are_no_fault(options: FetchOptions) -> None:
    assert options.template_folder
    for name in ("[x] (1).txt", "console", "aux2", "a.con", ".hidden", "ßß", "SS", "価格", "a" * 85 * 2):
        path = options.template_folder / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    assert packed(options, kind=FetchKind.ZIP)


def filled(options: FetchOptions, destination: str) -> Filled:
    """A template with the folder `site`, compiled and fetched."""
    assert options.template_folder
    template = json.loads(WINDOWS.read_text(encoding="utf-8"))
    step = {"type": "File", "sourceUri": "site/", "destination": destination}
    template["properties"] |= {"customize": [step], "validate": {}}
    compilation = compile_text(json.dumps(template), filename="t.json", options=CompileOptions())
    assert compilation.ok, compilation.diagnostics
    return fill(compilation, options, on_progress=lambda _progress: None)


def test_a_zip_travels_compressed(options: FetchOptions) -> None:
    assert options.template_folder
    fill_site(options.template_folder / "site")
    (options.template_folder / "site" / "big.txt").write_bytes(b"all the same " * 100_000)
    result = filled(options, "C:\\site")
    assert not result.diagnostics
    content = result.files["build/files/01-site.zip"]
    assert len(content) < 20_000
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {one.filename: archive.read(one) for one in archive.infolist()} == {
            "big.txt": b"all the same " * 100_000,
            "css/": b"",
            "css/empty/": b"",
            "css/ä.css": b"a{}",
            "index.html": b"<html>",
            "run.sh": b"#!/bin/sh\n",
        }


@pytest.mark.parametrize(
    ("destination", "letters", "fits"),
    [
        ("C:\\s", 254, True),
        ("C:\\s\\", 254, True),
        ("C:\\s", 255, False),
        ("$env:ProgramFiles\\s", 255, True),
        ("C:\\" + "x" * 100, 200, False),
    ],
)
def test_a_path_that_would_be_too_long_there_is_told(
    options: FetchOptions, destination: str, letters: int, fits: bool
) -> None:
    """What a variable stands for is not known here."""
    assert options.template_folder
    (options.template_folder / "site").mkdir()
    (options.template_folder / "site" / ("n" * letters)).write_bytes(b"")
    result = filled(options, destination)
    assert [found.code for found in result.diagnostics] == ([] if fits else ["IMG650"])
    for found in result.diagnostics:
        assert found.path[-2:] == (0, "sourceUri")
        assert found.span is not None
        assert "nnn" in found.message


def test_a_folder_for_windows_is_copied_and_unpacked_by_two_steps() -> None:
    step = {"type": "File", "sourceUri": "site\\", "destination": "C:\\it's $(here)\\${env:X} \u201cä\u201d"}
    compilation = compiled({"customize": [step]}, windows=True)
    assert compilation.plan, compilation.diagnostics
    stage = compilation.plan.stages[0]
    names = [one.id for one in stage.steps if one.id.startswith("customize")]
    assert names == ["customize[0]", "customize[0].unpack"]
    assert (stage.fetches[0].kind, stage.fetches[0].file) == (FetchKind.ZIP, "files/01-site.zip")
    script = compilation.files["build/scripts/02-unpack-site.ps1"].decode("utf-8-sig").split("\r\n")
    assert script[:3] == [
        "$archive = 'C:\\Windows\\Temp\\imagesmith-01-site.zip'",
        '$folder = "C:\\it\'s `$(here)\\${env:X} `\u201cä`\u201d"',
        "$ErrorActionPreference = 'Stop'",
    ]
    assert "C:\\\\Windows\\\\Temp\\\\imagesmith-01-site.zip" in compilation.files["build/image.pkr.hcl"].decode()


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1))
def test_a_folder_s_name_comes_back_as_it_went(name: str) -> None:
    """Through the quotes of PowerShell, whatever it holds, except for references to the environment."""
    text = name.replace("$env:", "").replace("${env:", "")
    text = f"C:\\{text}"
    script = powershell_text(windows_script(windows_archive("01-x.zip"), text)).decode("utf-8-sig")
    unpacking = read_windows_script(script)
    assert unpacking
    assert unpacking.archive == windows_archive("01-x.zip")
    assert expand_powershell(unpacking.folder, {}) == text
