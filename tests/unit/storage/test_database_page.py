from pathlib import Path

import pytest

from okrbridge.storage.schema import metadata

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "database.md").read_text()


@pytest.mark.parametrize("name", ["slis", "measurements", "progress"])
def test_every_column_of_a_stable_table_is_explained(name: str):
    section = PAGE.partition(f"### `{name}`")[2].partition("\n##")[0]
    unstable = PAGE.partition("## Tables and columns that may change")[2]
    columns = [column.name for column in metadata.tables[name].columns]
    assert columns
    assert [one for one in columns if f"`{one}`" not in section and f"`{name}.{one}`" not in unstable] == []


@pytest.mark.parametrize("name", ["documents", "check_ins", "events", "baselines", "scores", "findings"])
def test_every_column_of_an_okr_table_is_explained(name: str):
    section = PAGE.partition(f"### `{name}`")[2].partition("\n##")[0]
    assert [column.name for column in metadata.tables[name].columns if f"`{column.name}`" not in section] == []


def test_every_table_is_named():
    assert [name for name in metadata.tables if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize("name", ["ledger_slices", "ledger_hours", "ledger_state"])
def test_every_column_of_the_ledger_is_explained(name: str):
    section = PAGE.partition("## The ledger")[2]
    assert [column.name for column in metadata.tables[name].columns if f"`{column.name}`" not in section] == []
