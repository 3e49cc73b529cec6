"""How a sandbox is to behave, decided before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from imagesmith.sandbox.faults.rules import FaultRule

SUBSCRIPTION_ID = "00000000-0000-0000-0000-000000000001"
TENANT_ID = "00000000-0000-0000-0000-0000000000aa"


@dataclass(frozen=True, kw_only=True, slots=True)
class SandboxOptions:
    """`state` is a folder of the sandbox's own (made if missing; refused if it holds anything else).

    `steps`: `run` needs a container engine, `record` keeps steps without running them, `auto` runs them where an engine
    is found. `windows_steps`: `record` keeps those of Windows machines, `pwsh` runs plain PowerShell with this host's
    `pwsh`. `network` is what machines see. `keep` leaves resources and images for the next sandbox on the same
    `state`. `strict` seeds nothing. `engine` is the program to use in place of podman or docker. `bases` has rows
    that go before the built-in table: globs over ``publisher:offer:sku`` to names of container images. `faults` are
    what requests are to meet.
    """

    state: Path
    run_id: str
    steps: Literal["auto", "run", "record"] = "auto"
    os_type: str | None = None
    """System of the machines that are to come, where it is known: Windows machines need no container engine."""
    windows_steps: Literal["record", "pwsh"] = "record"
    network: Literal["none", "host"] = "none"
    keep: bool = False
    strict: bool = False
    subscription_id: str = SUBSCRIPTION_ID
    tenant_id: str = TENANT_ID
    engine: str | None = None
    bases: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[FaultRule, ...] = ()
