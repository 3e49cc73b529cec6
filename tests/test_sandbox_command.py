"""`imagesmith sandbox -- COMMAND`: what the command finds in its environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGINS = ".config/packer/plugins"


def printed(folder: Path, name: str, **environment: str) -> str:
    """A variable as a command in a sandbox sees it."""
    done = subprocess.run(
        [sys.executable, "-m", "imagesmith", "sandbox", "--steps", "record", "--", "printenv", name],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("given", "found"),
    [({}, "{home}/.config/packer/plugins"), ({"PACKER_PLUGIN_PATH": "/srv/plugins"}, "/srv/plugins")],
)
def test_the_users_plugins_are_found_though_the_home_is_another(
    tmp_path: Path, given: dict[str, str], found: str
) -> None:
    (tmp_path / PLUGINS).mkdir(parents=True)
    assert printed(tmp_path, "PACKER_PLUGIN_PATH", **given) == found.format(home=tmp_path)


def test_a_sandbox_of_its_own_leaves_nothing(tmp_path: Path) -> None:
    assert printed(tmp_path, "HOME").startswith(str(tmp_path / ".imagesmith" / "sandbox"))
    assert printed(tmp_path, "PACKER_PLUGIN_PATH") == ""
    assert list((tmp_path / ".imagesmith" / "sandbox").iterdir()) == []
