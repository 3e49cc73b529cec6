"""Azure's bad days as a table: what is injected, and the ends that a build of the example may come to because of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imagesmith.events import ExitCode

OK, PREFLIGHT, DISTRIBUTION = ExitCode.OK, ExitCode.PREFLIGHT, ExitCode.DISTRIBUTION
TIMEOUT, LEFTOVERS, MACHINE = ExitCode.TIMEOUT, ExitCode.LEFTOVERS, ExitCode.MACHINE
TOOLCHAIN = ExitCode.TOOLCHAIN


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A row. `says` must stand in the result's message, in its failure or in a diagnostic: the user's words, not
    Packer's last line."""

    rules: tuple[str, ...]
    ends: tuple[ExitCode, ...]
    says: str = ""
    arguments: tuple[str, ...] = ()


FAULTS: Mapping[str, Fault] = {
    "nothing": Fault(rules=(), ends=(OK,)),
    "slow answers": Fault(rules=("GET * slow:0.2s x5", "PUT * slow:0.3s x3"), ends=(OK,)),
    "throttled reads": Fault(rules=("GET */images/* 429:0 x2",), ends=(OK,)),
    "throttled without a time to wait": Fault(rules=("PUT */deployments/* 429:none x2",), ends=(OK, MACHINE)),
    "a burst of 500": Fault(rules=("GET */resourceGroups/* 500 x2",), ends=(OK, MACHINE)),
    # The azure-arm of Packer 1.6 panics of it.
    "an answer that is cut": Fault(rules=("PUT */deployments/* cut x1",), ends=(OK, MACHINE, TOOLCHAIN)),
    "a connection that is reset": Fault(rules=("GET */resourceGroups/* reset x1",), ends=(OK, MACHINE)),
    "login expired": Fault(rules=("POST */token aadsts:7000222",), ends=(PREFLIGHT,), says="AADSTS7000222"),
    "gallery may not be read": Fault(rules=("GET */versions 403",), ends=(PREFLIGHT,), says="AuthorizationFailed"),
    "gallery is gone": Fault(rules=("GET */versions 404",), ends=(PREFLIGHT,), says="ResourceNotFound"),
    "quota": Fault(rules=("PUT */virtualMachines/* quota",), ends=(MACHINE,), says="quota"),
    "size not in the region": Fault(rules=("PUT */virtualMachines/* sku",), ends=(MACHINE,), says="SkuNotAvailable"),
    "no room in the region": Fault(
        rules=("PUT */virtualMachines/* allocation",), ends=(MACHINE,), says="AllocationFailed"
    ),
    "policy on the machine": Fault(
        rules=("PUT */virtualMachines/* policy",), ends=(MACHINE,), says="RequestDisallowedByPolicy"
    ),
    "no right to deploy": Fault(rules=("PUT */deployments/* 403",), ends=(MACHINE,), says="AuthorizationFailed"),
    "deployment never ends": Fault(
        rules=("PUT */virtualMachines/* never",), ends=(TIMEOUT,), arguments=("--time-limit", "9s"), says="limit"
    ),
    "deployment fails": Fault(
        rules=("PUT */virtualMachines/* fail:OSProvisioningTimedOut",), ends=(MACHINE,), says="OSProvisioningTimedOut"
    ),
    # Packer 1.6 takes the first answer for the end; the plugin of today asks again for as long as it may.
    "deployment's address is lost": Fault(
        rules=("PUT */deployments/* lost",), ends=(OK, MACHINE, TIMEOUT), arguments=("--time-limit", "20s")
    ),
    "machine cannot be generalized": Fault(
        rules=("POST */generalize 409",), ends=(MACHINE, DISTRIBUTION, LEFTOVERS), says="Conflict"
    ),
    "gallery version is taken meanwhile": Fault(
        rules=("PUT */versions/* 409",), ends=(DISTRIBUTION, MACHINE), says="Conflict"
    ),
    "replication fails in part": Fault(
        rules=("PUT */versions/* partly:ReplicationFailed",), ends=(DISTRIBUTION,), says="ReplicationFailed"
    ),
    "group is locked": Fault(rules=("DELETE */resourceGroups/* locked",), ends=(LEFTOVERS,)),
    # The plugin of today looks whether the group is gone, and does not wait for the operation.
    "group is being deleted for ever": Fault(
        rules=("DELETE */resourceGroups/IT_* never",),
        ends=(OK, TIMEOUT),
        arguments=("--time-limit", "9s", "--cleanup-timeout", "2s"),
    ),
    "promotion never ends": Fault(
        rules=("PUT */versions/* never after 1",), ends=(TIMEOUT,), arguments=("--time-limit", "9s"), says="limit"
    ),
}
