"""Secrets of steps: how they are named, read, judged and put into the files; no value stands anywhere."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith.azure.clients import AzureError
from imagesmith.azure.vault import is_secret_uri, read_secret
from imagesmith.build.record import RunFolder
from imagesmith.build.secrets import SecretSource, parse_source, read_secrets, unusable
from imagesmith.events import ExitCode, RunResult, RunState
from imagesmith.folder import write_folder
from imagesmith.pipeline import Compilation, CompileOptions, compile_text
from imagesmith.plan import Need, NeedKind, OsType
from imagesmith.redact import MARK, Redactor
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox
from imagesmith.toolchain import Packer
from imagesmith.versions import Version
from imagesmith.world import World
from tests.cases import NOW, TARGETS
from tests.lowered import MANAGED, UBUNTU, WINDOWS
from tests.test_sandbox_vaults import AUDIENCE, GROUP, call, deploy, vault

VALUE = "hunter2-and-more"
GROUP_ID = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/build"
NOWHERE = World(name="nowhere", environment={}, subscription_id="0")


SHOUT = {
    "parameters": [{"name": "text", "type": "string"}],
    "output": {"type": "string", "value": "[toUpper(parameters('text'))]"},
}


def deployment(
    *customize: dict[str, Any], windows: bool = False, value: str = VALUE, target: str = "newest", **options: Any
) -> Compilation:
    """A deployment file with a secure parameter `password`, compiled."""
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"password": {"type": "secureString"}, "login": {"type": "secureObject", "defaultValue": {}}},
        "variables": {
            "mixed": "[concat('echo ', toLower(toUpper(skip(parameters('password'), 9))))]",
            "plain": "echo plain",
        },
        "functions": [{"namespace": "shout", "members": {"it": SHOUT}}],
        "resources": [
            {
                "type": "Microsoft.VirtualMachineImages/imageTemplates",
                "apiVersion": "2024-02-01",
                "name": "web",
                "location": "westeurope",
                "identity": {"type": "UserAssigned", "userAssignedIdentities": {}},
                "properties": {
                    "source": WINDOWS if windows else UBUNTU,
                    "customize": list(customize),
                    "distribute": [{**MANAGED, **options.pop("distribute", {})}],
                    **options.pop("properties", {}),
                },
            }
        ],
    }
    given = CompileOptions(
        parameters={"password": value, **options.pop("parameters", {})},
        target=TARGETS[target],
        now=NOW,
        seed="test",
        **options,
    )
    return compile_text(json.dumps(template), filename="template.json", options=given)


def hcl(compilation: Compilation) -> str:
    """The build stage's file."""
    assert compilation.ok, compilation.diagnostics
    return compilation.files["build/image.pkr.hcl"].decode()


def step_of(compilation: Compilation, number: int) -> str:
    """One provisioner of the build stage."""
    return re.split(r"\n  # ", hcl(compilation).partition("build {")[2])[number + 1]


SHELL = {"type": "Shell", "inline": ["[concat('login --password=', parameters('password'))]"]}
PLAIN = {"type": "Shell", "name": "plain", "inline": ["true"]}
FETCHED = {"type": "Shell", "name": "fetched", "scriptUri": "a.sh"}


@pytest.mark.parametrize("target", TARGETS)
def test_a_secure_parameter_in_a_script_becomes_a_reference(target: str) -> None:
    compilation = deployment(SHELL, PLAIN, target=target)
    script = compilation.files["build/scripts/01-shell.sh"].decode()
    assert script.endswith("\nexit\nexec 9<&- #!/bin/sh -e\nlogin --password=${IMAGESMITH_SECRET_PASSWORD}\n")
    assert "IMAGESMITH_SECRET_PASSWORD=${replace(var.secret_imagesmith_secret_password," in step_of(compilation, 1)
    assert "use_env_var_file = true" in step_of(compilation, 1)
    assert "secret" not in step_of(compilation, 2).lower()
    assert compilation.step_values == {"secret_imagesmith_secret_password": VALUE}
    assert 'variable "secret_imagesmith_secret_password"' in hcl(compilation)
    assert all(VALUE.encode() not in content for content in compilation.files.values())
    assert VALUE not in repr(compilation)
    plan = json.loads(compilation.files["plan.json"])
    assert plan["stages"][0]["steps"][1]["secrets"] == ["IMAGESMITH_SECRET_PASSWORD"]
    variable = plan["stages"][0]["variables"]["secret_imagesmith_secret_password"]
    assert (variable["sensitive"], variable["required"], variable["value"]) == (True, True, "given-by-a-run")


