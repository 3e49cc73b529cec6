"""Cases in `fixtures/`: an input, its options, and what is expected of it. Adding one needs no Python."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imagesmith import source
from imagesmith.lower import ValidateOn
from imagesmith.model import OsType
from imagesmith.pipeline import Compilation, CompileOptions, compile_document, compile_template
from imagesmith.source import Bicep
from imagesmith.targets import NEWEST, Target, target_for
from imagesmith.versions import Version

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TARGETS: Mapping[str, Target] = {"1.6.6": target_for(Version(1, 6, 6)), "newest": NEWEST}
"""Every valid case is compiled for these; one that a target cannot say has its report there instead."""
_RESERVED = ("bicep", "parameters", "parameterFiles", "osType", "validateOn", "target", "input", "repeat")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A folder of `fixtures/valid` or `fixtures/invalid`."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def template(self) -> Path:
        """The input: the one file called `template`, or what `input` in the options names (perhaps a folder)."""
        named: str | None = self.settings.get("input")
        if named is not None:
            return self.folder / named
        return next(path for path in sorted(self.folder.iterdir()) if path.stem == "template")

    @property
    def settings(self) -> Mapping[str, Any]:
        """`options.json`, in the words of the library in camel case."""
        path = self.folder / "options.json"
        return json.loads(path.read_text()) if path.exists() else {}

    @property
    def bicep(self) -> Bicep | None:
        """The program that stands for bicep, where the options name one."""
        named: str | None = self.settings.get("bicep")
        return None if named is None else Bicep(program=str(self.folder / named), environment={"PATH": os.defpath})

    def options(self, target: Target | None = None) -> CompileOptions:
        """The options of the compilation, with a fixed clock and seed."""
        given = self.settings
        if target is None:
            target = _target(given.get("target", "newest"))
        with chdir(self.folder):
            files = tuple(source.load(name) for name in given.get("parameterFiles", ()))
        return CompileOptions(
            parameters=given.get("parameters", {}),
            bicep=self.bicep,
            parameter_files=files,
            os_type=OsType(given["osType"]) if "osType" in given else None,
            validate_on=ValidateOn(given.get("validateOn", "new-vm")),
            target=target,
            now=NOW,
            seed="fixture",
            **{_snake(name): value for name, value in given.items() if name not in _RESERVED},
        )

    def compile(self, target: Target | None = None) -> Compilation:
        """Compile the case in its folder, so that reports show bare names of files.

        `repeat` in the options stands for input too large to keep: the text `<again>` of the template becomes `text`,
        `times` times.
        """
        options = self.options(target)
        repeat = self.settings.get("repeat")
        if repeat is None:
            with chdir(self.folder):
                return compile_template(self.template.name, options=options)
        data = self.template.read_bytes().replace(b"<again>", repeat["text"].encode() * repeat["times"])
        return compile_document(source.read_bytes(data, filename=self.template.name), options=options)


def _target(name: str) -> Target:
    return TARGETS.get(name) or target_for(Version.parse(name))


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def cases(kind: str) -> Iterator[Case]:
    """All cases of a kind, by name."""
    for folder in sorted((FIXTURES / kind).iterdir()):
        if folder.is_dir():
            yield Case(folder=folder)
