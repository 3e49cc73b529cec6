"""Machines as containers with a real systemd, sshd and sudo; capture is a commit (machine.md §1)."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from imagesmith.sandbox.errors import MACHINE_FAILED, SandboxError, failure
from imagesmith.sandbox.machine import MachineSpec
from imagesmith.sandbox.machine.bases import base_for
from imagesmith.sandbox.machine.engine import Engine, end
from imagesmith.sandbox.machine.owner import OWNER_LABEL, SANDBOX_LABEL, StateOwner, this_process
from imagesmith.sandbox.machine.removal import remove_container
from imagesmith.sandbox.machine.vm_image import make_vm_image
from imagesmith.sandbox.state import StateFolder

_BOOT_TIMEOUT_S = 30
_CAPTURE_TIMEOUT_S = 300
_STOP_TIMEOUT_S = 30

_WAIT = """
set -eu
tries=0
while :; do
    case $(systemctl is-system-running 2>/dev/null) in running | degraded) break ;; esac
    tries=$((tries + 1))
    [ $tries -lt 400 ] || { echo 'systemd did not come up' >&2; exit 1; }
    sleep 0.05
done
mkdir -p /run/sshd
"""
_FIRST_BOOT = f"""{_WAIT}
user=$1
[ -n "$(find /etc/ssh -name 'ssh_host_*_key' 2>/dev/null)" ] || ssh-keygen -A >/dev/null
mkdir -p /var/lib/waagent
id "$user" >/dev/null 2>&1 || useradd -m -s /bin/bash "$user"
# A locked password makes sshd refuse keys, too; '*' fits no password and locks nothing.
usermod -p '*' "$user"
home=$(getent passwd "$user" | cut -d: -f6)
mkdir -p "$home/.ssh"
printf '%s\\n' "$2" >"$home/.ssh/authorized_keys"
chmod 0700 "$home/.ssh"
chmod 0600 "$home/.ssh/authorized_keys"
chown -R "$user:" "$home/.ssh"
mkdir -p /etc/sudoers.d
printf '%s ALL=(ALL) NOPASSWD:ALL\\n' "$user" >/etc/sudoers.d/90-cloud-init-users
chmod 0440 /etc/sudoers.d/90-cloud-init-users
printf '%s\\n' "$user" >/var/lib/waagent/imagesmith-user
rm -f /var/lib/waagent/deprovisioned
"""
"""What cloud-init does on a VM's first boot: the user, exactly the keys of the deployment, sudo without a password."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerOptions:
    """What the machines of one sandbox share."""

    run_id: str
    network: Literal["none", "host"]
    bases: Mapping[str, str]
    keep_images: bool


