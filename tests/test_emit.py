"""Emission: templates that cannot print an unchecked value, files where they belong, digests that chain."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest
from jinja2 import Environment, StrictUndefined, nodes

from imagesmith.emit import emit
from imagesmith.emit.pages import Pages
from imagesmith.hcl import literal
from imagesmith.model import OsType
from imagesmith.plan import BuildPlan
from tests.cases import TARGETS, cases
from tests.lowered import CHECK, MANAGED, SHARED, VHD, compiled

URI = "https://contosoimages.blob.core.windows.net/scripts/setup.sh?sv=2024-11-04&sig=c2VjcmV0"


def templates(folder: Traversable | None = None, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Names and texts of all templates."""
    for entry in (folder or files("imagesmith.templates")).iterdir():
        if entry.is_dir():
            yield from templates(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".j2"):
            yield f"{prefix}{entry.name}", entry.read_text(encoding="utf-8")


HCL = {name: text for name, text in templates() if not name.startswith(("scripts/", "page/"))}
SCRIPTS = {name: text for name, text in templates() if name.startswith("scripts/")}
ENVIRONMENT = Environment(autoescape=True)  # only to read syntax trees


@pytest.mark.parametrize("name", HCL)
def test_a_template_prints_values_and_no_constants(name: str) -> None:
    """A constant in an expression would be printed as a literal, in quotes."""
    for output in ENVIRONMENT.parse(HCL[name]).find_all(nodes.Output):
        for expression in output.nodes:
            assert not isinstance(expression, nodes.Const)
            inner = [] if isinstance(expression, nodes.TemplateData) else list(expression.find_all(nodes.Const))
            assert all(isinstance(constant.value, int) for constant in inner), name


@pytest.mark.parametrize("name", HCL)
def test_a_template_has_no_way_around_the_literals(name: str) -> None:
    """No `safe`, no `autoescape`, no calls, no macros; filters are ours."""
    tree = ENVIRONMENT.parse(HCL[name])
    assert {found.name for found in tree.find_all(nodes.Filter)} <= {"rows", "block"}
    assert not list(tree.find_all((nodes.Call, nodes.Macro, nodes.CallBlock, nodes.FilterBlock)))
    assert not list(tree.find_all((nodes.ScopedEvalContextModifier, nodes.MarkSafe, nodes.Add, nodes.Concat)))


@pytest.mark.parametrize("name", HCL)
def test_no_value_stands_in_quotes(name: str) -> None:
    """Literals bring their own."""
    assert not re.search(r'"[^"\n]*\{\{[^"\n]*"', HCL[name])


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_print_numbers_of_ours_alone(name: str) -> None:
    """No text of a user's reaches them."""
    names = {found.name for found in ENVIRONMENT.parse(SCRIPTS[name]).find_all(nodes.Name)}
    assert names <= {"stop_exit_code"}


def test_what_is_not_there_is_an_error() -> None:
    """And everything that is printed becomes a literal."""
    pages = Pages()
    assert pages._hcl.undefined is pages._scripts.undefined is StrictUndefined
    assert pages._hcl.autoescape is True
    text = pages._hcl.from_string("{{ value }}").render(value='a"${b}')
    assert text == literal('a"${b}') == '"a\\"$${b}"'


def test_a_title_cannot_leave_its_comment() -> None:
    """The name of a step and of a template stand there as literals, on one line."""
    customize = [{"type": "Shell", "name": 'a\n}\nprovisioner "x" {', "inline": ["true"]}]
    text = compiled({"customize": customize}).files["build/image.pkr.hcl"].decode()
    lines = [line for line in text.splitlines() if "provisioner" in line and '"x' in line]
    assert lines == ['  # "customize[0]": "a } provisioner \\"x\\" {"']


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", list(cases("valid")), ids=lambda case: case.name)
def test_files_are_where_the_plan_says(case: object, target: str) -> None:
    """plan.json, and a folder a stage with its HCL and the files of its steps; each of them is used."""
    compilation = case.compile(TARGETS[target])  # type: ignore[attr-defined]
    if compilation.plan is None:
        return
    expected = {"plan.json"}
    for stage in compilation.plan.stages:
        names = {file.name for step in stage.steps for file in step.files}
        expected |= {f"{stage.name}/image.pkr.hcl", *(f"{stage.name}/{name}" for name in names)}
        text = compilation.files[f"{stage.name}/image.pkr.hcl"].decode()
        assert set(re.findall(r'"\$\{path\.root\}/((?:scripts|files)/[^"]+)"', text)) == names
        assert {fetch.file for fetch in stage.fetches} <= names
    assert set(compilation.files) == expected


