"""``okrbridge templates …``: starting points for objectives and key results."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json, say
from okrbridge.domain.layers import LAYERS

if TYPE_CHECKING:
    from okrbridge.cli.template_files import Template

QUESTIONS = (
    "Can its value be measured every week?",
    "Would 70% of it still be worth having?",
    "Does a stranger understand it?",
    "Is it an outcome, and not a task?",
)
"""The sanity check of a key result; a no makes it a draft."""

EXPERIMENT = "experiment"
"""The template for what is exploratory."""

_PEOPLE = re.compile(r"\w[\w.@' -]{0,62}")
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@ -]{0,62}")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,40}[a-z0-9])?")
_YES, _NO = ("y", "yes"), ("n", "no")

_WANTED = {
    _NAME: "a-z, 0-9, - and .",
    _PEOPLE: "letters, digits, spaces and . _ @ ' -",
    _SERVICE: "A-Z, a-z, digits, spaces and . _ @ -, as it stands in the labels of its metrics",
}
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of a template, as `templates list` shows it.")]


def make_app() -> typer.Typer:
    """The subcommands."""
    app = typer.Typer(help="List, show and fill in starting points for key results.", no_args_is_help=True)
    app.command("list", short_help="List the templates; --layer L8 those of a layer.")(list_)
    app.command("show")(show)
    app.command("new", short_help="Fill in a template and print it.")(new)
    return app


def list_(
    layer: Annotated[str | None, typer.Option(metavar="L1…L10", help="Only those of this layer.")] = None,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """List the templates; with --layer also what is usually measured there."""
    from okrbridge.cli.template_files import all_templates

    if layer is not None and layer.upper() not in LAYERS:
        raise typer.BadParameter(f"{layer!r} is no layer; write one of {', '.join(LAYERS)}", param_hint="--layer")
    chosen = [one for one in all_templates() if layer is None or layer.upper() in one.layers]
    slis = LAYERS[layer.upper()].slis if layer is not None else ()
    if format is Format.JSON:
        print_json({"items": [_item(one) for one in chosen], "slis": list(slis)})
        return
    for one in chosen:
        typer.echo(f"{one.name:24} {one.group:11} {' '.join(one.layers):7} {one.title}")
    if slis:
        say(f"usually measured there: {', '.join(slis)}")


def show(
    name: NameArgument,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Print a template with its places to fill in."""
    from okrbridge.cli.template_files import template

    found = template(name)
    if format is Format.JSON:
        print_json({**_item(found), "text": found.text})
    else:
        typer.echo(found.text, nl=False)


def new(
    name: NameArgument,
    cycle: Annotated[str, typer.Option(help="Name of the Cycle.")],
    team: Annotated[str, typer.Option(help="The team.")],
    owner: Annotated[str, typer.Option(help="Who answers for it.")],
    service: Annotated[str | None, typer.Option(help="The service that is measured; the team when not given.")] = None,
    called: Annotated[str | None, typer.Option(help="Name of the objective; the template's when not given.")] = None,
    answers: Annotated[
        str | None, typer.Option(metavar="YES,NO,…", help="Answers to the four questions; asked on a terminal.")
    ] = None,
    exploratory: Annotated[
        bool, typer.Option("--exploratory", help="Nobody knows yet what success is: make it a hypothesis.")
    ] = False,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there; stdout when not given.")] = None,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Fill in a template. It is a draft unless every question of the sanity check is answered with yes.

    Such as: okrbridge templates new uptime --cycle 2026-q4 --team shop --owner maria > config/uptime.yaml
    """
    from okrbridge.cli.okr_dates import named_cycle
    from okrbridge.cli.template_files import template

    found = template(EXPERIMENT if exploratory else name)
    if exploratory and name != EXPERIMENT:
        say(f"what is exploratory has no target yet: this is the template {EXPERIMENT}, a hypothesis, not {name}")
    values = {
        "name": _checked(_NAME, called or found.name, "--called"),
        "cycle": _checked(_NAME, named_cycle(cycle), "--cycle"),
        "team": _checked(_PEOPLE, team, "--team"),
        "owner": _checked(_PEOPLE, owner, "--owner"),
        "service": _checked(_SERVICE, service or team, "--service"),
        "state": "active" if _passes(_answered(answers)) else "draft",
    }
    _write(found.filled(values), output)


def _item(one: Template) -> dict[str, object]:
    return {"name": one.name, "title": one.title, "group": one.group, "layers": list(one.layers)}


def _checked(pattern: re.Pattern[str], text: str, option: str) -> str:
    """Plain words only: they are put into YAML and into queries."""
    if not pattern.fullmatch(text):
        raise typer.BadParameter(f"{text!r}: write {_WANTED[pattern]}", param_hint=option)
    return text


def _answered(answers: str | None) -> Sequence[bool] | None:
    """The answers given, or asked for on a terminal; None where nobody can be asked."""
    if answers is not None:
        given = [one.strip().casefold() for one in answers.split(",")]
        if len(given) != len(QUESTIONS) or not set(given) <= {*_YES, *_NO}:
            message = f"{answers!r}: write yes or no for each of the {len(QUESTIONS)} questions, such as yes,yes,no,yes"
            raise typer.BadParameter(message, param_hint="--answers")
        return [one in _YES for one in given]
    if sys.stdin.isatty():
        return [typer.confirm(question, err=True) for question in QUESTIONS]
    return None


def _passes(answers: Sequence[bool] | None) -> bool:
    if answers is None:
        say("nobody was asked the four questions of the sanity check: it is a draft; give --answers")
        return False
    for question, is_yes in zip(QUESTIONS, answers, strict=True):
        if not is_yes:
            say(f"draft: {question} No")
    return all(answers)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise typer.BadParameter(f"{output} is there already and is not overwritten", param_hint="--output") from None
    say(f"written to {output}; check it with okrbridge validate")
