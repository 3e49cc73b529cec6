"""A VM's `osProfile` to the specification of its machine: account, computer name, the listener's certificate."""

from __future__ import annotations

import ssl

from imagesmith.sandbox.answers import Json, RefusedError, invalid
from imagesmith.sandbox.cloud import Cloud
from imagesmith.sandbox.machine import MachineSpec
from imagesmith.sandbox.vaults import certificate_secret

_LONGEST_COMPUTER_NAME = 15


def is_windows(system: dict[str, Json]) -> bool:
    """Whether the profile is that of a Windows machine."""
    return "windowsConfiguration" in system


def specification(cloud: Cloud, system: dict[str, Json], *, name: str, image: str) -> MachineSpec:
    """The machine that a VM with this profile is. Raises `RefusedError` for what Azure refuses."""
    if is_windows(system):
        return _windows(cloud, system, name=name, image=image)
    return _linux(system, name=name, image=image)


def _linux(system: dict[str, Json], *, name: str, image: str) -> MachineSpec:
    linux = system.get("linuxConfiguration") or {}
    keys = ((linux.get("ssh") or {}).get("publicKeys")) or []
    password = None if linux.get("disablePasswordAuthentication") else system.get("adminPassword")
    return MachineSpec(
        name=name,
        hostname=str(system.get("computerName") or name),
        user=str(system.get("adminUsername") or "azureuser"),
        keys=tuple(str(key["keyData"]).strip() for key in keys if key.get("keyData")),
        image=image,
        password=password,
    )


def _windows(cloud: Cloud, system: dict[str, Json], *, name: str, image: str) -> MachineSpec:
    for wanted in ("computerName", "adminUsername", "adminPassword"):
        if not system.get(wanted):
            raise invalid("InvalidParameter", f"Required parameter '{wanted}' is missing (null).")
    computer = str(system["computerName"])
    if len(computer) > _LONGEST_COMPUTER_NAME or computer.isdigit():
        raise invalid(
            "InvalidParameter",
            "Windows computer name cannot be more than 15 characters long, be entirely numeric, or contain the "
            "following characters: ` ~ ! @ # $ % ^ & * ( ) = + _ [ ] { } \\\\ | ; : . ' \" , < > / ?.",
        )
    return MachineSpec(
        name=name,
        hostname=computer,
        user=str(system["adminUsername"]),
        keys=(),
        image=image,
        password=str(system["adminPassword"]),
        windows=True,
        tls=_listener(cloud, system),
    )


def _listener(cloud: Cloud, system: dict[str, Json]) -> ssl.SSLContext | None:
    """The TLS end of the first HTTPS listener, with exactly the certificate that its URL leads to."""
    from imagesmith.sandbox.windows.certificate import CertificateError, server_context

    configured = (system["windowsConfiguration"] or {}).get("winRM") or {}
    listeners = [found for found in configured.get("listeners") or [] if str(found.get("protocol")).lower() == "https"]
    if not listeners:
        return None
    url = str(listeners[0].get("certificateUrl") or "")
    vault = _source_vault(system, url)
    if vault is None:
        raise invalid(
            "InvalidParameter",
            f"The certificate URL '{url}' of a WinRM listener is in none of the VM's osProfile.secrets.",
        )
    secret = certificate_secret(cloud, url, vault_id=vault)
    try:
        return server_context(secret, scratch=cloud.scratch)
    except CertificateError as error:
        raise RefusedError(
            400, "CertificateImproperlyFormatted", f"The secret retrieved from {url} is no certificate: {error}."
        ) from error


def _source_vault(system: dict[str, Json], url: str) -> str | None:
    """The id of the vault that the profile says a certificate is from."""
    for group in system.get("secrets") or []:
        if any(str(found.get("certificateUrl")) == url for found in group.get("vaultCertificates") or []):
            return str((group.get("sourceVault") or {}).get("id") or "")
    return None
