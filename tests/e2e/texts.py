"""Texts that break what is put together carelessly, and what the real Packer makes of HCL literals that hold them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HOSTILE: tuple[str, ...] = (
    "two words",
    " both ends ",
    "tab\there",
    'double " quote',
    "single ' quote",
    "'; exit 3; '",
    "back\\slash \\n \\u0041 \\\\",
    "end\\",
    "back`tick` `whoami`",
    "$HOME $(id) ${HOME} $${x} $$${x}",
    "%{ if true }x%{ endif } %%{x} %PATH%",
    "{{name}} {{`x`}} {{{ }}} {{ .Vars }} {{env `HOME`}}",
    "{{",
    "a\nb",
    "line\nEOT\nEND\n<<EOT\n'@\n@'",
    "END_OF_DEPROVISIONING_SCRIPT",
    "#!/bin/false",
    "# comment /* comment */ // comment",
    "* ? [a-z] ~ !! & | ; < > ( ) \\",
    "[concat('a', 'b')]",
    "[[not an expression]",
    "-n",
    "--",
    "é ö ñ",
    "漢字 кириллица",
    "😀 \U0001f469\u200d\U0001f4bb",
    "\u202eright to left",
    "\x01\x08\x1b[31mred\x1b[0m\x7f\x85",
    "\u2028\u2029\ufeff",
    "%!(PACKER_COMMA) a,b,c",
    "1763991120,,ui,say,not from Packer",
    "<script>&amp;</script>",
    "null",
    "0",
)
"""All of them in Unicode's NFC form and free of NUL and CR: those have tests of their own."""

UNFIT: tuple[str, ...] = ("a\0b", "e\u0301", "\u212bngstrom", "x" + "\u0320" * 31, "a\rb", "a\r\nb\r")
"""Texts that Packer's language cannot hold or that a line-wise copy would change."""
BUNDLES: tuple[str, ...] = (
    *("\n".join(text for text in HOSTILE[start::3]) for start in range(3)),
    *(" ".join(text.replace("\n", " ") for text in HOSTILE[start::3]) for start in range(3)),
)
"""The same in fewer texts, with line ends between them and without."""

_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_NOT_DATA = re.compile(
    r'^\s*(?:execute_command|#)|^\s*(?:variable|source|provisioner|post-processor) "|\$\{path\.root\}|var\.'
)
"""Lines without a user's text: Packer's own templates, comments, labels, file names and expressions."""


def literals(hcl_text: str) -> list[str]:
    """All quoted literals of a compiled file that are handed to a plugin, names of map entries among them."""
    lines = [line for line in hcl_text.splitlines() if not _NOT_DATA.search(line)]
    return [quoted for line in lines for quoted in _QUOTED.findall(line)]


def evaluate(packer: Any, folder: Path, quoted: Sequence[str]) -> list[str]:  # the conftest's Packer
    """What Packer's language makes of literals (`packer console`)."""
    (folder / "empty.pkr.hcl").write_text("")
    command = [packer.program, "console", "--config-type=hcl2", str(folder)]
    done = _run(packer, folder, command, stdin=f"jsonencode([{', '.join(quoted)}])\n")
    values: list[str] = json.loads(done.stdout)
    return values


def arrive(packer: Any, folder: Path, quoted: Sequence[str]) -> list[str]:  # the conftest's Packer
    """What a plugin gets that renders its options once: Packer's own `file` builder writes it down."""
    written = folder / "arrived.json"
    (folder / "arrive.pkr.hcl").write_text(
        f'source "file" "arrived" {{\n  content = jsonencode([{", ".join(quoted)}])\n  target = "{written}"\n}}\n'
        'build {\n  sources = ["source.file.arrived"]\n}\n',
        encoding="utf-8",
    )
    _run(packer, folder, [packer.program, "build", str(folder)])
    values: list[str] = json.loads(written.read_text(encoding="utf-8"))
    return values


def _run(packer: Any, folder: Path, command: list[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "CHECKPOINT_DISABLE": "1"}
    done = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**environment, **packer.environment},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done
