"""The compiled validators: yes or no, fast."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs

from imagesmith.api_versions import VERSIONS, load_schema

# The published schema insists on both. A caller may supply the location (`--location`), and a local build does not use
# the identity: other checks speak of them.
_NOT_INSISTED_ON = frozenset({"location", "identity"})


@lru_cache(maxsize=len(VERSIONS))
def checked_schema(version: str) -> Mapping[str, Any]:  # a JSON Schema document
    """The schema of an API version as the check uses it. Raises ValueError for an unknown version."""
    schema = load_schema(version)
    return {**schema, "required": [name for name in schema["required"] if name not in _NOT_INSISTED_ON]}


def accepts(version: str, data: Any) -> bool:  # plain JSON data of any shape
    """Whether the data fits the schema of an API version."""
    return _compiled(version).is_valid(data)


@lru_cache(maxsize=len(VERSIONS))
def _compiled(version: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(dict(checked_schema(version)))
