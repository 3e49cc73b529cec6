"""Templates to broken templates: bytes, texts and values changed at random, in the ways in which files really break."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

import yaml

from tests.random_expressions import random_expression

Place: TypeAlias = tuple[Any, Any]  # a container of JSON data and the key or index in it

ODD_CHARACTERS = (
    *"\0\x01\x07\b\t\n\v\f\r\x1b\x7f\x85\xa0\xad\u200b\u2028\u2029\ufeff\ufffe\uffff",
    "e\u0301", "\u202e", "\U0001f600", "\U0010ffff", "“", "'", '"', "\\", "`", "{", "}", "[", "]",
)  # fmt: skip
ODD_TEXTS = (
    "", " ", "\0", "\ud800", "<token>", "<a b>", "{{", "{{ .Vars }}", "${var.x}", "%{ if true }", "[", "]", "[[", "[]",
    "[concat('a', 'b')]", "[parameters('nothing')]", "[variables('a')]", "[resourceGroup().location]", "[x", "[[x]]",
    "[copyIndex()]", "[range(0, 100000)]", "[json('{\"a\": [1, 1e999]}')]", "[padLeft('', 3000000, 'x')]", "[a.b[0]]",
    "[if(true(), createObject('a', 1), null())]", "[" + "concat(" * 300 + "'a'" + ")" * 300 + "]", "[concat('\ud800')]",
    "[base64ToString('////')]", "[dateTimeAdd(utcNow(), 'P9999999999Y')]", "[substring('abc', -1, 99999999999999)]",
    "[first(split(string(reference('a')), ','))]", "[format('{0:N9999999}', 1)]", "[[" + "(" * 5000, "x" * 70_000,
    "/subscriptions/", "//", "/subscriptions/a/resourceGroups/b/providers/c/d", "/" * 300, "https://[", "http://\0/",
    "https://contoso.blob.core.windows.net/a/b.vhd?sig=x", "file:///etc/passwd", "C:\\x\\", "~", "..", "-rf", "é" * 90,
    "1.2", "1.2.3", "99999999999999999999.0.0", "latest", "Latest", "NaN", "1e5", "0x10", "P1D", "10m", "9" * 5000,
    "2024-02-01", "9999-99-99", "2019-05-01-preview", "Shell", "PowerShell", "File", "WindowsUpdate", "WindowsRestart",
    "Microsoft.VirtualMachineImages", "Microsoft.VirtualMachineImages/imageTemplates",
    "Microsoft.Resources/deployments", "// imagesmith: ignore IMG389", "# imagesmith: ignore-file all",
    "##vso[task.x]y",
)  # fmt: skip
ODD_KEYS = (
    "", "type", "Type", "copy", "condition", "resources", "properties", "parameters", "variables", "functions",
    "outputs",
    "inline", "scriptUri", "source", "distribute", "customize", "validate", "name", "existing", "<<", "$ref", "\ud800",
    "[parameters('a')]", "[[x]", "\0", "value", "defaultValue", "reference", "expressionEvaluationOptions", "template",
    "toString", "vmProfile", "vnetConfig", "tags", "artifactTags", "targetRegions", "optimize", "a.b", "a[0]",
    "metadata", "imagesmith", "ignore",
)  # fmt: skip
FREE = frozenset(
    {"name", "destination", "scriptUri", "sourceUri", "runOutputName", "restartCommand", "team", "sku", "uri"}
)
"""Keys whose texts are the user's own."""
ODD_NUMBERS = (0, -1, 1, 2**31, 2**63, 2**64, -(2**63), 10**40, 10**400, 0.5, -0.0, 1e308, 1e-400, 5e-324)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seed:
    """A template that mutants are made of: its bytes, its file's ending, and its data where it is JSON.

    One that is `sound` has no errors, so that its mutants come further than the first stage.
    """

    content: bytes
    ending: str
    sound: bool
    data: Any = None

    @property
    def expressive(self) -> bool:
        """Whether expressions in it are evaluated."""
        return self.data is not None and "resources" in self.data


