"""The command line: every command, its exit code, and what it prints where.

Results go to stdout, diagnostics to stderr. Exit codes: 0 good; 1 findings, or the result cannot be written; 2 wrong
usage or configuration; 3 only warnings, under ``--strict``; 4 a source or the database cannot be reached.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

from okrbridge.cli.application import make_app
from okrbridge.cli.exit_codes import FINDINGS, GOOD, exit_code_of
from okrbridge.errors import DefinitionError, OkrbridgeError


def run() -> None:
    """Run the command line and leave with its exit code; errors of okrbridge are told without a traceback."""
    _write_what_can_be_written()
    try:
        make_app()()
    except DefinitionError as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - the command line prints
        sys.exit(exit_code_of(problem))
    except OkrbridgeError as problem:
        print(f"okrbridge: {problem}", file=sys.stderr)  # noqa: T201 - the command line prints
        sys.exit(exit_code_of(problem))
    except OSError as problem:
        print(f"okrbridge: {_in_words(problem)}", file=sys.stderr)  # noqa: T201 - the command line prints
        _drop_unwritten()
        sys.exit(FINDINGS)
    except SystemExit as leaving:
        # typer leaves with 1, our findings, when the reader of a pipe goes away, as in `okrbridge evaluate | head`.
        sys.exit(GOOD if isinstance(leaving.__context__, BrokenPipeError) else leaving.code)


def _write_what_can_be_written() -> None:
    """A name in letters that the terminal's encoding lacks is shown with question marks and fails nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _in_words(problem: OSError) -> str:
    reason = problem.strerror or str(problem)
    return f"{problem.filename}: {reason}" if problem.filename else f"cannot read or write: {reason}"


def _drop_unwritten() -> None:
    """Let what stdout did not take go nowhere: the interpreter tries it again when it ends, and fails again."""
    with suppress(OSError, ValueError):
        stdout = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stdout)
        os.close(nowhere)
