"""A step's lines to the codes of advice that they get, and the text that each of them points at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from imagesmith.diagnostics import Diagnostic
from imagesmith.pipeline import CompileOptions, compile_text

UBUNTU = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-focal", "sku": "20_04-lts-gen2"}
JAMMY = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2"}
RHEL = {"publisher": "RedHat", "offer": "RHEL", "sku": "9-lvm-gen2"}
WINDOWS = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2"}
NOW = datetime(2026, 6, 1, tzinfo=UTC)
UPDATED = {"type": "Shell", "inline": ["sudo apt-get update"]}


def template(*customize: dict[str, Any], source: dict[str, str], **properties: Any) -> str:
    """An image template around steps."""
    group = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/images"
    body = {
        "source": {"type": "PlatformImage", "version": "1.0.0", **source},
        "customize": list(customize),
        "distribute": [
            {
                "type": "ManagedImage",
                "imageId": f"{group}/providers/Microsoft.Compute/images/web",
                "location": "westeurope",
                "runOutputName": "web",
            }
        ],
        **properties,
    }
    return json.dumps(
        {"location": "westeurope", "apiVersion": "2024-02-01", "identity": {"type": "None"}, "properties": body}
    )


def advice(text: str, **options: Any) -> tuple[Diagnostic, ...]:
    """The diagnostics of `rules.lint` about a template that is in order otherwise."""
    compilation = compile_text(text, filename="t.json", options=CompileOptions(now=NOW, check_only=True, **options))
    assert compilation.ok, compilation.diagnostics
    return tuple(found for found in compilation.diagnostics if 500 <= int(found.code[3:]) < 600)


def pointed(found: Diagnostic) -> str:
    """What the diagnostic points at, as a text again."""
    assert found.span is not None
    text: str = json.loads(f'"{found.span.text}"') if not found.span.text.startswith('"') else found.span.text
    return text


def shell(*lines: str, source: dict[str, str] = UBUNTU) -> list[tuple[str, str]]:
    """Code and place of all advice about one Shell step, on a machine whose lists of packages are fresh."""
    found = advice(template(UPDATED, {"type": "Shell", "inline": list(lines)}, source=source))
    return [(item.code, pointed(item)) for item in found]


def powershell(
    *lines: str, codes: Sequence[int] = (), source: dict[str, str] = WINDOWS, **options: Any
) -> list[tuple[str, str]]:
    """Code and place of all advice about one PowerShell step."""
    step: dict[str, Any] = {"type": "PowerShell", "inline": list(lines)}
    if codes:
        step["validExitCodes"] = list(codes)
    return [(item.code, pointed(item)) for item in advice(template(step, source=source), **options)]