def seed_of(content: bytes, ending: str, *, sound: bool) -> Seed:
    """The seed that a file's content makes."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        data = None
    return Seed(content=content, ending=ending, sound=sound, data=data if isinstance(data, dict) else None)


def mutant(seeds: Sequence[Seed], random: Random) -> tuple[bytes, str]:
    """A mutant of one of the seeds: its content and its file's ending."""
    sound = [seed for seed in seeds if seed.sound and seed.data is not None]
    kind = random.random()
    if kind < 0.15:
        return _bytes_changed(random.choice(seeds), random)
    if kind < 0.35:
        return _with_expressions(random.choice([seed for seed in sound if seed.expressive]), random)
    seed = random.choice(sound if kind < 0.9 else [seed for seed in seeds if seed.data is not None])
    data = copy.deepcopy(seed.data)
    changes = FREE_TEXT_CHANGES if kind < 0.65 else VALUE_CHANGES
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        random.choice(changes)(data, random)
    content, ending = _written(data, random)
    return (
        _bytes_changed(Seed(content=content, ending=ending, sound=False), random) if kind > 0.9 else (content, ending)
    )


def _bytes_changed(seed: Seed, random: Random) -> tuple[bytes, str]:
    content = seed.content
    for _ in range(random.choice((1, 1, 2, 4))):
        content = random.choice(BYTE_CHANGES)(content, random)
    return content, seed.ending


def _with_expressions(seed: Seed, random: Random) -> tuple[bytes, str]:
    data = copy.deepcopy(seed.data)
    texts = [(at, key) for at, key in _places(data["resources"]) if isinstance(at[key], str) and key != "type"]
    for at, key in random.sample(texts, min(len(texts), random.choice((1, 2, 5)))):
        at[key] = random_expression(random)
    if random.random() < 0.5:
        data.setdefault("variables", {})["a"] = random_expression(random)
    return _written(data, random)


def _written(data: Any, random: Random) -> tuple[bytes, str]:
    if random.random() < 0.12:
        try:
            return yaml.safe_dump(data, allow_unicode=True).encode("utf-8", "surrogatepass"), ".yaml"
        except (yaml.YAMLError, RecursionError, ValueError):
            pass
    text = json.dumps(data, indent=random.choice((None, 2)), ensure_ascii=random.random() < 0.9)
    return text.encode("utf-8", "surrogatepass"), ".json"


def _places(data: Any) -> Iterator[Place]:
    keys = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in keys:
        yield data, key
        yield from _places(data[key])


def _somewhere(data: Any, random: Random) -> Place:
    places = list(_places(data))
    return random.choice(places) if places else ({"": None}, "")


def _odd_value(random: Random) -> Any:
    kind = random.randrange(8)
    if kind < 3:
        return random.choice(ODD_TEXTS)
    return (random.choice(ODD_NUMBERS), random.choice((True, False, None)), [], {}, [None, 1, "a", {}])[kind - 3]


def _retype(data: Any, random: Random) -> None:
    at, key = _somewhere(data, random)
    at[key] = _odd_value(random)


def _drop(data: Any, random: Random) -> None:
    at, key = _somewhere(data, random)
    del at[key]


def _nest(data: Any, random: Random) -> None:
    at, key = _somewhere(data, random)
    for _ in range(random.choice((1, 1, 2, 60, 190))):
        at[key] = [at[key]] if random.random() < 0.5 else {random.choice(ODD_KEYS): at[key]}


def _unnest(data: Any, random: Random) -> None:
    at, key = _somewhere(data, random)
    inner = at[key]
    if isinstance(inner, dict | list) and inner:
        at[key] = inner[next(iter(inner))] if isinstance(inner, dict) else inner[0]


def _rename(data: Any, random: Random) -> None:
    at, key = _somewhere(data, random)
    if isinstance(at, dict):
        name = random.choice((key.upper(), key[:-1], key + "s", f" {key}", random.choice(ODD_KEYS)))
        at[name] = at.pop(key)


def _twice(data: Any, random: Random) -> None:
    at, key = _somewhere(data, random)
    if isinstance(at, dict):
        at[key.swapcase() or "x"] = copy.deepcopy(at[key])
    else:
        at.extend(copy.deepcopy([at[key]]) * random.choice((1, 1, 2, 60)))


def _swap(data: Any, random: Random) -> None:
    (one, key), (other, name) = _somewhere(data, random), _somewhere(data, random)
    one[key], other[name] = copy.deepcopy(other[name]), copy.deepcopy(one[key])


def _add(data: Any, random: Random) -> None:
    at, _ = _somewhere(data, random)
    if isinstance(at, dict):
        at[random.choice(ODD_KEYS)] = _odd_value(random)
    else:
        at.insert(random.randint(0, len(at)), _odd_value(random))


