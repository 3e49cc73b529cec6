"""What a rehearsal on a Windows machine tells of an image, and the `pwsh` of a host that takes part in it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from imagesmith.pipeline import Compilation
from imagesmith.sandbox.rehearsal import SAID, Rehearsal
from imagesmith.sandbox.windows.deprovisioning import default_script
from imagesmith.sandbox.windows.host import DISK
from imagesmith.sandbox.windows.powershell import find_powershell
from tests.lowered import compiled
from tests.windows_streams import PASSWORD, Talk, talk, write_stand_in

STEPS = (
    {"type": "PowerShell", "inline": ["msiexec /i agent.msi /qn"], "validExitCodes": [0, 3010, 1641]},
    {"type": "WindowsRestart"},
    {"type": "PowerShell", "inline": ["whoami"], "runElevated": True},
)


def plan(*steps: Mapping[str, object]) -> Compilation:
    """A Windows template of these steps."""
    return compiled({"customize": list(steps)}, windows=True)


def rehearsal_of(compilation: Compilation, exits: Mapping[str, int]) -> Rehearsal:
    """A rehearsal whose build stage has begun."""
    rehearsal = Rehearsal()
    assert compilation.plan is not None
    rehearsal.plan(compilation.plan.stages, exits)
    rehearsal.begin_stage("build")
    return rehearsal


def own(name: str) -> bytes:
    """A script of ours as the compiler writes it for Windows."""
    files = plan(*STEPS).files
    return next(content for path, content in files.items() if path.endswith(f"-{name}.ps1"))


def rehearse(folder: Path, work: Callable[[Talk], Awaitable[None]], **options: Any) -> Rehearsal:  # options of talk()
    """Do something on a machine; it is captured afterwards."""
    rehearsal: Rehearsal = options.pop("rehearsal", None) or Rehearsal()

    async def run() -> None:
        found = talk(folder, rehearsal=rehearsal, **options)
        await work(found)
        found.machine.captured()

    asyncio.run(run())
    return rehearsal


def codes(rehearsal: Rehearsal) -> list[str]:
    """What was found."""
    return [found.code for found in rehearsal.observed().diagnostics]


def report(rehearsal: Rehearsal) -> dict[str, Any]:  # JSON data
    """What the one machine says of itself."""
    machines = rehearsal.observed().details["machines"]
    assert isinstance(machines, list)
    (machine,) = machines
    return dict(machine)


async def deprovision(machine: Talk) -> str:
    """The last step of every build."""
    answer = await machine.step(own("deprovision"), user="SYSTEM")
    assert answer.code == 0
    return answer.out


async def place(machine: Talk) -> None:
    """The first one."""
    answer = await machine.step(own("place-deprovisioning"), user="SYSTEM")
    assert (answer.code, answer.out) == (0, "")


def test_the_default_script_is_placed_shown_and_generalizes(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        await place(machine)
        assert machine.files() == {"DeprovisioningScript.ps1": default_script()}
        shown = (await deprovision(machine)).splitlines()
        assert shown == [*default_script().decode().splitlines(), f"{SAID}: C:\\DeprovisioningScript.ps1"]

    rehearsal = rehearse(tmp_path, work)
    assert codes(rehearsal) == []
    machine = report(rehearsal)
    assert machine["generalized"] is True
    assert machine["name"] == "PKRVMABC"


def test_a_machine_that_nothing_generalized_is_told_of(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        await place(machine)
        await machine.upload(b"Write-Output 'nothing to do'\r\n", "c:/deprovisioningSCRIPT.ps1")
        assert "nothing to do" in await deprovision(machine)

    assert codes(rehearse(tmp_path, work)) == ["IMG920"]


def test_a_script_of_the_users_own_that_generalizes_is_enough(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        await place(machine)
        await machine.upload(
            b"& C:\\Windows\\System32\\Sysprep\\sysprep.exe /quiet /GENERALIZE", "C:\\DeprovisioningScript.ps1"
        )
        await deprovision(machine)

    assert codes(rehearse(tmp_path, work)) == []


def test_a_command_that_did_nothing_is_told_of_once(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        await deprovision(machine)
        for _ in range(2):
            assert (await machine.say("powershell Restart-Computer -Force")).code == 0
        assert machine.restarts == []

    rehearsal = rehearse(tmp_path, work)
    (found,) = rehearsal.observed().diagnostics
    assert (found.code, found.message) == ("IMG925", "'powershell Restart-Computer -Force' was recorded and not run")


def test_a_script_that_is_gone_comes_back(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        assert "is gone" in await deprovision(machine)

    assert codes(rehearse(tmp_path, work)) == []


def test_an_edit_that_was_not_made_is_told_of(tmp_path: Path) -> None:
    edit = "(Get-Content C:\\DeprovisioningScript.ps1) -replace '/quit', '/mode:vm' | Set-Content C:\\x.ps1"
    rehearsal = rehearsal_of(plan({"type": "PowerShell", "inline": [edit], "runElevated": True}), {})

    async def work(machine: Talk) -> None:
        await place(machine)
        await machine.step(edit, user="packer", password=PASSWORD)
        assert "/mode:vm" not in await deprovision(machine)

    rehearse(tmp_path, work, rehearsal=rehearsal)
    (found,) = rehearsal.observed().diagnostics
    assert (found.code, found.path) == ("IMG921", ("properties", "customize", 0))
    assert "customize[0]" in found.message


@pytest.mark.parametrize("code", [3010, 1641])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_restart_that_is_still_to_come_is_told_of(tmp_path: Path, code: int, restarted: bool) -> None:
    rehearsal = rehearsal_of(plan(*STEPS), {"customize[0]": code})

    async def work(machine: Talk) -> None:
        await place(machine)
        assert (await machine.step("msiexec /i agent.msi /qn")).code == code
        if restarted:
            machine.machine.booted()
        assert (await machine.step("whoami", user="packer", password=PASSWORD)).code == 0
        await deprovision(machine)

    rehearse(tmp_path, work, rehearsal=rehearsal)
    assert codes(rehearsal) == ([] if restarted else ["IMG922"])
    for found in rehearsal.observed().diagnostics:
        assert "customize[0]" in found.message
        assert found.path == ("properties", "customize", 0)


def test_a_step_that_is_run_again_is_the_same_step(tmp_path: Path) -> None:
    rehearsal = rehearsal_of(plan(*STEPS), {"customize[2]": 7})
    itinerary = rehearsal.begin()
    found = []
    # The codes are those of the commands; c is tried again by the name of d, and its first end is not what counts.
    for name, code in (("a", 0), ("b", 3010), ("b", 0), ("a", 0), ("c", 7), ("c", 7), ("d", 0), ("e", 0), ("f", 1)):
        found.append(step.id if (step := itinerary.step(name)) else None)
        itinerary.ended(code)
        itinerary.ended(1)  # of an upload
    assert found == [
        *("place-deprovisioning", "customize[0]", "customize[0]", "place-deprovisioning"),
        *("customize[2]", "customize[2]", "customize[2]", "deprovision", None),
    ]
    assert [itinerary.exit_code(itinerary.step(name)) for name in "abce"] == [None, None, 7, None]
    rehearsal.begin_stage("validate")
    assert rehearsal.begin().step("a") is None


def test_an_image_has_the_disk_and_another_machine_starts_on_it(tmp_path: Path) -> None:
    async def work(machine: Talk) -> None:
        await machine.upload(b"kept", "C:\\AVDImage\\x")
        await machine.upload(b"lost", "D:\\x")
        await machine.step("whoami")

    rehearse(tmp_path / "one", work)
    shutil.copytree(tmp_path / "one" / DISK, tmp_path / "two" / DISK)

    async def validate(machine: Talk) -> None:
        assert machine.machine.computer == "PKRVMXYZ"
        assert machine.files() == {"AVDImage/x": b"kept"}
        await machine.step("Test-Path C:\\AVDImage\\x")

    rehearsal = rehearse(tmp_path / "two", validate, hostname="pkrvmxyz")
    rows = (tmp_path / "two" / DISK / "journal.ndjson").read_text(encoding="utf-8").splitlines()
    assert [row.count('"row": "boots"') for row in rows].count(1) == 2
    machine = report(rehearsal)
    assert (machine["boots"], len(machine["scripts"])) == (1, 1)
    assert not (tmp_path / "two" / "D" / "x").exists()


@pytest.fixture
def stand_in(tmp_path: Path) -> str:
    """An executable of ours named pwsh."""
    program = write_stand_in(tmp_path)
    assert find_powershell({"PATH": str(program.parent)}) == str(program)
    assert find_powershell({"PATH": "/nowhere"}) is None
    return str(program)


def test_every_script_is_checked_where_pwsh_is_at_hand(tmp_path: Path, stand_in: str) -> None:
    rehearsal = rehearsal_of(plan(*STEPS), {})

    async def work(machine: Talk) -> None:
        await place(machine)
        assert (await machine.step("fine")).out == f"{SAID} (PowerShell, user packer)\r\n"
        broken = await machine.step("BROKEN 'x", user="packer", password=PASSWORD)
        assert (broken.code, broken.out) == (1, "1:5: The string is missing the terminator.\r\n")
        crashed = await machine.step("CRASH")
        assert crashed.code == 1
        assert "no such thing" in crashed.err

    rehearse(tmp_path / "m", work, rehearsal=rehearsal, powershell=stand_in)
    found = rehearsal.observed().diagnostics
    assert [one.code for one in found] == ["IMG923", "IMG923", "IMG920"]
    assert found[0].path == ("properties", "customize", 2)
    assert "customize[2]: 1:5: The string" in found[0].message


def test_a_pwsh_that_cannot_be_started_is_said(tmp_path: Path) -> None:
    program = tmp_path / "pwsh"
    program.write_bytes(b"\x7fnot a program")
    program.chmod(0o755)

    async def work(machine: Talk) -> None:
        answer = await machine.step("fine")
        assert answer.code == 1
        assert "cannot be started" in answer.err

    assert codes(rehearse(tmp_path / "m", work, powershell=str(program))) == ["IMG923", "IMG920"]


def test_a_plain_step_runs_with_pwsh_and_an_elevated_one_does_not(tmp_path: Path, stand_in: str) -> None:
    rehearsal = rehearsal_of(plan(*STEPS), {})

    async def work(machine: Talk) -> None:
        await place(machine)
        answer = await machine.step("plain", variables='$env:GREETING="good day"; ')
        assert (answer.code, answer.err) == (42, "err\n")
        assert answer.out == "out of 01-customize-0.ps1 with good day on PKRVMABC\n"
        assert machine.files()["made-by-the-script"] == b"made\n"
        assert SAID in (await machine.step("plain", user="packer", password=PASSWORD)).out

    rehearse(tmp_path / "m", work, rehearsal=rehearsal, powershell=stand_in, runs=True)
    assert rehearsal.has_run("customize[0]")
    assert not rehearsal.has_run("customize[2]")


def test_a_rehearsed_exit_code_is_instead_of_running(tmp_path: Path, stand_in: str) -> None:
    rehearsal = rehearsal_of(plan(STEPS[0]), {"customize[0]": 3010})

    async def work(machine: Talk) -> None:
        await place(machine)
        answer = await machine.step("plain")
        assert (answer.code, answer.out) == (3010, f"{SAID}: ends with 3010, as asked for\r\n")

    rehearse(tmp_path / "m", work, rehearsal=rehearsal, powershell=stand_in, runs=True)


@pytest.mark.parametrize("text", ["HANG", "BACKGROUND"])
def test_what_a_script_started_ends_with_it(tmp_path: Path, stand_in: str, text: str) -> None:
    async def work(machine: Talk) -> None:
        step = asyncio.create_task(machine.step(text))
        child = tmp_path / "m" / "child"
        while not child.exists() or not child.read_text(encoding="ascii").strip():
            await asyncio.sleep(0.02)
        if text == "HANG":
            step.cancel()
        await asyncio.wait([step])
        number = int(child.read_text(encoding="ascii"))
        while (status := Path(f"/proc/{number}/stat")).exists() and status.read_text(encoding="ascii").split()[
            2
        ] != "Z":
            await asyncio.sleep(0.02)

    rehearse(tmp_path / "m", work, powershell=stand_in, runs=True)
