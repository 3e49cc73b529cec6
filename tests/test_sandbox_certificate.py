"""The secret behind a certificate's address: Packer's own serves for TLS, anything else is refused with its reason."""

from __future__ import annotations

import base64
import json
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12

from imagesmith.sandbox.windows.certificate import CertificateError, server_context
from tests.winrm import certificate

SECRET, _ = certificate()
CONTENT = json.loads(base64.b64decode(SECRET))


def secret(**changed: Any) -> str:
    """The secret with other content."""
    return base64.b64encode(json.dumps({**CONTENT, **changed}).encode()).decode()


def only_certificate() -> str:
    """A PFX without the key."""
    _, found, _ = pkcs12.load_key_and_certificates(base64.b64decode(CONTENT["data"]), CONTENT["password"].encode())
    assert found is not None
    data = pkcs12.serialize_key_and_certificates(None, None, None, [found], NoEncryption())
    return base64.b64encode(data).decode()


def only_key() -> str:
    """A PFX without the certificate."""
    key, _, _ = pkcs12.load_key_and_certificates(base64.b64decode(CONTENT["data"]), CONTENT["password"].encode())
    encryption = BestAvailableEncryption(CONTENT["password"].encode())
    return base64.b64encode(pkcs12.serialize_key_and_certificates(None, key, None, None, encryption)).decode()  # type: ignore[arg-type]


def test_packers_secret_serves_for_tls_and_leaves_no_file(tmp_path: Path) -> None:
    assert isinstance(server_context(SECRET, scratch=tmp_path), ssl.SSLContext)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not base64 of JSON"),
        ("no base64!", "not base64 of JSON"),
        (base64.b64encode(b"\xff\xfe").decode(), "not base64 of JSON"),
        (base64.b64encode(b"[1]").decode(), "not base64 of JSON"),
        (base64.b64encode(b"{}").decode(), "not base64 of JSON"),
        (secret(data="%%%"), "not base64 of JSON"),
        (secret(data=None), "not base64 of JSON"),
        (secret(dataType="pem"), "of type 'pem', not pfx"),
        (secret(data=base64.b64encode(b"something else").decode()), "the PFX cannot be read"),
        (secret(password="wrong"), "the PFX cannot be read"),  # noqa: S106 - of nothing
        (secret(data=only_certificate(), password=""), "no key with its certificate"),
        (secret(data=only_key()), "no key with its certificate"),
    ],
)
def test_anything_else_is_refused_with_its_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(CertificateError, match=reason):
        server_context(text, scratch=tmp_path)
    assert list(tmp_path.iterdir()) == []
