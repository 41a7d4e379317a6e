"""What stays of a cycle: final scores and significance after the close, the review, learnings and actions."""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.fakes.telemetry import RememberingTelemetry
from tests.unit.api.snapshots import ERRORS, LATENCY
from tests.unit.application.cycle_story import DAY, END, IDEA, Q1, Q2, START, Story

from okrbridge.application.cycles.closing import Judgement
from okrbridge.application.cycles.final_scores import FinalScores
from okrbridge.application.cycles.report_text import _significance
from okrbridge.application.cycles.retrospective_items import (
    action_items,
    learning_items,
    preparation_items,
    too_easy_teams,
)
from okrbridge.application.cycles.review import review_items
from okrbridge.application.cycles.significance_statement import Statements, is_settled
from okrbridge.application.cycles.summary import cycle_summary
from okrbridge.application.okr_records import ScoreRecord
from okrbridge.application.parts import Parts
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, Visibility
from okrbridge.domain.ledger import Slices, SliceState, SliceTable
from okrbridge.domain.measures import SloMeasure
from okrbridge.domain.objectives import Retrospective, RetrospectiveAction
from okrbridge.domain.scoring import Outcome
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Slo
from okrbridge.domain.units import RATIO
from okrbridge.domain.windows import Grid, Interval, RollingWindow, epoch_seconds
from okrbridge.storage.memory import MemoryStorage

MINUTE = timedelta(minutes=1)


def final_scores(story: Story) -> FinalScores:
    """The upkeep of final scores over a story's storage."""
    parts = Parts(story.storage, {}, Grid(MINUTE), lambda: story.at, RememberingTelemetry())
    return FinalScores(parts, story.definitions)


def only(story: Story) -> ScoreRecord:
    (kept,) = story.scores()
    return kept


def closed_at_forty_percent() -> Story:
    """(560 - 800) / (200 - 800) = 0.4 at the close."""
    story = Story()
    story.measured(LATENCY, END, 560.0)
    story.close()
    return story


def test_a_score_that_a_person_puts_right_while_it_is_brought_up_to_date_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
):
    story = closed_at_forty_percent()
    story.measured(LATENCY, END + DAY, 440.0)
    put_right = dataclasses.replace(only(story), score=0.5, override_reason="the probe lied")
    statements = Statements.of

    def meanwhile(self: Statements, key_results: Sequence[KeyResult], until: datetime) -> Any:
        with story.storage.transaction() as transaction:
            transaction.scores.save(put_right)
        return statements(self, key_results, until)

    monkeypatch.setattr(Statements, "of", meanwhile)
    upkeep = final_scores(story)
    assert upkeep.run(END + DAY) == 0
    assert only(story) == put_right
    monkeypatch.undo()
    assert upkeep.run(END + DAY + timedelta(hours=1)) == 1
    assert (only(story).score, only(story).final) == (0.5, 0.6)


def test_r81_measuring_goes_on_after_the_close_and_the_score_at_close_is_frozen():
    story = closed_at_forty_percent()
    assert only(story).final is None
    story.measured(LATENCY, END + DAY, 440.0)
    assert final_scores(story).run(END + DAY) == 1
    kept = only(story)
    # (440 - 800) / -600 = 0.6
    assert (kept.score, kept.computed, kept.final, kept.final_at) == (0.4, 0.4, 0.6, END + DAY)
    assert kept.outcome is Outcome.PARTIAL


def test_r83_a_score_of_04_at_close_ends_as_10_when_the_target_is_reached_later():
    story = closed_at_forty_percent()
    story.measured(LATENCY, END + 20 * DAY, 200.0)
    final_scores(story).run(END + 20 * DAY)
    assert (only(story).score, only(story).final) == (0.4, 1.0)


def test_final_scores_are_made_once_a_day_and_once_more_when_measuring_ends():
    story = closed_at_forty_percent()
    upkeep, end = final_scores(story), Q1.measure_until
    story.measured(LATENCY, END + DAY, 440.0)
    made = [upkeep.run(at) for at in (END + DAY, END + DAY + MINUTE, END + 1.5 * DAY, END + 2 * DAY)]
    assert made == [1, 0, 0, 1]
    assert [upkeep.run(at) for at in (end - DAY / 2, end + DAY / 4, end + DAY)] == [1, 1, 0]
    assert only(story).final_at == end


