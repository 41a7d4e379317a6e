"""Lints of titles, on the corpus of real key results and on the text errors that its sources made."""

import csv

import pytest
from tests.unit.domain.corpus import TABLE

from okrbridge.domain.lint.titles import REMEDIES, about, is_task, title_codes

with TABLE.open(encoding="utf-8", newline="") as _table:
    NAMES = {row["id"]: (row["name"], bool(row["kind"])) for row in csv.DictReader(_table)}

WRONG = {
    "K45": ("output_metric",),
    "K76": ("undefined_metric",),  # what makes an agreement realistic?
    "K79": ("undefined_metric",),
    "K80": ("undefined_metric",),
    "K82": ("undefined_metric",),
    "K84": ("no_numbers",),
    "K85": ("no_numbers",),
    "K86": ("task_not_outcome",),
    "K87": ("no_numbers", "direction_conflict"),
}
"""Rows of the corpus with a text error, and what it is."""


@pytest.mark.parametrize("row", NAMES)
def test_the_corpus_gives_the_lints_it_should_and_no_other(row: str):
    title, has_numbers = NAMES[row]
    assert title_codes(title, has_numbers=has_numbers) == WRONG.get(row, ())


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("Launch onboarding emails", "task_not_outcome"),
        ("Deploy the new gateway", "task_not_outcome"),
        ("Organize a course on infrastructure", "task_not_outcome"),
        ("Test-first for all teams; course on infrastructure; test plans per request", "task_not_outcome"),
        ("Less toil, and read two books", "task_not_outcome"),
    ],
)
def test_r164_work_to_do_is_no_outcome(title: str, code: str):
    assert code in title_codes(title)


@pytest.mark.parametrize(
    "title",
    [
        "Deploy frequency from 2/week to 3/day",
        "Release lead time under 2 days",
        "Build success rate above 95%",
        "Run rate of incidents below 3 a month",
        "Launch readiness of 9 of 10 services",
        "Drop-in replacements from 3 to 12",
    ],
)
def test_r164_a_metric_that_is_named_after_work_is_no_task(title: str):
    assert not is_task(title)


@pytest.mark.parametrize("title", ["Improve reliability", "Reduce incidents", "More uptime"])
def test_r165_vague_words_want_a_number(title: str):
    assert "no_numbers" in title_codes(title, has_numbers=False)
    assert title_codes(title, has_numbers=True) == ()


def test_r165_a_number_in_the_title_is_a_number():
    assert title_codes("Reduce incidents to 3", has_numbers=False) == ()


@pytest.mark.parametrize(
    "title", ["Fix 30 bugs", "Deliver 12 features", "Write 3 blog posts", "Story points of a sprint"]
)
def test_r167_output_is_flagged(title: str):
    assert title_codes(title) == ("output_metric",)


@pytest.mark.parametrize("title", ["Resolve 90% of tickets in 48 hours", "Tickets closed in 48 hours"])
def test_r167_a_share_or_a_time_of_service_is_no_output(title: str):
    assert title_codes(title) == ()


@pytest.mark.parametrize("title", ["Total signups", "Cumulative number of downloads", "All-time page views"])
def test_r161_what_can_only_grow_is_vanity(title: str):
    assert title_codes(title) == ("vanity_cumulative",)


def test_r161_a_count_of_a_period_is_none():
    assert title_codes("Weekly signups") == ()


@pytest.mark.parametrize(
    "title", ["Increase in APIs response time", "Raise the error rate", "Reduce customer satisfaction"]
)
def test_r6_a_wish_for_more_of_what_is_bad_is_a_conflict(title: str):
    assert "direction_conflict" in title_codes(title)


@pytest.mark.parametrize(
    "title",
    [
        "Increase time between failures to 30 days",
        "Increase error budget left to 50%",
        "Increase conversion, reduce churn and lower latency",
        "Increase the share of incidents with a postmortem",
        "Raise failure detection",
    ],
)
def test_r6_bad_words_on_the_way_to_something_good_are_no_conflict(title: str):
    assert "direction_conflict" not in title_codes(title)


def test_what_is_counted_defines_a_metric():
    assert title_codes("Productivity by tools", is_defined=True) == ()


@pytest.mark.parametrize("code", REMEDIES)
def test_every_message_names_the_title_and_a_remedy(code: str):
    assert about("Fix 30 bugs", code).startswith("'Fix 30 bugs' ")
    assert ";" in about("Fix 30 bugs", code)
