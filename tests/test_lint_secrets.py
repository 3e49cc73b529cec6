"""Secrets and signatures: found where they are in clear, and only there; kept out of everything from then on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from imagesmith.pipeline import CompileOptions, compile_text
from imagesmith.report.text import render
from tests.linted import UBUNTU, advice, pointed, template

SIGNED = "https://contoso.blob.core.windows.net/files/a.sh?sv=2024-11-04&sp=r&{more}sig=bm90IGEgcmVhbCBzaWduYXR1cmU%3D"
FOUND = [
    ("-----BEGIN OPENSSH PRIVATE KEY-----", "cat > k <<END\n-----BEGIN OPENSSH PRIVATE KEY-----\nEND"),
    ("AKIAIOSFODNN7EXAMPLQ", "export X=AKIAIOSFODNN7EXAMPLQ"),
    ("ghp_" + "a1B2" * 9, "git clone https://ghp_" + "a1B2" * 9 + "@github.com/contoso/app"),
    (
        "c3VwZXJzZWNyZXRrZXk" * 4 + "==",
        "A='DefaultEndpointsProtocol=https;AccountKey=" + "c3VwZXJzZWNyZXRrZXk" * 4 + "==;x'",
    ),
    ("P4ssw0rd!x", "mysql --password=P4ssw0rd!x -e 'select 1'"),
    ("hunter2hunter2", "DB_PASSWORD=hunter2hunter2"),
    ("9f8e7d6c5b4a", "git clone https://ci:9f8e7d6c5b4a@git.contoso.example/app"),
    ("S3cr3t-Pa55", "echo 'deploy:S3cr3t-Pa55' | sudo chpasswd"),
]
SILENT = [
    "mysql --password=$DB_PASSWORD",
    'mysql --password="${DB_PASSWORD}"',
    "DB_PASSWORD=$(az keyvault secret show --name db --query value -o tsv)",
    "TOKEN=<api-token>",
    "export API_KEY=changeme-please",
    "az keyvault secret show --vault-name contoso --name db-password",
    'curl -fsS -H "Authorization: Bearer $TOKEN" https://example.com',
    "sudo passwd -l root",
    "password_file=/run/secrets/db",
    "git clone https://github.com/contoso/app",
    "git clone https://git@github.com/contoso/app",
    'echo "deploy:$PASSWORD" | sudo chpasswd',
    "PASSWORD=true",
    "grep publicKeyToken=31bf3856ad364e35 app.config",
    "tool --secret-name db2-main --token-type bearer1 --password-length 24",
    "read_token=false; echo 'the password is set later'",
]


def step(line: str) -> dict[str, Any]:
    return {"type": "Shell", "inline": [line]}


@pytest.mark.parametrize(("secret", "line"), FOUND)
def test_a_secret_is_found_and_nothing_but_it(secret: str, line: str) -> None:
    found = [item for item in advice(template(step(line), source=UBUNTU)) if item.code == "IMG550"]
    assert [pointed(item) for item in found] == [secret]


@pytest.mark.parametrize("line", SILENT)
def test_what_stands_for_a_secret_is_none(line: str) -> None:
    assert [item for item in advice(template(step(line), source=UBUNTU)) if item.code == "IMG550"] == []


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("$p = ConvertTo-SecureString 'Pa55w.rd1234' -AsPlainText -Force", "Pa55w.rd1234"),
        ("net user admin Pa55w.rd1234 /add", "Pa55w.rd1234"),
        ("$env:API_TOKEN = 'f3a9c0d2e1b84756'", "f3a9c0d2e1b84756"),
    ],
)
def test_windows_has_its_own_ways(line: str, secret: str) -> None:
    windows = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2"}
    found = advice(template({"type": "PowerShell", "inline": [line]}, source=windows))
    assert [pointed(item) for item in found if item.code == "IMG550"] == [secret]


def deployment(value: str, *, kind: str, default: str = "") -> str:
    body = json.loads(template(step(value), source=UBUNTU))
    resource = {"type": "Microsoft.VirtualMachineImages/imageTemplates", "name": "web", **body}
    declared = {"type": kind, **({"defaultValue": default} if default else {})}
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    return json.dumps(
        {"$schema": schema, "contentVersion": "1.0.0.0", "parameters": {"key": declared}, "resources": [resource]}
    )


def test_a_parameter_is_no_secret_in_clear_unless_its_default_is() -> None:
    line = "[concat('DB_PASSWORD=', parameters('key'))]"
    given = advice(deployment(line, kind="string"), parameters={"key": "hunter2hunter2"})
    assert [item.code for item in given] == []
    written = advice(deployment("[parameters('key')]", kind="string", default="DB_PASSWORD=hunter2hunter2"))
    assert [(item.code, pointed(item)) for item in written] == [("IMG550", "hunter2hunter2")]


def test_a_secret_in_clear_is_hidden_from_reports_plans_and_logs() -> None:
    text = template({"type": "Shell", "inline": ["DB_PASSWORD=hunter2hunter2"]}, source=UBUNTU)
    compilation = compile_text(text, filename="t.json", options=CompileOptions(check_only=True))
    assert compilation.secrets == ("hunter2hunter2",)
    assert "hunter2" not in render(compilation.diagnostics, color=False, secrets=compilation.secrets)
    assert compilation.plan is not None
    assert "hunter2" not in "".join(each.title for stage in compilation.plan.stages for each in stage.steps)


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ("se=2026-05-31T00:00:00Z&", ["IMG550", "IMG551"]),
        ("se=2026-05-31T23%3A59%3A59Z&", ["IMG550", "IMG551"]),
        ("se=2026-06-02&", ["IMG550"]),
        ("", ["IMG550", "IMG552"]),
        ("si=readers&", ["IMG550"]),
        ("se=soon&", ["IMG550"]),
    ],
)
def test_signatures_end(more: str, codes: list[str]) -> None:
    text = template({"type": "Shell", "scriptUri": SIGNED.format(more=more)}, source=UBUNTU)
    assert sorted(item.code for item in advice(text)) == codes


def test_the_clock_is_an_argument() -> None:
    text = template({"type": "Shell", "scriptUri": SIGNED.format(more="se=2026-06-02&")}, source=UBUNTU)
    later = CompileOptions(now=datetime(2026, 6, 3, tzinfo=UTC), check_only=True)
    assert "IMG551" in {item.code for item in compile_text(text, filename="t.json", options=later).diagnostics}


@pytest.mark.parametrize(
    "piece", ["-a", "password", "token=", "http://a/", "?sig=", "-----BEGIN A ", "Set-PSRepository ", "a:b@"]
)
def test_a_hostile_text_ends(piece: str) -> None:
    advice(template(step("true; " + piece * (90_000 // len(piece)) + "sig= token"), source=UBUNTU))
