"""The environment to the ways of a fetch: the user's own, also in a sandbox, whose names alone lead into it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagesmith.cli.run import proxies
from imagesmith.cli.world import SANDBOX

if TYPE_CHECKING:
    from imagesmith.sandbox.handover import Outside


def reach() -> dict[str, Any]:  # arguments of FetchOptions, which is loaded lazily
    """How a fetch reaches servers."""
    place = os.environ.get(SANDBOX)
    if place is None:
        return {"proxies": proxies()}
    from imagesmith.artifacts.options import Detour
    from imagesmith.sandbox.errors import SandboxError
    from imagesmith.sandbox.handover import way_outside as read
    from imagesmith.sandbox.names import is_azure

    try:
        outside = read(Path(place))
    except SandboxError:
        return {"proxies": proxies()}  # who needs the sandbox will say that it is not there
    return {
        "proxies": outside.proxies,
        # Beside the sandbox's own, which the process trusts by SSL_CERT_FILE; nobody else has the key of that.
        "ca_file": Path(outside.ca_file) if outside.ca_file else None,
        "ca_folder": Path(outside.ca_folder) if outside.ca_folder else None,
        "detour": Detour(takes=is_azure, proxies=proxies()),
    }


def way_outside() -> Outside:
    """The user's own way, for commands in a sandbox that begins here; of a sandbox in a sandbox, that of the outer one.

    Raises `SandboxError`.
    """
    import ssl  # which only this needs, and which loads slowly

    from imagesmith.sandbox.handover import Outside
    from imagesmith.sandbox.handover import way_outside as read

    if place := os.environ.get(SANDBOX):
        return read(Path(place))
    usual = ssl.get_default_verify_paths()
    file = os.environ.get("SSL_CERT_FILE") or usual.openssl_cafile
    folder = os.environ.get("SSL_CERT_DIR") or usual.openssl_capath
    return Outside(
        proxies=proxies(),
        ca_file=str(Path(file).resolve()) if Path(file).is_file() else None,
        ca_folder=str(Path(folder).resolve()) if Path(folder).is_dir() else None,
    )
