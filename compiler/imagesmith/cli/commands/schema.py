"""`imagesmith schema`: the JSON Schema of the image template."""

from __future__ import annotations

import json

import click

from imagesmith.api_versions import NEWEST, VERSIONS, load_schema


@click.command("schema")
@click.option("--api-version", type=click.Choice(VERSIONS), default=NEWEST, show_default=True, metavar="VERSION")
def command(api_version: str) -> int:
    """Print the JSON Schema of the image template of one API version."""
    click.echo(json.dumps(load_schema(api_version), indent=2, ensure_ascii=False))
    return 0