def test_the_files_do_not_depend_on_the_value() -> None:
    assert deployment(SHELL).files == deployment(SHELL, value="another-value-of-it").files


def test_members_of_a_secure_object_have_names_of_their_own() -> None:
    step = {"type": "Shell", "inline": ["[concat('login ', parameters('login').user)]"]}
    compilation = deployment(step, parameters={"login": '{"user": "somebody-secret"}'})
    assert b"login ${IMAGESMITH_SECRET_LOGIN_USER}\n" in compilation.files["build/scripts/01-shell.sh"]


BASE64 = base64.b64encode(VALUE.encode()).decode()
OF_A_LOGIN = base64.b64encode(f"me:{VALUE}".encode()).decode()


@pytest.mark.parametrize(
    ("inline", "line", "values"),
    [
        ("[concat('cat <<E\n', parameters('password'), '\nE')]", "cat <<E\n${@}\nE", [VALUE]),
        ("[concat('echo ', base64(parameters('password')))]", "echo ${@_2}", [BASE64]),
        ("[concat('p=', parameters('password'), ' ', uri('https://h', parameters('password')))]", None, [VALUE]),
        # The first four letters are those of `me:` alone.
        (
            "[concat('a ', base64(concat('me:', parameters('password'))))]",
            f"a {OF_A_LOGIN[:4]}${{@_2}}",
            [OF_A_LOGIN[4:]],
        ),
        ("[concat('echo `login ', parameters('password'), '`; ${', 'IMAGESMITH_SECRET_X}')]", None, [VALUE]),
    ],
)
@pytest.mark.parametrize("windows", [False, True])
def test_secrets_are_taken_out_of_scripts_wherever_they_stand(
    inline: str, line: str | None, values: list[str], windows: bool
) -> None:
    compilation = deployment({"type": "PowerShell" if windows else "Shell", "inline": [inline]}, windows=windows)
    (script,) = (content.decode() for name, content in compilation.files.items() if "/01-" in name)
    assert line is None or line.replace("@", "IMAGESMITH_SECRET_PASSWORD") in script
    assert list(compilation.step_values.values()) == values
    for content in compilation.files.values():
        assert VALUE.encode() not in content
        assert BASE64.encode() not in content
    assert compilation.diagnostics == ()


@pytest.mark.parametrize(
    ("inline", "script"),
    [
        (["[concat('echo ', toUpper(parameters('password')))]", "true"], "${@_2}\ntrue\n"),
        (["[variables('mixed')]", "[variables('plain')]"], "${@_2}\necho plain\n"),
        (["[concat('#!/bin/bash\necho ', substring(parameters('password'), 2, 3))]"], "#!/bin/bash\n${@_2}\n"),
        # Who shows where the value is keeps the rest readable.
        (
            "[split(concat('#!/bin/bash\nset -e\nlogin ', parameters('password')), '\n')]",
            "#!/bin/bash\nset -e\nlogin ${@}\n",
        ),
        ("[split(toUpper(parameters('password')), '-')]", "${@_2}\n${@_3}\n${@_4}\n"),
        (["[if(empty(parameters('password')), 'echo none', 'echo some')]"], "${@_2}\n"),
        (["[concat('echo ', if(equals(variables('plain'), 'x'), parameters('password'), 'y'))]"], "echo y\n"),
        (["[concat('echo ', shout.it(parameters('password')))]"], "${@_2}\n"),
    ],
)
def test_a_text_that_depends_on_a_secret_in_another_way_is_hidden_whole(inline: list[str] | str, script: str) -> None:
    compilation = deployment({"type": "Shell", "inline": inline})
    text = compilation.files["build/scripts/01-shell.sh"].decode()
    assert text.replace("exec 9<&- ", "").endswith("\n" + script.replace("@", "IMAGESMITH_SECRET_PASSWORD"))
    assert compilation.diagnostics == ()


