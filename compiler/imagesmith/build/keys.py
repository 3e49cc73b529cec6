"""A login key for one run, so that a machine which is kept after a failure can still be reached (lowering.md §1.3)."""

from __future__ import annotations

import os
from pathlib import Path


def new_login_key(folder: Path) -> Path:
    """Make a key that only its owner can read, and return its path."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    # RSA, since Azure's images have taken it longest; both Packers log in with it (lowering.md §1.3).
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    path = folder / "login-key.pem"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
    return path
