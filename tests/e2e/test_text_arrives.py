"""Hostile texts on their way to a real machine: scripts, files, names of files and tags arrive byte for byte."""

from __future__ import annotations

import json
import shlex
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.e2e.test_runs import Finished, finished, start
from tests.e2e.texts import BUNDLES, HOSTILE

from imagesmith.lower.texts import powershell_text, shell_text
from imagesmith.pipeline import compile_text

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/contoso"
FOLDER = "/tmp/two  words,é=%+@:漢"
ALL_BYTES = bytes(range(256)) * 3
SCRIPT = (
    b"#!/bin/sh -e\n: <<'END'\n" + bytes(range(1, 13)) + bytes(range(14, 256)) + b'\nEND\ncp "$0" /srv/texts/script\n'
)
# Texts from '[' to ']' are refused, since Azure would evaluate them.
TAGS = {f"{name} tag": text for name, text in enumerate(HOSTILE) if len(text) <= 256 and not text.startswith("[")}


def file_names() -> list[str]:
    """Texts that a file's name can be."""
    return [text for text in HOSTILE if not {"/", "\n"} & set(text) and "{{" not in text and text[-1] != "\\"]


def hostile_template() -> Any:  # JSON data
    """A template that takes every text to the machine in every way, and tells on a new machine what came."""
    write = [f"printf %s {shlex.quote(text)} > inline-{number:02d}" for number, text in enumerate(HOSTILE)]
    keep = [f"cp -- {shlex.quote(text)} /srv/texts/file-{number:02d}" for number, text in enumerate(file_names())]
    hello = {"type": "Shell", "name": HOSTILE[11]}
    files = [
        {"type": "File", "name": text, "sourceUri": "all bytes.bin", "destination": f"{FOLDER}/{text}"}
        for text in file_names()
    ]
    check = [
        "cd /srv/texts",
        "sha256sum *",
        'sha256sum < "$0" | tr - V',
        *(f": {shlex.quote(text)}" for text in HOSTILE),
    ]
    return {
        "location": "westeurope",
        "properties": {
            "source": {
                "type": "PlatformImage",
                "publisher": "Canonical",
                "offer": "0001-com-ubuntu-server-jammy",
                "sku": "22_04-lts",
                "version": "latest",
            },
            "managedResourceTags": {f"bundle {name}": text[:256] for name, text in enumerate(BUNDLES)},
            "customize": [
                {
                    **hello,
                    "inline": ["sudo install -d -o packer /srv/texts", "cd /srv/texts", *write, 'cp "$0" inline'],
                },
                *files,
                {"type": "Shell", "name": HOSTILE[13], "inline": [f"cd {shlex.quote(FOLDER)}", *keep, "ls | wc -l"]},
                {"type": "Shell", "name": HOSTILE[27], "scriptUri": "all bytes.sh"},
            ],
            "validate": {"inVMValidations": [{"type": "Shell", "name": HOSTILE[5], "inline": check}]},
            "distribute": [
                {
                    "type": "ManagedImage",
                    "runOutputName": "image",
                    "location": "westeurope",
                    "imageId": f"{GROUP}/providers/Microsoft.Compute/images/hostile",
                    "artifactTags": {f"artifact {name}": text for name, text in TAGS.items()},
                }
            ],
        },
    }


@pytest.fixture(scope="module")
def run(packer: Any, machine_image: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Path]:
    """One build of the hostile template, for all tests of this file."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "template.json").write_text(json.dumps(hostile_template()), encoding="utf-8")
    (folder / "all bytes.bin").write_bytes(ALL_BYTES)
    (folder / "all bytes.sh").write_bytes(SCRIPT)
    done = finished(start(packer, folder / "template.json", folder))
    assert done.status == 0, f"{done.result['message']}\n{done.output}\n{done.stderr}"
    return done, folder


def arrived(done: Finished) -> dict[str, str]:
    """Checksums on the new machine, as the validator printed them."""
    words = [event["text"].split() for event in done.of("output") if event["step"] == "validate[0]"]
    return {line[1]: line[0] for line in words if len(line) == 2 and len(line[0]) == 64}


def digests(texts: list[str], stem: str) -> dict[str, str]:
    return {f"{stem}-{number:02d}": sha256(text.encode()).hexdigest() for number, text in enumerate(texts)}


def test_lines_and_scripts_arrive(run: tuple[Finished, Path]) -> None:
    """Each text of an inline script, the script itself, and a fetched script with every byte that one can hold."""
    done, _ = run
    steps = hostile_template()["properties"]
    inline = shell_text(steps["customize"][0]["inline"])
    validator = shell_text(steps["validate"]["inVMValidations"][0]["inline"])
    whole = {"inline": inline, "script": SCRIPT, "V": validator}
    expected = {**digests(list(HOSTILE), "inline"), **{name: sha256(data).hexdigest() for name, data in whole.items()}}
    found = arrived(done)
    assert {name: text for name, text in found.items() if not name.startswith("file-")} == expected


def test_files_and_their_names_arrive(run: tuple[Finished, Path]) -> None:
    """Every byte of a file, under every name; and nothing else lies in the folder."""
    done, _ = run
    found = {name: text for name, text in arrived(done).items() if name.startswith("file-")}
    assert found == {f"file-{number:02d}": sha256(ALL_BYTES).hexdigest() for number in range(len(file_names()))}
    assert str(len(file_names())) in [event["text"] for event in done.of("output")]


def test_tags_arrive(run: tuple[Finished, Path]) -> None:
    """Tags of the build's resources and of the result, in Azure."""
    _, folder = run
    kept = json.loads((folder / "sandbox" / "resources.json").read_text(encoding="utf-8"))
    [image] = [item for item in kept["resources"] if item["id"].endswith("/images/hostile")]
    tags = image.get("tags") or image["body"]["tags"]
    wanted = hostile_template()["properties"]
    for tags_given in (wanted["managedResourceTags"], wanted["distribute"][0]["artifactTags"]):
        assert {name: tags.get(name) for name in tags_given} == tags_given


