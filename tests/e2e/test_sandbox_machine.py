"""One machine of the sandbox, as SSH clients and the container engine see it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

from imagesmith.sandbox.errors import SandboxError
from imagesmith.sandbox.machine import MachineSpec
from imagesmith.sandbox.machine.container import ContainerMachines, ContainerOptions
from imagesmith.sandbox.machine.engine import Engine, find_engine
from imagesmith.sandbox.machine.port import Port
from imagesmith.sandbox.state import StateFolder

SHARES_ONE_BUILD = True  # and the names of its machines

UBUNTU = "canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2"
KEY = asyncssh.generate_private_key("ssh-ed25519")
OTHER = asyncssh.generate_private_key("ssh-ed25519")


@asynccontextmanager
async def machines(tmp_path: Path) -> AsyncIterator[tuple[ContainerMachines, str]]:
    engine = await find_engine(os.environ)
    assert isinstance(engine, Engine), engine
    options = ContainerOptions(run_id="machine", network="none", bases={}, keep_images=False)
    found = ContainerMachines(engine, options=options, state=StateFolder.open(tmp_path / "state"))
    try:
        yield found, await found.prepare(UBUNTU)
    finally:
        await found.close(keep=())


def spec(name: str, image: str) -> MachineSpec:
    key = KEY.export_public_key().decode().strip()
    return MachineSpec(name=name, hostname=f"{name}-host", user="packer", keys=(key,), image=image)


@asynccontextmanager
async def entered(
    found: ContainerMachines, name: str, *, user: str = "packer", key: asyncssh.SSHKey = KEY
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    port = Port(found, lambda: name)
    await port.start()
    try:
        async with asyncssh.connect(
            "127.0.0.1", port.number, username=user, client_keys=[key], known_hosts=None, config=None, agent_path=None
        ) as connection:
            yield connection
    finally:
        await port.stop()


async def said(connection: asyncssh.SSHClientConnection, command: str) -> str:
    ran = await connection.run(command, check=True, encoding="utf-8")
    return str(ran.stdout).strip()


def test_a_machine_is_like_a_vm(tmp_path: Path, machine_image: None) -> None:
    async def run() -> None:
        async with machines(tmp_path) as (found, image):
            await found.start(spec("vm", image))
            async with entered(found, "vm") as connection:
                assert await said(connection, "id -un; hostname; pwd") == "packer\nvm-host\n/home/packer"
                assert await said(connection, "sudo -n id -u; sudo -n systemctl is-system-running") == "0\nrunning"
                assert await said(connection, "cat .ssh/authorized_keys") == KEY.export_public_key().decode().strip()
                assert (await connection.run("exit 42")).exit_status == 42
                assert await said(connection, "ls /sys/class/net") == "lo"
                assert (
                    await said(
                        connection, "for p in curl python3 wget /usr/sbin/waagent; do command -v $p; done | wc -l"
                    )
                    == "4"
                )

    asyncio.run(run())


def test_only_the_deployments_key_gets_in(tmp_path: Path, machine_image: None) -> None:
    async def run() -> None:
        async with machines(tmp_path) as (found, image):
            await found.start(spec("vm", image))
            for user, key in (("packer", OTHER), ("root", KEY)):
                with pytest.raises(asyncssh.PermissionDenied):
                    async with entered(found, "vm", user=user, key=key):
                        pass

    asyncio.run(run())


def test_large_files_go_through_whole(tmp_path: Path, machine_image: None) -> None:
    content = os.urandom(1 << 20) * 20
    (tmp_path / "large").write_bytes(content)

    async def run() -> None:
        async with machines(tmp_path) as (found, image):
            await found.start(spec("vm", image))
            async with entered(found, "vm") as connection:
                await asyncssh.scp(tmp_path / "large", (connection, "there"))
                await asyncssh.scp((connection, "there"), tmp_path / "back")

    asyncio.run(run())
    assert (tmp_path / "back").read_bytes() == content


def test_a_captured_machine_is_deprovisioned_and_starts_again(tmp_path: Path, machine_image: None) -> None:
    async def run() -> None:
        async with machines(tmp_path) as (found, image):
            await found.start(spec("first", image))
            async with entered(found, "first") as connection:
                await said(connection, "sudo rm /etc/issue; echo x | sudo tee /srv/kept; cat /etc/ssh/*ed25519_key.pub")
                old_key = await said(connection, "cat /etc/ssh/ssh_host_ed25519_key.pub")
                await said(connection, "sudo waagent -force -deprovision+user")
                gone = await connection.run("sudo -n true", encoding="utf-8")
                assert gone.exit_status != 0
                assert "you do not exist" in str(gone.stderr) or "unknown uid" in str(gone.stderr)
            await found.deallocate("first")
            captured = await found.capture("first")
            await found.remove("first")
            shown = await found.engine.run("ps", "-a", "--filter", "label=imagesmith.sandbox=machine", "-q")
            assert shown.stdout == ""

            await found.start(spec("second", captured))
            async with entered(found, "second") as connection:
                assert await said(connection, "cat /srv/kept; test ! -e /etc/issue && hostname") == "x\nsecond-host"
                assert await said(connection, "cat /etc/ssh/ssh_host_ed25519_key.pub") != old_key
            await found.remove("second")
            await found.forget(captured)
            assert not await found.engine.has_image(captured)

    asyncio.run(run())


async def said_when_up(found: ContainerMachines, command: str) -> str:
    """What a command says as soon as the machine lets somebody in; while it reboots, clients try again."""
    for _ in range(60):
        try:
            async with entered(found, "vm") as connection:
                return await said(connection, command)
        except (asyncssh.ConnectionLost, ConnectionError):
            await asyncio.sleep(0.5)
    raise TimeoutError("the machine did not come back")


def test_a_rebooted_machine_comes_back(tmp_path: Path, machine_image: None) -> None:
    async def run() -> None:
        async with machines(tmp_path) as (found, image):
            await found.start(spec("vm", image))
            async with entered(found, "vm") as connection:
                await said(connection, "echo kept >at-home; echo lost >/run/lost 2>/dev/null; uptime -s")
                await connection.run("sudo -n systemctl reboot")
                await asyncio.wait_for(connection.wait_closed(), 30)
            assert (
                await said_when_up(found, "cat at-home; sudo -n systemctl is-system-running --wait") == "kept\nrunning"
            )

    asyncio.run(run())


def test_a_machine_that_was_turned_off_stays_off(tmp_path: Path, machine_image: None) -> None:
    async def run() -> None:
        async with machines(tmp_path) as (found, image):
            await found.start(spec("vm", image))
            await found.deallocate("vm")
            with pytest.raises((asyncssh.ConnectionLost, ConnectionError)):
                async with entered(found, "vm"):
                    pass

    asyncio.run(run())


def test_an_image_that_is_not_there_is_told(tmp_path: Path, machine_image: None) -> None:
    async def run() -> None:
        async with machines(tmp_path) as (found, _):
            with pytest.raises(SandboxError, match=r"did not start the machine.*IMG903"):
                await found.start(spec("vm", "localhost/imagesmith/none:1"))

    asyncio.run(run())
