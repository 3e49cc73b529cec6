"""The hash of uniqueString(): a 64-bit variant of MurmurHash3 and its base-32 letters.

ARM does not document it. The form here gives the published pairs ('tyeth' → zcztcwvu6iyg6, 'hello-world' →
a7wkljktk6wne, and those of public re-implementations, see the tests).
"""

from __future__ import annotations

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_MASK = 0xFFFFFFFF
_C1, _C2 = 0x239B961B, 0xAB0E9789


def unique_text(text: str) -> str:
    """The 13 letters of uniqueString() for arguments that are joined with '-' already."""
    value = murmur64(text.encode("utf-8", "surrogatepass"))
    letters = ""
    for _ in range(13):
        letters += _LETTERS[value >> 59]
        value = value << 5 & 0xFFFFFFFFFFFFFFFF
    return letters


def murmur64(data: bytes) -> int:
    """The 64-bit hash: two 32-bit lanes over blocks of eight bytes, seed 0."""
    low = high = 0
    whole = len(data) - len(data) % 8
    for at in range(0, whole, 8):
        low ^= _scramble(int.from_bytes(data[at : at + 4], "little"), _C1, _C2, 15)
        low = ((_rotate(low, 19) + high) * 5 + 0x561CCD1B) & _MASK
        high ^= _scramble(int.from_bytes(data[at + 4 : at + 8], "little"), _C2, _C1, 17)
        high = ((_rotate(high, 13) + low) * 5 + 0x0BCAA747) & _MASK
    tail = data[whole:]
    low ^= _scramble(int.from_bytes(tail[:4], "little"), _C1, _C2, 15)
    high ^= _scramble(int.from_bytes(tail[4:], "little"), _C2, _C1, 17)
    return _finish(low ^ len(data), high ^ len(data))


def _finish(low: int, high: int) -> int:
    low = (low + high) & _MASK
    high = (high + low) & _MASK
    low, high = _avalanche(low), _avalanche(high)
    low = (low + high) & _MASK
    high = (high + low) & _MASK
    return high << 32 | low


def _scramble(block: int, first: int, second: int, turn: int) -> int:
    return _rotate(block * first & _MASK, turn) * second & _MASK


def _rotate(value: int, turn: int) -> int:
    return (value << turn | value >> (32 - turn)) & _MASK


def _avalanche(value: int) -> int:
    value = (value ^ value >> 16) * 0x85EBCA6B & _MASK
    value = (value ^ value >> 13) * 0xC2B2AE35 & _MASK
    return value ^ value >> 16
