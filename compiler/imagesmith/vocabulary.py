"""The schema of an API version as a vocabulary: what may stand at a place, since when, and where a name belongs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from imagesmith.api_versions import load_schema
from imagesmith.diagnostics import Path
from imagesmith.source import Object, Value

Node: TypeAlias = Mapping[str, Any]  # a JSON Schema, or a part of one, with `$ref` followed

_LONGEST_NAME = 60  # comparing texts is quadratic, and a key may be megabytes long


class Vocabulary:
    """One version's schema, walked along a document's values."""

    def __init__(self, schema: Node) -> None:
        self._definitions: Mapping[str, Node] = schema.get("$defs", {})
        self.root = schema

    def resolve(self, node: Node) -> Node:
        """Follow `$ref`; what stands beside it (a description, an age) goes before what it leads to."""
        if "$ref" not in node:
            return node
        return {**self._definitions[node["$ref"].removeprefix("#/$defs/")], **node}

    def of(self, node: Node, value: Value) -> Node:
        """The node that describes this very object: of a family of kinds, the one that its `type` names.

        The type's case does not matter. An object without a known type stays with the family itself.
        """
        kinds = node.get("allOf")
        if not kinds or not isinstance(value.data, Object):
            return node
        member = value.data.find("type")
        if member is None or not isinstance(member.value.data, str):
            return node
        wanted = member.value.data.lower()
        for kind in kinds:
            if kind["if"]["properties"]["type"]["const"].lower() == wanted:
                return self.resolve(kind["then"])
        return node

    def child(self, node: Node, key: str | int) -> Node | None:
        """The node of a member or an item; None where nothing is said about it."""
        if isinstance(key, int):
            return self.resolve(node["items"]) if "items" in node else None
        if key in node.get("properties", {}):
            return self.resolve(node["properties"][key])
        rest = node.get("additionalProperties")
        return self.resolve(rest) if isinstance(rest, Mapping) else None

    def at(self, root: Value, path: Path) -> Node | None:
        """The node that describes the value at a path of a document; None where the version knows no such place."""
        node: Node | None = self.root
        value: Value | None = root
        for part in path:
            if node is None:
                return None
            if value is not None:
                node = self.of(node, value)
            node = self.child(node, part)
            value = _step(value, part)
        return self.of(node, value) if node is not None and value is not None else node

    def homes(self, name: str) -> tuple[str, ...]:
        """Where a property of this name (whatever its case) lives, in words: "in `properties.vmProfile`"."""
        return self._homes.get(fold(name), ())

    @cached_property
    def _homes(self) -> Mapping[str, tuple[str, ...]]:
        table: dict[str, dict[str, None]] = {}
        for place, key in self._everything():
            table.setdefault(fold(key), {})[place] = None
        return {name: tuple(places) for name, places in table.items()}

    def _everything(self) -> Iterator[tuple[str, str]]:
        """Every property's place, in words, and name."""
        todo: list[tuple[str, Node]] = [("", self.root)]
        while todo:
            path, node = todo.pop(0)
            for key, raw in node.get("properties", {}).items():
                if "const" in raw:  # the discriminator of a kind: everybody has one
                    continue
                child = self.resolve(raw)
                yield _place(path), key
                below = f"{path}.{key}" if path else key
                if "items" in child:
                    child, below = self.resolve(child["items"]), f"{below}[]"
                kinds = [self.resolve(kind["then"]) for kind in child.get("allOf", ())]
                todo.extend((kind["title"], kind) for kind in kinds)
                if not kinds:
                    todo.append((below, child))


@lru_cache(maxsize=16)
def vocabulary(version: str) -> Vocabulary:
    """The vocabulary of an API version. Raises ValueError for an unknown one."""
    return Vocabulary(load_schema(version))


def fold(name: str) -> str:
    """A name without what people get wrong first: case, underscores, dashes, stray colons and spaces."""
    return name.lower().translate(_STRAY)


_STRAY = str.maketrans("", "", "_-: \t\r\n")


def nearest(name: str, known: list[str]) -> str | None:
    """The known name that was probably meant, or None."""
    if len(name) > _LONGEST_NAME:
        return None
    wanted, folded = fold(name), {fold(candidate): candidate for candidate in known}
    near = get_close_matches(wanted, folded, n=1, cutoff=0.75)
    if not near:  # short names with letters in another order: `vdh`
        near = [candidate for candidate in folded if sorted(candidate) == sorted(wanted)]
    if not near and len(wanted) >= 4:  # a piece of just one name: `sha256`, `checksum`
        pieces = [candidate for candidate in folded if wanted in candidate]
        near = pieces if len(pieces) == 1 else []
    return folded[near[0]] if near else None


def with_article(title: str) -> str:
    """A title with its article: "an image template", "a Shell customizer"."""
    return f"{'an' if title[:1].lower() in 'aeiou' else 'a'} {title}"


def _place(path: str) -> str:
    if not path:
        return "at the top of the template"
    return f"in {with_article(path)}" if " " in path else f"in `{path}`"


def _step(value: Value | None, part: str | int) -> Value | None:
    data = value.data if value else None
    if isinstance(data, Object) and isinstance(part, str):
        return data.get(part)
    if isinstance(data, tuple) and isinstance(part, int) and 0 <= part < len(data):
        return data[part]
    return None
