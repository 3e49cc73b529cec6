"""The marketplace: any publisher, offer and sku has a version, since only their names matter here."""

from __future__ import annotations

from imagesmith.sandbox.answers import Answer, Call, Json, RefusedError
from imagesmith.sandbox.cloud import Cloud

DEFAULT_VERSION = "1.0.0"
"""What ``latest`` resolves to where the plan named no version."""


async def list_versions(cloud: Cloud, call: Call) -> Answer:
    """`GET …/skus/{sku}/versions`; `$orderby=name desc` and `$top` as on Azure."""
    versions = _versions(cloud, call)
    if call.query.get("$orderby", "").lower().endswith("desc"):
        versions.reverse()
    top = call.query.get("$top", "")
    if top.isdigit():
        versions = versions[: int(top)]
    return Answer(body=[_entry(call, version) for version in versions])


async def show_version(cloud: Cloud, call: Call) -> Answer:
    """`GET …/versions/{version}`: what the image needs of a VM."""
    versions = _versions(cloud, call)
    version = versions[-1] if call.params["version"].lower() == "latest" else call.params["version"]
    if version not in versions:
        raise RefusedError(404, "NotFound", f"Artifact: VMImage was not found: {version}.")
    properties = {
        "osDiskImage": {"operatingSystem": cloud.os_type},
        "dataDiskImages": [],
        "hyperVGeneration": "V2",
        "architecture": "x64",
        "features": [{"name": "SecurityType", "value": "TrustedLaunchSupported"}],
    }
    return Answer(body={**_entry(call, version), "properties": properties})


def _versions(cloud: Cloud, call: Call) -> list[str]:
    sku = ":".join(call.params[part] for part in ("publisher", "offer", "sku")).lower()
    if sku in cloud.marketplace:
        return sorted(
            cloud.marketplace[sku], key=lambda version: [int(p) if p.isdigit() else 0 for p in version.split(".")]
        )
    if cloud.strict:
        raise RefusedError(404, "NotFound", f"Artifact: VMImage was not found: {sku}.")
    return [DEFAULT_VERSION]


def _entry(call: Call, version: str) -> dict[str, Json]:
    p = call.params
    root = f"/Subscriptions/{p['subscription']}/Providers/Microsoft.Compute/Locations/{p['location']}"
    artifact = f"Publishers/{p['publisher']}/ArtifactTypes/VMImage/Offers/{p['offer']}/Skus/{p['sku']}"
    return {"location": p["location"], "name": version, "id": f"{root}/{artifact}/Versions/{version}"}
