"""`imagesmith explain CODE…`: cause, example, fix and silencing of diagnostics."""

from __future__ import annotations

import difflib

import click

from imagesmith.diagnostics import Rule
from imagesmith.report.explain import explain, rule_of, rules, to_json
from imagesmith.report.json import json_text


@click.command("explain")
@click.argument("codes", nargs=-1, metavar="[CODE]…")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(codes: tuple[str, ...], form: str) -> int:
    """Explain diagnostics by their codes (IMG123); without any, list them all."""
    chosen = [_known(code) for code in codes] if codes else list(rules())
    if form == "json":
        click.echo(json_text({"rules": [to_json(rule) for rule in chosen]}))
    elif codes:
        click.echo("\n".join(explain(rule.code) or "" for rule in dict.fromkeys(chosen)))
    else:
        for rule in chosen:
            click.echo(f"{rule.code}  {rule.severity:<7}  {rule.category:<11}  {rule.title}")
    return 0


def _known(code: str) -> Rule:
    rule = rule_of(code)
    if rule is None:
        near = difflib.get_close_matches(code.upper(), [rule.code for rule in rules()], n=1)
        hint = f"; did you mean {near[0]}?" if near else "; `imagesmith explain` lists them all"
        raise click.UsageError(f"there is no diagnostic '{code}'{hint}")
    return rule
