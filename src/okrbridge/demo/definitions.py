"""The example configuration, laid out for the demo with a cycle in its seventh week, and the demo's own objectives."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any

import yaml

import okrbridge
from okrbridge.demo.errors import DemoError

Document = dict[str, Any]

INVENTORY_FILE = "inventory.db"
BILLING_FILE = "billing.csv"

_CYCLE_FILE = "cycle.yaml"
_OBJECTIVES_FILE = "objectives.yaml"
_SERVICES_FILE = "services.yaml"
_COMPANY_OBJECTIVE = "trusted-shop"
_BEGAN_BEFORE = timedelta(days=45)
_LENGTH = timedelta(weeks=13)
_LATE_START = timedelta(days=2)
_STOPPED_BEFORE = timedelta(days=12)


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
    """Start and end of 13 weeks that began 45 days ago: half of them are over, and the seventh week is running."""
    start = now.astimezone(UTC).date() - _BEGAN_BEFORE
    return start, start + _LENGTH


def lay_out(example: Path, folder: Path, now: datetime) -> None:
    """Copy the example into a folder, its cycles moved to run around now, in UTC, and add the demo's own objectives.

    Raises:
        DemoError: the example cannot be read.
    """
    try:
        shutil.copytree(example, folder, ignore=shutil.ignore_patterns("__pycache__"))
        [cycle, *_] = _rewritten(folder / _CYCLE_FILE, lambda document: _moved(document, now))
        _rewritten(folder / _OBJECTIVES_FILE, _aligned)
    except (OSError, yaml.YAMLError) as error:
        raise DemoError(f"the example configuration in {example} cannot be used: {error}") from error
    today = now.astimezone(UTC).date()
    places = {
        "cycle": cycle["metadata"]["name"],
        "late_start": str(today - _LATE_START),
        "stopped_at": str(today - _STOPPED_BEFORE),
        "inventory": str(folder / INVENTORY_FILE),
    }
    for file in sorted((Path(__file__).parent / "okrs").glob("*.yaml")):
        text = Template(file.read_text(encoding="utf-8")).substitute(places)
        (folder / f"demo-{file.name}").write_text(text, encoding="utf-8")


def lay_out_for_intake(example: Path, folder: Path) -> None:
    """A configuration under which nothing is evaluated yet: what happened before the demo is told first.

    Raises:
        DemoError: the example cannot be read.
    """
    try:
        folder.mkdir(parents=True)
        shutil.copy(example / _SERVICES_FILE, folder)
    except OSError as error:
        raise DemoError(f"the example configuration in {example} cannot be used: {error}") from error


def _rewritten(file: Path, change: Callable[[Document], Document]) -> list[Document]:
    """Change every document of a file; comments are lost."""
    documents = [change(one) for one in yaml.safe_load_all(file.read_text(encoding="utf-8")) if one is not None]
    file.write_text(yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return documents


def _moved(document: Document, now: datetime) -> Document:
    if document.get("kind") != "Cycle":
        return document
    start, end = running_cycle(now)
    kept = {name: value for name, value in document["spec"].items() if name != "measureUntil"}
    return {**document, "spec": {**kept, "start": start, "end": end, "timezone": "UTC"}}


def _aligned(document: Document) -> Document:
    """Objectives of teams contribute to the company's."""
    if document.get("kind") != "Objective":
        return document
    return {**document, "spec": {"parent": _COMPANY_OBJECTIVE, **document["spec"]}}
