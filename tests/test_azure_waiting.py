"""Operations of Azure that never end, and a wish to stop that came before or comes meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from imagesmith.azure.clients import AzureError
from imagesmith.azure.published import finish_version, withdraw_version
from imagesmith.model.ids import parse_id
from imagesmith.plan import Need, NeedKind
from imagesmith.sandbox.faults.rules import parse
from imagesmith.sandbox.options import SUBSCRIPTION_ID, SandboxOptions
from imagesmith.sandbox.session import Sandbox
from imagesmith.world import World

VERSION = parse_id(
    f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/images/providers/Microsoft.Compute/galleries/fabrikam/images/web"
    "/versions/1.0.0"
)


def promote(world: World) -> None:
    finish_version(VERSION, world, tags={"team": "web"}, without=(), show=False)


def remove(world: World) -> None:
    withdraw_version(VERSION, world)


@pytest.mark.parametrize(
    ("act", "wishes", "looks"),
    [(promote, [1], 1), (promote, [0, 0, 1], 2), (remove, [0, 0, 1], 3), (remove, [1, 1, 2], 3)],
    ids=["change-after-a-wish", "change-before-one", "removal-before-a-wish", "removal-after-one"],
)
def test_what_never_ends_is_given_up(
    act: Callable[[World], None], wishes: list[int], looks: int, tmp_path: Path
) -> None:
    """A change that is begun when the run is to stop already is given up at once, a removal with the next wish."""
    asked: list[int] = []

    def count() -> int:
        asked.append(wishes[min(len(asked), len(wishes) - 1)])
        return asked[-1]

    rules = tuple(parse(f"{method} */versions/1.0.0 never") for method in ("PUT", "DELETE"))
    options = SandboxOptions(state=tmp_path / "box", run_id="w", steps="record", faults=rules)
    with Sandbox(options, environment=os.environ) as sandbox:
        sandbox.seed((Need(kind=NeedKind.GALLERY_IMAGE_VERSION, id=str(VERSION), path=()),), os_type="Linux")
        with pytest.raises(AzureError) as raised:
            act(replace(sandbox.world, wishes_to_stop=count))
    assert raised.value.diagnostic.code == "IMG880"
    assert len(asked) >= looks
