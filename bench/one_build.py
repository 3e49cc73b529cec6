"""One build by imagesmith and one by Packer alone, of the same files in the same sandbox; prints both times as JSON.

Both are whole processes, in the environment that the sandbox hands to its clients: nothing is loaded beforehand, and
the sandbox, which has a process of its own, serves both alike. `ours_s` holds `start_s` (up to the run's first event:
Python, imports, Packer found, template compiled), `before_s` (from there to Packer's first word of the build) and
`after_s` (from Packer's last word to the end of the process), each a part that Packer alone does not have, but for its
own start in `before_s`. `one_build.py TEMPLATE FOLDER FIRST`: FIRST says who builds first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from imagesmith.build import target_of
from imagesmith.cli.run import cache_folder
from imagesmith.packer import packer_environment, temporary_folder
from imagesmith.pipeline import Compilation, CompileOptions, compile_template
from imagesmith.sandbox.handover import hand_over
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox
from imagesmith.toolchain import Packer, find, link_plugins
from imagesmith.world import World

IMAGESMITH = Path(sys.executable).with_name("imagesmith")


def main(template: str, folder: Path, first: str) -> None:
    """Build twice and print the times."""
    packer = find(packer=None, environment=dict(os.environ), cache=cache_folder())
    compilation = compile_template(template, options=CompileOptions(target=target_of(packer)))
    if compilation.plan is None:
        raise SystemExit(f"{template} does not compile")
    options = SandboxOptions(state=folder / "sandbox", run_id="bench")
    with Sandbox(options, environment=dict(os.environ)) as sandbox:
        sandbox.seed(compilation.plan.needs, os_type=compilation.plan.os_type.value)
        with hand_over(sandbox) as way:
            bare_s = bare_build(compilation, packer, sandbox.world, folder) if first == "packer" else 0.0
            times = our_build(template, packer, folder, way)
            bare_s = bare_s or bare_build(compilation, packer, sandbox.world, folder)
    print(json.dumps({**times, "bare_s": bare_s}))


def our_build(template: str, packer: Packer, folder: Path, way: Mapping[str, str]) -> dict[str, float]:
    """Seconds of `imagesmith build`, and of its parts."""
    state = folder / "state"
    command = [str(IMAGESMITH), "build", template, "--packer", str(packer.path), "--state-dir", str(state)]
    started, start = time.time(), time.monotonic()
    done = subprocess.run(
        command, env={**os.environ, **way}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    ours_s, ended = time.monotonic() - start, time.time()
    if done.returncode:
        raise SystemExit(f"the build failed:\n{done.stdout}{done.stderr}")
    (record,) = state.glob("runs/*/events.ndjson")
    events = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    first = next(event for event in events if event["event"] == "run-started")
    begun = next(event for event in events if event["event"] == "phase-started" and event["phase"] == "build")
    last = [event for event in events if event["event"] == "progress" and event["text"].startswith("Builds finished")]
    return {
        "ours_s": ours_s,
        "start_s": moment(first) - started,
        "before_s": moment(begun) - moment(first),
        "after_s": ended - moment(last[-1]),
    }


def moment(event: Mapping[str, str]) -> float:
    """When an event happened, in seconds since the epoch."""
    return datetime.fromisoformat(event["time"]).timestamp()


def bare_build(compilation: Compilation, packer: Packer, world: World, folder: Path) -> float:
    """Seconds of `packer build` on the compiled files."""
    compilation.write(folder / "compiled")
    private = folder / "private"
    private.mkdir()
    stage = compilation.plan.stages[0] if compilation.plan else None
    declared = {variable.name for variable in stage.variables} if stage else set()
    versions = {one.variable: "9.9.9" for one in compilation.plan.versions} if compilation.plan else {}
    made = {"intermediate_image_name": "bare", "temp_resource_group_name": "bare", "run_tags": "{}", **versions}
    given = {name: value for name, value in {**world.variables, **made}.items() if name in declared}
    with temporary_folder(private) as temporary:
        environment = packer_environment(
            world.environment,
            private=private,
            temporary=temporary,
            variables=given,
            plugin_path=link_plugins(packer.plugins, private / "plugins"),
        )
        start = time.monotonic()
        done = subprocess.run(
            [packer.path, "build", "-color=false", "."],
            cwd=folder / "compiled" / "build",
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"packer build failed:\n{done.stdout}{done.stderr}")
        return time.monotonic() - start


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
