"""The budgets, each with how it is measured: a row of the table a function."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from log_path import MEBIBYTE, SECRETS, copy_log, log_of, log_path, redact_log
from rounds import alternate, best, program

from imagesmith.build import target_of
from imagesmith.cli.run import cache_folder
from imagesmith.packer import packer_environment, temporary_folder
from imagesmith.pipeline import CompileOptions, compile_document, compile_template, compile_text
from imagesmith.redact import Redactor
from imagesmith.source import load
from imagesmith.toolchain import Packer, find, link_plugins

ROOT = Path(__file__).resolve().parent.parent
TYPICAL = ROOT / "examples/web-server.json"
_PACKER_SLEEPS_S = 10
"""5 s before Packer's first check of a connection, and 5 s in each `windows-restart` (winrm.md §0)."""
IMAGESMITH = (str(Path(sys.executable).with_name("imagesmith")),)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What was measured, what came out, what it may be, and whether it is."""

    what: str
    measured: str
    budget: str
    kept: bool


def packer_at_hand() -> Packer:
    """The Packer that a build would use. Raises ToolchainError where there is none."""
    return find(packer=None, environment=dict(os.environ), cache=cache_folder())


def validate_and_packer(packer: Packer) -> Row:
    """Whole processes: our `validate` of a template, Packer's of what it compiles to."""
    with tempfile.TemporaryDirectory(prefix="bench-") as text:
        folder = Path(text)
        compilation = compile_template(TYPICAL, options=CompileOptions(target=target_of(packer)))
        compilation.write(folder / "out")
        plan = json.loads((folder / "out/plan.json").read_text(encoding="utf-8"))
        values = {name: one["value"] for name, one in plan["stages"][0]["variables"].items()}
        given = [f"-var={name}={value}" for name, value in values.items() if value is not None]
        plugins = link_plugins(packer.plugins, folder / "plugins")
        with temporary_folder(folder) as temporary:
            environment = packer_environment(
                os.environ, private=folder, temporary=temporary, variables={}, plugin_path=plugins
            )
            pair = alternate(
                lambda: program([*IMAGESMITH, "validate", str(TYPICAL)]),
                lambda: program(
                    [str(packer.path), "validate", *given, "."],
                    environment=environment,
                    folder=folder / "out/build",
                ),
                rounds=11,
            )
    return Row(
        what="`imagesmith validate`, part of the time of `packer validate` of the compiled build stage",
        measured=f"{pair.ratio:.2f} ({_ms(pair.ours_s)} to {_ms(pair.theirs_s)})",
        budget="below 0.4",
        kept=pair.ratio < 0.4,
    )


def validate_and_python(_packer: Packer) -> Row:
    """Whole processes: our `validate`, and a Python that does nothing."""
    pair = alternate(
        lambda: program([*IMAGESMITH, "validate", str(TYPICAL)]),
        lambda: program([sys.executable, "-c", "pass"]),
        rounds=21,
    )
    return Row(
        what="`imagesmith validate`, in starts of a bare Python",
        measured=f"{pair.ratio:.1f} ({_ms(pair.ours_s)} to {_ms(pair.theirs_s)})",
        budget="below 10",
        kept=pair.ratio < 10,
    )


def loaded_template(_packer: Packer) -> Row:
    """In the process: everything after reading, with all files."""
    document = load(TYPICAL)
    taken_s = best(lambda: compile_document(document, options=CompileOptions()), rounds=101)
    return Row(
        what="compile of a loaded template, all files included",
        measured=f"{taken_s * 1000:.1f} ms",
        budget="below 5 ms",
        kept=taken_s < 0.005,
    )


def thousand_customizers(_packer: Packer) -> Row:
    """In the process: text to files."""
    data = json.loads(TYPICAL.read_text(encoding="utf-8"))
    data["properties"]["customize"] = [
        {"type": "Shell", "name": f"Step {number}", "inline": [f"echo {number}", "true"]} for number in range(1000)
    ]
    text = json.dumps(data, indent=2)

    def work() -> None:
        if not compile_text(text, filename="thousand.json").ok:
            raise SystemExit("the template with 1,000 customizers does not compile")

    taken_s = best(work, rounds=7)
    return Row(
        what="validate and compile of a template with 1,000 customizers",
        measured=f"{taken_s:.2f} s",
        budget="below 0.5 s",
        kept=taken_s < 0.5,
    )


def five_thousand_customizers(_packer: Packer) -> Row:
    """A whole process: a file to a folder of files."""
    from templates import with_steps

    with tempfile.TemporaryDirectory(prefix="bench-") as text:
        file = Path(text) / "five-thousand.json"
        file.write_text(with_steps(5_000), encoding="utf-8")
        taken_s = best(lambda: program([*IMAGESMITH, "compile", str(file), "-o", f"{text}/out"]), rounds=5)
    return Row(
        what="`imagesmith compile` of a template with 5,000 customizers, all files written",
        measured=f"{taken_s:.1f} s",
        budget="below 2 s",
        kept=taken_s < 2,
    )


