"""Two things timed turn by turn, so that what else the machine does hits both alike."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Median seconds of two things, and the median of their ratios, round by round."""

    ours_s: float
    theirs_s: float
    ratio: float


def alternate(ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int) -> Pair:
    """Time both in every round, the first one last in every second round."""
    times: list[tuple[float, float]] = []
    for number in range(rounds):
        if number % 2:
            second, first = seconds(theirs), seconds(ours)
            times.append((first, second))
        else:
            times.append((seconds(ours), seconds(theirs)))
    return Pair(
        ours_s=median(first for first, _ in times),
        theirs_s=median(second for _, second in times),
        ratio=median(first / second for first, second in times),
    )


def best(work: Callable[[], object], *, rounds: int) -> float:
    """The fewest seconds that a thing took: what it needs where nothing else disturbs it."""
    return min(seconds(work) for _ in range(rounds))


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def program(
    arguments: Sequence[str], *, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> str:
    """Run a program that must succeed; what it prints on stdout."""
    done = subprocess.run(
        list(arguments),
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
