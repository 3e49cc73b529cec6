"""A repository with old templates: known findings pass, new ones fail, whatever moves in the files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from imagesmith.cli import command
from imagesmith.pipeline import compile_text
from imagesmith.redact import Redactor
from imagesmith.report.fingerprints import fingerprint
from tests.test_policy import SIZE, TEXT

WRONG = TEXT.replace(
    '"location": "westeurope",\n        "runOutputName"', '"location": "west-europe",\n        "runOutputName"'
)
"""One error (IMG380), one warning (IMG389), one note (IMG410)."""
PARAMETERS = '{"$schema": "x", "contentVersion": "1.0.0.0", "parameters": {}}'


@pytest.fixture
def infra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of templates and of other JSON files, with a baseline."""
    monkeypatch.chdir(tmp_path)
    for number in range(4):
        folder = tmp_path / "infra" / f"team{number}" / "images"
        folder.mkdir(parents=True)
        (folder / "image.json").write_text(WRONG)
        (folder / "image.parameters.json").write_text(PARAMETERS)
    assert validate("--write-baseline", "baseline.json").return_value == 0
    return tmp_path / "infra"


def validate(*arguments: str, pattern: str = "infra/**/*.json") -> Result:
    return CliRunner().invoke(command, ["validate", pattern, "--skip-others", *arguments], standalone_mode=False)


def known(*arguments: str) -> Result:
    return validate("--baseline", "baseline.json", *arguments)


def first(infra: Path) -> Path:
    return infra / "team0/images/image.json"


def test_without_a_baseline_old_findings_fail(infra: Path) -> None:
    done = validate()
    assert done.return_value == 1
    assert "4 files checked, 4 failed, 4 without an image template passed over" in done.stderr


def test_known_findings_pass(infra: Path) -> None:
    done = known()
    assert done.return_value == 0
    assert "[IMG" not in done.stderr
    assert done.stderr.endswith("passed over\n12 findings known from the baseline\n")


def test_a_new_finding_fails_and_is_the_only_one_shown(infra: Path) -> None:
    first(infra).write_text(WRONG.replace('"version": "latest"', '"version": "latest", "sukk": "x"'))
    done = known()
    assert done.return_value == 1
    assert done.stderr.count("error[") == 1
    assert "4 files checked, 1 failed" in done.stderr


@pytest.mark.parametrize(
    "changed",
    [
        WRONG.replace("{", "{\n\n\n", 1),
        WRONG.replace("\n", "\r\n").replace("  ", "\t"),
        WRONG.replace('"customize": [', '"customize": [{"type": "Shell", "inline": ["true"]},'),
        json.dumps(json.loads(WRONG)),
    ],
    ids=["lines", "white-space", "step-before", "one-line"],
)
def test_moving_things_about_makes_nothing_new(infra: Path, changed: str) -> None:
    first(infra).write_bytes(changed.encode())
    assert known().return_value == 0


def test_a_second_one_of_the_same_kind_is_new(infra: Path) -> None:
    data = json.loads(WRONG)
    data["properties"]["distribute"].append({**data["properties"]["distribute"][0], "runOutputName": "two"})
    first(infra).write_text(json.dumps(data))
    done = known()
    assert done.return_value == 1
    assert done.stderr.count("error[IMG380]") == 1


def test_mended_and_deleted_findings_are_told(infra: Path) -> None:
    first(infra).write_text(TEXT.replace("D2s_v3", "Standard_D2s_v3"))
    (infra / "team1/images/image.json").unlink()
    done = known()
    assert done.return_value == 0
    assert done.stderr.count("note[IMG159]") == 5
    assert "baseline.json:" in done.stderr
    assert known("--fail-on", "note").return_value == 1


def test_what_a_new_error_keeps_from_being_looked_at_is_not_gone(infra: Path) -> None:
    first(infra).write_text(TEXT.replace('"version": "latest"', '"version": "latest", "sukk": "x"'))
    done = known()
    assert (done.return_value, "IMG159" in done.stderr) == (1, False)


def test_files_that_are_not_checked_this_time_are_not_told_of(infra: Path) -> None:
    done = validate("--baseline", "baseline.json", pattern="infra/team0/**/*.json")
    assert (done.return_value, "IMG159" in done.stderr) == (0, False)


def test_it_works_from_any_folder(infra: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(infra)
    done = validate("--baseline", "../baseline.json", pattern="**/*.json")
    assert (done.return_value, "IMG159" in done.stderr) == (0, False)


def test_a_settings_file_may_name_it(infra: Path) -> None:
    Path("imagesmith.toml").write_text('baseline = "baseline.json"')
    assert validate().return_value == 0


def test_a_file_that_cannot_be_read_does_not_end_the_others(infra: Path) -> None:
    (infra / "team2/images/image.json").write_bytes(b"\xff\xfe\x00")
    (infra / "team3/images/image.json").write_text('{"a": ')
    arguments = ["validate", "infra/**/image.json", "nowhere.json", "infra", "--baseline", "baseline.json"]
    done = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert done.return_value == 1
    assert "there is no such file" in done.stderr
    assert "this is a folder" in done.stderr
    assert "6 files checked, 4 failed" in done.stderr


def test_writing_it_again_changes_nothing(infra: Path) -> None:
    before = Path("baseline.json").read_bytes()
    assert validate("--write-baseline", "baseline.json").return_value == 0
    assert Path("baseline.json").read_bytes() == before
    assert [row["count"] for row in json.loads(before)["findings"]] == [1] * 12
    assert sorted(path.name for path in Path().iterdir()) == ["baseline.json", "infra"]


def test_a_folder_that_is_not_there_is_a_usage_error(infra: Path) -> None:
    done = validate("--write-baseline", "no/such/folder.json")
    assert done.exception is not None
    assert "cannot be written" in str(done.exception)


def test_silenced_findings_are_not_listed(infra: Path) -> None:
    first(infra).write_text(WRONG.replace(SIZE, f"{SIZE} // imagesmith: ignore IMG389"))
    assert validate("--write-baseline", "baseline.json").return_value == 0
    listed = json.loads(Path("baseline.json").read_text())["findings"]
    assert sum(row["code"] == "IMG389" for row in listed) == 3


def test_formats_show_what_is_known(infra: Path) -> None:
    document = json.loads(known("--format", "json").stdout)
    assert (len(document["diagnostics"]), len(document["known"])) == (0, 12)
    assert [file["passed"] for file in document["files"]] == [True] * 4


def test_a_fingerprint_gives_no_secret_away() -> None:
    text = TEXT.replace("D2s_v3", "hunter2-hunter2")
    [found] = [one for one in compile_text(text, filename="t.json").diagnostics if one.code == "IMG389"]
    other = TEXT.replace("D2s_v3", "correct-horse-battery")
    [again] = [one for one in compile_text(other, filename="t.json").diagnostics if one.code == "IMG389"]
    redactor = Redactor(["hunter2-hunter2", "correct-horse-battery"])
    assert fingerprint(found, redactor) == fingerprint(again, redactor)
    assert fingerprint(found, Redactor()) != fingerprint(again, Redactor())


def test_one_file_named_twice_is_checked_once(infra: Path) -> None:
    arguments = [
        "validate",
        "infra/team0/images/image.json",
        "infra/team0/**/image.json",
        "./infra/team0/images/image.json",
    ]
    done = CliRunner().invoke(command, [*arguments, "--format", "json"], standalone_mode=False)
    assert len(json.loads(done.stdout)["files"]) == 1
