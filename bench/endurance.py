"""`make endurance`: many sandbox builds in a row, each with a random bad day of Azure or a signal at a random moment.

Every build has to come to an end that its fault calls for, in bounded time, and may leave nothing outside of its run's
folder: no process, no mount, no file, no container and no image. Most builds keep their steps without running them,
which is fast; every `--machine-every`th runs them in a container. The seed is printed, so that a row that fails can be
had again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import traces  # noqa: E402 - found by the line above
from tests.cloud_faults import FAULTS, Fault  # noqa: E402 - as above

TEMPLATE = ROOT / "examples" / "web-server.json"
LIMIT_S = 240
_TAIL = 4000
CANCELLED = (143, 0)
"""How a build ends that got SIGTERM: cancelled, or done before it came."""
SIGNALS: Mapping[str, signal.Signals] = {"SIGTERM": signal.SIGTERM, "SIGKILL": signal.SIGKILL}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How one build ended, and what is wrong about it."""

    name: str
    status: int | None
    wrong: tuple[str, ...]
    said: str = ""
    """The end of what it said, for a person who looks for the cause."""


def main() -> int:
    """Run the builds and print a table; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--builds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311 - no secret
    parser.add_argument("--machine-every", type=int, default=4, help="0: no containers at all")
    given = parser.parse_args()
    print(f"{given.builds} builds, seed {given.seed}", flush=True)
    chance = random.Random(given.seed)  # noqa: S311 - to be had again
    counts: Counter[str] = Counter()
    failed: list[Ended] = []
    for number in range(1, given.builds + 1):
        in_container = given.machine_every > 0 and number % given.machine_every == 0
        ended = one_build(chance, steps="run" if in_container else "record")
        counts[f"{ended.name}: {ended.status}"] += 1
        if ended.wrong:
            failed.append(ended)
            print(
                f"{number}: {ended.name} ended with {ended.status}: {'; '.join(ended.wrong)}\n{ended.said}", flush=True
            )
        elif number % 20 == 0:
            print(f"{number} done", flush=True)
    for text, count in sorted(counts.items()):
        print(f"{count:4} {text}")
    print(f"{given.builds - len(failed)} of {given.builds} builds ended as their fault calls for")
    return 1 if failed else 0


def one_build(chance: random.Random, *, steps: str) -> Ended:
    """A build that meets a fault from the table, or a signal after a random time."""
    name = chance.choice([*FAULTS, "SIGTERM", "SIGTERM", "SIGTERM", "SIGKILL", "SIGKILL"])
    fault = FAULTS.get(name, Fault(rules=(), ends=()))
    with tempfile.TemporaryDirectory(prefix="endurance-") as folder:
        home = Path(folder)
        (home / "tmp").mkdir()
        process = _start(home, fault, steps)
        if name in SIGNALS:
            _strike(process, SIGNALS[name], chance.uniform(0.3, 4.0 if steps == "record" else 12.0))
        try:
            stdout, stderr = process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Ended(name=name, status=None, wrong=("it hangs",))
        killed = name == "SIGKILL" and process.returncode == -signal.SIGKILL
        wrong = [] if killed else list(_wrong(process.returncode, stdout, fault))
        if "Traceback" in stderr:
            wrong.append("a traceback")
        if killed:
            wrong += _recovers(home, steps)
        wrong += traces.left_by(home, is_killed=killed)
        return Ended(name=name, status=process.returncode, wrong=tuple(wrong), said=(stdout + stderr)[-_TAIL:])


def _recovers(home: Path, steps: str) -> list[str]:
    """After SIGKILL the record says so, and the next build of the same folder removes what it left."""
    traces.wait_for_end_of_processes(home)
    listed = _command(home, "runs", "list", "--output", "json")
    wrong = [] if listed.returncode == 0 else [f"runs list: {listed.stderr.strip()}"]
    after = _start(home, FAULTS["nothing"], steps)
    stdout, _ = after.communicate(timeout=LIMIT_S)
    if after.returncode or not json.loads(stdout)["result"]["outputs"]:
        wrong.append(f"the build after it ended with {after.returncode}")
    return wrong


def _start(home: Path, fault: Fault, steps: str) -> subprocess.Popen[str]:
    arguments = ["--sandbox", "--sandbox-steps", steps, *(f"--fault={rule}" for rule in fault.rules)]
    arguments += ["--state-dir", str(home / "state"), "--output", "json", *fault.arguments]
    return subprocess.Popen(
        [sys.executable, "-m", "imagesmith", "build", str(TEMPLATE), *arguments],
        env=_environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _command(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "imagesmith", *arguments, "--state-dir", str(home / "state")]
    return subprocess.run(command, env=_environment(home), capture_output=True, text=True, check=False, timeout=60)


def _environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in os.environ if name.startswith(("IMAGESMITH_", "PACKER_PLUGIN"))}
    return {**kept, "PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home / "tmp")}


def _strike(process: subprocess.Popen[str], number: signal.Signals, after_s: float) -> None:
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(number)


def _wrong(status: int, stdout: str, fault: Fault) -> tuple[str, ...]:
    if not fault.ends:
        # Before the program has installed its handler, SIGTERM ends it as it ends any program.
        return () if status in (*CANCELLED, -signal.SIGTERM) else ("this is no end of a cancelled build",)
    if status not in fault.ends:
        return (f"one of {[int(code) for code in fault.ends]} was to be expected",)
    result = json.loads(stdout)["result"]
    return () if result and fault.says in stdout else (f"nothing is said of {fault.says!r}",)


if __name__ == "__main__":
    sys.exit(main())