class ContainerMachines:
    """Machines run by a container engine, every one of them and every image labelled with the sandbox and its owner."""

    records_steps = False

    def __init__(self, engine: Engine, *, options: ContainerOptions, state: StateFolder) -> None:
        self.engine = engine
        self.options = options
        self.state = state
        self.notes: list[str] = []
        self._slug = re.sub(r"[^a-z0-9_.-]+", "-", options.run_id.lower()).strip("-.") or "run"
        self._containers: dict[str, str] = {}
        self._images: set[str] = set()
        self._off: set[str] = set()
        self._sessions: dict[asyncio.subprocess.Process, str] = {}
        self._bases: dict[str, str] = {}
        self._looking: set[asyncio.Task[None]] = set()
        self.facts = {"engine": f"{engine.name} {engine.version}".strip()}
        """What the record of a run says of its machines."""

    async def prepare(self, source: str) -> str:
        """The VM-like image that stands for a ``publisher:offer:sku``."""
        base = base_for(source, self.options.bases)
        if base.image not in self._bases:
            self._bases[base.image] = await make_vm_image(self.engine, base, state=self.state, notes=self.notes)
            # Nobody waits for the digest, which only the record needs
            looking = asyncio.create_task(self._look_at(base.image))
            self._looking.add(looking)
            looking.add_done_callback(self._looking.discard)
        return self._bases[base.image]

    async def _look_at(self, base: str) -> None:
        image = self._bases[base]
        self.facts[f"base {base}"] = f"{image} {await self.engine.image_id(image) or ''}".strip()

    async def start(self, spec: MachineSpec) -> None:
        """Run the container, wait for its systemd, and do what cloud-init does."""
        container = f"imagesmith-{self._slug}-{spec.name}"
        self._containers[spec.name] = container
        # Host names in /etc/hostname are 64 characters at most (hostname(7)).
        hostname = re.sub(r"[^A-Za-z0-9-]+", "-", spec.hostname)[:63].strip("-") or "vm"
        # With the host's network the machine's own sshd would stand in the host's way.
        init = ("/sbin/init", "systemd.mask=ssh.service", "systemd.mask=sshd.service", "systemd.mask=ssh.socket")
        started = await self.engine.run(
            "run",
            "-d",
            "--pull=never",
            f"--name={container}",
            f"--hostname={hostname}",
            f"--add-host={hostname}:127.0.0.1",
            f"--network={self.options.network}",
            *(f"--label={name}={value}" for name, value in self._labels(kept=False).items()),
            *self.engine.boot,
            spec.image,
            *(init if self.options.network == "host" else init[:1]),
        )
        if started.code:
            raise failure(MACHINE_FAILED, f"{self.engine.name} did not start the machine: {started.reason}")
        booted = await self.engine.run(
            "exec", container, "/bin/sh", "-c", _FIRST_BOOT, "sh", spec.user, "\n".join(spec.keys),
            timeout_s=_BOOT_TIMEOUT_S,
        )  # fmt: skip
        if booted.code:
            raise failure(MACHINE_FAILED, f"the machine's system did not come up: {booted.reason}")

    def open(self, name: str) -> bool:  # noqa: ARG002 - the protocol's shape
        """SSH is open from the start."""
        return False

    async def serve(self, name: str, connection: socket.socket) -> None:
        """Let the machine's own sshd talk on the connection; the engine copies, not we."""
        with connection, self.state.open_log("machines", f"{name}.log") as log:
            container = self._containers.get(name)
            if container is None:
                return
            if not await self._is_up(name, container):
                return
            connection.setblocking(True)  # noqa: FBT003 - the engine's process shares the socket and does not expect otherwise
            process = await asyncio.create_subprocess_exec(
                *self.engine.command("exec", "-i", container, "/usr/sbin/sshd", "-i"),
                stdin=connection.fileno(),
                stdout=connection.fileno(),
                stderr=log,
                env=dict(self.engine.environment),
                # Ctrl-C of a terminal is for us: it must not end the step that Packer is to be asked to stop.
                start_new_session=True,
            )
        self._sessions[process] = name
        try:
            await process.wait()
        finally:
            await end(process)
            self._sessions.pop(process, None)

    async def _is_up(self, name: str, container: str) -> bool:
        """Whether the machine can be reached. A machine that a step rebooted has stopped, and is started again."""
        shown = await self.engine.run("container", "inspect", "--format", "{{.State.Running}}", container)
        if shown.code or name in self._off:
            return False
        if shown.stdout.strip() == "true":
            return True
        started = await self.engine.run("start", container)
        booted = await self.engine.run("exec", container, "/bin/sh", "-c", _WAIT, timeout_s=_BOOT_TIMEOUT_S)
        return started.code == 0 and booted.code == 0

    async def deallocate(self, name: str) -> None:
        """End its sessions and let the machine shut down, as far as a second goes: a busy systemd takes minutes."""
        if name in self._containers:
            self._off.add(name)
            await self._end_sessions(name)
            await self.engine.run("stop", "-t", "1", self._containers[name], timeout_s=_STOP_TIMEOUT_S)

    async def capture(self, name: str) -> str:
        """Commit the container. Its image has an owner that removes it, unless images are kept."""
        image = f"localhost/imagesmith/{self._slug}:{name}"
        labels = [
            f"--change=LABEL {name}={value}" for name, value in self._labels(kept=self.options.keep_images).items()
        ]
        container = self._containers[name]
        captured = await self.engine.run("commit", *labels, container, image, timeout_s=_CAPTURE_TIMEOUT_S)
        if captured.code:
            raise failure(MACHINE_FAILED, f"{self.engine.name} did not capture the machine: {captured.reason}")
        self._images.add(image)
        return image

    async def remove(self, name: str) -> None:
        """Remove the container, with its sessions."""
        container = self._containers.get(name)
        if container is not None:
            await self._end_sessions(name)
            await remove_container(self.engine, container)
            self._containers.pop(name, None)

    async def forget(self, image: str) -> None:
        """Remove a captured image; one that a machine still runs on stays until the end."""
        if (await self.engine.run("rmi", image)).code == 0:
            self._images.discard(image)

    async def close(self, *, keep: Collection[str]) -> None:
        """End sessions and machines, and the images that nothing refers to."""
        await asyncio.gather(*self._looking, return_exceptions=True)
        failures = []
        for name in tuple(self._containers):
            try:
                await self.remove(name)
            except SandboxError as error:
                failures.append(error)
        for image in self._images.difference(keep):
            await self.engine.run("rmi", "-f", image)
        self._images.clear()
        if failures:
            raise failures[0]

    async def _end_sessions(self, name: str) -> None:
        """End the SSH sessions of one machine."""
        await asyncio.gather(*(end(process) for process, machine in tuple(self._sessions.items()) if machine == name))

    def _labels(self, *, kept: bool) -> dict[str, str]:
        """Whose something is: this process's, or the state folder's that outlives it."""
        owner = StateOwner.of(self.state.path) if kept else this_process()
        return {SANDBOX_LABEL: self._slug, OWNER_LABEL: str(owner)}
