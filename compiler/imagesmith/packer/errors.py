"""The one exception of running Packer; what went wrong stands in its diagnostic."""

from __future__ import annotations

from imagesmith.diagnostics import Diagnostic


class PackerError(Exception):
    """Packer could not be run, or left something that cannot be used."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
