"""A folder beside the template travels as one archive that depends on its content only."""

from __future__ import annotations

import io
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from imagesmith.artifacts import FetchOptions, fetch_all
from imagesmith.plan import FetchKind
from tests.lowered import compiled
from tests.test_artifacts import wanted


@pytest.fixture
def options(tmp_path: Path) -> FetchOptions:
    folder = tmp_path / "template"
    folder.mkdir()
    return FetchOptions(cache=tmp_path / "cache", template_folder=folder, timeout_s=5)


def fill(folder: Path) -> None:
    """A site with a program, an empty folder and a name that is not ASCII."""
    (folder / "css" / "empty").mkdir(parents=True)
    (folder / "index.html").write_text("<html>", encoding="utf-8")
    (folder / "css" / "ä.css").write_text("a{}", encoding="utf-8")
    (folder / "run.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / "run.sh").chmod(0o755)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x", encoding="utf-8")


def packed(options: FetchOptions, uri: str = "site/") -> bytes:
    result = fetch_all([wanted(uri, kind=FetchKind.FILE)], options, on_progress=lambda _progress: None)
    assert result.ok, result.diagnostics
    return result.fetched[0].content.read_bytes()


def refused(options: FetchOptions, uri: str = "site/", kind: FetchKind = FetchKind.FILE) -> tuple[str, str]:
    result = fetch_all([wanted(uri, kind=kind)], options, on_progress=lambda _progress: None)
    (found,) = result.diagnostics
    return found.code, f"{found.message}; {found.hint}"


def test_an_archive_holds_the_content_and_the_permission_to_execute(options: FetchOptions) -> None:
    assert options.template_folder
    fill(options.template_folder / "site")
    with tarfile.open(fileobj=io.BytesIO(packed(options))) as archive:
        found = {one.name: (one.mode, one.isdir(), one.mtime, one.uid, one.uname) for one in archive}
        assert archive.extractfile("css/ä.css").read() == b"a{}"  # type: ignore[union-attr]
    assert list(found) == ["css", "css/empty", "css/ä.css", "index.html", "run.sh"]
    assert found["run.sh"] == (0o755, False, 0, 0, "")
    assert found["index.html"] == (0o644, False, 0, 0, "")
    assert found["css/empty"] == (0o755, True, 0, 0, "")


def test_the_same_content_gives_the_same_archive_whenever_and_wherever(options: FetchOptions, tmp_path: Path) -> None:
    assert options.template_folder
    fill(options.template_folder / "site")
    first = packed(options)
    for path in (options.template_folder / "site").rglob("*"):
        os.utime(path, (1, 1))
        if path.is_file() and path.name != "run.sh":
            path.chmod(0o600)
    assert packed(options, "./site/") == first
    other = replace(options, template_folder=tmp_path / "elsewhere")
    assert other.template_folder
    fill(other.template_folder / "site")
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
    fill(options.template_folder / "site")
    assert refused(replace(options, limit_bytes=100))[0] == "IMG610"
    (tmp_path / "outside").mkdir()
    assert refused(options, "../outside/")[0] == "IMG617"
    assert refused(options, "none/")[0] == "IMG619"
    assert "No such file" in refused(options, "none/")[1]
    assert "Not a directory" in refused(options, "site/index.html/")[1]


def test_a_folder_without_its_slash_is_explained(options: FetchOptions) -> None:
    assert options.template_folder
    fill(options.template_folder / "site")
    code, text = refused(options, "site")
    assert code == "IMG619"
    assert "end the path with '/' to copy the folder" in text


def test_a_script_is_no_folder(options: FetchOptions) -> None:
    assert options.template_folder
    fill(options.template_folder / "site")
    assert "a script is a file" in refused(options, "site/", FetchKind.SCRIPT)[1]


def test_a_folder_is_copied_and_unpacked_by_two_steps() -> None:
    step = {"type": "File", "sourceUri": "site/", "destination": "/srv/it's here/"}
    compilation = compiled({"customize": [step]})
    assert compilation.plan, compilation.diagnostics
    steps = {one.id: one for one in compilation.plan.stages[0].steps}
    assert [name for name in steps if name.startswith("customize")] == ["customize[0]", "customize[0].unpack"]
    assert compilation.plan.stages[0].fetches[0].file == "files/01-site.tar"
    assert compilation.files["build/scripts/02-unpack-site.sh"].decode() == (
        "#!/bin/sh -e\nmkdir -p -- '/srv/it'\\''s here/'\n"
        "tar -xf /tmp/imagesmith-01-site.tar -C '/srv/it'\\''s here/' --no-same-owner\n"
        "rm -f /tmp/imagesmith-01-site.tar\n"
    )
    assert "IMG341" not in {found.code for found in compilation.diagnostics}


def test_a_web_address_that_ends_in_a_slash_is_no_folder() -> None:
    step = {"type": "File", "sourceUri": "https://example.com/site/", "destination": "/srv/site"}
    compilation = compiled({"customize": [step]})
    assert compilation.plan
    assert "customize[0].unpack" not in {one.id for one in compilation.plan.stages[0].steps}


def test_a_folder_for_windows_is_refused_with_the_remedy() -> None:
    step = {"type": "File", "sourceUri": "site\\", "destination": "C:\\site"}
    compilation = compiled({"customize": [step]}, windows=True)
    (found,) = [found for found in compilation.diagnostics if found.is_error]
    assert found.code == "IMG650"
    assert "Expand-Archive" in found.hint
