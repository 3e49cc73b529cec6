"""The package's rules to a table, and a rule to the text of ``imagesmith explain CODE``."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.abc import InspectLoader

import imagesmith
from imagesmith.diagnostics import Rule, Severity

_DEFINES_RULE = re.compile(r"^\w+ = Rule\(", re.MULTILINE)


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of this package by code."""
    return collect("imagesmith", imagesmith.__path__)


def collect(package: str, paths: Iterable[str]) -> tuple[Rule, ...]:
    """The rules that the modules of a package define, by code. Raises ValueError where two of them have one code.

    Only modules that define a rule are imported, since others may be slow to load. Rules of a module whose optional
    requirement is not installed are left out.
    """
    found: dict[str, Rule] = {}
    for name in _modules(package, paths):
        for rule in _rules_of(name, package):
            if found.setdefault(rule.code, rule) != rule:
                raise ValueError(f"two rules have the code {rule.code}: '{found[rule.code].title}' and '{rule.title}'")
    return tuple(found[code] for code in sorted(found))


def rule_of(code: str) -> Rule | None:
    """The rule of a code, in any case of its letters; None if there is no such."""
    return next((rule for rule in rules() if rule.code == code.strip().upper()), None)


def explain(code: str) -> str | None:
    """What a code means, why it is a problem, what to do and how to silence it; None if there is no such."""
    rule = rule_of(code)
    if rule is None:
        return None
    parts = (
        ("Cause", rule.cause),
        ("Example", rule.example),
        ("Corrected", rule.corrected),
        ("Fix", rule.fix),
        ("Silence", silencing(rule)),
        ("Source", _source(rule.source)),
    )
    texts = (f"{heading}:\n{_indented(text)}\n" for heading, text in parts if text)
    return "\n".join((f"{rule.code} ({rule.severity}, {rule.category}): {rule.title}\n", *texts))


def to_json(rule: Rule) -> dict[str, str]:
    """A rule in the form that scripts read."""
    return {
        "code": rule.code,
        "severity": rule.severity.value,
        "category": rule.category.value,
        "title": rule.title,
        "cause": rule.cause,
        "example": rule.example,
        "corrected": rule.corrected,
        "fix": rule.fix,
        "source": _source(rule.source),
    }


def silencing(rule: Rule) -> str:
    """How a diagnostic of a rule is taken away where it is right in general and wrong here."""
    if rule.severity is Severity.ERROR:
        return "an error cannot be silenced: there is nothing that could be built"
    return (
        f"in one place: // imagesmith: ignore {rule.code} reason (# in YAML), on its line or the line before\n"
        f'everywhere: --ignore {rule.code}, or ignore = ["{rule.code}"] in imagesmith.toml'
    )


_DOCUMENTS = {
    "aib-templates.md": "the reference of Azure VM Image Builder templates",
    "packer.md": "Packer and its azure-arm builder",
    "lowering.md": "imagesmith's own trials of Packer 1.6.6 and 1.16.0",
    "demand.md": "reports of people who build images",
    "machine.md": "imagesmith's sandbox",
    "winrm.md": "imagesmith's sandbox",
    "corpus-stats.md": "templates in public repositories",
    "architecture": "imagesmith's design",
    "docs/": "imagesmith's manual",
}
"""What the documents are that rules name; the sections mean something only to who works on imagesmith."""


def _source(text: str) -> str:
    found = [title for name, title in _DOCUMENTS.items() if name in text]
    return "; ".join(found) or text


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))


def _modules(package: str, paths: Iterable[str]) -> Iterator[str]:
    """The names of the modules below a package that define rules, found without importing any."""
    for module in pkgutil.iter_modules(paths):
        name = f"{package}.{module.name}"
        spec = module.module_finder.find_spec(name, None)
        if spec is None or not isinstance(spec.loader, InspectLoader):
            continue
        text = spec.loader.get_source(name)
        if text is None or _DEFINES_RULE.search(text):
            yield name
        yield from _modules(name, spec.submodule_search_locations or ())


def _rules_of(name: str, package: str) -> tuple[Rule, ...]:
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == package:
            raise
        return ()
    return tuple(value for value in vars(module).values() if isinstance(value, Rule))
