"""The ``Authorization`` headers of one connection to a login that holds for it, until the machine restarts."""

from __future__ import annotations

import base64
import binascii
import secrets
import time

from imagesmith.diagnostics import Rule, Severity
from imagesmith.sandbox.windows.host import Host
from imagesmith.sandbox.windows.ntlm import Accepted, Acceptor, Challenge, Refused, Step

LOGIN_REFUSED = Rule(
    code="IMG910",
    severity=Severity.WARNING,
    title="nobody has got into the Windows machine",
    cause="Every login over WinRM was refused. Packer does not say why: it tries again until winrm_timeout is over.",
    fix="see the reason; Windows images in Azure take NTLM only, with the account of the deployment",
    example="imagesmith sandbox -- packer build with-basic-login",
    corrected="imagesmith sandbox -- packer build with-ntlm",
    source="winrm.md §2",
)


class Login:
    """Who is at the other end of a connection. `boot` in its functions is any object that changes with a restart."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._acceptor: Acceptor | None = None
        self._user: str | None = None
        self._boot: object = None

    @property
    def succeeded(self) -> bool:
        """Whether somebody has ever logged in on this connection."""
        return self._boot is not None

    def user(self, boot: object) -> str | None:
        """Who has logged in on this connection since the machine booted."""
        return self._user if self._boot is boot else None

    def step(self, authorization: str, boot: object) -> Step:
        """Take a header. Only NTLM under the name of Negotiate is known: Azure's images refuse Basic (winrm.md §2)."""
        self._user = None
        scheme, _, text = authorization.strip().partition(" ")
        if scheme.lower() != "negotiate":
            return Refused(reason=f"the client tried {scheme[:20]!r}, which Windows images in Azure refuse")
        try:
            token = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            return Refused(reason="the token is no base64")
        step = self._take(token)
        if isinstance(step, Accepted):
            self._user, self._boot = step.user, boot
        if not isinstance(step, Challenge):
            self._acceptor = None
        return step

    def _take(self, token: bytes) -> Step:
        if self._acceptor is None:
            self._acceptor = Acceptor(
                computer=self._host.computer,
                users=self._host.users,
                challenge=secrets.token_bytes(8),
                unix_time_s=time.time(),
            )
        return self._acceptor.step(token)
