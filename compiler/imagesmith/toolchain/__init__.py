"""A fit Packer and its plugins: found, identified and linked for a run; `install` gets them when asked for."""

from imagesmith.toolchain.errors import ToolchainError
from imagesmith.toolchain.find import Packer, Source, find, require_azure
from imagesmith.toolchain.plugins import AZURE, WINDOWS_UPDATE, Plugin, find_plugins, link_plugins

__all__ = [
    "AZURE",
    "WINDOWS_UPDATE",
    "Packer",
    "Plugin",
    "Source",
    "ToolchainError",
    "find",
    "find_plugins",
    "link_plugins",
    "require_azure",
]
