"""What is installed is the whole program and nothing else, and it runs far from the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {"compiler": "", "schemas": "imagesmith/schemas/", "templates": "imagesmith/templates/"}
"""Folders of the program, and what their files are called in the wheel."""
EXAMPLE = "examples/web-server.json"
HEAVY = frozenset(
    {
        *("aiohttp", "asyncssh", "azure", "jinja2", "jsonschema", "rich", "trustme", "yaml"),
        *("imagesmith.build", "imagesmith.events", "imagesmith.journal", "imagesmith.packer"),  # what only runs need
    }
)


def files_of_the_program() -> Iterator[tuple[str, str]]:
    """Every file that has to be installed: its path in the checkout, and in the wheel."""
    for folder, prefix in SOURCES.items():
        for path in sorted((ROOT / folder).rglob("*")):
            relative = path.relative_to(ROOT / folder)
            made = any(part == "__pycache__" or part.endswith(".egg-info") for part in relative.parts)
            if path.is_file() and not made:
                yield f"{folder}/{relative.as_posix()}", f"{prefix}{relative.as_posix()}"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive, and the wheel that was built from it."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for name in (*SOURCES, "tests"):
        shutil.copytree(
            ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "corpus", "e2e")
        )
    out = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(tree)], folder=out)
    return out


@pytest.fixture(scope="session")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed wheel and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index"]
    run([*pip, "--target", str(folder), str(next(built.glob("*.whl")))], folder=folder)
    return folder


def run(
    arguments: Sequence[str], *, folder: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program that must succeed."""
    done = subprocess.run(
        list(arguments), cwd=folder, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def run_installed(installed: Path, arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python with the installed package. Without `site` the checkout's own installation is not seen."""
    path = os.pathsep.join((str(installed), sysconfig.get_paths()["purelib"]))
    return run([sys.executable, "-S", *arguments], folder=folder, environment={**os.environ, "PYTHONPATH": path})


def test_the_wheel_holds_the_program_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == {name for _, name in files_of_the_program()}


def test_the_program_has_what_is_no_python_too() -> None:
    endings = {Path(name).suffix for _, name in files_of_the_program()}
    assert endings == {".py", ".json", ".j2", ".sh", ".typed"}


def test_the_source_archive_holds_all_that_the_wheel_is_made_of(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    expected = {name for name, _ in files_of_the_program()} | {"pyproject.toml", "README.md", "LICENSE"}
    assert expected - names == set()
    strange = {name for name in names if name.split("/")[0] not in {*SOURCES, "tests", "PKG-INFO", "setup.cfg"}}
    assert strange - expected == {""}


def test_the_metadata_names_program_licence_and_readme(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        folder = next(name.partition("/")[0] for name in wheel.namelist() if ".dist-info/" in name)
        metadata = wheel.read(f"{folder}/METADATA").decode()
        entries = wheel.read(f"{folder}/entry_points.txt").decode()
    assert "imagesmith = imagesmith.cli:main" in entries
    assert "License-Expression: MIT" in metadata
    assert "Provides-Extra: sandbox" in metadata
    assert "# imagesmith" in metadata


def test_the_installed_program_works_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    where = run_installed(installed, ["-c", "import imagesmith; print(imagesmith.__file__)"], tmp_path)
    assert Path(where.stdout.strip()).is_relative_to(installed)

    shown = run_installed(installed, ["-m", "imagesmith", "--version"], tmp_path)
    assert shown.stdout.startswith("imagesmith ")
    checked = run_installed(installed, ["-m", "imagesmith", "validate", EXAMPLE, "--output", "json"], tmp_path)
    assert json.loads(checked.stdout)["files"] == [{"file": EXAMPLE, "valid": True, "passed": True}]
    run_installed(installed, ["-m", "imagesmith", "compile", EXAMPLE, "-o", "out"], tmp_path)
    assert (tmp_path / "out/build/image.pkr.hcl").is_file()
    explained = run_installed(installed, ["-m", "imagesmith", "explain", "IMG335"], tmp_path)
    assert "runElevated" in explained.stdout
    schema = run_installed(installed, ["-m", "imagesmith", "schema"], tmp_path)
    assert json.loads(schema.stdout)["type"] == "object"


def test_the_sandbox_finds_its_scripts_when_installed(installed: Path, tmp_path: Path) -> None:
    code = (
        "from importlib.resources import files\n"
        "import imagesmith.sandbox.machine.vm_image\n"
        "print(*sorted(f.name for f in files('imagesmith.sandbox.machine').iterdir() if f.name.endswith('.sh')))"
    )
    scripts = run_installed(installed, ["-c", code], tmp_path).stdout.split()
    assert scripts == sorted(path.name for path in (ROOT / "compiler/imagesmith/sandbox/machine").glob("*.sh"))
    assert scripts


VALIDATE = """
import sys
from imagesmith.cli import main
sys.argv[1:] = ["validate", "examples/web-server.json"]
try:
    main()
except SystemExit as end:
    assert not end.code
"""
LOAD = "import imagesmith; imagesmith.load('examples/web-server.json')"


@pytest.mark.parametrize("code", ["import imagesmith", LOAD, VALIDATE], ids=["import", "load", "validate"])
def test_heavy_modules_are_not_loaded_before_they_are_needed(code: str) -> None:
    shown = run([sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], folder=ROOT).stdout.split()
    assert "imagesmith" in shown
    assert HEAVY.isdisjoint(shown)
