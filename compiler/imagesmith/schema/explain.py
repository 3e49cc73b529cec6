"""A refusal in the template's own words: one diagnostic a problem, at the value or key to change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from re import search
from typing import Any

import jsonschema
from jsonschema import validators

from imagesmith.api_versions import NEWEST, VERSIONS
from imagesmith.diagnostics import Diagnostic, On, Path, Severity, dotted
from imagesmith.schema.forms import out_of_range, wrong_name, wrong_type
from imagesmith.schema.gate import checked_schema
from imagesmith.schema.rules import GONE, MISSING_FIELD, TOO_NEW, UNKNOWN_FIELD, UNKNOWN_KIND, UNKNOWN_VALUE
from imagesmith.schema.suggest import for_field, for_kind, for_missing_type, for_value, shown
from imagesmith.source import Value
from imagesmith.vocabulary import Node, vocabulary, with_article

MOST_REFUSALS = 1000
"""Nobody reads more, and a hostile file may hold millions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One keyword of a schema that a value does not meet."""

    path: Path
    keyword: str
    found: Any  # plain JSON data of any shape
    schema: Node


class Explanation:
    """Why a version's schema refuses a template."""

    def __init__(self, root: Value, data: Any, version: str, *, strict: bool) -> None:  # plain JSON data of any shape
        self._root = root
        self._data = data
        self._version = version
        self._strict = strict
        self._words = vocabulary(version)
        self._newest = vocabulary(NEWEST)
        self._too_new: list[Path] = []

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All problems, each once. What is too new for the version is held against the newest one."""
        refusals = tuple(islice(_refusals(self._version, self._data), MOST_REFUSALS))
        mistyped = {refusal.path for refusal in refusals if refusal.keyword == "type"}
        found: list[Diagnostic] = []
        for refusal in refusals:
            # A value of the wrong type is of the wrong size and none of the choices too; once is enough.
            if refusal.keyword == "type" or refusal.path not in mistyped:
                found += islice(self._explain(refusal), MOST_REFUSALS)
        if self._too_new:
            later = Explanation(self._root, self._data, NEWEST, strict=self._strict).diagnostics()
            found += [problem for problem in later if self._is_within_too_new(problem.path)]
        return tuple(dict.fromkeys(found))

    def _is_within_too_new(self, path: Path) -> bool:
        return any(path[: len(place)] == place for place in self._too_new)

    def _explain(self, refusal: Refusal) -> Iterator[Diagnostic]:
        path, schema, found = refusal.path, refusal.schema, refusal.found
        match refusal.keyword:
            case "additionalProperties":
                unknown = (key for key in found if key not in schema["properties"])
                yield from (self._unknown_field(path, key, schema) for key in unknown)
            case "required":
                missing = (key for key in schema["required"] if key not in found)
                yield from (self._missing(path, key, schema) for key in missing)
            case "enum":
                yield self._unknown_choice(path, found, schema)
            case "type":
                yield wrong_type(path, found, self._words.at(self._root, path) or schema)
            case "minimum" | "maximum":
                yield out_of_range(path, found, schema)
            case "pattern":
                yield wrong_name(path, found)
            case other:
                raise NotImplementedError(f"no words for the schema keyword {other!r}")

    def _unknown_choice(self, path: Path, found: str, schema: Node) -> Diagnostic:
        kind = path[-1:] == ("type",) and path[:1] == ("properties",)
        return self._unknown_kind(path, found, schema) if kind else self._unknown_value(path, found, schema)

    def _called(self, path: Path, node: Node | None) -> str:
        """An object as a message calls it: "a Shell customizer", "`properties.vmProfile`"."""
        title = str((node or {}).get("title", ""))
        if not path:
            return "an image template"
        return with_article(title) if " " in title else f"`{dotted(path)}`"

    def _lenient(self) -> Severity:
        return Severity.ERROR if self._strict else Severity.WARNING

    def _unknown_field(self, path: Path, key: str, schema: Node) -> Diagnostic:
        place = (*path, key)
        owner = self._called(path, schema)
        newest = self._newest.at(self._root, path) or {}
        known = newest.get("properties", {})
        if key in known:
            return self._is_too_new(place, f"`{key}`", newest, known[key])
        if key in schema.get("x-gone", {}):
            message = f"`{key}` is not part of API version {self._version} any more"
            return GONE.at(place, message, hint=schema["x-gone"][key], on=On.KEY, severity=self._lenient())
        ignored = "" if self._strict else "; it is ignored"
        hint = for_field(key, schema, self._newest, kind=str(schema.get("title", "")))
        name = f"`{shown(key)}`" if key else "property with an empty name"
        message = f"{owner} has no {name}{ignored}"
        return UNKNOWN_FIELD.at(place, message, hint=hint, on=On.KEY, severity=self._lenient())

    def _is_too_new(self, place: Path, what: str, owner: Node, node: Node) -> Diagnostic:
        self._too_new.append(place)
        since = node.get("x-since") or owner.get("x-since") or NEWEST
        message = f"{what} is known since API version {since}, and the template names {self._version}"
        hint = f'write "apiVersion": "{since}" or later{_strictness(since)}, or remove {what}'
        return TOO_NEW.at(place, message, hint=hint, on=On.KEY, severity=self._lenient())

    def _missing(self, path: Path, key: str, schema: Node) -> Diagnostic:
        owner = self._called(path, self._words.at(self._root, path) or schema)
        if key == "type":
            hint = for_missing_type(schema, self._words, (self._root, path))
            return MISSING_FIELD.at(path, f"{owner} has no `type`", hint=hint)
        text = str(self._words.resolve(schema["properties"][key]).get("description", ""))
        later = self._newest.at(self._root, path)
        missing = MISSING_FIELD.at(
            path, f"{owner} needs `{key}`, which is missing", hint=f"add `{key}`: {text[:1].lower()}{text[1:]}"
        )
        if self._strict or later is None or key in later.get("required", ()):
            return missing
        message = f"in API version {self._version} {owner} needs `{key}`, which is missing; newer versions do not"
        hint = f"{missing.hint.removesuffix('.')}; or raise `apiVersion`"
        return replace(missing, message=message, hint=hint, severity=Severity.WARNING)

    def _unknown_kind(self, path: Path, found: str, schema: Node) -> Diagnostic:
        family = str((self._words.at(self._root, path[:-1]) or {}).get("title", "part"))
        owner = with_article(family)
        newest = self._newest.at(self._root, path) or {}
        if found == newest.get("const"):  # the newest version knows this kind
            self._too_new.append(path[:-1])
            kind = self._newest.at(self._root, path[:-1]) or {}
            return replace(self._is_too_new(path, f"`{found}` as {owner}", kind, {}), on=On.VALUE)
        if found in schema.get("x-gone", {}):
            return GONE.at(path, f"{shown(found)} is not {owner} any more", hint=schema["x-gone"][found])
        message = f"{shown(found)} is no type of {family}; {_listed(schema['enum'])} are"
        return UNKNOWN_KIND.at(path, message, hint=for_kind(found, schema["enum"], family, self._newest))

    def _unknown_value(self, path: Path, found: str, schema: Node) -> Diagnostic:
        newest = self._newest.at(self._root, path) or {}
        since = newest.get("x-since-values", {})
        if found in since:
            problem = self._is_too_new(path, f"the value {found}", newest, {"x-since": since[found]})
            return replace(problem, on=On.VALUE)
        name = f"`{path[-1]}`" if path else "the value"
        message = f"{name} is {shown(found)}; it may be {_listed(schema['enum'])}"
        return UNKNOWN_VALUE.at(path, message, hint=for_value(found, schema["enum"]))


def _strictness(since: str) -> str:
    return " (which reads names strictly)" if since >= "2024-02-01" else ""


def _listed(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"


def _refusals(version: str, data: Any) -> Iterator[Refusal]:
    for error in explaining(version).iter_errors(data):
        yield Refusal(
            path=tuple(error.absolute_path), keyword=error.validator, found=error.instance, schema=error.schema
        )


def _pattern(_validator: object, pattern: str, found: object, _schema: object) -> Iterator[jsonschema.ValidationError]:
    # JSON Schema means ECMAScript's `$`, the end of the text; Python's also matches before a last newline.
    if isinstance(found, str) and not search(pattern.removesuffix("$") + r"\Z", found):
        yield jsonschema.ValidationError("does not match")


@lru_cache(maxsize=len(VERSIONS))
def explaining(version: str) -> Any:  # jsonschema makes its classes at run time
    """The slow validator of an API version, which names every keyword that is not met. ValueError if there is none."""
    kind: Any = validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call] # as above
    return kind(dict(checked_schema(version)))
