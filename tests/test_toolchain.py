"""The right Packer is found, plugins are chosen by Packer's own rules, and installs are whole or nothing."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import stat
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from imagesmith.toolchain import (
    AZURE,
    WINDOWS_UPDATE,
    Packer,
    Plugin,
    ToolchainError,
    find,
    find_plugins,
    link_plugins,
    require_azure,
)
from imagesmith.toolchain.install import install, install_package, install_plugin
from imagesmith.toolchain.pins import NEWEST, PACKER_ARCHIVES
from imagesmith.toolchain.plugins import host
from imagesmith.toolchain.probe import NotPackerError, probe
from imagesmith.versions import Version

pytestmark = pytest.mark.timeout(120)

SYSTEM, ARCHITECTURE = host()
TOOLS = os.environ.get("PATH", os.defpath)


def _script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def _says(version: str) -> str:
    return f"echo 1790000000,,version,{version}; echo 1790000000,,version-prelease,; echo 1790000000,,ui,say,Packer"


def _packer(path: Path, version: str = "1.14.3") -> Path:
    return _script(path, _says(version))


def _environment(*folders: Path | str, **more: str) -> dict[str, str]:
    return {"PATH": os.pathsep.join(map(str, folders)), **more}


def _fail(code: str, **options: object) -> str:
    with pytest.raises(ToolchainError) as caught:
        find(**options)  # type: ignore[arg-type] # options of one call
    assert caught.value.diagnostic.code == code
    return caught.value.diagnostic.message


# Finding


def test_the_option_wins_over_the_variable_and_both_over_path(tmp_path: Path) -> None:
    option = _packer(tmp_path / "o" / "any-name", "1.9.5")
    variable = _packer(tmp_path / "v" / "packer", "1.11.0")
    _packer(tmp_path / "bin" / "packer")
    environment = _environment(tmp_path / "bin", IMAGESMITH_PACKER=str(variable))
    found = find(packer=str(option), environment=environment, cache=tmp_path / "c")
    assert (found.path, found.version, found.source) == (option, Version(1, 9, 5), "option")
    found = find(packer=None, environment=environment, cache=tmp_path / "c")
    assert (found.path, found.version, found.source) == (variable, Version(1, 11), "IMAGESMITH_PACKER")
    found = find(packer=None, environment=_environment(tmp_path / "bin"), cache=tmp_path / "c")
    assert (found.path, found.source) == (tmp_path / "bin" / "packer", "PATH")


def test_a_name_without_folder_is_looked_up_on_path(tmp_path: Path) -> None:
    _packer(tmp_path / "bin" / "packer-1.9", "1.9.5")
    found = find(packer="packer-1.9", environment=_environment(tmp_path / "bin"), cache=tmp_path)
    assert found.path == tmp_path / "bin" / "packer-1.9"


def test_unsafe_folders_and_other_programs_called_packer_are_passed_over(tmp_path: Path) -> None:
    everybody = _packer(tmp_path / "everybody" / "packer").parent
    everybody.chmod(0o777)
    _script(tmp_path / "cracklib" / "packer", "cat; echo 1024 1024")
    (tmp_path / "data" / "packer").mkdir(parents=True)
    _packer(tmp_path / "good" / "packer", "1.6.6")
    folders = ("", "relative", everybody, tmp_path / "data", tmp_path / "cracklib", tmp_path / "good")
    found = find(packer=None, environment=_environment(*folders), cache=tmp_path / "c")
    assert (found.path, found.version) == (tmp_path / "good" / "packer", Version(1, 6, 6))


def test_the_newest_of_the_cache_is_taken_last(tmp_path: Path) -> None:
    for version in ("1.9.5", "1.16.0", "1.6.6"):
        _packer(tmp_path / "c" / "packer" / version / "packer", version)
    (tmp_path / "c" / "packer" / ".new-abc").mkdir()
    found = find(packer=None, environment=_environment(tmp_path / "empty"), cache=tmp_path / "c")
    assert (found.version, found.source) == (Version(1, 16), "cache")


def test_the_error_says_what_was_tried(tmp_path: Path) -> None:
    _script(tmp_path / "cracklib" / "packer", "echo no")
    environment = _environment("relative", tmp_path / "cracklib")
    message = _fail("IMG700", packer=None, environment=environment, cache=tmp_path / "c")
    for part in ("relative on PATH is relative", "cracklib/packer does not answer as Packer does", "cache"):
        assert part in message
    assert "PATH" in _fail("IMG700", packer=None, environment={}, cache=tmp_path / "none")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 1", "does not answer as Packer does"),
        ("echo Packer v1.16.0", "does not answer as Packer does"),
        ("echo 1,,version,banana", "'banana' is not a version"),
        ("yes 1,,version | head -c 3000000", "does not answer as Packer does"),
        ("head -c 100 /dev/urandom; kill -SEGV $$", "does not answer as Packer does"),
    ],
)
def test_a_named_program_that_is_no_packer_is_an_error(tmp_path: Path, script: str, reason: str) -> None:
    path = _script(tmp_path / "packer", script)
    good = _packer(tmp_path / "bin" / "packer").parent
    environment = {"PATH": f"{good}{os.pathsep}{TOOLS}"}
    assert reason in _fail("IMG701", packer=str(path), environment=environment, cache=tmp_path)


@pytest.mark.parametrize("fault", ["missing", "folder", "not executable", "wrong machine"])
def test_a_named_program_that_cannot_be_started_is_an_error(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "packer"
    if fault == "folder":
        path.mkdir()
    elif fault != "missing":
        path.write_bytes(b"\x7fELF nothing")
        path.chmod(0o755 if fault == "wrong machine" else 0o644)
    message = _fail("IMG701", packer=None, environment=_environment(IMAGESMITH_PACKER=str(path)), cache=tmp_path)
    assert "cannot be started" in message
    assert "IMAGESMITH_PACKER" in message


@pytest.mark.parametrize("script", ["sleep 60", "cat; sleep 60 & sleep 60", "yes x"])
def test_a_program_that_does_not_answer_is_given_up_and_ended(tmp_path: Path, script: str) -> None:
    path = _script(tmp_path / "packer", f"echo $$ > {tmp_path}/pid; {script}")
    start = time.monotonic()
    with pytest.raises(NotPackerError, match=r"did not answer within 0\.4 s"):
        probe(path, {"PATH": TOOLS}, timeout_s=0.4)
    assert time.monotonic() - start < 10
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_probing_leaves_the_home_and_the_working_folder_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    script = _script(tmp_path / "packer", f"{_says('1.9.5')}; touch here ~/home; env > {tmp_path}/environment")
    environment = {"PATH": TOOLS, "HOME": str(tmp_path / "home"), "HCP_CLIENT_SECRET": "x", "PACKER_LOG": "1"}
    find(packer=str(script), environment=environment, cache=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["environment", "packer"]
    seen = (tmp_path / "environment").read_text()
    assert "HCP_" not in seen
    assert "PACKER_LOG" not in seen
    assert "CHECKPOINT_DISABLE=1" in seen


def test_the_real_packer_is_identified(tmp_path: Path) -> None:
    environment = {
        name: os.environ[name] for name in ("PATH", "IMAGESMITH_PACKER", "PACKER_PLUGIN_PATH") if name in os.environ
    }
    found = find(packer=None, environment=environment, cache=tmp_path)
    assert found.version >= Version(1, 6)
    assert found.digest_sha256 == hashlib.sha256(found.path.read_bytes()).hexdigest()
    said = subprocess.run(
        [found.path, "--version"], env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert str(found.version) in said.stdout + said.stderr
    require_azure(found)


def test_azure_is_built_in_before_1_10_and_a_plugin_from_there_on(tmp_path: Path) -> None:
    def packer(version: Version, *plugins: Plugin) -> Packer:
        return Packer(path=tmp_path, version=version, source="PATH", plugins=plugins)

    azure = Plugin(source=AZURE, version=Version(2, 6, 3), path=tmp_path)
    require_azure(packer(Version(1, 6, 6)))
    require_azure(packer(Version(1, 16), azure))
    with pytest.raises(ToolchainError, match=r"Packer 1\.16\.0 .* has no azure plugin") as caught:
        require_azure(packer(Version(1, 16)))
    assert caught.value.diagnostic.code == "IMG702"


# Plugins


def _plugin(
    folder: Path,
    version: str,
    *,
    source: str = AZURE,
    api: str = "x5.0",
    system: str = SYSTEM,
    arch: str = ARCHITECTURE,
) -> Path:
    name = source.rpartition("/")[2]
    path = _script(folder / source / f"packer-plugin-{name}_v{version}_{api}_{system}_{arch}", f"echo {version}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}_SHA256SUM").write_text(digest)
    return path


NEW = Version(1, 16)


def test_the_newest_fit_plugin_is_chosen(tmp_path: Path) -> None:
    for version in ("2.5.0", "2.10.0", "2.9.9"):
        _plugin(tmp_path, version)
    _plugin(tmp_path, "3.0.0-dev")
    newest = _plugin(tmp_path, "3.0.0")
    assert find_plugins(NEW, [tmp_path]) == (Plugin(source=AZURE, version=Version(3), path=newest),)


def test_unfit_plugins_are_passed_over_as_packer_does(tmp_path: Path) -> None:
    fit = _plugin(tmp_path, "1.0.0")
    _plugin(tmp_path, "2.0.0", api="x6.0")
    _plugin(tmp_path, "2.1.0", system="plan9")
    _plugin(tmp_path, "2.2.0", arch="mips")
    _plugin(tmp_path, "2.3.0-beta1")
    _plugin(tmp_path, "2.4.0").chmod(0o644)
    _plugin(tmp_path, "2.5.0").write_text("#!/bin/sh\nchanged\n")
    lonely = _plugin(tmp_path, "2.6.0")
    lonely.with_name(f"{lonely.name}_SHA256SUM").unlink()
    shutil.copytree(fit.parent, tmp_path / "github.com" / "hashicorp" / "other")
    shutil.copy(fit, tmp_path / fit.name)
    assert [plugin.path for plugin in find_plugins(NEW, [tmp_path])] == [fit]


def test_the_first_folder_that_has_a_plugin_decides(tmp_path: Path) -> None:
    first = _plugin(tmp_path / "a", "2.0.0")
    _plugin(tmp_path / "b", "2.6.3")
    update = _plugin(tmp_path / "b", "0.18.4", source=WINDOWS_UPDATE)
    folders = [tmp_path / "none", tmp_path / "a", tmp_path / "b"]
    assert [plugin.path for plugin in find_plugins(NEW, folders)] == [first, update]


def test_plugins_are_looked_for_in_every_known_place_in_order(tmp_path: Path) -> None:
    packer = _packer(tmp_path / "bin" / "packer", "1.16.0")
    home, cache = tmp_path / "home", tmp_path / "c"
    places = [
        tmp_path / "option",
        tmp_path / "variable",
        home / ".config" / "packer" / "plugins",
        home / ".packer.d" / "plugins",
        cache / "plugins",
    ]
    for number, place in enumerate(places):
        _plugin(place, f"{number}.0.0")
    environment = _environment(HOME=str(home), PACKER_PLUGIN_PATH=str(places[1]))
    for number, place in enumerate(places):
        found = find(packer=str(packer), environment=environment, cache=cache, plugin_path=places[0])
        assert [plugin.version for plugin in found.plugins] == [Version(number)]
        shutil.rmtree(place)


def test_an_old_packer_uses_only_the_old_windows_update_program(tmp_path: Path) -> None:
    _plugin(tmp_path, "2.6.3")
    assert find_plugins(Version(1, 6, 6), [tmp_path]) == ()
    program = _script(tmp_path / "packer-provisioner-windows-update", "exit 0")
    plugin = Plugin(source=WINDOWS_UPDATE, version=None, path=program)
    assert find_plugins(Version(1, 6, 6), [tmp_path / "none", tmp_path]) == (plugin,)
    assert [found.source for found in find_plugins(NEW, [tmp_path])] == [AZURE]
    linked = link_plugins([plugin], tmp_path / "run")
    assert [path.name for path in linked.iterdir()] == ["packer-provisioner-windows-update"]


def test_chosen_plugins_are_linked_one_by_one(tmp_path: Path) -> None:
    _plugin(tmp_path / "a", "2.5.0")
    _plugin(tmp_path / "a", "2.6.3")
    _plugin(tmp_path / "a", "0.18.4", source=WINDOWS_UPDATE)
    chosen = find_plugins(NEW, [tmp_path / "a"])
    for _ in range(2):
        folder = link_plugins(chosen, tmp_path / "run" / "plugins")
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    ending = f"{SYSTEM}_{ARCHITECTURE}"
    assert files == [
        f"{AZURE}/packer-plugin-azure_v2.6.3_x5.0_{ending}",
        f"{AZURE}/packer-plugin-azure_v2.6.3_x5.0_{ending}_SHA256SUM",
        f"{WINDOWS_UPDATE}/packer-plugin-windows-update_v0.18.4_x5.0_{ending}",
        f"{WINDOWS_UPDATE}/packer-plugin-windows-update_v0.18.4_x5.0_{ending}_SHA256SUM",
    ]
    assert not any(path.is_symlink() for path in folder.rglob("*") if path.is_dir())
    assert find_plugins(NEW, [folder])[0].version == Version(2, 6, 3)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


# Installing


class Mirror(ThreadingHTTPServer):
    """A mirror on loopback: path to what is sent, and how much of it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files: dict[str, tuple[bytes, int]] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/mirror"

    def hold(self, path: str, data: bytes, sent: int | None = None) -> str:
        self.files[f"/mirror/{path}"] = (data, len(data) if sent is None else sent)
        return hashlib.sha256(data).hexdigest()


