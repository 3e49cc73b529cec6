"""The host's own distribution, Debian or Ubuntu, to a base image: by mmdebstrap from the mirrors that apt uses here.

For places where no registry can be reached (machine.md §2). No path of the host is given to the engine: the archive
goes in through `import`.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from imagesmith.sandbox.errors import BASE_FAILED, failure
from imagesmith.sandbox.machine.engine import CACHE_LABEL, Engine, run_command
from imagesmith.sandbox.state import StateFolder

PACKAGES = (
    "sudo,openssh-server,openssh-client,ca-certificates,python3,systemd,systemd-sysv,dbus,cron,curl,wget,gnupg,"
    "lsb-release,procps,iproute2"
)
"""What `layer.sh` would install, so that it finds everything there."""

_MAKE_TIMEOUT_S = 900
_IMPORT_TIMEOUT_S = 300
_APT = Path("/etc/apt")
_OPTIONS = ("Acquire::http::", "Acquire::https::", "Acquire::Check-", "Acquire::Retries", "Acquire::ForceIPv")
"""Settings of this host's apt that decide whether it reaches its mirror; mmdebstrap starts without any."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A distribution's release that mmdebstrap can make here."""

    program: str
    title: str
    codename: str

    @property
    def image(self) -> str:
        """Name of its base image."""
        recipe = hashlib.sha256(f"{self.codename} {PACKAGES}".encode()).hexdigest()
        return f"localhost/imagesmith/base-{self.codename}:{recipe[:12]}"


def host_release(environment: Mapping[str, str], *, os_release: Path = Path("/etc/os-release")) -> Release | None:
    """This host's release, None where it is none of Debian's family or has no mmdebstrap."""
    program = shutil.which("mmdebstrap", path=environment.get("PATH", ""))
    try:
        lines = os_release.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    values = {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}
    if program is None or values.get("ID") not in {"debian", "ubuntu"} or "VERSION_CODENAME" not in values:
        return None
    return Release(program=program, title=values.get("PRETTY_NAME", values["ID"]), codename=values["VERSION_CODENAME"])


async def make_base(engine: Engine, release: Release, *, state: StateFolder) -> None:
    """Make the base image of the release. Raises `SandboxError` (IMG902)."""
    folder = state.folder("base")
    try:
        archive = folder / "root.tar"
        sources = _write_sources(folder, release.codename)
        options = await _apt_options(engine.environment)
        command = (release.program, "--variant=minbase", f"--include={PACKAGES}", *options, release.codename)
        made = await run_command(
            (*command, str(archive), *sources), environment=engine.environment, timeout_s=_MAKE_TIMEOUT_S
        )
        if made.code:
            raise failure(BASE_FAILED, f"mmdebstrap could not make {release.title}: {made.reason}")
        label = f"LABEL {CACHE_LABEL}=base"
        imported = await engine.run(
            "import", "--change", label, str(archive), release.image, timeout_s=_IMPORT_TIMEOUT_S
        )
        if imported.code:
            raise failure(BASE_FAILED, f"{engine.name} could not import the base image: {imported.reason}")
    finally:
        state.remove("base")


def _write_sources(folder: Path, codename: str) -> list[str]:
    """Copies of apt's sources with the entries of this release only: third parties' would bring their own packages."""
    stanzas: list[str] = []
    lines: list[str] = []
    for file in sorted((*_APT.glob("sources.list"), *_APT.glob("sources.list.d/*"))):
        text = file.read_text(encoding="utf-8", errors="replace")
        if file.suffix == ".sources":
            stanzas += own_stanzas(text, codename)
        elif file.suffix == ".list":
            lines += own_lines(text, codename)
    written = []
    for name, entries, separator in (("host.sources", stanzas, "\n\n"), ("host.list", lines, "\n")):
        if entries:
            (folder / name).write_text(separator.join(entries) + "\n", encoding="utf-8")
            written.append(str(folder / name))
    return written


def own_stanzas(text: str, codename: str) -> list[str]:
    """Stanzas of a deb822 file whose suites all belong to the release."""
    found = []
    for stanza in re.split(r"\n\s*\n", text.strip()):
        fields = dict(re.findall(r"(?m)^([A-Za-z-]+):\s*(.*)$", stanza))
        suites = fields.get("Suites", "").split()
        if suites and _own(suites, codename) and fields.get("Enabled", "yes").lower() != "no":
            found.append(stanza)
    return found


def own_lines(text: str, codename: str) -> list[str]:
    """Lines of a one-line-style file that belong to the release."""
    pattern = re.compile(r"deb\s+(\[[^]]*\]\s+)?(?!cdrom:)\S+\s+(\S+)")
    matches = ((line, pattern.match(line.strip())) for line in text.splitlines())
    return [line for line, match in matches if match and _own([match[2]], codename)]


def _own(suites: Iterable[str], codename: str) -> bool:
    return all(suite.split("/")[0] == codename or suite.startswith(f"{codename}-") for suite in suites)


async def _apt_options(environment: Mapping[str, str]) -> list[str]:
    """This host's proxies and checks as options of mmdebstrap."""
    shown = await run_command(
        ("apt-config", "dump", "--format", '%F "%v";%n', "Acquire"), environment=environment, timeout_s=20
    )
    return [f"--aptopt={line}" for line in shown.stdout.splitlines() if line.startswith(_OPTIONS) and '""' not in line]
