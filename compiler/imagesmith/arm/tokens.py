"""Tokens such as `<rgName>`, which the official samples have people replace with sed, to the values given for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from imagesmith.diagnostics import Diagnostic, On, Path, Rule, Severity, Via
from imagesmith.source import Member, Object, Origin, Value

UNFILLED_TOKENS = Rule(
    code="IMG120",
    severity=Severity.ERROR,
    title="tokens of the template have no value",
    cause="Texts such as <rgName> stand for values that each user fills in before the template is submitted.",
    fix="give each token a value with -p NAME=VALUE or in a parameter file",
    example='"location": "<region>"',
    corrected="imagesmith compile template.json -p region=westeurope",
    source="aib-templates.md §3.1",
)

OFFICIAL = frozenset(
    {
        "subscriptionID", "rgName", "runOutputName", "region1", "imgBuilderId", "region", "imageDefName",
        "sharedImageGalName", "region2", "imageName", "vnetRgName", "sigDefImgVersionId", "vnetName", "subnetName",
        "srcImageName", "scriptUrl", "scriptFileUrl", "imgTemplateName", "acgName",
    }
)  # fmt: skip
"""Tokens of the official samples (aib-templates.md §3.1); scripts have only these and those that stand elsewhere."""

_TOKEN = re.compile(r"<([A-Za-z][A-Za-z0-9_ -]{0,60})>")
_TIGHT = re.compile(r"<([A-Za-z][A-Za-z0-9_-]{0,60})>")
_SCRIPTS = frozenset({"inline", "script"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Filling:
    """A resource with its tokens filled; `names` are all tokens in it, `unresolved` the paths of unfilled ones."""

    root: Value
    diagnostics: tuple[Diagnostic, ...]
    names: frozenset[str]
    unresolved: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """A string of the resource, value or key, that may hold tokens."""

    path: Path
    on: On
    text: Value

    @property
    def scripted(self) -> bool:
        return any(isinstance(part, str) and part.lower() in _SCRIPTS for part in self.path)


def fill(root: Value, lookup: Callable[[str], Value | None], *, given: frozenset[str] = frozenset()) -> Filling:
    """Replace the tokens of a resource by what `lookup` gives for their names (without brackets).

    A token is `<name>` as a whole value, a segment of a path or a map key; elsewhere, and inside scripts, it is one
    only if such a token, an official sample or the caller (`given`, lower case) knows the name.
    """
    if not _has_brackets(root):
        return Filling(root=root, diagnostics=(), names=frozenset(), unresolved=())
    places = tuple(_places(root, ()))
    whole = {name for place in places if not place.scripted for name in _standing(str(place.text.data))}
    known = {name.lower() for name in whole | OFFICIAL} | given
    filler = _Filler(lookup=lookup, known=known)
    filled = filler.rebuild(root, ())
    missing = filler.missing
    return Filling(
        root=filled,
        diagnostics=(_unfilled(missing),) if missing else (),
        names=frozenset(filler.names),
        unresolved=tuple(dict.fromkeys(path for places in missing.values() for path, _ in places)),
    )


def _has_brackets(root: Value) -> bool:
    """Whether any text could hold a token: most templates have none, and need not be built anew."""
    pending = [root]
    while pending:
        data = pending.pop().data
        if isinstance(data, str):
            if "<" in data:
                return True
        elif isinstance(data, tuple):
            pending.extend(data)
        elif isinstance(data, Object):
            for member in data.members:
                if "<" in member.key:
                    return True
                pending.append(member.value)
    return False


def _places(value: Value, path: Path) -> Iterator[_Place]:
    data = value.data
    if isinstance(data, str):
        yield _Place(path=path, on=On.VALUE, text=value)
    elif isinstance(data, Object):
        for member in data:
            yield _Place(path=(*path, member.key), on=On.KEY, text=member.name)
            yield from _places(member.value, (*path, member.key))
    elif isinstance(data, tuple):
        for index, item in enumerate(data):
            yield from _places(item, (*path, index))


def _standing(text: str) -> Iterator[str]:
    """Tokens that are a whole value or a segment between slashes."""
    if "<" in text:
        for segment in text.split("/"):
            match = _TOKEN.fullmatch(segment)
            if match:
                yield match[1]


class _Filler:
    def __init__(self, *, lookup: Callable[[str], Value | None], known: set[str]) -> None:
        self._lookup = lookup
        self._known = known
        self.names: set[str] = set()
        self.missing: dict[str, list[tuple[Path, Value]]] = {}

    def rebuild(self, value: Value, path: Path) -> Value:
        """The value with its tokens filled. One frame a level: files may be 200 levels deep."""
        data = value.data
        if isinstance(data, str):
            return self._fill(_Place(path=path, on=On.VALUE, text=value))
        if isinstance(data, tuple):
            items = []
            for index, item in enumerate(data):
                items.append(self.rebuild(item, (*path, index)))
            return Value(tuple(items), value.origin)
        if isinstance(data, Object):
            members = []
            for member in data:
                name = self._fill(_Place(path=(*path, member.key), on=On.KEY, text=member.name))
                members.append(Member(name, self.rebuild(member.value, (*path, str(name.data)))))
            return Value(Object(members), value.origin)
        return value

    def _fill(self, place: _Place) -> Value:
        text = str(place.text.data)
        if "<" not in text:
            return place.text
        whole = _TOKEN.fullmatch(text)
        if whole and not place.scripted:
            value = self._value(whole[1], place)
            return place.text if value is None else _through(value, whole[0], place.text)
        stations: list[Via] = []

        def fill(match: re.Match[str]) -> str:
            if not self._is_token(match, text, scripted=place.scripted):
                return match[0]
            value = self._value(match[1], place)
            if value is None:
                return match[0]
            stations.append(Via(f"token {match[0]}", value.span))
            return str(value.data)

        filled = (_TIGHT if place.scripted else _TOKEN).sub(fill, text)
        if not stations:
            return place.text
        return Value(filled, Origin(place.text.span, (*stations, *place.text.origin.via)))

    def _is_token(self, match: re.Match[str], text: str, *, scripted: bool) -> bool:
        if match[1].lower() in self._known:
            return True
        before, after = text[: match.start()], text[match.end() :]
        return not scripted and (not before or before[-1] == "/") and (not after or after[0] == "/")

    def _value(self, name: str, place: _Place) -> Value | None:
        self.names.add(name)
        value = self._lookup(name)
        if value is None:
            self.missing.setdefault(name, []).append((place.path, place.text))
        return value


def _through(value: Value, token: str, place: Value) -> Value:
    return Value(value.data, Origin(value.span, (Via(f"token {token}", place.span), *place.origin.via)))


def _unfilled(missing: Mapping[str, list[tuple[Path, Value]]]) -> Diagnostic:
    shown = []
    for name, places in missing.items():
        lines = dict.fromkeys(f"{text.span.line}" for _, text in places)
        shown.append(f"<{name}> (line{'s' if len(lines) > 1 else ''} {', '.join(lines)})")
    count = f"{len(missing)} token{'s have' if len(missing) > 1 else ' has'}"
    path, first = next(iter(missing.values()))[0]
    line = " ".join(f"-p '{name}=…'" if " " in name else f"-p {name}=…" for name in missing)
    return UNFILLED_TOKENS.at(path, f"{count} no value: {', '.join(shown)}", hint=f"add {line}", span=first.span)
