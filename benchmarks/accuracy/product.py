"""okrbridge as its users run it: definitions, a database, and ``okrbridge evaluate --at … --format json``.

Where the source is to subtract and sum however few series there are, the same is done in this process, because no
setting asks for that.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from benchmarks.accuracy.peers import Answer
from benchmarks.accuracy.samples import METRIC
from benchmarks.accuracy.scenarios import Scenario
from okrbridge.application.evaluate import Evaluator
from okrbridge.application.reports import slo_items
from okrbridge.bootstrap.service import Service, running
from okrbridge.cli.evaluate import filled_and_evaluated
from okrbridge.definitions.loader import load
from okrbridge.settings import Settings
from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.http.connection import Connection
from okrbridge.sources.prometheus.planner import Limits
from okrbridge.sources.prometheus.source import PrometheusSource

_SOURCE = "prometheus"
_REPLICA_LABELS = ("prometheus_replica", "__replica__")
"""Those that okrbridge knows by itself."""
_BETWEEN_LOOKS = 0.02
"""Seconds."""
_FAILED_SOURCE = 4
"""The exit code that says a source could not be reached."""


@dataclass(frozen=True, slots=True)
class Measured:
    """okrbridge's answer; NaN where it gives none.

    Attributes:
        coverage: share of the window that was measured.
    """

    answer: Answer
    coverage: float


@dataclass(frozen=True)
class Product:
    """An okrbridge with its own database and some scenarios as its SLOs.

    Attributes:
        folder: for its files; made when missing.
        url: of its source.
        pushes_down: whether the source subtracts and sums, however few series there are.
    """

    folder: Path
    url: str
    scenarios: Sequence[Scenario]
    pushes_down: bool = False

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "okrbridge.db"

    @property
    def config(self) -> Path:
        """The folder of the definitions, written at the first question."""
        config = self.folder / "config"
        if not config.exists():
            config.mkdir(parents=True)
            documents = [_slo(scenario) for scenario in self.scenarios]
            (config / "slos.yaml").write_text(yaml.safe_dump_all(documents, sort_keys=False))
        return config

    def evaluate(self, at: float, *, may_fail: bool = False) -> dict[str, Measured]:
        """Evaluate as the command does; the answers by scenario.

        Args:
            may_fail: whether the source may be down.
        """
        if self.pushes_down:
            with self.opened() as service:
                snapshot, _ = filled_and_evaluated(service, datetime.fromtimestamp(at, UTC))
                if not may_fail:
                    _require_sums(service)
                return {item["slo"]: measured(item) for item in slo_items(snapshot, snapshot.at)}
        done = subprocess.run(  # noqa: S603 - the benchmark's own command
            self._command(at), env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode and not (may_fail and done.returncode == _FAILED_SOURCE):
            raise RuntimeError(f"okrbridge evaluate left with {done.returncode}:\n{done.stderr}")
        return {item["slo"]: measured(item) for item in json.loads(done.stdout)["slos"]}

    @contextmanager
    def opened(self) -> Iterator[Service]:
        """The product in this process."""
        settings = Settings(config=self.config, database_url=f"sqlite:///{self.database}", prometheus_url=self.url)
        with running(settings, load([self.config])) as service:
            if self.pushes_down:
                service.close_sources()
                service.parts = dataclasses.replace(service.parts, sources={_SOURCE: _pushing_down(settings)})
                service.evaluator = Evaluator(service.parts, service.definitions, service.snapshots)
            yield service

    def evaluate_until_killed(self, at: float, blocks: int) -> bool:
        """Run the command and kill it as soon as the ledger holds this many blocks; whether that came to be."""
        running = subprocess.Popen(  # noqa: S603 - the benchmark's own command
            self._command(at), env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while running.poll() is None:
            if self.blocks() >= blocks:
                running.kill()
            time.sleep(_BETWEEN_LOOKS)
        return running.returncode == -signal.SIGKILL

    def blocks(self) -> int:
        """How many blocks of slices the ledger holds."""
        if not self.database.exists():
            return 0
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            try:
                found: int = database.execute("select count(*) from ledger_slices").fetchone()[0]
            except sqlite3.OperationalError:
                return 0  # the table is still to be made, or the database is locked for a moment
        return found

    def _command(self, at: float) -> list[str]:
        options = ["--at", _rfc3339(at), "--format", "json", "--config", str(self.config)]
        return [
            sys.executable, "-m", "okrbridge", "evaluate", *options, "--database-url", f"sqlite:///{self.database}"
        ]  # fmt: skip

    @property
    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OKRBRIDGE_")}
        return {**kept, "OKRBRIDGE_PROMETHEUS_URL": self.url}


def _pushing_down(settings: Settings) -> PrometheusSource:
    client = PrometheusClient(_SOURCE, Connection(settings.prometheus_url))
    not_even_none = Limits(series=-1, series_per_sli=-1)
    return PrometheusSource(_SOURCE, client, settings.grid, replica_labels=_REPLICA_LABELS, limits=not_even_none)


def _require_sums(service: Service) -> None:
    source = service.parts.sources[_SOURCE]
    methods = [source.counting_method(sli) for sli in service.definitions.slis]
    if other := [method for method in methods if not method.startswith("sums in the server")]:
        raise RuntimeError(f"okrbridge was to push down, and did not: {other[0]}")


def measured(item: dict[str, Any]) -> Measured:
    """What an item of the answer says; its bad events are those that are not good."""
    good, total = _number(item["good"]), _number(item["total"])
    return Measured(
        Answer(total - good, total, _number(item["budget_consumed_ratio"])), _number(item["coverage_ratio"])
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _slo(scenario: Scenario) -> dict[str, Any]:
    selector = f'job="{scenario.name}"'
    return {
        "apiVersion": "openslo/v1",
        "kind": "SLO",
        "metadata": {"name": scenario.name},
        "spec": {
            "service": "accuracy",
            "indicator": {
                "metadata": {"name": f"{scenario.name}-requests"},
                "spec": {
                    "ratioMetric": {
                        "counter": True,
                        "bad": _query(f'{METRIC}{{{selector},code=~"5.."}}'),
                        "total": _query(f"{METRIC}{{{selector}}}"),
                    }
                },
            },
            "timeWindow": [{"duration": f"{scenario.days}d", "isRolling": True}],
            "budgetingMethod": "Occurrences",
            "objectives": [{"target": scenario.target_ratio}],
        },
    }


def _query(query: str) -> dict[str, Any]:
    return {"metricSource": {"metricSourceRef": "prometheus", "spec": {"query": query}}}
