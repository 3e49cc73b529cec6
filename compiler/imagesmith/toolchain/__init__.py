"""A fit Packer and its plugins: found, identified, linked for a run, and, when asked for, installed."""

from imagesmith.toolchain.errors import ToolchainError
from imagesmith.toolchain.find import Packer, Source, find, require_azure
from imagesmith.toolchain.install import VENDOR, install, install_package, install_plugin
from imagesmith.toolchain.plugins import AZURE, WINDOWS_UPDATE, Plugin, find_plugins, link_plugins

__all__ = [
    "AZURE",
    "VENDOR",
    "WINDOWS_UPDATE",
    "Packer",
    "Plugin",
    "Source",
    "ToolchainError",
    "find",
    "find_plugins",
    "install",
    "install_package",
    "install_plugin",
    "link_plugins",
    "require_azure",
]
