"""A sandbox from start to end: proxy, login, ARM and machines in a thread of their own, and the world they make."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from imagesmith.model import OsType
from imagesmith.plan import BuildPlan, Need
from imagesmith.sandbox.abandoned import OWNER_FILE, RESOURCES_FILE, owner_in, remove_abandoned
from imagesmith.sandbox.errors import STATE_BROKEN, STATE_BUSY, SandboxError, failure
from imagesmith.sandbox.machine.owner import this_process
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.seed import DEFAULT_LOCATION
from imagesmith.sandbox.state import StateFolder
from imagesmith.world import World

if TYPE_CHECKING:
    from imagesmith.sandbox.application import Seen
    from imagesmith.sandbox.cloud import Cloud
    from imagesmith.sandbox.running import Running

T = TypeVar("T")


_FORMAT = 1
_STOP_TIMEOUT_S = 120


class Sandbox:
    """An Azure on loopback, with machines. A context manager; its functions are called from any one thread.

    `environment` is the user's: where the container engine and its settings are found. Nothing of it but PATH and the
    language goes into `world.environment`.
    """

    def __init__(self, options: SandboxOptions, *, environment: Mapping[str, str]) -> None:
        self.options = options
        self.environment = environment
        self.failures: list[SandboxError] = []
        """What went wrong on the sandbox's own side during a run (a machine that did not start)."""
        self._state = StateFolder(options.state)
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread
        self._running: Running | None = None

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything. Raises `SandboxError`: no engine, a foreign state folder, damaged kept state."""
        from imagesmith.sandbox.running import Running

        self._state = StateFolder.open(self.options.state)
        kept = self._take_over()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="imagesmith-sandbox", daemon=True)
        self._thread.start()
        running = Running(
            options=self.options, environment=self.environment, state=self._state, on_failure=self.failures.append
        )
        try:
            self._call(running.start(kept))
        except BaseException:
            self._call(running.stop())
            self._end_thread()
            self._leave_folder()
            raise
        self._running = running

    def stop(self) -> None:
        """End machines and servers; what is to stay is written, everything else is gone. May be called twice."""
        if self._running is None:
            return
        running, self._running = self._running, None
        try:
            self._call(running.stop())
            if self.options.keep:
                self._write_kept(running.cloud)
            self._leave_folder()
        finally:
            self._end_thread()

    def _leave_folder(self) -> None:
        """What is kept stays; a folder that was made for this sandbox goes with it."""
        if self.options.keep:
            self._state.remove(OWNER_FILE)
        elif self._state.is_new:
            self._state.discard()
        else:
            self._state.empty()

    def seed(self, needs: Iterable[Need], *, os_type: str, location: str = DEFAULT_LOCATION) -> None:
        """Put in place what a plan refers to, unless the sandbox is strict. Raises `SandboxError` (IMG901, IMG902)."""
        from imagesmith.sandbox.seed import seed

        if not self.options.strict:
            self._call(seed(self._alive.cloud, tuple(needs), os_type=os_type, location=location))

    def rehearse(self, plan: BuildPlan, exits: Mapping[str, int] | None = None) -> None:
        """Say what will be built, and which exit codes steps are to end with (by their ids)."""
        self._alive.rehearsal.plan(plan.stages, exits or {})

    def records_steps(self, os_type: OsType) -> bool:
        """Whether machines of this system keep steps without running them."""
        machines = self._alive.machines
        return (machines.windows if os_type is OsType.WINDOWS else machines.linux).records_steps

    @property
    def world(self) -> World:
        """Environment, variables and credential with which a build takes place here."""
        from imagesmith.sandbox.surroundings import world

        return world(self._alive, options=self.options, environment=self.environment, state=self._state)

    @contextmanager
    def file(self, name: str, content: bytes) -> Iterator[Path]:
        """A file in the state folder, for its owner alone, while the block lasts; its path."""
        self._state.write(name, content)
        yield self._state.path / name
        if self._running is not None:
            self._state.remove(name)

    @property
    def requests(self) -> tuple[Seen, ...]:
        """Every request that was answered, in order."""
        return tuple(self._alive.application.requests)

    @property
    def resource_ids(self) -> tuple[str, ...]:
        """The ids of all that this Azure holds, resource groups among them."""
        store = self._alive.cloud.store

        async def read() -> tuple[str, ...]:
            return tuple(str(resource.id) for resource in store)

        return self._call(read())

    @property
    def unknown(self) -> tuple[Seen, ...]:
        """Requests for which there is no route."""
        return tuple(self._alive.application.unknown)

    @property
    def unmet_faults(self) -> tuple[str, ...]:
        """Rules of faults that no request has met."""
        return self._alive.cloud.faults.unmet

    @property
    def refused(self) -> tuple[str, ...]:
        """Names outside Azure that something wanted to reach."""
        return tuple(self._alive.proxy.refused)

    @property
    def _alive(self) -> Running:
        if self._running is None:
            raise RuntimeError("the sandbox is not started")
        return self._running

    def _call(self, work: Coroutine[Any, Any, T]) -> T:  # what a coroutine is sent is nobody's business
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end_thread(self) -> None:
        self._call(_end_tasks())
        self._call(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_TIMEOUT_S)
        self._loop.close()

    def _take_over(self) -> Mapping[str, Any]:  # JSON data
        """Make the folder this process's: whatever a killed sandbox left in it goes, unless it was to be kept."""
        owner = owner_in(self._state.path)
        if owner is not None and not owner.is_gone and owner != this_process():
            raise failure(STATE_BUSY, f"process {owner.pid} has a sandbox in {self._state.path}")
        if not self.options.keep:
            self._state.empty()
            remove_abandoned(self._state.path.parent)
        self._state.write(OWNER_FILE, str(this_process()).encode())
        return self._read_kept()

    def _read_kept(self) -> Mapping[str, Any]:  # JSON data
        path = self._state.path / RESOURCES_FILE
        if not path.exists():
            return {}
        try:
            kept: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            known = kept["format"] == _FORMAT
        except (ValueError, KeyError, TypeError) as error:
            raise failure(STATE_BROKEN, f"{path} cannot be read: {error}") from error
        if not known:
            raise failure(STATE_BROKEN, f"{path} is of another version of imagesmith")
        return kept

    def _write_kept(self, cloud: Cloud) -> None:
        kept = {
            "format": _FORMAT,
            "resources": cloud.store.dump(),
            "marketplace": {sku: sorted(found) for sku, found in cloud.marketplace.items()},
            "deleted_vaults": cloud.deleted_vaults,
        }
        self._state.write(RESOURCES_FILE, json.dumps(kept, indent=1).encode())


async def _end_tasks() -> None:
    """Let what was cancelled come to its end: a loop that stops before complains of it on stderr."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
