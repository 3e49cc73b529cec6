"""The world that a sandbox offers: what a Packer child finds in its environment, and what Azure's SDKs are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from imagesmith.credential import DeferredCredential
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.state import StateFolder
from imagesmith.world import World

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from imagesmith.sandbox.running import Running

CLIENT_ID = "00000000-0000-0000-0000-0000000000dd"
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "TERM")
"""Variables of the user that cannot lead anywhere but to programs and words."""


def world(running: Running, *, options: SandboxOptions, environment: Mapping[str, str], state: StateFolder) -> World:
    """The world of a started sandbox (packer.md §9.1). The caller adds TMPDIR and Packer's own folders."""
    proxy = f"http://127.0.0.1:{running.proxy.port}"
    ca = str(running.ca_file)
    port = str(running.port.number)
    return World(
        name="sandbox",
        environment={
            **{key: environment[key] for key in _INHERITED if key in environment},
            "HOME": str(state.folder("home")),
            # Clients differ in which spelling they read.
            "HTTPS_PROXY": proxy,
            "HTTP_PROXY": proxy,
            "https_proxy": proxy,
            "http_proxy": proxy,
            "SSL_CERT_FILE": ca,
            "REQUESTS_CA_BUNDLE": ca,
            # Without it the plugin waits ten seconds after every operation (packer.md §9.1).
            "GO_AZURE_SDK_SKIP_POLLING_DELAY": "true",
            "CHECKPOINT_DISABLE": "1",
        },
        subscription_id=options.subscription_id,
        tenant_id=options.tenant_id,
        variables={
            "subscription_id": options.subscription_id,
            "tenant_id": options.tenant_id,
            "client_id": CLIENT_ID,
            "client_secret": running.client_secret,
            "ssh_port": port,
            "winrm_port": port,
        },
        secrets=(running.client_secret,),
        credential=credential(tenant_id=options.tenant_id, secret=running.client_secret, proxy=proxy, ca=ca),
        sdk_options=sdk_options(proxy=proxy, ca=ca),
        gives_basic_public_ips=True,
        sweep_arguments=("--sandbox-state", str(options.state)) if options.keep else None,
        records_steps=running.records_steps,
        has_run=running.rehearsal.has_run,
        begin_stage=running.rehearsal.begin_stage,
        observe=running.rehearsal.observed,
        notes=running.notes,
        facts=running.facts,
    )


def sdk_options(*, proxy: str, ca: str) -> dict[str, object]:
    """What every client of Azure's SDKs is given."""
    return {**_transport(proxy=proxy, ca=ca), "polling_interval": 0}


def _transport(*, proxy: str, ca: str) -> dict[str, object]:
    # Explicit settings win over the process's environment, which is the user's; NO_PROXY there must not count.
    return {"proxies": {"http": proxy, "https": proxy}, "connection_verify": ca, "use_env_settings": False}


def credential(*, tenant_id: str, secret: str, proxy: str, ca: str) -> TokenCredential:
    """The login of Azure's SDKs."""

    def make() -> TokenCredential:
        from azure.identity import ClientSecretCredential

        return ClientSecretCredential(
            tenant_id=tenant_id,
            client_id=CLIENT_ID,
            client_secret=secret,
            **_transport(proxy=proxy, ca=ca),
        )

    return DeferredCredential(make)
