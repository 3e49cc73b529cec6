"""Secrets stay where they are needed: in no output, event, record, log, argument or error, however a run ends."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import os
import stat
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests.e2e.test_runs import environment
from tests.test_artifacts import say, serving

from imagesmith.artifacts import FetchOptions
from imagesmith.build import BuildOptions, build_image, target_of
from imagesmith.events import Event, Output, RunResult, to_json
from imagesmith.packer import CancelToken
from imagesmith.pipeline import Compilation, CompileOptions, compile_template
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox
from imagesmith.toolchain import Packer, find

SIGNATURE = "c2lnbmF0dXJl+of/contoso=="
CLIENT_SECRET = "client,secret{{env `HOME`}}'\"%41$HOME~é\\"  # noqa: S105 - made up
PASSWORD = 'pass,word{{or not}}"%41$HOME`é\\'  # noqa: S105 - made up
SECRETS = {"signature": SIGNATURE, "client secret": CLIENT_SECRET, "password": PASSWORD}
SCRIPT = b"#!/bin/sh\necho 'the script was run'\n"
SHOW = "[format('printf ''%s\\n'' ''{0}''; printf %s ''{0}'' | base64 -w0 >&2; echo', parameters('password'))]"


def forms(secret: str) -> Iterator[str]:
    """How a secret may look where it has come through other hands."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield urllib.parse.quote(secret, safe="")
    yield urllib.parse.quote_plus(secret)
    for before in ("", "x", "xy"):
        data = (before + secret).encode()
        yield base64.b64encode(data[len(data) % 3 :] if before else data[: len(data) - len(data) % 3]).decode()


def told(text: str) -> list[str]:
    """Names of the secrets that a text gives away."""
    return [name for name, secret in SECRETS.items() if any(form in text for form in forms(secret))]


def deployment(address: str, last: str) -> Any:  # JSON data
    """A deployment file whose steps need all three secrets."""
    query = f"sv=2024-11-04&sp=r&sig={urllib.parse.quote(SIGNATURE, safe='')}"
    group = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/contoso"
    image = f"{group}/providers/Microsoft.Compute/images/web"
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"password": {"type": "secureString"}},
        "resources": [
            {
                "type": "Microsoft.VirtualMachineImages/imageTemplates",
                "apiVersion": "2024-02-01",
                "name": "secrets",
                "location": "westeurope",
                "properties": {
                    "source": {
                        "type": "PlatformImage",
                        "publisher": "Canonical",
                        "offer": "0001-com-ubuntu-server-jammy",
                        "sku": "22_04-lts",
                        "version": "latest",
                    },
                    "customize": [
                        {"type": "Shell", "inline": [SHOW]},
                        {"type": "Shell", "name": "Fetched", "scriptUri": f"{address}/a.sh?{query}"},
                        {"type": "File", "sourceUri": f"{address}/a.txt?{query}", "destination": "/tmp/a.txt"},
                        {"type": "Shell", "name": "[parameters('password')]", "inline": [SHOW, last]},
                    ],
                    "distribute": [
                        {"type": "ManagedImage", "runOutputName": "web", "location": "westeurope", "imageId": image}
                    ],
                },
            }
        ],
    }


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A server that has the files, with a certificate of an authority in `authority.pem`."""
    import ssl

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    with serving(context) as site:
        site.on("/a.sh", say(200, SCRIPT))
        site.on("/a.txt", say(200, b"text\n"))
        yield site.url


@contextmanager
def generous_umask() -> Iterator[None]:
    """Files are private because they are made so, not because of the caller's settings."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


