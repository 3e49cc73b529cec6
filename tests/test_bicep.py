"""Bicep files through the bicep program: an executable of ours that answers as the real one does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from imagesmith.cli.bicep import find_bicep
from imagesmith.diagnostics import On
from imagesmith.pipeline import CompileOptions, compile_template
from imagesmith.source import Bicep, Document, load
from tests.cases import FIXTURES
from tests.processes import alive

FAKE = FIXTURES / "programs" / "bicep"
TEMPLATE = """param place string = 'westeurope'
param size int

resource image 'Microsoft.VirtualMachineImages/imageTemplates@2024-02-01' = {
  name: 'contoso-web'
  location: place
  tags: { team: 'platform', twice: 'same', again: 'same' }
  properties: { vmProfile: { osDiskSizeGB: size } }
}
"""
COMPILED = {
    "parameters": {"place": {"type": "string", "defaultValue": "westeurope"}, "size": {"type": "int"}},
    "resources": [
        {
            "type": "Microsoft.VirtualMachineImages/imageTemplates",
            "apiVersion": "2024-02-01",
            "name": "contoso-web",
            "location": "[parameters('place')]",
            "tags": {"team": "platform", "twice": "same", "again": "same"},
            "properties": {"vmProfile": {"osDiskSizeGB": "[parameters('size')]"}},
        }
    ],
}


def fake(**more: str) -> Bicep:
    return Bicep(program=str(FAKE), environment={"PATH": os.defpath, **more})


def program(path: Path, script: str) -> Bicep:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return Bicep(program=str(path), environment={**os.environ, "ARM_CLIENT_SECRET": "hidden"}, time_limit_s=20)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    (tmp_path / "image.bicep").write_text(TEMPLATE)
    (tmp_path / "image.bicep.out").write_text(json.dumps(COMPILED, indent=2))
    return tmp_path / "image.bicep"


def only(document: Document) -> str:
    assert document.root is None
    (diagnostic,) = document.diagnostics
    return f"{diagnostic.code} {diagnostic.message}"


def test_a_bicep_file_is_a_template(image: Path) -> None:
    compilation = compile_template(image, options=CompileOptions(bicep=fake(), parameters={"size": "30"}))
    assert compilation.filename == str(image)
    assert compilation.document is not None
    assert compilation.document.at(("properties", "vmProfile", "osDiskSizeGB")).data == 30  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("name",), "'contoso-web'"),
        (("location",), "'westeurope'"),
        (("tags", "team"), "'platform'"),
        (("type",), '"Microsoft.VirtualMachineImages/imageTemplates"'),
        (("tags", "twice"), '"same"'),
    ],
)
def test_a_text_that_stands_once_in_the_bicep_file_is_shown_there(
    image: Path, path: tuple[str, ...], text: str
) -> None:
    """Whatever is not certain is shown in the compiled file."""
    compilation = compile_template(image, options=CompileOptions(bicep=fake(), parameters={"size": "30"}))
    span = compilation.locate(path)
    assert span is not None
    assert span.text == text
    assert span.file == str(image) + ("" if text.startswith("'") else " (compiled)")


def test_a_key_that_stands_once_is_shown_in_the_bicep_file(image: Path) -> None:
    compilation = compile_template(image, options=CompileOptions(bicep=fake(), parameters={"size": "30"}))
    assert compilation.document is not None
    origin = compilation.document.origin(("properties", "vmProfile"), On.KEY)
    assert origin is not None
    assert (origin.span.file, origin.span.line, origin.span.text) == (str(image), 8, "vmProfile")


def test_a_text_that_is_not_the_only_one_in_the_compiled_file_is_shown_there(image: Path) -> None:
    """It may come from somewhere else."""
    more = {**COMPILED, "outputs": {"o": {"type": "string", "value": "platform"}}}
    Path(f"{image}.out").write_text(json.dumps(more))
    compilation = compile_template(image, options=CompileOptions(bicep=fake(), parameters={"size": "30"}))
    span = compilation.locate(("tags", "team"))
    assert span is not None
    assert span.file == f"{image} (compiled)"


def test_a_parameter_without_a_value_is_shown_in_the_bicep_file(image: Path) -> None:
    found = compile_template(image, options=CompileOptions(bicep=fake())).diagnostics
    missing = next(one for one in found if one.code == "IMG111")
    assert missing.span is not None
    assert (missing.span.text, missing.span.line, missing.span.file) == ("size", 2, str(image))


def test_a_bicep_parameter_file_brings_its_template(image: Path) -> None:
    parameters = image.parent / "dev.bicepparam"
    parameters.write_text("using 'image.bicep'\nparam size = 40\n")
    printed = {
        "parametersJson": json.dumps({"parameters": {"size": {"value": 40}}}),
        "templateJson": json.dumps(COMPILED),
    }
    Path(f"{parameters}.out").write_text(json.dumps(printed))
    compilation = compile_template(parameters, options=CompileOptions(bicep=fake()))
    assert compilation.document is not None
    assert compilation.document.at(("properties", "vmProfile", "osDiskSizeGB")).data == 40  # type: ignore[union-attr]
    span = compilation.locate(("tags", "team"))
    assert span is not None
    assert (span.file, span.text) == (str(image), "'platform'")
    given = load(parameters, bicep=fake())
    assert given.root is not None
    compilation = compile_template(image, options=CompileOptions(bicep=fake(), parameter_files=(given,)))
    assert "IMG111" not in {one.code for one in compilation.diagnostics}


def test_only_what_a_program_needs_reaches_it(image: Path, tmp_path: Path) -> None:
    """No login, no secret."""
    script = f'env > "{tmp_path}/seen"; cat "{image}.out"'
    assert load(image, bicep=program(tmp_path / "bicep", script)).root is not None
    seen = (tmp_path / "seen").read_text()
    assert "PATH=" in seen
    assert "hidden" not in seen


def test_a_program_that_does_not_end_is_ended_with_all_that_it_started(image: Path, tmp_path: Path) -> None:
    slow = program(tmp_path / "bicep", f'sleep 300 & echo $! > "{tmp_path}/child"; wait')
    told = only(load(image, bicep=Bicep(program=slow.program, environment=slow.environment, time_limit_s=2)))
    assert told == "IMG137 bicep did not end within 2 s"
    child = int((tmp_path / "child").read_text())
    assert alive([child]) == []


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 3", "IMG137 bicep ended with exit code 3: it says nothing"),
        ("echo 'Unhandled exception' >&2; exit 134", "IMG137 bicep ended with exit code 134: Unhandled exception"),
        ("head -c 17000000 /dev/zero", "IMG137 bicep prints more than 16 MB of JSON"),
        ("echo 'x.bicep(9999999,9999999) : Error BCP001: no' >&2; exit 1", "IMG135 BCP001: no"),
    ],
)
def test_a_program_that_fails_is_told(image: Path, tmp_path: Path, script: str, told: str) -> None:
    assert only(load(image, bicep=program(tmp_path / "bicep", script))) == told


def test_a_program_that_cannot_be_started_is_told(image: Path, tmp_path: Path) -> None:
    told = only(load(image, bicep=Bicep(program=str(tmp_path / "none"))))
    assert told == f"IMG137 {tmp_path / 'none'} cannot be started: No such file or directory"


def test_output_that_is_no_json_is_told_at_its_place(image: Path, tmp_path: Path) -> None:
    document = load(image, bicep=program(tmp_path / "bicep", "echo '{\"a\": }'"))
    span = document.diagnostics[0].span
    assert span is not None
    assert span.file == f"{image} (compiled)"


def test_the_program_is_looked_for_where_a_file_is_bicep_only(tmp_path: Path) -> None:
    program(tmp_path / "bicep", "exit 0")
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path / "home")}
    found = find_bicep(None, environment, for_files=["a.json", "b.BICEP"])
    assert found is not None
    assert found.program == str(tmp_path / "bicep")
    assert find_bicep(None, environment, for_files=["a.json"]) is None
    assert find_bicep(None, {"PATH": "", "HOME": "/nowhere"}, for_files=["a.bicep"]) is None
    azure = tmp_path / "home" / ".azure" / "bin"
    azure.mkdir(parents=True)
    program(azure / "bicep", "exit 0")
    by_azure = find_bicep(None, {"PATH": "", "HOME": str(tmp_path / "home")}, for_files=["a.bicep"])
    assert by_azure is not None
    assert by_azure.program == str(azure / "bicep")


def test_the_command_line_takes_the_program_s_name(image: Path) -> None:
    argv = [sys.executable, "-m", "imagesmith", "validate", str(image), "--bicep", str(FAKE)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{image}:2:7: error[IMG111]: 1 parameter has no value: size" in done.stderr


@pytest.mark.parametrize(
    ("comment", "silent"), [("// said already", False), ("// imagesmith: ignore IMG410 why", True)]
)
def test_a_comment_in_the_bicep_file_silences_what_is_shown_there(tmp_path: Path, comment: str, silent: bool) -> None:
    case = FIXTURES / "valid" / "bicep-parameters-with-their-template"
    printed = json.loads((case / "web.bicepparam.out").read_text())
    written = (case / "image.bicep").read_text()
    (tmp_path / "image.bicep").write_text(written.replace("  identity:", f"  {comment}\n  identity:"))
    (tmp_path / "image.bicep.out").write_text(printed["templateJson"])
    options = CompileOptions(bicep=fake(), parameters={"imageName": "web"})
    compilation = compile_template(tmp_path / "image.bicep", options=options)
    assert compilation.ok
    assert ("IMG410" not in {one.code for one in compilation.diagnostics}) is silent
