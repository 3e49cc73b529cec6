"""Faults on demand: rules such as ``PUT */virtualMachines/* 429 x3``, and what a request meets because of them.

`rules` reads them, `effects` is the table of what they can do, `meeting` counts requests and decides.
"""

from imagesmith.sandbox.faults.effects import EFFECTS, Cut, Ended, Outcome, Refuse, Reset
from imagesmith.sandbox.faults.meeting import Faults, Met
from imagesmith.sandbox.faults.rules import FaultRule, FaultSyntaxError, parse

__all__ = [
    "EFFECTS",
    "Cut",
    "Ended",
    "FaultRule",
    "FaultSyntaxError",
    "Faults",
    "Met",
    "Outcome",
    "Refuse",
    "Reset",
    "parse",
]
