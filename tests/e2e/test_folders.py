"""A folder beside the template is on the machine as it is here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.test_runs import finished, start
from tests.lowered import MANAGED, UBUNTU


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