NESTED = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"word": {"type": "string"}, "place": {"type": "string"}},
    "variables": {"loud": "[toUpper(parameters('word'))]"},
    "resources": [
        {
            "type": "Microsoft.VirtualMachineImages/imageTemplates",
            "apiVersion": "2024-02-01",
            "name": "web",
            "location": "[parameters('place')]",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {}},
            "properties": {
                "source": UBUNTU,
                "customize": [
                    {
                        "type": "Shell",
                        "inline": [
                            "[concat('echo ', variables('loud'))]",
                            "[concat('echo ', toUpper(parameters('place')))]",
                            "[concat('login ', parameters('word'))]",
                        ],
                    }
                ],
                "distribute": [MANAGED],
            },
        }
    ],
}


@pytest.mark.parametrize(
    "handed",
    [
        {"word": {"value": "[parameters('password')]"}, "place": {"value": "westeurope"}},
        "[createObject('word', createObject('value', parameters('password')), 'place', variables('place'))]",
    ],
    ids=["one by one", "as one expression"],
)
def test_a_secret_stays_one_where_a_nested_deployment_does_not_call_it_so(handed: Any) -> None:
    template = {
        "$schema": NESTED["$schema"],
        "contentVersion": "1.0.0.0",
        "parameters": {"password": {"type": "secureString"}},
        "variables": {"place": {"value": "westeurope"}},
        "resources": [
            {
                "type": "Microsoft.Resources/deployments",
                "apiVersion": "2022-09-01",
                "name": "inner",
                "properties": {
                    "mode": "Incremental",
                    "expressionEvaluationOptions": {"scope": "inner"},
                    "parameters": handed,
                    "template": NESTED,
                },
            }
        ],
    }
    options = CompileOptions(parameters={"password": VALUE}, target=TARGETS["newest"], now=NOW, seed="test")
    compilation = compile_text(json.dumps(template), filename="template.json", options=options)
    assert compilation.ok, compilation.diagnostics
    text = compilation.files["build/scripts/01-shell.sh"].decode()
    assert text.endswith(
        "${IMAGESMITH_SECRET_PASSWORD_2}\n"
        + ("echo WESTEUROPE\n" if isinstance(handed, dict) else "${IMAGESMITH_SECRET_PASSWORD_3}\n")
        + "login ${IMAGESMITH_SECRET_PASSWORD}\n"
    )


def test_a_secret_that_is_larger_than_a_variable_comes_in_parts() -> None:
    value = "".join(f"{number:05}" for number in range(7_000))
    compilation = deployment(SHELL, value=value)
    marks = re.findall(r"\$\{(\w+)\}", compilation.files["build/scripts/01-shell.sh"].decode().partition("\nexit\n")[2])
    assert "".join(compilation.step_values[f"secret_{name.lower()}"] for name in marks) == value
    assert all(unusable(part, OsType.LINUX) is None for part in compilation.step_values.values())


@pytest.mark.parametrize("value", ["one\r\ntwo and", "e\u0301 not composed", "back\\slash", "x" * 6 + "\u0301" * 40])
@pytest.mark.parametrize("windows", [False, True])
def test_every_value_of_a_secure_parameter_can_travel(value: str, windows: bool) -> None:
    compilation = deployment({**SHELL, "type": "PowerShell" if windows else "Shell"}, value=value, windows=windows)
    (part,) = compilation.step_values.values()
    assert unusable(part, OsType.WINDOWS if windows else OsType.LINUX) is None


