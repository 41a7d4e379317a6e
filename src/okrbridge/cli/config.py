"""``okrbridge config …``: documents about the configuration itself."""

from __future__ import annotations

import typer

from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json


def make_app() -> typer.Typer:
    """The subcommands."""
    app = typer.Typer(help="Print the schemas of what okrbridge reads and answers.", no_args_is_help=True)
    app.command("schema")(schema)
    app.command("openapi")(openapi)
    return app


def schema(
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.JSON,
) -> None:
    """Print the JSON Schema of the documents, for editors and CI.

    Put `# yaml-language-server: $schema=okrbridge.schema.json` on top of a file to have it checked as you type.
    """
    from okrbridge.definitions.json_schema import json_schema

    print_json(json_schema())


def openapi(
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.JSON,
) -> None:
    """Print the OpenAPI document of the HTTP API."""
    from okrbridge.api.openapi import openapi_document

    print_json(openapi_document())
