"""`make endurance`: many sandbox builds in a row, each with a random bad day of Azure or a signal at a random moment.

Every build has to come to an end that its fault calls for, in bounded time, and may leave no process and no file
outside of its run's folder. The seed is printed, so that a row that fails can be had again.
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
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.cloud_faults import FAULTS, Fault  # noqa: E402 - found by the line above
from tests.processes import working_in  # noqa: E402

TEMPLATE = ROOT / "examples" / "web-server.json"
LIMIT_S = 240
CANCELLED = (143, 0)
"""How a build ends that got SIGTERM: cancelled, or done before it came."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How one build ended, and what is wrong about it."""

    name: str
    status: int | None
    seconds: float
    wrong: tuple[str, ...]


def main() -> int:
    """Run the builds and print a table; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--builds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311 - no secret
    given = parser.parse_args()
    print(f"{given.builds} builds, seed {given.seed}", flush=True)
    chance = random.Random(given.seed)  # noqa: S311 - to be had again
    counts: Counter[str] = Counter()
    failed: list[Ended] = []
    for number in range(1, given.builds + 1):
        ended = one_build(chance)
        counts[f"{ended.name}: {ended.status}"] += 1
        if ended.wrong:
            failed.append(ended)
            print(f"{number}: {ended.name} ended with {ended.status}: {'; '.join(ended.wrong)}", flush=True)
    for text, count in sorted(counts.items()):
        print(f"{count:4} {text}")
    print(f"{given.builds - len(failed)} of {given.builds} builds ended as their fault calls for")
    return 1 if failed else 0


def one_build(chance: random.Random) -> Ended:
    """A build that meets a fault from the table, or a signal after a random time."""
    name = chance.choice([*FAULTS, "SIGTERM", "SIGTERM", "SIGTERM"])
    fault = FAULTS.get(name, Fault(rules=(), ends=()))
    with tempfile.TemporaryDirectory(prefix="endurance-") as folder:
        home = Path(folder)
        scratch = home / "tmp"
        scratch.mkdir()
        started = time.monotonic()
        process = _start(home, fault)
        if name == "SIGTERM":
            _strike(process, chance.uniform(0.3, 4.0))
        try:
            stdout, stderr = process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Ended(name=name, status=None, seconds=LIMIT_S, wrong=("it hangs",))
        wrong = list(_wrong(process.returncode, stdout, fault))
        wrong += [f"process {number} is left" for number in working_in(home)]
        wrong += [f"{entry.name} is left in TMPDIR" for entry in scratch.iterdir()]
        if "Traceback" in stderr:
            wrong.append("a traceback")
        return Ended(name=name, status=process.returncode, seconds=time.monotonic() - started, wrong=tuple(wrong))


def _start(home: Path, fault: Fault) -> subprocess.Popen[str]:
    arguments = ["--sandbox", "--sandbox-steps", "record", *(f"--fault={rule}" for rule in fault.rules)]
    arguments += ["--state-dir", str(home / "state"), "--output", "json", *fault.arguments]
    kept = {name: os.environ[name] for name in os.environ if name.startswith(("IMAGESMITH_", "PACKER_PLUGIN"))}
    return subprocess.Popen(
        [sys.executable, "-m", "imagesmith", "build", str(TEMPLATE), *arguments],
        env={**kept, "PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home / "tmp")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _strike(process: subprocess.Popen[str], after_s: float) -> None:
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)


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
