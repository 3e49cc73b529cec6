"""A place for runs with a program in the place of Packer: through the library, and as a command of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagesmith.build import BuildOptions, build_image
from imagesmith.events import Event, RunResult, StepFinished
from imagesmith.lower.tuning import StepOptions
from imagesmith.packer import CancelToken
from imagesmith.pipeline import CompileOptions, compile_template
from imagesmith.targets import target_for
from imagesmith.toolchain import Packer
from imagesmith.versions import Version
from imagesmith.world import World
from tests.cases import NOW
from tests.faults import fake_packer
from tests.test_build_run import MANIFEST, SUCCESS, template, until

VERSION = [{"print": "1790000000,,version,1.6.6\n"}]
GOOD: list[dict[str, Any]] = [{"print": SUCCESS}, {"manifest": MANIFEST}]
CLEANUP = (
    "1790000020,,ui,error,Cancelling build after receiving terminated\n"
    "1790000020,,ui,say,==> azure-arm.image: \\n==> azure-arm.image: Cleanup requested%!(PACKER_COMMA) deleting"
    " resource group ...\n"
)
CLEANED = (
    "1790000021,,ui,say,==> azure-arm.image: Resource group has been deleted.\n"
    "1790000021,,ui,error,Build 'azure-arm.image' errored after 2 seconds: Build was cancelled.\n"
    "1790000021,,ui,say,Cleanly cancelled builds after being interrupted.\n"
)
IN_STEP = until(SUCCESS, "Provisioning with shell script: ") + until(
    SUCCESS[SUCCESS.index("Provisioning with shell script: ") :].partition("\n")[2], "01-install.sh"
)
"""Everything up to the first customizer, which is running."""

ERROR = "1790000012,,ui,error,==> azure-arm.image: {}\n"
LOCKED = "1790000012,,ui,message,    azure-arm.image: E: Could not get lock /var/lib/dpkg/lock-frontend.\n"
FAILED_STEP = (
    "1790000013,,ui,say,==> azure-arm.image: Provisioning step had errors: Running the cleanup"
    " provisioner%!(PACKER_COMMA) if present...\n"
    + ERROR.format("Error deleting resource. Please delete manually. ScopeLocked: following scope(s) are locked")
    + "1790000015,,ui,error,Build 'azure-arm.image' errored after 5 seconds: Script exited with non-zero exit"
    " status: 100\n"
    "1790000015,azure-arm.image,error,Script exited with non-zero exit status: 100\n"
)


def polite(*before: Mapping[str, Any], cleanup_s: float = 0.3) -> list[Any]:
    """Acts, and then waiting in the first customizer until a cancel, which takes a while to clean up."""
    stopping = [{"print": CLEANUP}, {"sleep": cleanup_s}, {"print": CLEANED}, {"exit": 1}]
    return [{"on cancel": stopping}, *before, {"print": IN_STEP}, {"hang": True}]


@dataclass(kw_only=True)
class Stand:
    """A folder with a template, a Packer that plays a scenario, and the records of its runs."""

    folder: Path
    events: list[Event] = field(default_factory=list)

    def file(self, **properties: object) -> Path:
        """The template."""
        path = self.folder / "web.json"
        path.write_text(json.dumps(template(**properties), indent=2))
        (self.folder / "agent.conf").write_text("agent = on\n")
        return path

    def packer(self, **scenario: Any) -> Path:
        """The program."""
        acts = {"version": VERSION, "validate": [], "build": GOOD}
        acts |= {name.replace("_", " "): value for name, value in scenario.items()}
        return fake_packer.install(self.folder / "bin", acts)

    def run(
        self,
        *,
        properties: Mapping[str, object] | None = None,
        steps: Mapping[str, StepOptions] | None = None,
        options: BuildOptions | None = None,
        cancel: CancelToken | None = None,
        on_event: Callable[[Event], None] = lambda _event: None,
        program: Path | None = None,
        secrets: tuple[str, ...] = (),
        **scenario: Any,
    ) -> RunResult:
        """A run through the library."""
        target = target_for(Version(1, 6, 6))
        compilation = compile_template(
            self.file(**(properties or {})),
            options=CompileOptions(target=target, now=NOW, seed="run", step_options=steps or {}),
        )
        assert compilation.ok, compilation.diagnostics
        world = World(
            name="nowhere",
            environment={"PATH": "/usr/bin:/bin"},
            subscription_id="11111111-2222-3333-4444-555555555555",
            gives_basic_public_ips=True,
            variables={f"secret_{number}": value for number, value in enumerate(secrets)},
            secrets=secrets,
        )
        path = program or self.packer(**scenario)

        def take(event: Event) -> None:
            self.events.append(event)
            on_event(event)

        return build_image(
            compilation,
            packer=Packer(path=path, version=Version(1, 6, 6), source="option"),
            world=world,
            run_directory=self.folder / "runs" / "r-0001",
            on_event=take,
            cancel=cancel,
            options=options,
        )

    def of(self, kind: type[Event]) -> list[Any]:
        """The events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def steps(self) -> dict[str, str]:
        """The steps that ended, and how."""
        return {event.step: event.state.value for event in self.events if isinstance(event, StepFinished)}

    @property
    def commands(self) -> list[str]:
        """What the program was asked to do."""
        return [call["arguments"][0] for call in fake_packer.calls(self.folder / "bin")]

    @property
    def pids(self) -> list[int]:
        """The processes that played Packer."""
        return [call["pid"] for call in fake_packer.calls(self.folder / "bin")]

    def command(self, program: Path, *arguments: str, state: str = "state") -> list[str]:
        """The command line of a build in a sandbox that keeps steps without running them."""
        return [
            sys.executable, "-m", "imagesmith", "build", "web.json", "--sandbox", "--sandbox-steps", "record",
            "--packer", str(program), "--state-dir", state, *arguments,
        ]  # fmt: skip

    def environment(self, **more: str) -> dict[str, str]:
        """Nothing of the caller's but what finds programs."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, "HOME": str(home), **more}

    def start(self, program: Path, *arguments: str, state: str = "state", **given: Any) -> subprocess.Popen[str]:
        """Start the command; it is the test that ends it."""
        options: dict[str, Any] = {
            "env": self.environment(), "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE, "text": True, "cwd": self.folder, **given,
        }  # fmt: skip
        return subprocess.Popen(self.command(program, *arguments, state=state), **options)

    def finish(self, program: Path, *arguments: str, **given: Any) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        process = self.start(program, *arguments, **given)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out or "", err or "")
