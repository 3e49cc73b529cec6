"""A folder beside the template is on the machine as it is here."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.test_runs import finished, start
from tests.e2e.test_windows_machine_cli import write_template
from tests.lowered import MANAGED, UBUNTU

from imagesmith.sandbox.windows.host import DISK


@pytest.mark.usefixtures("machine_image")
def test_a_folder_arrives_with_its_names_and_the_permission_to_execute(packer: Any, tmp_path: Path) -> None:
    """Also where its destination has to be made, and its archive does not stay."""
    site = tmp_path / "site"
    (site / "deep").mkdir(parents=True)
    (site / "deep" / "ä b.txt").write_text("hello from the folder", encoding="utf-8")
    (site / "run.sh").write_text("#!/bin/sh\necho it runs\n", encoding="utf-8")
    (site / "run.sh").chmod(0o755)
    look = [
        "cat '/tmp/made/place/deep/ä b.txt'",
        "echo",
        "/tmp/made/place/run.sh",
        "ls /tmp | grep -c imagesmith- || true",
    ]
    template = {
        "type": "Microsoft.VirtualMachineImages/imageTemplates",
        "apiVersion": "2024-02-01",
        "name": "folder",
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {}},
        "properties": {
            "source": UBUNTU,
            "customize": [
                {"type": "File", "sourceUri": "site/", "destination": "/tmp/made/place"},
                {"type": "Shell", "inline": look},
            ],
            "distribute": [MANAGED],
        },
    }
    path = tmp_path / "image.json"
    path.write_text(json.dumps(template), encoding="utf-8")
    run = finished(start(packer, path, tmp_path))
    assert run.status == 0, run.stderr
    said = [event["text"] for event in run.of("output") if event["step"] == "customize[1]"]
    assert said == ["hello from the folder", "it runs", "0"]
    assert ["customize[0].unpack", "succeeded"] in [[step, state.lower()] for step, state in run.steps]


def windows_disk(folder: Path) -> Path:
    """The captured C: of the one machine of a build."""
    (disk,) = (folder / "sandbox" / "machines").glob(f"*/{DISK}/C")
    return disk


def test_a_folder_arrives_on_windows_over_what_is_there(packer: Any, tmp_path: Path) -> None:
    """Empty and nested folders, odd names and large files; a file that is there is written over, others stay."""
    site = tmp_path / "site"
    (site / "deep" / "empty").mkdir(parents=True)
    contents = {
        "index.html": b"new",
        "deep/\u00e4 \u4fa1.txt": "grüße".encode(),
        "deep/[x] (1).txt": b"brackets",
        "none.txt": b"",
        "large.bin": os.urandom(300_000),
    }
    for name, content in contents.items():
        (site / name).write_bytes(content)
    (tmp_path / "old.txt").write_bytes(b"old")
    template = write_template(
        tmp_path,
        {"type": "File", "sourceUri": "old.txt", "destination": "C:\\inetpub\\made\\INDEX.HTML"},
        {"type": "File", "sourceUri": "old.txt", "destination": "C:\\inetpub\\made\\stays.txt"},
        {"type": "File", "name": "Site", "sourceUri": "site/", "destination": "$env:SystemDrive\\inetpub\\made\\"},
    )
    run = finished(start(packer, template, tmp_path))
    assert run.status == 0, run.stderr
    assert ["customize[2].unpack", "Succeeded"] in run.steps
    made = windows_disk(tmp_path) / "inetpub" / "made"
    found = {path.relative_to(made).as_posix(): path.read_bytes() for path in made.rglob("*") if path.is_file()}
    # The name that was there first keeps its spelling, as on NTFS.
    assert found == {
        **{name.replace("index.html", "INDEX.HTML"): contents[name] for name in contents},
        "stays.txt": b"old",
    }
    assert (made / "deep" / "empty").is_dir()
    assert not list(windows_disk(tmp_path).glob("Windows/Temp/imagesmith-*"))
    record = json.loads((Path(run.result["record"]) / "run.json").read_text(encoding="utf-8"))
    (machine,) = record["imagesmith"]["worldObserved"]["machines"]
    assert machine["folders"] == [
        {"path": "C:\\inetpub\\made", "files": len(contents), "size": sum(map(len, contents.values()))}
    ]


def test_a_folder_that_cannot_be_unpacked_fails_its_own_step(packer: Any, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.txt").write_bytes(b"a")
    template = write_template(
        tmp_path,
        {"type": "File", "sourceUri": "site/a.txt", "destination": "C:\\taken"},
        {"type": "File", "sourceUri": "site/", "destination": "C:\\taken"},
    )
    run = finished(start(packer, template, tmp_path))
    assert (run.status, run.steps[-1]) == (5, ["customize[1].unpack", "Failed"])
    assert "the folder cannot be unpacked to C:\\taken: Could not find a part of the path" in run.output


def test_a_name_that_windows_cannot_have_is_told_before_the_build(packer: Any, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    for name in ("aux.txt", "a:b", "Read", "READ"):
        (tmp_path / "site" / name).write_bytes(b"")
    template = write_template(tmp_path, {"type": "File", "sourceUri": "site/", "destination": "C:\\site"})
    run = finished(start(packer, template, tmp_path))
    assert (run.status, run.steps) == (3, [])
    (found,) = (one for one in run.result["diagnostics"] if one["severity"] == "error")
    assert (found["code"], found["path"], found["line"]) == ("IMG650", "properties.customize[0].sourceUri", 21)
    for name in ("'aux.txt' is the name of a device", "'a:b' holds ':'", "'Read' and 'READ'"):
        assert name in found["message"]
