"""The client's side of NTLMv2, for tests: written from MS-NLMP, apart from the acceptor that it is tried on."""

from __future__ import annotations

import hashlib
import hmac
import struct

from imagesmith.sandbox.windows.md4 import md4

NEGOTIATE = b"NTLMSSP\x00" + struct.pack("<II", 1, 0xA0888207) + bytes(16)


def authenticate(
    challenge_message: bytes, *, user: str, password: str, domain: str = "", client_challenge: bytes = b"\xaa" * 8
) -> bytes:
    """The third token for the second one."""
    challenge = challenge_message[24:32]
    length, _, offset = struct.unpack_from("<HHI", challenge_message, 40)
    info = challenge_message[offset : offset + length]
    blob = b"\x01\x01" + bytes(6) + bytes(8) + client_challenge + bytes(4) + info + bytes(4)
    key = hmac.new(md4(password.encode("utf-16-le")), (user.upper() + domain).encode("utf-16-le"), hashlib.md5)
    proof = hmac.new(key.digest(), challenge + blob, hashlib.md5).digest()
    return message(response=proof + blob, user=user, domain=domain)


def message(*, response: bytes, user: str, domain: str = "", flags: int = 0xA0888205) -> bytes:
    """An AUTHENTICATE_MESSAGE with a given response."""
    parts = (bytes(24), response, domain.encode("utf-16-le"), user.encode("utf-16-le"), b"", b"")
    head, payload = b"", b""
    for part in parts:
        head += struct.pack("<HHI", len(part), len(part), 64 + len(payload))
        payload += part
    return b"NTLMSSP\x00" + struct.pack("<I", 3) + head + struct.pack("<I", flags) + payload
