"""Customizers and validators to steps: a provisioner each, and the files that go with it (lowering.md §1.4, §4).

User text never goes into HCL `inline`, where Packer would take ``{{`` for a template: every step is a file.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never
from urllib.parse import urlsplit

from imagesmith.diagnostics import Path, Rule, Severity
from imagesmith.hcl import Block, Expression, InTemplateFolder, Literal, attributes
from imagesmith.lower.files import add_file
from imagesmith.lower.inline import powershell_script, shell_script
from imagesmith.lower.machine import BUILD_USER
from imagesmith.lower.secrets import declare, environment
from imagesmith.lower.texts import shown, slug
from imagesmith.lower.words import Lowering
from imagesmith.model import Customizer, File, PowerShell, Shell, WindowsRestart, WindowsUpdate, WorkloadOptimization
from imagesmith.plan import Fetch, FetchKind, OsType, Step, StepFile

AS_ROOT = "chmod +x {{ .Path }}; {{ .Vars }} sudo -n -E {{ .Path }}"
"""The script as root with its own first line honoured (lowering.md §4.2)."""
DEPROVISION_COMMAND = "chmod +x {{ .Path }}; sudo -n {{ .Path }}"
STOP_EXIT_CODE = 86
"""The reserved code of the step that ends a stage which must not capture (architecture §4.2)."""
_LONG_LINE = 60_000
"""Packer's line-wise copy of a script fails beyond 64 KiB a line (packer.md §6.1)."""


NUL_IN_SCRIPT = Rule(
    code="IMG402",
    severity=Severity.ERROR,
    title="a script holds a NUL character",
    cause="Shells and PowerShell drop NUL characters or stop at them, each in its own way.",
    fix="write the character with the script's own escape: printf '\\0', [char]0",
    example='{"type": "Shell", "inline": ["printf \\u0000"]}',
    corrected='{"type": "Shell", "inline": ["printf \'\\\\0\'"]}',
    source="architecture §4.1",
)
EMPTY_STEP = Rule(
    code="IMG403",
    severity=Severity.WARNING,
    title="the step does nothing and is left out",
    cause="Packer refuses a step with an empty list of commands.",
    fix="remove the step, or give it commands",
    example='{"type": "Shell", "inline": []}',
    corrected='{"type": "Shell", "inline": ["sudo apt-get update"]}',
    source="lowering.md §1.4",
)
WINDOWS_LINE_ENDS = Rule(
    code="IMG404",
    severity=Severity.WARNING,
    title="line ends of Windows become those of Linux",
    cause="Packer turns CR LF into LF in every script for Linux, as it does for the service.",
    fix="save the text with LF line ends; where a CR is meant, write it as \\r in a printf",
    example='{"type": "Shell", "inline": ["echo one\\r\\necho two"]}',
    corrected='{"type": "Shell", "inline": ["echo one\\necho two"]}',
    source="lowering.md §4.1",
)


