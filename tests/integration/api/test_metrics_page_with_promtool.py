"""Prometheus' own tool reads the metrics page."""

import subprocess

import pytest
from tests.servers.programs import program
from tests.unit.api import snapshots as made

from okrbridge.application.snapshot import SnapshotHolder
from okrbridge.publishing.metrics import MetricsPage

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("holder", [SnapshotHolder(made.rich_snapshot()), SnapshotHolder()], ids=["rich", "empty"])
def test_promtool_finds_nothing_to_say(holder: SnapshotHolder):
    promtool = program("promtool", package="prometheus")
    page = MetricsPage(holder, lambda: made.NOW, lambda: b"", version="1.2.3")()

    checked = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, timeout=30, check=False)

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