def test_a_secret_names_no_interpreter() -> None:
    compilation = deployment(
        {"type": "Shell", "inline": ["[concat('#!/usr/bin/env P=', parameters('password'))]", "x"]}
    )
    (found,) = [found for found in compilation.diagnostics if found.code == "IMG870"]
    assert found.path == ("properties", "customize", 0, "inline")
    assert not compilation.ok
    below = deployment({"type": "Shell", "inline": ["#!/bin/bash", "[concat('x ', parameters('password'))]"]})
    assert b"exec /bin/bash /dev/fd/9" in below.files["build/scripts/01-shell.sh"]


def test_a_script_without_its_secret_is_as_before() -> None:
    lines = ["echo one", "printf 'a\\nb'", ""]
    before = deployment({"type": "Shell", "inline": lines}).files
    assert before["build/scripts/01-shell.sh"] == b"#!/bin/sh -e\necho one\nprintf 'a\\nb'\n\n"
    windows = deployment({"type": "PowerShell", "inline": ["'a\nb'", "c"]}, windows=True).files
    assert windows["build/scripts/01-powershell.ps1"] == b"'a\nb'\r\nc\r\n"


def test_a_secret_names_no_file_and_no_step() -> None:
    compilation = deployment({"type": "Shell", "name": "[parameters('password')]", "inline": ["true"]})
    assert "build/scripts/01-shell.sh" in compilation.files
    assert all(VALUE.encode() not in content for content in compilation.files.values())


def test_a_secret_outside_of_scripts_is_told_with_its_place() -> None:
    file = {"type": "File", "sourceUri": "[concat('https://x.example/a?sig=', parameters('password'))]"}
    step = {**file, "destination": "[concat('/tmp/', parameters('password'))]"}
    compilation = deployment(step)
    (found,) = [found for found in compilation.diagnostics if found.code == "IMG873"]
    assert found.message == (
        "the value of parameter 'password' stands in 'properties.customize[0].destination', which others read"
    )
    assert found.path == ("properties", "customize", 0, "destination")