@dataclass(kw_only=True, slots=True)
class Steps:
    """The steps of one stage as they come, numbered in the order in which they run."""

    lowering: Lowering
    steps: list[Step] = field(default_factory=list)
    fetches: list[Fetch] = field(default_factory=list)

    @property
    def windows(self) -> bool:
        """Whether the machine runs Windows."""
        return self.lowering.options.os_type is OsType.WINDOWS

    def number(self) -> str:
        """Number of the next step as file names carry it."""
        return f"{len(self.steps):02d}"

    def add(self, item: Customizer, id_: str) -> None:
        """Lower one customizer or validator."""
        match item:
            case Shell():
                self._script(item, id_, "shell", ())
            case PowerShell():
                self._script(item, id_, "powershell", powershell_rights(item))
            case File():
                add_file(item, id_, self)
            case WindowsRestart():
                self._without_file(item, id_, _restart(item, self.lowering))
            case WindowsUpdate():
                self._without_file(item, id_, _update(item, self.lowering))
            case _:
                assert_never(item)

    def own(self, id_: str, title: str, template: str, **options: Literal) -> None:
        """A step of ours, from a template of `templates/scripts`, run by the shell of the machine's system."""
        name = f"scripts/{self.number()}-{id_}{'.ps1' if self.windows else '.sh'}"
        script = StepFile(name=name, template=f"scripts/{template}")
        rows = attributes(script=InTemplateFolder(name), **options)
        kind = "powershell" if self.windows else "shell"
        self.append(
            id_, "Deprovisioning", title, None, Block(type="provisioner", labels=(kind,), attributes=rows), script
        )

    def own_lines(self, id_: str, slug_: str, title: str, lines: Sequence[str], path: Path) -> None:
        """A step of ours about a folder: lines for the machine's shell with a text of the template (at `path`)."""
        kind, ending = ("powershell", "ps1") if self.windows else ("shell", "sh")
        name = f"scripts/{self.number()}-{slug_}.{ending}"
        text, secrets = (powershell_script if self.windows else shell_script)(lines, path, self.lowering)
        rows = (*attributes(script=InTemplateFolder(name)), *environment(secrets, kind))
        block = Block(type="provisioner", labels=(kind,), attributes=rows)
        self.append(id_, "Folder", title, path[:-1], block, StepFile(name=name, content=text))
        self.steps[-1] = replace(self.steps[-1], secrets=secrets)

    def add_workload(self, item: WorkloadOptimization) -> None:
        """`optimize.workload`: its script, as the last customizer."""
        if item.state != "Enabled" or item.script_uri is None:
            return
        step = {"path": item.path, "name": "optimize workload", "inline": None, "script_uri": item.script_uri}
        checksum = item.sha256_checksum
        if self.windows:
            rights = {"run_elevated": True, "run_as_system": True, "valid_exit_codes": ()}
            self.add(PowerShell(sha256_checksum=checksum, **step, **rights), "optimize.workload")  # type: ignore[arg-type]
        else:
            self.add(Shell(sha256_checksum=checksum, **step), "optimize.workload")  # type: ignore[arg-type]

    def _script(self, item: Shell | PowerShell, id_: str, kind: str, extra: tuple[tuple[str, Literal], ...]) -> None:
        called = slug(self.lowering.nameable(item.name or kind, kind))
        name = f"scripts/{self.number()}-{called}{'.ps1' if kind == 'powershell' else '.sh'}"
        rows: list[tuple[str, Literal]] = [("script", InTemplateFolder(name))]
        as_root = False
        own: tuple[str, ...] = ()
        if item.script_uri is not None:
            script = StepFile(name=name)
            self.fetch(item.script_uri, FetchKind.SCRIPT, name, (*item.path, "scriptUri"), item.sha256_checksum)
            as_root = kind == "shell"
        elif item.inline:
            if any("\0" in line for line in item.inline):
                self.lowering.say(NUL_IN_SCRIPT, (*item.path, "inline"))
            path = (*item.path, "inline")
            if kind == "shell":
                text, own = shell_script(item.inline, path, self.lowering)
            else:
                strict = self.lowering.options.strict_scripts
                text, own = powershell_script(item.inline, path, self.lowering, strict=strict)
            if kind == "shell" and b"\r\n" in text:  # also where an element ends in CR
                self.lowering.say(WINDOWS_LINE_ENDS, (*item.path, "inline"))
            script = StepFile(name=name, content=text)
            if kind == "shell" and max(map(len, text.split(b"\n"))) > _LONG_LINE:
                rows.append(("binary", True))
        else:
            self.lowering.say(EMPTY_STEP, item.path)
            return
        secrets = (*self._given(), *own)
        variables = environment(secrets, kind, as_root=as_root, elevated=bool(dict(extra).get("elevated_user")))
        if as_root and not secrets:
            rows.append(("execute_command", AS_ROOT))
        block = Block(type="provisioner", labels=(kind,), attributes=(*rows, *variables, *extra))
        self.append(id_, type(item).__name__, item.name or _first_line(item), item.path, block, script)
        self.steps[-1] = replace(self.steps[-1], secrets=secrets)

    def _given(self) -> tuple[str, ...]:
        """The secrets that every script of the template gets."""
        for name in self.lowering.options.secrets:
            declare(name, f"--secret {name}", self.lowering)
        return self.lowering.options.secrets

    def _without_file(self, item: WindowsRestart | WindowsUpdate, id_: str, block: Block) -> None:
        title = item.name or {"WindowsRestart": "restart", "WindowsUpdate": "install updates"}[type(item).__name__]
        self.append(id_, type(item).__name__, title, item.path, block)

    def append(self, id_: str, kind: str, title: str, path: Path | None, block: Block, *files: StepFile) -> None:
        marker = posixpath.basename(files[0].name) if files else None
        self.steps.append(
            Step(id=id_, kind=kind, title=shown(title), path=path, blocks=(block,), files=files, marker=marker)
        )

    def fetch(
        self, uri: str, kind: FetchKind, file: str, path: Path, checksum: str | None, *, unpacked_to: str | None = None
    ) -> None:
        """Have a file fetched before the build."""
        sha256 = checksum and checksum.lower()
        self.fetches.append(Fetch(uri=uri, kind=kind, file=file, path=path, sha256=sha256, unpacked_to=unpacked_to))


def powershell_rights(item: PowerShell) -> tuple[tuple[str, Literal], ...]:
    """Elevation and accepted exit codes (lowering.md §4.3)."""
    user: dict[str, Literal] = {}
    if item.run_elevated and item.run_as_system:
        user = {"elevated_user": "SYSTEM", "elevated_password": ""}
    elif item.run_elevated:
        user = {"elevated_user": BUILD_USER, "elevated_password": Expression("build.Password")}
    return attributes(valid_exit_codes=item.valid_exit_codes or None, **user)


def _restart(item: WindowsRestart, lowering: Lowering) -> Block:
    command, check = item.restart_command, item.restart_check_command
    rows = attributes(
        restart_command=lowering.rendered(command, (*item.path, "restartCommand")) if command else None,
        restart_check_command=lowering.rendered(check, (*item.path, "restartCheckCommand")) if check else None,
        restart_timeout=item.restart_timeout,
    )
    return Block(type="provisioner", labels=("windows-restart",), attributes=rows)


def _update(item: WindowsUpdate, lowering: Lowering) -> Block:
    path = (*item.path, "filters")
    filters = tuple(lowering.rendered(text, (*path, index)) for index, text in enumerate(item.filters))
    criteria = item.search_criteria
    rows = attributes(
        search_criteria=lowering.rendered(criteria, (*item.path, "searchCriteria")) if criteria else None,
        filters=filters or None,
        update_limit=item.update_limit or None,
    )
    return Block(type="provisioner", labels=("windows-update",), attributes=rows)


def _first_line(item: Shell | PowerShell) -> str:
    if item.script_uri is not None:
        return posixpath.basename(urlsplit(item.script_uri).path) or "script"
    lines = (line.strip() for text in item.inline or () for line in text.splitlines())
    line = next((line for line in lines if line and not line.startswith("#")), type(item).__name__)
    return line if len(line) <= 60 else f"{line[:57]}..."
