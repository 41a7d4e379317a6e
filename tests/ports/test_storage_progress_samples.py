"""What evaluations read for many key results at once, and what tells them that nothing has changed."""

from dataclasses import replace
from datetime import timedelta

from tests.ports.ledger_examples import at, minutes
from tests.ports.okr_examples import check_in, event
from tests.ports.record_examples import LATENCY, UPTIME, measurement, progress

from okrbridge.application.ports import Storage
from okrbridge.application.records import Quality
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus


def test_the_last_progress_at_each_instant_comes_once(storage: Storage):
    with storage.transaction() as database:
        records = [progress(minute, minute / 10) for minute in (0, 5, 7)]
        database.progress.save([], [*records, progress(6, key_result=LATENCY)])
    with storage.reading() as database:
        found = database.progress.sampled([UPTIME, LATENCY], [at(-1), at(5), at(6), at(100), at(100)])
    assert found == {UPTIME: [records[1], records[2]], LATENCY: [progress(6, key_result=LATENCY)]}


def test_nothing_is_sampled_of_nothing(storage: Storage):
    with storage.reading() as database:
        assert database.progress.sampled([], [at(0)]) == {}
        assert database.progress.sampled([UPTIME], []) == {}


def test_the_measurements_of_a_time_ascend_and_tell_where_there_was_no_value(storage: Storage):
    with storage.transaction() as database:
        values = [measurement(2, 0.5), measurement(0, 0.25), measurement(1, None), measurement(9, 0.75)]
        database.progress.save([*values, measurement(1, 0.1, key_result=LATENCY)], [])
    with storage.reading() as database:
        found = database.progress.measured(UPTIME, minutes(0, 9))
    assert found == [(at(0), 0.25), (at(1), None), (at(2), 0.5)]


def test_the_instants_that_have_no_record_soon_after_them_are_told(storage: Storage):
    with storage.transaction() as database:
        database.progress.save([], [progress(0), progress(63), progress(60, key_result=LATENCY)])
    with storage.reading() as database:
        found = database.progress.lacking([UPTIME, LATENCY], [at(0), at(58), at(61)], timedelta(minutes=5))
        assert database.progress.lacking([], [at(0)], timedelta(0)) == []
    # Uptime at 58 min has its record at 63 min, latency at 61 min has none up to 66 min.
    assert sorted(found) == [(LATENCY, at(0)), (LATENCY, at(61))]


def test_the_first_record_that_stood_so_is_found_for_each_interval(storage: Storage):
    red, missed = SteadyStatus(KeyResultStatus.OFF_TRACK), SteadyStatus(KeyResultStatus.MISSED)
    with storage.transaction() as database:
        own = [progress(0), progress(1, status=red), progress(2, status=red), progress(3), progress(4, status=missed)]
        database.progress.save([], [*own, progress(0, key_result=LATENCY)])
    asked = [(UPTIME, minutes(0, 9)), (UPTIME, minutes(2, 9)), (UPTIME, minutes(3, 4)), (LATENCY, minutes(0, 9))]
    with storage.reading() as database:
        found = database.progress.first_shown((KeyResultStatus.OFF_TRACK, KeyResultStatus.MISSED), [*asked, asked[0]])
        assert database.progress.first_shown((KeyResultStatus.MISSED,), []) == []
    assert found == [at(1), at(2), None, None, at(1)]


def test_names_and_the_oldest_record_are_of_all_key_results(storage: Storage):
    with storage.reading() as database:
        assert (database.progress.names(), database.progress.oldest()) == ([], None)
    with storage.transaction() as database:
        database.progress.save(
            [], [progress(5), progress(7), progress(3, key_result=LATENCY), progress(9, key_result="Z/z")]
        )
    with storage.reading() as database:
        assert database.progress.names() == ["Z/z", LATENCY, UPTIME]
        assert database.progress.oldest() == at(3)


def test_a_trace_tells_what_records_differ_in(storage: Storage):
    with storage.transaction() as database:
        records = [progress(0), progress(1, quality=Quality.ERROR), progress(2), progress(9)]
        database.progress.save([measurement(0, 0.5), measurement(1, None)], records)
    with storage.reading() as database:
        found = database.progress.trace(UPTIME, minutes(0, 9))
    # The measurement of minute 2 is gone.
    assert found == [
        (at(0), 0.5, "at_risk", "ok"),
        (at(1), None, "at_risk", "error"),
        (at(2), None, "at_risk", "ok"),
    ]


def test_records_are_forgotten_with_both_ends_of_a_span(storage: Storage):
    with storage.transaction() as database:
        every = range(6)
        database.progress.save([measurement(one) for one in every], [progress(one) for one in every])
        database.progress.save([measurement(2, key_result=LATENCY)], [progress(2, key_result=LATENCY)])
    with storage.transaction() as database:
        assert database.progress.forget(UPTIME, [minutes(1, 2), minutes(4, 4)]) == 3
        assert database.progress.forget(UPTIME, []) == 0
    with storage.reading() as database:
        assert [one.at for one in database.progress.history(UPTIME, minutes(0, 9), 9)] == [at(0), at(3), at(5)]
        assert [when for when, _ in database.progress.measured(UPTIME, minutes(0, 9))] == [at(0), at(3), at(5)]
        assert database.progress.latest([LATENCY], at(9)) == {LATENCY: progress(2, key_result=LATENCY)}


def test_how_far_records_are_thinned_is_kept_by_step(storage: Storage):
    hour, day = timedelta(hours=1), timedelta(days=1)
    with storage.transaction() as database:
        for step, until in ((hour, at(0)), (day, at(1)), (hour, at(60))):
            database.progress.note_thinned(step, until)
    with storage.reading() as database:
        found = [database.progress.thinned_until(step) for step in (hour, day, timedelta(minutes=1))]
    assert found == [at(60), at(1), None]


def test_check_ins_are_counted_up_to_an_instant(storage: Storage):
    with storage.transaction() as database:
        for minute, name in ((0, UPTIME), (1, LATENCY), (5, UPTIME)):
            database.check_ins.add(check_in(minute, key_result=name))
    with storage.reading() as database:
        assert [database.check_ins.count(at(minute)) for minute in (-1, 0, 1, 9)] == [0, 1, 2, 3]


def test_the_state_of_events_changes_when_one_comes_or_comes_again(storage: Storage):
    first, other = event(0), event(2)
    with storage.transaction() as database:
        assert database.events.state(minutes(0, 9), "deploy") == (0, None)
        database.events.save([first, other, event(20), event(1, "signup")])
        assert database.events.state(minutes(0, 9), "deploy") == (2, other.received_at)
        database.events.save([replace(first, received_at=at(30), end=at(5))])
    with storage.reading() as database:
        assert database.events.state(minutes(0, 9), "deploy") == (2, at(30))