class _Answer(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path not in self.server.files:
            self.send_error(404)
            return
        data, sent = self.server.files[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(data[:sent])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of http.server
        pass


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _archive(*files: tuple[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files:
            package.writestr(name, content)
    return buffer.getvalue()


RELEASE = f"packer/1.15.0/packer_1.15.0_{SYSTEM}_{ARCHITECTURE}.zip"
GOOD = _archive(("LICENSE.txt", "text"), ("packer", f"#!/bin/sh\n{_says('1.15.0')}\n"))


def _install(mirror: Mirror, cache: Path, sha256: str | None, **options: object) -> Path:
    given: dict[str, object] = {
        "version": Version(1, 15),
        "environment": {"PATH": TOOLS},
        "on_progress": list[str]().append,
        **options,
    }
    return install(cache=cache, base_url=mirror.url, sha256=sha256, **given)  # type: ignore[arg-type] # options of one call


def _leaves_nothing(cache: Path, code: str) -> None:
    assert not [path for path in cache.rglob("*") if path.is_file()], code
    assert not list(cache.rglob(".new-*")), code


def test_a_release_is_installed_found_and_not_downloaded_twice(tmp_path: Path, mirror: Mirror) -> None:
    digest = mirror.hold(RELEASE, GOOD)
    said: list[str] = []
    program = _install(mirror, tmp_path, digest.upper(), on_progress=said.append)
    assert program == tmp_path / "packer" / "1.15.0" / "packer"
    assert stat.S_IMODE(program.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "packer").stat().st_mode) == 0o700
    assert [path.name for path in program.parent.iterdir()] == ["packer"]
    assert mirror.url in said[0]
    found = find(packer=None, environment={}, cache=tmp_path)
    assert (found.version, found.source, found.path) == (Version(1, 15), "cache", program)
    _install(mirror, tmp_path, digest)
    assert len(mirror.asked) == 1


@pytest.mark.parametrize(
    ("content", "code", "text"),
    [
        (GOOD[:-60], "IMG706", "cannot be unpacked"),
        (b"", "IMG706", "cannot be unpacked"),
        (_archive(("packer", _says("1.15.0")), ("../../evil", "x")), "IMG706", "leads out of it"),
        (_archive(("packer", _says("1.15.0")), ("/etc/evil", "x")), "IMG706", "leads out of it"),
        (_archive(("packer", _says("1.15.0")), ("..\\evil", "x")), "IMG706", "leads out of it"),
        (_archive(("bin/packer", "x")), "IMG706", "does not hold the program"),
        (_archive(("packer", "#!/bin/sh\necho hello\n")), "IMG706", "does not answer as Packer does"),
        (_archive(("packer", f"#!/bin/sh\n{_says('1.6.6')}\n")), "IMG706", "is Packer 1.6.6, expected 1.15.0"),
    ],
)
def test_a_bad_archive_leaves_nothing(tmp_path: Path, mirror: Mirror, content: bytes, code: str, text: str) -> None:
    digest = mirror.hold(RELEASE, content)
    with pytest.raises(ToolchainError, match=text) as caught:
        _install(mirror, tmp_path / "c", digest)
    assert caught.value.diagnostic.code == code
    _leaves_nothing(tmp_path / "c", code)
    assert not (tmp_path / "evil").exists()


def test_an_archive_with_a_damaged_member_leaves_nothing(tmp_path: Path, mirror: Mirror) -> None:
    content = _archive(("packer", os.urandom(5000)))
    damaged = content[:200] + bytes([content[200] ^ 0xFF]) + content[201:]
    with pytest.raises(ToolchainError, match="cannot be unpacked"):
        _install(mirror, tmp_path, mirror.hold(RELEASE, damaged))
    _leaves_nothing(tmp_path, "damaged")


def test_a_link_instead_of_the_program_is_refused(tmp_path: Path, mirror: Mirror) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        link = zipfile.ZipInfo("packer")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        package.writestr(link, "/bin/sh")
    with pytest.raises(ToolchainError, match="does not hold the program"):
        _install(mirror, tmp_path, mirror.hold(RELEASE, buffer.getvalue()))
    _leaves_nothing(tmp_path, "link")


def test_a_wrong_digest_leaves_nothing_and_names_both(tmp_path: Path, mirror: Mirror) -> None:
    digest = mirror.hold(RELEASE, GOOD)
    with pytest.raises(ToolchainError, match=f"{digest}, expected {'0' * 64}") as caught:
        _install(mirror, tmp_path, "0" * 64)
    assert caught.value.diagnostic.code == "IMG704"
    _leaves_nothing(tmp_path, "digest")


def test_a_newest_release_with_other_content_is_refused_and_no_package_takes_its_place(
    tmp_path: Path, mirror: Mirror
) -> None:
    mirror.hold(f"packer/{NEWEST}/packer_{NEWEST}_{SYSTEM}_{ARCHITECTURE}.zip", GOOD)
    with pytest.raises(ToolchainError) as caught:
        _install(mirror, tmp_path / "c", "0" * 64, version=None, environment=_apt(tmp_path))
    assert caught.value.diagnostic.code == "IMG704"
    _leaves_nothing(tmp_path / "c", "pin")


def test_a_release_of_the_table_is_held_against_its_digest(tmp_path: Path, mirror: Mirror) -> None:
    known = [version for version, *machine in PACKER_ARCHIVES if tuple(machine) == (SYSTEM, ARCHITECTURE)]
    for version in known:
        mirror.hold(f"packer/{version}/packer_{version}_{SYSTEM}_{ARCHITECTURE}.zip", GOOD)
        with pytest.raises(ToolchainError, match=PACKER_ARCHIVES[version, SYSTEM, ARCHITECTURE]):
            _install(mirror, tmp_path, None, version=version)
    assert all(len(bytes.fromhex(digest)) == 32 for digest in PACKER_ARCHIVES.values())


def test_an_interrupted_download_leaves_nothing(tmp_path: Path, mirror: Mirror) -> None:
    digest = mirror.hold(RELEASE, GOOD, sent=100)
    with pytest.raises(ToolchainError, match="could not be downloaded") as caught:
        _install(mirror, tmp_path, digest)
    assert caught.value.diagnostic.code == "IMG703"
    _leaves_nothing(tmp_path, "interrupted")


def test_what_a_killed_installation_left_is_removed_by_a_later_one(tmp_path: Path, mirror: Mirror) -> None:
    old, young = tmp_path / "packer" / ".new-old", tmp_path / "packer" / ".new-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "archive.zip").write_text("half")
    os.utime(old, (0, 0))
    _install(mirror, tmp_path, mirror.hold(RELEASE, GOOD))
    assert not old.exists()
    assert young.exists(), "it may still be at work"


def test_a_missing_release_says_what_the_server_answered(tmp_path: Path, mirror: Mirror) -> None:
    with pytest.raises(ToolchainError, match="the server answered 404") as caught:
        _install(mirror, tmp_path, "0" * 64)
    assert caught.value.diagnostic.code == "IMG703"


@pytest.mark.parametrize("digest", [None, "", "abc", "g" * 64])
def test_without_a_known_digest_nothing_is_asked_for(tmp_path: Path, mirror: Mirror, digest: str | None) -> None:
    mirror.hold(RELEASE, GOOD)
    with pytest.raises(ToolchainError) as caught:
        _install(mirror, tmp_path, digest)
    assert caught.value.diagnostic.code == "IMG705"
    assert mirror.asked == []


@pytest.mark.parametrize("base_url", ["file:///srv/mirror", "ftp://127.0.0.1/x", "mirror", "http://[bad"])
def test_only_http_addresses_are_asked(tmp_path: Path, mirror: Mirror, base_url: str) -> None:
    with pytest.raises(ToolchainError) as caught:
        install(
            cache=tmp_path,
            base_url=base_url,
            version=Version(1, 15),
            sha256="0" * 64,
            environment={},
            on_progress=list[str]().append,
        )
    assert caught.value.diagnostic.code == "IMG703"


def test_the_proxy_of_the_environment_is_used_and_no_proxy_respected(tmp_path: Path, mirror: Mirror) -> None:
    digest = hashlib.sha256(GOOD).hexdigest()
    mirror.files[f"http://mirror.invalid/{RELEASE}"] = (GOOD, len(GOOD))
    proxy = f"http://127.0.0.1:{mirror.server_port}"

    def attempt(**environment: str) -> Path:
        return install(
            cache=tmp_path,
            base_url="http://mirror.invalid",
            version=Version(1, 15),
            sha256=digest,
            environment={"PATH": TOOLS, **environment},
            on_progress=list[str]().append,
        )

    with pytest.raises(ToolchainError, match="could not be downloaded"):
        attempt(HTTP_PROXY=proxy, NO_PROXY="mirror.invalid")
    assert attempt(HTTP_PROXY=proxy).is_file()


def _apt(tmp_path: Path, *, version: str = "1.6.6", failing: bool = False) -> dict[str, str]:
    """A distribution on PATH: an apt-get that brings an archive and a dpkg-deb that unpacks it."""
    tools = tmp_path / "distribution"
    _packer(tmp_path / "content" / "usr" / "bin" / "packer", version)
    download = "echo E: no such package >&2; exit 100" if failing else "echo $2 > packer_1.6.6+ds2-1_amd64.deb"
    _script(tools / "apt-get", download)
    _script(tools / "dpkg-deb", f'mkdir "$3" && cp -r {tmp_path}/content/* "$3"')
    return {"PATH": f"{tools}{os.pathsep}{TOOLS}"}


def test_the_distributions_package_takes_the_place_of_a_release_that_cannot_be_had(tmp_path: Path) -> None:
    said: list[str] = []
    program = install(
        cache=tmp_path / "c",
        base_url="http://127.0.0.1:9",
        sha256="0" * 64,
        environment=_apt(tmp_path),
        on_progress=said.append,
    )
    assert program == tmp_path / "c" / "packer" / "1.6.6" / "packer"
    assert [path.name for path in program.parent.iterdir()] == ["packer"]
    assert any("apt-get download packer" in text for text in said)
    assert find(packer=None, environment={}, cache=tmp_path / "c").version == Version(1, 6, 6)


def test_an_asked_for_version_is_never_replaced_by_a_package(tmp_path: Path, mirror: Mirror) -> None:
    with pytest.raises(ToolchainError) as caught:
        _install(mirror, tmp_path / "c", "0" * 64, environment=_apt(tmp_path))
    assert caught.value.diagnostic.code == "IMG703"


def test_a_failing_package_manager_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="apt-get download ended with 100: E: no such package") as caught:
        install_package(cache=tmp_path / "c", environment=_apt(tmp_path, failing=True), on_progress=list[str]().append)
    assert caught.value.diagnostic.code == "IMG707"
    _leaves_nothing(tmp_path / "c", "apt")
    with pytest.raises(ToolchainError, match="there is no apt-get here"):
        install_package(cache=tmp_path / "c", environment={}, on_progress=list[str]().append)


def test_a_cache_that_cannot_be_written_is_an_error(tmp_path: Path, mirror: Mirror) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ToolchainError, match="cannot be written"):
        _install(mirror, tmp_path / "file", mirror.hold(RELEASE, GOOD))


def test_a_plugin_is_installed_as_packer_wants_it(tmp_path: Path, mirror: Mirror) -> None:
    name = f"packer-plugin-azure_v2.6.3_x5.0_{SYSTEM}_{ARCHITECTURE}"
    content = _archive((name, "#!/bin/sh\necho plugin\n"), ("LICENSE.txt", "x"))
    digest = mirror.hold(f"packer-plugin-azure/2.6.3/packer-plugin-azure_2.6.3_{SYSTEM}_{ARCHITECTURE}.zip", content)

    def attempt(source: str = AZURE, version: str = "2.6.3", url: str | None = None) -> Plugin:
        return install_plugin(
            cache=tmp_path,
            source=source,
            version=Version.parse(version),
            sha256=digest,
            environment={"PATH": TOOLS},
            on_progress=list[str]().append,
            base_url=mirror.url,
            url=url,
        )

    plugin = attempt()
    assert plugin == Plugin(source=AZURE, version=Version(2, 6, 3), path=tmp_path / "plugins" / AZURE / name)
    assert find_plugins(NEW, [tmp_path / "plugins"]) == (plugin,)
    mirror.hold("elsewhere.zip", content)
    with pytest.raises(ToolchainError, match="does not hold the program"):
        attempt(version="2.6.4", url=f"{mirror.url}/elsewhere.zip")
    with pytest.raises(ToolchainError, match="is not a plugin's source"):
        attempt(source="../../azure")
    assert not list((tmp_path / "plugins").rglob(".new-*"))
