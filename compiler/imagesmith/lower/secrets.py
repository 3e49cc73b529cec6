"""Secrets to environment variables of the steps that use them; never to text of a script or of HCL.

Two kinds: what the caller gives by name goes to every script of the template (not to our own steps), and a secure
parameter whose value stands in an `inline` text, as it is or as ARM's functions made it: marks stand there in the file,
and the machine puts the values back (`imagesmith.lower.restoring`).

Packer's own way depends on the shell (packer.md §6.1, §6.2). For sh the variables go into a file that only the build
user can read, since otherwise they would stand on the command line of the machine; Packer removes it after the script.
For PowerShell there always is such a file. It is read in the machine's code page, and Packer renders its values as Go
templates until they no longer change, so they travel as base64, and the assignment itself decodes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, pairwise
from typing import TypeAlias

from imagesmith.diagnostics import Path, Rule, Severity
from imagesmith.hcl import Expression, Joined, Literal
from imagesmith.lower.restoring import PREFIX, Hidden, Pieces, variable_value
from imagesmith.lower.words import Lowering
from imagesmith.plan import OsType, StepSecret
from imagesmith.redact import too_short
from imagesmith.source import Dependence

SECRET_IN_FIRST_LINE = Rule(
    code="IMG870",
    severity=Severity.ERROR,
    title="a secret stands in the first line of a script, which names its interpreter",
    cause="The words behind `#!` are arguments of a program, and every user of the machine can read them.",
    fix="take the secret out of the first line; the lines below it may hold one",
    example="\"inline\": [\"[concat('#!/usr/bin/env -S TOKEN=', parameters('token'), ' sh')]\", \"login\"]",
    corrected="\"inline\": [\"#!/bin/sh\", \"[concat('TOKEN=', parameters('token'), ' login')]\"]",
    source="execve(2), Interpreter scripts; docs/secrets.md",
)

AS_ROOT_WITH_FILE = "chmod +x {{ .Path }}; . {{ .EnvVarFile }} && sudo -n -E {{ .Path }}"
"""As root, with the variables of the file (lowering.md §4.2)."""
_DECODE = (
    "$env:%s = & { param($v) if ($v.StartsWith('base64:')) "
    '{ [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($v.Substring(7))) } else { $v } } "%s"; '
)
"""Packer puts its own variables (PACKER_BUILD_NAME …) through the same form, as they are."""
_VARIABLE = "secret_"
PROTECTED = 'replace(var.%s, "{{", "{{`{{`}}")'
"""sh's values are rendered once (packer.md §5.6)."""
_MOST = 30_000
"""Characters of one variable: an environment variable of Windows holds 32,767, one of Linux 131,072 bytes."""
_PART = 1_500
"""Characters of a longer secret that go into one variable, at most twenty bytes each."""


def variable_of(name: str) -> str:
    """The input variable of the HCL that holds the value of an environment variable."""
    return f"{_VARIABLE}{name.lower()}"


def reference_name(parameter: str) -> str:
    """The environment variable for a secure parameter."""
    return f"{PREFIX}{slug_of(parameter).upper()}"


def slug_of(parameter: str) -> str:
    """A parameter's name as a part of a variable's."""
    return re.sub("[^a-z0-9]+", "_", parameter.lower()).strip("_") or "parameter"


def in_pieces(lines: Sequence[str], separator: str, path: Path, lowering: Lowering) -> Pieces:
    """An `inline` text, joined by the separator, as pieces; each secret one gets an environment variable."""
    text = separator.join(lines)
    hidden = {name: value for name, value in lowering.options.hidden.items() if too_short(value) is None}
    found = [(*span, parameter) for parameter in hidden for span in lowering.spans(text, parameter)]
    if lowering.options.hidden:
        found += _untold(lines, len(separator), path, found, lowering)
    pieces: list[str | Hidden] = []
    done = 0
    stretches = apart(found)
    for start, end, parameter in stretches:
        pieces.append(text[done:start])
        pieces += _hidden(text[start:end], parameter, lowering)
        done = end
    pieces.append(text[done:])
    if text.startswith("#!") and any(start <= len(text.partition("\n")[0]) for start, _, _ in stretches):
        lowering.say(SECRET_IN_FIRST_LINE, path)
    return [piece for piece in pieces if piece]


