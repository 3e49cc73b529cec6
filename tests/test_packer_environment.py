"""Packer gets an environment of its own: nothing of the user's Packer, nothing that reaches for the network."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import pytest

from imagesmith.packer.environment import packer_environment, temporary_folder

USER = {
    "PATH": "/usr/bin",
    "HOME": "/home/fabrikam",
    "HTTPS_PROXY": "http://127.0.0.1:3128",
    "HCP_CLIENT_ID": "id",
    "HCP_PACKER_REGISTRY": "1",
    "PACKER_LOG": "1",
    "PACKER_CONFIG": "/home/fabrikam/.packerconfig",
    "PACKER_PLUGIN_PATH": "/home/fabrikam/plugins",
    "PACKER_GITHUB_API_TOKEN": "token",
    "PACKER_WRAP_COOKIE": "49C22B1A",
    "PKR_VAR_location": "elsewhere",
    "ARM_METADATA_URL": "https://elsewhere",
    "CHECKPOINT_DISABLE": "",
    "TMPDIR": "/home/fabrikam/tmp",
}


def test_variables_of_the_users_packer_are_gone(tmp_path: Path) -> None:
    made = packer_environment(USER, private=tmp_path, temporary=tmp_path, variables={"client": "a,b{{"})
    foreign = {name for name in made if name.startswith(("HCP_", "ARM_", "PACKER_", "PKR_VAR_"))}
    assert foreign == {"PACKER_CONFIG_DIR", "PACKER_CACHE_DIR", "PACKER_NO_COLOR", "PKR_VAR_client"}
    assert made["PKR_VAR_client"] == "a,b{{"
    assert made["CHECKPOINT_DISABLE"] == "1"
    assert made["HTTPS_PROXY"] == "http://127.0.0.1:3128"
    assert made["PATH"] == "/usr/bin"


def test_folders_are_private_and_there(tmp_path: Path) -> None:
    private = tmp_path / "private"
    made = packer_environment(USER, private=private, temporary=tmp_path / "t", variables={})
    for name in ("HOME", "PACKER_CONFIG_DIR", "PACKER_CACHE_DIR"):
        folder = Path(made[name])
        assert folder.is_relative_to(private)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert made["TMPDIR"] == str(tmp_path / "t")


def test_plugins_and_log_are_set_only_when_asked_for(tmp_path: Path) -> None:
    made = packer_environment(
        USER, private=tmp_path, temporary=tmp_path, variables={}, plugin_path=tmp_path / "p", log=tmp_path / "l"
    )
    assert (made["PACKER_PLUGIN_PATH"], made["PACKER_LOG_PATH"]) == (str(tmp_path / "p"), str(tmp_path / "l"))
    assert made["PACKER_LOG"] == "1"


def test_the_login_of_the_azure_command_line_stays_reachable(tmp_path: Path) -> None:
    def azure(world: dict[str, str], config: Path | None = None) -> str | None:
        made = packer_environment(world, private=tmp_path, temporary=tmp_path, variables={}, azure_config=config)
        return made.get("AZURE_CONFIG_DIR")

    assert azure(USER) == "/home/fabrikam/.azure"
    assert azure({**USER, "AZURE_CONFIG_DIR": "/srv/azure"}) == "/srv/azure"
    assert azure(USER, Path("/srv/other")) == "/srv/other"
    assert azure({}) is None


def test_the_temporary_folder_is_short_enough_for_sockets_and_goes_away(tmp_path: Path) -> None:
    for private in (tmp_path / "p", tmp_path / ("long" * 30)):
        with temporary_folder(private) as place:
            assert len(str(place)) <= 60
            assert stat.S_IMODE(place.stat().st_mode) == 0o700
            (place / "left").write_text("x")
        assert not place.exists()


def test_the_given_environment_is_not_changed(tmp_path: Path) -> None:
    before = dict(USER)
    packer_environment(USER, private=tmp_path, temporary=tmp_path, variables={"a": "b"})
    assert before == USER


def test_the_temporary_folder_is_short_where_the_systems_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long TMPDIR, as many CI services have: Packer cannot start a plugin in it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long-" * 20)))
    with temporary_folder(tmp_path / ("private-" * 10)) as place:
        assert place.is_dir()
        assert len(str(place)) <= 60
        assert place.stat().st_mode & 0o077 == 0
    assert not place.exists()
