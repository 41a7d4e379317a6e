"""Filling history in chunks."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.fakes.bench import MIDDLE, Bench
from tests.fakes.definitions import API, definitions, slo
from tests.fakes.scripted_source import ScriptedSource, TelescopingSource, steady

from okrbridge.application.backfill import Backfill
from okrbridge.application.ports import Reading, SourceFailure, ValueRequest
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.ledger import SliceState
from okrbridge.domain.sli import SliKind
from okrbridge.domain.windows import Interval, epoch_seconds
from okrbridge.errors import SourceFailureReason

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SLOW = SourceFailure(SourceFailureReason.TIMEOUT, "too slow")
WEB = replace(API, name="web", total="web_total")


def backfill(bench: Bench, days: float = 4, declared: DefinitionSet | None = None) -> Backfill:
    return Backfill(bench.parts, declared or definitions(slos=(slo(days=days),)))


def days_before(first: float, last: float) -> Interval:
    return Interval(MIDDLE - first * DAY, MIDDLE - last * DAY)


def filled_ratio(filling: Backfill) -> float:
    with filling.parts.storage.reading() as database:
        return filling.needs.filled_ratio(database.ledger, MIDDLE)


def since(first: float) -> ScriptedSource:
    """A source whose data begins so many days before the middle."""
    begin = epoch_seconds(MIDDLE - first * DAY)
    return ScriptedSource(lambda _sli, start: (9.0, 10.0) if start >= begin else None)


def test_the_first_slice_after_a_gap_is_counted_again_when_what_came_before_the_gap_is_known():
    # Nothing is live from 30 h to 20 h before; the newest chunk ends in that gap, the older one begins before it.
    gone, back = MIDDLE - 30 * HOUR, MIDDLE - 20 * HOUR
    bench = Bench(source := TelescopingSource(steady(9.0, 10.0)))
    source.hide(Interval(gone, back))
    backfill(bench, 2).run(MIDDLE)
    settled = [(interval, until) for interval, until in bench.asked() if interval.length == MINUTE]
    assert settled == [(Interval(back, back + MINUTE), gone)]
    assert bench.total(API, days_before(2, 0)) == 2 * 1440 * 10


def test_a_gap_across_the_end_of_what_is_filled_is_settled_too():
    bench = Bench(source := TelescopingSource(steady(9.0, 10.0)))
    source.hide(days_before(2.5, 1.5))
    backfill(bench).run(MIDDLE, since=MIDDLE - 2 * DAY)
    backfill(bench).run(MIDDLE - 2 * DAY, since=MIDDLE - 4 * DAY)
    assert bench.total(API, days_before(4, 0)) == 4 * 1440 * 10


def test_chunks_without_gaps_are_asked_once_the_newest_first():
    bench = Bench()
    assert backfill(bench).run(MIDDLE).slices == 4 * 1440
    assert [interval for interval, _ in bench.asked()] == [days_before(day + 1, day) for day in range(4)]


def test_what_is_filled_is_not_asked_for_again():
    bench = Bench()
    backfill(bench).run(MIDDLE)
    bench.asked()
    assert backfill(bench).run(MIDDLE).slices == 0
    assert bench.asked() == []


def test_an_interrupted_run_says_so_and_the_next_one_goes_on_there():
    bench = Bench()
    goes_on = iter([True, True, False])
    filled = backfill(bench).run(MIDDLE, lambda: next(goes_on))
    assert (filled.is_complete, filled.back_to) == (False, MIDDLE - 2 * DAY)
    bench.asked()
    assert backfill(bench).run(MIDDLE).is_complete
    assert [interval for interval, _ in bench.asked()] == [days_before(3, 2), days_before(4, 3)]


def test_a_failing_sli_is_left_alone_for_the_rest_of_the_run_and_the_others_are_filled():
    bench = Bench()
    bench.source.failing["web"] = SLOW
    filling = backfill(bench, declared=definitions(slos=(slo(days=4), slo("web", sli=WEB, days=4))))
    filled = filling.run(MIDDLE)
    assert filled.failures == {WEB.key: SLOW}
    assert filled.slices == 4 * 1440
    assert [[sli.name for sli in request.slis] for request in bench.source.asked] == [
        [API.name, "web"],
        *[[API.name]] * 3,
    ]


def test_slis_whose_query_is_known_to_fail_are_not_asked():
    bench = Bench()
    assert backfill(bench).run(MIDDLE, skip={API.key}).slices == 0
    assert bench.asked() == []


def test_windows_shorter_than_the_burn_windows_still_fill_three_days():
    assert backfill(Bench(), 1).run(MIDDLE).slices == 3 * 1440


def test_each_sli_is_filled_as_far_as_its_own_windows_reach():
    bench = Bench()
    filling = backfill(bench, declared=definitions(slos=(slo(days=4), slo("web", sli=WEB, days=6))))
    assert filling.run(MIDDLE).slices == (4 + 6) * 1440
    assert filling.oldest_wanted(MIDDLE) == MIDDLE
    # The newest four days are asked for both in one request.
    assert [len(request.slis) for request in bench.source.asked] == [2, 2, 2, 2, 1, 1]


@pytest.mark.parametrize("days", [2, 6])
def test_how_far_back_is_filled_can_be_said(days: int):
    bench = Bench()
    assert backfill(bench).run(MIDDLE, since=MIDDLE - days * DAY).slices == days * 1440


def test_the_filled_share_grows_from_zero_to_one():
    filling, shares = backfill(Bench()), []
    filling.run(MIDDLE, on_chunk=lambda _chunk, _slices: shares.append(filled_ratio(filling)))
    assert shares == [0.25, 0.5, 0.75, 1.0]


def test_nothing_wanted_is_all_filled():
    assert filled_ratio(backfill(Bench(), declared=DefinitionSet())) == 1.0


def test_many_slis_are_asked_for_less_time_at_once_and_every_chunk_is_told():
    slis = [replace(API, name=f"sli-{number}", total=f"total_{number}") for number in range(1000)]
    filling = backfill(Bench(), declared=definitions(slos=tuple(slo(one.name, sli=one, days=1) for one in slis)))
    chunks: list[Interval] = []
    goes_on = iter([True, False])
    filling.run(MIDDLE, lambda: next(goes_on), on_chunk=lambda chunk, _slices: chunks.append(chunk))
    # 500,000 slices of 1,000 SLIs are 500 minutes; the chunk begins on the next whole hour.
    assert chunks == [Interval(MIDDLE - 8 * HOUR, MIDDLE)]


def test_warnings_of_the_source_are_kept_with_how_often_they_came():
    bench = Bench()
    bench.source.warnings = ("partial response",)
    assert backfill(bench).run(MIDDLE).warnings == {"partial response": 4}


def test_retention_shorter_than_the_window_is_told_with_where_data_begins():
    filled = backfill(Bench(since(1.5)), 4).run(MIDDLE)
    assert filled.no_data_before == {"prometheus": MIDDLE - 1.5 * DAY}
    assert filled.is_complete


def test_an_outage_is_not_taken_for_the_end_of_retention():
    gone = range(epoch_seconds(MIDDLE - 3 * DAY), epoch_seconds(MIDDLE - 1 * DAY))
    bench = Bench(ScriptedSource(lambda _sli, start: None if start in gone else (9.0, 10.0)))
    assert backfill(bench).run(MIDDLE).no_data_before == {}


def test_one_sli_without_data_says_nothing_about_its_source():
    bench = Bench(ScriptedSource(lambda sli, _start: None if sli.name == "web" else (9.0, 10.0)))
    backfill(bench).run(MIDDLE)
    both = definitions(slos=(slo(days=4), slo("web", sli=WEB, days=4)))
    assert backfill(bench, declared=both).run(MIDDLE).no_data_before == {}


def test_a_failing_source_is_not_one_without_older_data():
    bench = Bench()
    bench.source.failure = SLOW
    assert backfill(bench).run(MIDDLE).no_data_before == {}


def test_answered_slices_are_asked_again_when_told_to():
    bench = Bench()
    backfill(bench).run(MIDDLE)
    bench.source.script = steady(8.0, 20.0)
    bench.asked()
    assert backfill(bench).run(MIDDLE, again=True).slices == 4 * 1440
    assert bench.total(API, days_before(4, 0)) == 4 * 1440 * 20
    # What was measured before each chunk is known now; before the oldest nothing is.
    assert [until for _, until in bench.asked()] == [MIDDLE - day * DAY for day in (1, 2, 3)] + [None]


def test_asking_again_never_loses_what_the_source_no_longer_has():
    bench = Bench(source := TelescopingSource(steady(9.0, 10.0)))
    backfill(bench).run(MIDDLE)
    source.hide(days_before(3.5, 3))
    backfill(bench).run(MIDDLE, again=True)
    assert bench.total(API, days_before(4, 0)) == 4 * 1440 * 10


def test_where_the_source_has_nothing_older_the_rest_is_told_to_be_gaps_without_asking():
    # Data of half a day; two empty days are asked for, and then one question about all the rest.
    bench = Bench(since(0.5))
    chunks: list[Interval] = []
    filled = backfill(bench, 60).run(MIDDLE, on_chunk=lambda chunk, _slices: chunks.append(chunk))
    assert [interval for interval, _ in bench.asked()] == [days_before(day + 1, day) for day in range(3)]
    assert chunks == [*(days_before(day + 1, day) for day in range(3)), days_before(33, 3), days_before(60, 33)]
    assert filled.slices == 60 * 1440
    assert filled.no_data_before == {"prometheus": MIDDLE - 0.5 * DAY}
    assert filled_ratio(backfill(bench, 60)) == 1.0
    assert set(bench.slices(API, days_before(60, 59)).states.tolist()) == {SliceState.GAP}
    # Eight short looks, then all of it and a little before.
    *glances, whole = bench.source.values_asked
    assert len(glances) == 8
    assert whole == ValueRequest(f"count(present_over_time({API.total}[82090m]))", MIDDLE - 3 * DAY)


def test_an_outage_of_many_days_is_looked_behind_ever_more_seldom():
    gone = range(epoch_seconds(MIDDLE - 13 * DAY), epoch_seconds(MIDDLE - 1 * DAY))
    bench = Bench(ScriptedSource(lambda _sli, start: None if start in gone else (9.0, 10.0)))
    filled = backfill(bench, 20).run(MIDDLE)
    assert filled.no_data_before == {}
    assert bench.total(API, days_before(20, 0)) == 8 * 1440 * 10
    # After two, four and eight empty days.
    assert len({request.at for request in bench.source.values_asked if "present" in request.query}) == 0
    assert len(bench.source.values_asked) == 3 * 8


@pytest.mark.parametrize("failure", [SLOW, None], ids=["failed", "partial"])
def test_a_question_without_a_whole_answer_ends_nothing_early(failure: SourceFailure | None):
    class Doubtful(ScriptedSource):
        def values(self, requests: Sequence[ValueRequest]) -> list[Reading]:
            said = () if failure else ("a store did not answer",)
            return [Reading(request, None, failure, warnings=said) for request in requests]

    bench = Bench(Doubtful(since(0.5).script))
    backfill(bench, 6).run(MIDDLE)
    assert [interval for interval, _ in bench.asked()] == [days_before(day + 1, day) for day in range(6)]


def test_slis_with_older_data_are_asked_on_beside_those_without():
    begins = {API.name: epoch_seconds(MIDDLE - 0.5 * DAY), "web": 0}
    bench = Bench(ScriptedSource(lambda sli, start: (9.0, 10.0) if start >= begins[sli.name] else None))
    both = definitions(slos=(slo(days=6), slo("web", sli=WEB, days=6)))
    filled = backfill(bench, declared=both).run(MIDDLE)
    assert [len(request.slis) for request in bench.source.asked] == [2, 2, 2, 1, 1, 1]
    assert (filled.slices, filled.no_data_before) == (2 * 6 * 1440, {})


def test_what_is_written_as_an_expression_is_asked_for_to_the_end():
    written = replace(API, kind=SliKind.EXPRESSIONS)
    bench = Bench(since(0.5))
    backfill(bench, declared=definitions(slos=(slo(sli=written, days=6),))).run(MIDDLE)
    assert len(bench.asked()) == 6
    assert bench.source.values_asked == []
