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
        help="The bridge from service telemetry to company goals: exact SLO ledgers that move OKR key results.",
        epilog="Exit codes: 0 good, 1 findings, 2 wrong usage or configuration, 3 only warnings under --strict, "
        "4 a source or the database cannot be reached.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.command("init")(init.init)
    app.command("serve")(serve.serve)
    app.command("demo")(demo.demo)
    app.command("validate")(validate.validate)
    app.command("import")(import_.import_)
    app.command("plan")(plan.plan)
    app.command("evaluate")(evaluate.evaluate)
    app.command("backfill")(backfill.backfill)
    app.command("explain")(explain.explain)
    app.add_typer(cycle.make_app(), name="cycle")
    app.add_typer(database.make_app(), name="db")
    app.add_typer(config.make_app(), name="config")
    app.add_typer(templates.make_app(), name="templates")
    app.add_typer(token.make_app(), name="token")
    app.command("version")(version.version)
    return app
