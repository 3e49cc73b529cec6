"""Subscriptions and resource groups."""

from __future__ import annotations

from imagesmith.sandbox import resources
from imagesmith.sandbox.answers import Answer, Call, Json, RefusedError, group_not_found, invalid
from imagesmith.sandbox.cloud import Cloud
from imagesmith.sandbox.store import ResourceId, normal_location


async def show_subscription(cloud: Cloud, call: Call) -> Answer:
    """`GET /subscriptions/{s}`. Without a token it is how clients find their tenant (packer.md §9.4)."""
    subscription = call.params["subscription"]
    if "authorization" not in {name.lower() for name in call.headers}:
        challenge = (
            f'Bearer authorization_uri="https://login.microsoftonline.com/{cloud.tenant_id}", error="invalid_token"'
        )
        refused = RefusedError(
            401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
        )
        return Answer(status=401, body=refused.answer().body, headers={"WWW-Authenticate": challenge})
    body = {
        "id": f"/subscriptions/{subscription}",
        "subscriptionId": subscription,
        "tenantId": cloud.tenant_id,
        "displayName": "imagesmith sandbox",
        "state": "Enabled",
    }
    return Answer(body=body)


async def list_groups(cloud: Cloud, call: Call) -> Answer:
    """`GET /subscriptions/{s}/resourcegroups`, with the tag filter that sweeps use."""
    found = [
        resource.body
        for resource in cloud.store
        if not resource.id.provider and resource.id.subscription.lower() == call.params["subscription"].lower()
    ]
    return Answer(
        body={"value": [body for body in found if resources.fits_filter(body, call.query.get("$filter", ""))]}
    )


async def show_group(cloud: Cloud, call: Call) -> Answer:
    """`GET` and `HEAD` of a group; HEAD has no body and says 204 (packer.md §9.1)."""
    group = cloud.store.get(_id(call))
    if call.method == "HEAD":
        return Answer(status=404 if group is None else 204)
    if group is None:
        raise group_not_found(call.params["group"])
    return Answer(body=group.body)


async def put_group(cloud: Cloud, call: Call) -> Answer:
    """Make a group or change its tags; its region stays."""
    known = cloud.store.get(_id(call))
    body = call.body if isinstance(call.body, dict) else {}
    if not body.get("location") and known is None:
        raise invalid("LocationRequired", "The location property is required for this definition.")
    if known is not None and call.method == "PUT" and normal_location(str(body.get("location", ""))) != known.location:
        message = f"Invalid resource group location. The Resource group already exists in location '{known.location}'."
        raise RefusedError(409, "InvalidResourceGroupLocation", message)
    location = known.body["location"] if known else normal_location(str(body["location"]))
    tags = body.get("tags", known.body.get("tags", {}) if known else {})
    group = cloud.store.put(
        _id(call), {"location": location, "tags": tags or {}, "properties": {"provisioningState": "Succeeded"}}
    )
    return Answer(status=200 if known else 201, body=group.body)


async def delete_group(cloud: Cloud, call: Call) -> Answer:
    """Delete a group with everything in it; machines end with their VMs."""
    if cloud.store.get(_id(call)) is None:
        raise group_not_found(call.params["group"])
    number = cloud.operations.start(resources.remove(cloud, _id(call)))
    return Answer(status=202, headers=cloud.operations.headers(call, number, styles="location"))


async def list_resources(cloud: Cloud, call: Call) -> Answer:
    """All resources of a subscription or of a group, with the tag filter."""
    group = call.params.get("group")
    if group is not None:
        cloud.group(_id(call))
    found: list[dict[str, Json]] = [
        {key: resource.body[key] for key in ("id", "name", "type", "location", "tags") if key in resource.body}
        for resource in cloud.store
        if resource.id.provider
        and resource.id.subscription.lower() == call.params["subscription"].lower()
        and (group is None or resource.id.group.lower() == group.lower())
    ]
    return Answer(
        body={"value": [body for body in found if resources.fits_filter(body, call.query.get("$filter", ""))]}
    )


def _id(call: Call) -> ResourceId:
    return ResourceId(subscription=call.params["subscription"], group=call.params["group"])
