"""``okrbridge import``: OpenSLO documents on stdout, all that is said about them on stderr."""

import io
import sys
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Okrbridge

DATA = Path(__file__).parents[2] / "data"


def test_it_prints_documents_that_validate_accepts(okrbridge: Okrbridge, tmp_path: Path):
    outcome = okrbridge("import", DATA / "sloth" / "shop.yaml", DATA / "pyrra" / "ratio.yaml")
    assert outcome.code == 0
    assert outcome.stdout.count("apiVersion: openslo/v1\nkind: SLO\n") == 5
    (tmp_path / "slos.yaml").write_text(outcome.stdout, encoding="utf-8")
    validated = okrbridge("validate", "--strict", "slos.yaml")
    assert (validated.code, validated.stderr) == (0, "")
    assert "5 SLOs" in validated.stdout


def test_what_is_left_out_is_said_beside_the_result(okrbridge: Okrbridge):
    outcome = okrbridge("import", DATA / "pyrra" / "ratio.yaml")
    assert "sends no alerts; this is accepted and not used [warning]" in outcome.stderr
    assert "okrbridge makes one over all of them" in outcome.stderr
    assert "warning" not in outcome.stdout


def test_it_prints_json(okrbridge: Okrbridge):
    outcome = okrbridge("import", "--format", "json", DATA / "sloth" / "kubernetes.yaml")
    assert [document["metadata"]["name"] for document in outcome.json] == [
        "cart-requests-availability",
        "search-requests-availability",
    ]
    assert outcome.json[0]["spec"]["objectives"] == [{"target": 0.9995}]


def test_it_reads_standard_input(okrbridge: Okrbridge, monkeypatch: pytest.MonkeyPatch):
    content = (DATA / "sloth" / "kubernetes.yaml").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert okrbridge("import", "-").stdout.count("kind: SLO") == 2


def test_faults_are_told_with_their_place_and_nothing_is_printed(okrbridge: Okrbridge, tmp_path: Path):
    text = (DATA / "sloth" / "shop.yaml").read_text(encoding="utf-8").replace("99.9", "100.1")
    (tmp_path / "slos.yaml").write_text(text, encoding="utf-8")
    outcome = okrbridge("import", "slos.yaml")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith("slos.yaml:12:16: slos[0].objective: 100.1 is not between 0 and 100")


def test_a_file_that_is_not_there_is_told(okrbridge: Okrbridge):
    outcome = okrbridge("import", "nowhere.yaml")
    assert outcome.code == 2
    assert "there is no such file" in outcome.stderr