PLACES: dict[str, tuple[bool, dict[str, Any]]] = {
    "destination": (False, {"type": "File", "sourceUri": "a.txt", "destination": "[concat('/srv/', @, '/a')]"}),
    "folder": (False, {"type": "File", "sourceUri": "[concat(@, '/')]", "destination": "[concat('/srv/', @)]"}),
    "address": (False, {"type": "File", "sourceUri": "[concat('https://x.example/', @)]", "destination": "/tmp/a"}),
    "script": (False, {"type": "Shell", "scriptUri": "[concat('https://x.example/', base64(@), '.sh')]"}),
    "name": (False, {"type": "Shell", "name": "[@]", "inline": ["true"]}),
    "command": (True, {"type": "WindowsRestart", "restartCommand": "[concat('restart {{', @)]"}),
    "check": (True, {"type": "WindowsRestart", "restartCheckCommand": "[concat('test ', base64(@))]"}),
    "search": (True, {"type": "WindowsUpdate", "searchCriteria": "[concat('IsInstalled=', @)]"}),
    "filters": (True, {"type": "WindowsUpdate", "filters": ["[concat('exclude:', @)]", "include:$true"]}),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("place", PLACES)
def test_no_file_holds_a_secret_wherever_the_template_has_it(place: str, target: str) -> None:
    windows, step = PLACES[place]
    if place == "search" or (place == "filters" and target != "newest"):
        target = "newest"  # others refuse such a step
    text = json.dumps(step).replace("@", "parameters('password')")
    compilation = deployment(json.loads(text), windows=windows, target=target)
    assert compilation.ok, compilation.diagnostics
    for name, content in compilation.files.items():
        assert VALUE.encode() not in content, name
        assert BASE64.encode() not in content, name
        assert VALUE not in name
    declared = set(re.findall(r'(?m)^variable "(secret_\w+)"', hcl(compilation)))
    assert declared == set(compilation.step_values)
    assert all(f"var.{name}" in hcl(compilation).replace("(var.", " var.") for name in declared)
    assert set(compilation.step_values.values()) <= {VALUE, BASE64}
    assert bool(declared) == (place not in {"address", "script", "name"})


@pytest.mark.parametrize("target", TARGETS)
def test_tags_and_names_come_from_variables(target: str) -> None:
    value = "[parameters('password')]"
    properties = {
        "stagingResourceGroup": f"[concat('{GROUP_ID}-', parameters('password'))]",
        "managedResourceTags": {"by": f"[concat('{{{{', {value[1:-1]})]"},
    }
    compilation = deployment(PLAIN, target=target, distribute={"artifactTags": {"by": value}}, properties=properties)
    for name, content in compilation.files.items():
        assert VALUE.encode() not in content, name
    assert '"build-${var.secret_text_password}"' in hcl(compilation)
    assert """ = "{{`{{`}}${replace(var.secret_text_password, "{{", "{{`{{`}}")}\"""" in hcl(compilation)
    assert compilation.plan is not None
    assert compilation.plan.publications[0].artifact_tags["by"] == VALUE


def test_a_short_secure_parameter_is_refused() -> None:
    compilation = deployment(PLAIN, value="root")
    (found,) = [found for found in compilation.diagnostics if found.code == "IMG875"]
    assert "parameter 'password' is too short: it has 4 characters" in found.message
    assert not compilation.ok


def test_a_short_member_of_a_secure_object_is_told_and_leaves_the_log_readable() -> None:
    step = {"type": "Shell", "inline": ["[concat('login ', parameters('login').user)]"]}
    compilation = deployment(step, parameters={"login": '{"user": "root"}'})
    assert compilation.ok
    (found,) = [found for found in compilation.diagnostics if found.code == "IMG875"]
    assert "parameter 'login.user' is too short" in found.message
    redact = Redactor(compilation.secrets).redact
    assert redact("the rootfs of chroot, user root") == f"the rootfs of chroot, user {MARK}"


@pytest.mark.parametrize("arguments", [["compile", "-o", "out"], ["build", "--sandbox"]], ids=["compile", "build"])
@pytest.mark.parametrize("place", ["env:SHORT", "file:short"])
def test_a_secret_that_cannot_be_one_is_refused_before_anything_begins(
    tmp_path: Path, arguments: list[str], place: str
) -> None:
    """No folder, no run, no machine."""
    resource = deployment(PLAIN).document
    assert resource is not None
    (tmp_path / "image.json").write_text(resource.source.text, encoding="utf-8")
    (tmp_path / "short").write_text("abc\n", encoding="utf-8")
    (tmp_path / "password").write_text(VALUE, encoding="utf-8")
    command, *options = arguments
    given = ["-p", "password=@password", "--secret", f"TOKEN={place}"]
    done = subprocess.run(
        [sys.executable, "-m", "imagesmith", command, "image.json", *options, *given],
        cwd=tmp_path,
        env={**os.environ, "SHORT": "abc"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "the value of --secret TOKEN cannot be used: it has 3 characters" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.json", "password", "short"]


@pytest.mark.parametrize("target", TARGETS)
def test_named_secrets_go_to_every_script_of_the_template_and_to_nothing_else(target: str) -> None:
    file = {"type": "File", "sourceUri": "a.txt", "destination": "/srv/a.txt"}
    compilation = deployment(PLAIN, FETCHED, file, target=target, secrets=("TOKEN", "KEY1"))
    steps = {step.id: step.secrets for step in compilation.plan.stages[0].steps} if compilation.plan else {}
    assert steps == {
        "place-deprovisioning": (),
        "customize[0]": ("KEY1", "TOKEN"),
        "customize[1]": ("KEY1", "TOKEN"),
        "customize[2].folder": (),
        "customize[2]": (),
        "deprovision": (),
    }
    assert ". {{ .EnvVarFile }} && sudo -n -E {{ .Path }}" in step_of(compilation, 2)
    assert "KEY1=${replace(var.secret_key1, " in step_of(compilation, 2)


def test_powershell_gets_its_secrets_as_base64() -> None:
    plain = {"type": "PowerShell", "inline": ["1"]}
    elevated = {"type": "PowerShell", "inline": ["1"], "runElevated": True}
    compilation = deployment(plain, elevated, windows=True, secrets=("TOKEN",))
    for number, option in ((1, " env_var_format"), (2, " elevated_env_var_format")):
        assert "TOKEN=base64:${base64encode(var.secret_token)}" in step_of(compilation, number)
        assert f"{option} " in step_of(compilation, number)
    assert "FromBase64String($v.Substring(7))" in step_of(compilation, 1)


def test_without_secrets_the_files_hold_no_trace_of_them() -> None:
    assert not re.search("environment_vars|env_var|secret_", hcl(deployment(PLAIN, FETCHED)))


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("TOKEN=env:MY_TOKEN", SecretSource(name="TOKEN", place="env", where="MY_TOKEN")),  # type: ignore[arg-type]
        ("key_1=file:a=b:c", SecretSource(name="key_1", place="file", where="a=b:c")),  # type: ignore[arg-type]
    ],
)
def test_where_a_secret_is(text: str, source: SecretSource) -> None:
    assert parse_source(text) == source


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("TOKEN", "write TOKEN=env:VARIABLE"),
        ("TOKEN=hunter2", "never the value itself"),
        ("TOKEN=vault:x", "write TOKEN="),
        ("TOKEN=env:", "write TOKEN="),
        ("1=env:X", "letters, digits and '_'"),
        ("A-B=env:X", "letters, digits and '_'"),
        ("Path=env:X", "a meaning of its own"),
        ("PACKER_X=env:X", "a meaning of its own"),
        ("LD_PRELOAD=env:X", "a meaning of its own"),
        ("T=keyvault:contoso/secret", "https://VAULT.vault.azure.net/secrets/NAME"),
        ("T=keyvault:https://contoso.example/secrets/a", "https://VAULT.vault.azure.net/secrets/NAME"),
    ],
)
def test_what_is_no_secret_is_refused_without_repeating_it(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)) as caught:
        parse_source(text)
    assert "hunter2" not in str(caught.value)


