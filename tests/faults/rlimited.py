"""Runs a build through the library with a limit on the size of files, as a full disk: `rlimited.py FOLDER BYTES JSON`.

Prints the result as JSON. A mount of its own size needs rights that a test should not need; writing beyond the limit
fails in the same place with another number (EFBIG for ENOSPC).
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from imagesmith.events import Notice, result_json
from tests.faults.stand import Stand


def main() -> None:
    """One run."""
    folder, limit, acts = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
    stand = Stand(folder=folder)
    program = stand.packer(build=acts)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    result = stand.run(program=program)
    notes = [event.text for event in stand.of(Notice)]
    print(json.dumps({"result": result_json(result), "notes": notes, "commands": stand.commands}))


if __name__ == "__main__":
    main()
