"""The table of effects: a word of a rule, with its argument, to what the request meets in Azure's own words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

_RETRY_AFTER_S = "1"
"""What a throttled request is told when the rule does not say; real answers name 1 to some 300 seconds."""


class OperationFate(StrEnum):
    """What becomes of a long-running operation."""

    NEVER = "never"
    """It is begun, and never ends."""
    FAIL = "fail"
    """It is not begun, and ends as failed."""
    PARTLY = "partly"
    """It is begun, leaves what it made, and ends as failed."""
    LOST = "lost"
    """It is begun, and its address leads nowhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refuse:
    """The request is answered with an error and does nothing."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()
    login: bool = False
    """Whether the error has the shape of the login service's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reset:
    """The connection is reset before an answer; the request does nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """The request is carried out, and the connection ends in the middle of the answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """The request's long-running operation has this fate."""

    fate: OperationFate
    code: str = "InternalOperationError"
    message: str = "An internal error occurred in the operation."


@dataclass(frozen=True, kw_only=True, slots=True)
class Delay:
    """The answer comes so many seconds later."""

    seconds: float = field(default=1.0)


Outcome: TypeAlias = Refuse | Reset | Cut | Ended
"""What a request meets in place of its answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """A row: `word` as a rule has it, `argument` for the manual, and how to make the outcome of it.

    `make` is given what stands after the colon, or nothing; it raises ValueError for an argument that does not fit.
    """

    word: str
    note: str
    make: Callable[[str], Outcome | Delay]
    argument: str = ""


STATUSES = {
    400: ("BadRequest", "The request could not be understood by the server due to malformed syntax."),
    401: ("ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time."),
    403: ("AuthorizationFailed", "The client does not have authorization to perform the action over the scope."),
    404: ("ResourceNotFound", "The Resource was not found."),
    408: ("RequestTimeout", "The request timed out."),
    409: ("Conflict", "The request failed due to conflict with a concurrent request."),
    412: ("PreconditionFailed", "The precondition given in one of the request headers evaluated to false."),
    429: ("TooManyRequests", "The server rejected the request because too many requests have been received."),
    500: ("InternalServerError", "Encountered internal server error. Please retry the request."),
    502: ("BadGateway", "The gateway did not receive a response from an upstream server."),
    503: ("ServiceUnavailable", "The service is unavailable. Please retry the request."),
    504: ("GatewayTimeout", "The gateway did not receive a response within the specified time period."),
}
"""Code and words of Azure Resource Manager for the statuses that a rule may name."""


def of_status(status: int, argument: str) -> Refuse:
    """A refusal with a bare status; the argument is the seconds of `Retry-After`, or `none`.

    Raises:
        ValueError: for another argument.
    """
    code, message = STATUSES[status]
    wait = argument or (_RETRY_AFTER_S if status == 429 else "none")
    if wait != "none" and not wait.isdecimal():
        raise ValueError(f"{status} takes the seconds of Retry-After, or none, but not '{argument}'")
    headers = () if wait == "none" else (("Retry-After", wait),)
    return Refuse(status=status, code=code, message=message, headers=headers)


def _fixed(status: int, code: str, message: str) -> Callable[[str], Refuse]:
    """A refusal that takes no argument."""

    def make(argument: str) -> Refuse:
        _nothing(argument)
        return Refuse(status=status, code=code, message=message)

    return make


def _nothing(argument: str) -> None:
    if argument:
        raise ValueError(f"it takes no argument, but has '{argument}'")


def _plain(outcome: Outcome) -> Callable[[str], Outcome]:
    def make(argument: str) -> Outcome:
        _nothing(argument)
        return outcome

    return make


def _slow(argument: str) -> Delay:
    number = argument.removesuffix("s")
    try:
        seconds = float(number)
    except ValueError:
        raise ValueError(f"slow takes seconds, as in slow:5s, but not '{argument}'") from None
    if not 0 <= seconds <= 3600:
        raise ValueError(f"slow takes 0 to 3600 seconds, but not '{argument}'")
    return Delay(seconds=seconds)


def _failing(fate: OperationFate) -> Callable[[str], Ended]:
    def make(argument: str) -> Ended:
        if not argument:
            return Ended(fate=fate)
        return Ended(fate=fate, code=argument, message=f"The operation failed with {argument}.")

    return make


_LOGIN_WORDS = {
    "700016": "Application with identifier was not found in the directory.",
    "700024": "Client assertion is not within its valid time range.",
    "7000215": "Invalid client secret provided.",
    "7000222": "The provided client secret keys for app are expired.",
    "90002": "Tenant not found.",
}
"""Microsoft Entra's words for the errors that a login meets most; others get a sentence of ours."""


