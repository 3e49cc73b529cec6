"""One build by imagesmith and one by Packer alone, of the same files in the same sandbox; prints both times as JSON.

`ours_s` holds `start_s` (Python, imports, Packer found, template compiled) and `check_s` (`packer validate`).
`one_build.py TEMPLATE FOLDER STARTED FIRST`: STARTED is `time.monotonic()` before this process was started, so that
imagesmith's own start counts; FIRST says who builds first. Only the sandbox's start does not count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import azure.identity  # noqa: F401 - a build against Azure loads it too, so it is counted before the sandbox does

from imagesmith.build import build_image, target_of
from imagesmith.cli.run import cache_folder
from imagesmith.events import Event, PhaseFinished
from imagesmith.packer import packer_environment, temporary_folder
from imagesmith.pipeline import Compilation, CompileOptions, compile_template
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox
from imagesmith.toolchain import Packer, find, link_plugins
from imagesmith.world import World


def main(template: str, folder: Path, started: float, first: str) -> None:
    """Build twice and print the times."""
    packer = find(packer=None, environment=dict(os.environ), cache=cache_folder())
    compilation = compile_template(template, options=CompileOptions(target=target_of(packer)))
    if compilation.plan is None:
        raise SystemExit(f"{template} does not compile")
    before_s = time.monotonic() - started
    with Sandbox(SandboxOptions(state=folder / "sandbox", run_id="bench"), environment=dict(os.environ)) as sandbox:
        sandbox.seed(compilation.plan.needs, os_type=compilation.plan.os_type.value)
        world = sandbox.world
        bare_s = bare_build(compilation, packer, world, folder) if first == "packer" else 0.0
        start = time.monotonic()
        phases: dict[str, float] = {}

        def on_event(event: Event) -> None:
            if isinstance(event, PhaseFinished):
                phases[event.phase] = event.duration_s

        result = build_image(compilation, packer=packer, world=world, run_directory=folder / "run", on_event=on_event)
        ours_s = before_s + time.monotonic() - start
        if result.exit_code:
            raise SystemExit(f"the build failed: {result.message}")
        bare_s = bare_s or bare_build(compilation, packer, world, folder)
    print(json.dumps({"ours_s": ours_s, "bare_s": bare_s, "start_s": before_s, "check_s": phases["check"]}))


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
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
