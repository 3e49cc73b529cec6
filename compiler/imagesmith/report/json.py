"""Diagnostics to JSON data: the form that scripts read."""

from imagesmith.diagnostics import to_json as diagnostic_to_json

__all__ = ["diagnostic_to_json"]
