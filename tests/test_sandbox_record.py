"""Machines that run nothing: uploads are kept, Packer's own commands answered, everything else written down."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncssh
import pytest

from imagesmith.lower.passing import PASSED_OVER, passing_shell
from imagesmith.sandbox.machine import MachineSpec
from imagesmith.sandbox.machine.port import Port
from imagesmith.sandbox.machine.record import RecordingMachines
from imagesmith.sandbox.rehearsal import SAID, Rehearsal
from imagesmith.sandbox.state import StateFolder
from tests.lowered import compiled

KEY = asyncssh.generate_private_key("ssh-ed25519")
OTHER = asyncssh.generate_private_key("ssh-ed25519")


def spec(name: str = "m", *, image: str = "recorded:x", password: str | None = None) -> MachineSpec:
    public = KEY.export_public_key().decode().strip()
    return MachineSpec(name=name, hostname="h", user="packer", keys=(public,), image=image, password=password)


def with_machine(
    tmp_path: Path,
    work: Callable[[asyncssh.SSHClientConnection, RecordingMachines], Awaitable[None]],
    rehearsal: Rehearsal | None = None,
) -> Path:
    """Run `work` on a connection to a machine; the machine's folder in the state folder."""

    async def run() -> None:
        machines = RecordingMachines(state=StateFolder.open(tmp_path / "state"), note="", rehearsal=rehearsal)
        await machines.start(spec())
        port = Port(machines, lambda: "m")
        await port.start()
        try:
            async with asyncssh.connect(
                "127.0.0.1", port.number, username="packer", client_keys=[KEY], known_hosts=None, config=None
            ) as connection:
                await work(connection, machines)
        finally:
            await port.stop()

    asyncio.run(run())
    return tmp_path / "state" / "machines" / "m"


def test_a_step_is_kept_and_said_not_to_be_run(tmp_path: Path) -> None:
    script = tmp_path / "install.sh"
    script.write_text("#!/bin/sh\ntouch /should-not-exist\n", encoding="utf-8")
    command = "chmod +x /tmp/script_1.sh; PACKER_BUILD_NAME='image' sudo -n -E /tmp/script_1.sh"

    async def work(connection: asyncssh.SSHClientConnection, _: RecordingMachines) -> None:
        await asyncssh.scp(script, (connection, "/tmp/script_1.sh"))
        assert (await connection.run("chmod 0755 /tmp/script_1.sh")).exit_status == 0
        ran = await connection.run(command)
        assert (ran.exit_status, ran.stdout) == (0, SAID + "\n")
        assert (await connection.run("rm -f /tmp/script_1.sh")).exit_status == 0

    folder = with_machine(tmp_path, work)
    rows = [json.loads(line) for line in (folder / "steps.ndjson").read_text(encoding="utf-8").splitlines()]
    assert [(row["command"], row["files"]) for row in rows] == [(command, {"/tmp/script_1.sh": "01-script_1.sh"})]
    assert (folder / "steps" / "01-script_1.sh").read_bytes() == script.read_bytes()
    assert list((folder / "fs" / "tmp").iterdir()) == []


