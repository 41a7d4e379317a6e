"""The commands, put together. Each imports what it needs when it runs, so that ``--help`` stays fast."""

from __future__ import annotations

import typer

from okrbridge.cli import (
    backfill,
    config,
    cycle,
    database,
    demo,
    evaluate,
    explain,
    import_,
    incident,
    init,
    plan,
    serve,
    templates,
    token,
    validate,
    version,
)


def make_app() -> typer.Typer:
    """The command line application."""
    app = typer.Typer(
        name="okrbridge",
        epilog="Exit codes: 0 good, 1 findings, 2 wrong usage or configuration, 3 only warnings under --strict, "
        "4 a source or the database cannot be reached.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(version.root)
    app.command("init", short_help="Write a first configuration, with comments.")(init.init)
    app.command("serve", short_help="Evaluate every slice; serve the HTTP API and /metrics.")(serve.serve)
    app.command("demo", short_help="Show it all on a simulated fleet with its history.")(demo.demo)
    app.command("validate", short_help="Check definitions; name every fault with its place.")(validate.validate)
    app.command("import", short_help="Turn Sloth, Pyrra, or a spreadsheet into documents.")(import_.import_)
    app.command("plan", short_help="Show what sources are asked at every slice.")(plan.plan)
    app.command("evaluate", short_help="Evaluate once; print SLOs and key results.")(evaluate.evaluate)
    app.command("backfill", short_help="Fill the ledger with history, newest first.")(backfill.backfill)
    app.command("explain", short_help="Show what is behind a number: question, formula, age.")(explain.explain)
    app.add_typer(cycle.make_app(), name="cycle")
    app.add_typer(incident.make_app(), name="incident")
    app.add_typer(database.make_app(), name="db")
    app.add_typer(config.make_app(), name="config")
    app.add_typer(templates.make_app(), name="templates")
    app.add_typer(token.make_app(), name="token")
    app.command("version", short_help="Print the version, and that of Python.")(version.version)
    return app
