"""The report of a cycle: its evidence, and how it reads as Markdown and as CSV."""

import csv
import dataclasses
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.api.snapshots import ERRORS, LATENCY
from tests.unit.application.cycle_story import DAY, END, IDEA, START, Story, objective

from okrbridge.application.cycles.closing import Judgement
from okrbridge.application.cycles.report_text import COLUMNS, csv_of, markdown_of
from okrbridge.application.okr_records import CheckInOutput, JsonValue
from okrbridge.application.reports import Item
from okrbridge.domain.definition_set import DeclaredDocument
from okrbridge.domain.key_results import Visibility
from okrbridge.domain.objectives import Initiative, InitiativeState, Retrospective, RetrospectiveAction
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.scoring import Outcome

RED, FINE = KeyResultStatus.OFF_TRACK, KeyResultStatus.ON_TRACK
HOUR = timedelta(hours=1)
MONDAY = START + 18 * DAY
"""19 January 2026 is a Monday, and lies in the third week."""


def row_of(report: Item, name: str = "p99-latency") -> Item:
    """The row of one key result."""
    return next(row for one in report["objectives"] for row in one["key_results"] if row["key_result"] == name)


def red_from_monday() -> Story:
    """Fine, then red from Monday 09:00, found at the ends of days."""
    story = Story(at=MONDAY + 10 * DAY)
    for at, status in ((MONDAY, FINE), (MONDAY + 8 * HOUR, FINE), (MONDAY + 9 * HOUR, RED), (MONDAY + DAY, RED)):
        story.measured(LATENCY, at, 790.0, status)
    return story


def test_r79_red_on_monday_and_decided_on_thursday_is_a_latency_of_three_days():
    story = red_from_monday()
    story.said(LATENCY, MONDAY + DAY, status="off_track", output=CheckInOutput.NONE)
    thursday = MONDAY + 3 * DAY + 9 * HOUR
    story.said(LATENCY, thursday, status="off_track", output=CheckInOutput.INITIATIVE_CHANGE)
    story.said(LATENCY, thursday + DAY, status="off_track", output=CheckInOutput.ASK)
    report = story.report()
    assert row_of(report)["red_spells"] == [
        {
            "since": "2026-01-19T09:00:00Z",
            "until": None,
            "decided_at": "2026-01-22T09:00:00Z",
            "latency_days": 3.0,
        }
    ]
    assert (row_of(report)["decision_latency_days"], report["decision_latency_days"]) == (3.0, 3.0)
    assert row_of(report)["check_ins_without_decision"] == 1


def test_a_decision_after_the_key_result_recovered_is_none_of_the_red_time():
    story = red_from_monday()
    story.measured(LATENCY, MONDAY + 2 * DAY, 700.0, FINE)
    story.said(LATENCY, MONDAY + 3 * DAY, output=CheckInOutput.ASK)
    (spell,) = row_of(story.report())["red_spells"]
    assert (spell["until"], spell["decided_at"], spell["latency_days"]) == ("2026-01-21T00:00:00Z", None, None)


@pytest.mark.parametrize(("day", "week"), [(1, 1), (15, 3), (78, 12)])
def test_r80_the_week_of_the_first_red_is_shown(day: int, week: int):
    story = Story(at=END)
    story.measured(LATENCY, START + day * DAY - HOUR, 790.0, FINE)
    story.measured(LATENCY, START + day * DAY, 800.0, RED)
    assert row_of(story.report())["first_red_week"] == week


def test_a_key_result_that_was_never_red_has_no_week_of_it():
    story = Story(at=END)
    story.measured(LATENCY, END, 300.0)
    row = row_of(story.report())
    assert (row["first_red_week"], row["first_red_at"], row["decision_latency_days"]) == (None, None, None)