def one_megabyte(_packer: Packer) -> Row:
    """In the process: text to diagnostics and files."""
    from templates import deployment_of

    text = deployment_of(1_000_000)

    def work() -> None:
        if not compile_text(text, filename="megabyte.json").ok:
            raise SystemExit("the deployment file of 1 MB does not compile")

    taken_s = best(work, rounds=7)
    return Row(
        what=f"validate and compile of an ARM deployment file of {len(text) / 1e6:.2f} MB",
        measured=f"{taken_s:.2f} s",
        budget="below 0.5 s",
        kept=taken_s < 0.5,
    )


def growth_with_steps(_packer: Packer) -> Row:
    """In the process: what a step costs among 10,000, in what it costs among 1,000; drawn as bench/growth.svg."""
    from growth import PICTURE, draw, measure

    times = measure()
    PICTURE.write_text(draw(times), encoding="utf-8")
    ratio = max(row[3] / (10 * row[2]) for row in times.values())
    return Row(
        what="what a step costs among 10,000 steps, in what it costs among 1,000 ([drawn](bench/growth.svg))",
        measured=f"{ratio:.2f}",
        budget="below 1.5",
        kept=ratio < 1.5,
    )


def fifty_files(_packer: Packer) -> Row:
    """A whole process: 50 templates and 50 parameter files in one call, with a baseline."""
    with tempfile.TemporaryDirectory(prefix="bench-") as text:
        folder = Path(text)
        for number in range(50):
            (folder / f"{number}.json").write_text(TYPICAL.read_text(encoding="utf-8"), encoding="utf-8")
            (folder / f"{number}.values.json").write_text('{"parameters": {}}', encoding="utf-8")
        many = [*IMAGESMITH, "validate", f"{text}/**/*.json", "--skip-others"]
        program([*many, "--write-baseline", f"{text}/known.json"])
        pair = alternate(
            lambda: program([*many, "--baseline", f"{text}/known.json"]),
            lambda: program([*IMAGESMITH, "validate", str(TYPICAL)]),
            rounds=7,
        )
    return Row(
        what="`imagesmith validate` of 50 templates among 100 files with a baseline, in such calls for one template",
        measured=f"{pair.ratio:.1f} ({_ms(pair.ours_s)} to {_ms(pair.theirs_s)})",
        budget="below 10",
        kept=pair.ratio < 10,
    )


def log_rate(_packer: Packer) -> Row:
    """In the process: lines of a pipe to the log and the journal, and the same lines only split and written."""
    lines = 20_000
    chunks = list(log_of(lines))
    with log_path() as send:
        send(chunks)
        pair = alternate(lambda: send(chunks), lambda: copy_log(chunks), rounds=15)
        rate = lines / min(best(lambda: send(chunks), rounds=15), pair.ours_s)
    return Row(
        what="lines of Packer's log a second to `packer.log` and the journal: split, parsed, tracked, 50 secrets "
        "redacted in all encodings, written",
        measured=f"{rate:,.0f}, {pair.ratio:.1f} times as long as splitting and writing them takes",
        budget="at least 200,000",
        kept=rate >= 200_000,
    )


def redaction_rate(_packer: Packer) -> Row:
    """In the process: the redaction of lines alone, and a copy of them."""
    redactor, lines = Redactor(SECRETS), 50_000
    chunks = list(log_of(lines))
    pair = alternate(lambda: redact_log(chunks, redactor), lambda: copy_log(chunks), rounds=7)
    rate = lines / best(lambda: redact_log(chunks, redactor), rounds=5)
    return Row(
        what="redaction alone of the same lines a second, one by one",
        measured=f"{rate:,.0f}, {pair.ratio:.2f} of the time that splitting and writing them takes",
        budget="at least 200,000",
        kept=rate >= 200_000,
    )


def log_memory(_packer: Packer) -> Row:
    """Whole processes: the peak of memory for a hundred times the log."""
    few, many = (int(program([sys.executable, str(ROOT / "bench/log_path.py"), size])) for size in ("10", "1000"))
    return Row(
        what="peak memory of that for a log of 1 GB, in peaks for 10 MB",
        measured=f"{many / few:.2f} ({many / 1024:.0f} MiB to {few / 1024:.0f} MiB)",
        budget="below 1.1",
        kept=many / few < 1.1,
    )


def flood_memory(_packer: Packer) -> Row:
    """Whole processes: `imagesmith build` in a sandbox, with a program in Packer's place whose first step prints."""
    from flood import flood

    few, many = flood(10 * MEBIBYTE), flood(1000 * MEBIBYTE)
    ratio = many.peak_kib / few.peak_kib
    return Row(
        what="peak memory of `imagesmith build` with a Packer that prints 1 GB, in peaks for 10 MB",
        measured=f"{ratio:.2f} ({many.peak_kib / 1024:.0f} MiB to {few.peak_kib / 1024:.0f} MiB), "
        f"{many.lines / 1e6:.0f} million lines in {many.duration_s:.0f} s",
        budget="below 1.1",
        kept=ratio < 1.1,
    )


