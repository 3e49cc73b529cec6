"""Long-running operations in both header styles: what is started now and asked for later (packer.md §9.8)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field

from imagesmith.sandbox.answers import Answer, Call, Json, RefusedError, sandbox_failure
from imagesmith.sandbox.errors import SandboxError, as_failure

_HOLD_S = 15.0
"""How long the answer to a poll is held while the operation goes on: clients that never wait between polls would make
hundreds of calls a second otherwise. Well below the time-outs of all clients."""


@dataclass(kw_only=True, slots=True)
class Operation:
    """One operation: its task, and what it left."""

    task: asyncio.Task[Json]
    output: Json = None
    failure: RefusedError | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def status(self) -> str:
        """Azure's word for its state."""
        if not self.done.is_set():
            return "InProgress"
        return "Failed" if self.failure else "Succeeded"


class Operations:
    """All operations of a sandbox, by number. `on_failure` is told of what is the sandbox's own fault."""

    def __init__(self, on_failure: Callable[[SandboxError], None]) -> None:
        self._on_failure = on_failure
        self._operations: dict[str, Operation] = {}
        self._numbers = itertools.count(1)

    def start(self, work: Coroutine[None, None, Json]) -> str:
        """Begin an operation; its number."""
        number = str(next(self._numbers))
        self._operations[number] = operation = Operation(task=asyncio.get_running_loop().create_task(work))
        operation.task.add_done_callback(lambda task: self._note_end(operation, task))
        return number

    def lost(self) -> str:
        """The number of an operation that nobody knows."""
        return str(next(self._numbers))

    def headers(self, call: Call, number: str, *, styles: str = "both") -> dict[str, str]:
        """Headers of the answer that starts an operation: `Azure-AsyncOperation`, `Location`, or both."""
        root = f"https://{call.host}/subscriptions/{call.params.get('subscription', '0')}/providers/Imagesmith.Sandbox"
        version = f"api-version={call.api_version or '2024-01-01'}"
        headers = {"Retry-After": "0"}
        if styles in {"both", "async"}:
            headers["Azure-AsyncOperation"] = f"{root}/operations/{number}?{version}"
        if styles in {"both", "location"}:
            headers["Location"] = f"{root}/operationResults/{number}?{version}"
        return headers

    async def show(self, call: Call) -> Answer:
        """What `Azure-AsyncOperation` leads to: a state, and the output under `properties.output`."""
        operation = await self._wait(call)
        body: dict[str, Json] = {"name": call.params["number"], "status": operation.status}
        if operation.failure is not None:
            body["error"] = operation.failure.error
        elif operation.output is not None:
            body["properties"] = {"output": operation.output}
        return Answer(body=body, headers={"Retry-After": "0"})

    async def show_result(self, call: Call) -> Answer:
        """What `Location` leads to: 202 while the operation goes on, then its output."""
        operation = await self._wait(call)
        if operation.failure is not None:
            return operation.failure.answer()
        if not operation.done.is_set():
            return Answer(status=202, headers=self.headers(call, call.params["number"], styles="location"))
        return Answer(status=204 if operation.output is None else 200, body=operation.output)

    async def settle(self, number: str, within_s: float) -> Operation:
        """Wait for the end of an operation, so that a quick one needs no polls; it may still go on afterwards."""
        operation = self._operations[number]
        with suppress(TimeoutError):
            await asyncio.wait_for(operation.done.wait(), within_s)
        return operation

    async def close(self) -> None:
        """End what is still going on."""
        tasks = [operation.task for operation in self._operations.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _note_end(self, operation: Operation, task: asyncio.Task[Json]) -> None:
        operation.done.set()
        if task.cancelled():
            operation.failure = RefusedError(409, "OperationPreempted", "The sandbox is ending.")
            return
        match task.exception():
            case None:
                operation.output = task.result()
            case RefusedError() as refusal:
                operation.failure = refusal
            case Exception() as error:
                own = as_failure(error, doing="an operation")
                self._on_failure(own)
                operation.failure = sandbox_failure(own)
            case other:
                raise other

    async def _wait(self, call: Call) -> Operation:
        if call.params["number"] not in self._operations:
            raise RefusedError(404, "NotFound", f"The operation '{call.params['number']}' was not found.")
        return await self.settle(call.params["number"], _HOLD_S)
