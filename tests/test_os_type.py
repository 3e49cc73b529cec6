"""The operating system of the machine: which evidence counts before which, and what is said where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from imagesmith import plan
from imagesmith.diagnostics import SourceText, Span, dotted
from imagesmith.model import ImageTemplate, OsType, parse
from imagesmith.rules import RuleContext, decide_os_type
from imagesmith.source import Document, Origin, wrap

LINUX, WINDOWS = OsType.LINUX, OsType.WINDOWS
IMAGE = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/a/providers/Microsoft.Compute/images/b"


def template(source: dict[str, Any] | None = None, *steps: dict[str, Any], validators: object = ()) -> ImageTemplate:
    data = {
        "location": "westeurope",
        "properties": {
            "source": source or {"type": "ManagedImage", "imageId": IMAGE},
            "customize": list(steps),
            "validate": {"inVMValidations": validators},
            "distribute": [],
        },
    }
    text = SourceText("web.json", "{}")
    return parse(Document(source=text, root=wrap(data, Origin(Span(text, 0, 2)))), api_version="2025-10-01")


def platform(publisher: str, offer: str = "offer", sku: str = "sku") -> dict[str, Any]:
    return {"type": "PlatformImage", "publisher": publisher, "offer": offer, "sku": sku, "version": "latest"}


def decide(given: ImageTemplate, stated: OsType | None = None) -> tuple[OsType | None, list[str]]:
    os_type, findings = decide_os_type(given, RuleContext(os_type=stated))
    return os_type, [finding.code for finding in findings]


SHELL = {"type": "Shell", "inline": ["true"]}
POWERSHELL = {"type": "PowerShell", "inline": ["whoami"]}


@pytest.mark.parametrize(
    ("source", "os_type"),
    [
        (platform("Canonical"), LINUX),
        (platform("canonical"), LINUX),
        (platform("RedHat", "rhel-byos"), LINUX),
        (platform("OpenLogic", "CentOS"), LINUX),
        (platform("kinvolk", "flatcar-container-linux-free"), LINUX),
        (platform("MicrosoftCBLMariner", "azure-linux-3"), LINUX),
        (platform("MicrosoftWindowsServer"), WINDOWS),
        (platform("microsoftwindowsdesktop", "office-365"), WINDOWS),
        (platform("MicrosoftVisualStudio", "visualstudio2022"), WINDOWS),
        (platform("MicrosoftSQLServer", "sql2022-ws2022"), WINDOWS),
        (platform("MicrosoftSQLServer", "sql2022-ubuntu2004"), LINUX),
        (platform("MicrosoftSQLServer", "sql2019-rhel8"), LINUX),
        (platform("center-for-internet-security-inc", "cis-windows-server-2022-l1", "cis-windows-l1"), WINDOWS),
        (platform("center-for-internet-security-inc", "cis-ubuntu", "cis-ubuntulinux2204-l1"), LINUX),
        (platform("microsoft-dsvm", "dsvm-win-2022", "winserver-2022"), WINDOWS),
        (platform("microsoft-dsvm", "ubuntu-hpc", "2204"), LINUX),
        (platform("contoso", "darwin", "1"), None),
        (platform("contoso", "windows-and-linux", "1"), None),
        (platform("contoso", "allwinners", "twin"), None),
    ],
    ids=lambda value: value["publisher"] + " " + value["offer"] if isinstance(value, dict) else None,
)
def test_the_source_says_it(source: dict[str, Any], os_type: OsType | None) -> None:
    assert decide(template(source))[0] is os_type


@pytest.mark.parametrize(
    ("step", "os_type"),
    [
        (SHELL, LINUX),
        (POWERSHELL, WINDOWS),
        ({"type": "WindowsRestart"}, WINDOWS),
        ({"type": "WindowsUpdate"}, WINDOWS),
        ({"type": "File", "sourceUri": "a", "destination": "/tmp/a"}, LINUX),
        ({"type": "File", "sourceUri": "a", "destination": "c:\\a"}, WINDOWS),
        ({"type": "File", "sourceUri": "a", "destination": "C:/a"}, WINDOWS),
    ],
    ids=str,
)
def test_steps_say_it_where_the_source_does_not(step: dict[str, Any], os_type: OsType) -> None:
    assert decide(template(None, step)) == (os_type, [])
    if step["type"] in ("Shell", "PowerShell", "File"):
        assert decide(template(None, validators=[step])) == (os_type, [])


def test_types_count_before_destinations() -> None:
    odd = {"type": "File", "sourceUri": "a", "destination": "/temp/a"}
    assert decide(template(None, odd, POWERSHELL)) == (WINDOWS, [])


def test_the_source_counts_before_steps() -> None:
    assert decide(template(platform("Canonical"), POWERSHELL)) == (LINUX, [])


def test_what_is_stated_counts_first() -> None:
    assert decide(template(None, POWERSHELL), LINUX) == (LINUX, [])
    assert decide(template(None), WINDOWS) == (WINDOWS, [])


def test_nothing_says_it() -> None:
    assert decide(template(None)) == (None, ["IMG320"])
    assert decide(template(None, {"type": "File", "sourceUri": "a", "destination": "a"})) == (None, ["IMG320"])
    _, findings = decide_os_type(template(platform("contoso")), RuleContext())
    assert "publisher 'contoso' is not known here" in findings[0].message


def test_steps_contradict_each_other() -> None:
    os_type, findings = decide_os_type(template(None, SHELL, POWERSHELL, validators=[SHELL]), RuleContext())
    assert os_type is None
    assert [(f.code, dotted(f.path)) for f in findings] == [("IMG321", "properties.customize[1].type")]


def test_destinations_contradict_each_other() -> None:
    files = [{"type": "File", "sourceUri": "a", "destination": text} for text in ("/tmp/a", "C:\\a")]
    os_type, findings = decide_os_type(template(None, *files), RuleContext())
    assert os_type is None
    assert [(f.code, dotted(f.path)) for f in findings] == [("IMG321", "properties.customize[1].destination")]


def test_the_statement_contradicts_the_source() -> None:
    os_type, findings = decide_os_type(template(platform("Canonical")), RuleContext(os_type=WINDOWS))
    assert os_type is None
    assert [(f.code, f.message) for f in findings] == [
        ("IMG322", "--os-type Windows was given, but publisher 'Canonical' is Linux")
    ]
    assert "--os-type Linux" in findings[0].hint


def test_the_plan_speaks_of_the_same_type() -> None:
    assert plan.OsType is OsType
