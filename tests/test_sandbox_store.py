"""Ids and the store behind the sandbox's Azure."""

from __future__ import annotations

import pytest

from imagesmith.sandbox.store import ResourceId, Store, parse_id

VERSION = "/subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/galleries/g/images/d/versions/1.0.0"


def known(text: str) -> ResourceId:
    found = parse_id(text)
    assert found is not None
    return found


def test_an_id_is_read_in_any_case_and_written_as_azure_does() -> None:
    lowered = known(VERSION.lower())
    assert str(known(VERSION)) == VERSION
    assert str(lowered).lower() == VERSION.lower()
    assert known(VERSION).type == "Microsoft.Compute/galleries/images/versions"
    assert str(known(VERSION).parent.parent).endswith("/galleries/g")
    assert str(known(VERSION).parent.parent.parent) == "/subscriptions/S/resourceGroups/G"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/subscriptions/S",
        "/subscriptions/S/resourceGroups",
        "/x/S/resourceGroups/G",
        VERSION + "/extra",
        "/subscriptions/S/resourceGroups/G/providers/P",
        "/subscriptions//resourceGroups/G",
    ],
)
def test_what_is_no_id_is_told(text: str) -> None:
    assert parse_id(text) is None


def test_case_is_kept_and_ignored() -> None:
    store = Store()
    store.put(known(VERSION), {"location": "westeurope"})
    replaced = store.put(known(VERSION.upper().replace("SUBSCRIPTIONS", "subscriptions")), {"location": "northeurope"})
    assert replaced.body["id"] == VERSION
    found = store.get(VERSION.lower())
    assert found is not None
    assert found.location == "northeurope"


def test_deleting_takes_what_is_below_and_nothing_beside() -> None:
    store = Store()
    group = known("/subscriptions/S/resourceGroups/G")
    for text in (str(group), str(group) + "2", str(known(VERSION).parent.parent), str(known(VERSION).parent), VERSION):
        store.put(known(text), {})
    gone = [str(resource.id) for resource in store.delete(group)]
    assert gone[0] == VERSION
    assert gone[-1] == str(group)
    assert [resource.id.group for resource in store] == ["G2"]


def test_a_store_survives_being_written() -> None:
    store = Store()
    store.put(known(VERSION), {"properties": {"a": [1]}}).hidden["image"] = "x"
    other = Store()
    other.load(store.dump())
    assert other.dump() == store.dump()
    with pytest.raises(ValueError, match="no resource id"):
        other.load([{"id": "nonsense", "body": {}, "hidden": {}}])
