"""What is remembered of how the sources do."""

from dataclasses import replace
from datetime import timedelta

from tests.fakes.bench import MIDDLE
from tests.fakes.definitions import API
from tests.fakes.scripted_source import ScriptedSource, steady

from okrbridge.application.ports import CountRequest, Reading, SourceFailure, ValueRequest
from okrbridge.application.source_health import SourceHealth
from okrbridge.domain.windows import Interval
from okrbridge.errors import SourceFailureReason

MINUTE = timedelta(minutes=1)
WEB = replace(API, name="web", total="web_total")
SLOW = SourceFailure(SourceFailureReason.TIMEOUT, "too slow")
REFUSED = SourceFailure(SourceFailureReason.BAD_QUERY, "parse error")


def answers(*slis, **failing: SourceFailure):
    source = ScriptedSource(steady(9.0, 10.0), failing={name: failing[name] for name in failing})
    return source.count([CountRequest(slis or (API, WEB), Interval(MIDDLE, MIDDLE + MINUTE))])


def noted(*rounds) -> SourceHealth:
    health = SourceHealth({"prometheus": "Prometheus"})
    for minute, one in enumerate(rounds):
        health.note_counts(one, MIDDLE + minute * MINUTE)
    return health


def test_only_slis_that_failed_are_remembered_one_by_one():
    health = noted(answers(web=SLOW))
    assert set(health.outcomes) == {WEB.key}
    assert health.outcomes[WEB.key].failure == "timeout: too slow"
    assert health.failing_slis() == {WEB.key}


def test_an_sli_that_is_answered_again_no_longer_fails():
    assert noted(answers(web=SLOW), answers()).outcomes == {}


def test_an_sli_that_was_not_asked_keeps_its_outcome():
    assert noted(answers(web=SLOW), answers(API)).failing_slis() == {WEB.key}


def test_warnings_are_remembered_and_are_no_failure():
    source = ScriptedSource(steady(9.0, 10.0), warnings=("partial response",))
    health = noted(source.count([CountRequest((API,), Interval(MIDDLE, MIDDLE + MINUTE))]))
    assert health.outcomes[API.key].warnings == ("partial response",)
    assert health.failing_slis() == frozenset()


def test_a_source_is_up_when_it_answers_anything_if_only_to_refuse():
    for failing, is_up in (({}, True), ({"web": SLOW}, True), ({"web": REFUSED, "api-requests": REFUSED}, True)):
        assert noted(answers(**failing)).report("prometheus", MIDDLE).is_up is is_up
    down = noted(answers(**{"web": SLOW, "api-requests": SLOW})).report("prometheus", MIDDLE)
    assert (down.is_up, down.failure, down.last_success_at) == (False, "timeout: too slow", None)


def test_the_last_success_and_the_silence_of_a_tick_are_told():
    health = noted(answers(), answers(**{"web": SLOW, "api-requests": SLOW}))
    assert health.report("prometheus", MIDDLE + MINUTE).last_success_at == MIDDLE
    assert health.report("prometheus", MIDDLE + 2 * MINUTE).is_up is None


def test_values_count_as_answers_too():
    health = SourceHealth({})
    request = ValueRequest("q", MIDDLE)
    health.note_values([("prometheus", Reading(request, None, SLOW)), ("prometheus", Reading(request, 1.0))], MIDDLE)
    report = health.report("prometheus", MIDDLE)
    assert (report.is_up, report.failure) == (True, "timeout: too slow")


def test_where_data_begins_is_news_once():
    health = SourceHealth({})
    assert health.note_history({"prometheus": MIDDLE}) == ["prometheus"]
    assert health.note_history({"prometheus": MIDDLE}) == []
    assert health.data_begins == {"prometheus": MIDDLE}
