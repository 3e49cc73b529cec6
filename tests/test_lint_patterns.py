"""The patterns of advice: all compile, and each is one that a rule holds."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from imagesmith.rules import lint
from imagesmith.rules.lint.patterns import Pattern


def held(value: Any, depth: int = 3) -> Iterator[Pattern]:
    """The patterns in a constant, also inside of tables."""
    if isinstance(value, Pattern):
        yield value
    elif depth and isinstance(value, dict):
        for item in value.values():
            yield from held(item, depth - 1)
    elif depth and isinstance(value, tuple | list | frozenset | set):
        for item in value:
            yield from held(item, depth - 1)


MODULES = [importlib.import_module(f"{lint.__name__}.{module.name}") for module in pkgutil.iter_modules(lint.__path__)]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.__name__).rpartition(".")[2])
def test_patterns_compile(module: ModuleType) -> None:
    for constant in vars(module).values():
        for pattern in held(constant):
            assert pattern.compiled.pattern == pattern.text


def test_there_are_patterns_to_compile() -> None:
    assert sum(1 for module in MODULES for constant in vars(module).values() for _ in held(constant)) > 60


def test_a_pattern_is_what_re_makes_of_it() -> None:
    pattern = Pattern("b(c)?")
    assert "compiled" not in vars(pattern)
    assert [match.span() for match in pattern.finditer("abcb")] == [(1, 3), (3, 4)]
    assert pattern.search("abc", 2) is None
    assert pattern.match("abc", 1)
    assert pattern.fullmatch("abc", 1)
    assert pattern.split("xby") == ["x", None, "y"]
    assert pattern.sub("_", "abc") == "a_"
    assert "compiled" in vars(pattern)
