"""Where a run takes place: the environment, credential and addresses of the real Azure or of a sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imagesmith.diagnostics import Diagnostic

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What a world has seen of a run: findings for its result, and details (JSON data) for its record."""

    diagnostics: tuple[Diagnostic, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)


def _nothing() -> Observed:
    return Observed()


def _no_step(_step: str) -> bool:
    return False


def _no_stage(_stage: str) -> None:
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What a build needs to know of its surroundings. `build` never asks whether it is a sandbox.

    `environment` is the whole environment of Packer and its plugins (scrubbed, without variables of HCL);
    `variables` are values for the HCL variables of the plan (login, `ssh_port`); those named in `secrets` are given to
    the redactor as well. `credential` and `sdk_options` (keyword arguments for every client) are for Azure's SDKs.
    """

    name: str
    environment: Mapping[str, str]
    subscription_id: str
    tenant_id: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    credential: TokenCredential | None = field(default=None, repr=False)
    sdk_options: Mapping[str, object] = field(default_factory=dict, repr=False)
    gives_basic_public_ips: bool = False
    """Whether a public IP of the Basic kind can still be had; Azure stopped on 31 March 2025 (lowering.md §1.3)."""
    records_steps: bool = False
    """Whether machines keep the steps without running them."""
    has_run: Callable[[str], bool] = field(default=_no_step, repr=False)
    """Whether a step really ran, by its id, where steps are kept otherwise; known when it has ended."""
    begin_stage: Callable[[str], None] = field(default=_no_stage, repr=False)
    """Told the name of each stage before its Packer starts."""
    observe: Callable[[], Observed] = field(default=_nothing, repr=False)
    """Asked at the end of a run."""
    notes: tuple[str, ...] = ()
    sweep_arguments: tuple[str, ...] | None = ()
    """What `imagesmith sweep` needs to look into this world; None where the world ends with the run."""
    wishes_to_stop: Callable[[], int] = field(default=lambda: 0, repr=False)
    """How often somebody has asked the run to stop; operations in Azure are given up by it."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What a record should say of it (the sandbox's engine and base images); it may fill up while the run goes on."""

    @property
    def ends_with_run(self) -> bool:
        """Whether nothing of it is there when the process of the run is gone."""
        return self.sweep_arguments is None