RICH: Mapping[str, object] = {
    "customize": [
        {"type": "Shell", "name": "a", "inline": ["a"]},
        {"type": "Shell", "name": "b", "scriptUri": URI},
        {"type": "Shell", "name": "c", "inline": ["c"]},
    ],
    "validate": CHECK,
    "managedResourceTags": {"b": "1", "a": "2"},
    "distribute": [MANAGED, SHARED, VHD],
}


def plan_of(properties: Mapping[str, object] = RICH) -> BuildPlan:
    """A plan."""
    plan = compiled(properties).plan
    assert plan is not None
    return plan


def test_the_same_plan_gives_the_same_bytes() -> None:
    """Twice here, and in processes with other hash seeds."""
    here = emit(plan_of()).files
    assert emit(plan_of()).files == here
    program = (
        "import hashlib; from tests.test_emit import plan_of; from imagesmith.emit import emit;"
        "print(hashlib.sha256(repr(list(emit(plan_of()).files.items())).encode()).hexdigest())"
    )
    root = Path(__file__).resolve().parent.parent
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


def digests(properties: Mapping[str, object]) -> list[str]:
    """The digests of the build's steps."""
    return [step.digest for step in emit(plan_of(properties)).plan.stages[0].steps]


@pytest.mark.parametrize(("changed", "same"), [(0, 1), (1, 2), (2, 3)])
def test_a_digest_covers_a_step_and_all_before_it(changed: int, same: int) -> None:
    """And nothing after it: ours comes first."""
    customize = [dict(step) for step in RICH["customize"]]  # type: ignore[attr-defined]
    customize[changed] = {"type": "Shell", "name": customize[changed]["name"], "inline": ["other"]}
    before, after = digests(RICH), digests({**RICH, "customize": customize})
    assert [one == other for one, other in zip(before, after, strict=True)] == [True] * same + [False] * (5 - same)


@pytest.mark.parametrize(
    ("properties", "same"),
    [
        ({"distribute": [MANAGED]}, True),
        ({"buildTimeoutInMinutes": 60}, True),
        ({"vmProfile": {"vmSize": "Standard_D8s_v3"}}, False),
        ({"source": {"type": "PlatformImage", "publisher": "Canonical", "offer": "o", "sku": "other"}}, False),
    ],
    ids=["outputs", "limit", "size", "source"],
)
def test_a_digest_covers_the_machine_and_not_what_becomes_of_it(properties: Mapping[str, object], same: bool) -> None:
    """Equal digests mean equal machines."""
    assert (digests({**RICH, **properties}) == digests(RICH)) is same


def test_a_digest_covers_what_a_file_is_known_by() -> None:
    """Its checksum where there is one, else its address."""
    step = {"type": "Shell", "name": "b", "scriptUri": URI}
    one = digests({"customize": [step]})
    other = digests({"customize": [{**step, "scriptUri": URI.replace("setup", "other")}]})
    checked = [digests({"customize": [{**step, "scriptUri": uri, "sha256Checksum": "a" * 64}]})
               for uri in (URI, URI.replace("setup", "other"))]  # fmt: skip
    assert one != other
    assert checked[0] == checked[1] != one


def test_the_plan_file_tells_everything_but_secrets() -> None:
    """An address stands there without what opens it."""
    files_ = emit(plan_of()).files
    plan = json.loads(files_["plan.json"])
    assert plan["format"] == 1
    assert [stage["name"] for stage in plan["stages"]] == ["build", "validate"]
    (fetch,) = plan["stages"][0]["fetches"]
    assert fetch["uri"].startswith("https://contosoimages.blob.core.windows.net/scripts/setup.sh")
    assert all(b"c2VjcmV0" not in content for content in files_.values())
    assert [step["digest"] for step in plan["stages"][0]["steps"]] == digests(RICH)
    assert {item["kind"] for item in plan["publications"]} == {"ManagedImage", "SharedImage", "VHD"}


def test_every_variable_without_a_default_has_a_value_in_the_plan_file() -> None:
    """With them, `packer validate` passes without a run."""
    for stage in json.loads(emit(plan_of()).files["plan.json"])["stages"]:
        for name, variable in stage["variables"].items():
            assert variable["value"] is not None or not variable["required"], name


def test_a_file_that_is_not_fetched_yet_stands_as_one_that_fails() -> None:
    """Naming its source, without what opens it."""
    script = emit(plan_of()).files["build/scripts/02-b.sh"].decode()
    assert script.endswith("exit 97\n")
    assert "setup.sh" in script


