"""A login of Azure's SDKs that is made when it is first used: to load them takes longer than to compile a template."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential


class DeferredCredential:
    """A `TokenCredential` of Azure's SDKs; several threads may ask it."""

    def __init__(self, make: Callable[[], TokenCredential]) -> None:
        self._make = make
        self._made: TokenCredential | None = None
        self._lock = Lock()

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:  # keyword arguments as SDKs define them
        """A token as the login itself gives it.

        Raises what that raises, and ClientAuthenticationError for a login that cannot be made of its values.
        """
        return self.made().get_token(*scopes, **options)

    def made(self) -> TokenCredential:
        """The login itself. Raises ClientAuthenticationError."""
        with self._lock:
            if self._made is None:
                try:
                    self._made = self._make()
                except ValueError as error:
                    from azure.core.exceptions import ClientAuthenticationError

                    raise ClientAuthenticationError(f"the login cannot be used: {error}") from error
            return self._made
