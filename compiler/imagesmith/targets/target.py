"""The Packer that a plan is for: its version, its azure plugin's, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass

from imagesmith.targets.options import Option
from imagesmith.versions import Version

OLDEST = Version(1, 6, 0)
WITH_PLUGINS = Version(1, 7, 0)
"""`required_plugins` and plugins beside Packer came with 1.7."""

WITHOUT_BUNDLED = Version(1, 10, 0)
"""From here on azure-arm is never part of Packer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A Packer. `azure` is None for the one built into Packer 1.6, `windows_update` where that plugin is absent.

    A `bundled_azure` is a plugin inside Packer's own program: it serves only files that do not ask for the plugin.
    """

    packer: Version
    azure: Version | None
    windows_update: Version | None
    bundled_azure: bool = False

    @property
    def takes_plugins(self) -> bool:
        """Whether plugins are named in `required_plugins`."""
        return self.packer >= WITH_PLUGINS

    def has_azure(self, major: int, minor: int, patch: int = 0) -> bool:
        """Whether the azure plugin is of this version or a newer one."""
        return self.azure is not None and self.azure >= Version(major, minor, patch)

    def knows(self, option: Option) -> bool:
        """Whether this Packer knows an option."""
        if option.component != "azure-arm":
            return self.packer >= option.packer
        return option.old if self.azure is None else self.azure >= option.azure

    def __str__(self) -> str:
        azure = "its built-in azure-arm" if self.azure is None else f"azure plugin {self.azure}"
        return f"Packer {self.packer} with {azure}"


NEWEST = Target(packer=Version(1, 16, 0), azure=Version(2, 6, 3), windows_update=Version(0, 18, 4))
"""The newest versions that the tables were made from."""


def target_for(packer: Version, azure: Version | None = None, windows_update: Version | None = None) -> Target:
    """The target for a Packer. Between 1.7 and 1.9 an azure plugin of the 1.x series is bundled (packer.md §8)."""
    if packer < WITH_PLUGINS:
        return Target(packer=packer, azure=None, windows_update=windows_update)
    if azure is None and packer < WITHOUT_BUNDLED:
        return Target(packer=packer, azure=Version(1, 4, 0), windows_update=windows_update, bundled_azure=True)
    return Target(packer=packer, azure=azure or NEWEST.azure, windows_update=windows_update)