class Onlooker:
    """Reads the arguments of every process of the machine, again and again."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Onlooker:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.1):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes().decode(errors="replace"))
                except OSError:
                    continue  # it has ended meanwhile


def packer_at_hand(packer: Any, folder: Path) -> Packer:  # the conftest's Packer
    """The same Packer as the library finds it."""
    plugins = packer.environment.get("PACKER_PLUGIN_PATH")
    return find(
        packer=packer.program,
        environment={**os.environ, **packer.environment},
        cache=folder,
        plugin_path=Path(plugins) if plugins else None,
    )


def run(
    compilation: Compilation, packer: Packer, folder: Path, *, cancel_at: str | None
) -> tuple[RunResult, list[Event]]:
    """A build in a sandbox with a client secret that is hard to hide."""
    assert compilation.plan is not None, compilation.diagnostics
    events: list[Event] = []
    cancel = CancelToken()

    def on_event(event: Event) -> None:
        events.append(event)
        if cancel_at and isinstance(event, Output) and event.text == cancel_at:
            cancel.request("interrupted")

    fetch = FetchOptions(
        cache=folder / "cache",
        template_folder=folder,
        timeout_s=10,
        allow_hosts=frozenset({"localhost"}),
        ca_file=folder / "authority.pem",
    )
    options = SandboxOptions(state=folder / "state" / "sandbox", run_id="secrets", steps="run")
    with Sandbox(options, environment=os.environ) as sandbox:
        sandbox.seed(compilation.plan.needs, os_type="Linux")
        world = sandbox.world
        world = dataclasses.replace(world, variables={**world.variables, "client_secret": CLIENT_SECRET})
        assert told(repr(world)) == []
        result = build_image(
            compilation,
            packer=packer,
            world=world,
            run_directory=folder / "state" / "runs" / "secrets",
            on_event=on_event,
            cancel=cancel,
            options=BuildOptions(fetch=fetch),
        )
        # Before it ends and removes them.
        mine = [path for path in (folder / "state" / "sandbox").rglob("*") if path.is_file()]
        assert [path for path in mine if path.stat().st_mode & 0o077] == []
    return result, events


@pytest.mark.usefixtures("machine_image")
@pytest.mark.parametrize(
    "ending",
    [("true", None, 0), ("exit 3", None, 5), ("echo now; sleep 60", "now", 130)],
    ids=["succeeds", "fails", "is-cancelled"],
)
def test_a_run_keeps_its_secrets(
    packer: Any, tmp_path: Path, address: str, ending: tuple[str, str | None, int]
) -> None:
    """Through the library, however the run ends."""
    last, cancel_at, status = ending
    (tmp_path / "image.json").write_text(json.dumps(deployment(address, last)), encoding="utf-8")
    found = packer_at_hand(packer, tmp_path)
    options = CompileOptions(target=target_of(found), parameters={"password": PASSWORD})
    compilation = compile_template(tmp_path / "image.json", options=options)
    with generous_umask(), Onlooker() as onlooker:
        result, events = run(compilation, found, tmp_path, cancel_at=cancel_at)
    assert result.exit_code == status, result.message
    shown = [event.text for event in events if isinstance(event, Output) and event.step == "customize[0]"]
    assert len(shown) >= 2, "the step that shows the password has said nothing"
    assert "the script was run" in [event.text for event in events if isinstance(event, Output)]
    for event in events:
        assert told(repr(event)) == []
        assert told(json.dumps(to_json(event), ensure_ascii=False)) == []
    assert told(repr(result)) == []
    assert told("\n".join(onlooker.seen)) == []
    assert any("packer" in arguments for arguments in onlooker.seen)
    judge_files(tmp_path / "state")


def judge_files(state: Path) -> None:
    """No file holds a secret, the scripts neither; everything is its owner's alone."""
    holders = []
    for path in sorted(state.rglob("*")):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink() or "sandbox" in path.relative_to(state).parts[:1]:
            continue
        if path.is_dir():
            assert mode & 0o077 == 0, f"{path}: {mode:o}"
            continue
        # Packer writes its manifest as the umask lets it; the folder is private, and no secret stands in it.
        assert mode & 0o077 == 0 or path.name == "manifest.json", f"{path}: {mode:o}"
        if names := told(path.read_bytes().decode(errors="replace")):
            holders.append((path.relative_to(state).parts[2:-1], names))
    assert holders == []
    logs = "".join(path.read_text(errors="replace") for path in state.glob("runs/*/*.log"))
    assert "<redacted>" in logs


AWKWARD = 'line one\nit\'s "two" `id` $HOME ${HOME} {{or not}} {{`{{`}} \\ %s é€ ,;#~!*?[x](y)<z>|&=\ttab'