def test_r63_a_trade_off_names_the_key_result_that_slows():
    story = Story((LATENCY, ERRORS), at=END)
    story.said(LATENCY, MONDAY, output=CheckInOutput.TRADE_OFF, output_note="No error work this week.", slows=ERRORS.id)
    assert story.report()["trade_offs"] == [
        {
            "at": "2026-01-19T00:00:00Z",
            "key_result": LATENCY.id,
            "slows": ERRORS.id,
            "note": "No error work this week.",
        }
    ]


def revised(story: Story, at: Any, to: str, **more: Any) -> None:
    spec = {"cycle": "2026-q1", "keyResults": [{"name": "p99-latency", "to": to, **more}]}
    content = json.dumps({"kind": "Objective", "metadata": {"name": "fast-search"}, "spec": spec})
    with story.storage.transaction() as transaction:
        transaction.definitions.record([DeclaredDocument("Objective", "fast-search", content, "")], "file", at)


def test_r70_changes_in_the_cycle_are_told_with_the_old_target_and_the_reason():
    story = Story(at=END)
    revised(story, START - 2 * DAY, "100ms")
    revised(story, START - DAY, "150ms")
    revised(story, MONDAY, "200ms", revision={"reason": "scope_change", "note": "Mobile joined."})
    assert story.report()["changes"] == [
        {
            "key_result": LATENCY.id,
            "revision": 3,
            "at": "2026-01-19T00:00:00Z",
            "before": {"to": "150ms"},
            "after": {"to": "200ms"},
            "reason": "scope_change",
            "note": "Mobile joined.",
        }
    ]


def test_changes_of_a_key_result_that_is_gone_are_told_to_those_who_see_everything():
    story = Story(at=END)
    kept = {"name": "p99-latency", "to": "200ms"}
    secret = {"name": "severance", "to": "5", "visibility": "restricted"}
    raised = {**secret, "to": "9", "revision": {"reason": "scope_change", "note": "Both sites close."}}
    for days, key_results in ((0, [kept, secret]), (1, [kept, raised]), (2, [kept])):
        content = json.dumps({"kind": "Objective", "spec": {"keyResults": key_results}})
        with story.storage.transaction() as transaction:
            documents = [DeclaredDocument("Objective", "fast-search", content, "")]
            transaction.definitions.record(documents, "http", MONDAY + days * DAY)
    assert "Both sites close." in json.dumps(story.report())
    told = json.dumps(story.report(sees_restricted=False))
    assert "severance" not in told
    assert "Both sites close." not in told


def test_r71_initiatives_that_were_stopped_are_told_with_their_reason():
    stopped = Initiative(
        "prefetch", "Prefetch", (LATENCY.id,), state=InitiativeState.STOPPED, stopped_reason="No effect", stopped_at=END
    )
    other = Initiative("elsewhere", "Elsewhere", ("other/one",))
    story = Story(at=END, more={"initiatives": (stopped, other)})
    (item,) = story.report()["initiatives"]
    assert (item["initiative"], item["state"], item["stopped_reason"]) == ("prefetch", "stopped", "No effect")


def test_r73_no_report_ranks_or_names_people_beside_what_was_reached():
    story = Story((LATENCY, ERRORS), at=END)
    story.measured(LATENCY, END, 560.0)
    story.said(LATENCY, MONDAY, confidence=7)
    story.close()
    report = story.report()
    for text in (csv_of(report), markdown_of(report), json.dumps(report)):
        assert "maria" not in text
        assert '"li"' not in text
    assert not {"owner", "by", "closed_by"} & {key for row in _rows(report) for key in row}
    assert not {"owner", "closed_by"} & set(COLUMNS)


def _rows(report: Item) -> list[Item]:
    return [*report["teams"], *(row for one in report["objectives"] for row in [one, *one["key_results"]])]