def test_what_is_measured_after_measuring_has_ended_is_in_no_score():
    story = closed_at_forty_percent()
    story.measured(LATENCY, Q1.measure_until + DAY, 200.0)
    final_scores(story).run(Q1.measure_until + DAY)
    assert only(story).final is None


def test_a_guard_that_failed_before_the_close_caps_the_final_score_too():
    guarded = dataclasses.replace(LATENCY, guards=(ERRORS.id,))
    story = Story((guarded, ERRORS))
    story.measured(ERRORS, START + DAY, 0.03)
    story.measured(guarded, END, 560.0)
    story.close()
    story.measured(guarded, END + DAY, 200.0)
    final_scores(story).run(END + DAY)
    kept = {one.key_result: one for one in story.scores()}[guarded.id]
    assert (kept.score, kept.final) == (0.3, 0.3)


def test_dropped_key_results_and_definitions_that_are_gone_are_left_alone():
    story = closed_at_forty_percent()
    story.measured(LATENCY, END + DAY, 200.0)
    gone = final_scores(Story((ERRORS,), storage=story.storage))
    assert gone.run(END + DAY) == 0
    moved = final_scores(Story(storage=story.storage, more={"objectives": ()}))
    assert moved.run(END + DAY) == 0


def write_days(storage: MemoryStorage, sli: Sli, first: datetime, counts: Sequence[tuple[float, float]]) -> None:
    """One measured slice at the beginning of each day."""
    for place, (good, total) in enumerate(counts):
        rows = [(epoch_seconds(first + place * DAY), good, total, SliceState.MEASURED)]
        with storage.transaction() as transaction:
            transaction.ledger.write([sli], "prometheus", SliceTable.of_one(Slices.of(rows)))


def days(first: datetime, values: list[float]) -> Iterator[tuple[datetime, float]]:
    return ((first + day * DAY, value) for day, value in enumerate(values))


def test_r84_significance_names_its_test_n_effect_interval_and_p():
    """1 to 5 before and 6 to 10 after: U = 25 of 25, p = 0.0122, shift 5, as the formula's own example has it."""
    story = Story()
    for at, value in days(START - 4 * DAY, [1.0, 5.0, 2.0, 4.0, 3.0]):
        story.measured(LATENCY, at, value)
    for at, value in days(END - 4 * DAY, [6.0, 10.0, 7.0, 9.0, 8.0]):
        story.measured(LATENCY, at, value)
    (kept,) = story.close()
    statement = kept.significance
    assert statement is not None
    expected = {"n_before": 5, "n_after": 5, "effect": 5.0, "effect_low": 3.0, "effect_high": 7.0, "unit": "ms"}
    assert {key: statement[key] for key in expected} == expected
    assert statement["p_value"] == pytest.approx(0.0122, abs=5e-5)
    assert statement["is_significant"] is True
    assert "Mann-Whitney" in str(statement["test"])
    assert "the 28 days before it started against the 28 days to 2026-04-01" in str(statement["method"])


@pytest.mark.parametrize(
    ("effect", "low", "high", "unit", "shown"),
    [
        # -0.00000268184 of a ratio are -0.000268184 percentage points.
        (-0.00000268184, -0.0005, 0.0004, "ratio", "-0.000268 percentage points (-0.05 percentage points to "),
        (-1.2345, -2.0, -0.5, "%", "-1.23 percentage points (-2 percentage points to "),
        (-123.456, -217.04, -5.6, "ms", "-123 ms (-217 ms to -5.6 ms), p = "),
        (-123.456, None, None, "ms", "-123 ms (days resemble each other too much for an interval), p = "),
    ],
)
def test_r84_the_report_tells_an_effect_in_points_and_no_interval_where_there_is_none(
    effect: float, low: float | None, high: float | None, unit: str, shown: str
):
    statement = {"effect": effect, "effect_low": low, "effect_high": high, "unit": unit, "p_value": 0.18}
    told = _significance(statement | {"is_significant": False, "n_before": 28, "n_after": 28, "test": "a test"})
    assert told.startswith(f"No change beyond chance: {shown}")


def test_without_history_before_the_start_the_first_days_are_what_it_was_before():
    story = Story()
    for at, value in days(START + DAY, [1.0, 5.0, 2.0, 4.0, 3.0]):
        story.measured(LATENCY, at, value)
    for at, value in days(END - 4 * DAY, [6.0, 10.0, 7.0, 9.0, 8.0]):
        story.measured(LATENCY, at, value)
    statement = story.close()[0].significance
    assert statement is not None
    assert "its first 28 days" in str(statement["method"])
    assert statement["before"] == {"from": "2026-01-01T00:00:00Z", "to": "2026-01-29T00:00:00Z"}


