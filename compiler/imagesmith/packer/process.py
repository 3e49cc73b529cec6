"""A command line to its output, in batches of lines, and to how it ended; nothing that it started outlives the call.

Packer is asked to stop with exactly one SIGTERM to its group and is then waited for, however long Azure takes to clean
up; a second signal has no effect on it, and a kill leaves resources behind (packer.md §4.10).
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from imagesmith.diagnostics import Rule, Severity
from imagesmith.packer.cancel import CancelToken
from imagesmith.packer.ended import told_at_end
from imagesmith.packer.errors import PackerError
from imagesmith.packer.interrupt import shielded
from imagesmith.packer.leash import leash
from imagesmith.packer.lines import Batch, Stream, drain
from imagesmith.packer.log import PackerLog
from imagesmith.packer.survivors import MARK_VARIABLE, Survivor, end_survivors

NOT_STARTED = Rule(
    code="IMG840",
    severity=Severity.ERROR,
    title="Packer could not be started",
    cause="The operating system refused to start the program.",
    fix="Check that the file exists, is executable and was made for this kind of machine: `packer version`.",
    source="packer.md §4.6",
)

_POLL_S = 0.05
"""How often a wish to stop is looked for: a token that a signal handler may use can wake nobody."""
_QUIET_S = 0.5
"""How long after Packer's end its pipes and its plugins may take to close by themselves."""
_DRAIN_S = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessOutcome:
    """How a program ended: by an exit code or by a signal, the other is None.

    `cancelled` says that it was asked to stop while it ran, `killed` that it was ended at once. The exit code of a
    Packer that was cancelled says nothing: 1.16.0 ends with 0 now and then. `survivors` were still there after it and
    were ended. `drained` is False if somebody kept its output open even then. `log_error` says why the log stops, None
    if it is whole.
    """

    exit_code: int | None
    signalled: int | None
    cancelled: bool
    killed: bool
    survivors: tuple[Survivor, ...]
    drained: bool
    log_error: str | None
    duration_s: float


def run_packer(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: Path,
    on_lines: Callable[[Batch], None],
    log: PackerLog | None = None,
    cancel: CancelToken | None = None,
    on_cancelling: Callable[[str], None] | None = None,
    grace_s: float = 5.0,
    orphan_limit_s: int | None = None,
) -> ProcessOutcome:
    """Run a program to its end and hand over its lines, one batch at a time, from threads of our own.

    `environment` is all that the program gets, apart from a mark that finds what it leaves behind. `log` receives all
    lines first, and is closed at the end. `on_cancelling` is told the reason just before the signal is sent. `grace_s`
    is what processes that outlive the program get to end after a SIGTERM. `orphan_limit_s` is how long the program may
    clean up when our own process is gone; by default as long as it takes.

    Raises PackerError if the program cannot be started, and whatever `on_lines` raises, once the program has been asked
    to stop and has ended. Where nobody handles Ctrl-C it counts as a request to stop, the third one as
    `CancelToken.kill`, and KeyboardInterrupt is raised at the end.
    """
    token = cancel or CancelToken()
    run = _Run(
        argv=argv,
        environment=environment,
        cwd=cwd,
        sink=_Sink(on_lines, log),
        cancel=token,
        on_cancelling=on_cancelling,
        orphan_limit_s=orphan_limit_s,
    )
    return shielded(lambda: run.complete(grace_s), token)


class _Sink:
    """Takes the lines of both streams, one batch at a time: to the log, then to the caller, until the caller fails."""

    def __init__(self, on_lines: Callable[[Batch], None], log: PackerLog | None) -> None:
        self._on_lines = on_lines
        self._lock = threading.Lock()
        self._log = log
        self.failure: Exception | None = None
        self._closed = False

    def take(self, batch: Batch) -> None:
        with self._lock:
            if self.failure is None and not self._closed:
                self.attempt(lambda: self._on_lines(self._log.take(batch) if self._log else batch))

    def attempt(self, act: Callable[[], None]) -> None:
        """Do what the caller gave us; if it fails, keep why, for `complete` to raise when Packer has ended."""
        try:
            act()
        except Exception as error:  # noqa: BLE001 - see above
            self.failure = error

    @property
    def log_error(self) -> str | None:
        return self._log.error if self._log else None

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._log is not None:
                self._log.close()


