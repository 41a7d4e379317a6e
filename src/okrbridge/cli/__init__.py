"""The command line: every command, its exit code, and what it prints where.

Results go to stdout, diagnostics to stderr. Exit codes: 0 good; 1 findings; 2 wrong usage or configuration;
3 only warnings, under ``--strict``; 4 a source or the database cannot be reached.
"""

from __future__ import annotations

import sys

from okrbridge.cli.application import make_app
from okrbridge.cli.exit_codes import GOOD, exit_code_of
from okrbridge.errors import DefinitionError, OkrbridgeError


def run() -> None:
    """Run the command line and leave with its exit code; errors of okrbridge are told without a traceback."""
    try:
        make_app()()
    except DefinitionError as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - the command line prints
        sys.exit(exit_code_of(problem))
    except OkrbridgeError as problem:
        print(f"okrbridge: {problem}", file=sys.stderr)  # noqa: T201 - the command line prints
        sys.exit(exit_code_of(problem))
    except SystemExit as leaving:
        # typer leaves with 1, our findings, when the reader of a pipe goes away, as in `okrbridge evaluate | head`.
        sys.exit(GOOD if isinstance(leaving.__context__, BrokenPipeError) else leaving.code)
