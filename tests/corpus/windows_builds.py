"""Windows templates of the corpus to whole builds in a sandbox: what came of each in one row."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from imagesmith.artifacts import FetchOptions
from imagesmith.build import BuildOptions, build_image, target_of
from imagesmith.events import Event, RunResult, StepFinished
from imagesmith.model import OsType
from imagesmith.pipeline import Compilation
from imagesmith.plan import FetchKind, Stage
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox
from imagesmith.toolchain import Packer, find
from imagesmith.world import Observed
from tests.corpus.templates import EXAMPLES, compiled, filled_example, read_rows, without_updates
from tests.packers import CACHE

AT_A_TIME = 6
"""A build sleeps for most of its time."""

_STAND_INS = {FetchKind.SCRIPT: ("script.ps1", "Write-Output 'fetched'\n"), FetchKind.FILE: ("file.txt", "fetched\n")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """A template's build; with `stripped`, that of the template without its WindowsUpdate customizers."""

    file: str
    stripped: bool
    compilation: Compilation
    result: RunResult
    observed: Observed
    steps: tuple[StepFinished, ...]

    @property
    def machines(self) -> list[dict[str, object]]:
        """What its machines say of themselves."""
        found = self.observed.details["machines"]
        assert isinstance(found, list)
        return found

    @property
    def row(self) -> str:
        """One line of the table."""
        states = " ".join(sorted({step.state.value for step in self.steps}))
        boots = sum(int(str(machine["boots"])) for machine in self.machines)
        codes = " ".join([*(["without WindowsUpdate"] if self.stripped else []), *self._codes])
        return f"{self.result.state.value:10} {len(self.steps):2} {states:9} {boots} boots  {self.file[-70:]}  {codes}"

    @property
    def _codes(self) -> list[str]:
        return [found.code for found in self.result.diagnostics]


@cache
def packer_here() -> Packer:
    """The Packer that builds would use."""
    return find(packer=None, environment=os.environ, cache=CACHE)


def windows_templates() -> Iterator[tuple[str, Compilation, bool]]:
    """The Windows templates that compile for the Packer at hand, and those that do without WindowsUpdate, which Packer
    1.6.6 has no plugin for; bodies of the REST reference with their places filled."""
    target = target_of(packer_here())
    compilations = [(row.file, row.os_type, compiled(row.file, row.os_type, target)) for row in read_rows().values()]
    compilations += [(file, "", filled_example(file, target)) for file in EXAMPLES]
    for file, os_type, compilation in compilations:
        stripped = {found.code for found in compilation.diagnostics if found.is_error} == {"IMG455"}
        built = without_updates(file, os_type, target) if stripped else compilation
        if built.plan and built.plan.stages and built.plan.os_type is OsType.WINDOWS:
            yield file, built, stripped


def build_all(folder: Path) -> list[Built]:
    """Build them all; files from the network are stood in for."""
    for name, text in _STAND_INS.values():
        (folder / name).write_text(text, encoding="utf-8")
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        jobs = [
            pool.submit(_build, file, compilation, folder, folder / f"{number:02d}", stripped=stripped)
            for number, (file, compilation, stripped) in enumerate(windows_templates())
        ]
        return [job.result() for job in jobs]


def _build(file: str, compilation: Compilation, files: Path, folder: Path, *, stripped: bool) -> Built:
    plan = compilation.plan
    assert plan is not None
    plan = replace(plan, stages=tuple(map(_with_stand_ins, plan.stages)))
    # Without its document a compilation is taken for this Packer as it is.
    compilation = replace(compilation, plan=plan, document=None)
    options = SandboxOptions(state=folder / "sandbox", run_id=folder.name, os_type=plan.os_type.value)
    if plan.subscription_id:
        options = replace(options, subscription_id=plan.subscription_id)
    folder.mkdir()
    events: list[Event] = []
    with Sandbox(options, environment=os.environ) as sandbox:
        sandbox.seed(plan.needs, os_type=plan.os_type.value, location=plan.location)
        sandbox.rehearse(plan)
        result = build_image(
            compilation,
            packer=packer_here(),
            world=sandbox.world,
            run_directory=folder / "run",
            on_event=events.append,
            options=BuildOptions(
                fetch=FetchOptions(cache=folder / "cache", template_folder=files, timeout_s=10, offline=True)
            ),
        )
        observed = sandbox.world.observe()
        assert (sandbox.unknown, sandbox.failures, sandbox.refused) == ((), [], ()), file
    steps = tuple(event for event in events if isinstance(event, StepFinished))
    return Built(file=file, stripped=stripped, compilation=compilation, result=result, observed=observed, steps=steps)


def _with_stand_ins(stage: Stage) -> Stage:
    """The stage with local files in place of what the network has."""
    fetches = (replace(fetch, uri=_STAND_INS[fetch.kind][0], sha256=None) for fetch in stage.fetches)
    return replace(stage, fetches=tuple(fetches))
