"""No input gives a traceback or kills the process: mutated templates through the command line, judged by exit code."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz_driver import MEMORY_LIMIT

ROOT = Path(__file__).resolve().parent.parent
COUNT = 2000
SEED = "1"
"""The same mutants in every run; `make fuzz` takes others, and more."""
SHOWN = 10


def test_no_mutant_of_a_template_breaks_the_program(tmp_path: Path) -> None:
    """Exit code 0 or 1, no signal, no traceback. IMAGESMITH_FUZZ_SEED repeats a run, IMAGESMITH_FUZZ_COUNT sizes it."""
    seed = os.environ.get("IMAGESMITH_FUZZ_SEED") or SEED
    count = os.environ.get("IMAGESMITH_FUZZ_COUNT") or str(COUNT)
    command = [sys.executable, "-m", "tests.fuzz_driver", str(tmp_path), seed, count]
    environment = {**os.environ, "IMAGESMITH_TRACEBACK": "1"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    failures = [json.loads(line) for line in run.stdout.splitlines()]
    shown = "\n".join(f"{one['wrong']}: {one['arguments']}\n  {one['stderr']}" for one in failures[:SHOWN])
    assert not failures, f"{len(failures)} of {count} mutants; repeat with IMAGESMITH_FUZZ_SEED={seed}\n{shown}"
    assert run.returncode == 0, run.stderr


def _yaml_bomb() -> bytes:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(("a0: &a0 [x, x]", *levels, "resources: *a9")).encode()


def _deployment(expression: str, variables: str = "") -> bytes:
    return (
        '{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", '
        '"contentVersion": "1.0.0.0", "variables": {' + variables + '}, "resources": [{'
        '"type": "Microsoft.VirtualMachineImages/imageTemplates", "apiVersion": "2024-02-01", "name": "x", '
        '"location": "' + expression + '", "properties": {}}]}'
    ).encode()


def _doubling() -> bytes:
    names = [f"\"v{n}\": \"[concat(variables('v{n - 1}'), variables('v{n - 1}'))]\"" for n in range(1, 60)]
    return _deployment("[variables('v59')]", ", ".join(('"v0": "xxxxxxxx"', *names)))


_REPLACED = "replace(" * 40 + "'xx'" + ", 'x', 'xxxx')" * 40
HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "aliases that multiply": ("a.yaml", _yaml_bomb, "IMG054"),
    "20,000 aliases": ("a.yaml", lambda: b"a: &a x\nb: [" + b"*a, " * 20_000 + b"x]", "IMG054"),
    "an alias in itself": ("a.yaml", lambda: b"a: &a [*a]", "IMG055"),
    "arrays 100,000 deep": ("a.json", lambda: b"[" * 100_000, "IMG008"),
    "objects 100,000 deep": ("a.json", lambda: b'{"a":' * 100_000, "IMG008"),
    "YAML arrays 100,000 deep": ("a.yaml", lambda: b"a: " + b"[" * 100_000, "IMG008"),
    "YAML mappings 100,000 deep": ("a.yaml", lambda: b"? " * 100_000, "IMG0"),
    "a string of 50 MB": ("a.json", lambda: b'{"a": "' + b"x" * 50_000_000 + b'"}', "IMG002"),
    "a string of 15 MB": ("a.json", lambda: b'{"a": "' + b"x" * 15_000_000 + b'"}', "IMG100"),
    "a key of 15 MB": ("a.json", lambda: b'{"' + b"x" * 15_000_000 + b'": 1}', "IMG100"),
    "a string of 15 MB in YAML": ("a.yaml", lambda: b"a: '" + b"x" * 15_000_000 + b"'", "IMG100"),
    "two million values": ("a.json", lambda: b"[" + b"0," * 2_000_000 + b"0]", "IMG009"),
    "a million backslashes": ("a.json", lambda: b'{"a": "' + b"\\" * 1_000_001, "IMG029"),
    "a million quotes": ("a.json", lambda: b'"' * 1_000_000, "IMG0"),
    "a million commas": ("a.json", lambda: b"[" + b"," * 1_000_000, "IMG0"),
    "a million comments": ("a.json", lambda: b"{" + b"/**/" * 1_000_000 + b"}", "IMG100"),
    "a million half comments": ("a.json", lambda: b"{" + b"/*" * 1_000_000, "IMG039"),
    "nothing but NUL": ("a.json", lambda: b"\0" * 100_000, "IMG006"),
    "NUL in a string": ("a.json", lambda: b'{"a": "\0"}', "IMG030"),
    "NUL in YAML": ("a.yaml", lambda: b"a: \0", "IMG010"),
    "UTF-16 without a mark": ("a.json", lambda: '{"a": 1}'.encode("utf-16-le"), "IMG010"),
    "UTF-16 cut in a character": ("a.json", lambda: b'\xff\xfe{\0"', "IMG003"),
    "UTF-32": ("a.json", lambda: '{"a": 1}'.encode("utf-32"), "IMG0"),
    "half a character": ("a.json", lambda: b'{"type": "\\ud800"}', "IMG031"),
    "half a character in bytes": ("a.json", lambda: b'{"type": "\xed\xa0\x80"}', "IMG003"),
    "1e400": ("a.json", lambda: b'{"type": 1e400}', "IMG034"),
    "1e999999999": ("a.json", lambda: b'{"type": 1e999999999}', "IMG034"),
    "a number of a million digits": ("a.json", lambda: b'{"type": ' + b"9" * 1_000_000 + b"}", "IMG034"),
    "1e400 in YAML": ("a.yaml", lambda: b"type: 1e400", "IMG034"),
    "a line of 10 MB with a mistake": ("a.json", lambda: b'{"a": "' + b"x" * 10_000_000 + b'", b}', "IMG0"),
    "texts that double": ("a.json", _doubling, "IMG110"),
    "replace in replace": ("a.json", lambda: _deployment(f"[{_REPLACED}]"), "IMG110"),
    "range(0, 1000000000)": ("a.json", lambda: _deployment("[string(range(0, 1000000000))]"), "IMG1"),
    "padLeft to a billion": ("a.json", lambda: _deployment("[padLeft('x', 1000000000)]"), "IMG1"),
    "an expression 100,000 deep": ("a.json", lambda: _deployment("[" + "not(" * 100_000 + "]"), "IMG1"),
    "variables in a circle": (
        "a.json",
        lambda: _deployment("[variables('a')]", '"a": "[variables(\'b\')]", "b": "[variables(\'a\')]"'),
        "IMG1",
    ),
    "silencing without end": ("a.json", lambda: b"{" + b"// imagesmith: ignore IMG389\n" * 100_000 + b"}", "IMG100"),
}
"""What is made to exhaust a reader: the file's name, its content, and the code that refuses it, or how that begins."""


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_made_to_exhaust_a_reader_is_refused(name: str, tmp_path: Path) -> None:
    """By a diagnostic, within 1 GB of memory and 20 seconds of processor time."""
    file_name, content, code = HOSTILE[name]
    file = tmp_path / file_name
    file.write_bytes(content())
    command = [sys.executable, "-m", "imagesmith", "validate", str(file), "--no-config"]
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False, preexec_fn=_limited
    )
    assert run.returncode == 1, run.stderr[-3000:]
    assert f"error[{code}" in run.stderr, run.stderr[-3000:]
    assert "Traceback" not in run.stderr
    assert len(run.stderr) < 100_000


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))


@pytest.mark.parametrize(
    "path", ["", ".", "/", "..", "no\nsuch\x1bfile", "x" * 5000, os.devnull, "a.bicep", "~", "*.nothing"]
)
def test_no_path_breaks_the_program(path: str) -> None:
    """What is no file is told like a mistake in one."""
    command = [sys.executable, "-m", "imagesmith", "validate", path]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stderr
    assert run.stderr.endswith("1 error\n")
    assert "\x1b" not in run.stderr
