"""When series were created: what is asked, and what it decides about new series."""

from typing import cast

import numpy as np
import pytest

from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.promql.selectors import parse_selector
from okrbridge.sources.prometheus.carry.asking import Questions
from okrbridge.sources.prometheus.carry.births import Created, Measured, born
from okrbridge.sources.prometheus.carry.created import Creations, created_selector, scraped, shared
from okrbridge.sources.prometheus.carry.facts import TargetFacts
from okrbridge.sources.prometheus.carry.increase import walk
from okrbridge.sources.prometheus.carry.series import SeriesBook, Targets
from okrbridge.sources.prometheus.http.levels import Levels

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("read", "asked"),
    [
        ('x_total{job="a",code=~"5.."}', 'x_created{code=~"5..",job="a"}'),
        ('x_bucket{job="a",le="0.3"}', 'x_created{job="a"}'),
        ("x_count", "x_created"),
        ("x_sum", "x_created"),
        ("x", None),
        ("total", None),
    ],
)
def test_creations_have_the_name_and_the_labels_of_their_series(read, asked):
    selector = created_selector(parse_selector(read))
    assert (selector and selector.text) == asked


# The slice begins at 1000, where the SLI was last measured: births since 925, and old since 1000 - 300 - 75 = 625.
@pytest.mark.parametrize(
    ("created", "start", "up_seen", "is_shared", "last_scrape", "is_born"),
    [
        pytest.param(990, NAN, -INF, False, INF, True, id="created after all, target unknown"),
        pytest.param(930, NAN, -INF, False, INF, True, id="created between the last scrape and the slice"),
        pytest.param(920, NAN, -INF, False, INF, False, id="older, target unknown"),
        pytest.param(990, NAN, -INF, True, INF, False, id="relabelled"),
        pytest.param(700, NAN, -INF, False, 640, True, id="created while the target was not scraped"),
        pytest.param(630, 0, 1000, False, 1000, True, id="not surely old, target up"),
        pytest.param(620, 0, 1000, False, 1000, False, id="came into view though the target was up"),
        pytest.param(620, NAN, 1000, False, 1000, True, id="perhaps told the start of its process"),
        pytest.param(60, 0, 1000, False, 1000, True, id="told the start of its process"),
        pytest.param(NAN, 0, 1000, False, 1000, True, id="not told, target up"),
        pytest.param(NAN, 0, -INF, False, INF, False, id="not told, target unknown"),
    ],
)
def test_a_creation_tells_a_birth_from_what_came_into_view(created, start, up_seen, *, is_shared, last_scrape, is_born):
    one = np.array([0])
    facts = TargetFacts(*(np.array([float(fact)]) for fact in (start, start, up_seen, INF)))
    measured = Measured(np.array([1000.0]), np.array([-INF]))
    creation = Created(np.array([float(created)]), np.array([is_shared]), np.array([float(last_scrape)]))
    found, may_be = born(one, one, 1000.0, facts, measured, created=creation)
    assert found.tolist() == [is_born]
    # Only of what nothing is told a sibling decides.
    assert not (may_be & ~np.isnan(creation.at) & found).any()


def test_births_do_not_look_into_slices_that_are_still_to_be_asked_for():
    one, at = np.array([0]), np.array([900.0])
    facts = TargetFacts(*(np.array([fact]) for fact in (NAN, NAN, -INF, INF)))
    creation = Created(at, np.array([False]), np.array([INF]))
    unknown = Measured(np.array([NAN]), np.array([1000.0]))
    assert not born(one, one, 1120.0, facts, unknown, created=creation)[0].any()


def test_a_counter_shares_its_creation_with_its_former_name_and_not_with_siblings_of_its_target():
    book = SeriesBook(Targets())
    labels = ['"code":"5","instance":"old"', '"code":"5","instance":"new"', '"code":"4","instance":"new"']
    book.copies(0, [f'"__name__":"x_total",{one},"job":"j"'.encode() for one in labels])
    rows, created = np.arange(3), np.array([10.5, 10.5, NAN])
    assert shared(rows, book, created).tolist() == [True, True, False]
    assert shared(rows, book, np.array([NAN, 10.5, 10.5])).tolist() == [False, False, False]
    assert scraped(book, np.array([-INF, -INF, 60.0])).tolist() == [INF, 60.0]


def test_a_creation_that_moved_is_a_reset_and_one_that_wavers_is_not():
    points = [(10.0, 110.0), (25.0, 130.0), (40.0, 140.0)]
    before = (100.0, NAN, 0.0)
    # 10, then all of 130 of the new one, then 10.
    assert walk(points, [NAN] * 3, before, 60, (-500.0, [-500.0, 20.0, 20.0])).grown == 150
    assert walk(points, [NAN] * 3, before, 60, (-500.0, [-500.0, -499.0, -500.0])).grown == 40
    assert walk(points, [NAN] * 3, before, 60, (NAN, [20.0] * 3)).grown == 40


class Asking:
    """Notes what is asked, and answers that the counter tells creations and the histogram none."""

    step_seconds = 60

    def __init__(self) -> None:
        self.asked: list[object] = []

    def existing(self, names, at):
        self.asked.append((tuple(names), at))
        return lambda: [Levels([b'"__name__":"x_created"'], np.ones((1, 1)))]

    def late(self, selectors, ends, window):
        self.asked.append(([one.text for one in selectors], ends.tolist(), window))
        return lambda: [
            Levels(
                [b'"__name__":"x_created","code":"5"', b'"__name__":"x_created","code":"9"'], np.array([[50.0]] * 2)
            ),
            SourceError("too slow", reason=SourceFailureReason.TIMEOUT, source="prom"),
        ][: len(selectors)]


def test_a_metric_without_creations_is_asked_about_once_an_hour():
    asking, book = Asking(), SeriesBook(Targets())
    creations = Creations([parse_selector("h_bucket"), parse_selector("x_total")], cast("Questions", asking), book)
    book.copies(1, [b'"__name__":"x_total","code":"5"', b'"__name__":"x_total","code":"2"'])
    for end in (60, 120, 3660):
        told = creations.answered(creations.ask(np.array([end]), 120), 1)
    both, late = ("h_created", "x_created"), 120 + 75
    assert asking.asked == [
        (both, 60),
        (["x_created"], [120], late),
        (both, 3660),
        (["x_created"], [3660], late),
    ]
    assert np.nan_to_num(told[:, 0], nan=-1).tolist() == [50, -1]
    assert creations.tells.tolist() == [True, True]


def test_all_buckets_of_a_histogram_are_as_old_as_it_is_and_what_fails_is_not_told():
    book = SeriesBook(Targets(), ("replica",))
    reads = [parse_selector("x_bucket"), parse_selector("x_count"), parse_selector('x_sum{a="b"}')]
    creations = Creations(reads, cast("Questions", Asking()), book)
    book.copies(0, [f'"code":"5","le":"{bound}","replica":"1"'.encode() for bound in (1, 2)])
    book.copies(1, [b'"code":"5"'])
    creations.answered(creations.ask(np.array([60]), 120), 1)
    told = creations.answered(creations.ask(np.array([120]), 120), 1)
    assert told[:, 0].tolist() == [50, 50, 50]