def test_values_are_read_and_every_missing_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes("first\nsecond é\r\n".encode())
    (tmp_path / "bad").write_bytes(b"\xff\xfe")
    texts = [f"A=file:{tmp_path}/one", "B=env:B", "C=env:C", f"D=file:{tmp_path}/none", f"E=file:{tmp_path}/bad"]
    read = read_secrets(map(parse_source, texts), environment={"B": "from-the-environment\n"}, world=NOWHERE)
    assert read.values == {"A": "first\nsecond é", "B": "from-the-environment\n"}
    assert [found.code for found in read.diagnostics] == ["IMG872"] * 3
    messages = " | ".join(found.message for found in read.diagnostics)
    assert "no variable 'C'" in messages
    assert "No such file" in messages
    assert "no text in UTF-8" in messages
    assert "from-the" not in repr(read)


@pytest.mark.parametrize(
    ("value", "os_type", "reason"),
    [
        ("abcde", OsType.LINUX, "has 5 characters"),
        ("nul\0inside", OsType.LINUX, "NUL"),
        ("e\u0301 not composed", OsType.WINDOWS, "NFC"),
        ("x" * 32_001, OsType.WINDOWS, "32,001 characters"),
        ("one\r\ntwo", OsType.LINUX, "line ends of Windows"),
        ("one\r\ntwo", OsType.WINDOWS, None),
        ("{{ .Vars }} '$(id)'", OsType.LINUX, None),
    ],
)
def test_values_that_cannot_arrive_unchanged_are_refused(value: str, os_type: OsType, reason: str | None) -> None:
    found = unusable(value, os_type)
    assert found is None if reason is None else reason in (found or "")


