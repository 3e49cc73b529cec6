"""Every Windows template of the corpus that compiles is built in the sandbox with the Packer at hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imagesmith.build import target_of
from imagesmith.events import RunState, StepState
from imagesmith.model import OsType, WindowsUpdate
from imagesmith.targets import NEWEST
from tests.corpus.templates import compiled, read_rows
from tests.corpus.windows_builds import Built, build_all, packer_here
from tests.tables import WINDOWS


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> list[Built]:
    """All builds, several at a time."""
    return build_all(tmp_path_factory.mktemp("windows"))


def test_each_build_succeeds_with_its_steps_recorded(
    builds: list[Built], record_property: Callable[[str, object], None]
) -> None:
    """Each step of each template, in order, and an image at the end."""
    assert builds
    for built in builds:
        record_property(WINDOWS, built.row)
    wrong = [(built.file, built.result.message) for built in builds if built.result.state is not RunState.SUCCEEDED]
    assert wrong == []
    for built in builds:
        assert built.compilation.plan is not None
        planned = [step.id for stage in built.compilation.plan.stages for step in stage.steps]
        assert [step.step for step in built.steps] == planned, built.file
        assert {step.state for step in built.steps} == {StepState.RECORDED}


def test_each_machine_was_generalized_and_had_no_unknown_command(builds: list[Built]) -> None:
    """The first machine of a build; that of the validators is no image's."""
    for built in builds:
        first, *_ = built.machines
        assert first["generalized"] is True, built.file
        # A restart check may be any command of a user's.
        checks = [row["line"] for machine in built.machines for row in machine["unknown"]]  # type: ignore[attr-defined]
        assert not [line for line in checks if "packer" in line.lower()], built.file


def test_each_scripted_step_is_known_by_its_place(builds: list[Built]) -> None:
    """The plan's script steps are the machines' scripts, one for one."""
    for built in builds:
        assert built.compilation.plan is not None
        planned = [
            step.id
            for stage in built.compilation.plan.stages
            for step in stage.steps
            if step.blocks[0].labels[0] == "powershell"
        ]
        scripts = [row["step"] for machine in built.machines for row in machine["scripts"]]  # type: ignore[attr-defined]
        assert scripts == planned, built.file


def test_a_template_with_updates_is_built_where_packer_has_the_plugin(builds: list[Built]) -> None:
    """Without it the compiler says so, and the template is built as if it had none."""
    names = {built.file for built in builds if not built.stripped}
    target = target_of(packer_here())
    updating = [
        row.file
        for row in read_rows().values()
        if (newest := compiled(row.file, row.os_type, NEWEST)).template
        and newest.ok
        and newest.plan
        and newest.plan.os_type is OsType.WINDOWS
        and any(isinstance(item, WindowsUpdate) for item in newest.template.customize)
    ]
    assert updating
    for file in updating:
        here = compiled(file, read_rows()[file].os_type, target)
        refused = any(found.code == "IMG455" for found in here.diagnostics)
        assert (file in names) != refused
