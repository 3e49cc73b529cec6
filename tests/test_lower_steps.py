"""Lowering: customizers and validators to provisioners and their files (lowering.md §1.4, §1.5, §4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from imagesmith.lower import ValidateOn
from imagesmith.plan import FetchKind, StageName
from tests.lowered import CHECK, SUBSCRIPTION, WINDOWS, codes, compiled, lowered, seen

AS_ROOT = "chmod +x {{ .Path }}; {{ .Vars }} sudo -n -E {{ .Path }}"
URI = "https://example.com/setup.sh?sv=1&sig=abcd"
DIGEST = "e3b0c442" * 8


@dataclass(frozen=True, kw_only=True)
class Row:
    """A customizer, and the provisioner and file that it becomes."""

    name: str
    item: Mapping[str, object]
    provisioner: Mapping[str, object]
    script: str | None = None
    windows: bool = False
    number: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)


ROWS = [
    Row(
        name="shell",
        item={"type": "Shell", "name": "Install It!", "inline": ["a", "b {{ .X }} ${y}"]},
        provisioner={"": "shell", "script": '"${path.root}/scripts/01-install-it.sh"'},
        script="#!/bin/sh -e\na\nb {{ .X }} ${y}\n",
    ),
    Row(
        name="shell with a first line of its own",
        item={"type": "Shell", "inline": ["#!/usr/bin/env python3", "print(1)"]},
        provisioner={"": "shell", "script": '"${path.root}/scripts/01-shell.sh"'},
        script="#!/usr/bin/env python3\nprint(1)\n",
    ),
    Row(
        name="shell with a line longer than Packer copies",
        item={"type": "Shell", "inline": ["x" * 70_000]},
        provisioner={"": "shell", "script": '"${path.root}/scripts/01-shell.sh"', "binary": True},
        script=f"#!/bin/sh -e\n{'x' * 70_000}\n",
    ),
    Row(
        name="script as root",
        item={"type": "Shell", "name": "x", "scriptUri": URI},
        provisioner={"": "shell", "script": '"${path.root}/scripts/01-x.sh"', "execute_command": AS_ROOT},
    ),
    Row(
        name="powershell",
        windows=True,
        item={"type": "PowerShell", "name": "x", "inline": ["a", "b"]},
        provisioner={"": "powershell", "script": '"${path.root}/scripts/01-x.ps1"'},
        script="a\r\nb\r\n",
    ),
    Row(
        name="powershell beyond ASCII",
        windows=True,
        item={"type": "PowerShell", "name": "x", "inline": ["'Grüße'"]},
        provisioner={"": "powershell", "script": '"${path.root}/scripts/01-x.ps1"'},
        script="\ufeff'Grüße'\r\n",
    ),
    Row(
        name="powershell with --strict-scripts",
        windows=True,
        item={"type": "PowerShell", "name": "x", "inline": ["a"]},
        provisioner={"": "powershell", "script": '"${path.root}/scripts/01-x.ps1"'},
        script="$ErrorActionPreference = 'Stop'\r\na\r\n",
        settings={"strict_scripts": True},
    ),
    Row(
        name="powershell with accepted exit codes",
        windows=True,
        item={"type": "PowerShell", "name": "x", "scriptUri": "https://example.com/x.ps1", "validExitCodes": [0, 3010]},
        provisioner={
            "": "powershell",
            "script": '"${path.root}/scripts/01-x.ps1"',
            "valid_exit_codes": [0, 3010],
        },
    ),
    Row(
        name="powershell elevated",
        windows=True,
        item={"type": "PowerShell", "name": "x", "inline": ["a"], "runElevated": True},
        provisioner={
            "": "powershell",
            "script": '"${path.root}/scripts/01-x.ps1"',
            "elevated_user": "packer",
            "elevated_password": "build.Password",
        },
    ),
    Row(
        name="powershell as system",
        windows=True,
        item={"type": "PowerShell", "name": "x", "inline": ["a"], "runElevated": True, "runAsSystem": True},
        provisioner={
            "": "powershell",
            "script": '"${path.root}/scripts/01-x.ps1"',
            "elevated_user": "SYSTEM",
            "elevated_password": "",
        },
    ),
    Row(
        name="restart as Packer does it",
        windows=True,
        item={"type": "WindowsRestart", "restartCommand": "", "restartCheckCommand": ""},
        provisioner={"": "windows-restart"},
    ),
    Row(
        name="restart",
        windows=True,
        item={
            "type": "WindowsRestart",
            "restartCommand": 'shutdown /r /c "{{x}}"',
            "restartCheckCommand": "whoami",
            "restartTimeout": "10m",
        },
        provisioner={
            "": "windows-restart",
            "restart_command": 'shutdown /r /c "{{x}}"',
            "restart_check_command": "whoami",
            "restart_timeout": "10m",
        },
    ),
    Row(
        name="update as the plugin does it",
        windows=True,
        item={"type": "WindowsUpdate", "updateLimit": 0},
        provisioner={"": "windows-update"},
    ),
    Row(
        name="update",
        windows=True,
        item={
            "type": "WindowsUpdate",
            "searchCriteria": "IsInstalled=0",
            "filters": ["exclude:$_.Title -like '*Preview*'", "include:$true"],
            "updateLimit": 20,
        },
        provisioner={
            "": "windows-update",
            "search_criteria": "IsInstalled=0",
            "filters": ["exclude:$_.Title -like '*Preview*'", "include:$true"],
            "update_limit": 20,
        },
    ),
    Row(
        name="file where the folder is there",
        item={"type": "File", "sourceUri": "https://example.com/Agent%20One.CONF", "destination": "/tmp/a.conf"},
        provisioner={
            "": "file",
            "source": '"${path.root}/files/01-agent-one.conf"',
            "destination": "/tmp/a.conf",
        },
    ),
    Row(
        name="file in a folder that may not be there",
        item={"type": "File", "sourceUri": "https://example.com/a", "destination": "/opt/it/a.conf"},
        number=1,
        provisioner={"": "file", "source": '"${path.root}/files/02-a"', "destination": "/opt/it/a.conf"},
    ),
    Row(
        name="folder of a file",
        item={"type": "File", "sourceUri": "https://example.com/a", "destination": "/opt/it is/a.conf"},
        provisioner={"": "shell", "script": '"${path.root}/scripts/01-make-folder.sh"'},
        script="#!/bin/sh -e\nmkdir -p -- '/opt/it is'\n",
    ),
    Row(
        name="file on windows",
        windows=True,
        item={"type": "File", "sourceUri": "https://example.com/a.txt", "destination": "C:\\It\\new.txt"},
        provisioner={"": "file", "source": '"${path.root}/files/01-a.txt"', "destination": "C:\\It\\new.txt"},
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_customizer_becomes_a_provisioner(row: Row) -> None:
    """With exactly these options, and a file byte for byte."""
    found = lowered({"customize": [row.item]}, windows=row.windows, **row.settings)
    assert found.provisioner(row.number) == row.provisioner
    if row.script is not None:
        assert found.script(row.number) == row.script


@pytest.mark.parametrize("row", [row for row in ROWS if row.item["type"] != "WindowsRestart"], ids=lambda row: row.name)
def test_validator_becomes_the_same_provisioner_on_a_new_machine(row: Row) -> None:
    """Only numbers of files differ: no step of ours comes before."""
    if row.item["type"] == "WindowsUpdate":
        return
    compilation = compiled({"validate": {"inVMValidations": [row.item]}}, windows=row.windows, **row.settings)
    provisioner = {
        name: value.replace("/02-", "/x-").replace("/01-", "/00-").replace("/x-", "/01-")
        if isinstance(value, str)
        else value
        for name, value in row.provisioner.items()
    }
    assert seen(compilation, StageName.VALIDATE).provisioner(row.number) == provisioner


def test_order_of_work() -> None:
    """Default deprovisioning in place, customizers, workload, deprovisioning (architecture §4)."""
    properties = {
        "customize": [{"type": "Shell", "inline": ["a"]}, {"type": "Shell", "scriptUri": URI}],
        "optimize": {"workload": {"state": "Enabled", "scriptUri": "https://example.com/w.sh"}},
        "validate": CHECK,
    }
    assert [step.id for step in lowered(properties).stage.steps] == [
        "place-deprovisioning", "customize[0]", "customize[1]", "optimize.workload", "deprovision"
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["Enabled", "Disabled"])
def test_workload_is_a_last_customizer_with_all_rights(state: str) -> None:
    """Or nothing."""
    workload = {"workload": {"state": state, "scriptUri": "https://example.com/w.ps1", "sha256Checksum": DIGEST}}
    found = lowered({"optimize": workload}, windows=True)
    if state == "Disabled":
        assert found.steps == []
        return
    assert found.provisioner() == {
        "": "powershell",
        "script": '"${path.root}/scripts/01-optimize-workload.ps1"',
        "elevated_user": "SYSTEM",
        "elevated_password": "",
    }
    (fetch,) = found.stage.fetches
    assert (fetch.sha256, fetch.path) == (DIGEST, ("properties", "optimize", "workload", "scriptUri"))


@pytest.mark.parametrize("windows", [False, True])
def test_our_steps_run_with_all_rights(windows: bool) -> None:
    """And leave nothing of theirs behind on the machine."""
    first, last = (step.blocks[0] for step in lowered(windows=windows).stage.steps)
    system = {"elevated_user": "SYSTEM", "elevated_password": ""} if windows else {}
    ending = {} if windows else {"expect_disconnect": True, "start_retry_timeout": "10m"}
    command = {} if windows else {"execute_command": "chmod +x {{ .Path }}; sudo -n {{ .Path }}"}
    assert {name: value for name, value in first.attributes if name != "script"} == system
    assert {name: value for name, value in last.attributes if name != "script"} == {
        **system, **command, **ending, "skip_clean": True
    }  # fmt: skip


def test_files_to_fetch_are_named_with_what_is_known_of_them() -> None:
    """Kind, place in the folder, checksum in lower case, the property that names it; the address is in no repr."""
    customize = [
        {"type": "Shell", "scriptUri": URI, "sha256Checksum": DIGEST},
        {"type": "File", "sourceUri": "conf/a.conf", "destination": "/tmp/a"},
        {"type": "Shell", "scriptUri": URI},
    ]
    fetches = lowered({"customize": customize}).stage.fetches
    assert [(fetch.kind, fetch.uri, fetch.file, fetch.sha256, fetch.path[2:]) for fetch in fetches] == [
        (FetchKind.SCRIPT, URI, "scripts/01-shell.sh", DIGEST, (0, "scriptUri")),
        (FetchKind.FILE, "conf/a.conf", "files/02-a.conf", None, (1, "sourceUri")),
        (FetchKind.SCRIPT, URI, "scripts/03-shell.sh", None, (2, "scriptUri")),
    ]
    assert "abcd" not in repr(fetches)


def test_two_stages_can_use_the_same_file() -> None:
    """Each has it in its own folder."""
    step = {"type": "Shell", "name": "x", "scriptUri": URI}
    compilation = compiled({"customize": [step], "validate": {"inVMValidations": [step]}})
    assert {"build/scripts/01-x.sh", "validate/scripts/00-x.sh"} <= set(compilation.files)


def test_every_step_knows_its_place_and_its_mark() -> None:
    """The file's name is what Packer prints; steps without one are known by their order."""
    customize = [
        {"type": "PowerShell", "name": "Install", "inline": ["a"]},
        {"type": "WindowsRestart"},
        {"type": "File", "sourceUri": "https://example.com/a", "destination": "C:/a"},
    ]
    steps = lowered({"customize": customize}, windows=True).steps
    assert [(step.id, step.kind, step.marker, step.path) for step in steps] == [
        ("customize[0]", "PowerShell", "01-install.ps1", ("properties", "customize", 0)),
        ("customize[1]", "WindowsRestart", None, ("properties", "customize", 1)),
        ("customize[2]", "File", "03-a", ("properties", "customize", 2)),
    ]


