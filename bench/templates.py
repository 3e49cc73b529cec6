"""Templates of any size to measure with, all alike but for their number of steps or resources."""

from __future__ import annotations

import json
from typing import Any

from budgets import TYPICAL

_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def with_steps(count: int) -> str:
    """The typical template with this many Shell steps of two lines each."""
    return json.dumps(_resource(count), indent=2)


def _resource(count: int) -> dict[str, Any]:  # JSON data
    data: dict[str, Any] = json.loads(TYPICAL.read_text(encoding="utf-8"))
    data["properties"]["customize"] = [
        {"type": "Shell", "name": f"Step {number}", "inline": [f"echo {number}", "true"]} for number in range(count)
    ]
    return data


def deployment_of(size: int) -> str:
    """An ARM deployment file of about this many characters: an image template with 100 steps made of expressions, among
    other resources of the kinds and the length that stand in such files."""
    image = _resource(100)
    image["name"] = "[parameters('name')]"
    image["location"] = "[variables('location')]"
    for step in image["properties"]["customize"]:
        step["inline"] = ["[format('echo {0}', variables('words')[0])]", "[concat('# ', parameters('name'))]"]
    file = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {"name": {"type": "string", "defaultValue": "web"}},
        "variables": {"location": "[toLower('WestEurope')]", "words": "[createArray('one', 'two')]"},
        "resources": [image],
    }
    empty = len(json.dumps(file, indent=2))
    one = len(json.dumps([_account(0)], indent=2)) + 200
    file["resources"] += [_account(number) for number in range((size - empty) // one)]
    return json.dumps(file, indent=2)


def _account(number: int) -> dict[str, Any]:  # JSON data
    return {
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2023-01-01",
        "name": f"[concat('account', uniqueString(resourceGroup().id), '{number}')]",
        "location": "[variables('location')]",
        "sku": {"name": "Standard_LRS"},
        "kind": "StorageV2",
        "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', parameters('name'))]"],
        "properties": {
            "minimumTlsVersion": "TLS1_2",
            "allowBlobPublicAccess": False,
            "networkAcls": {
                "defaultAction": "Deny",
                "bypass": "AzureServices",
                "ipRules": [],
                "virtualNetworkRules": [],
            },
            "encryption": {"keySource": "Microsoft.Storage", "services": {"blob": {"enabled": True}}},
        },
    }
