"""The `packer` block: required versions of Packer and its plugins, pinned (packer.md §5.2)."""

from __future__ import annotations

from imagesmith.hcl import Block, attributes
from imagesmith.plan import Stage
from imagesmith.targets.target import Target
from imagesmith.versions import Version

AZURE = "github.com/hashicorp/azure"
WINDOWS_UPDATE = "github.com/rgl/windows-update"


def settings_block(stage: Stage, target: Target) -> Block | None:
    """`required_plugins` for the plugins that the stage uses; None where Packer knows no such block, or has them all.

    A plugin that is named there must be installed: the one bundled with Packer 1.7 to 1.9 does not count.
    """
    if not target.takes_plugins:
        return None
    wanted: dict[str, tuple[str, Version | None]] = {}
    if not target.bundled_azure:
        wanted["azure"] = (AZURE, target.azure)
    if any(block.labels == ("windows-update",) for step in stage.steps for block in step.blocks):
        wanted["windows-update"] = (WINDOWS_UPDATE, target.windows_update)
    plugins = attributes(
        **{
            name: {"source": source, "version": f"= {version}"}
            for name, (source, version) in wanted.items()
            if version is not None
        }
    )
    if not plugins:
        return None
    return Block(type="packer", blocks=(Block(type="required_plugins", attributes=plugins),))
