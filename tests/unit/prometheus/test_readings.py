"""From an answer to the one number it should give."""

from datetime import UTC, datetime

import pytest

from okrbridge.application.ports import ValueRequest
from okrbridge.domain.measures import PromqlMeasure
from okrbridge.errors import SourceFailureReason
from okrbridge.sources.prometheus.http.envelope import Answer, Row
from okrbridge.sources.prometheus.readings import as_reading

REQUEST = ValueRequest("up", datetime(2026, 3, 1, tzinfo=UTC))


def vector(*values: float) -> Answer:
    return Answer("vector", tuple(Row({}, ((0, value),)) for value in values), ("careful",))


def test_one_series_is_one_number_and_warnings_stay_with_it():
    reading = as_reading(REQUEST, vector(2.5))
    assert (reading.value, reading.failure, reading.note, reading.warnings) == (2.5, None, "", ("careful",))


@pytest.mark.parametrize(("answer", "note"), [(vector(), "no series"), (vector(float("nan")), "NaN")])
def test_nothing_is_no_failure(answer, note):
    reading = as_reading(REQUEST, answer)
    assert (reading.value, reading.failure) == (None, None)
    assert note in reading.note


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (vector(float("inf")), SourceFailureReason.BAD_ANSWER, "+Inf"),
        (vector(float("-inf")), SourceFailureReason.BAD_ANSWER, "-Inf"),
        (vector(1, 2, 3), SourceFailureReason.TOO_MANY_SERIES, "3 series, one is needed; aggregate"),
        (Answer("matrix", ()), SourceFailureReason.BAD_QUERY, "a range of samples"),
        (Answer("string", ()), SourceFailureReason.BAD_QUERY, "a text"),
    ],
)
def test_what_is_not_one_number_is_a_failure(answer, reason, words):
    reading = as_reading(REQUEST, answer)
    assert reading.value is None
    assert reading.failure is not None
    assert reading.failure.reason is reason
    assert words in reading.failure.message


def member(name: str, value: float) -> Row:
    return Row({"repo": name}, ((0, value),))


MEMBERS = ValueRequest("has_sast", REQUEST.at, measure=PromqlMeasure("has_sast", "prometheus", member_label="repo"))


def test_a_population_has_a_number_for_each_member():
    reading = as_reading(MEMBERS, Answer("vector", (member("a", 1.0), member("b", 0.0), member("c", float("nan")))))
    # One of which nothing can be said is named all the same.
    assert (reading.value, reading.members) == (None, (("a", 1.0), ("b", 0.0), ("c", None)))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((Row({"pod": "x"}, ((0, 1.0),)),), "without the label 'repo'"),
        ((member("a", 1.0), member("a", 0.0)), "the member a twice"),
    ],
)
def test_members_need_a_name_of_their_own(rows, words):
    reading = as_reading(MEMBERS, Answer("vector", rows))
    assert reading.failure is not None
    assert words in reading.failure.message


def test_a_population_without_members_is_no_data():
    reading = as_reading(MEMBERS, Answer("vector", ()))
    assert (reading.failure, reading.note) == (None, "the query returned no series")
