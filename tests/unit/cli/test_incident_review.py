"""incident review, in its two formats, from a database that another process filled."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Okrbridge, Outcome

from okrbridge.application.okr_records import Event
from okrbridge.domain.windows import Grid
from okrbridge.storage.database import open_database

START = datetime(2025, 7, 1, 10, 0, tzinfo=UTC)
INCIDENT = Event(
    "pager", "P1", "incident", START, START, end=START + timedelta(minutes=20), title="Größe ≥ 3",
    attributes={"key_results": "reliable/pods, reliable/secret", "action_items": "Alert earlier"},
)  # fmt: skip
OBJECTIVE = """\
apiVersion: okrbridge.dev/v1
kind: Cycle
metadata: {name: now}
spec: {title: This summer, start: 2025-06-01, end: 2025-09-01}
---
apiVersion: okrbridge.dev/v1
kind: Objective
metadata: {name: reliable}
spec:
  title: Make it reliable
  cycle: now
  team: backend
  owner: maria
  keyResults:
    - {name: pods, title: From 3 to 18 pods, from: 3, to: 18}
    - {name: secret, title: Sell the company, from: 0, to: 1, visibility: restricted}
"""


@pytest.fixture
def review(okrbridge: Okrbridge, tmp_path: Path):
    """The command on two incidents of one name and one of another."""
    config, url = tmp_path / "definitions.yaml", f"sqlite:///{tmp_path}/okrs.db"
    config.write_text(OBJECTIVE)
    okrbridge("db", "upgrade", "--database-url", url)
    storage = open_database(url, grid=Grid(timedelta(minutes=1)))
    with storage.transaction() as database:
        database.events.save([INCIDENT, *(Event(source, "P2", "incident", START, START) for source in ("a", "b"))])
    storage.close()

    def review(*arguments: str) -> Outcome:
        return okrbridge("incident", "review", *arguments, "--config", config, "--database-url", url)

    return review


def test_the_review_is_markdown_unless_json_is_asked_for(review):
    outcome = review("P1")
    assert outcome.code == 0, outcome.stderr
    assert outcome.stdout.startswith("# Größe ≥ 3\n\nP1 · 2025-07-01 10:00 to 2025-07-01 10:20 UTC (20 minutes)\n")
    assert "- [ ] Alert earlier" in outcome.stdout

    form = review("P1", "--format", "json").json
    assert [one["key_result"] for one in form["key_results_impacted"]] == ["pods"]
    assert form["slos_contributed"] is None


def test_restricted_key_results_are_told_of_only_when_asked_for(review):
    assert "Sell" not in review("P1").stdout
    assert "Sell the company" in review("P1", "--restricted").stdout


def test_an_id_of_several_sources_and_an_unknown_one_are_wrong_usage(review):
    several, unknown = review("P2"), review("P3")

    assert (several.code, several.stdout, unknown.code, unknown.stdout) == (2, "", 2, "")
    assert "say which source: a, b" in several.stderr
    assert "there is no incident named 'P3'" in unknown.stderr
    assert review("P2", "--source", "b").code == 0