def test_fewer_than_five_days_on_a_side_are_no_statement():
    story = Story()
    for at, value in days(START + DAY, [1.0, 5.0, 2.0, 4.0]):
        story.measured(LATENCY, at, value)
    story.measured(LATENCY, END, 6.0)
    assert story.close()[0].significance is None


def test_days_of_an_slo_are_compared_by_their_own_events_and_not_by_the_period_to_date():
    sli = Sli("requests", "prometheus", total="requests_total", bad="errors_total")
    slo = Slo("availability", "search", sli, 0.999, RollingWindow(30 * DAY))
    uptime = dataclasses.replace(
        LATENCY, name="uptime", measure=SloMeasure("availability"), unit=RATIO, baseline=0.99, target=0.999
    )
    story = Story((uptime,), more={"slos": (slo,)})
    write_days(story.storage, sli, START - 5 * DAY, [(99, 100)] * 3 + [(98, 100)] * 2)
    write_days(story.storage, sli, END - 5 * DAY, [(199, 200), (999, 1000), (99, 99), (997, 1000), (996, 1000)])
    with story.storage.reading() as database:
        statement = Statements(database, story.definitions).of([uptime], END)[uptime.id]
    assert (statement["n_before"], statement["n_after"], statement["unit"]) == (5, 5, "ratio")
    # The middle of the 25 differences: 0.995, 0.996, 0.997, 0.999, 1 less 0.99 (three times) and less 0.98 (twice)
    # are 0.005, 0.006, 0.007, 0.009, 0.01 three times and 0.015, 0.016, 0.017, 0.019, 0.02 twice; the 13th is 0.01.
    assert statement["effect"] == pytest.approx(0.01)
    assert "daily shares of good events" in str(statement["method"])


@pytest.mark.parametrize(
    ("since", "is_significant", "settled"),
    [(END, True, True), (END - DAY, True, False), (END, False, False)],
)
def test_a_change_is_settled_by_days_that_all_lie_after_the_close(
    since: datetime, *, is_significant: bool, settled: bool
):
    after: dict[str, Any] = {"from": since.isoformat(), "to": (since + 28 * DAY).isoformat()}
    assert is_settled({"is_significant": is_significant, "after": after}, END) is settled
    assert not is_settled(None, END)


def test_a_settled_change_keeps_its_final_score():
    story = Story()
    for at, value in days(START - 4 * DAY, [800.0, 805.0, 802.0, 804.0, 803.0]):
        story.measured(LATENCY, at, value)
    story.measured(LATENCY, END, 560.0)
    story.close()
    for at, value in days(END + DAY, [200.0 + day % 3 for day in range(28)]):
        story.measured(LATENCY, at, value)
    upkeep = final_scores(story)
    assert upkeep.run(END + 28 * DAY) == 1
    story.measured(LATENCY, END + 30 * DAY, 800.0)
    assert upkeep.run(END + 30 * DAY) == 0
    assert only(story).final == 1.0


def test_r82_the_review_lists_every_key_result_of_past_cycles_with_its_value_at_close_and_now():
    story = Story((LATENCY, ERRORS))
    story.measured(LATENCY, END, 560.0)
    story.measured(ERRORS, END, 0.01)
    story.close()
    gone = dataclasses.replace(story.scores()[0], cycle="2025-q4", key_result="old/one")
    with story.storage.transaction() as transaction:
        transaction.scores.save(gone)
    story.measured(LATENCY, END + DAY, 200.0)
    story.at = END + DAY
    q4 = dataclasses.replace(Q1, name="2025-q4", interval=Interval(START - 92 * DAY, START))
    story.more["cycles"] = (q4, Q1, Q2)
    items = review_items(story.view(), Q2)
    names = [(one["cycle"], one["key_result"], one["value_at_close"], one["value_now"]) for one in items]
    assert names == [
        ("2026-q1", "errors", 0.01, 0.01),
        ("2026-q1", "p99-latency", 560.0, 200.0),
        ("2025-q4", "one", 0.01, None),
    ]
    assert review_items(story.view(), q4) == []


