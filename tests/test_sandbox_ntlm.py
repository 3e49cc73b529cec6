"""NTLM: the vectors of RFC 1320 and MS-NLMP, logins that must fail, and tokens that nobody would send."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.sandbox.windows.md4 import md4
from imagesmith.sandbox.windows.ntlm import Accepted, Acceptor, Challenge, Refused, proof
from tests.ntlm_client import NEGOTIATE, authenticate, message

PASSWORD = "pässwörd"  # noqa: S105 - of no machine


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"a", "bde52cb31de33e46245e05fbdbd6fb24"),
        (b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
        (b"message digest", "d9130a8164549fe818874806e1c7014b"),
        (b"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"),
        (b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "043f8582f241db351ce627e153e7f0e4"),
        (b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_md4_is_that_of_rfc_1320(text: bytes, digest: str) -> None:
    assert md4(text).hex() == digest


def test_the_proof_is_that_of_the_worked_example() -> None:
    """MS-NLMP §4.2.4: NTLMv2 with User, Domain, Password, a time of zero and a client challenge of AAs."""
    info = bytes.fromhex("02000c0044006f006d00610069006e0001000c00530065007200760065007200" + "00000000")
    blob = b"\x01\x01" + bytes(6) + bytes(8) + b"\xaa" * 8 + bytes(4) + info + bytes(4)
    found = proof("Password", user="User", domain="Domain", challenge=bytes.fromhex("0123456789abcdef"), blob=blob)
    assert found.hex() == "68cd0ab851e51c96aabc927bebef6a1c"


def _acceptor(challenge: bytes = b"12345678") -> Acceptor:
    return Acceptor(computer="pkrvmx", users={"packer": PASSWORD}, challenge=challenge, unix_time_s=1_700_000_000)


def _challenge(acceptor: Acceptor) -> bytes:
    answer = acceptor.step(NEGOTIATE)
    assert isinstance(answer, Challenge)
    return answer.token


@pytest.mark.parametrize("user", ["packer", "Packer", "PACKER"])
@pytest.mark.parametrize("domain", ["", "pkrvmx", "ANY"])
def test_the_right_password_lets_in_however_the_user_is_spelt(user: str, domain: str) -> None:
    acceptor = _acceptor()
    token = authenticate(_challenge(acceptor), user=user, password=PASSWORD, domain=domain)
    assert acceptor.step(token) == Accepted(user="packer")


@pytest.mark.parametrize(
    ("user", "password", "reason"),
    [
        ("packer", "PÄSSWÖRD", "the password is wrong"),
        ("packer", "", "the password is wrong"),
        ("root", PASSWORD, "the account is unknown"),
        ("", PASSWORD, "the account is unknown"),
    ],
)
def test_anything_else_is_refused(user: str, password: str, reason: str) -> None:
    acceptor = _acceptor()
    assert acceptor.step(authenticate(_challenge(acceptor), user=user, password=password)) == Refused(reason=reason)


def test_the_challenge_names_the_machine_and_the_time() -> None:
    token = _challenge(_acceptor())
    assert token[24:32] == b"12345678"
    length, _, offset = struct.unpack_from("<HHI", token, 12)
    assert token[offset : offset + length].decode("utf-16-le") == "pkrvmx"
    info_length, _, info = struct.unpack_from("<HHI", token, 40)
    assert struct.pack("<Q", 133_444_736_000_000_000) in token[info : info + info_length]
    assert token[info + info_length - 4 :] == bytes(4)


def test_a_challenge_serves_once() -> None:
    acceptor = _acceptor()
    token = authenticate(_challenge(acceptor), user="packer", password=PASSWORD)
    assert acceptor.step(token) == Accepted(user="packer")
    assert acceptor.step(token) == Refused(reason="a message of type 3 was not expected")


def test_the_third_token_before_the_first_is_refused() -> None:
    token = authenticate(_challenge(_acceptor()), user="packer", password=PASSWORD)
    assert _acceptor().step(token) == Refused(reason="a message of type 3 was not expected")


def test_another_challenge_is_not_answered_by_an_old_token() -> None:
    token = authenticate(_challenge(_acceptor()), user="packer", password=PASSWORD)
    other = _acceptor(b"87654321")
    _challenge(other)
    assert other.step(token) == Refused(reason="the password is wrong")


def test_the_older_protocol_is_refused() -> None:
    acceptor = _acceptor()
    _challenge(acceptor)
    assert acceptor.step(message(response=bytes(24), user="packer")) == Refused(
        reason="the client does not speak NTLMv2"
    )


@pytest.mark.parametrize("length", range(90))
def test_a_truncated_token_is_refused(length: int) -> None:
    acceptor = _acceptor()
    token = authenticate(_challenge(acceptor), user="packer", password=PASSWORD)
    assert isinstance(acceptor.step(token[:length]), Refused)


@given(st.binary(max_size=200), st.sampled_from([b"", b"NTLMSSP\x00\x03\x00\x00\x00", b"NTLMSSP\x00\x02\x00\x00\x00"]))
def test_garbage_is_refused(tail: bytes, head: bytes) -> None:
    acceptor = _acceptor()
    _challenge(acceptor)
    assert isinstance(acceptor.step(head + tail), Refused)
