"""Requests of somebody who has logged in, to answers: shells are made, commands run, output fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeAlias

from imagesmith.sandbox.windows import replies, wsman
from imagesmith.sandbox.windows.connection import Reply
from imagesmith.sandbox.windows.shells import Boot, Limits, Running, Shell
from imagesmith.sandbox.windows.soap import BadEnvelopeError

HangUp: TypeAlias = Callable[[], Coroutine[None, None, None]]
"""Returns when the client has closed its connection."""


def parse(body: bytes) -> wsman.Request | Reply:
    """The request, or the answer to what is none."""
    try:
        return wsman.read(body)
    except wsman.UnsupportedError as error:
        return _fault(replies.UNSUPPORTED, error.head)
    except BadEnvelopeError:
        return _fault(replies.MALFORMED, wsman.Head())


async def carry_out(
    request: wsman.Request | Reply, *, boot: Boot, user: str, hang_up: HangUp, limits: Limits
) -> Reply | None:
    """The answer; None means to close the connection without one."""
    match request:
        case Reply():
            return request
        case wsman.Create():
            return _create(request, boot=boot, user=user, limits=limits)
        case wsman.Receive():
            return await _receive(request, boot=boot, hang_up=hang_up, limits=limits)
        case _:
            shell = boot.shells.get(request.head.shell)
            if shell is None:
                return _fault(replies.UNKNOWN_SHELL, request.head)
            return _in_shell(request, shell, boot=boot, limits=limits)


def _create(request: wsman.Create, *, boot: Boot, user: str, limits: Limits) -> Reply:
    if len(boot.shells) >= limits.shells:
        return _fault(replies.TOO_MANY_SHELLS, request.head)
    shell = Shell(user=user, working_directory=request.working_directory, environment=request.environment)
    boot.shells[shell.id] = shell
    return Reply(status=200, body=replies.created(request, shell.id))


def _in_shell(
    request: wsman.Run | wsman.Delete | wsman.Signal | wsman.Send, shell: Shell, *, boot: Boot, limits: Limits
) -> Reply:
    """What is about a shell, or about a command in it, and is answered at once."""
    match request:
        case wsman.Run() if len(shell.commands) >= limits.commands:
            return _fault(replies.TOO_MANY_SHELLS, request.head)
        case wsman.Run():
            running = boot.start(shell, shell.command(request.line, request.arguments))
            return Reply(status=200, body=replies.started(request, running.id))
        case wsman.Delete():
            boot.delete(shell)
            return Reply(status=200, body=replies.done(request))
        case wsman.Signal() | wsman.Send():
            command = shell.commands.get(request.command)
            refused = replies.UNKNOWN_COMMAND if command is None else _tell(request, command, boot)
            return _fault(refused, request.head) if refused else Reply(status=200, body=replies.done(request))


def _tell(request: wsman.Signal | wsman.Send, command: Running, boot: Boot) -> replies.Fault | None:
    """Give a command a signal or input; a fault where it does not take it."""
    match request:
        case wsman.Signal():
            boot.terminate(command)
            return None
        case wsman.Send():
            return None if command.feed(request.data, end=request.end) else replies.TOO_MUCH_INPUT


async def _receive(request: wsman.Receive, *, boot: Boot, hang_up: HangUp, limits: Limits) -> Reply | None:
    """Hold the request until there is something to say; None where the command will never have anything."""
    command = boot.find(request.head.shell, request.command)
    if command is None:
        return None
    patience_s = min(limits.hold_s, request.head.patience_s)
    if not command.has_news and not await _wait(command, boot=boot, hang_up=hang_up, patience_s=patience_s):
        return None
    if not command.has_news:
        return _fault(replies.TIMED_OUT, request.head)
    streams, code = command.take(replies.output_budget(request.head))
    return Reply(status=200, body=replies.received(request, streams, exit_code=code))


async def _wait(command: Running, *, boot: Boot, hang_up: HangUp, patience_s: float) -> bool:
    """Wait for output, for an end, or in vain; False if the machine restarts or the client hangs up.

    A client that hangs up has given the command up: Packer never comes back to one (winrm.md §5.5).
    """
    loop = asyncio.get_running_loop()
    news, gone, over = (loop.create_task(wait) for wait in (command.news(), hang_up(), boot.over.wait()))
    try:
        ended, _ = await asyncio.wait((news, gone, over), timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (news, gone, over):
            task.cancel()
        await asyncio.gather(news, gone, over, return_exceptions=True)
    if gone in ended:
        boot.terminate(command)
    return gone not in ended and over not in ended


def _fault(found: replies.Fault, head: wsman.Head) -> Reply:
    return Reply(status=500, body=replies.fault(found, head))
