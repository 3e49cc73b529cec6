"""What a template asks for to values for it: parameters by declared type, tokens by name; always the same ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from imagesmith.source import Document, plain

Json: TypeAlias = Any  # parameters may be of any JSON type

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/contoso-images"
DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/contosoGallery/images/base"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/contoso-builder"
REGION = "westeurope"

_BY_NAME: tuple[tuple[str, Json], ...] = (
    ("subscription.?id", SUBSCRIPTION),
    ("(principal|client|tenant)id", "00000000-0000-0000-0000-000000000003"),
    ("sigdefimgversionid", f"{DEFINITION}/versions/1.0.0"),
    ("galleryimageid|.*imagedefinitionresourceid", DEFINITION),
    # Its only use puts the image's name right behind it.
    ("managedimageresgroupid", f"{GROUP}/providers/Microsoft.Compute/images/"),
    (".*(rg|group)(name)?", "contoso-images"),
    ("imgbuilderid|.*identity(resource)?id|userassignedresourceids", IDENTITY),
    (".*identity.*|uaminame", "contoso-builder"),
    ("region2", "northeurope"),
    (".*(region|location).*", REGION),
    ("script.*(url|uri)", "https://files.contoso.example/setup.sh"),
    ("runoutputname", "contoso-run"),
    (".*(gal|acg|gallery)name", "contosoGallery"),
    ("imageversion", "1.0.0"),
    ("imagepublisher", "MicrosoftWindowsServer"),
    ("imageoffer", "WindowsServer"),
    ("image.?sku|skuname", "2022-datacenter-g2"),
    ("packages.*", "nginx"),
    (
        "imagesource",
        {
            "type": "PlatformImage",
            "publisher": "Canonical",
            "offer": "0001-com-ubuntu-server-jammy",
            "sku": "22_04-lts-gen2",
            "version": "latest",
        },
    ),
    ("managedidentities", {"userAssignedResourceIds": [IDENTITY]}),
    ("customizationsteps", [{"type": "Shell", "name": "greet", "inline": ["echo hello"]}]),
)
"""Values by the name of what asks for them, first match wins: how the name is used in the corpus decides."""

_NAMED_BY_PATH: tuple[tuple[str, str], ...] = ((".*identity.*", "contoso-builder"),)
"""The same for tokens that are a segment of a path, where they are names and no ids."""

_ASSUMED = {"imagetemplatename", "api-version"}
"""Parameters that the compiler gives a value of its own (architecture §3.3)."""

_TOKEN = re.compile(r"<([A-Za-z][A-Za-z0-9_ -]*)>")
_NO_TOKENS = {"inline", "script", "metadata"}
"""Members whose texts have angle brackets of their own."""


def filling(document: Document) -> Mapping[str, str]:
    """Values in the form of -p for every token and every parameter without a value of its own."""
    if document.root is None:
        return {}
    data = plain(document.root)
    values = {name: _for_token(name, alone=alone) for name, alone in _tokens(data)}
    if isinstance(data, dict) and "resources" in data:
        values |= {name: _text(value) for name, value in _parameters(data)}
    return values


def _for_token(name: str, *, alone: bool) -> str:
    named = (
        "" if alone else next((value for pattern, value in _NAMED_BY_PATH if re.fullmatch(pattern, name.lower())), "")
    )
    return named or str(_by_name(name, "contoso"))


def _tokens(data: Json) -> Iterator[tuple[str, bool]]:
    """Names of tokens outside scripts, and whether they stand alone: whole values, segments of paths, and keys."""
    if isinstance(data, str):
        for segment in data.split("/"):
            match = _TOKEN.fullmatch(segment)
            if match:
                yield match[1], segment == data
    elif isinstance(data, list):
        for item in data:
            yield from _tokens(item)
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _tokens(key)
            if key.lower() not in _NO_TOKENS:
                yield from _tokens(value)


def _parameters(template: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    for name, declaration in template.get("parameters", {}).items():
        declared = _resolved(declaration, template)
        if "defaultValue" in declared or name.lower() in _ASSUMED:
            continue
        if not declared.get("nullable") or _is_named_list(name, declared):
            yield name, _value(name, declared, template)


def _is_named_list(name: str, declared: dict[str, Json]) -> bool:
    """Whether a parameter that may stay away makes the template say more: the steps of a module."""
    return declared["type"] == "array" and bool(_by_name(name, []))


def _resolved(declaration: dict[str, Json], template: dict[str, Json]) -> dict[str, Json]:
    """A declaration with what the definition that it refers to says."""
    while "$ref" in declaration:
        *_, name = declaration["$ref"].split("/")
        declaration = {**template["definitions"][name], **{k: v for k, v in declaration.items() if k != "$ref"}}
    return declaration


def _value(name: str, declared: dict[str, Json], template: dict[str, Json]) -> Json:
    kind = declared["type"].lower()
    if kind in {"array", "object", "secureobject"}:
        return _whole(name, declared, template)
    if declared.get("allowedValues"):
        return declared["allowedValues"][0]
    if kind == "int":
        return declared.get("minValue", min(1, declared.get("maxValue", 1)))
    return False if kind == "bool" else _by_name(name, "contoso")[: declared.get("maxLength")]


def _whole(name: str, declared: dict[str, Json], template: dict[str, Json]) -> Json:
    """An array or an object."""
    named = _by_name(name, [] if declared["type"].lower() == "array" else {})
    if named:
        return named
    if "discriminator" in declared:
        first = next(iter(declared["discriminator"]["mapping"].values()))
        return _value(name, _resolved(first, template), template)
    if "items" in declared:
        return [_value(name, _resolved(declared["items"], template), template)]
    if "properties" in declared:
        return _object(declared["properties"], template)
    return named


def _object(properties: dict[str, Json], template: dict[str, Json]) -> dict[str, Json]:
    found = {name: _resolved(declaration, template) for name, declaration in properties.items()}
    return {name: _value(name, item, template) for name, item in found.items() if not item.get("nullable")}


def _by_name(name: str, otherwise: Json) -> Json:
    """The value for a name, if it is of the kind that is wanted."""
    for pattern, value in _BY_NAME:
        if re.fullmatch(pattern, name.lower()) and isinstance(value, type(otherwise)):
            return value
    return otherwise


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)
