"""How much of a template's scripts is looked through, and that it is said where something is not."""

from __future__ import annotations

from tests.linted import UBUNTU, advice, template


def test_a_script_too_long_hides_none_of_the_others() -> None:
    """Each that is not read counts; those behind it are read, and nothing is concluded from silence."""
    long = {"type": "Shell", "inline": ["# " + "x" * 100_000]}
    asking = {"type": "Shell", "inline": ["sudo apt-get install nginx"]}
    found = advice(template(long, asking, long, source=UBUNTU))
    assert [item.code for item in found] == ["IMG590", "IMG500"]
    assert "and so is 1 more" in found[0].message


def test_many_scripts_are_read_up_to_a_limit() -> None:
    """The whole is limited as each script is."""
    steps = [{"type": "Shell", "inline": ["# " + "x" * 49_990]} for _ in range(6)]
    (note,) = advice(template(*steps, source=UBUNTU))
    assert (note.code, note.severity.value) == ("IMG590", "note")
    assert "and so is 1 more" in note.message