def _free_texts(data: Any, random: Random) -> None:
    """Other words where any are allowed, so that they come through to the plan."""
    places = _places(data.get("properties") or data.get("resources"))
    texts = [(at, key) for at, key in places if isinstance(at[key], str) and (key in FREE or isinstance(key, int))]
    for at, key in random.sample(texts, min(len(texts), 2)):
        at[key] = random.choice((at[key] + random.choice(ODD_CHARACTERS), random.choice(ODD_TEXTS)))


def _texts(data: Any, random: Random) -> None:
    """Another text where a text stands: its kind stays right, so that it comes as far as the rules and beyond."""
    texts = [(at, key) for at, key in _places(data) if isinstance(at[key], str)]
    for at, key in random.sample(texts, min(len(texts), 2)):
        place = random.randint(0, len(at[key]))
        piece = random.choice((random.choice(ODD_CHARACTERS), random.choice(ODD_TEXTS)))
        changed = at[key][:place] + piece + at[key][place:]
        at[key] = random.choice((changed, changed, piece, f"[{at[key]}]", f"<{at[key]}>"))


def _numbers(data: Any, random: Random) -> None:
    numbers = [(at, key) for at, key in _places(data) if isinstance(at[key], int)]
    for at, key in random.sample(numbers, min(len(numbers), 1)):
        at[key] = random.choice(ODD_NUMBERS)


def _flip(content: bytes, random: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(random.choice((1, 3, 20))):
        if changed:
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _cut(content: bytes, random: Random) -> bytes:
    start, end = sorted(random.randint(0, len(content)) for _ in range(2))
    return random.choice((content[:start], content[start:], content[:start] + content[end:]))


def _repeat(content: bytes, random: Random) -> bytes:
    start, end = sorted(random.randint(0, len(content)) for _ in range(2))
    return content[:end] + content[start:end] * random.choice((1, 2, 9)) + content[end:]


def _insert(content: bytes, random: Random) -> bytes:
    comment = "// imagesmith: ignore IMG410, lint because\n"
    piece = random.choice(
        (random.choice(ODD_CHARACTERS), random.choice(ODD_TEXTS), "[" * 300, '{"a":' * 300, "\\ud83d", comment)
    )
    place = random.randint(0, len(content))
    return content[:place] + piece.encode("utf-8", "surrogatepass") + content[place:]


def _syntax(content: bytes, random: Random) -> bytes:
    """One sign of the language for another, wherever it stands."""
    sign = random.choice((b'"', b",", b":", b"{", b"}", b"[", b"]", b"\n", b" ", b"0", b"- ", b"e"))
    other = random.choice((b"", b'"', b"'", b",,", b"//", b"/*", b"\t", b"&a ", b"*a", b"!!int ", b"|", b"? ", b"{"))
    return content.replace(sign, other, random.choice((1, 1, -1)))


def _encode(content: bytes, random: Random) -> bytes:
    text = content.decode("utf-8", "surrogatepass" if random.random() < 0.5 else "replace") if _is_text(content) else ""
    encoding = random.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "latin-1", "utf-32", "cp037"))
    return text.encode(encoding, "replace")


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _line_ends(content: bytes, random: Random) -> bytes:
    return content.replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\n", b"\x0b", b"\xe2\x80\xa8", b"\0")))


VALUE_CHANGES: tuple[Callable[[Any, Random], None], ...] = (
    _retype, _retype, _drop, _nest, _unnest, _rename, _twice, _swap, _add, _texts, _texts, _texts,
    _texts, _numbers,
)  # fmt: skip
FREE_TEXT_CHANGES: tuple[Callable[[Any, Random], None], ...] = (_free_texts, _free_texts, _free_texts, _numbers)
BYTE_CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    _flip, _cut, _repeat, _insert, _insert, _syntax, _encode, _line_ends,
)  # fmt: skip


def broken(seed: Seed, changes: Sequence[Callable[[Any, Random], None]], random: Random) -> tuple[bytes, str]:
    """A seed with these changes of its values, written as JSON or YAML in one of the ways in which people write it."""
    data = copy.deepcopy(seed.data)
    for change in changes:
        change(data, random)
    content, ending = _written(data, random)
    if random.random() < 0.2:
        content = random.choice(BYTE_CHANGES)(content, random)
    return content, ending
