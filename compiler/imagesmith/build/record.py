"""The folder of a run: its compiled files, its events, its log and its record, all of them without secrets."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from imagesmith.build.details import program_digests, run_details, step_digests
from imagesmith.build.options import BuildOptions
from imagesmith.diagnostics import Diagnostic
from imagesmith.events import Event, ExitCode, OnEvent, Output, RunResult, RunState, StepStarted
from imagesmith.folder import write_file
from imagesmith.journal import Journal, run_record
from imagesmith.listening import OutputLines, listener_of
from imagesmith.packer import PackerLog
from imagesmith.pipeline import Compilation
from imagesmith.redact import LineRedactor, Redactor
from imagesmith.toolchain import Packer
from imagesmith.world import World

_SECRET_PARTS = ("sig", "signature", "token", "code", "key")
"""Query parameters of an address that open what it names."""

PACKER_LOG = "packer.log"
"""All that Packer printed in the run, one part for each stage and try."""
_ENDINGS = (".json", ".jsonc", ".yaml", ".yml", ".bicep")


class RunFolder:
    """Made at a run's start (StateError if it cannot be), written until its end."""

    def __init__(
        self,
        path: Path,
        compilation: Compilation,
        packer: Packer,
        world: World,
        on_event: OnEvent,
        options: BuildOptions | None = None,
    ) -> None:
        self._compilation = compilation
        self._packer = packer
        self._world = world
        self._listener = listener_of(on_event)
        self._options = options or BuildOptions()
        self._lock = threading.Lock()
        known = (*compilation.secrets, *world.secrets, *_secrets_of(compilation), *_values_of(compilation, world))
        self._redactor = Redactor((*known, *compilation.step_values.values(), *self._options.secrets.values()))
        self._journal = Journal(path, redact=self._redactor.redact)
        self.path = self._journal.path
        self.run_id = self.path.name
        self.compiled = self.path / "compiled"
        self._steps = step_digests(compilation, compilation.files)
        self._digests: dict[str, str] = {}
        # A hundred megabytes take a while, and the record needs the digests only at the end: not before Packer is at
        # work, whose start would wait for it.
        self._reading = threading.Thread(target=self._read_digests, name="imagesmith-digests", daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._journal.close()

    def redact(self, text: str) -> str:
        """Text without the secrets of this run, also without one that is broken over its lines."""
        return self.line_redactor()(text)

    def line_redactor(self) -> LineRedactor:
        """What takes the secrets of this run out of the lines of one log, also those that are broken over lines."""
        return self._redactor.line_redactor()

    def packer_log(self, part: str) -> PackerLog:
        """The log of Packer's output, with a part of it begun."""
        return PackerLog(self.path / PACKER_LOG, self.line_redactor(), part=part)

    def say(self, event: Event) -> None:
        """Write an event down and pass it on; the lines of a log come here already without secrets."""
        if not isinstance(event, Output):
            event = self._without_secrets(event)
        with self._lock:
            self._journal.append(event)
            self._listener(event)
        if isinstance(event, StepStarted):
            self._begin_reading()

    def say_lines(self, spoken: Sequence[OutputLines]) -> None:
        """The same for many lines of a log."""
        with self._lock:
            self._journal.append_lines(spoken)
            for lines in spoken:
                self._listener.take_lines(lines)

    def _without_secrets(self, event: Event) -> Event:
        texts: dict[str, Any] = {
            field.name: self.redact(value)
            for field in dataclasses.fields(event)
            if isinstance(value := getattr(event, field.name), str) and not isinstance(value, Enum)
        }
        return dataclasses.replace(event, **texts)

    def open(self, start: datetime) -> None:
        """Write down what is known before anything happens: the template, and the record of a run that goes on."""
        if self._compilation.document:
            source = self._compilation.document.source
            self._journal.write_text(f"template{_ending(source.name)}", self._redacted_lines(source.text))
        result = RunResult(
            run_id=self.run_id,
            state=RunState.RUNNING,
            exit_code=ExitCode.OK,
            message="",
            start_time=start,
            end_time=start,
        )
        self._write(result)

    def take_files(self, files: Mapping[str, bytes]) -> None:
        """Note which files the steps have, now that they are fetched; they are not kept."""
        self._steps = step_digests(self._compilation, files)

    def _begin_reading(self) -> None:
        if self._reading.ident is None:
            self._reading.start()

    def close(self, result: RunResult) -> Diagnostic | None:
        """Write the run's record, as the service's resources show it; the diagnostic if the record is incomplete."""
        self._begin_reading()
        self._reading.join()
        self._mask_compiled()
        self._write(result)
        return self._journal.failure

    def _mask_compiled(self) -> None:
        """Take the secrets out of the compiled scripts, now that Packer has read them: one that could not become a
        variable (IMG870) stands there as text. Files of the template's user stay as they are."""
        for name in self._compilation.files:
            path = self.compiled / name
            with suppress(OSError):
                text = path.read_bytes().decode("utf-8", "surrogateescape")
                plain = self._redacted_lines(text)
                if plain != text:
                    write_file(path, plain.encode("utf-8", "surrogateescape"))

    def _write(self, result: RunResult) -> None:
        details = run_details(
            self._compilation,
            self._packer,
            self._world,
            self._options,
            digests=self._digests,
            steps=self._steps,
            diagnostics=result.diagnostics,
        )
        self._journal.write_record(run_record(result, template=self._name(), details=details))

    def _redacted_lines(self, text: str) -> str:
        """The template without secrets, and with the lines that it had: diagnostics name them."""
        redact = self._redactor.redact
        plain = redact(text)
        if plain.count("\n") == text.count("\n"):
            return plain
        return "\n".join(redact(line) for line in text.split("\n"))

    def _read_digests(self) -> None:
        self._digests = program_digests(self._packer)

    def _name(self) -> str:
        return self._compilation.plan.name if self._compilation.plan else self._compilation.filename


def _ending(name: str) -> str:
    """The ending of a file's name, where it is one that says what is in it."""
    ending = Path(name).suffix.lower()
    return ending if ending in _ENDINGS else ".txt"


def _secrets_of(compilation: Compilation) -> Iterator[str]:
    """The parts of addresses in the plan that would open what they name: SAS signatures, access tokens, passwords."""
    if compilation.plan is None:
        return
    for stage in compilation.plan.stages:
        for fetch in stage.fetches:
            yield from filter(None, _secrets_in(fetch.uri))


def _secrets_in(uri: str) -> Iterator[str]:
    """Each as it stands there, and as it is meant: a `+` of a signature is often not written as `%2B`."""
    address, _, rest = uri.partition("?")
    for pair in rest.partition("#")[0].split("&"):
        name, _, value = pair.partition("=")
        if name.lower() in _SECRET_PARTS:
            yield from (value, unquote(value))
    place = address.partition("//")[2].partition("/")[0]
    password = place.rpartition("@")[0].partition(":")[2]
    yield from (password, unquote(password))


def _values_of(compilation: Compilation, world: World) -> Iterator[str]:
    """The values of sensitive variables, whether or not the world names them as secrets."""
    for stage in compilation.plan.stages if compilation.plan else ():
        yield from (world.variables.get(variable.name, "") for variable in stage.variables if variable.sensitive)
