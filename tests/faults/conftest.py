"""A fresh place for each fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.stand import Stand


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A fresh place."""
    return Stand(folder=tmp_path)
