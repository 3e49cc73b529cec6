"""Nothing but loopback: a build where there is no other network, and what happens to a request for another name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cases import FIXTURES
from tests.e2e.test_runs import Finished, command, environment

from imagesmith.build import build_image, target_of
from imagesmith.pipeline import CompileOptions, compile_template
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox
from imagesmith.toolchain import find

TEMPLATE = FIXTURES / "valid" / "linux-gallery-quickstart" / "template.json"
ALONE = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
    flags = struct.unpack("16sH", fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))[:18])[1]
    fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))
assert [name for _, name in socket.if_nameindex()] == ["lo"], socket.if_nameindex()
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Raises the loopback interface of a new network namespace (netdevice(7)) and goes on as another program."""


def alone(arguments: list[str]) -> list[str]:
    """The command line of a program that sees no network but loopback; a machine that forbids this fails the test."""
    options = ["-n"] if os.geteuid() == 0 else ["-r", "-n"]
    tried = subprocess.run(["unshare", *options, "true"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, (
        f"this machine lets nobody make a network namespace, so it cannot be shown that builds stay on it:"
        f" unshare {' '.join(options)}: {tried.stderr.strip()}"
    )
    return ["unshare", *options, sys.executable, "-c", ALONE, *arguments]


def test_a_build_needs_no_network_but_loopback(packer: Any, machine_image: None, tmp_path: Path) -> None:
    """Compile, fetch, Packer, its plugins, the SDKs, and machines that really run (recorded where we are not root)."""
    steps = "run" if os.geteuid() == 0 else "record"
    done = subprocess.run(
        alone(command(packer, TEMPLATE, tmp_path, "--sandbox-steps", steps)),
        env=environment(packer, tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    run = Finished(
        status=done.returncode, events=[json.loads(line) for line in done.stdout.splitlines()], stderr=done.stderr
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert run.result["state"] == "Succeeded"
    wanted = "Succeeded" if steps == "run" else "Recorded"
    assert {state for _, state in run.steps} == {wanted}


ASKING = """
import os, socket, urllib.error, urllib.request
proxy = os.environ["HTTPS_PROXY"].removeprefix("http://").split(":")
def ask(head):
    with socket.create_connection((proxy[0], int(proxy[1])), timeout=10) as sock:
        sock.sendall(head.encode() + b"\\r\\n\\r\\n")
        return sock.makefile("rb").readline().split()[1].decode()
print(ask("CONNECT example.com:443 HTTP/1.1"), ask("CONNECT 192.0.2.7:443 HTTP/1.1"),
      ask("CONNECT management.azure.com:22 HTTP/1.1"), ask("CONNECT management.azure.com.example.com:443 HTTP/1.1"),
      ask("GET http://example.com/ HTTP/1.1"))
try:
    urllib.request.urlopen("https://example.com/", timeout=10)
except OSError as error:
    print(error)
try:
    urllib.request.urlopen("https://management.azure.com/subscriptions/none?api-version=2022-12-01", timeout=10)
except urllib.error.HTTPError as error:
    print(error.headers["Content-Type"])
"""


def test_a_request_for_another_name_is_refused_and_told(tmp_path: Path) -> None:
    """Names, addresses, other ports, names that only look like Azure's, and plain HTTP; Azure itself is answered."""
    run = [sys.executable, "-m", "imagesmith", "sandbox", "--steps", "record", "--state-dir", str(tmp_path / "state")]
    done = subprocess.run(
        [*run, "--", sys.executable, "-c", ASKING], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    codes, through_a_library, azure = done.stdout.splitlines()
    assert codes.split() == ["502"] * 5
    assert "502" in through_a_library
    assert azure.startswith("application/json"), "our own Azure was not reached"
    told = [line.split()[4] for line in done.stderr.splitlines() if "was refused" in line]
    assert sorted(told) == [
        "192.0.2.7:443",
        "example.com:443",
        "example.com:443",
        "http://example.com/",
        "management.azure.com.example.com:443",
        "management.azure.com:22",
    ]


@pytest.mark.parametrize("case", ["linux-gallery-quickstart"])
def test_a_normal_build_asks_for_no_other_name(case: str, packer: Any, tmp_path: Path) -> None:
    """No version check, no telemetry, no registry: nothing had to be refused, and nothing of Azure was missing."""
    plugins = packer.environment.get("PACKER_PLUGIN_PATH")
    surroundings = {**os.environ, **packer.environment}
    found = find(
        packer=packer.program, environment=surroundings, cache=tmp_path, plugin_path=Path(plugins) if plugins else None
    )
    compilation = compile_template(
        FIXTURES / "valid" / case / "template.json", options=CompileOptions(target=target_of(found))
    )
    assert compilation.plan is not None
    options = SandboxOptions(state=tmp_path / "sandbox", run_id="quiet", steps="record")
    with Sandbox(options, environment=os.environ) as sandbox:
        sandbox.seed(compilation.plan.needs, os_type="Linux")
        result = build_image(compilation, packer=found, world=sandbox.world, run_directory=tmp_path / "runs" / "quiet")
        assert result.exit_code == 0, result.message
        assert len(sandbox.requests) > 20
        assert sandbox.refused == ()
        assert sandbox.unknown == ()
