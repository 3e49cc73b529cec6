"""Secrets that a run gives to steps: from where they come, and whether they can reach a machine unchanged.

`NAME=env:VARIABLE`, `NAME=file:PATH` and `NAME=keyvault:URI` say where a value is; it stands nowhere on a command line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from imagesmith.azure.clients import AzureError
from imagesmith.azure.vault import is_secret_uri, read_secret
from imagesmith.build.ending import Stop
from imagesmith.build.run import Run
from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.events import ExitCode
from imagesmith.hcl import unfit
from imagesmith.lower.secrets import variable_of
from imagesmith.plan import OsType
from imagesmith.redact import too_short
from imagesmith.world import World

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_TAKEN = re.compile(
    r"(?:IMAGESMITH|PACKER|PKR|LC)_\w*|PATH|HOME|IFS|ENV|BASH_ENV|LANG|SHELL|USER|PWD|PS[14]|PSMODULEPATH|TEMP|TMP"
    r"|TMPDIR|LD_\w+|COMSPEC|SYSTEMROOT|WINDIR|PATHEXT",
    re.IGNORECASE,
)
_LONGEST = 32_000
"""Characters: an environment variable of Windows holds 32,767, one of Linux 131,072 bytes."""

UNFIT_SECRET = Rule(
    code="IMG871",
    severity=Severity.ERROR,
    title="a value cannot be used as a secret",
    cause="Short values cannot be masked without destroying the log; what environment variables, Packer's language or"
    " its transport cannot hold would reach the machine changed.",
    fix="use a longer secret; put what is no text, or has line ends of Windows, through base64, and decode it in the"
    " step",
    source="packer.md §4.8, §5.4, §6.1",
)
SECRET_NOT_READ = Rule(
    code="IMG872",
    severity=Severity.ERROR,
    title="a secret cannot be read",
    cause="The environment has no such variable, or the file is not there, not readable or no text in UTF-8.",
    fix="check the name after env: or the path after file:",
    source="docs/secrets.md",
)
SECRET_MISSING = Rule(
    code="IMG874",
    severity=Severity.ERROR,
    title="the build has no value for a secret of its steps",
    cause="The template was compiled with the name of a secret, and the run was given no value for it.",
    fix="give it with --secret NAME=env:VARIABLE, or in BuildOptions.secrets",
    source="docs/secrets.md",
)


class Place(StrEnum):
    """Where a secret's value may be."""

    ENVIRONMENT = "env"
    FILE = "file"
    VAULT = "keyvault"


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretSource:
    """One secret of steps: the environment variable that it becomes, and where its value is."""

    name: str
    place: Place
    where: str


def parse_source(text: str) -> SecretSource:
    """Read `NAME=PLACE:WHERE`. Raises ValueError that says what is wrong with it, without repeating a value."""
    name, equals, rest = text.partition("=")
    place, colon, where = rest.partition(":")
    if not _NAME.fullmatch(name):
        raise ValueError("a secret's name is one of an environment variable: letters, digits and '_'")
    if _TAKEN.fullmatch(name):
        raise ValueError(f"'{name}' has a meaning of its own on machines; choose another name")
    if not equals or not colon or not where or place not in list(Place):
        raise ValueError(f"write {name}=env:VARIABLE, {name}=file:PATH or {name}=keyvault:URI, never the value itself")
    if place == Place.VAULT and not is_secret_uri(where):
        raise ValueError("a secret of a key vault is https://VAULT.vault.azure.net/secrets/NAME or …/NAME/VERSION")
    return SecretSource(name=name, place=Place(place), where=where)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadSecrets:
    """Values by the names of their environment variables, and what could not be read."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()


def read_secrets(sources: Iterable[SecretSource], *, environment: Mapping[str, str], world: World) -> ReadSecrets:
    """Read all values; every one that cannot be had is told. One line end at the end of a file is not part of it."""
    values: dict[str, str] = {}
    found: list[Diagnostic] = []
    for source in sources:
        try:
            values[source.name] = _read(source, environment, world)
        except AzureError as error:
            found.append(error.diagnostic)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
            found.append(SECRET_NOT_READ.at((), f"secret {source.name}: '{source.where}' cannot be read: {reason}"))
        except KeyError:
            message = f"secret {source.name}: the environment has no variable '{source.where}'"
            found.append(SECRET_NOT_READ.at((), message))
    return ReadSecrets(values=values, diagnostics=tuple(found))


def _read(source: SecretSource, environment: Mapping[str, str], world: World) -> str:
    return read_secret(source.where, world) if source.place is Place.VAULT else _read_here(source, environment)


def _read_here(source: SecretSource, environment: Mapping[str, str]) -> str:
    if source.place is Place.ENVIRONMENT:
        return environment[source.where]
    text = Path(source.where).read_bytes().decode("utf-8")
    return text.removesuffix("\n").removesuffix("\r")


def unusable(value: str, os_type: OsType) -> str | None:
    """Why a value cannot be a secret of steps, None where it can."""
    if (reason := too_short(value)) or (reason := unfit(value)):
        return reason
    if len(value) > _LONGEST:
        return f"it has {len(value):,} characters, and an environment variable holds {_LONGEST:,}"
    if os_type is OsType.LINUX and "\r" in value:
        return "it has line ends of Windows, which Packer would change on the way"
    return None


def judged(values: Mapping[str, str], os_type: OsType) -> tuple[Diagnostic, ...]:
    """What speaks against values, by what people call them."""
    reasons = {name: reason for name, value in values.items() if (reason := unusable(value, os_type))}
    return tuple(
        UNFIT_SECRET.at((), f"the value of {name} cannot be used: {reason}") for name, reason in reasons.items()
    )


def judged_at_hand(
    sources: Iterable[SecretSource], os_type: OsType, *, environment: Mapping[str, str]
) -> tuple[Diagnostic, ...]:
    """What speaks against the values that need no login to be read. One that is not there is no fault: who compiles
    needs none."""
    values: dict[str, str] = {}
    for source in sources:
        if source.place is not Place.VAULT:
            with suppress(OSError, ValueError, KeyError):
                values[f"--secret {source.name}"] = _read_here(source, environment)
    return judged(values, os_type)


def step_variables(run: Run) -> dict[str, str]:
    """Values for the HCL's variables of steps' secrets. Raises Stop if one is missing or cannot be used."""
    given = {variable_of(name): value for name, value in run.options.secrets.items()}
    values = {**run.compilation.step_values, **given}
    found = []
    for secret in run.plan.secrets:
        if secret.variable not in values:
            found.append(SECRET_MISSING.at((), f"there is no value for {secret.origin}"))
        else:
            found += judged({secret.origin: values[secret.variable]}, run.plan.os_type)
    if found:
        raise Stop(ExitCode.PREFLIGHT, found[0].message, found)
    return {secret.variable: values[secret.variable] for secret in run.plan.secrets}
