"""Writes `schemas/<api-version>.json` from the annotated properties in `tools/schema`.

python tools/make_schemas.py           writes the files
python tools/make_schemas.py --check   fails if a file differs from what would be written
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from schema.emit import VERSIONS, schema

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"


def main(arguments: list[str]) -> int:
    """Write or check all files; the exit code is 1 where a check found a difference."""
    texts = {SCHEMAS / f"{version}.json": text(version) for version in VERSIONS}
    if "--check" not in arguments:
        for path, wanted in texts.items():
            path.write_text(wanted, encoding="utf-8")
        return 0
    stale = [path.name for path, wanted in texts.items() if not path.exists() or path.read_text("utf-8") != wanted]
    for name in stale:
        print(f"schemas/{name} is not what tools/make_schemas.py writes; run it", file=sys.stderr)
    return 1 if stale else 0


def text(version: str) -> str:
    """A schema file's text."""
    return json.dumps(schema(version), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
