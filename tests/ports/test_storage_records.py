from dataclasses import replace
from datetime import timedelta
from math import inf, nan
from typing import Any

import pytest
from tests.ports.ledger_examples import at, minutes
from tests.ports.record_examples import LATENCY, UPTIME, document, evaluation, measurement, progress

from okrbridge.application.ports import Storage
from okrbridge.application.records import DefinitionRevision, Measurement, ProgressRecord, Quality
from okrbridge.domain.definition_set import DeclaredDocument
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus


def save(storage: Storage, *records: Measurement | ProgressRecord) -> None:
    with storage.transaction() as database:
        database.progress.save(
            [record for record in records if isinstance(record, Measurement)],
            [record for record in records if isinstance(record, ProgressRecord)],
        )


def test_a_measurement_comes_back_whole(storage: Storage):
    full = measurement(
        0.123456,
        1 / 3,
        sample_count=12345.5,
        coverage_ratio=0.987,
        error="two of three pods answered; „half“ a story",
        query="sum(rate(x[5m]))",
        evaluation_id="e1",
    )
    save(storage, full)
    with storage.reading() as database:
        assert database.progress.latest_good([UPTIME], at(1)) == {UPTIME: full}


def test_progress_comes_back_whole_with_its_candidate_status(storage: Storage):
    steady = SteadyStatus(KeyResultStatus.ON_TRACK, KeyResultStatus.OFF_TRACK, 1)
    record = progress(0, status=steady, evaluation_id="e1", measured_at=at(-17.5))
    never = progress(
        0, None, key_result=LATENCY, raw_ratio=None, progress_ratio=None, gap_ratio=None, measured_at=None,
        quality=Quality.NO_DATA, status=SteadyStatus(KeyResultStatus.NO_DATA),
    )  # fmt: skip
    save(storage, record, never)
    with storage.reading() as database:
        assert database.progress.latest([UPTIME, LATENCY], at(0)) == {UPTIME: record, LATENCY: never}


def test_the_same_instant_written_again_is_replaced(storage: Storage):
    save(storage, progress(0, 0.5), measurement(0, 0.5))
    save(storage, progress(0, 0.75), measurement(0, 0.75))
    with storage.reading() as database:
        assert database.progress.history(UPTIME, minutes(0, 1), 10) == [progress(0, 0.75)]
        assert database.progress.latest_good([UPTIME], at(0)) == {UPTIME: measurement(0, 0.75)}


@pytest.mark.parametrize(("until", "minute"), [(-1, None), (0, 0), (4.9, 0), (5, 5), (100, 10)])
def test_latest_is_the_last_at_or_before_an_instant(storage: Storage, until: float, minute: float | None):
    save(storage, *(progress(place, float(place)) for place in (0, 10, 5)))
    with storage.reading() as database:
        found = database.progress.latest([UPTIME, "unknown/one"], at(until))
    assert found == ({} if minute is None else {UPTIME: progress(minute, float(minute))})


def test_latest_good_passes_over_measurements_without_a_value(storage: Storage):
    save(storage, measurement(0, 0.5), measurement(5, None), measurement(5, None, key_result=LATENCY))
    with storage.reading() as database:
        assert database.progress.latest_good([UPTIME, LATENCY], at(9)) == {UPTIME: measurement(0, 0.5)}


def test_a_value_of_zero_is_a_value(storage: Storage):
    save(storage, measurement(0, 0.0))
    with storage.reading() as database:
        assert database.progress.latest_good([UPTIME], at(0))[UPTIME].value == 0


def test_nothing_asked_is_nothing_answered(storage: Storage):
    save(storage, progress(0), measurement(0))
    with storage.reading() as database:
        assert database.progress.latest([], at(1)) == {}
        assert database.progress.latest_good([], at(1)) == {}


def test_thousands_of_key_results_are_asked_at_once(storage: Storage):
    names = [f"o/kr-{number}" for number in range(3000)]
    save(storage, *(progress(0, float(place), key_result=name) for place, name in enumerate(names)))
    with storage.reading() as database:
        found = database.progress.latest(names, at(0))
    assert [found[name].value for name in names] == list(range(3000))


@pytest.mark.parametrize(("limit", "kept"), [(10, [1, 2, 3]), (2, [2, 3]), (0, [])])
def test_history_is_ascending_and_keeps_the_newest(storage: Storage, limit: int, kept: list[int]):
    save(storage, *(progress(place, float(place)) for place in range(5)))
    with storage.reading() as database:
        # The interval is half-open: minute 4 is outside.
        found = database.progress.history(UPTIME, minutes(1, 4), limit)
        assert found == [progress(place, float(place)) for place in kept]
        with pytest.raises(ValueError, match="limit"):
            database.progress.history(UPTIME, minutes(1, 4), -1)


@pytest.mark.parametrize(
    "bad",
    [
        measurement(1, nan),
        measurement(1, inf),
        measurement(1, sample_count=inf),
        measurement(1, coverage_ratio=nan),
        progress(1, -inf),
        progress(1, raw_ratio=nan),
        progress(1, progress_ratio=inf),
        progress(1, expected_ratio=nan),
        progress(1, gap_ratio=-inf),
    ],
)
def test_numbers_that_are_not_finite_are_refused_before_anything_is_written(
    storage: Storage, bad: Measurement | ProgressRecord
):
    with storage.transaction() as database:
        good = [measurement(0)], [progress(0)]
        with pytest.raises(ValueError, match=r"is (nan|inf|-inf), which is not stored"):
            database.progress.save(
                [*good[0], *([bad] if isinstance(bad, Measurement) else [])],
                [*good[1], *([bad] if isinstance(bad, ProgressRecord) else [])],
            )
    with storage.reading() as database:
        assert database.progress.latest([UPTIME], at(9)) == {}
        assert database.progress.latest_good([UPTIME], at(9)) == {}


