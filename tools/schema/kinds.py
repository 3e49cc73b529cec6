"""The words that the template's properties are described in: kinds of values, properties, structures, families."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

OLDEST = "2019-05-01-preview"
INT32_MAX = 2_147_483_647


@dataclass(frozen=True, slots=True)
class Text:
    """A string; `pattern` is a regular expression without backslash classes, so that every validator reads it alike."""

    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number that fits the service's 32 bits."""

    minimum: int | None = None
    maximum: int = INT32_MAX


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few texts; each maps to the API version that brought it ("" for all versions)."""

    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Items:
    """An array."""

    item: Kind


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object whose keys are the user's own."""

    value: Kind


@dataclass(frozen=True, slots=True)
class Part:
    """An object described under `$defs`: a `Structure` or a `Family`."""

    name: str


@dataclass(frozen=True, slots=True)
class Anything:
    """A value that Image Builder does not look at."""


Kind: TypeAlias = Text | Whole | Flag | Choice | Items | MapOf | Part | Anything


@dataclass(frozen=True, kw_only=True, slots=True)
class Property:
    """A property of an object, over all API versions.

    `since` and `until` are the first and the last version that have it, `required_since` and `required_until` the
    first and the last that insist on it. `instead` says what to write after `until`. `former` lists what the property
    was called before. `see` names the section of Azure's template reference that tells more.
    """

    name: str
    kind: Kind
    description: str
    since: str = OLDEST
    until: str = ""
    instead: str = ""
    required_since: str = ""
    required_until: str = ""
    deprecated_since: str = ""
    read_only: bool = False
    former: tuple[str, ...] = ()
    default: str | int | bool | tuple[int, ...] | None = None
    see: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Structure:
    """An object with a fixed set of properties. `value` is its discriminator's value, in a family."""

    name: str
    title: str
    description: str
    properties: tuple[Property, ...]
    since: str = OLDEST
    value: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Objects told apart by `type`. `gone` maps kinds that no version here takes any more to what to do instead."""

    name: str
    title: str
    description: str
    type_description: str
    members: tuple[Structure, ...]
    gone: Mapping[str, str] = field(default_factory=dict)


Definition: TypeAlias = Structure | Family
