"""The table of what a settings file may say; a key more is a row more.

A key has the name of the option that says the same (`fail-on` is `--fail-on`), and of an environment variable
(`IMAGESMITH_FAIL_ON`). The option wins over the variable, the variable over the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from imagesmith.diagnostics import Severity
from imagesmith.lower import ValidateOn
from imagesmith.model import OsType
from imagesmith.policy import FailOn, selector_problem
from imagesmith.rules.timeouts import seconds
from imagesmith.versions import Version

Read = Callable[[object], Any]
"""Takes a value as TOML has it and gives the one that the option would. Raises ValueError that says what is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One key of a settings file: its name, what it may hold, and what it is for."""

    name: str
    read: Read
    help: str
    example: str

    @property
    def parameter(self) -> str:
        """The name under which the option's value arrives in a command."""
        return self.name.replace("-", "_")


def environment_name(key: str) -> str:
    """The environment variable that says the same as a key."""
    return f"IMAGESMITH_{key.replace('-', '_').upper()}"


def text(value: object) -> str:
    """A text that is not empty."""
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError("a text in quotes")


def flag(value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise ValueError("true or false, without quotes")


def one_of(choices: type[Enum]) -> Read:
    """One of some words."""
    words = [str(choice.value) for choice in choices]

    def read(value: object) -> str:
        if value in words:
            return str(value)
        raise ValueError("one of " + ", ".join(f'"{word}"' for word in words))

    return read


def selectors(value: object) -> tuple[str, ...]:
    """A list of codes, beginnings of codes and categories."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError('a list such as ["IMG410", "IMG5", "lint"]')
    for item in value:
        if problem := selector_problem(item):
            raise ValueError(f"a list of selectors, but {problem}")
    return tuple(value)


def _table(value: object, example: str) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    raise ValueError(f"a table such as {example}")


def severities(value: object) -> Mapping[str, Severity]:
    """A table of selectors and severities."""
    given = _table(value, '{ IMG410 = "warning", lint = "error" }')
    for selector, severity in given.items():
        if problem := selector_problem(selector):
            raise ValueError(f"a table of selectors, but {problem}")
        if severity not in set(Severity):
            raise ValueError(f"a table of severities ({', '.join(Severity)}), but {selector} is none")
    return {selector: Severity(str(severity)) for selector, severity in given.items()}


def texts(value: object) -> dict[str, str]:
    """A table of texts, numbers and truths; anything else is written as JSON, as the command line takes it."""
    given = _table(value, '{ region = "westeurope" }')
    try:
        return {name: item if isinstance(item, str) else json.dumps(item) for name, item in given.items()}
    except TypeError:
        raise ValueError("a table of texts, numbers, truths, lists and tables") from None


def version(value: object) -> Version:
    """A version number."""
    try:
        return Version.parse(text(value))
    except ValueError:
        raise ValueError('a version in quotes, such as "1.11.2"') from None


def count(value: object) -> int:
    """A number from 0 to 100."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100:
        return value
    raise ValueError("a number from 0 to 100, without quotes")


def duration(value: object) -> float:
    """A duration in seconds."""
    found = seconds(text(value))
    if found is None:
        raise ValueError('a duration in quotes, such as "90s", "45m" or "2h"')
    return found


def by_step(read: Read, example: str) -> Read:
    """A table of steps and what each is to have."""
    return lambda value: {step: read(item) for step, item in _table(value, example).items()}


def steps(value: object) -> tuple[str, ...]:
    """A list of steps."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError('a list such as ["customize[3]"]')
    return tuple(value)


KEYS: tuple[Key, ...] = (
    Key(name="select", read=selectors, help="Which diagnostics are shown.", example='["IMG3", "lint"]'),
    Key(name="ignore", read=selectors, help="Which diagnostics are left out.", example='["IMG410"]'),
    Key(name="severity", read=severities, help="Other severities.", example='{ IMG389 = "note", lint = "warning" }'),
    Key(
        name="fail-on",
        read=one_of(FailOn),
        help="The mildest severity that makes a command fail.",
        example='"warning"',
    ),
    Key(name="baseline", read=text, help="File of known findings (`validate`).", example='"imagesmith-baseline.json"'),
    Key(name="parameters", read=texts, help="Values of ARM parameters and tokens.", example='{ gallery = "contoso" }'),
    Key(name="location", read=text, help="Region, where the template names none.", example='"westeurope"'),
    Key(name="resource-group", read=text, help="Resource group.", example='"contoso-images"'),
    Key(name="subscription", read=text, help="Subscription id.", example='"00000000-0000-0000-0000-000000000001"'),
    Key(name="tenant", read=text, help="Tenant id.", example='"00000000-0000-0000-0000-000000000002"'),
    Key(name="os-type", read=one_of(OsType), help="Operating system.", example='"Linux"'),
    Key(name="strict", read=flag, help="Read field names as 2024-02-01 does.", example="true"),
    Key(name="strict-scripts", read=flag, help="Let PowerShell steps stop at an error.", example="true"),
    Key(
        name="validate-on",
        read=one_of(ValidateOn),
        help="Where validators run.",
        example='"build-vm"',
    ),
    Key(
        name="vhd-container",
        read=text,
        help="Storage container for a VHD without uri.",
        example='"https://contoso.blob.core.windows.net/vhds"',
    ),
    Key(name="vhd-resource-group", read=text, help="Resource group of its account.", example='"contoso-storage"'),
    Key(name="retries", read=count, help="Tries more of what passes by itself.", example="3"),
    Key(name="silence-timeout", read=duration, help="Cancel after so much silence.", example='"30m"'),
    Key(name="cleanup-timeout", read=duration, help="End a clean-up that takes so long.", example='"30m"'),
    Key(
        name="step-timeout",
        read=by_step(duration, '{ "customize[2]" = "10m" }'),
        help="Time limits of steps.",
        example='{ "customize[2]" = "10m" }',
    ),
    Key(
        name="step-retries",
        read=by_step(count, '{ "customize[2]" = 3 }'),
        help="Tries more of steps.",
        example='{ "customize[2]" = 3 }',
    ),
    Key(name="continue", read=steps, help="Script steps that may fail.", example='["customize[3]"]'),
    Key(name="packer-version", read=version, help="Packer to compile for.", example='"1.11.2"'),
    Key(name="azure-plugin", read=version, help="Azure plugin to compile for.", example='"2.3.0"'),
)
"""Every key that a settings file may hold."""

NOT_IN_A_FILE: Mapping[str, str] = {
    "packer": "which program runs",
    "plugin-path": "which programs run",
    "sandbox-engine": "which program runs",
    "sandbox-base": "which image stands for a machine",
    "mirror": "where programs come from",
    "ca-bundle": "who is trusted",
    "certificate": "who is trusted",
    "auth": "which login is used",
    "allow-host": "which hosts are reached",
    "root": "which files are read",
    "state-dir": "where records are written",
    "cache-dir": "where programs are kept",
    "sandbox-state": "where a sandbox is kept",
}
"""What only an option or an environment variable may say, and what it decides (architecture §5)."""
