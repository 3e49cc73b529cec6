"""The table of all rules: complete, without two rules of one code, and each with something to say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import imagesmith
from imagesmith.cli import command
from imagesmith.convert.texts import yaml_of
from imagesmith.diagnostics import CATEGORIES, Category, Rule, category_of
from imagesmith.pipeline import compile_text
from imagesmith.report.explain import collect, explain, rules
from imagesmith.source import json_rules, read_text, yaml_rules
from imagesmith.source.file_rules import DUPLICATE_KEY
from imagesmith.source.yaml_rules import TOO_MANY_ALIASES
from tests.test_policy import TEXT

SYNTAX_RULES = [rule for module in (json_rules, yaml_rules) for rule in vars(module).values() if isinstance(rule, Rule)]


def test_every_code_in_the_source_text_is_in_the_table() -> None:
    package = Path(imagesmith.__file__).parent
    written = {
        code for file in package.rglob("*.py") for code in re.findall(r'code="(IMG\d+)"', file.read_text("utf-8"))
    }
    assert {rule.code for rule in rules()} == written


def test_rules_are_sorted_and_say_what_to_do() -> None:
    codes = [rule.code for rule in rules()]
    assert codes == sorted(set(codes))
    assert [rule.code for rule in rules() if not (rule.title and rule.cause and rule.fix and rule.source)] == []


def test_rules_about_a_template_show_it_wrong_and_right() -> None:
    about_templates = [rule for rule in rules() if int(rule.code[3:]) < 600]
    incomplete = [rule.code for rule in about_templates if not (rule.example and rule.corrected)]
    assert incomplete == []
    assert [rule.code for rule in about_templates if rule.example == rule.corrected] == []


def test_titles_and_remedies_about_a_template_read_alike() -> None:
    """They stand beside messages and hints made on the spot, which begin in lower case."""
    texts = [text for rule in rules() if int(rule.code[3:]) < 600 for text in (rule.title, rule.fix)]
    names = ("Azure", "Bicep", "Invoke-WebRequest", "Linux", "Packer", "PowerShell", "Windows")
    assert [text for text in texts if re.match("[A-Z][a-z ]", text) and not text.startswith(names)] == []


@pytest.mark.parametrize(
    ("code", "category"),
    [("IMG000", "syntax"), ("IMG149", "deployment"), ("IMG150", "settings"), ("IMG449", "translation"),
     ("IMG450", "target"), ("IMG599", "lint"), ("IMG999", "sandbox")],
)  # fmt: skip
def test_the_category_follows_from_the_code(code: str, category: str) -> None:
    assert category_of(code) == category


def test_every_category_has_its_codes_and_a_heading() -> None:
    assert [category for _, category, _ in CATEGORIES] == list(Category)
    firsts = [first for first, _, _ in CATEGORIES]
    assert firsts == sorted(set(firsts))


def test_explain_shows_every_part_and_takes_any_case() -> None:
    text = explain(" img012 ")
    assert text is not None
    assert text.startswith("IMG012 (error, syntax): a key stands twice in one object\n\nCause:\n  Readers of JSON")
    assert [line for line in text.split("\n") if line.endswith(":")] == [
        "Cause:", "Example:", "Corrected:", "Fix:", "Silence:", "Source:",
    ]  # fmt: skip
    assert f"Corrected:\n  {DUPLICATE_KEY.corrected}\n" in text


def test_explain_says_how_to_silence() -> None:
    assert "// imagesmith: ignore IMG410 reason" in (explain("IMG410") or "")
    assert "cannot be silenced" in (explain("IMG012") or "")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), standalone_mode=False)


def test_several_codes_are_explained_at_once() -> None:
    assert run("explain", "img012", "IMG410", "IMG012").stdout == f"{explain('IMG012')}\n{explain('IMG410')}\n"


def test_explanations_for_scripts() -> None:
    [rule] = json.loads(run("explain", "IMG410", "--format", "json").stdout)["rules"]
    assert (rule["code"], rule["severity"], rule["category"]) == ("IMG410", "note", "translation")
    everything = json.loads(run("explain", "--format", "json").stdout)["rules"]
    assert [one["code"] for one in everything] == [one.code for one in rules()]


def test_an_unknown_code_is_told_with_the_nearest() -> None:
    assert "did you mean IMG410?" in str(run("explain", "IM410").exception)


def test_versions_of_the_schema_are_listed_and_printed() -> None:
    listed = run("schema", "--list").stdout.splitlines()
    assert listed[0] == "2019-05-01-preview  lenient, deprecated"
    for line in listed:
        version = line.partition(" ")[0]
        assert version in json.loads(run("schema", "--api-version", version).stdout)["title"]


def test_editors_may_be_told_of_the_schema() -> None:
    text = yaml_of({"$schema": "https://example.com/schema.json", **json.loads(TEXT)})
    found = compile_text(f"# yaml-language-server: $schema=https://example.com/s.json\n{text}", filename="t.yaml")
    assert [one.code for one in found.diagnostics] == ["IMG410", "IMG389"]
    assert compile_text(json.dumps({"$schema": "x", **json.loads(TEXT)}), filename="t.json").ok


@pytest.mark.parametrize("code", ["IMG", "IMG9999", "", "012"])
def test_an_unknown_code_has_no_explanation(code: str) -> None:
    assert explain(code) is None


def example(text: str) -> str:
    """A rule's example as a whole file: pieces of an object are put into one."""
    is_member = text.startswith('"') and '":' in text
    return "{" + text + "}" if is_member else text


@pytest.mark.parametrize(
    "rule",
    # the example of too many aliases says in words how it goes on
    [rule for rule in (DUPLICATE_KEY, *SYNTAX_RULES) if rule is not TOO_MANY_ALIASES],
    ids=lambda rule: rule.code,
)
def test_examples_have_the_problem_and_the_corrected_ones_do_not(rule: Rule) -> None:
    name = "t.yaml" if "YAML" in rule.source else "t.json"
    wrong = example(rule.example.replace("<TAB>", "\t"))
    assert rule.code in {diagnostic.code for diagnostic in read_text(wrong, filename=name).diagnostics}
    assert all(found.code != rule.code for found in read_text(example(rule.corrected), filename=name).diagnostics)


def module(folder: Path, text: str) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text(f"from imagesmith.diagnostics import Rule, Severity\n{text}", encoding="utf-8")


def row(name: str, code: str, title: str) -> str:
    return f'{name} = Rule(code="{code}", severity=Severity.NOTE, title="{title}", cause="-", fix="-")\n'


def test_rules_are_found_where_they_are_defined_and_nothing_else_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "fabrikam"
    module(package / "__init__.py", "")
    module(package / "slow.py", "raise RuntimeError('imported without need')\n")
    module(package / "checks" / "__init__.py", row("ONE", "IMG902", "one"))
    module(package / "checks" / "inner.py", "from fabrikam.checks import ONE\n" + row("TWO", "IMG901", "two"))
    module(package / "optional.py", "import a_package_that_nobody_has\n" + row("THREE", "IMG903", "three"))
    assert [rule.title for rule in collect("fabrikam", [str(package)])] == ["two", "one"]


def test_two_rules_with_one_code_are_our_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "contoso"
    module(package / "__init__.py", "")
    module(package / "a.py", row("ONE", "IMG901", "one"))
    module(package / "b.py", row("TWO", "IMG901", "two"))
    with pytest.raises(ValueError, match="two rules have the code IMG901: 'one' and 'two'"):
        collect("contoso", [str(package)])
