"""A sandbox's world to a file and back, so that another process can build in a sandbox that somebody else started."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from imagesmith.model import OsType
from imagesmith.sandbox.errors import HANDOVER_BROKEN, failure
from imagesmith.sandbox.surroundings import credential, sdk_options
from imagesmith.world import World

if TYPE_CHECKING:
    from imagesmith.sandbox.session import Sandbox

VARIABLE = "IMAGESMITH_SANDBOX"
"""The variable that names the file; a build that finds it takes place in that sandbox."""
FILE = "world.json"
_PATIENCE_S = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Outside:
    """How the user reaches what is not the sandbox's: a template's scripts and files are fetched so.

    `proxies` are as those of `FetchOptions`; `ca_file` and `ca_folder` are where the user's certificates are.
    """

    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: str | None = None
    ca_folder: str | None = None


@contextmanager
def hand_over(sandbox: Sandbox, outside: Outside | None = None) -> Iterator[dict[str, str]]:
    """The variables that lead another process of this user to a started sandbox, while the block lasts.

    The file in the sandbox's state folder, for its owner alone, holds a login that only this sandbox takes, and the
    user's way outside, which the environment of a command in the sandbox no longer has.
    """
    world = sandbox.world
    data = {
        "environment": dict(world.environment),
        "subscription": world.subscription_id,
        "tenant": world.tenant_id,
        "variables": dict(world.variables),
        "recordsSteps": {os_type.value: sandbox.records_steps(os_type) for os_type in OsType},
        "outside": asdict(outside or Outside()),
    }
    with sandbox.file(FILE, json.dumps(data, indent=1).encode()) as path:
        yield {VARIABLE: str(path)}


def take_over(path: Path, os_type: OsType | None) -> World:
    """The world that a file describes, for machines of this system.

    Raises `SandboxError` (IMG930) for a file that is none or cannot be read, and for a sandbox that has ended.
    """
    with _read(path) as data:
        environment, variables = data["environment"], data["variables"]
        proxy, ca = environment["HTTPS_PROXY"], environment["SSL_CERT_FILE"]
        if not _listens(proxy):
            raise failure(HANDOVER_BROKEN, f"the sandbox that {path} leads to has ended")
        return World(
            name="sandbox",
            environment=environment,
            subscription_id=data["subscription"],
            tenant_id=data["tenant"],
            variables=variables,
            secrets=(variables["client_secret"],),
            credential=credential(tenant_id=data["tenant"], secret=variables["client_secret"], proxy=proxy, ca=ca),
            sdk_options=sdk_options(proxy=proxy, ca=ca),
            gives_basic_public_ips=True,
            records_steps=bool(data["recordsSteps"][(os_type or OsType.LINUX).value]),
        )


def way_outside(path: Path) -> Outside:
    """The user's way outside that a file holds. Raises `SandboxError` (IMG930) as `take_over` does."""
    with _read(path) as data:
        return Outside(**data["outside"])


@contextmanager
def _read(path: Path) -> Iterator[dict[str, Any]]:  # JSON data
    """The file's data; whatever is missing in it makes the file none of a sandbox."""
    try:
        yield json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise failure(HANDOVER_BROKEN, f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise failure(HANDOVER_BROKEN, f"{path} is no file of a sandbox") from error


def _listens(proxy: str) -> bool:
    """Whether a sandbox still takes requests there; one that was killed leaves its file behind."""
    address = urlsplit(proxy)
    if address.hostname is None or address.port is None:
        raise ValueError(proxy)
    try:
        socket.create_connection((address.hostname, address.port), timeout=_PATIENCE_S).close()
    except OSError:
        return False
    return True