def script(name: str, stop_exit_code: int | None = 86) -> str:
    """A script of ours, as it is written."""
    return Pages().script(f"scripts/{name}.j2", stop_exit_code=stop_exit_code).decode()


@pytest.mark.parametrize("name", [name.removeprefix("scripts/")[:-3] for name in SCRIPTS if name.endswith(".sh.j2")])
@pytest.mark.parametrize("shell", [["sh", "-n"], ["dash", "-n"], ["bash", "--posix", "-n"]], ids=lambda one: one[0])
def test_shell_scripts_are_right_for_every_shell(name: str, shell: list[str]) -> None:
    """Which sh a machine has is its own affair."""
    done = subprocess.run(
        [*shell, "/dev/stdin"], input=script(name), capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["place-deprovisioning.sh", "deprovision.sh"])
def test_the_default_stands_in_the_linux_script_as_it_is(name: str) -> None:
    """Between two lines that it does not hold itself, quoted, so that the shell expands nothing."""
    default = script("default-deprovisioning.sh")
    assert f"<<'END_OF_DEPROVISIONING_SCRIPT'\n{default.rstrip()}\nEND_OF_DEPROVISIONING_SCRIPT\n" in script(name)
    assert "END_OF" not in default
    assert "-force -deprovision+user" in default


def test_placing_and_running_the_default_works(tmp_path: Path) -> None:
    """Both scripts as a machine runs them, with the folder and the agent's place changed."""
    agent = tmp_path / "waagent"
    agent.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/called"\n')
    agent.chmod(0o755)
    placed = tmp_path / "DeprovisioningScript.sh"
    for number, name in enumerate(("place-deprovisioning.sh", "deprovision.sh")):
        path = tmp_path / f"script_{number}.sh"
        text = (
            script(name).replace("/tmp/DeprovisioningScript.sh", str(placed)).replace("/usr/sbin/waagent", str(agent))
        )
        path.write_text(text)
        path.chmod(0o755)
        done = subprocess.run(
            [str(path)], capture_output=True, text=True, check=False, timeout=30, env={"PATH": "/usr/bin:/bin"}
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "called").read_text() == "-force -deprovision+user\n"
    assert not (tmp_path / "script_1.sh").exists(), "the last script removes itself"


@pytest.mark.parametrize("fate", ["replaced", "gone"])
def test_the_script_that_is_there_now_is_run(tmp_path: Path, fate: str) -> None:
    """The user's own by its first line, or the default with a warning."""
    placed = tmp_path / "DeprovisioningScript.sh"
    agent = tmp_path / "waagent"
    agent.write_text("#!/bin/sh\nexit 0\n")
    agent.chmod(0o755)
    if fate == "replaced":
        placed.write_text("#!/usr/bin/env -S python3 -B\r\nprint('my own', 2 + 3)\n")
    path = tmp_path / "last.sh"
    text = script("deprovision.sh").replace("/tmp/DeprovisioningScript.sh", str(placed))
    path.write_text(text.replace("/usr/sbin/waagent", str(agent)))
    done = subprocess.run(["sh", str(path)], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    assert ("my own 5" in done.stdout) is (fate == "replaced")
    assert ("is gone; the default one runs instead" in done.stderr) is (fate == "gone")


@pytest.mark.parametrize("name", ["place-deprovisioning.ps1", "deprovision.ps1"])
def test_the_windows_default_holds_the_line_that_templates_replace(name: str) -> None:
    """Literally, between the two ends of a here-string that it cannot break."""
    text = script(name)
    default = script("default-deprovisioning.ps1")
    assert "Sysprep.exe /oobe /generalize /quiet /quit" in text
    assert text.count("@'\n") == text.count("\n'@ |") == 1
    assert f"@'\n{default.rstrip()}\n'@ | Set-Content" in text
    assert not [line for line in default.splitlines() if line.lstrip().startswith(("'@", "@'"))]
    assert default.isascii()


@pytest.mark.parametrize("ending", ["sh", "ps1"])
def test_the_script_that_stops_ends_with_the_agreed_code(ending: str) -> None:
    """Nothing else."""
    assert script(f"stop.{ending}").rstrip().endswith("\nexit 86")


def test_windows_stages_get_windows_scripts() -> None:
    """Both of ours."""
    plan = compiled(windows=True).plan
    assert plan is not None
    assert plan.os_type is OsType.WINDOWS
    names = [file.name for step in emit(plan).plan.stages[0].steps for file in step.files]
    assert names == ["scripts/00-place-deprovisioning.ps1", "scripts/01-deprovision.ps1"]