_Stretch: TypeAlias = "tuple[int, int, str]"
"""Where a stretch of a text begins and ends, and the secure parameter that it comes from."""


def _untold(
    lines: Sequence[str], between: int, path: Path, found: Sequence[_Stretch], lowering: Lowering
) -> Iterator[_Stretch]:
    """The whole of each text that an expression made of a secure parameter in a way that does not show where the value
    is: toUpper(), split(), a choice. What names the interpreter stays, since nobody could read it otherwise."""
    groups: dict[Dependence, list[tuple[int, int]]] = {}
    start = 0
    for index, line in enumerate(lines):
        if depends := lowering.options.depends((*path, index)):
            groups.setdefault(depends, []).append((start, start + len(line)))
        start += len(line) + between
    head = len(lines[0].partition("\n")[0]) + 1 if lines[0].startswith("#!") else 0
    for depends, stretches in groups.items():
        for parameter in depends.parameters:
            names = [name for name in lowering.options.hidden if re.split(r"[.\[]", name)[0] == parameter]
            told = any(name in names and _within(at, stretches) for at, _, name in found)
            if names and not told:
                yield from ((max(start, head), end, names[0]) for start, end in stretches if end > head)


def _within(at: int, stretches: Iterable[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in stretches)


def apart(stretches: Iterable[_Stretch]) -> Sequence[_Stretch]:
    """Stretches that do not overlap: those that do become one, which is named after the first."""
    found: list[_Stretch] = []
    for start, end, parameter in sorted(stretches, key=lambda one: (one[0], -one[1])):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]), found[-1][2])
        else:
            found.append((start, end, parameter))
    return found


def _hidden(text: str, parameter: str, lowering: Lowering) -> Iterator[Hidden]:
    windows = lowering.options.os_type is OsType.WINDOWS
    whole = len(variable_value(text, windows=windows)) <= _MOST
    bounds = [0, len(text)] if whole else [*range(0, len(text), _PART), len(text)]
    for start, end in pairwise(bounds):
        part = text[start:end]
        own = part == lowering.options.hidden[parameter]
        value = variable_value(part, windows=windows)
        variable = numbered(lowering.values, variable_of(reference_name(parameter)), value, first=1 if own else 2)
        name = variable.removeprefix(_VARIABLE).upper()
        declare(name, f"parameter '{parameter}'", lowering)
        yield Hidden(name, part)


def numbered(values: dict[str, str], plain: str, value: str, *, first: int) -> str:
    """The name for a value among those that are known: the plain one for a parameter's own value (`first` 1), numbered
    ones for all others."""
    names = (plain if number == 1 else f"{plain}_{number}" for number in count(first))
    return next(name for name in names if values.setdefault(name, value) == value)


def declare(name: str, origin: str, lowering: Lowering) -> None:
    """Make the input variable for an environment variable."""
    secret = StepSecret(name=name, variable=variable_of(name), origin=origin)
    lowering.secrets[name] = secret
    lowering.variable(
        secret.variable,
        f"Secret of steps, as {name} in their environment.",
        sensitive=True,
        required=True,
        value="given-by-a-run",
    )


def environment(
    names: Sequence[str], kind: str, *, as_root: bool = False, elevated: bool = False
) -> tuple[tuple[str, Literal], ...]:
    """The options of a provisioner that gives secrets to its script."""
    if not names:
        return ()
    if kind == "powershell":
        pairs = tuple(
            Joined((f"{name}=base64:", Expression(f"base64encode(var.{variable_of(name)})"))) for name in names
        )
        form = "elevated_env_var_format" if elevated else "env_var_format"
        return (("environment_vars", pairs), (form, _DECODE))
    pairs = tuple(Joined((f"{name}=", Expression(PROTECTED % variable_of(name)))) for name in names)
    rows: tuple[tuple[str, Literal], ...] = (("environment_vars", pairs), ("use_env_var_file", True))
    return (*rows, ("execute_command", AS_ROOT_WITH_FILE)) if as_root else rows
