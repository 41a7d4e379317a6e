from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from okrbridge.definitions.loader import load
from okrbridge.demo.definitions import example_folder, lay_out, running_cycle
from okrbridge.demo.errors import DemoError
from okrbridge.sources.simulated.source import SimulatedSource

NOW = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "start"),
    [
        # Three weeks before Saturday 2026-11-21 is 2026-10-31; the Monday at or before it is 2026-10-26.
        (NOW, date(2026, 10, 26)),
        # Three weeks before Monday 2026-11-23 is a Monday itself.
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), date(2026, 11, 2)),
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), date(2026, 10, 26)),
    ],
)
def test_the_cycle_began_on_a_monday_three_to_four_weeks_ago_and_lasts_thirteen(now: datetime, start: date):
    assert running_cycle(now) == (start, start + timedelta(days=91))


def test_the_laid_out_example_loads_with_its_cycle_running_now(tmp_path: Path):
    lay_out(example_folder(), tmp_path / "config", NOW)
    original, moved = load([example_folder()]).definitions, load([tmp_path / "config"]).definitions
    (cycle,) = moved.cycles
    assert cycle.name == original.cycles[0].name
    assert cycle.interval.start == datetime(2026, 10, 26, tzinfo=UTC)
    assert cycle.interval.end == datetime(2027, 1, 25, tzinfo=UTC)
    assert [slo.name for slo in moved.slos] == [slo.name for slo in original.slos]
    assert [one.id for one in moved.key_results] == [one.id for one in original.key_results]


def test_the_simulated_source_knows_every_query_of_the_example():
    source = SimulatedSource()
    definitions = load([example_folder()]).definitions
    queries = [query for sli in definitions.slis for query in (sli.part, sli.total)]
    queries += [str(query) for one in definitions.key_results if (query := getattr(one.measure, "query", None))]
    assert [failure for query in queries if (failure := source.check_query(query))] == []


def test_an_unreadable_example_is_named(tmp_path: Path):
    (tmp_path / "example").mkdir()
    (tmp_path / "example" / "cycle.yaml").write_text("kind: [Cycle")
    with pytest.raises(DemoError, match=r"example.*cannot be used"):
        lay_out(tmp_path / "example", tmp_path / "config", NOW)