def test_what_was_restricted_at_its_close_is_hidden_even_when_its_definition_is_gone():
    secret = dataclasses.replace(LATENCY, visibility=Visibility.RESTRICTED)
    story = Story((secret, ERRORS))
    story.close()
    later = Story((ERRORS,), storage=story.storage)
    assert [one["key_result"] for one in review_items(later.view(sees_restricted=False), Q2)] == ["errors"]
    assert len(review_items(later.view(), Q2)) == 2


def action(title: str, **changes: Any) -> RetrospectiveAction:
    return RetrospectiveAction(title, **{"owner": "li", **changes})


def looking_back(*actions: RetrospectiveAction, cycle: Cycle = Q1) -> DefinitionSet:
    found = Retrospective("search-q1", cycle.name, "search", ("We guessed the baseline.",), actions)
    return DefinitionSet(cycles=(Q1, Q2), retrospectives=(found,))


def test_r72_an_action_stands_in_the_next_preparation_until_it_is_done():
    open_one = looking_back(action("Define activation", due=END + DAY))
    (item,) = preparation_items(open_one, Q2, END + 2 * DAY)
    assert item == {
        "action": "Define activation",
        "team": "search",
        "cycle": "2026-q1",
        "retrospective": "search-q1",
        "owner": "li",
        "due_at": "2026-04-02T00:00:00Z",
        "done": False,
        "is_overdue": True,
        "carried_to": None,
    }
    assert preparation_items(looking_back(action("Define activation", done=True)), Q2, END) == []


def test_actions_stand_in_no_preparation_before_the_cycle_they_were_carried_to():
    q3 = dataclasses.replace(Q2, name="2026-q3", interval=Interval(Q2.interval.end, Q2.interval.end + 92 * DAY))
    found = dataclasses.replace(looking_back(action("Later", carried_to="2026-q3")), cycles=(Q1, Q2, q3))
    assert preparation_items(found, Q2, END) == []
    assert [one["action"] for one in preparation_items(found, q3, END)] == ["Later"]
    assert preparation_items(found, Q1, END) == []


def test_learnings_and_actions_of_a_cycle_are_told_with_their_team():
    found = looking_back(action("Define activation", done=True))
    assert learning_items(found, Q1.name) == [
        {"team": "search", "retrospective": "search-q1", "learning": "We guessed the baseline."}
    ]
    assert [(one["action"], one["done"], one["is_overdue"]) for one in action_items(found, Q1.name, END)] == [
        ("Define activation", True, False)
    ]
    assert learning_items(found, Q2.name) == []


@pytest.mark.parametrize(
    ("raw_by_cycle", "teams"),
    [
        ([1.0, 1.2, 1.0], ["search"]),
        ([1.0, 0.9, 1.0], []),
        ([1.0, 1.0], []),
        ([0.5, 1.0, 1.0, 1.0], ["search"]),
    ],
)
def test_r42_targets_are_too_easy_after_three_cycles_that_were_reached_in_full(
    raw_by_cycle: list[float], teams: list[str]
):
    cycles = [
        dataclasses.replace(
            Q1, name=f"c{number}", interval=Interval(START + 90 * number * DAY, END + 90 * number * DAY)
        )
        for number, _ in enumerate(raw_by_cycle)
    ]
    records = [
        ScoreRecord(
            LATENCY.id, cycle.name, END, "maria", 1.0, 1.0, Outcome.ACHIEVED, {"team": "search", "raw_ratio": raw}
        )
        for cycle, raw in zip(cycles, raw_by_cycle, strict=True)
    ]
    assert too_easy_teams(DefinitionSet(cycles=tuple(cycles)), records, cycles[-1]) == teams


def test_a_cycle_is_summed_up_by_phase_net_confidence_statuses_and_mean_score():
    story = Story((LATENCY, ERRORS, IDEA), at=END - DAY)
    story.measured(LATENCY, END - DAY, 560.0)
    story.measured(ERRORS, END - DAY, 0.01)
    before = cycle_summary(story.snapshot().cycles[0], story.view())
    assert (before["phase"], before["score_mean"], before["closed_at"]) == ("delivery", None, None)
    # Two on track of two that count; the hypothesis has no status to speak of.
    assert (before["net_confidence_ratio"], before["key_results_count"]) == (1.0, 2)
    assert before["statuses"]["on_track"] == 2
    story.close(said={"prefetch": Judgement("Unclear.", result=Outcome.INCONCLUSIVE)})
    after = cycle_summary(story.snapshot().cycles[0], story.view())
    # 0.4 and 1.0
    assert (after["phase"], after["scored_count"], after["score_mean"]) == ("closed", 2, 0.7)