def test_the_largest_float_is_still_a_number(storage: Storage):
    largest = 1.7976931348623157e308
    save(storage, progress(0, -largest, raw_ratio=largest), measurement(0, largest))
    with storage.reading() as database:
        assert database.progress.latest([UPTIME], at(0))[UPTIME].raw_ratio == largest
        assert database.progress.latest_good([UPTIME], at(0))[UPTIME].value == largest


def test_texts_no_database_can_hold_are_kept_with_a_mark(storage: Storage):
    save(storage, measurement(0, error="NUL \x00 and half a \ud83d pair"))
    with storage.reading() as database:
        assert database.progress.latest_good([UPTIME], at(0))[UPTIME].error == "NUL \ufffd and half a ? pair"


def test_the_latest_evaluation_is_that_of_the_latest_boundary(storage: Storage):
    failures = {"abc": "cannot reach prometheus", UPTIME: 'an "empty" result\n'}
    newest = evaluation(1, 60, failures=failures)
    with storage.transaction() as database:
        assert database.evaluations.latest() is None
        database.evaluations.save(newest)
        database.evaluations.save(evaluation(2, 5))
    with storage.reading() as database:
        assert database.evaluations.latest() == newest


def test_the_oldest_evaluations_are_forgotten_first(storage: Storage):
    with storage.transaction() as database:
        for number, minute in ((1, 5), (2, 3), (3, 4), (4, 9)):
            database.evaluations.save(evaluation(number, minute))
        assert database.evaluations.expire(at(5), 1) == 1
        assert database.evaluations.expire(at(5), 9) == 1
        assert database.evaluations.expire(at(5), 9) == 0
        assert database.evaluations.expire(at(9), 9) == 1
        assert database.evaluations.latest() == evaluation(4, 9)


def test_an_evaluation_saved_again_is_replaced(storage: Storage):
    first = evaluation(1, 60)
    again = replace(first, slices_written=9, finished_at=first.finished_at + timedelta(microseconds=1))
    for one in (first, again):
        with storage.transaction() as database:
            database.evaluations.save(one)
    with storage.reading() as database:
        assert database.evaluations.latest() == again


def test_of_one_boundary_the_evaluation_that_started_last_counts(storage: Storage):
    late = replace(evaluation(1, 60), started_at=at(99))
    with storage.transaction() as database:
        database.evaluations.save(late)
        database.evaluations.save(evaluation(2, 60))
    with storage.reading() as database:
        assert database.evaluations.latest() == late


def record(
    storage: Storage, minute: float, *documents: DeclaredDocument, origin: str = "file"
) -> list[tuple[Any, ...]]:
    """The revisions made, as (name, number, content)."""
    with storage.transaction() as database:
        made = database.definitions.record(documents, origin, at(minute))
    assert all((one.origin, one.at) == (origin, at(minute)) for one in made)
    return [(one.name, one.number, one.content) for one in made]


def revisions(storage: Storage, name: str, kind: str = "SLO") -> list[DefinitionRevision]:
    with storage.reading() as database:
        return database.definitions.revisions(kind, name)


def test_only_new_and_changed_documents_make_revisions(storage: Storage):
    assert record(storage, 0, document("a", "1"), document("b", "1")) == [("a", 1, "1"), ("b", 1, "1")]
    assert record(storage, 1, document("a", "1"), document("b", "1")) == []
    assert record(storage, 2, document("b", "2"), document("a", "1")) == [("b", 2, "2")]
    assert revisions(storage, "b") == [
        DefinitionRevision("SLO", "b", 1, "1", "file", at(0)),
        DefinitionRevision("SLO", "b", 2, "2", "file", at(2)),
    ]


def test_a_document_that_is_gone_is_retired_once_and_may_come_back(storage: Storage):
    record(storage, 0, document("a", "1"))
    assert record(storage, 1) == [("a", 2, None)]
    assert record(storage, 2) == []
    assert record(storage, 3, document("a", "1")) == [("a", 3, "1")]
    assert [one.content for one in revisions(storage, "a")] == ["1", None, "1"]


def test_documents_of_another_origin_are_left_alone(storage: Storage):
    record(storage, 0, document("a", "1"))
    assert record(storage, 1, document("b", "1"), origin="http") == [("b", 1, "1")]
    assert record(storage, 2, document("a", "1")) == []
    # Declared in both places, a document has one row of numbers and no origin undoes the other.
    assert record(storage, 3, document("a", "9"), document("b", "1"), origin="http") == [("a", 2, "9")]
    assert record(storage, 4, document("a", "1")) == []


def test_kinds_do_not_mix_and_an_unknown_document_has_no_revisions(storage: Storage):
    record(storage, 0, document("a", "1"), document("a", "2", kind="Cycle"))
    assert [one.content for one in revisions(storage, "a", "Cycle")] == ["2"]
    assert revisions(storage, "nothing") == []


def test_the_first_revision_of_anything_says_when_all_began(storage: Storage):
    with storage.reading() as database:
        assert database.definitions.begun_at() is None
    record(storage, 3, document("b", "1"))
    record(storage, 5, document("a", "1"))
    with storage.reading() as database:
        assert database.definitions.begun_at() == at(3)


def test_one_name_declared_twice_is_refused(storage: Storage):
    with storage.transaction() as database, pytest.raises(ValueError, match="one kind and name"):
        database.definitions.record([document("a", "1"), document("a", "2")], "file", at(0))
