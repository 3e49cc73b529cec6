"""A compilation to the resolved template as a text: a bare resource in JSON or YAML, or an ARM deployment file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from imagesmith.api_versions import NEWEST, VERSIONS, is_strict
from imagesmith.convert.deployment import deployment
from imagesmith.convert.rules import SECRETS_IN_CLEAR
from imagesmith.convert.secrets import places_of_secrets, without_secrets
from imagesmith.convert.texts import json_of, yaml_of
from imagesmith.diagnostics import Category, Diagnostic, Path, Span
from imagesmith.pipeline import Compilation
from imagesmith.schema import check
from imagesmith.schema.rules import UNKNOWN_FIELD
from imagesmith.source import Document, locate, plain

__all__ = ["Conversion", "Form", "convert"]

_STOPPING = frozenset({Category.SYNTAX, Category.DEPLOYMENT, Category.SETTINGS, Category.SCHEMA})
"""Errors of these kinds leave no resolved template. The others are about building it, which a conversion does not."""
_ORDER = ("type", "apiVersion", "name", "location", "tags", "identity", "properties")
"""How people write a resource; what else it has comes behind."""


class Form(StrEnum):
    """What to convert to; `resource` is a bare resource in the language of the file that it came from."""

    RESOURCE = "resource"
    ARM = "arm"
    YAML = "yaml"
    JSON = "json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversion:
    """The text, None where there is none, and what kept it from being made or was left out."""

    text: str | None
    diagnostics: tuple[Diagnostic, ...] = ()


def convert(compilation: Compilation, form: Form) -> Conversion:
    """Write the resolved template. Never raises for what is wrong with it: that is in the compilation's diagnostics.

    Parameters, variables, expressions, loops and tokens are resolved; names have today's spelling; fields that the API
    version overlooks are left out. Values of secure parameters are never written: `arm` keeps the parameters, without
    values, and the other forms, which have none, are refused.
    """
    document = compilation.document
    if document is None or document.root is None or _is_stopped(compilation):
        return Conversion(text=None)
    resource = _resource(document, compilation)
    if form is Form.ARM:
        protected = without_secrets(resource, compilation.secrets, compilation.options.parameters)
        api_version = str(resource.get("apiVersion") or _fitting_version(document, compilation))
        return Conversion(text=json_of(deployment(protected.data, api_version, protected.parameters)))
    places = places_of_secrets(document.root, compilation.secrets)
    if places:
        found = (SECRETS_IN_CLEAR.at(path, span=_written_at(document, path)) for path in places)
        return Conversion(text=None, diagnostics=tuple(locate(found, document)))
    is_yaml = form is Form.YAML or (form is Form.RESOURCE and not _is_json(document))
    return Conversion(text=yaml_of(resource) if is_yaml else json_of(resource))


def _written_at(document: Document, path: Path) -> Span | None:
    """Where the template itself names a value, wherever that comes from."""
    origin = document.origin(path)
    return origin.via[0].span if origin and origin.via else None


def _is_stopped(compilation: Compilation) -> bool:
    return any(found.is_error and found.category in _STOPPING for found in compilation.diagnostics)


def _resource(document: Document, compilation: Compilation) -> dict[str, Any]:  # JSON data
    data: dict[str, Any] = plain(document.root) if document.root else {}
    for path in _overlooked(compilation):
        _drop(data, path)
    first = {key: data[key] for key in _ORDER if key in data}
    return first | {key: value for key, value in data.items() if not key.startswith("$") and key != "metadata"}


def _overlooked(compilation: Compilation) -> set[Path]:
    """The paths of fields that the API version does not know and passes over."""
    found = (*compilation.diagnostics, *(one.diagnostic for one in compilation.silenced))
    return {one.path for one in found if one.code == UNKNOWN_FIELD.code}


def _drop(data: Any, path: tuple[str | int, ...]) -> None:  # JSON data
    *above, last = path
    for part in above:
        data = data[part]
    if isinstance(data, dict):
        data.pop(str(last), None)


def _fitting_version(document: Document, compilation: Compilation) -> str:
    """The newest version that takes what is written of a template without one: a strict one, else a lenient one."""
    left_out = _overlooked(compilation)
    if not any(found.is_error and found.path not in left_out for found in check(document, NEWEST, strict=True)):
        return NEWEST
    return next(version for version in reversed(VERSIONS) if not is_strict(version))


def _is_json(document: Document) -> bool:
    """Whether a file was read as JSON: its object is closed by a brace (a mapping in braces is JSON enough)."""
    return document.source.text.rstrip().endswith("}")
