"""What the commands that fill history say of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from okrbridge.cli.exit_codes import FINDINGS, GOOD, exit_code_of_failure
from okrbridge.cli.output import say

if TYPE_CHECKING:
    from okrbridge.application.backfill import Filled


def tell_history(filled: Filled) -> None:
    """Say what the sources said beside their answers, and where their data begins."""
    from okrbridge.application.reports import rfc3339

    for text, times in filled.warnings.items():
        say(f"history: {text} ({times:,} times)")
    for source, begin in filled.no_data_before.items():
        say(f"history: source {source} has no data before {rfc3339(begin)}: it keeps less than the windows need, or")
        say("         nothing was there yet; the coverage shows how much of each window is known")


def tell_failures(filled: Filled, names: Mapping[str, str]) -> None:
    """Say why SLIs could not be filled, once for each reason.

    Args:
        names: of the SLIs, by key.
    """
    slis: dict[str, list[str]] = {}
    for key, failure in filled.failures.items():
        slis.setdefault(f"{failure.reason}: {failure.message}", []).append(names[key])
    for message, failed in slis.items():
        whose = f"{len(failed):,} SLIs such as {failed[0]}" if len(failed) > 1 else f"SLI {failed[0]}"
        say(f"history: {whose}: {message}")


def exit_code_of_history(filled: Filled) -> int:
    """4 when a source could not be asked, else 1 when something is left undone."""
    codes = {exit_code_of_failure(failure.reason) for failure in filled.failures.values()}
    return max(codes, default=GOOD if filled.is_complete else FINDINGS)
