"""Microsoft's login for any client id and secret: tokens of both versions, and what clients ask before them.

Tokens have three parts and an `oid` claim, because the azure plugin reads them (packer.md §9.4). They are signed by
nobody: only the sandbox takes them.
"""

from __future__ import annotations

import base64
import json
import time

from imagesmith.sandbox.answers import Answer, Call, Json

TOKEN_LIFETIME_S = 86_399
"""Long enough that no client refreshes during a build (below 20 minutes the plugin does so at every call)."""

OBJECT_ID = "00000000-0000-0000-0000-0000000000bb"


def token(call: Call) -> Answer:
    """`POST /{tenant}/oauth2/token` and `/oauth2/v2.0/token`."""
    resource = call.form.get("resource") or call.form.get("scope", "").removesuffix("/.default")
    now = int(time.time())
    claims = {
        "aud": resource,
        "iss": f"https://sts.windows.net/{call.params['tenant']}/",
        "iat": now,
        "nbf": now,
        "exp": now + TOKEN_LIFETIME_S,
        "appid": call.form.get("client_id", ""),
        "oid": OBJECT_ID,
        "sub": OBJECT_ID,
        "tid": call.params["tenant"],
        "ver": "1.0",
    }
    # v1 clients want numbers as texts, v2 clients numbers; each reads its own fields.
    v1 = "/v2.0/" not in call.path
    lifetime: Json = str(TOKEN_LIFETIME_S) if v1 else TOKEN_LIFETIME_S
    body = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": jwt(claims)}
    if v1:
        body |= {"expires_on": str(now + TOKEN_LIFETIME_S), "not_before": str(now), "resource": resource}
    return Answer(body=body)


def jwt(claims: Json) -> str:
    """A token of the usual form, with a signature that proves nothing."""
    parts = (json.dumps({"typ": "JWT", "alg": "HS256"}), json.dumps(claims), "imagesmith-sandbox")
    return ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts)


def instance_discovery(call: Call) -> Answer:
    """`GET /common/discovery/instance`: which names belong to one cloud."""
    tenant = call.query.get("authorization_endpoint", "").partition("login.microsoftonline.com/")[2].partition("/")[0]
    aliases = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"]
    metadata = {"preferred_network": aliases[0], "preferred_cache": aliases[1], "aliases": aliases}
    endpoint = f"https://login.microsoftonline.com/{tenant or 'common'}/v2.0/.well-known/openid-configuration"
    return Answer(body={"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": [metadata]})


def openid_configuration(call: Call) -> Answer:
    """`GET /{tenant}/v2.0/.well-known/openid-configuration` and its form without a version."""
    tenant = call.params["tenant"]
    root = f"https://login.microsoftonline.com/{tenant}"
    version = "/v2.0" if "/v2.0/" in call.path else ""
    return Answer(
        body={
            "issuer": f"{root}/v2.0",
            "authorization_endpoint": f"{root}/oauth2{version}/authorize",
            "token_endpoint": f"{root}/oauth2{version}/token",
            "device_authorization_endpoint": f"{root}/oauth2{version}/devicecode",
            "jwks_uri": f"https://login.microsoftonline.com/{tenant}/discovery{version}/keys",
            "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": None,
            "cloud_instance_name": "microsoftonline.com",
        }
    )