def test_packers_own_commands_end_in_a_line_end_and_are_done(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("true\n", encoding="utf-8")

    async def work(connection: asyncssh.SSHClientConnection, _: RecordingMachines) -> None:
        await asyncssh.scp(tmp_path / "a.sh", (connection, "/tmp/script_1.sh"))
        for command in ("chmod 0755 /tmp/script_1.sh\n", "rm -f /tmp/script_1.sh\n", "rm -f \n"):
            assert (await connection.run(command)).stdout == ""

    folder = with_machine(tmp_path, work)
    assert not (folder / "steps.ndjson").exists()
    assert list((folder / "fs" / "tmp").iterdir()) == []


def test_a_step_ends_as_the_rehearsal_asks(tmp_path: Path) -> None:
    compilation = compiled({"customize": [{"type": "Shell", "inline": ["a"]}, {"type": "Shell", "inline": ["b"]}]})
    rehearsal = Rehearsal()
    assert compilation.plan is not None
    rehearsal.plan(compilation.plan.stages, {"customize[1]": 9})
    rehearsal.begin_stage("build")

    async def work(connection: asyncssh.SSHClientConnection, _: RecordingMachines) -> None:
        for name, expected in (("place", 0), ("one", 0), ("two", 9), ("two", 9), ("two-by-another-name", 9)):
            ran = await connection.run(f"chmod +x /tmp/{name}; /tmp/{name}\n")
            assert ran.exit_status == expected, name

    with_machine(tmp_path, work, rehearsal)


def test_a_step_that_is_passed_over_ends_well_after_its_retries(tmp_path: Path) -> None:
    compilation = compiled({"customize": [{"type": "Shell", "inline": ["a"]}, {"type": "Shell", "inline": ["b"]}]})
    rehearsal = Rehearsal()
    assert compilation.plan is not None
    rehearsal.plan(compilation.plan.stages, {"customize[0]": 9})
    rehearsal.begin_stage("build")

    async def work(connection: asyncssh.SSHClientConnection, _: RecordingMachines) -> None:
        assert (await connection.run("/tmp/place\n")).exit_status == 0
        for number, expected in enumerate((9, 9, 0)):
            ran = await connection.run(passing_shell(f"/tmp/one-{number}", "customize[0]", retries=2))
            assert (ran.exit_status, f"{PASSED_OVER} 9\n" in str(ran.stdout)) == (expected, expected == 0)
        ran = await connection.run(passing_shell("/tmp/two", "customize[1]", retries=0))
        assert (ran.exit_status, ran.stdout) == (0, f"{SAID}\n")

    with_machine(tmp_path, work, rehearsal)


@pytest.mark.parametrize("over", ["scp", "sftp"])
def test_files_arrive_where_they_would(tmp_path: Path, over: str) -> None:
    content = bytes(range(256)) * 4096
    (tmp_path / "agent.conf").write_bytes(content)

    async def work(connection: asyncssh.SSHClientConnection, _: RecordingMachines) -> None:
        if over == "scp":
            await asyncssh.scp(tmp_path / "agent.conf", (connection, "/opt/contoso/agent.conf"))
            await asyncssh.scp(tmp_path / "agent.conf", (connection, "at-home.conf"))
        else:
            async with connection.start_sftp_client() as files:
                await files.makedirs("/opt/contoso")
                await files.put(str(tmp_path / "agent.conf"), "/opt/contoso/agent.conf")
                await files.put(str(tmp_path / "agent.conf"), "at-home.conf")

    folder = with_machine(tmp_path, work)
    assert (folder / "fs/opt/contoso/agent.conf").read_bytes() == content
    assert (folder / "fs/home/packer/at-home.conf").read_bytes() == content


def test_no_path_leads_out_of_the_tree(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("precious", encoding="utf-8")
    (tmp_path / "evil").write_text("x", encoding="utf-8")

    async def work(connection: asyncssh.SSHClientConnection, _: RecordingMachines) -> None:
        await connection.run(f"rm -rf ../../../../../../..{tmp_path}/outside /../../..{tmp_path}/outside /")
        await connection.run("rm -rf .. ~ ''")
        async with connection.start_sftp_client() as files:
            await files.put(str(tmp_path / "evil"), "/../../../../../evil-was-here")
            with pytest.raises(asyncssh.SFTPError):
                await files.symlink(str(tmp_path), "/link")

    folder = with_machine(tmp_path, work)
    assert (tmp_path / "outside").read_text(encoding="utf-8") == "precious"
    assert (folder / "fs" / "evil-was-here").exists()
    assert (folder / "fs").exists()


def test_a_script_that_only_exits_ends_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "stop.sh").write_text("#!/bin/sh\n# Every validator has passed.\n\nexit 171\n", encoding="utf-8")
    (tmp_path / "more.sh").write_text("#!/bin/sh\ntrue\nexit 171\n", encoding="utf-8")

    async def work(connection: asyncssh.SSHClientConnection, _: RecordingMachines) -> None:
        for name, expected in (("stop.sh", 171), ("more.sh", 0)):
            await asyncssh.scp(tmp_path / name, (connection, f"/tmp/{name}"))
            assert (await connection.run(f"chmod +x /tmp/{name}; A='b' /tmp/{name}")).exit_status == expected

    with_machine(tmp_path, work)


def test_only_the_deployments_key_and_user_get_in(tmp_path: Path) -> None:
    async def run() -> None:
        machines = RecordingMachines(state=StateFolder.open(tmp_path / "state"), note="")
        await machines.start(spec(password="right"))  # noqa: S106 - opens a recorder for a moment
        port = Port(machines, lambda: "m")
        await port.start()

        async def enter(user: str, key: asyncssh.SSHKey | None, password: str | None) -> bool:
            try:
                async with asyncssh.connect(
                    "127.0.0.1", port.number, username=user, client_keys=[key] if key else None, password=password,
                    known_hosts=None, config=None, agent_path=None,
                ):  # fmt: skip
                    return True
            except asyncssh.PermissionDenied:
                return False

        try:
            assert await enter("packer", KEY, None)
            assert not await enter("packer", OTHER, None)
            assert not await enter("root", KEY, None)
            assert await enter("packer", None, "right")
            assert not await enter("packer", None, "wrong")
        finally:
            await port.stop()

    asyncio.run(run())


def test_a_machine_from_a_captured_one_has_its_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("kept", encoding="utf-8")

    async def work(connection: asyncssh.SSHClientConnection, machines: RecordingMachines) -> None:
        await asyncssh.scp(tmp_path / "a", (connection, "/opt/a"))
        await asyncssh.scp(tmp_path / "a", (connection, "/tmp/a"))
        image = await machines.capture("m")
        await machines.start(spec("second", image=image))

    folder = with_machine(tmp_path, work)
    second = folder.parent / "second" / "fs"
    assert (second / "opt/a").read_text(encoding="utf-8") == "kept"
    assert list((second / "tmp").iterdir()) == []


def test_without_a_machine_the_port_hangs_up(tmp_path: Path) -> None:
    async def run() -> bytes:
        machines = RecordingMachines(state=StateFolder.open(tmp_path / "state"), note="")
        port = Port(machines, lambda: None)
        await port.start()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port.number, family=socket.AF_INET)
            content = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            await writer.wait_closed()
            return content
        finally:
            await port.stop()

    assert asyncio.run(run()) == b""