def test_check_ins_are_counted_by_key_result_and_team_against_the_cadence():
    story = Story((LATENCY, ERRORS), at=START + 22 * DAY)
    for day in (1, 2, 15):
        story.said(LATENCY, START + day * DAY, confidence=8 - day // 2)
    report = story.report()
    # 22 days hold three whole weeks: check-ins in the first, none in the second, one in the third.
    row = row_of(report)
    assert (row["check_ins_expected"], row["check_ins_made"], row["check_ins_count"]) == (3, 2, 3)
    # 8, 7 and 1: falling
    assert (row["confidences"], row["confidence_direction"]) == ([8, 7, 1], "falling")
    (team,) = report["teams"]
    assert (team["team"], team["check_ins_expected"], team["check_ins_made"]) == ("search", 6, 2)


def test_guards_tell_on_how_many_days_they_were_breached():
    guarded = dataclasses.replace(LATENCY, guards=(ERRORS.id,))
    story = Story((guarded, ERRORS), at=START + 4 * DAY)
    for day, value in ((1, 0.01), (2, 0.03), (3, 0.03), (4, 0.01)):
        story.measured(ERRORS, START + day * DAY, value)
    assert row_of(story.report())["guards"] == [
        {"guard": ERRORS.id, "is_breached": False, "breached_days": 2, "observed_days": 4}
    ]


def test_restricted_key_results_are_left_out_for_those_who_may_not_see_them():
    secret = dataclasses.replace(ERRORS, visibility=Visibility.RESTRICTED)
    guarded = dataclasses.replace(LATENCY, guards=(secret.id,))
    story = Story((guarded, secret), at=END)
    story.measured(secret, END, 0.01)
    story.said(guarded, MONDAY, output=CheckInOutput.TRADE_OFF, output_note="Slower errors.", slows=secret.id)
    story.close()
    seen = story.report(sees_restricted=False)
    for text in (csv_of(seen), markdown_of(seen), json.dumps(seen)):
        assert secret.title not in text
        assert secret.id not in text
    assert seen["cycle"]["scored_count"] == 0
    assert seen["cycle"]["phase"] == "closed"
    assert len(story.report()["objectives"][0]["key_results"]) == 2


def closed_story() -> Story:
    """A closed cycle with everything a report may hold."""
    initiative = Initiative(
        "prefetch", "Prefetch", (LATENCY.id,), state=InitiativeState.STOPPED, stopped_reason="No effect"
    )
    actions = (RetrospectiveAction("Define | activation", "li", END + DAY), RetrospectiveAction("Buy cake", done=True))
    learnt = Retrospective("search-q1", "2026-q1", "search", ("Baselines come *first*.",), actions)
    story = Story((LATENCY, ERRORS, IDEA), at=END, more={"initiatives": (initiative,), "retrospectives": (learnt,)})
    story.measured(LATENCY, MONDAY, 790.0, RED)
    story.measured(LATENCY, END, 560.0)
    story.measured(ERRORS, END, 0.03, KeyResultStatus.MISSED)
    story.close(
        said={
            "prefetch": Judgement("It did not help.", result=Outcome.REFUTED),
            "errors": Judgement("One bad week.", score=0.5, reason="The probe lied."),
        }
    )
    story.at = END + 2 * DAY
    return story


def test_markdown_reads_from_the_summary_to_the_actions():
    text = markdown_of(closed_story().report())
    assert text.startswith("# 2026-q1\n\n2026-01-01 to 2026-04-01 (UTC), closed on 2026-04-01. ")
    lines = text.splitlines()
    summary = "**2 key results**: 1 on track, 1 missed. Beside them: 1 hypothesis. Net confidence +0%. "
    assert f"{summary}Mean score 0.45 at the close." in lines
    assert [line for line in lines if line.startswith("##")] == [
        "## Make search fast",
        "## Teams",
        "## Initiatives",
        "## Learnings",
        "## Actions",
    ]
    assert (
        "- Keep errors at most 2%: One bad week. Scored 0.5 in place of 0.0: The probe lied. "
        "First red in week 13, no decision yet." in lines
    )
    assert (
        "- Cut p99 from 800ms to 200ms: It went as it went. First red in week 3, no decision before it recovered."
        in lines
    )
    assert "Postmortems due: Keep errors at most 2%." in lines
    assert "- Prefetch (stopped): No effect" in lines
    assert "- search: Baselines come \\*first\\*." in lines
    assert "- [ ] search: Define \\| activation (li), due 2026-04-02, overdue" in lines
    assert "- [x] search: Buy cake" in lines


def test_a_hypothesis_is_reported_with_the_change_it_looks_for():
    # From 4 % by 5 points, and not to 5 %.
    story = Story((dataclasses.replace(IDEA, baseline=0.04),), at=MONDAY)
    [row] = [line for line in markdown_of(story.report()).splitlines() if line.startswith("| Prefetching")]
    assert [cell.strip() for cell in row.split("|")[2:5]] == ["4%", "-", "+5 pp"]


def test_r114_a_mean_of_samples_is_reported_with_its_interval():
    # 48 ms to either side: whole milliseconds are exact enough.
    told: dict[str, JsonValue] = {
        "mean": 560.0, "deviation": 75.0, "n": 12, "low": 512.3472, "high": 607.6528, "unit": "ms",
    }  # fmt: skip
    story = Story(at=MONDAY)
    story.measured(LATENCY, MONDAY, 560.0, details={"mean_interval": told})
    report = story.report()
    assert report["objectives"][0]["key_results"][0]["mean_interval"] == told
    assert "- Cut p99 from 800ms to 200ms: The mean of 12 samples tells of 512 ms to 608 ms with 95 %." in (
        markdown_of(report).splitlines()
    )
    # A person's value is no mean of them.
    story.measured(LATENCY, MONDAY, 500.0, details={"mean_interval": told, "override": {"by": "li"}})
    assert story.report()["objectives"][0]["key_results"][0]["mean_interval"] is None


def test_the_tables_of_markdown_are_padded_and_have_as_many_cells_in_each_line():
    lines = markdown_of(closed_story().report()).splitlines()
    table = [line for line in lines if line.startswith("|")][:5]
    assert len({len(line) for line in table}) == 1
    assert {line.replace("\\|", "").count("|") for line in table} == {9}
    assert "800 ms" in table[2] or "800 ms" in table[3]


def test_csv_has_a_row_for_each_key_result_with_plain_numbers():
    text = csv_of(closed_story().report())
    assert text.endswith("\r\n")
    rows = {row["key_result"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert list(rows) == ["p99-latency", "errors", "prefetch"]
    latency = rows["p99-latency"]
    assert (latency["cycle"], latency["baseline"], latency["value_at_close"], latency["score"]) == (
        "2026-q1",
        "800.0",
        "560.0",
        "0.4",
    )
    assert (rows["prefetch"]["outcome"], rows["prefetch"]["score"]) == ("refuted", "")
    assert rows["errors"]["is_postmortem_due"] == "true"


@pytest.mark.parametrize("title", ["=1+1", "+49", "-1", "@SUM(A1)", "\tx", 'a "quoted", title', "two\r\nlines"])
def test_no_text_of_a_csv_report_is_a_formula_and_quoting_keeps_it_whole(title: str):
    named = dataclasses.replace(LATENCY, title=title)
    story = Story(at=END, more={"objectives": (objective(named),)})
    story.measured(LATENCY, END, 900.0)
    story.close()
    (row,) = csv.DictReader(io.StringIO(csv_of(story.report()), newline=""))
    expected = title if title[0].isalpha() else f"'{title}"
    assert row["title"] == expected
    # (900 - 800) / (200 - 800): numbers keep their sign and are no text
    assert float(row["raw_ratio"]) == pytest.approx(-1 / 6)


def test_a_forecast_is_told_while_the_cycle_runs_and_a_score_after_it():
    story = Story(at=START + 45 * DAY)
    story.measured(LATENCY, START + 45 * DAY, 560.0)
    running = markdown_of(story.report())
    assert "Forecast" in running
    assert "Score" not in running
    assert ", in delivery." in running
    story.at = END
    story.close()
    assert "Score" in markdown_of(story.report())