def test_file_names_of_two_hundred_steps_are_all_different() -> None:
    """Also where their names are alike, empty, or very long."""
    names = ["", "A b", "a-b", "a/b", "../../etc/passwd", "x" * 300, "名前", "con"]
    customize = [{"type": "Shell", "name": names[number % 8], "inline": ["true"]} for number in range(200)]
    files = [file.name for step in lowered({"customize": customize}).steps for file in step.files]
    assert len({name.lower() for name in files}) == 200
    assert all(name.startswith("scripts/") and name.isascii() and len(name) < 70 for name in files)
    assert not [name for name in files if ".." in name or name.count("/") > 1]


@pytest.mark.parametrize(
    ("properties", "stages"),
    [
        ({}, ["build"]),
        ({"validate": CHECK}, ["build", "validate"]),
        ({"validate": {"inVMValidations": []}}, ["build"]),
        ({"validate": {**CHECK, "sourceValidationOnly": True}}, ["validate"]),
    ],
    ids=["none", "validators", "an empty list", "source only"],
)
@pytest.mark.parametrize("where", list(ValidateOn))
def test_stages(properties: Mapping[str, Any], stages: list[str], where: ValidateOn) -> None:
    """Validators on the build machine are part of the build; the source is validated on a machine of its own."""
    expected = [name for name in stages if name == "build" or where is ValidateOn.NEW_VM or stages == ["validate"]]
    compilation = compiled(properties, validate_on=where)
    assert compilation.plan is not None
    assert [stage.name.value for stage in compilation.plan.stages] == expected


