"""A secret comes out of Packer in whatever form: nothing that a run says, writes or raises shows it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from imagesmith.events import ExitCode, to_json
from tests.faults import fake_packer
from tests.faults.stand import IN_STEP, Stand
from tests.tables import Tell

pytestmark = pytest.mark.timeout(60)


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A secret, and how a step and Packer print it."""

    name: str
    value: str
    form: Callable[[str], str] = str


def _base64(lead: int) -> Callable[[str], str]:
    return lambda secret: base64.b64encode(b"user:abc"[:lead] + secret.encode()).decode()


PLAIN = "tr0ub4dor-and-3-more"
LEAKS = [
    Leak(name="a comma", value="first,second,third-17"),
    Leak(name="a newline", value="line-one-of-it\nline-two-of-it"),
    Leak(name="$", value="pa$$word$HOME${x}-9"),
    Leak(name="quotes", value="it's-\"quoted\"-`twice`"),
    Leak(name="regex characters", value="a.*b[c](d)+?^|x\\\\y{2}"),
    *(Leak(name=f"base64, alignment {lead}", value=PLAIN, form=_base64(lead)) for lead in range(3)),
    Leak(name="URL-encoded", value="p@ss/word?x=1&y=2#z", form=lambda secret: quote(secret, safe="")),
    Leak(name="PowerShell-escaped", value="it's-$5-secret", form=lambda secret: "'" + secret.replace("'", "''") + "'"),
    Leak(name="inside a JSON body", value='say-"yes"-\\o/', form=lambda secret: json.dumps({"password": secret})),
    Leak(name="split over two lines", value=PLAIN, form=lambda secret: f"{secret[:9]}\n{secret[9:]}"),
]  # fmt: skip


def _machine(text: str) -> str:
    """As Packer writes a text into a record (packer.md §4.1)."""
    return text.replace("\n", "\\n").replace(",", "%!(PACKER_COMMA)")


def _output(text: str) -> str:
    lines = text.split("\n")
    return "".join(f"1790000012,,ui,message,    azure-arm.image: {_machine(line)}\n" for line in lines)


def _everything(stand: Stand) -> str:
    """All that a run has written and said."""
    files = [path for path in (stand.folder / "runs").rglob("*") if path.is_file()]
    written = "\n".join(path.read_bytes().decode(errors="replace") for path in files)
    said = "\n".join(json.dumps(to_json(event), ensure_ascii=False) + repr(event) for event in stand.events)
    return written + said


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_a_secret_is_shown_nowhere(stand: Stand, leak: Leak, tell: Tell) -> None:
    """In a step's output and in Packer's last error, which becomes the message, a diagnostic and the failure."""
    shown = leak.form(leak.value)
    failing = f"1790000013,azure-arm.image,error,it failed with {_machine(shown)}\n"
    acts = [{"print": IN_STEP + _output(f"before {shown} after") + failing}, {"exit": 1}]
    result = stand.run(build=acts, secrets=(leak.value,))
    assert result.exit_code is not ExitCode.OK
    everything = _everything(stand) + repr(result)
    assert "before" in everything
    for piece in {leak.value, shown, _machine(shown), *(line for line in shown.split("\n") if len(line) > 8)}:
        assert piece not in everything
    tell(f"secret with {leak.name}" if leak.form is str else f"secret {leak.name}", result.message)


def test_no_secret_is_an_argument(stand: Stand, tell: Tell) -> None:
    """Anybody can read the arguments of a process (`ps`); the environment is its owner's."""
    stand.run(secrets=(PLAIN,), build=[{"exit": 1}])
    calls = fake_packer.calls(stand.folder / "bin")
    assert calls
    assert PLAIN not in json.dumps([call["arguments"] for call in calls])
    tell("secret in the arguments of Packer", "nothing: it is in the environment")


def test_one_character_is_no_secret(stand: Stand, tell: Tell, tmp_path: Path) -> None:
    """Masking it would black out the log."""
    environment = stand.environment(ONE="x")
    stand.file()
    done = stand.finish(stand.packer(), "--secret", "TOKEN=env:ONE", env=environment)
    assert done.returncode == ExitCode.USAGE, done.stderr
    assert "IMG871" in done.stderr
    assert "a secret needs 6" in done.stderr
    assert not (tmp_path / "state" / "runs").exists()
    tell("secret of one character", done.stderr.strip().splitlines()[0])
