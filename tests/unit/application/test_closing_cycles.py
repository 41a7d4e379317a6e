"""Closing a cycle: what is asked, what is kept, and who may change it until when."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.api.snapshots import ERRORS, LATENCY
from tests.unit.application.cycle_story import DAY, EDITOR, END, IDEA, Q1, START, Story, objective

from okrbridge.application.cycles.closing import Closing, Computed, Judgement, UnfinishedClosingError
from okrbridge.application.cycles.phases import phase_of
from okrbridge.application.cycles.rules import CycleClosedError
from okrbridge.application.cycles.score_changes import Changing, ScoreChange, find_score
from okrbridge.application.cycles.score_items import score_item
from okrbridge.application.cycles.scored import Scoring
from okrbridge.application.measuring.baselines import baseline_question
from okrbridge.application.okr_records import FrozenBaseline, StoredDocument
from okrbridge.application.records import Quality
from okrbridge.domain.cycles import CyclePhase
from okrbridge.domain.definition_set import DeclaredDocument
from okrbridge.domain.key_results import BaselineFromHistory, Commitment, KeyResultKind, KeyResultState
from okrbridge.domain.scoring import Outcome
from okrbridge.domain.windows import Interval
from okrbridge.errors import ConflictError, NotFoundError

COMMITTED = dataclasses.replace(LATENCY, commitment=Commitment.COMMITTED)


def lacks_of(story: Story, **judgements: Judgement) -> list[tuple[str, str]]:
    """What closing misses, and that nothing was kept."""
    with pytest.raises(UnfinishedClosingError) as refused:
        story.close(said=judgements)
    assert story.scores() == []
    return [(one.key_result, one.field) for one in refused.value.lacks]


def test_r37_a_hypothesis_is_asked_for_its_result_and_not_for_a_score():
    story = Story((IDEA,))
    with story.storage.reading() as database:
        (asked,) = Closing(database, story.definitions, Q1, END).form()["items"]
    assert asked["asks"] == ["review", "result"]
    assert lacks_of(story, prefetch=Judgement("It helped.")) == [("fast-search/prefetch", "result")]
    both = Judgement("It helped.", score=1.0, reason="we like it", result=Outcome.VALIDATED)
    assert lacks_of(story, prefetch=both) == [("fast-search/prefetch", "score")]
    (kept,) = story.close(said={"prefetch": Judgement("It did not help.", result=Outcome.REFUTED)})
    assert (kept.outcome, kept.computed, kept.score) == (Outcome.REFUTED, None, None)


def test_r158_a_full_score_still_needs_one_sentence_and_nothing_is_kept_before_all_is_there():
    story = Story((LATENCY, ERRORS))
    story.measured(LATENCY, END, 200.0)
    story.measured(ERRORS, END, 0.01)
    blank = Judgement("  ")
    assert lacks_of(story, **{"p99-latency": blank}) == [("fast-search/p99-latency", "review")]
    story.close(said={"p99-latency": Judgement(" The cache did it. ")})
    assert {one.key_result: (one.score, one.review) for one in story.scores()} == {
        "fast-search/errors": (1.0, "It went as it went."),
        "fast-search/p99-latency": (1.0, "The cache did it."),
    }


def test_r41_a_score_keeps_value_window_query_revision_and_sample_count():
    story = Story()
    with story.storage.transaction() as transaction:
        for number, at in enumerate((START, START + 10 * DAY, END + DAY)):
            documents = [DeclaredDocument("Objective", "fast-search", f'{{"n": {number}}}', "okrs.yaml:1")]
            transaction.definitions.record(documents, "file", at)
    story.measured(LATENCY, END - DAY, 560.0)
    (kept,) = story.close()
    expected = {
        "value": 560.0,
        "unit": "ms",
        "window": {"from": "2026-01-01T00:00:00Z", "to": "2026-03-31T00:00:00Z"},
        "query": "p99_seconds",
        "revision": 2,
        "sample_count": 1000.0,
        "measured_at": "2026-03-31T00:00:00Z",
        "evaluation_id": "e-0331",
        "quality": "ok",
        "as_of": "2026-04-01T00:00:00Z",
    }
    assert {key: kept.evidence[key] for key in expected} == expected


def test_r43_scoring_again_gives_the_identical_number_whatever_was_measured_since():
    story = Story()
    story.measured(LATENCY, END - DAY, 567.89)
    until = END

    def scored() -> Any:
        with story.storage.reading() as database:
            (one,) = Scoring(database, story.definitions, Q1, until).all()
        return one

    first = scored()
    # (567.89 - 800) / (200 - 800) = 0.38685, so 0.4
    assert first.progress.raw_ratio == pytest.approx(0.38685)
    assert first.score == 0.4
    story.measured(LATENCY, END + DAY, 200.0)
    assert scored() == first


def test_the_score_is_that_of_the_close_and_a_late_close_counts_nothing_after_the_end():
    story = Story()
    story.measured(LATENCY, END, 560.0)
    story.measured(LATENCY, END + 3 * DAY, 200.0)
    (kept,) = story.close(at=END + 5 * DAY)
    # (560 - 800) / (200 - 800) = 0.4
    assert (kept.computed, kept.closed_at) == (0.4, END + 5 * DAY)


@pytest.mark.parametrize(
    ("value", "commitment", "score", "outcome", "postmortem", "too_easy"),
    [
        # (218 - 800) / -600 = 0.97, which rounds to 1.0 and is no 1
        (218.0, Commitment.COMMITTED, 1.0, Outcome.MISSED, True, False),
        (200.0, Commitment.COMMITTED, 1.0, Outcome.ACHIEVED, False, False),
        # (380 - 800) / -600 = 0.7
        (380.0, Commitment.ASPIRATIONAL, 0.7, Outcome.ACHIEVED, False, False),
        (200.0, Commitment.ASPIRATIONAL, 1.0, Outcome.ACHIEVED, False, True),
        # (560 - 800) / -600 = 0.4
        (560.0, Commitment.ASPIRATIONAL, 0.4, Outcome.PARTIAL, False, False),
        # (900 - 800) / -600 = -0.1667
        (900.0, Commitment.ASPIRATIONAL, 0.0, Outcome.MISSED, False, False),
    ],
)
def test_a_score_follows_from_progress_and_commitment(
    value: float, commitment: Commitment, score: float, outcome: Outcome, *, postmortem: bool, too_easy: bool
):
    key_result = dataclasses.replace(LATENCY, commitment=commitment)
    story = Story((key_result,))
    story.measured(key_result, END, value)
    (kept,) = story.close()
    assert (kept.computed, kept.score, kept.outcome) == (score, score, outcome)
    item = score_item(kept)
    assert (item["is_postmortem_due"], item["is_too_easy"]) == (postmortem, too_easy)


@pytest.mark.parametrize(
    ("bad_days", "required", "held", "score"),
    [(9, 0.9, 0.9, 0.8), (10, 0.9, 80 / 90, 0.3), (1, 1.0, 89 / 90, 0.3), (0, 1.0, 1.0, 0.8)],
)
def test_r157_a_guard_that_held_for_too_little_of_the_time_caps_the_score(
    bad_days: int, required: float, held: float, score: float
):
    guarded = dataclasses.replace(LATENCY, guards=(ERRORS.id,), guard_required_share=required)
    story = Story((guarded, ERRORS))
    for day in range(1, 91):
        story.measured(ERRORS, START + day * DAY, 0.03 if day <= bad_days else 0.01)
    story.measured(guarded, END, 320.0)
    kept = {one.key_result: one for one in story.close()}[guarded.id]
    # (320 - 800) / -600 = 0.8
    assert kept.score == score
    (guard,) = score_item(kept)["evidence"]["guards"]
    assert guard["held_ratio"] == pytest.approx(held)
    assert kept.outcome is (Outcome.ACHIEVED if score == 0.8 else Outcome.MISSED)


def test_time_in_which_a_guard_was_not_measured_is_neither_good_nor_bad():
    guarded = dataclasses.replace(LATENCY, guards=(ERRORS.id,))
    story = Story((guarded, ERRORS))
    story.measured(ERRORS, START + DAY, 0.01)
    story.measured(ERRORS, START + 2 * DAY, 0.03, quality=Quality.STALE)
    story.measured(guarded, END, 320.0)
    kept = {one.key_result: one for one in story.close()}[guarded.id]
    assert kept.score == 0.8
    held = {"guard": ERRORS.id, "held_ratio": 1.0, "required_ratio": 1.0, "is_restricted": False}
    assert kept.evidence["guards"] == [held]


def test_a_person_may_set_another_score_and_says_why():
    story = Story((COMMITTED,))
    story.measured(COMMITTED, END, 560.0)
    given = Judgement("The probe lied.", score=1.0)
    assert lacks_of(story, **{"p99-latency": given}) == [("fast-search/p99-latency", "reason")]
    (kept,) = story.close(said={"p99-latency": dataclasses.replace(given, reason="The probe had a cold cache.")})
    assert (kept.computed, kept.score, kept.outcome) == (0.4, 1.0, Outcome.ACHIEVED)
    assert kept.override_reason == "The probe had a cold cache."


def computed_before(story: Story) -> Computed:
    """What closing needs, worked out in a transaction of its own."""
    with story.storage.reading() as database:
        found = Closing(database, story.definitions, Q1, END).compute()
    assert found is not None
    return found


def test_what_was_computed_before_is_kept_when_nothing_has_changed(monkeypatch: pytest.MonkeyPatch):
    story = Story()
    story.measured(LATENCY, END, 560.0)
    computed = computed_before(story)
    monkeypatch.setattr(Scoring, "all", lambda _: pytest.fail("scored again while others wait"))
    with story.storage.transaction() as transaction:
        closing = Closing(transaction, story.definitions, Q1, END, computed)
        (kept,) = closing.close({LATENCY.id: Judgement("Fine.")}, EDITOR)
    assert (kept.computed, story.scores()) == (0.4, [kept])


def test_what_was_measured_between_computing_and_closing_counts():
    story = Story()
    story.measured(LATENCY, END - DAY, 560.0)
    computed = computed_before(story)
    story.measured(LATENCY, END, 440.0)
    with story.storage.transaction() as transaction:
        closing = Closing(transaction, story.definitions, Q1, END, computed)
        (kept,) = closing.close({LATENCY.id: Judgement("Fine.")}, EDITOR)
    # (440 - 800) / -600 = 0.6
    assert kept.computed == 0.6


def test_a_document_that_changed_between_computing_and_closing_ends_it():
    story = Story()
    story.measured(LATENCY, END, 560.0)
    computed = computed_before(story)
    with story.storage.transaction() as transaction:
        transaction.documents.put(StoredDocument("Team", "search", "{}", 1, END, "maria", END, "maria"))
    with story.storage.transaction() as transaction, pytest.raises(ConflictError, match="was being closed; send it"):
        Closing(transaction, story.definitions, Q1, END, computed).close({LATENCY.id: Judgement("Fine.")}, EDITOR)
    assert story.scores() == []


def test_nothing_is_computed_of_a_cycle_that_is_closed():
    story = Story()
    story.measured(LATENCY, END, 560.0)
    story.close()
    with story.storage.reading() as database:
        assert Closing(database, story.definitions, Q1, END).compute() is None


def test_what_the_cycle_does_not_score_is_refused_by_name():
    story = Story()
    said = {LATENCY.id: Judgement("Fine."), "fast-search/p99": Judgement("Fine.")}
    with story.storage.transaction() as transaction, pytest.raises(UnfinishedClosingError) as refused:
        Closing(transaction, story.definitions, Q1, END).close(said, EDITOR)
    assert str(refused.value) == "fast-search/p99: the cycle scores no key result of this name"


@pytest.mark.parametrize(
    ("state", "kind", "value", "outcome"),
    [
        (KeyResultState.DROPPED, KeyResultKind.DECREASE, 560.0, Outcome.DROPPED),
        (KeyResultState.POSTPONED, KeyResultKind.DECREASE, 200.0, Outcome.INCONCLUSIVE),
        (KeyResultState.ACTIVE, KeyResultKind.DECREASE, None, Outcome.INCONCLUSIVE),
        (KeyResultState.ACTIVE, KeyResultKind.BASELINE, 560.0, Outcome.ACHIEVED),
        (KeyResultState.ACTIVE, KeyResultKind.BASELINE, None, Outcome.INCONCLUSIVE),
    ],
)
def test_what_was_dropped_put_off_or_never_measured_has_no_score(
    state: KeyResultState, kind: KeyResultKind, value: float | None, outcome: Outcome
):
    key_result = dataclasses.replace(LATENCY, state=state, kind=kind)
    story = Story((key_result,))
    if value is not None:
        story.measured(key_result, END, value)
    (kept,) = story.close()
    assert (kept.outcome, kept.score, kept.evidence["value"]) == (outcome, None, value)


def test_the_evidence_holds_the_frozen_baseline_and_the_target_that_follows_from_it():
    relative = dataclasses.replace(
        LATENCY,
        kind=KeyResultKind.RELATIVE,
        baseline=None,
        target=None,
        relative_change=-0.2,
        baseline_from=BaselineFromHistory(28 * DAY),
    )
    story = Story((relative,))
    frozen = FrozenBaseline(
        relative.id, baseline_question(relative), 500.0, Interval(START - 28 * DAY, START), 28.0, START
    )
    with story.storage.transaction() as transaction:
        transaction.baselines.save(frozen)
    (kept,) = story.close()
    # 500 x (1 - 0.2)
    assert (kept.evidence["baseline"], kept.evidence["target"]) == (500.0, 400.0)


def test_drafts_are_not_scored_and_an_objective_takes_its_key_results_along():
    draft = dataclasses.replace(ERRORS, state=KeyResultState.DRAFT)
    story = Story((LATENCY, draft))
    with story.storage.reading() as database:
        assert [one.key_result.id for one in Scoring(database, story.definitions, Q1, END).all()] == [LATENCY.id]
    dropped = Story(more={"objectives": (objective(LATENCY, state=KeyResultState.DROPPED),)})
    (kept,) = dropped.close()
    assert kept.outcome is Outcome.DROPPED


def test_a_cycle_closes_once_and_not_before_it_began():
    story = Story()
    with pytest.raises(ConflictError, match="has not begun"):
        story.close(at=START - DAY)
    story.close(at=START + 30 * DAY)
    with pytest.raises(CycleClosedError, match="closed since 2026-01-31T00:00:00Z"):
        story.close()


def test_a_cycle_without_key_results_has_nothing_to_close():
    story = Story((), more={"objectives": ()})
    with pytest.raises(ConflictError, match="no key result to score"):
        story.close()


def test_r64_a_cycle_is_prepared_delivered_looked_back_on_and_closed_as_soon_as_it_has_scores():
    cycle = dataclasses.replace(Q1, retrospective_until=END + 14 * DAY)
    instants = [START - DAY, START, END, END + 14 * DAY]
    assert [phase_of(cycle, at, frozenset()) for at in instants] == [
        CyclePhase.PREPARATION,
        CyclePhase.DELIVERY,
        CyclePhase.RETROSPECTIVE,
        CyclePhase.CLOSED,
    ]
    story = Story(at=END - DAY)
    story.close()
    with story.storage.reading() as database:
        assert phase_of(cycle, story.at, database.scores.cycles()) is CyclePhase.CLOSED


def test_closing_stands_in_the_audit_log_once_for_the_whole_cycle():
    story = Story((LATENCY, ERRORS))
    story.close()
    with story.storage.reading() as database:
        (entry,) = database.audit.newest()
    assert (entry.action, entry.kind, entry.name, entry.by) == ("close", "Cycle", "2026-q1", "maria")
    assert entry.after is not None
    assert [one["key_result"] for one in entry.after["scores"]] == ["errors", "p99-latency"]


def changed(story: Story, change: ScoreChange, at: datetime) -> Any:
    with story.storage.transaction() as transaction:
        before = find_score(transaction, Q1.name, story.key_results[0].id)
        return Changing(transaction, story.definitions, Q1, at).change(before, change, EDITOR)


def test_a_score_is_put_right_with_a_reason_that_the_audit_log_keeps():
    story = Story((COMMITTED,))
    story.measured(COMMITTED, END, 560.0)
    story.close()
    after = changed(story, ScoreChange("Two days were missing.", score=0.6), END + DAY)
    assert (after.computed, after.score, after.outcome) == (0.4, 0.6, Outcome.MISSED)
    assert story.scores() == [after]
    with story.storage.reading() as database:
        entry = database.audit.newest()[0]
    assert (entry.action, entry.kind, entry.why) == ("update", "Score", "Two days were missing.")
    assert entry.before is not None
    assert entry.before["score"] == 0.4


def test_the_result_of_a_hypothesis_is_put_right_as_well():
    story = Story((IDEA,))
    story.close(said={"prefetch": Judgement("Unclear.", result=Outcome.INCONCLUSIVE)})
    after = changed(story, ScoreChange("More days came in.", result=Outcome.VALIDATED), END + DAY)
    assert (after.outcome, after.review) == (Outcome.VALIDATED, "Unclear.")


@pytest.mark.parametrize(
    ("key_result", "change", "field"),
    [
        (LATENCY, ScoreChange("", score=0.5), "reason"),
        (LATENCY, ScoreChange("why"), "score"),
        (LATENCY, ScoreChange("why", result=Outcome.REFUTED), "result"),
        (IDEA, ScoreChange("why", score=0.5), "score"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(key_result: Any, change: ScoreChange, field: str):
    story = Story((key_result,))
    story.close(said={"prefetch": Judgement("Fine.", result=Outcome.VALIDATED)})
    with pytest.raises(UnfinishedClosingError) as refused:
        changed(story, change, END + DAY)
    assert [one.field for one in refused.value.lacks] == [field]


def test_after_fourteen_days_scores_stand():
    story = Story()
    story.close(at=END + 2 * DAY)
    changed(story, ScoreChange("A slip.", score=0.5), END + 16 * DAY - timedelta(seconds=1))
    with pytest.raises(CycleClosedError, match="stand since 2026-04-17T00:00:00Z"):
        changed(story, ScoreChange("A slip.", score=0.6), END + 16 * DAY)


def test_there_is_no_score_to_change_before_the_close():
    story = Story()
    with story.storage.reading() as database, pytest.raises(NotFoundError, match="2026-q1/fast-search/p99-latency"):
        find_score(database, Q1.name, LATENCY.id)