def test_validators_on_the_build_machine_come_before_it_is_generalized() -> None:
    """And after everything that they are to see."""
    properties = {"customize": [{"type": "Shell", "inline": ["a"]}], "validate": CHECK}
    found = lowered(properties, validate_on=ValidateOn.BUILD_VM)
    assert [step.id for step in found.stage.steps] == [
        "place-deprovisioning", "customize[0]", "validate[0]", "deprovision"
    ]  # fmt: skip


def test_the_source_alone_is_validated_from_the_source() -> None:
    """Nothing is published, nothing is customized."""
    compilation = compiled({"validate": {**CHECK, "sourceValidationOnly": True}})
    found = seen(compilation, StageName.VALIDATE)
    assert found.option("image", "image_publisher") == "Canonical"
    assert found.section("nothing") == {"skip_create_image": True}
    assert found.plan.publications == ()
    assert found.plan.source_validation_only


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A customizer with a problem, and one that only nearly has it."""

    code: str
    item: Mapping[str, object]
    near: Mapping[str, object]
    windows: bool = False


def shell(*lines: str) -> Mapping[str, object]:
    """A shell step."""
    return {"type": "Shell", "inline": list(lines)}


def copy(destination: str) -> Mapping[str, object]:
    """A file step."""
    return {"type": "File", "sourceUri": "https://example.com/a", "destination": destination}


FAULTS = [
    Fault(code="IMG400", item=copy("/tmp/e\u0301"), near=copy("/tmp/\u00e9")),
    Fault(code="IMG401", item=copy("/tmp/{{a}}"), near=copy("/tmp/{a}")),
    Fault(code="IMG402", item=shell("printf a\0b"), near=shell("printf 'a\\0b'")),
    Fault(code="IMG403", item=shell(), near=shell("")),
    Fault(code="IMG404", item=shell("a\r\nb"), near=shell("a\nb")),
    Fault(code="IMG405", item=copy("/opt/$APP/a"), near=copy("/opt/APP/$a")),
    Fault(code="IMG405", item=copy("/opt/a b;c/a"), near=copy("/opt/a b/a;c")),
    Fault(code="IMG405", item=copy("-x/a"), near=copy("x/-a")),
    Fault(
        code="IMG401",
        windows=True,
        item=copy("C:/{{a}}"),
        near={"type": "WindowsRestart", "restartCommand": "echo {{a}}"},
    ),
    Fault(
        code="IMG404",
        item=shell("a\r\n"),
        near={"type": "PowerShell", "inline": ["a\r\n"]},
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.code} {list(fault.item.values())[-1]!r}")
def test_text_that_would_not_arrive_is_told(fault: Fault) -> None:
    """Where it stands, and only there."""
    assert fault.code in codes(compiled({"customize": [fault.item]}, windows=fault.windows))
    windows = fault.windows or fault.near["type"] == "PowerShell"
    assert fault.code not in codes(compiled({"customize": [fault.near]}, windows=windows))


def test_an_empty_step_is_left_out() -> None:
    """The others keep their place in the template in their names."""
    customize = [{"type": "Shell", "inline": []}, {"type": "Shell", "inline": ["true"]}]
    assert [step.id for step in lowered({"customize": customize}).steps] == ["customize[1]"]


def test_titles_are_one_line_that_any_terminal_can_show() -> None:
    """Names are the user's, with whatever is in them."""
    names = ["a\nb", "\x1b[31mred", "e\u0301", "x" * 200, "{{a}} ${b}"]
    customize = [{"type": "Shell", "name": name, "inline": ["true"]} for name in names]
    titles = [step.title for step in lowered({"customize": customize}).steps]
    assert titles == ["a b", "\N{REPLACEMENT CHARACTER}[31mred", "\u00e9", "x" * 200, "{{a}} ${b}"]


def test_windows_by_its_publisher_and_by_its_subscription_s_images() -> None:
    """The OS type decides how every step is written."""
    assert lowered({"source": WINDOWS}).option("machine", "os_type") == "Windows"
    image = f"{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Compute/images/i"
    customize = [{"type": "PowerShell", "inline": ["a"]}]
    found = lowered({"source": {"type": "ManagedImage", "imageId": image}, "customize": customize})
    assert found.option("machine", "os_type") == "Windows"
