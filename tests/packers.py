"""The Packer at hand, asked about compiled files: `fmt -check` and `validate`, several folders at a time."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from imagesmith.build import target_of
from imagesmith.packer.environment import packer_environment
from imagesmith.targets import Target
from imagesmith.toolchain import find, link_plugins

CACHE = Path(os.environ.get("IMAGESMITH_CACHE_DIR", Path(__file__).resolve().parent.parent / ".cache"))
AT_A_TIME = 3
"""A validation waits for its plugin processes for half of its time, so two cores do three."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PackerAtHand:
    """A Packer with a private environment."""

    program: Path
    target: Target
    environment: Mapping[str, str]

    def refusals(self, compiled: Iterable[Path]) -> list[str]:
        """What Packer has against the folders that `compile` wrote; empty where it takes them all."""
        stages = [(folder, stage) for folder in compiled for stage in _stages(folder)]
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            return [text for text in pool.map(lambda one: self._refusal(*one), stages) if text]

    def _refusal(self, folder: Path, stage: str) -> str:
        given = [f"-var={name}={value}" for name, value in _variables(folder, stage)]
        said = self._run("fmt", "-check", "-diff", stage, folder=folder)
        said += self._run("validate", *given, stage, folder=folder)
        return f"{folder}/{stage}: {said}" if said else ""

    def _run(self, *arguments: str, folder: Path) -> str:
        """What Packer says where it refuses, or where it could not load a plugin, which 1.6 thinks no fault."""
        done = subprocess.run(
            [self.program, *arguments],
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = done.stdout + done.stderr
        return (said or f"exit code {done.returncode}") if done.returncode or "failed loading" in said else ""


def _stages(folder: Path) -> Iterator[str]:
    yield from (str(stage["name"]) for stage in _plan(folder)["stages"])


def _variables(folder: Path, stage: str) -> Iterator[tuple[str, str]]:
    """The variables of a stage that plan.json gives a value."""
    found = next(one for one in _plan(folder)["stages"] if one["name"] == stage)
    for name, variable in found["variables"].items():
        if variable["value"] is not None:
            yield name, str(variable["value"])


@cache
def _plan(folder: Path) -> dict[str, Any]:  # JSON data
    plan: dict[str, Any] = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    return plan


def packer_at_hand(private: Path) -> PackerAtHand:
    """The Packer that builds would use; its own folders lie in `private`. A machine without one fails the test."""
    found = find(packer=None, environment=os.environ, cache=CACHE)
    temporary = private / "tmp"
    temporary.mkdir()
    plugins = link_plugins(found.plugins, private / "plugins")
    environment = packer_environment(
        os.environ, private=private, temporary=temporary, variables={}, plugin_path=plugins
    )
    return PackerAtHand(program=found.path, target=target_of(found), environment=environment)
