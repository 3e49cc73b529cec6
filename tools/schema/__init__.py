"""The annotated source of the image template's schemas; `tools/make_schemas.py` writes `schemas/` from it."""
