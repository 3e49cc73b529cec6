"""Finding a container engine, with executables of our own as engines; base images and package sources."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from imagesmith.sandbox.errors import SandboxError
from imagesmith.sandbox.machine.bases import base_for
from imagesmith.sandbox.machine.debootstrap import host_release, own_lines, own_stanzas
from imagesmith.sandbox.machine.engine import Engine, NoEngine, run_command, start_engine_probe
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox

WORKS = "exit 0"
REFUSES = "echo 'cgroups in hybrid mode not supported' >&2; exit 126"
NEEDS_RUNC = f'case "$*" in *--runtime=runc*run*) {WORKS} ;; *\\ run\\ *|run\\ *) {REFUSES} ;; esac'
NEEDS_LIMITS = f'case "$*" in *run*--ulimit=nofile=*) {WORKS} ;; run*|*\\ run\\ *) {REFUSES} ;; esac'
NO_DAEMON = "echo 'Cannot connect to the Docker daemon' >&2; exit 1"


def engines(folder: Path, **scripts: str) -> dict[str, str]:
    """An environment whose PATH has these programs; each writes down how it was called."""
    for name, script in scripts.items():
        program = folder / name
        log = folder / f"{name}.log"
        program.write_text(f'#!/bin/sh\necho "$*" >>{log}\n{script}\n', encoding="utf-8")
        program.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin"} if scripts else {"PATH": str(folder)}


def calls(folder: Path, name: str) -> list[str]:
    return (folder / f"{name}.log").read_text(encoding="utf-8").splitlines()


def test_an_engine_that_works_is_taken_as_it_is(tmp_path: Path) -> None:
    found = start_engine_probe(engines(tmp_path, podman=WORKS, docker=WORKS))
    assert isinstance(found, Engine)
    assert (found.program, found.options, found.limits) == (str(tmp_path / "podman"), (), ())
    assert not (tmp_path / "docker.log").exists()
    assert "run --rm --pull=never --network=none" in calls(tmp_path, "podman")[-1]


def test_runc_is_tried_where_the_default_refuses(tmp_path: Path) -> None:
    found = start_engine_probe(engines(tmp_path, podman=NEEDS_RUNC))
    assert isinstance(found, Engine)
    assert found.options == ("--runtime=runc",)
    assert found.command("exec", "m") == (str(tmp_path / "podman"), "--runtime=runc", "exec", "m")


def test_lowered_limits_are_tried_next(tmp_path: Path) -> None:
    found = start_engine_probe(engines(tmp_path, podman=NEEDS_LIMITS))
    assert isinstance(found, Engine)
    assert [limit.partition("=")[0] for limit in found.limits] == ["--ulimit", "--ulimit"]
    assert found.command("run", "-d", "i")[1:4] == ("run", *found.limits)
    assert found.command("exec", "m") == (str(tmp_path / "podman"), "exec", "m")


def test_docker_is_tried_after_podman(tmp_path: Path) -> None:
    found = start_engine_probe(engines(tmp_path, podman=REFUSES, docker=WORKS))
    assert isinstance(found, Engine)
    assert found.name == "docker"
    assert "--systemd=always" not in found.boot
    assert "--tmpfs=/run" in found.boot
    # docker's rm has no time limit to give
    assert found.removal == ("rm", "-f")


def test_a_docker_that_is_podman_is_called_as_podman(tmp_path: Path) -> None:
    says = "if [ \"$*\" = --version ]; then echo 'podman version 4.3.1'; fi; exit 0"
    found = start_engine_probe(engines(tmp_path, docker=says), program="docker")
    assert isinstance(found, Engine)
    assert found.name == "podman"
    assert found.boot == ("--systemd=always",)
    assert found.removal == ("rm", "-f", "-t", "0")


def test_every_attempt_is_told_where_none_works(tmp_path: Path) -> None:
    image_is_here = 'case "$*" in *inspect*) exit 0 ;; esac\n'
    found = start_engine_probe(engines(tmp_path, podman=image_is_here + REFUSES, docker=NO_DAEMON))
    assert isinstance(found, NoEngine)
    program = str(tmp_path / "podman")
    assert found.attempts[0] == f"{program}: cgroups in hybrid mode not supported"
    assert found.attempts[1] == f"{program} --runtime=runc: cgroups in hybrid mode not supported"
    assert found.attempts[3].startswith(f"{program} --runtime=runc --ulimit=nofile=")
    assert found.attempts[4] == f"{tmp_path / 'docker'}: Cannot connect to the Docker daemon"
    error = found.error()
    assert error.diagnostic.code == "IMG900"
    assert "hybrid mode" in error.diagnostic.message
    assert "install podman" in error.diagnostic.hint


def test_programs_that_are_not_there_are_told(tmp_path: Path) -> None:
    found = start_engine_probe({"PATH": f".:{tmp_path}"})
    assert found == NoEngine(attempts=("podman: not found on PATH", "docker: not found on PATH"))


def test_a_sandbox_that_must_run_steps_needs_an_engine(tmp_path: Path) -> None:
    options = SandboxOptions(state=tmp_path / "state", run_id="r", steps="run")
    with pytest.raises(SandboxError, match=r"docker: not found on PATH[\s\S]*IMG900"):
        Sandbox(options, environment={"PATH": str(tmp_path)}).start()


def test_a_sandbox_records_by_itself_where_there_is_none(tmp_path: Path) -> None:
    options = SandboxOptions(state=tmp_path / "state", run_id="r")
    with Sandbox(options, environment={"PATH": str(tmp_path)}) as sandbox:
        assert sandbox.world.records_steps
        assert sandbox.world.notes == (
            "steps are recorded, not run: podman: not found on PATH; docker: not found on PATH",
        )


def test_windows_machines_need_no_engine_and_run_nothing(tmp_path: Path) -> None:
    options = SandboxOptions(state=tmp_path / "state", run_id="r", os_type="Windows")
    with Sandbox(options, environment={"PATH": str(tmp_path)}) as sandbox:
        sandbox.seed((), os_type="Windows")
        assert sandbox.world.records_steps
        assert sandbox.world.notes == ("steps of a Windows machine are recorded, not run",)
    options = SandboxOptions(state=tmp_path / "other", run_id="r", os_type="Windows", steps="run")
    with pytest.raises(SandboxError, match=r"IMG909.*leave --sandbox-steps out"):
        Sandbox(options, environment={"PATH": str(tmp_path)}).start()


def test_a_program_past_its_time_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    output = asyncio.run(run_command(("/bin/sleep", "60"), environment={}, timeout_s=0.2))
    assert output.code == 124
    assert output.reason == "no answer within 0.2 s: /bin/sleep 60"
    assert time.monotonic() - began < 10


def test_a_program_that_cannot_be_started_reads_as_one_that_failed(tmp_path: Path) -> None:
    output = asyncio.run(run_command((str(tmp_path / "none"),), environment={}, timeout_s=5))
    assert output.code == 127
    assert "No such file" in output.reason


@pytest.mark.parametrize(
    ("source", "image"),
    [
        ("Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2", "docker.io/library/ubuntu:22.04"),
        ("canonical:0001-com-ubuntu-server-focal:20_04-lts", "docker.io/library/ubuntu:20.04"),
        ("Canonical:UbuntuServer:18.04-LTS", "docker.io/library/ubuntu:18.04"),
        ("Canonical:ubuntu-24_04-lts:server", "docker.io/library/ubuntu:24.04"),
        ("Debian:debian-11:11-backports", "docker.io/library/debian:11"),
        ("debian:debian-12:12", "docker.io/library/debian:12"),
        ("RedHat:RHEL:8_6", "registry.access.redhat.com/ubi8/ubi:latest"),
        ("RedHat:RHEL:9-lvm-gen2", "registry.access.redhat.com/ubi9/ubi:latest"),
        ("SUSE:sles-15-sp5:gen2", "registry.suse.com/bci/bci-base:latest"),
        ("MicrosoftCBLMariner:cbl-mariner:cbl-mariner-2", "mcr.microsoft.com/azurelinux/base/core:3.0"),
    ],
)
def test_sources_have_bases(source: str, image: str) -> None:
    assert base_for(source, {}).image == image


def test_rows_of_the_user_go_first() -> None:
    assert base_for("Canonical:a:b", {"fabrikam:*": "x", "canonical:A:*": "own/image:1"}).image == "own/image:1"


def test_a_source_without_a_base_is_told_how_to_get_one() -> None:
    with pytest.raises(SandboxError, match=r"fabrikam:appliance:v1 .*IMG901.*--sandbox-base 'fabrikam:appliance:v1="):
        base_for("fabrikam:appliance:v1", {})


SOURCES = """\
# the distribution
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: https://packages.example/node
Suites: nodistro
Components: main

