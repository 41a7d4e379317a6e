"""Live counters of good and bad events."""

from dataclasses import replace
from datetime import timedelta

from tests.fakes.bench import MIDDLE
from tests.fakes.definitions import API
from tests.fakes.scripted_source import Script, ScriptedSource, steady

from okrbridge.application.event_counters import EventCounters
from okrbridge.application.ports import Counted, CountRequest, SourceFailure
from okrbridge.domain.windows import Interval
from okrbridge.errors import SourceFailureReason

TWO_MINUTES = Interval(MIDDLE, MIDDLE + timedelta(minutes=2))
WEB = replace(API, name="web", total="web_total")


def counted(script: Script, *slis, failing: str = "") -> Counted:
    source = ScriptedSource(script)
    source.failing[failing] = SourceFailure(SourceFailureReason.TIMEOUT, "slow")
    [answer] = source.count([CountRequest(slis, TWO_MINUTES)])
    return answer


def test_nothing_was_counted_before_the_first_answer():
    assert EventCounters().of(API.key) == (0.0, 0.0)


def test_events_of_several_answers_add_up():
    events = EventCounters().plus([counted(steady(9.0, 10.0), API)])
    events = events.plus([counted(steady(8.0, 10.0), WEB, API)])
    # Two slices each time: 18 + 16 good, 2 + 4 bad; WEB was in the second only.
    assert events.of(API.key) == (34.0, 6.0)
    assert events.of(WEB.key) == (16.0, 4.0)


def test_earlier_counters_stay_as_they_were():
    before = EventCounters().plus([counted(steady(9.0, 10.0), API)])
    before.plus([counted(steady(9.0, 10.0), API)])
    assert before.of(API.key) == (18.0, 2.0)


def test_counts_that_contradict_each_other_never_lower_a_counter():
    events = EventCounters().plus([counted(steady(11.0, 10.0), API)])
    assert events.of(API.key) == (22.0, 0.0)


def test_gaps_and_failures_add_nothing():
    events = EventCounters().plus(
        [counted(lambda _sli, _start: None, API), counted(steady(9.0, 10.0), WEB, failing="web")]
    )
    assert (events.of(API.key), events.of(WEB.key)) == ((0.0, 0.0), (0.0, 0.0))
