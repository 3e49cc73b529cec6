"""The secret behind a VM's `certificateUrl` to the TLS end of its listener: exactly the certificate that was put there.

The secret is base64 of JSON with a PFX in it (winrm.md §1.2). Azure takes no other form either.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import ssl
import tempfile
from pathlib import Path

from imagesmith.sandbox.answers import Json


class CertificateError(ValueError):
    """The secret holds no certificate that a listener could use."""


def server_context(secret: str, *, scratch: Path) -> ssl.SSLContext:
    """The server side of TLS. Raises `CertificateError`.

    The library reads keys from files only: one is in the folder `scratch` for that moment, encrypted and 0600.
    """
    from cryptography.hazmat.primitives.serialization import pkcs12

    data, password = _content(secret)
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(data, password.encode())
    except (ValueError, TypeError) as error:
        raise CertificateError(f"the PFX cannot be read: {error}") from error
    if key is None or certificate is None:
        raise CertificateError("the PFX holds no key with its certificate")
    return _load(_pem(key, [certificate, *others]), scratch)


def _content(secret: str) -> tuple[bytes, str]:
    """PFX and its password."""
    try:
        content: Json = json.loads(base64.b64decode(secret, validate=True))
        kind = str(content["dataType"])
        found = base64.b64decode(content["data"], validate=True), str(content["password"])
    except (ValueError, KeyError, TypeError) as error:
        raise CertificateError("the secret is not base64 of JSON with data, dataType and password") from error
    if kind.lower() != "pfx":
        raise CertificateError(f"the secret's data is of type {kind!r}, not pfx")
    return found


def _pem(key: Json, certificates: Json) -> tuple[bytes, str]:
    """Key and certificates as text, the key encrypted, and the password for it. Types are the library's own."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

    password = secrets.token_hex(16)
    encrypted = BestAvailableEncryption(password.encode())
    parts = [key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encrypted)]
    parts += [certificate.public_bytes(Encoding.PEM) for certificate in certificates]
    return b"".join(parts), password


def _load(pem: tuple[bytes, str], scratch: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    handle, name = tempfile.mkstemp(dir=scratch, suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem[0])
        context.load_cert_chain(name, password=pem[1])
    except ssl.SSLError as error:
        raise CertificateError(f"key and certificate do not serve for TLS: {error.reason}") from error
    finally:
        Path(name).unlink()
    return context
