"""Paths of Azure's resource manager to what stands there, for the questions that are asked before Packer starts.

It is the SDK's own pipeline (login, retries, proxies, errors) without the models of a whole service: loading those
takes longer than all else that a run does until then, and nothing of them is needed to read a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from imagesmith.azure.clients import credential_of, sdk_options
from imagesmith.model.ids import ResourceId
from imagesmith.world import World

if TYPE_CHECKING:
    from azure.core import PipelineClient
    from azure.core.rest import HttpResponse

_PLACE = "https://management.azure.com"
_VERSIONS: Mapping[str, str] = {
    "microsoft.compute/galleries": "2023-07-03",
    "microsoft.compute/locations": "2023-09-01",
    "": "2021-04-01",
}
"""API versions by provider and type (Azure REST reference: Gallery Image Versions, Virtual Machine Images, Resource
Groups); the last one is that of resource groups themselves."""


def exists(world: World, path: str | ResourceId) -> bool:
    """Whether there is something at a path. Raises AzureError without a login, and what the SDK raises."""
    with _client(world) as client:
        response = _get(client, _address(str(path)))
        if response.status_code == 404:
            return False
        _raise_for(response)
        return True


def listed(world: World, path: str) -> Iterator[Mapping[str, Any]]:  # JSON data
    """All members of a collection, page by page, or of a list that has none. Raises as `exists` does."""
    address: str | None = _address(path)
    with _client(world) as client:
        while address:
            response = _get(client, address)
            _raise_for(response)
            page = response.json()
            yield from page if isinstance(page, list) else page["value"]
            address = None if isinstance(page, list) else page.get("nextLink")


def _address(path: str) -> str:
    kind = path.lower().partition("/providers/")[2].split("/")
    return f"{_PLACE}{quote(path)}?api-version={_VERSIONS['/'.join(kind[:2])]}"


def _get(client: PipelineClient[Any, Any], address: str) -> HttpResponse:
    from azure.core.rest import HttpRequest

    response: HttpResponse = client.send_request(HttpRequest("GET", address, headers={"Accept": "application/json"}))
    return response


def _raise_for(response: HttpResponse) -> None:
    """Raise what the SDK's own clients raise of an answer that is none."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError, map_error
    from azure.mgmt.core.exceptions import ARMErrorFormat

    if response.status_code != 200:
        map_error(response.status_code, response, {401: ClientAuthenticationError, 404: ResourceNotFoundError})
        raise HttpResponseError(response=response, error_format=ARMErrorFormat)


def _client(world: World) -> PipelineClient[Any, Any]:
    from azure.core.pipeline import policies
    from azure.mgmt.core import ARMPipelineClient
    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

    options = sdk_options(world)
    return ARMPipelineClient(
        _PLACE,
        policies=[
            policies.RequestIdPolicy(**options),
            policies.UserAgentPolicy(sdk_moniker="imagesmith", **options),
            policies.ProxyPolicy(**options),
            policies.ContentDecodePolicy(**options),
            policies.RedirectPolicy(**options),
            policies.RetryPolicy(**options),
            ARMChallengeAuthenticationPolicy(credential_of(world), f"{_PLACE}/.default", **options),
            policies.NetworkTraceLoggingPolicy(**options),
            policies.SensitiveHeaderCleanupPolicy(**options),
        ],
        **options,
    )