@pytest.mark.parametrize(
    ("uri", "known"),
    [
        ("https://contoso.vault.azure.net/secrets/db", True),
        ("https://contoso.vault.azure.net/secrets/db/0123456789abcdef0123456789abcdef", True),
        ("https://contoso.vault.usgovcloudapi.net/secrets/db/", True),
        ("http://contoso.vault.azure.net/secrets/db", False),
        ("https://contoso.vault.azure.net/keys/db", False),
        ("https://contoso.vault.azure.net.example/secrets/db", False),
        ("https://me@contoso.vault.azure.net/secrets/db", False),
        ("https://contoso.vault.azure.net:8443/secrets/db", False),
        ("https://contoso.vault.azure.net/secrets/db?x=1", False),
    ],
)
def test_what_is_a_secret_of_a_key_vault(uri: str, known: bool) -> None:
    assert is_secret_uri(uri) is known


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A sandbox with a vault that holds a secret."""
    options = SandboxOptions(state=tmp_path / "state", run_id="kv", steps="record")
    with Sandbox(options, environment={}) as sandbox:
        sandbox.seed((Need(kind=NeedKind.RESOURCE_GROUP, id=GROUP, path=()),), os_type="Linux")
        assert deploy(sandbox.world, vault()) == {}
        data = "https://pkrkv1.vault.azure.net/secrets/db-password?api-version=7.4"
        assert call(sandbox.world, "PUT", data, audience=AUDIENCE, json={"value": VALUE}).status_code == 200
        yield sandbox.world


def test_a_secret_of_a_key_vault_is_read_with_the_runs_login(world: World) -> None:
    assert read_secret("https://pkrkv1.vault.azure.net/secrets/db-password", world) == VALUE
    source = parse_source("DB=keyvault:https://pkrkv1.vault.azure.net/secrets/db-password/")
    assert read_secrets([source], environment={}, world=world).values == {"DB": VALUE}


def test_a_vault_that_says_no_is_told_in_its_words(world: World) -> None:
    with pytest.raises(AzureError) as caught:
        read_secret("https://pkrkv1.vault.azure.net/secrets/other", world)
    assert caught.value.diagnostic.code == "IMG876"
    assert "pkrkv1.vault.azure.net/secrets/other: 404 SecretNotFound" in caught.value.diagnostic.message
    with pytest.raises(AzureError, match="no login"):
        read_secret("https://pkrkv1.vault.azure.net/secrets/other", NOWHERE)


def test_a_secret_that_stays_text_is_in_no_file_of_a_run_that_is_over(tmp_path: Path) -> None:
    """Packer reads it out of the script; the record, of which bundles are made, keeps the script without it."""
    step = {"type": "Shell", "inline": ["mysql --password=hunter5-and-more"]}
    compilation = deployment(step)
    script = next(name for name, content in compilation.files.items() if b"hunter5" in content)
    packer = Packer(path=tmp_path / "packer", version=Version(1, 16, 0), source="option")
    result = RunResult(
        run_id="r", state=RunState.SUCCEEDED, exit_code=ExitCode.OK, message="", start_time=NOW, end_time=NOW
    )
    with RunFolder(tmp_path / "runs" / "r", compilation, packer, NOWHERE, lambda _event: None) as folder:
        write_folder(folder.compiled, compilation.files)
        folder.close(result)
    left = (folder.compiled / script).read_text()
    assert left == compilation.files[script].decode().replace("hunter5-and-more", MARK)
    assert (folder.compiled / script).stat().st_mode & 0o077 == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file() and b"hunter5" in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["-p", f"password={VALUE}"], True),
        (["-p", f"Password={VALUE}", "--ignore", "IMG877"], False),
        (["-p", "password=@password"], False),
        (["--parameters", "given.json"], False),
    ],
)
def test_a_secret_on_the_command_line_is_told(tmp_path: Path, given: list[str], told: bool) -> None:
    document = deployment(SHELL).document
    assert document is not None
    (tmp_path / "image.json").write_text(document.source.text, encoding="utf-8")
    (tmp_path / "password").write_text(f"{VALUE}\n", encoding="utf-8")
    (tmp_path / "given.json").write_text(json.dumps({"parameters": {"password": {"value": VALUE}}}), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "imagesmith", "validate", "image.json", *given],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("IMG877" in done.stdout + done.stderr) == told
    assert VALUE not in done.stdout + done.stderr
