"""The data plane of key vaults: what a client with a vault's token gets at ``https://NAME.vault.azure.net``."""

from __future__ import annotations

import base64
import json

from imagesmith.sandbox import resources, vaults
from imagesmith.sandbox.answers import Answer, Call, Json, RefusedError
from imagesmith.sandbox.cloud import Cloud
from imagesmith.sandbox.store import Resource

AUDIENCE = "https://vault.azure.net"


async def show_secret(cloud: Cloud, call: Call) -> Answer:
    """`GET /secrets/NAME` and `/secrets/NAME/VERSION`: the value, which ARM never shows."""
    refused = _challenge(cloud, call)
    if refused:
        return refused
    secret = vaults.find_secret(cloud, _vault(cloud, call), call.params["secret"])
    value = vaults.value_of(secret, call.params.get("version", "")) if secret else None
    if secret is None or value is None:
        raise vaults.secret_not_found(call.params["secret"])
    return Answer(body={**_shown(secret, call.params.get("version", "")), "value": value})


async def put_secret(cloud: Cloud, call: Call) -> Answer:
    """`PUT /secrets/NAME`: a new version."""
    refused = _challenge(cloud, call)
    if refused:
        return refused
    body = call.body if isinstance(call.body, dict) else {}
    wanted = _vault(cloud, call).id.child("secrets", call.params["secret"])
    given = {key: body[key] for key in ("value", "attributes", "contentType") if key in body}
    secret = await resources.make(cloud, wanted, {"properties": given, "tags": body.get("tags") or {}})
    return Answer(body={**_shown(secret), "value": body["value"]})


async def list_secrets(cloud: Cloud, call: Call) -> Answer:
    """`GET /secrets`: all of them, without values."""
    refused = _challenge(cloud, call)
    if refused:
        return refused
    found = cloud.store.below(_vault(cloud, call).id, "secrets")
    return Answer(body={"value": [_shown(secret) for secret in found], "nextLink": None})


def _vault(cloud: Cloud, call: Call) -> Resource:
    name = call.host.partition(".")[0]
    found = vaults.find_vault(cloud, name)
    if found is None:
        # The real name would not resolve; behind a proxy this is the nearest to it.
        raise RefusedError(404, "VaultNotFound", f"There is no vault of the name '{name}'.")
    return found


def _shown(secret: Resource, version: str = "") -> dict[str, Json]:
    attributes = {**secret.properties["attributes"], "recoveryLevel": "Recoverable+Purgeable"}
    uri = f"{secret.properties['secretUri']}/{version or vaults.current(secret)}"
    return {"id": uri, "attributes": attributes, "tags": secret.body.get("tags") or {}}


def _challenge(cloud: Cloud, call: Call) -> Answer | None:
    """The refusal of a call without a token for vaults; clients learn from it which one to get."""
    token = next((value for name, value in call.headers.items() if name.lower() == "authorization"), "")
    if _audience(token) == AUDIENCE:
        return None
    wanted = f'Bearer authorization="https://login.microsoftonline.com/{cloud.tenant_id}", resource="{AUDIENCE}"'
    refused = RefusedError(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
    return Answer(status=401, body=refused.answer().body, headers={"WWW-Authenticate": wanted})


def _audience(authorization: str) -> str:
    """What a token is for; empty where it is none."""
    parts = authorization.removeprefix("Bearer ").split(".")
    try:
        claims: Json = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return str(claims["aud"]).rstrip("/")
    except (ValueError, LookupError, TypeError):
        return ""
