"""Cases in `fixtures/`: an input, its options, and what is expected of it. Adding one needs no Python."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from imagesmith import source
from imagesmith.cli import command
from imagesmith.lower import ValidateOn
from imagesmith.model import OsType
from imagesmith.pipeline import Compilation, CompileOptions, compile_document, compile_template
from imagesmith.source import Bicep
from imagesmith.targets import NEWEST, Target, target_for
from imagesmith.toolchain.shells import shell_reader
from imagesmith.versions import Version

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TARGETS: Mapping[str, Target] = {"1.6.6": target_for(Version(1, 6, 6)), "newest": NEWEST}
"""Every valid case is compiled for these; one that a target cannot say has its report there instead."""
_RESERVED = (
    "bicep",
    "parameters",
    "parameterFiles",
    "osType",
    "validateOn",
    "target",
    "input",
    "repeat",
    "command",
    "readShell",
)
_SHELLS = {"PATH": "/usr/bin:/bin"}


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

    @property
    def arguments(self) -> tuple[str, ...] | None:
        """The arguments of `imagesmith`, for a case that is about a command."""
        given = self.settings.get("command")
        return None if given is None else tuple(given)

    def run(self) -> str:
        """Run the case's command in its folder; what it says on stderr."""
        assert self.arguments is not None
        with chdir(self.folder):
            return CliRunner().invoke(command, list(self.arguments), prog_name="imagesmith").stderr

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
            shell_reader=shell_reader(_SHELLS) if given.get("readShell") else None,
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


@dataclass(frozen=True, kw_only=True, slots=True)
class NearMiss:
    """What of a case is changed so that one of its codes is not raised any more: the smallest change there is.

    `near-miss.json` beside a template says it for each code: `replace`, texts of the template and what stands for them
    (each must be there); `options`, other options (null takes one away); `files`, other files of the case (null takes
    one away); `copies`, files taken from another case, by its path below `fixtures`; `encoding`, in which the template
    is to be read before it is written in UTF-8; `raises`, codes that the change brings.
    """

    case: Case
    code: str
    change: Mapping[str, Any]

    @property
    def raises(self) -> frozenset[str]:
        """Codes that the change brings in the place of the one that it takes away."""
        return frozenset(self.change.get("raises", ()))

    def make(self, folder: Path) -> Case:
        """Write the changed case to an empty folder. Raises ValueError where a text to replace is not there."""
        shutil.copytree(self.case.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected"))
        for name, text in self.change.get("files", {}).items():
            if text is None:
                (folder / name).unlink()
            else:
                (folder / name).write_text(text, encoding="utf-8")
        for name, other in self.change.get("copies", {}).items():
            shutil.copy(FIXTURES / other, folder / name)
        options = {**self.case.settings, **self.change.get("options", {})}
        if self.case.bicep is not None:
            options["bicep"] = str((self.case.folder / options["bicep"]).resolve())
        kept = {name: value for name, value in options.items() if value is not None}
        (folder / "options.json").write_text(json.dumps(kept), encoding="utf-8")
        changed = Case(folder=folder)
        if "encoding" in self.change:
            text = changed.template.read_bytes().decode(self.change["encoding"])
            changed.template.write_text(text, encoding="utf-8")
        for old, new in self.change.get("replace", {}).items():
            data = changed.template.read_bytes()
            if old.encode() not in data:
                raise ValueError(f"'{old}' is not in {self.case.template}")
            changed.template.write_bytes(data.replace(old.encode(), new.encode()))
        return changed


def near_misses() -> Iterator[NearMiss]:
    """All near misses of valid and invalid cases."""
    for case in (*cases("valid"), *cases("invalid")):
        path = case.folder / "near-miss.json"
        if path.exists():
            for code, change in json.loads(path.read_text(encoding="utf-8")).items():
                yield NearMiss(case=case, code=code, change=change)


def _target(name: str) -> Target:
    return TARGETS.get(name) or target_for(Version.parse(name))


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def cases(kind: str) -> Iterator[Case]:
    """All cases of a kind, by name."""
    for folder in sorted((FIXTURES / kind).iterdir()):
        if folder.is_dir():
            yield Case(folder=folder)
