"""JSON data to the text of a JSON or YAML file that reads back to the same data."""

from __future__ import annotations

import json
from typing import Any

from imagesmith.source.yaml_scalars import is_text


def json_of(data: Any) -> str:  # JSON data
    """JSON with two spaces, in UTF-8."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def yaml_of(data: Any) -> str:  # JSON data
    """YAML 1.2 in block style; scripts stand as literal blocks, and texts that look like something else in quotes."""
    import yaml  # slow to load

    class Dumper(yaml.SafeDumper):
        """PyYAML's own, less anchors, and with quotes for what YAML 1.2 takes for no text."""

        def ignore_aliases(self, _data: Any) -> bool:
            """Every value is written out."""
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - its form
            """Sequences in mappings are indented."""
            super().increase_indent(flow, indentless=False)

    def of_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))

    Dumper.add_representer(str, of_text)
    return str(yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120))


def _style(text: str) -> str | None:
    """How a text is written: a block, quotes in which escapes count, quotes, or plain where PyYAML thinks it may be."""
    if not all(character.isprintable() or character == "\n" for character in text):
        return '"'  # other line ends than \n would be folded
    if "\n" in text:
        return "|" if not text.endswith("\n\n") and not text[0].isspace() else '"'
    return None if is_text(text) else "'"
