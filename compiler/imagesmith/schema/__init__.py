"""A normalised template against the schema of its API version: nothing, or what is wrong, in the template's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import takewhile

from imagesmith.api_versions import load_schema
from imagesmith.diagnostics import Diagnostic, Path
from imagesmith.schema.gate import accepts
from imagesmith.schema.rules import NO_IDENTITY, NOT_TEXT
from imagesmith.schema.suggest import LARGEST
from imagesmith.source import Document, Object, Value, plain, transform, walk

__all__ = ["SchemaDisagreement", "check"]


class SchemaDisagreement(RuntimeError):  # noqa: N818 - it names what happened; nobody handles it but the last resort
    """One validator refuses what the other accepts, or a schema uses words that have no message: a bug of ours."""


def check(
    document: Document, api_version: str, *, strict: bool, unresolved: Iterable[Path] = ()
) -> tuple[Diagnostic, ...]:
    """Everything that the schema of an API version has against a normalised document; empty when it is fine.

    Not strict means: unknown and too new properties are warnings. `location` may be absent, since a caller can supply
    it, and so may `identity`, with a warning, since a local build does not use it. At the paths in `unresolved` stands
    text that could not be computed: others have said so, and nothing is said about these values here.

    Raises SchemaDisagreement if the compiled validator refuses what its explaining twin accepts, and ValueError for a
    version that has no schema. Source: architecture §3.6; aib-templates.md §1.
    """
    root = document.root
    if root is None:
        return ()
    broken = tuple(_half_characters(root))
    if broken:  # the compiled validator cannot read such text either
        return broken
    data = plain(transform(root, _bounded))
    first = tuple(_identity(root, api_version))
    if accepts(api_version, data):
        return first
    from imagesmith.schema.explain import Explanation  # loads the slow validator: for refusals only

    found = Explanation(root, data, api_version, strict=strict).diagnostics()
    if not found:
        raise SchemaDisagreement(f"the compiled schema {api_version} refuses what the explaining one accepts")
    return (*first, *_beside(found, unresolved))


def _beside(found: Iterable[Diagnostic], unresolved: Iterable[Path]) -> Iterator[Diagnostic]:
    """The diagnostics that are about other values than these; names were respelt since the paths were taken."""
    known = {_folded(path) for path in unresolved}
    for problem in found:
        path = _folded(problem.path)
        if not any(path[:length] in known for length in range(len(path) + 1)):
            yield problem


def _folded(path: Path) -> Path:
    return tuple(part.lower() if isinstance(part, str) else part for part in path)


def _identity(root: Value, api_version: str) -> Iterator[Diagnostic]:
    required: list[str] = load_schema(api_version)["required"]
    if "identity" in required and isinstance(root.data, Object) and "identity" not in root.data:
        yield NO_IDENTITY.at((), "the template has no `identity`; the service would refuse it")


def _bounded(_path: Path, value: Value) -> Value:
    """Keep numbers at a size that can be written out: Python refuses to print integers of more than 4300 digits."""
    data = value.data
    if isinstance(data, int) and abs(data) > LARGEST:
        return replace(value, data=LARGEST if data > 0 else -LARGEST)
    return value


def _half_characters(root: Value) -> Iterator[Diagnostic]:
    for path, value in walk(root):
        texts = (member.name for member in value.data) if isinstance(value.data, Object) else (value,)
        for text in texts:
            if isinstance(text.data, str) and not _is_text(text.data):
                # The path ends before such a name: nobody could print it.
                printable = takewhile(lambda part: not isinstance(part, str) or _is_text(part), path)
                yield NOT_TEXT.at(tuple(printable), span=text.span, via=text.origin.via)


def _is_text(data: str) -> bool:
    if data.isascii():
        return True
    try:
        data.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
