"""A long-running operation of Azure to its end, unless somebody wants to stop meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from imagesmith.azure.clients import AzureError
from imagesmith.diagnostics import Rule, Severity
from imagesmith.world import World

if TYPE_CHECKING:
    from azure.core.polling import LROPoller

T = TypeVar("T")

GIVEN_UP = Rule(
    code="IMG880",
    severity=Severity.ERROR,
    title="the run ended before Azure had done what it was asked for",
    cause="An operation in Azure was still going on when the run was cancelled or its time was over.",
    fix="look in Azure what has become of it, or raise the limit that was reached",
    example="imagesmith build web.json --time-limit 10m",
    corrected="imagesmith build web.json --time-limit 2h",
    source="demand.md §2 row 37",
)
_LOOK_S = 0.2


def finished(poller: LROPoller[T], world: World, what: str = "an operation in Azure", *, cleans_up: bool = True) -> T:
    """Wait for an operation; its result. `what` names it in the message.

    It is given up with a wish to stop. One that `cleans_up` may be begun after such a wish, and is then given up with
    the next one; anything else is not waited for if it is begun after a wish, as at the end of a stage.

    Raises:
        AzureError: IMG880, where it was given up. What the operation itself raises comes as it is.
    """
    asked = world.wishes_to_stop() if cleans_up else 0
    while not poller.done():
        poller.wait(_LOOK_S)
        if world.wishes_to_stop() > asked and not poller.done():
            raise AzureError(GIVEN_UP.at((), f"{what} was still going on when the run was to stop"))
    return poller.result()
