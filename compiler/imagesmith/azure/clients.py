"""A world to clients of Azure's SDKs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.known_errors import Where, find_known
from imagesmith.world import World

if TYPE_CHECKING:
    from azure.mgmt.compute import ComputeManagementClient
    from azure.mgmt.resource.resources import ResourceManagementClient

NO_LOGIN = Rule(
    code="IMG810",
    severity=Severity.ERROR,
    title="there is no login to Azure",
    cause="The build has to ask Azure something and has no credential for it.",
    fix="log in with `az login`, or give a login with --auth",
    source="architecture §6",
)
AZURE_SAID_NO = Rule(
    code="IMG811",
    severity=Severity.ERROR,
    title="Azure refused a request",
    cause="A look-up or a change that the run needs was answered with an error.",
    fix="see Azure's own words; a missing right shows as AuthorizationFailed, a missing resource as ResourceNotFound",
    source="architecture §6",
)


class AzureError(Exception):
    """Azure could not be asked, or said no; `diagnostic` says what and why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def compute(world: World, subscription: str) -> ComputeManagementClient:
    """The client for images and galleries of a subscription. Raises AzureError without a login."""
    from azure.mgmt.compute import ComputeManagementClient

    return ComputeManagementClient(credential_of(world), subscription, **sdk_options(world))


def resources(world: World, subscription: str) -> ResourceManagementClient:
    """The client for resource groups of a subscription. Raises AzureError without a login."""
    from azure.mgmt.resource.resources import ResourceManagementClient

    return ResourceManagementClient(credential_of(world), subscription, **sdk_options(world))


def load_ahead() -> None:
    """Import Azure's SDK in a thread of its own: it takes a third of a second, and Packer works meanwhile."""
    Thread(target=_load, name="imagesmith-sdk", daemon=True).start()


def _load() -> None:
    for name in ("azure.identity", "azure.mgmt.compute"):
        import_module(name)


def credential_of(world: World) -> Any:  # a TokenCredential
    """The login for Azure's SDKs. Raises AzureError without one."""
    import logging

    # What the SDK logs of a refused login is said by our diagnostic; without any handler it would go to stderr as well.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    if world.credential is None:
        raise AzureError(NO_LOGIN.at(()))
    return world.credential


def sdk_options(world: World) -> dict[str, Any]:  # keyword arguments of any client
    """What every client of the world is made with."""
    return dict(world.sdk_options)


@contextmanager
def told(what: str, path: Path = ()) -> Iterator[None]:
    """Turn what an SDK raises into an AzureError that says what was being done."""
    from azure.core.exceptions import AzureError as SdkError

    try:
        yield
    except SdkError as error:
        text = getattr(error, "message", None) or str(error)
        known = find_known(str(text), Where.PACKER)
        found = AZURE_SAID_NO.at(
            path, f"{what}: {' '.join(str(text).split())}", hint=f"{known.cause}: {known.remedy}" if known else ""
        )
        raise AzureError(found) from error


def attempt(act: Callable[[], object], what: str) -> Diagnostic | None:
    """Do one thing of several that do not depend on each other; the diagnostic if it fails."""
    try:
        with told(what):
            act()
    except AzureError as error:
        return error.diagnostic
    return None