Enabled: no
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm-backports
Components: main
"""
LINES = """\
# deb http://mirror.example/ubuntu jammy universe
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/ubuntu jammy main
deb http://mirror.example/ubuntu jammy-security main
deb https://packages.example/apt stable main
deb cdrom:[Ubuntu]/ jammy main
deb-src http://mirror.example/ubuntu jammy main
"""


def test_only_the_distributions_own_sources_are_used() -> None:
    stanzas = own_stanzas(SOURCES, "bookworm")
    assert len(stanzas) == 1
    assert "mirror.example" in stanzas[0]
    assert own_stanzas(SOURCES, "trixie") == []
    assert own_lines(LINES, "jammy") == LINES.splitlines()[1:3]


@pytest.mark.parametrize(
    ("text", "codename"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n', "bookworm"),
        ('ID=ubuntu\nVERSION_CODENAME="jammy"\n', "jammy"),
        ("ID=fedora\nVERSION_CODENAME=x\n", None),
        ("ID=debian\n", None),
    ],
)
def test_the_hosts_release_can_stand_in_where_it_is_of_debians_family(
    tmp_path: Path, text: str, codename: str | None
) -> None:
    environment = engines(tmp_path, mmdebstrap=WORKS)
    (tmp_path / "os-release").write_text(text, encoding="utf-8")
    release = host_release(environment, os_release=tmp_path / "os-release")
    assert (release.codename if release else None) == codename
    assert host_release({"PATH": str(tmp_path / "empty")}, os_release=tmp_path / "os-release") is None
