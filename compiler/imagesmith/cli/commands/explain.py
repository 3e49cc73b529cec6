"""`imagesmith explain CODE`: cause, example and fix of a diagnostic."""

from __future__ import annotations

import difflib

import click

from imagesmith.report.explain import explain, rules


@click.command("explain")
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """Explain a diagnostic's code (IMG123); without one, list them all."""
    if code is None:
        for rule in rules():
            click.echo(f"{rule.code}  {rule.severity:<7}  {rule.title}")
        return 0
    text = explain(code.upper())
    if text is None:
        known = [rule.code for rule in rules()]
        near = difflib.get_close_matches(code.upper(), known, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; `imagesmith explain` lists them all"
        raise click.UsageError(f"there is no diagnostic '{code}'{hint}")
    click.echo(text)
    return 0
