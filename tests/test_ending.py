"""SIGTERM and SIGHUP outside of a build: the program ends with 143 and says nothing, wherever they strike."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

STRIKE = """
import os, signal, sys
from imagesmith.cli import main

class Strikes:
    def find_spec(self, name, path, target=None):
        if name == os.environ["MODULE"]:
            try:
                os.kill(os.getpid(), int(os.environ["SIGNAL"]))
                for _ in range(1000):
                    pass                        # a handler runs between two instructions
            except BaseException as error:
                raise ImportError("a module that takes every exception for its own") from error
        return None

sys.meta_path.insert(0, Strikes())
signal.signal(signal.SIGHUP, signal.SIG_DFL)    # the caller may want it to be passed over
sys.argv[1:] = ["explain", "IMG335"]
main()
"""
OF_THE_COMMAND, LATER = "imagesmith.cli.commands.explain", "imagesmith.convert.rules"


@pytest.mark.parametrize("module", [OF_THE_COMMAND, LATER])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle_of_an_import_ends_the_program_quietly(module: str, number: signal.Signals) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STRIKE],
        env={"PATH": os.environ["PATH"], "MODULE": module, "SIGNAL": str(int(number))},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (143, "", "")


def test_a_module_that_is_missing_is_still_told() -> None:
    """Without a signal it is a bug."""
    code = STRIKE.replace('os.kill(os.getpid(), int(os.environ["SIGNAL"]))', "raise ValueError(1)")
    assert code != STRIKE
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "MODULE": LATER},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 70
    assert "a bug of imagesmith's own" in done.stderr
