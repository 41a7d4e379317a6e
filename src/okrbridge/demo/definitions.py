"""The example configuration, laid out for the demo with a cycle that is running now."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

import okrbridge
from okrbridge.demo.errors import DemoError

_CYCLE_FILE = "cycle.yaml"
_BEGAN_BEFORE = timedelta(weeks=3)
_LENGTH = timedelta(weeks=13)


def example_folder() -> Path:
    """Where the example is: inside the installed package, or at the top of a checkout.

    Raises:
        DemoError: it is in neither place.
    """
    package = Path(okrbridge.__file__).parent
    places = (package / "example", package.parent.parent / "config")
    for place in places:
        if (place / _CYCLE_FILE).is_file():
            return place
    raise DemoError(
        f"the example configuration is missing; looked for {_CYCLE_FILE} in {' and '.join(map(str, places))}"
    )


def running_cycle(now: datetime) -> tuple[date, date]:
    """Start and end of a quarter that began on a Monday three to four weeks ago, so that history covers it."""
    latest = (now.astimezone(UTC) - _BEGAN_BEFORE).date()
    start = latest - timedelta(days=latest.weekday())
    return start, start + _LENGTH


def lay_out(example: Path, folder: Path, now: datetime) -> None:
    """Copy the example into a folder, its cycles moved to run around now, in UTC.

    Raises:
        DemoError: the example cannot be read.
    """
    try:
        shutil.copytree(example, folder, ignore=shutil.ignore_patterns("__pycache__"))
        cycle_file = folder / _CYCLE_FILE
        documents = list(yaml.safe_load_all(cycle_file.read_text(encoding="utf-8")))
        moved = [_moved(document, now) for document in documents if document is not None]
        cycle_file.write_text(yaml.safe_dump_all(moved, sort_keys=False, allow_unicode=True), encoding="utf-8")
    except (OSError, yaml.YAMLError) as error:
        raise DemoError(f"the example configuration in {example} cannot be used: {error}") from error


def _moved(document: dict[str, Any], now: datetime) -> dict[str, Any]:
    if document.get("kind") != "Cycle":
        return document
    start, end = running_cycle(now)
    kept = {name: value for name, value in document["spec"].items() if name != "measureUntil"}
    return {**document, "spec": {**kept, "start": start, "end": end, "timezone": "UTC"}}
