"""NTLM tokens to a login: the accepting side of MS-NLMP, NTLMv2 only, without signing or sealing.

Packer's WinRM client sends the bare tokens, never wrapped in SPNEGO, and one login holds for its connection
(winrm.md §2). Nothing here does I/O; clock and challenge come in through parameters.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from imagesmith.sandbox.windows.md4 import md4

SIGNATURE = b"NTLMSSP\x00"
LARGEST_TOKEN = 16_384
"""Bytes; real tokens have some hundred."""

_UNICODE = 0x00000001
_FLAGS = (
    _UNICODE | 0x00000004 | 0x00000200 | 0x00008000 | 0x00020000 | 0x00080000 | 0x00800000 | 0x20000000 | 0x80000000
)
"""MS-NLMP §2.2.2.5: unicode, request target, NTLM, always sign, target is a server, extended session security, target
info, 128 and 56 bit keys."""
_VERSION = struct.pack("<BBH3xB", 10, 0, 20348, 15)
_CHALLENGE_HEAD = 56
_FILETIME_OF_UNIX_EPOCH = 116_444_736_000_000_000
_PROOF = 16
_SHORTEST_V2 = _PROOF + 28
"""Proof and the fixed part of NTLMv2_CLIENT_CHALLENGE (MS-NLMP §2.2.2.7); an NTLMv1 response has 24 bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Challenge:
    """The second token, to be sent to the client."""

    token: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """The client has proved that it knows the password of `user` (spelt as the machine spells it)."""

    user: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """The login failed; `reason` is for the sandbox's log, never for the client."""

    reason: str


Step: TypeAlias = Challenge | Accepted | Refused


class Acceptor:
    """One login on one connection: two tokens come, one goes."""

    def __init__(self, *, computer: str, users: Mapping[str, str], challenge: bytes, unix_time_s: float) -> None:
        self._computer = computer
        self._users = {name.casefold(): (name, password) for name, password in users.items()}
        self._challenge = challenge
        self._time_s = unix_time_s
        self._challenged = False

    def step(self, token: bytes) -> Step:
        """Take the client's next token. A challenge serves for one answer, so that none can be guessed at twice."""
        if len(token) > LARGEST_TOKEN or not token.startswith(SIGNATURE) or len(token) < 12:
            return Refused(reason="the token is not one of NTLM")
        match int.from_bytes(token[8:12], "little"):
            case 1:
                self._challenged = True
                return Challenge(token=challenge_token(self._computer, self._challenge, self._time_s))
            case 3 if self._challenged:
                self._challenged = False
                return self._check(token)
            case kind:
                return Refused(reason=f"a message of type {kind} was not expected")

    def _check(self, token: bytes) -> Step:
        try:
            response, domain, name = (_field(token, at) for at in (20, 28, 36))
            (flags,) = struct.unpack_from("<I", token, 60)
            user = name.decode("utf-16-le")
            realm = domain.decode("utf-16-le")
        except (struct.error, ValueError):
            return Refused(reason="the token is damaged")
        if not flags & _UNICODE or len(response) < _SHORTEST_V2:
            return Refused(reason="the client does not speak NTLMv2")
        known = self._users.get(user.casefold())
        if known is None:
            return Refused(reason="the account is unknown")
        expected = proof(known[1], user=user, domain=realm, challenge=self._challenge, blob=response[_PROOF:])
        if not hmac.compare_digest(expected, response[:_PROOF]):
            return Refused(reason="the password is wrong")
        return Accepted(user=known[0])


def proof(password: str, *, user: str, domain: str, challenge: bytes, blob: bytes) -> bytes:
    """NTProofStr of MS-NLMP §3.3.2: what only somebody can compute who knows the password."""
    key = md4(password.encode("utf-16-le", "surrogatepass"))
    identity = (user.upper() + domain).encode("utf-16-le")
    owf = hmac.digest(key, identity, "md5")
    return hmac.digest(owf, challenge + blob, "md5")


def challenge_token(computer: str, challenge: bytes, unix_time_s: float) -> bytes:
    """CHALLENGE_MESSAGE (MS-NLMP §2.2.1.2) of a machine that is in no domain."""
    name = computer.encode("utf-16-le")
    filetime = int(unix_time_s * 10_000_000) + _FILETIME_OF_UNIX_EPOCH
    pairs = ((2, name), (1, name), (4, name), (3, name), (7, struct.pack("<Q", filetime)), (0, b""))
    info = b"".join(struct.pack("<HH", kind, len(value)) + value for kind, value in pairs)
    return b"".join(
        (
            SIGNATURE,
            struct.pack("<IHHI", 2, len(name), len(name), _CHALLENGE_HEAD),
            struct.pack("<I", _FLAGS),
            challenge,
            bytes(8),
            struct.pack("<HHI", len(info), len(info), _CHALLENGE_HEAD + len(name)),
            _VERSION,
            name,
            info,
        )
    )


def _field(token: bytes, at: int) -> bytes:
    """The payload that a field of a message points at. Raises `ValueError` for one outside of the message."""
    length, _, offset = struct.unpack_from("<HHI", token, at)
    if offset + length > len(token):
        raise ValueError("a field leads out of the message")
    return token[offset : offset + length]
