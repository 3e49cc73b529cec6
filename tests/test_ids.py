"""Resource ids: taken apart and put together again, and refused with a reason but never with another error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.model.ids import (
    IdError,
    ResourceId,
    is_guid,
    is_version_number,
    parse_id,
    region_name,
    same_id,
)

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
NAMES = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=20)


@st.composite
def ids(draw: st.DrawFn) -> ResourceId:
    types = tuple(draw(st.lists(NAMES, max_size=4)))
    names = tuple(draw(NAMES) for _ in types)
    namespace = draw(NAMES) if types else ""
    return ResourceId(draw(NAMES), draw(NAMES), namespace, types, names)


@given(ids())
def test_an_id_survives_being_written_and_read(id_: ResourceId) -> None:
    assert parse_id(str(id_)) == id_


@given(NAMES, NAMES, NAMES, st.sampled_from(["sharedGalleries", "communityGalleries", "CommunityGalleries"]))
def test_a_public_gallerys_id_survives_too(gallery: str, image: str, version: str, kind: str) -> None:
    text = f"/{kind}/{gallery}/images/{image}/versions/{version}"
    assert str(parse_id(text)) == text
    assert parse_id(text).subscription is None


@given(st.text(st.sampled_from("/ab"), max_size=30) | st.text(max_size=60))
def test_any_text_is_an_id_or_refused_with_a_reason(text: str) -> None:
    try:
        found: ResourceId | str = parse_id(text)
    except IdError as error:
        found = str(error)
    assert found


@given(
    st.lists(
        st.sampled_from(
            ["subscriptions", "resourceGroups", "providers", "images", "versions", "sharedGalleries", "a", ""]
        ),
        max_size=11,
    )
)
def test_ids_with_parts_missing_are_refused_or_whole(parts: list[str]) -> None:
    text = "/" + "/".join(parts)
    try:
        found = parse_id(text)
    except IdError:
        return
    assert same_id(str(found), text)
    assert len(found.types) == len(found.names)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "starts with '/subscriptions/'"),
        ("web", "starts with '/subscriptions/'"),
        ("/", "an empty part"),
        (f"{GROUP}/", "an empty part"),
        (f"{GROUP}//providers/a/b/c", "an empty part"),
        ("/groups/a/resourceGroups/b", "not '/groups/'"),
        ("/subscriptions/a", "'/resourceGroups/<name>' must follow"),
        ("/subscriptions/a/resourceGroups", "name is missing"),
        (f"{GROUP}/provider/Microsoft.Compute/images/web", "not '/provider/'"),
        (f"{GROUP}/providers/Microsoft.Compute", "do not come in pairs"),
        (f"{GROUP}/providers/Microsoft.Compute/images", "do not come in pairs"),
        (f"{GROUP}/providers/Microsoft.Compute/images/web/versions", "do not come in pairs"),
        ("/sharedGalleries/contoso", "has the form '/sharedGalleries/<gallery>/images"),
        ("/communityGalleries/contoso/images", "has the form '/communityGalleries/"),
        ("/communityGalleries/contoso/pictures/web", "has the form '/communityGalleries/"),
    ],
)
def test_the_reason_names_the_wrong_part(text: str, reason: str) -> None:
    with pytest.raises(IdError) as error:
        parse_id(text)
    assert reason in str(error.value)


def test_parts_of_an_id() -> None:
    version = parse_id(f"{GROUP}/providers/Microsoft.Compute/galleries/g/images/web/versions/1.0.0")
    assert version.resource_type == "Microsoft.Compute/galleries/images/versions"
    assert version.is_type("microsoft.compute/GALLERIES/images/versions")
    assert version.name == "1.0.0"
    assert str(version.parent()) == f"{GROUP}/providers/Microsoft.Compute/galleries/g/images/web"
    assert version.parent(levels=2).name == "g"
    assert parse_id(GROUP).name == "contoso"
    assert parse_id(GROUP).resource_type == ""


def test_ids_are_compared_without_case_and_end() -> None:
    assert same_id(f"{GROUP}/", GROUP.upper())
    assert not same_id(GROUP, f"{GROUP}2")


@given(st.tuples(*[st.integers(0, 2**31 - 1)] * 3))
def test_three_int32_are_a_version(parts: tuple[int, int, int]) -> None:
    text = ".".join(map(str, parts))
    assert is_version_number(text)
    assert not is_version_number(f"0{text}")
    assert not is_version_number(f"{text}.0")


@pytest.mark.parametrize(
    "text", ["", "1", "1.0", "1.0.0.0", "01.0.0", "1.0.2147483648", "1.0.x", "latest", "1.0.٣", " 1.0.0"]
)
def test_no_versions(text: str) -> None:
    assert not is_version_number(text)


def test_guids() -> None:
    assert is_guid("00000000-0000-0000-0000-00000000ABCD")
    assert not is_guid("{00000000-0000-0000-0000-000000000000}")
    assert not is_guid("00000000000000000000000000000000")


@pytest.mark.parametrize("text", ["westeurope", "West Europe", "WESTEUROPE", "west europe"])
def test_regions_in_their_short_form(text: str) -> None:
    assert region_name(text) == "westeurope"