@pytest.mark.usefixtures("machine_image")
def test_secrets_reach_scripts_unchanged_as_environment_variables(packer: Any, tmp_path: Path, address: str) -> None:
    """Whatever stands in them, for scripts of the build user and of root; and nothing of them stays on the machine."""
    template = deployment(address, "true")["resources"][0]
    say = [
        'printf \'%s %s %s\n\' "$(id -un)" "$(printf %s "$AWKWARD" | sha256sum | cut -c1-64)" "$TOKEN"',
        'case "$TOKEN" in to*) echo it begins well;; esac',
    ]
    (tmp_path / "show.sh").write_text("#!/bin/sh\n" + "\n".join(say) + "\n", encoding="utf-8")
    template["properties"]["customize"] = [
        {"type": "Shell", "name": "User", "inline": say},
        {"type": "Shell", "name": "Root", "scriptUri": "show.sh"},
        {"type": "Shell", "name": "Rest", "inline": ["ls -lA /tmp | grep varfile | cut -c1-10", "echo end"]},
    ]
    (tmp_path / "image.json").write_text(json.dumps(template), encoding="utf-8")
    (tmp_path / "awkward").write_text(AWKWARD + "\n", encoding="utf-8")
    arguments = ["--output", "ndjson", "--packer", packer.program, "--state-dir", "state", "--sandbox"]
    arguments += ["--secret", "AWKWARD=file:awkward", "--secret", "TOKEN=env:MY_TOKEN"]
    with generous_umask(), Onlooker() as onlooker:
        done = subprocess.run(
            [sys.executable, "-m", "imagesmith", "build", "image.json", *arguments],
            env={**environment(packer, tmp_path), "MY_TOKEN": "token-of-mine"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    told_lines = [event["text"] for event in events if event["event"] == "output" and event.get("step")]
    digest = hashlib.sha256(AWKWARD.encode()).hexdigest()
    told_lines = [line.replace("<sensitive>", "<redacted>") for line in told_lines]  # newer Packers mask as well
    assert f"packer {digest} <redacted>" in told_lines
    assert f"root {digest} <redacted>" in told_lines
    assert told_lines.count("it begins well") == 2
    # Of Packer's files with the variables only that of the step itself is there, and only its owner can read it.
    assert told_lines[4:6] == ["-rw-------", "end"]
    for text in (done.stdout, done.stderr, "\n".join(onlooker.seen)):
        assert "token-of-mine" not in text
        assert 'it\'s "two"' not in text
    for path in (tmp_path / "state" / "runs").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"token-of-mine" not in data, path
            assert b"line one" not in data, path


@pytest.mark.parametrize("form", ["text", "json", "ndjson"])
def test_the_command_line_keeps_secrets(packer: Any, tmp_path: Path, address: str, form: str) -> None:
    """Nothing on stdout or stderr, whatever the form, and nothing in the state folder."""
    (tmp_path / "image.json").write_text(json.dumps(deployment(address, "true"), indent=2), encoding="utf-8")
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    arguments = ["--output", form, "--packer", packer.program, "--state-dir", "state", "--allow-host", "localhost"]
    arguments += ["-p", "password=@password", "--sandbox", "--sandbox-steps", "record"]
    with generous_umask(), Onlooker() as onlooker:
        done = subprocess.run(
            [sys.executable, "-m", "imagesmith", "build", "image.json", *arguments],
            env={**environment(packer, tmp_path), "SSL_CERT_FILE": str(tmp_path / "authority.pem")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert told(done.stdout) == []
    assert told(done.stderr) == []
    assert told("\n".join(onlooker.seen)) == []


@pytest.mark.parametrize("command", ["validate", "compile", "build"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_messages_about_a_template_keep_secrets(
    packer: Any, tmp_path: Path, address: str, command: str, form: str
) -> None:
    """A message shows the line that it is about, and that line may hold a signature or a parameter's value."""
    broken = deployment(address, "true")
    steps = broken["resources"][0]["properties"]["customize"]
    steps[1]["sha256Checksum"] = "[parameters('password')]"
    steps[2]["destination"] = f"/etc/{{{{{'x'}}}}}"
    steps[1]["inline"] = ["true"]
    steps.append({"type": "File", "sourceUri": steps[2]["sourceUri"].replace("https:", "ftp:")})
    parameters = {"parameters": {"password": {"value": PASSWORD}, "other": {"value": PASSWORD}}}
    (tmp_path / "image.json").write_text(json.dumps(broken), encoding="utf-8")
    (tmp_path / "image.parameters.json").write_text(json.dumps(parameters), encoding="utf-8")
    arguments = {"compile": ["-o", "out"], "build": ["--sandbox", "--packer", packer.program]}.get(command, [])
    done = subprocess.run(
        [sys.executable, "-m", "imagesmith", command, "image.json", "--output", form, *arguments],
        env=environment(packer, tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert told(done.stdout) == []
    assert told(done.stderr) == []
    assert SIGNATURE[:12] not in done.stdout + done.stderr
