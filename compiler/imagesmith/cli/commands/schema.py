"""`imagesmith schema`: the JSON Schema of the image template."""

from __future__ import annotations

import click

from imagesmith.api_versions import DEPRECATED, NEWEST, VERSIONS, is_strict, load_schema


@click.command("schema")
@click.option("--api-version", type=click.Choice(VERSIONS), default=NEWEST, show_default=True, metavar="VERSION")
@click.option("--list", "listing", is_flag=True, help="List the API versions, the oldest first.")
@click.option("--events", is_flag=True, help="Print the schema of events (events.ndjson, --output ndjson) instead.")
def command(api_version: str, *, listing: bool, events: bool) -> int:
    """Print the JSON Schema of the image template of one API version, or of the events of a run."""
    if events:
        from importlib.resources import files

        from imagesmith.events import EVENT_FORMAT

        schema = files("imagesmith.schemas").joinpath(f"events-{EVENT_FORMAT}.json")
        click.echo(schema.read_text(encoding="utf-8"), nl=False)
        return 0
    if listing:
        for version in VERSIONS:
            reading = "strict" if is_strict(version) else "lenient"
            click.echo(f"{version}  {reading}{', deprecated' if version in DEPRECATED else ''}")
        return 0
    import json

    click.echo(json.dumps(load_schema(api_version), indent=2, ensure_ascii=False))
    return 0
