"""`make bench`: measures every budget in one run and prints the table; `--write` keeps it for the README.

Whatever has two sides is timed turn by turn, and the median of the ratios (or differences) is shown; whatever stands
alone is timed several times, and the best is shown. Exit code 1 says that a budget is
not kept.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

from budgets import BUDGETS, ROOT, Row, packer_at_hand

from imagesmith.toolchain import Packer

RESULTS = Path(__file__).with_name("results.md")
README = ROOT / "README.md"
BEGIN, END = "<!-- bench: begin -->\n", "<!-- bench: end -->\n"


def main() -> int:
    """Measure, print, and write if asked to."""
    arguments = argparse.ArgumentParser(description="Measure the budgets.")
    arguments.add_argument("--write", action="store_true", help="write bench/results.md and README's table")
    arguments.add_argument("--only", metavar="NAME", help="measure the budgets whose function's name holds NAME")
    given = arguments.parse_args()
    packer = packer_at_hand()
    rows = []
    for budget in BUDGETS:
        if given.only is None or given.only in budget.__name__:
            rows.append(budget(packer))
            print(f"{'kept  ' if rows[-1].kept else 'MISSED'} {budget.__name__}: {rows[-1].measured}", file=sys.stderr)
    text = f"{table(rows)}\n{machine(packer)}\n"
    print(text, end="")
    if given.write:
        RESULTS.write_text(text, encoding="utf-8")
        put_into_readme(text)
    return 0 if all(row.kept for row in rows) else 1


def table(rows: list[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| what | measured | budget | kept |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.measured} | {row.budget} | {'yes' if row.kept else 'no'} |" for row in rows]
    return "".join(f"{line}\n" for line in lines)


def machine(packer: Packer) -> str:
    """Where it was measured, in one sentence."""
    return (
        f"Measured on {_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, Packer {packer.version}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "a processor without a name"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def put_into_readme(text: str) -> None:
    """Replace what stands between README's markers."""
    readme = README.read_text(encoding="utf-8")
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    README.write_text(f"{before}{begin}{text}{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
