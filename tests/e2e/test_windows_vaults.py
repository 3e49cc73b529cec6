"""A Windows build in a given group with a given key vault, as hand-written Packer files have it (winrm.md §1.4)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.e2e.windows_builds import windows_sandbox, write

from imagesmith.sandbox.session import Sandbox

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/images"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/contoso-build"
GIVEN = '  build_resource_group_name = "images"\n  build_key_vault_name      = "contoso-build"\n'
STEP = 'provisioner "powershell" {\n  inline = ["Write-Output hello"]\n}'


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with windows_sandbox(tmp_path) as started:
        yield started


def call(sandbox: Sandbox, method: str, path: str, **options: Any) -> Any:
    """A request to ARM."""
    world = sandbox.world
    assert world.credential is not None
    token = world.credential.get_token("https://management.azure.com/.default").token
    with requests.Session() as session:
        session.trust_env = False
        return session.request(
            method,
            f"https://management.azure.com{path}?api-version=2023-07-01",
            headers={"Authorization": f"Bearer {token}"},
            proxies={"https": world.environment["HTTPS_PROXY"]},
            verify=world.environment["SSL_CERT_FILE"],
            timeout=30,
            **options,
        )


def build(packer: Any, sandbox: Sandbox, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the conftest's Packer on the build."""
    write(folder / "build", STEP, given=GIVEN)
    surroundings = packer.surroundings(sandbox)
    surroundings["PKR_VAR_winrm_port"] = sandbox.world.variables["winrm_port"]
    return subprocess.run(
        [packer.program, "build", "-color=false", str(folder / "build")],
        env=surroundings,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_given_vault_gets_the_certificate_and_stays(packer: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    properties = {"enabledForDeployment": True, "tenantId": "t", "sku": {"name": "standard"}}
    assert call(sandbox, "PUT", VAULT, json={"location": "westeurope", "properties": properties}).status_code == 200
    done = build(packer, sandbox, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert call(sandbox, "GET", VAULT).status_code == 200
    assert call(sandbox, "GET", f"{VAULT}/secrets/packerKeyVaultSecret").status_code == 200
    made = [seen.path.lower() for seen in sandbox.requests if seen.method in {"PUT", "POST"}]
    assert not [path for path in made if "/deployments/kv" in path]
    machines = f"{GROUP}/providers/Microsoft.Compute/virtualMachines"
    assert call(sandbox, "GET", machines).json() == {"value": []}
    assert call(sandbox, "GET", f"{GROUP}/providers/Microsoft.Compute/images/image").status_code == 200
    assert (sandbox.unknown, sandbox.failures) == ((), [])


def test_a_vault_that_is_not_there_ends_the_build(packer: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    done = build(packer, sandbox, tmp_path)
    assert done.returncode == 1
    # The old one says nothing but that it was halted.
    assert "ParentResourceNotFound" in done.stdout if packer.is_new else "Build was halted" in done.stdout
    refused = [(seen.method, seen.status) for seen in sandbox.requests if "packerKeyVaultSecret" in seen.path]
    assert refused == [("PUT", 404)]
