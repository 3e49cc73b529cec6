"""Packer as a child process: how it is started, what its lines mean, which step is speaking, how it is stopped."""

from imagesmith.packer.cancel import CancelToken
from imagesmith.packer.environment import packer_environment, temporary_folder
from imagesmith.packer.errors import PackerError
from imagesmith.packer.log import PackerLog
from imagesmith.packer.marks import StepMark, step_marks
from imagesmith.packer.opening import shows_building
from imagesmith.packer.process import ProcessOutcome, run_packer
from imagesmith.packer.protocol import ArtifactCollector, Item, Record, Text, parse, read_manifest, ui_lines
from imagesmith.packer.reading import LineReader
from imagesmith.packer.scratch import scratch_folder
from imagesmith.packer.steps import StepTracker

__all__ = [
    "ArtifactCollector",
    "CancelToken",
    "Item",
    "LineReader",
    "PackerError",
    "PackerLog",
    "ProcessOutcome",
    "Record",
    "StepMark",
    "StepTracker",
    "Text",
    "packer_environment",
    "parse",
    "read_manifest",
    "run_packer",
    "scratch_folder",
    "shows_building",
    "step_marks",
    "temporary_folder",
    "ui_lines",
]
