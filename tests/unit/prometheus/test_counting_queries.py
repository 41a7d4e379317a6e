"""The PromQL that counts: text only; what it counts is tested on a real server."""

from datetime import timedelta

import pytest

from okrbridge.domain.sli import Sli
from okrbridge.promql.syntax import number_fault
from okrbridge.sources.prometheus.counters import Reach, counting_query, survey_query

MINUTE = timedelta(minutes=1)
SLI = Sli("api", "prom", bad='x_total{job="api",code="5\\"0"}', total='x_total{job="api"}')


@pytest.mark.parametrize("query", [counting_query(SLI, MINUTE), survey_query(SLI, MINUTE)])
def test_both_questions_are_promql_of_ten_kilobytes_at_most(query):
    assert number_fault(query) is None
    assert len(query) < 10_000


def test_the_near_past_is_five_minutes_and_processes_may_be_a_bit_older_than_the_slice():
    query = counting_query(SLI, MINUTE)
    assert 'last_over_time(x_total{job="api"}[5m] offset 1m)' in query
    assert 'process_start_time_seconds{job="api"}[1m]) > time() - 135' in query  # 60 s of slice and 75 s of slack


def test_after_a_gap_the_look_back_and_the_age_of_new_processes_grow():
    # 15 minutes unmeasured: processes up to 900 + 60 + 75 s old are new.
    query = counting_query(SLI, MINUTE, Reach(timedelta(minutes=20), unmeasured=timedelta(minutes=15)))
    assert 'last_over_time(x_total{job="api"}[20m] offset 1m)' in query
    assert "> time() - 1035" in query
    assert 'count(last_over_time(x_total{job="api"}[5m]))' in query


def test_an_expression_cannot_be_counted():
    with pytest.raises(ValueError, match="write the counter itself"):
        survey_query(Sli("api", "prom", bad="rate(x[5m])", total="x"), MINUTE)
