"""ARM deployments: a template evaluated with our own expressions, and its resources made in dependency order."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from functools import partial

from imagesmith.sandbox import resources
from imagesmith.sandbox.answers import Answer, Call, Json, RefusedError, invalid, not_found
from imagesmith.sandbox.cloud import Cloud
from imagesmith.sandbox.evaluation import evaluate
from imagesmith.sandbox.faults.answers import make_inside
from imagesmith.sandbox.store import Resource, ResourceId

DEPLOYMENTS = "Microsoft.Resources/deployments"

_SETTLE_S = 20.0
"""A deployment that is done by then is answered as done, without polls; a machine starts in well under a second."""


async def validate(cloud: Cloud, call: Call) -> Answer:
    """`POST …/validate`: the template is evaluated, nothing is made."""
    planned = _planned(cloud, call)
    ids = [{"id": str(wanted)} for wanted, _ in planned]
    return Answer(body={**_shown(call), "properties": {"provisioningState": "Succeeded", "validatedResources": ids}})


async def put(cloud: Cloud, call: Call) -> Answer:
    """`PUT` of a deployment: its resources are made now; a failure shows in the operation, as on Azure."""
    planned = _planned(cloud, call)
    deployment = cloud.store.put(_id(call), {"properties": _properties("Running", planned)})
    number = cloud.operations.start(_deploy(cloud, deployment, planned))
    operation = await cloud.operations.settle(number, _SETTLE_S)
    if operation.status == "Succeeded":
        return Answer(status=201, body=deployment.body)
    # Azure never knows the end that soon, and old clients take a first answer that says `Failed` for the end of it all.
    shown = {**deployment.body, "properties": {**deployment.properties, "provisioningState": "Accepted"}}
    return Answer(status=201, body=shown, headers=cloud.operations.headers(call, number, styles="async"))


async def operations(cloud: Cloud, call: Call) -> Answer:
    """`GET …/operations`: one entry a resource, the newest first; Packer cleans up in this order."""
    deployment = cloud.store.get(_id(call))
    if deployment is None:
        raise not_found(DEPLOYMENTS, call.params["deployment"], call.params["group"])
    entries = [
        {
            "id": f"{deployment.id}/operations/{number:016X}",
            "operationId": f"{number:016X}",
            "properties": {
                "provisioningOperation": "Create",
                "provisioningState": "Succeeded",
                "statusCode": "OK",
                "targetResource": {"id": entry["id"], "resourceType": entry["type"], "resourceName": entry["name"]},
            },
        }
        for number, entry in reversed(list(enumerate(deployment.properties.get("made") or [], start=1)))
    ]
    return Answer(body={"value": entries})


def _planned(cloud: Cloud, call: Call) -> list[tuple[ResourceId, dict[str, Json]]]:
    """The resources of the call's template with their ids, those that others depend on first."""
    wanted = _id(call)
    group = cloud.group(wanted)
    properties = call.body.get("properties") if isinstance(call.body, dict) else None
    if not isinstance(properties, dict) or not isinstance(properties.get("template"), dict):
        raise invalid("InvalidRequestContent", "The request content was invalid: 'properties.template' is missing.")
    found = evaluate(
        properties["template"],
        properties.get("parameters") or {},
        group=group,
        deployment=wanted.name,
        tenant_id=cloud.tenant_id,
    )
    return [(_resource_id(wanted, entry), entry) for entry in in_order(found)]


def _resource_id(deployment: ResourceId, entry: dict[str, Json]) -> ResourceId:
    provider, *types = str(entry["type"]).split("/")
    names = str(entry["name"]).split("/")
    if len(types) != len(names):
        raise invalid(
            "InvalidTemplate",
            f"The resource '{entry['name']}' of type '{entry['type']}' has a wrong number of segments.",
        )
    return ResourceId(
        subscription=deployment.subscription,
        group=deployment.group,
        provider=provider,
        types=tuple(types),
        names=tuple(names),
    )


def in_order(entries: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """Resources with those that they depend on before them; otherwise in the order of the template."""
    done: list[dict[str, Json]] = []
    waiting = list(entries)
    while waiting:
        ready = [
            entry for entry in waiting if not any(_depends(entry, other) for other in waiting if other is not entry)
        ]
        if not ready:
            names = ", ".join(str(entry["name"]) for entry in waiting)
            raise invalid("InvalidTemplate", f"Circular dependency detected on resources: {names}.")
        done += ready[:1]
        waiting.remove(ready[0])
    return done


def _depends(entry: dict[str, Json], other: dict[str, Json]) -> bool:
    """Whether `dependsOn` names the other, by its id, its type and name, or its name."""
    provider, *types = str(other["type"]).split("/")
    names = str(other["name"]).split("/")
    pairs = "/".join(f"{kind}/{name}" for kind, name in zip(types, names, strict=False))
    short = f"{provider}/{pairs}".lower()
    named = {str(other["name"]).lower(), f"{other['type']}/{other['name']}".lower()}
    wanted = [str(text).lower() for text in entry.get("dependsOn") or []]
    return any(text in named or text.endswith(short) for text in wanted)


async def _deploy(cloud: Cloud, deployment: Resource, planned: list[tuple[ResourceId, dict[str, Json]]]) -> Json:
    made: list[dict[str, str]] = []
    deployment.properties["made"] = made
    try:
        for wanted, entry in planned:
            made.append({"id": str(wanted), "type": wanted.type, "name": "/".join(wanted.names)})
            body = {key: value for key, value in entry.items() if key not in {"apiVersion", "dependsOn", "condition"}}
            await make_inside(cloud, wanted, partial(resources.make, cloud, wanted, body))
    except RefusedError as refusal:
        deployment.properties["provisioningState"] = "Failed"
        raise RefusedError(
            409,
            "DeploymentFailed",
            "At least one resource deployment operation failed. Please list deployment operations for details. "
            "Please see https://aka.ms/arm-deployment-operations for usage details.",
            details=(refusal,),
        ) from refusal
    deployment.properties["provisioningState"] = "Succeeded"
    return deployment.body


def _properties(state: str, planned: list[tuple[ResourceId, dict[str, Json]]]) -> dict[str, Json]:
    return {
        "provisioningState": state,
        "mode": "Incremental",
        "timestamp": datetime.now(UTC).isoformat(),
        "correlationId": str(uuid.uuid4()),
        "outputResources": [{"id": str(wanted)} for wanted, _ in planned],
    }


def _shown(call: Call) -> dict[str, str]:
    wanted = _id(call)
    return {"id": str(wanted), "name": wanted.name, "type": DEPLOYMENTS}


def _id(call: Call) -> ResourceId:
    return ResourceId(
        subscription=call.params["subscription"],
        group=call.params["group"],
        provider="Microsoft.Resources",
        types=("deployments",),
        names=(call.params["deployment"],),
    )
