"""Jinja templates of the files that are written; data, read through importlib.resources."""
