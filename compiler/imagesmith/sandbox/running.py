"""The parts of a started sandbox, on their event loop: machines, cloud, application, proxy and port."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from imagesmith.plan import OsType
from imagesmith.sandbox.application import Application
from imagesmith.sandbox.capture import IMAGE, MACHINE
from imagesmith.sandbox.cloud import Cloud
from imagesmith.sandbox.errors import STATE_BROKEN, WINDOWS_STEPS, SandboxError, failure
from imagesmith.sandbox.faults import Faults
from imagesmith.sandbox.machine import Fleet, MachineSpec
from imagesmith.sandbox.machine.container import ContainerMachines, ContainerOptions
from imagesmith.sandbox.machine.engine import Engine, find_engine
from imagesmith.sandbox.machine.port import Port
from imagesmith.sandbox.machine.sweep import sweep_engine
from imagesmith.sandbox.machine.systems import Systems
from imagesmith.sandbox.operations import Operations
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.proxy import Authority, Proxy
from imagesmith.sandbox.rehearsal import Rehearsal
from imagesmith.sandbox.state import StateFolder
from imagesmith.sandbox.windows.findings import NO_POWERSHELL
from imagesmith.sandbox.windows.machine import WindowsMachine
from imagesmith.sandbox.windows.machines import WindowsMachines
from imagesmith.sandbox.windows.powershell import find_powershell

CA_FILE = "ca.pem"
_PATIENCE_S = 0.5
"""How long an answer that is under way may take at the end: nobody waits for a slow one any more."""
_RUN_NOTE = "plain PowerShell steps run on this host, with the machine's C: as a drive; all other steps are recorded"


class Running:
    """What a sandbox consists of while it is up. All of it lives on one event loop."""

    def __init__(
        self,
        *,
        options: SandboxOptions,
        environment: Mapping[str, str],
        state: StateFolder,
        on_failure: Callable[[SandboxError], None],
    ) -> None:
        self.options = options
        self.environment = environment
        self.state = state
        self.on_failure = on_failure
        self.rehearsal = Rehearsal()
        self.machines: Systems
        self.cloud: Cloud
        self.application: Application
        self.proxy: Proxy
        self.port: Port
        # The sandbox's login takes any; a run's own cannot be mistaken for another word in its output.
        self.client_secret = secrets.token_urlsafe(24)
        self.swept: tuple[str, ...] = ()
        self._stop: list[Callable[[], Any]] = []  # coroutine functions of any result

    @property
    def ca_file(self) -> Path:
        """The certificate that clients have to trust."""
        return self.state.path / CA_FILE

    async def start(self, kept: Mapping[str, Any]) -> None:
        """Start all parts, the machines first: without an engine there is nothing to wait for."""
        self.machines = Systems(linux=await self._choose_machines(), windows=self._windows())
        self._stop.append(lambda: self.machines.close(keep=self._kept_images()))
        self.cloud = Cloud(
            subscription_id=self.options.subscription_id,
            tenant_id=self.options.tenant_id,
            machines=self.machines,
            on_failure=self.on_failure,
            operations=Operations(self.on_failure),
            strict=self.options.strict,
            scratch=self.state.path,
            faults=Faults(self.options.faults),
        )
        _restore(self.cloud, kept)
        self.application = Application(self.cloud)
        server = web.Server(self.application)
        self._stop.append(partial(server.shutdown, _PATIENCE_S))
        authority = Authority.create()
        self.state.write(CA_FILE, authority.certificate)
        self.proxy = Proxy(authority=authority, serve=server)
        await self.proxy.start()
        self._stop.append(self.proxy.stop)
        self._stop.append(self.cloud.operations.close)  # before the server, which waits for polls that are held
        self.port = Port(self.machines, lambda: self.cloud.newest_machine)
        await self.port.start()
        self._stop.append(self.port.stop)

    @property
    def records_steps(self) -> bool:
        """Whether the machines of this run keep the steps without running them."""
        return self._expected_machines.records_steps

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the machines of this run."""
        return tuple(dict.fromkeys(self._expected_machines.notes))

    @property
    def facts(self) -> Mapping[str, str]:
        """What the record of the run says of them."""
        return self._expected_machines.facts

    @property
    def _expected_machines(self) -> Fleet:
        return self.machines.windows if self.options.os_type == OsType.WINDOWS else self.machines.linux

    async def stop(self) -> None:
        """Stop what was started, the last first; what fails does not keep the rest from stopping."""
        failures: list[Exception] = []
        while self._stop:
            try:
                await self._stop.pop()()
            except Exception as error:  # noqa: BLE001  (collected and raised below)
                failures.append(error)
        # A failure of the sandbox's own has a diagnostic; several of them have one cause, the engine.
        own = [error for error in failures if isinstance(error, SandboxError)]
        if failures and len(own) == len(failures):
            raise own[0]
        if failures:
            raise ExceptionGroup("the sandbox did not stop cleanly", failures)

    def _kept_images(self) -> frozenset[str]:
        """Captured images that the kept resources refer to."""
        if not self.options.keep:
            return frozenset()
        return frozenset(r.hidden[IMAGE] for r in self.cloud.store if IMAGE in r.hidden and MACHINE not in r.hidden)

    async def _choose_machines(self) -> Callable[[], Fleet]:
        """How Linux machines are made, once one is needed. An engine is looked for where they may be."""
        if self.options.os_type == OsType.WINDOWS:
            if self.options.steps == "run" and self.options.windows_steps == "record":
                raise failure(WINDOWS_STEPS)
            return partial(self._recorder, "no machine but a Windows one was expected")
        if self.options.steps == "record":
            return partial(self._recorder, "steps are recorded, not run, as asked for")
        engine = await find_engine(self.environment, program=self.options.engine)
        if isinstance(engine, Engine):
            self.swept = await sweep_engine(engine)
            return partial(self._containers, engine)
        if self.options.steps == "run":
            raise engine.error()
        return partial(self._recorder, "steps are recorded, not run: " + "; ".join(engine.attempts))

    def _containers(self, engine: Engine) -> ContainerMachines:
        options = ContainerOptions(
            run_id=self.options.run_id,
            network=self.options.network,
            bases=self.options.bases,
            keep_images=self.options.keep,
        )
        machines = ContainerMachines(engine, options=options, state=self.state)
        if self.options.network == "none":
            machines.notes.append(
                "the sandbox's machines have no network; --sandbox-network host gives them the host's"
            )
        return machines

    def _windows(self) -> WindowsMachines:
        """Windows machines; a `pwsh` of the host takes part in the rehearsal where there is one."""
        powershell = find_powershell(self.environment)
        runs = self.options.windows_steps == "pwsh"
        if runs and powershell is None:
            raise failure(NO_POWERSHELL)

        def make_host(spec: MachineSpec, folder: Path) -> WindowsMachine:
            return WindowsMachine(
                spec,
                folder,
                rehearsal=self.rehearsal,
                powershell=powershell,
                runs=runs,
                environment=self.environment,
            )

        machines = WindowsMachines(state=self.state, make_host=make_host, on_failure=self.on_failure)
        machines.notes.append(_RUN_NOTE if runs else "steps of a Windows machine are recorded, not run")
        if powershell is not None and not runs:
            machines.notes.append(f"{powershell} checks the syntax of each script")
        return machines

    def _recorder(self, note: str) -> Fleet:
        from imagesmith.sandbox.machine.record import RecordingMachines

        return RecordingMachines(state=self.state, note=note, rehearsal=self.rehearsal)


def _restore(cloud: Cloud, kept: Mapping[str, Any]) -> None:
    """Take in what an earlier sandbox kept. Its machines have ended, its images have not."""
    try:
        cloud.store.load(kept.get("resources", []))
        cloud.deleted_vaults.update(kept.get("deleted_vaults", {}))
        cloud.marketplace.update({sku: set(found) for sku, found in kept.get("marketplace", {}).items()})
    except (ValueError, KeyError, TypeError) as error:
        raise failure(STATE_BROKEN, f"the kept resources cannot be read: {error}") from error
    for resource in cloud.store:
        resource.hidden.pop(MACHINE, None)