class _Run:
    def __init__(
        self,
        *,
        argv: Sequence[str],
        environment: Mapping[str, str],
        cwd: Path,
        sink: _Sink,
        cancel: CancelToken,
        on_cancelling: Callable[[str], None] | None,
        orphan_limit_s: int | None,
    ) -> None:
        self._sink = sink
        self._cancel = cancel
        self._on_cancelling = on_cancelling
        self._orphan_limit_s = orphan_limit_s
        self._mark = secrets.token_hex(16)
        self._asked = self._killed = False
        self._argv = argv
        self._cwd = cwd
        self._environment = {**environment, MARK_VARIABLE: self._mark}

    def complete(self, grace_s: float) -> ProcessOutcome:
        started = time.monotonic()
        process = self._start()
        with leash(process, limit_s=self._orphan_limit_s):
            readers = self._read(process)
            self._wait(process)
        _join(readers, _QUIET_S)
        survivors = end_survivors(process.pid, self._mark, patience_s=_QUIET_S, grace_s=grace_s)
        _join(readers, _DRAIN_S)
        self._sink.close()
        if self._sink.failure is not None:
            raise self._sink.failure
        code = process.returncode
        return ProcessOutcome(
            exit_code=code if code >= 0 else None,
            signalled=-code if code < 0 else None,
            cancelled=self._asked,
            killed=self._killed,
            survivors=survivors,
            drained=not any(reader.is_alive() for reader in readers),
            log_error=self._sink.log_error,
            duration_s=time.monotonic() - started,
        )

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            return _start(self._argv, self._environment, self._cwd)
        except (OSError, ValueError) as error:
            self._sink.close()
            raise PackerError(NOT_STARTED.at((), f"{self._argv[0]} could not be started: {error}")) from error

    def _read(self, process: subprocess.Popen[bytes]) -> tuple[threading.Thread, ...]:
        pipes = ((process.stdout, Stream.STDOUT), (process.stderr, Stream.STDERR))
        readers = tuple(
            threading.Thread(target=drain, args=(pipe, stream, self._sink.take), daemon=True, name=f"packer {stream}")
            for pipe, stream in pipes
        )
        for reader in readers:
            reader.start()
        return readers

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        over = told_at_end(process)
        while process.poll() is None:
            self._react(process)
            if over is not None:
                over.wait(_POLL_S)
                continue
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_POLL_S)

    def _react(self, process: subprocess.Popen[bytes]) -> None:
        if not self._asked and (self._cancel.requested or self._sink.failure):
            self._asked = True
            if (tell := self._on_cancelling) is not None:
                self._sink.attempt(lambda: tell(self._cancel.reason or "the caller failed"))
            _signal_group(process, kill=False)
        if not self._killed and self._cancel.killed:
            self._killed = True
            _signal_group(process, kill=True)


def _start(argv: Sequence[str], environment: Mapping[str, str], cwd: Path) -> subprocess.Popen[bytes]:
    """In a session of its own: Ctrl-C of a terminal reaches us and not Packer, and one signal reaches all of it."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP
        own_session, umask = False, -1
    else:
        flags = 0
        own_session, umask = True, 0o077  # what Packer writes (its manifest, a crash.log) is nobody else's either
    return subprocess.Popen(
        list(argv),
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=own_session,
        creationflags=flags,
        umask=umask,
    )


def _signal_group(process: subprocess.Popen[bytes], *, kill: bool) -> None:
    """The group is only signalled while its leader has not been waited for, so its number is still its own."""
    with suppress(OSError):
        if sys.platform == "win32":
            if kill:
                process.kill()
            else:
                process.send_signal(signal.CTRL_BREAK_EVENT)
        elif process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL if kill else signal.SIGTERM)


def _join(readers: tuple[threading.Thread, ...], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    for reader in readers:
        reader.join(max(0.0, deadline - time.monotonic()))
