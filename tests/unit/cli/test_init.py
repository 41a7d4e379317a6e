"""``okrbridge init``: a first configuration that is good as it stands."""

from datetime import date
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Okrbridge

from okrbridge.cli.init import FILES, first_files


def test_what_it_writes_validates_without_a_warning(okrbridge: Okrbridge):
    outcome = okrbridge("init", "first")
    assert (outcome.code, outcome.stdout.split()) == (0, [f"first/{name}" for name in FILES])
    assert "next: okrbridge validate first" in outcome.stderr
    checked = okrbridge("validate", "--strict", "first")
    assert (checked.code, checked.stderr) == (0, "")
    assert "1 SLO, 1 cycle, 1 objective, 2 key results" in checked.stdout


def test_the_folder_is_config_when_none_is_named(okrbridge: Okrbridge, tmp_path: Path):
    assert okrbridge("init").code == 0
    assert (tmp_path / "config" / "cycle.yaml").exists()


@pytest.mark.parametrize("named", ["option", "environment"])
def test_the_folder_is_the_configured_one(
    okrbridge: Okrbridge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
):
    monkeypatch.setenv("OKRBRIDGE_CONFIG", "okrs" if named == "environment" else "elsewhere")
    assert okrbridge("init", *(("--config", "okrs") if named == "option" else ())).code == 0
    assert [each.name for each in tmp_path.iterdir()] == ["okrs"]


def test_nothing_is_overwritten_and_nothing_is_written_beside(okrbridge: Okrbridge, tmp_path: Path):
    (tmp_path / "slos.yaml").write_text("mine", encoding="utf-8")
    outcome = okrbridge("init", ".")
    assert outcome.code == 2
    assert "slos.yaml already; nothing is overwritten" in " ".join(outcome.stderr.replace("│", " ").split())
    assert [each.name for each in tmp_path.iterdir()] == ["slos.yaml"]
    assert (tmp_path / "slos.yaml").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("day", "cycle", "title"),
    [
        (date(2026, 1, 1), "2026-q1", "First quarter of 2026"),
        (date(2026, 6, 30), "2026-q2", "Second quarter of 2026"),
        (date(2026, 12, 31), "2026-q4", "Fourth quarter of 2026"),
    ],
)
def test_r65_the_cycle_is_the_quarter_of_the_day(day: date, cycle: str, title: str):
    files = first_files(day)
    assert f"metadata: {{name: {cycle}}}" in files["cycle.yaml"]
    assert f"title: {title}" in files["cycle.yaml"]
    assert f"cycle: {cycle}" in files["objectives.yaml"]
    assert "{{" not in "".join(files.values())
