"""`make demo`: a Linux template with a gallery output, checked, compiled and built in a sandbox, without an account."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "fixtures/valid/linux-gallery-quickstart/template.json"


def main() -> int:
    """Run the commands that a user would, and show them."""
    with tempfile.TemporaryDirectory(prefix="imagesmith-demo-") as folder:
        for arguments in (
            ["validate", TEMPLATE],
            ["compile", TEMPLATE, "-o", str(Path(folder) / "out")],
            ["build", TEMPLATE, "--sandbox"],
        ):
            status = run(arguments)
            if status:
                return status
    return 0


def run(arguments: list[str]) -> int:
    """One command, shown before it runs."""
    print(f"\n$ imagesmith {' '.join(arguments)}", flush=True)
    return subprocess.run(
        [sys.executable, "-m", "imagesmith", *arguments], cwd=ROOT, env=dict(os.environ), check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
