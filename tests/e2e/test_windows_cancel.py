"""A Windows build that is cancelled in the middle of a script which really runs."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.e2e.test_runs import command, environment, finished, resources
from tests.processes import alive

TEMPLATE = {
    "type": "Microsoft.VirtualMachineImages/imageTemplates",
    "apiVersion": "2024-02-01",
    "name": "cancelled",
    "location": "westeurope",
    "identity": {"type": "UserAssigned", "userAssignedIdentities": {}},
    "properties": {
        "source": {
            "type": "PlatformImage",
            "publisher": "MicrosoftWindowsServer",
            "offer": "WindowsServer",
            "sku": "2022-datacenter-g2",
            "version": "latest",
        },
        "customize": [{"type": "PowerShell", "name": "long", "inline": ["Start-Sleep 600"]}],
        "distribute": [
            {
                "type": "ManagedImage",
                "runOutputName": "image",
                "imageId": "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/images/providers"
                "/Microsoft.Compute/images/cancelled",
                "location": "westeurope",
            }
        ],
    },
}
STAND_IN = """#!/bin/sh
case "$*" in
  *check.ps1*) exit 0 ;;
esac
echo $$ > {file}.new
mv {file}.new {file}
exec sleep 600
"""
"""Stands for `pwsh`: it takes any script for sound, and runs for ten minutes."""


def test_a_cancel_in_a_script_ends_it_and_leaves_nothing(packer: Any, tmp_path: Path) -> None:
    """Packer tells the machine nothing: its commands end with the VM (winrm.md §3.4)."""
    template = tmp_path / "template.json"
    template.write_text(json.dumps(TEMPLATE), encoding="utf-8")
    number = tmp_path / "number"
    program = tmp_path / "bin" / "pwsh"
    program.parent.mkdir()
    program.write_text(STAND_IN.format(file=number), encoding="utf-8")
    program.chmod(0o755)
    surroundings = environment(packer, tmp_path)
    surroundings["PATH"] = f"{program.parent}:{surroundings['PATH']}"
    process = subprocess.Popen(
        command(packer, template, tmp_path, "--sandbox-windows-steps", "pwsh"),
        env=surroundings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _until(number.exists)
    running = int(number.read_text())
    assert alive([running])
    process.send_signal(signal.SIGTERM)
    run = finished(process)
    assert (run.status, run.result["state"]) == (143, "Canceled"), run.stderr
    assert run.steps[-1] == ["customize[0]", "Canceled"]
    _until(lambda: not alive([running]), within_s=5)
    left = {text for text in resources(tmp_path) if "/virtualmachines/" in text or "/vaults/" in text}
    assert left == set()


def _until(holds: Any, *, within_s: float = 90) -> None:  # a function of bool
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
