"""Records of runs to text for people and to JSON data for scripts."""

from imagesmith.report.runs.data import difference_json, run_json, story_json
from imagesmith.report.runs.text import difference_lines, list_lines, log_line, run_word, story_lines

__all__ = [
    "difference_json",
    "difference_lines",
    "list_lines",
    "log_line",
    "run_json",
    "run_word",
    "story_json",
    "story_lines",
]
