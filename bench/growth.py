"""How the cost of a template grows with its steps: measured by `make bench`, drawn as bench/growth.svg.

`growth.py` alone measures and draws. Both axes are logarithmic, so that a cost that grows as the steps do is a straight
line that rises as the dashed one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PICTURE = Path(__file__).with_name("growth.svg")
COUNTS = (10, 100, 1_000, 10_000)
_FONT = 'font-family="sans-serif" font-size="13"'
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 640, 400, 80, 40, 40, 56


def measure() -> Mapping[str, Sequence[float]]:
    """Processor seconds for each of `COUNTS`, as the program spends them: text to diagnostics, and to all files."""
    from imagesmith.cli import spare_collector
    from templates import with_steps

    spare_collector()
    times: dict[str, list[float]] = {"validate": [], "compile": []}
    for count in COUNTS:
        text = with_steps(count)
        for name, check_only in (("validate", True), ("compile", False)):
            times[name].append(min(_seconds(text, check_only=check_only) for _ in range(3 if count > 1_000 else 7)))
    return times


def _seconds(text: str, *, check_only: bool) -> float:
    from imagesmith.pipeline import CompileOptions, compile_text

    start = time.process_time()
    compile_text(text, filename="steps.json", options=CompileOptions(check_only=check_only))
    return time.process_time() - start


def draw(times: Mapping[str, Sequence[float]]) -> str:
    """The picture: a line for each measurement, and a dashed one for a cost that grows exactly as the steps do."""
    seconds = [second for row in times.values() for second in row]
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
    first, last = math.log10(COUNTS[0]), math.log10(COUNTS[-1])

    def place(count: float, second: float) -> tuple[float, float]:
        x = _LEFT + (math.log10(count) - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)
        y = _TOP + (high - math.log10(second)) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)
        return round(x, 1), round(y, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_FONT}>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">Processor seconds for a template with 10 to 10,000 steps</text>',
    ]
    for power in range(low, high + 1):
        x, y = place(COUNTS[0], 10.0**power)
        parts.append(f'<line x1="{x}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 8}" y="{y + 4}" text-anchor="end">{10.0**power:g} s</text>')
    for count in COUNTS:
        x, y = place(count, 10.0**low)
        parts.append(f'<text x="{x}" y="{y + 20}" text-anchor="middle">{count:,}</text>')
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 12}" text-anchor="middle">steps</text>')
    slope = [place(count, max(row[2] for row in times.values()) / COUNTS[2] * count) for count in COUNTS[1:]]
    parts.append(_line(slope, "#999", dashed=True))
    for (name, row), color in zip(times.items(), ("#0b6e4f", "#1f4e9c"), strict=True):
        points = [place(count, second) for count, second in zip(COUNTS, row, strict=True)]
        parts.append(_line(points, color))
        parts += [f'<circle cx="{x}" cy="{y}" r="3.5" fill="{color}"/>' for x, y in points]
        x, y = points[1]
        shift = -14 if name == "compile" else 22
        parts.append(f'<text x="{x}" y="{y + shift}" fill="{color}" text-anchor="middle">{name}</text>')
    return "\n".join((*parts, "</svg>", ""))


def _line(points: Sequence[tuple[float, float]], color: str, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    listed = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{listed}" fill="none" stroke="{color}" stroke-width="2"{dash}/>'


if __name__ == "__main__":
    measured = measure()
    PICTURE.write_text(draw(measured), encoding="utf-8")
    for name, row in measured.items():
        print(name, ", ".join(f"{count:,}: {second:.3f} s" for count, second in zip(COUNTS, row, strict=True)))