def sandbox_build(_packer: Packer) -> Row:
    """A whole process: sandbox started, machine, three steps, capture, gallery version, sandbox ended."""
    with tempfile.TemporaryDirectory(prefix="bench-") as text:
        template = three_steps(Path(text))
        command = [*IMAGESMITH, "build", str(template), "--sandbox", "--state-dir", f"{text}/state"]
        taken_s = best(lambda: program(command), rounds=5)
    return Row(
        what="`imagesmith build --sandbox` of three steps, the sandbox's start and end included",
        measured=f"{taken_s:.1f} s",
        budget="below 5 s",
        kept=taken_s < 5,
    )


def windows_rehearsal(_packer: Packer) -> Row:
    """A whole process: sandbox started, key vault, three steps and a restart on a Windows machine, capture, gallery."""
    with tempfile.TemporaryDirectory(prefix="bench-") as text:
        template = three_windows_steps(Path(text))
        command = [*IMAGESMITH, "build", str(template), "--sandbox", "--state-dir", f"{text}/state"]
        taken_s = best(lambda: program(command), rounds=3)
    beyond_s = taken_s - _PACKER_SLEEPS_S
    return Row(
        what="`imagesmith build --sandbox` of a Windows template with three steps and a restart, beyond the "
        f"{_PACKER_SLEEPS_S} s for which Packer itself sleeps",
        measured=f"{beyond_s:.1f} s",
        budget="below 3 s",
        kept=beyond_s < 3,
    )


def build_and_packer(_packer: Packer) -> Row:
    """Whole processes: `imagesmith build`, and `packer build` of the same files in the same sandbox."""
    times = list(_builds(rounds=16))
    extra_s = median(one["ours_s"] - one["bare_s"] for one in times)
    ours_s, bare_s, start_s, after_s = (
        median(one[name] for one in times) for name in ("ours_s", "bare_s", "start_s", "after_s")
    )
    return Row(
        what="what `imagesmith build` takes beyond `packer build` of the same files in the same sandbox, "
        "whose start is not counted",
        measured=f"{extra_s:.2f} s ({ours_s:.1f} s to {bare_s:.1f} s), of it {start_s:.2f} s up to the compiled files, "
        f"{after_s:.2f} s after Packer's end",
        budget="below 0.5 s",
        kept=extra_s < 0.5,
    )


def build_in_percent(_packer: Packer) -> Row:
    """The same for a build that lasts about half a minute, nearly all of it in a step; the shortest that is likely."""
    times = list(_builds(rounds=3, sleep_s=26))
    share = median(one["ours_s"] / one["bare_s"] - 1 for one in times)
    ours_s, bare_s = (median(one[name] for one in times) for name in ("ours_s", "bare_s"))
    return Row(
        what="the same for a build of half a minute, in percent of what `packer build` takes",
        measured=f"{share * 100:.1f} % ({ours_s:.1f} s to {bare_s:.1f} s)",
        budget="below 2 %",
        kept=share < 0.02,
    )


def _builds(*, rounds: int, sleep_s: int = 0) -> Iterator[dict[str, float]]:
    for number in range(rounds):
        with tempfile.TemporaryDirectory(prefix="bench-") as text:
            template = three_steps(Path(text), sleep_s=sleep_s)
            first = "packer" if number % 2 else "imagesmith"
            child = [sys.executable, str(Path(__file__).with_name("one_build.py")), str(template), text, first]
            shown: dict[str, float] = json.loads(program(child))
            yield shown


def three_steps(folder: Path, *, sleep_s: int = 0) -> Path:
    """A template with three steps and a gallery version, and nothing to validate; the last step sleeps."""
    data = json.loads(TYPICAL.read_text(encoding="utf-8"))
    del data["properties"]["validate"]
    data["properties"]["customize"] = [
        {"type": "Shell", "name": f"Step {number}", "inline": [f"echo {number} | sudo tee /etc/step-{number}"]}
        for number in range(3)
    ]
    if sleep_s:
        data["properties"]["customize"][-1]["inline"].append(f"sleep {sleep_s}")
    path = folder / "three-steps.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def three_windows_steps(folder: Path) -> Path:
    """The same for Windows, with a restart."""
    data = json.loads(three_steps(folder).read_text(encoding="utf-8"))
    data["properties"]["source"] |= {
        "publisher": "MicrosoftWindowsServer",
        "offer": "WindowsServer",
        "sku": "2022-datacenter-g2",
        "version": "latest",
    }
    steps = [{"type": "PowerShell", "name": f"Step {number}", "inline": [f"echo {number}"]} for number in range(3)]
    data["properties"]["customize"] = [*steps, {"type": "WindowsRestart"}]
    path = folder / "three-windows-steps.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


BUDGETS = (
    validate_and_packer,
    validate_and_python,
    loaded_template,
    thousand_customizers,
    five_thousand_customizers,
    one_megabyte,
    growth_with_steps,
    fifty_files,
    log_rate,
    redaction_rate,
    log_memory,
    flood_memory,
    sandbox_build,
    windows_rehearsal,
    build_and_packer,
    build_in_percent,
)
