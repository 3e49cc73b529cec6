"""The folder of a run: its compiled files, its events, its log and its record, all of them without secrets."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from collections.abc import Iterator
from contextlib import suppress
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from imagesmith.diagnostics import Diagnostic
from imagesmith.events import Event, OnEvent, Output, RunResult
from imagesmith.journal import Journal, run_record
from imagesmith.pipeline import Compilation
from imagesmith.redact import Redactor
from imagesmith.toolchain import Packer
from imagesmith.world import World

_SECRET_PARTS = ("sig", "signature", "token", "code", "key")
"""Query parameters of an address that open what it names."""


class RunFolder:
    """Made at a run's start (StateError if it cannot be), written until its end."""

    def __init__(self, path: Path, compilation: Compilation, packer: Packer, world: World, on_event: OnEvent) -> None:
        self._compilation = compilation
        self._packer = packer
        self._world = world
        self._on_event = on_event
        self._lock = threading.Lock()
        secrets = (*compilation.secrets, *world.secrets, *_secrets_of(compilation), *_values_of(compilation, world))
        self._redactor = Redactor(secrets)
        self._journal = Journal(path, redact=self._redactor.redact)
        self.path = self._journal.path
        self.run_id = self.path.name
        self.compiled = self.path / "compiled"
        # A hundred megabytes take a while, and the record needs the digest only at the end.
        self._sha256: str | None = None
        self._digest = threading.Thread(target=self._read_digest, name="imagesmith-digest", daemon=True)
        self._digest.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._journal.close()

    def redact(self, text: str) -> str:
        """Text without the secrets of this run."""
        return self._redactor.redact(text)

    def say(self, event: Event) -> None:
        """Write an event down and pass it on; the lines of a log come here already without secrets."""
        if not isinstance(event, Output):
            event = self._without_secrets(event)
        with self._lock:
            self._journal.append(event)
            self._on_event(event)

    def _without_secrets(self, event: Event) -> Event:
        texts: dict[str, Any] = {
            field.name: self.redact(value)
            for field in dataclasses.fields(event)
            if isinstance(value := getattr(event, field.name), str) and not isinstance(value, Enum)
        }
        return dataclasses.replace(event, **texts)

    def close(self, result: RunResult) -> Diagnostic | None:
        """Write the run's record, as the service's resources show it; the diagnostic if the record is incomplete."""
        self._journal.write_record(run_record(result, template=self._name(), details=self._details()))
        return self._journal.failure

    def _read_digest(self) -> None:
        with suppress(OSError):  # a program that is gone is told when it is to be started
            self._sha256 = self._packer.digest_sha256

    def _name(self) -> str:
        return self._compilation.plan.name if self._compilation.plan else self._compilation.filename

    def _details(self) -> dict[str, Any]:  # JSON data
        self._digest.join()
        document = self._compilation.document
        text = document.source.text if document else ""
        return {
            "template": {
                "file": self._compilation.filename,
                "sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            },
            "world": self._world.name,
            "packer": {
                "path": str(self._packer.path),
                "version": str(self._packer.version),
                "sha256": self._sha256,
                "plugins": {plugin.source: str(plugin.version) for plugin in self._packer.plugins},
            },
            "imagesmith": version("imagesmith"),
        }


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
