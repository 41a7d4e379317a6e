"""What evaluations read for many key results at once, and what tells them that nothing has changed."""

from dataclasses import replace

from tests.ports.ledger_examples import at, minutes
from tests.ports.okr_examples import check_in, event
from tests.ports.record_examples import LATENCY, UPTIME, measurement, progress

from okrbridge.application.ports import Storage


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