def test_names_of_steps_are_shown_on_one_line(run: tuple[Finished, Path]) -> None:
    """A name is for people: it cannot write lines or colours of its own."""
    done, _ = run
    titles = [event["title"] for event in done.of("step-started")]
    assert HOSTILE[5] in titles
    assert HOSTILE[11] in titles
    assert not [title for title in titles if not title.isprintable()]


@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        (b"#!/bin/sh -e\r\ntrue\r\n", 0, "IMG404"),
        (b"#!/bin/sh -e\n: " + b"x" * 65_533 + b"\n", 0, None),
        (b"#!/bin/sh -e\n: " + b"x" * 65_534 + b"\n", 3, "IMG624"),
    ],
    ids=["line-ends-of-windows", "longest-line", "line-too-long"],
)
def test_what_packer_does_to_fetched_scripts_is_told(
    packer: Any, tmp_path: Path, script: bytes, status: int, said: str | None
) -> None:
    """It turns line ends of Windows into those of Linux, and loses what begins with a line of 64 KiB."""
    template = hostile_template()
    template["properties"]["customize"] = [{"type": "Shell", "scriptUri": "all bytes.sh"}]
    template["properties"].pop("validate")
    (tmp_path / "template.json").write_text(json.dumps(template), encoding="utf-8")
    (tmp_path / "all bytes.sh").write_bytes(script)
    done = finished(start(packer, tmp_path / "template.json", tmp_path, "--sandbox-steps", "record"))
    assert done.status == status, done.result["message"]
    codes = {found["code"] for found in done.result["diagnostics"]}
    assert said in codes if said else not codes & {"IMG404", "IMG624"}
    if status == 0:
        kept = [path.read_bytes() for path in (tmp_path / "sandbox").glob("machines/*/steps/*")]
        assert script.replace(b"\r\n", b"\n") in kept


LINES = st.lists(st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"])), min_size=1, max_size=30)


@settings(deadline=None, max_examples=50)
@given(LINES)
def test_a_shell_prints_what_its_script_was_given(texts: list[str]) -> None:
    """Quoting, joining and encoding lines loses nothing, whatever stands in them."""
    script = shell_text([f"printf '%s\\0' {shlex.quote(text)}" for text in texts])
    done = subprocess.run(["/bin/sh", "-e"], input=script, capture_output=True, check=True, timeout=20)
    assert done.stdout.split(b"\0")[:-1] == [text.encode() for text in texts]


@given(LINES)
def test_a_powershell_script_holds_its_lines(lines: list[str]) -> None:
    """With a byte order mark exactly where Windows PowerShell would take another encoding without it."""
    data = powershell_text(lines)
    assert data.decode("utf-8-sig") == "\r\n".join(lines) + "\r\n" or lines[0].startswith("\ufeff")
    assert data.startswith(b"\xef\xbb\xbf") == (not "".join(lines).isascii())


@pytest.mark.parametrize("lines", [["echo one\r\necho two"], ["echo one\r", "echo two"], ["echo one\r"]])
def test_line_ends_of_windows_are_told(lines: list[str]) -> None:
    """Wherever the CR comes from."""
    template = hostile_template()
    template["properties"]["customize"] = [{"type": "Shell", "inline": lines}]
    found = compile_text(json.dumps(template), filename="template.json").diagnostics
    assert "IMG404" in {item.code for item in found}
