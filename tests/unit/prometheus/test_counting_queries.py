"""The PromQL that counts: text only; what it counts is tested on a real server."""

from dataclasses import replace
from datetime import timedelta

import pytest

from okrbridge.promql.selectors import parse_selector
from okrbridge.promql.syntax import number_fault
from okrbridge.sources.prometheus.push_down.counters import (
    Counter,
    Reach,
    Siblings,
    counting_query,
    odd_targets_query,
    plain_query,
    survey_query,
)

MINUTE = timedelta(minutes=1)
BAD, ALL = parse_selector('x_total{job="api",code="5\\"0"}'), parse_selector('x_total{job="api"}')
COUNTER = Counter(BAD, (Siblings(ALL),))


COPIED = replace(COUNTER, replicas=("replica",))


@pytest.mark.parametrize("counter", [COUNTER, COPIED])
@pytest.mark.parametrize("question", [counting_query, survey_query, odd_targets_query, plain_query])
def test_all_questions_are_promql_of_ten_kilobytes_at_most(question, counter):
    query = question(counter, MINUTE)
    assert number_fault(query) is None
    assert len(query) < 10_000


def test_the_survey_is_a_fraction_of_the_full_question():
    assert survey_query(COUNTER, MINUTE).count("_over_time(") * 2 < counting_query(COUNTER, MINUTE).count("_over_time(")


def test_odd_targets_are_told_apart_by_job_and_instance_beside_the_labels_of_the_counters():
    query = odd_targets_query(replace(COUNTER, by=("job", "path")), MINUTE)
    assert query.startswith("count by (job, path, instance) (last_over_time(x_total{")
    assert "and group by (job, path, instance) (" in query


def test_of_the_copies_of_a_series_the_highest_counts():
    series = 'x_total{code="5\\"0",job="api"}'
    assert plain_query(COPIED, MINUTE) == (
        f"sum (max without (replica) (last_over_time({series}[1m]))"
        f" - max without (replica) (last_over_time({series}[5m] offset 1m)))"
    )


def test_the_near_past_is_five_minutes_and_processes_may_be_a_bit_older_than_the_slice():
    query = counting_query(COUNTER, MINUTE)
    assert 'last_over_time(x_total{job="api"}[5m] offset 1m)' in query
    assert 'process_start_time_seconds{job="api"}[1m]) > time() - 135' in query  # 60 s of slice and 75 s of slack


def test_after_a_gap_the_look_back_and_the_age_of_new_processes_grow():
    # 15 minutes unmeasured: processes up to 900 + 60 + 75 s old are new.
    query = counting_query(Counter(ALL, (Siblings(ALL),)), MINUTE, Reach(timedelta(minutes=20), timedelta(minutes=15)))
    assert 'last_over_time(x_total{job="api"}[20m] offset 1m)' in query
    assert "> time() - 1035" in query
    assert 'count (last_over_time(x_total{job="api"}[5m]))' in query


def test_counters_that_are_kept_apart_have_siblings_of_their_own_only():
    query = counting_query(Counter(BAD, (Siblings(ALL, ("job", "handler")),), ("handler", "job")), MINUTE)
    assert "sum by (handler, job) (" in query
    assert "unless on (job, instance, handler) (last_over_time(" in query
