"""JSON Schemas of the image template, one per API version; data, read through importlib.resources."""
