"""The project speaks of itself alone, and its parts are where the settings say."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_MODULE = 300
STRANGERS = {
    "a path of somebody's machine": r"(?<![\w.-])/(?:work|root|Users/\w+)/(?!\.bash_history)",
    "a folder of somebody's": r"/tmp/(?:new|brief|exp)\b",
    "the number of an issue": r"\b(?:[Ii]ssue|[Ff]ixes|[Cc]loses|GH-|PR) ?#\d+",
}


def tracked() -> list[Path]:
    """The files that belong to the project."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def settings() -> dict[str, Any]:  # TOML data
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("stranger", STRANGERS)
def test_the_project_speaks_of_itself_alone(stranger: str) -> None:
    pattern = re.compile(STRANGERS[stranger])
    found = []
    for path in tracked():
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert found == []


def test_modules_are_short_enough_to_read() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "compiler").rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_every_package_is_listed() -> None:
    tool = settings()["tool"]["setuptools"]
    in_tree = {
        ".".join(path.parent.relative_to(ROOT / "compiler").parts) for path in (ROOT / "compiler").rglob("__init__.py")
    }
    mapped = {name for name in tool["package-dir"] if name}
    assert set(tool["packages"]) == in_tree | mapped
    assert len(tool["packages"]) == len(set(tool["packages"]))
    with_modules = {path.parent for path in (ROOT / "compiler/imagesmith").rglob("*.py")}
    assert [folder for folder in with_modules if not (folder / "__init__.py").exists()] == []


def test_the_layers_name_every_module() -> None:
    contract = settings()["tool"]["importlinter"]["contracts"][0]
    named = {name.strip() for row in contract["layers"] for name in row.split("|")} | set(
        contract["exhaustive_ignores"]
    )
    there = {
        path.stem if path.is_file() else path.name
        for path in (ROOT / "compiler/imagesmith").iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()
    }
    assert there - named == set()


def test_no_module_has_a_name_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "helper", "manager", "handler", "common", "base", "misc"}
    assert [path for path in (ROOT / "compiler").rglob("*.py") if path.stem in empty] == []


def test_every_command_of_the_makefile_is_declared() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)[0].split())
    targets = set(re.findall(r"^([a-z0-9]+):", text, re.MULTILINE))
    assert {"demo", "test", "lint", "bench", "docs"} <= phony
    assert phony == targets


@pytest.mark.parametrize("package", ["imagesmith", "imagesmith.arm", "imagesmith.artifacts", "imagesmith.journal"])
def test_no_name_that_is_loaded_late_is_that_of_a_module(package: str) -> None:
    """Where it were, the name would mean the module as soon as somebody had imported that."""
    module = importlib.import_module(package)
    late = [name for name in module.__all__ if name not in vars(module) or isinstance(vars(module)[name], ModuleType)]
    assert set(late).isdisjoint(info.name for info in pkgutil.iter_modules(module.__path__))
    assert all(not isinstance(getattr(module, name), ModuleType) for name in module.__all__)
