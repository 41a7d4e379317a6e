"""Options that every subcommand takes."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from okrbridge.domain.windows import EARLIEST


class Format(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="DIR", help="Folder or file with the definitions [env: OKRBRIDGE_CONFIG; default: config]."
    ),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        metavar="URL",
        help="sqlite:///FILE or postgresql://USER@HOST/NAME [env: OKRBRIDGE_DATABASE_URL; default: sqlite:///okrbridge.db].",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How results are printed.")]


_DATE_DIGITS = 8


def instant(text: str) -> datetime:
    """Read an instant for ``--at``: RFC 3339, a plain date, or epoch seconds; without a zone it is UTC.

    Raises:
        typer.BadParameter: anything else, and an instant before 1990.
    """
    try:
        at = datetime.fromtimestamp(float(text), UTC) if _is_seconds(text) else datetime.fromisoformat(text)
        utc = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError) as problem:
        message = f"{text!r} is not an instant; write one such as 2026-11-21T12:00:00Z"
        raise typer.BadParameter(message) from problem
    if utc < EARLIEST:
        message = f"{text!r} lies before 1990; write an instant such as 2026-11-21T12:00:00Z"
        raise typer.BadParameter(message)
    return utc


def _is_seconds(text: str) -> bool:
    """Eight digits are a date, such as 20261120: as seconds they would lie before 1974."""
    return text.replace(".", "", 1).isdigit() and not (text.isdigit() and len(text) == _DATE_DIGITS)


AtOption = Annotated[
    datetime | None,
    typer.Option(
        "--at", parser=instant, metavar="TIME", help="Evaluate as of this instant, such as 2026-11-21T12:00:00Z."
    ),
]