def _aadsts(argument: str) -> Refuse:
    if not argument.isdecimal():
        raise ValueError(f"aadsts takes a number, as in aadsts:700024, but not '{argument}'")
    message = f"AADSTS{argument}: {_LOGIN_WORDS.get(argument, 'The login was refused.')}"
    return Refuse(status=401, code="invalid_client", message=message, login=True)


EFFECTS: tuple[Effect, ...] = (
    Effect(word="slow", argument="5s", note="the answer comes that much later", make=_slow),
    Effect(word="reset", note="the connection is reset, nothing is done", make=_plain(Reset())),
    Effect(word="cut", note="the answer ends in its middle, though all is done", make=_plain(Cut())),
    Effect(
        word="never",
        note="the operation is begun and never ends",
        make=_plain(Ended(fate=OperationFate.NEVER)),
    ),
    Effect(
        word="fail", argument="CODE", note="the operation fails and has done nothing", make=_failing(OperationFate.FAIL)
    ),
    Effect(
        word="partly",
        argument="CODE",
        note="the operation fails and leaves what it made",
        make=_failing(OperationFate.PARTLY),
    ),
    Effect(
        word="lost",
        note="the operation goes on, but its address is not found",
        make=_plain(Ended(fate=OperationFate.LOST)),
    ),
    Effect(
        word="quota",
        note="the region's quota of cores is used up",
        make=_fixed(
            409,
            "OperationNotAllowed",
            "Operation could not be completed as it results in exceeding approved Total Regional Cores quota. "
            "Additional Required: 2, (Minimum) New Limit Required: 12.",
        ),
    ),
    Effect(
        word="sku",
        note="the region does not have the machine's size",
        make=_fixed(
            409,
            "SkuNotAvailable",
            "The requested VM size is currently not available in this location. "
            "Please try another size or deploy to a different location or different zone.",
        ),
    ),
    Effect(
        word="allocation",
        note="the region has no room for the machine at the moment",
        make=_fixed(
            409,
            "AllocationFailed",
            "Allocation failed. We do not have sufficient capacity for the requested VM size in this region.",
        ),
    ),
    Effect(
        word="policy",
        note="a policy of the company forbids it",
        make=_fixed(
            403,
            "RequestDisallowedByPolicy",
            "Resource was disallowed by policy. Policy identifiers: 'Require a tag on resources'.",
        ),
    ),
    Effect(
        word="locked",
        note="the resource or its group is locked",
        make=_fixed(
            409,
            "ScopeLocked",
            "The scope cannot perform the operation because the following scope(s) are locked. "
            "Please remove the lock and try again.",
        ),
    ),
    Effect(
        word="attached",
        note="a disk is still attached",
        make=_fixed(409, "OperationNotAllowed", "Disk is attached to a VM and cannot be deleted."),
    ),
    Effect(
        word="soft-deleted",
        note="a key vault of this name is deleted, but not purged",
        make=_fixed(
            409,
            "ConflictError",
            "A vault with the same name already exists in deleted state. "
            "You need to either recover or purge existing key vault.",
        ),
    ),
    Effect(
        word="lease",
        note="a blob is leased by somebody else",
        make=_fixed(
            412,
            "LeaseIdMissing",
            "There is currently a lease on the blob and no lease ID was specified in the request.",
        ),
    ),
    Effect(
        word="aadsts", argument="700024", note="the login is refused with this error of Microsoft Entra", make=_aadsts
    ),
)
"""Every word beside the statuses, in the order of the manual."""
