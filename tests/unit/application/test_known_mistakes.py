"""The 25 known mistakes: each is found in definitions and data that hold all of them."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.unit.application.test_findings import (
    CYCLE,
    DAY,
    MEMBERS,
    a_tick,
    forecast,
    measured,
    progressed,
    report,
    silent,
)
from tests.unit.domain.okr_examples import HALF_WAY, START, from_to, key_result, threshold

from okrbridge.application.finding_codes import FINDING_CODES
from okrbridge.application.findings import find
from okrbridge.application.key_result_outlook import CheckInState, Outlook
from okrbridge.application.known_mistakes import MISTAKE_BY_CODE, MISTAKES
from okrbridge.application.okr_records import CheckIn, Event, Finding, FrozenBaseline
from okrbridge.application.published_definitions import published_definitions
from okrbridge.application.snapshot import IndicatorReport, KeyResultReport
from okrbridge.application.standing_items import finding_item
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import IndicatorTiming, KeyResult, KeyResultKind, MetricDefinition, Operator
from okrbridge.domain.measures import NoMeasure, PromqlMeasure
from okrbridge.domain.objectives import Indicator, OkrObjective, Team
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.units import RATIO
from okrbridge.domain.windows import Interval

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "lints.md").read_text(encoding="utf-8")


def objective(name: str, *key_results: KeyResult, **changes: object) -> OkrObjective:
    held = tuple(replace(one, objective=name) for one in key_results)
    fields = {"title": "Grow", "cycle": CYCLE.name, "team": "", "owner": "maria", "key_results": held} | changes
    return OkrObjective(name=name, **fields)  # type: ignore[arg-type]  # the names of its fields


def numbered(count: int) -> list[KeyResult]:
    return [key_result(name=f"kr{number}") for number in range(count)]


STAR = Indicator("trips", "Trips", NoMeasure(), RATIO, is_north_star=True)
REVENUE = Indicator("revenue", "Revenue", NoMeasure(), RATIO)
NOISY = from_to("400ms", "390ms", name="noisy")  # 10 ms in a noise of 8 x 1.4826 = 11.9 ms
HIDING = threshold(Operator.LT, 0.01, name="errors", unit=RATIO)
NEARLY = key_result(name="nearly", outcome="revenue")
FALLING = key_result(name="falling")
TEXTS = objective(
    "texts",
    key_result(name="start", title="Latency to 200 ms", baseline=None),
    key_result(name="vague", title="Better reliability", kind=KeyResultKind.MILESTONE),
    key_result(name="task", title="Launch the new portal"),
    key_result(name="output", title="Fix 30 bugs"),
    key_result(name="vanity", title="Total signups"),
    key_result(name="undefined", title="Productivity", definition=MetricDefinition(excluded="interns")),
    key_result(name="wrong-way", title="Decrease the number of partners"),
    key_result(name="proxy", timing=IndicatorTiming.PROXY),
    key_result(name="late", timing=IndicatorTiming.LAGGING),
)
TEAMS = (Team("backend"), Team("shop", champion="jo"))
PLACES = (
    objective("top", threshold(Operator.LE, 5.0, name="one"), serves="Faster trips", customer_facing=True),
    objective("below", *numbered(2), parent="top", owner="backend", co_owners=("shop",)),
    *(objective(f"goal-{number}", *numbered(2), team="backend", owner="") for number in range(4)),
    objective(
        "apart",
        from_to("2", "5", name="often", title="Deployments a week", metric_name="changes"),
        from_to(
            "40",
            "20",
            name="calm",
            title="Volume of changes",
            metric_name="changes",
            measure=PromqlMeasure("v", "prometheus"),
        ),
    ),
)
LIVE = objective("live", NOISY, HIDING, NEARLY, FALLING, *numbered(1))
DECLARED = DefinitionSet(
    cycles=(CYCLE,),
    teams=TEAMS,
    objectives=(TEXTS, *PLACES, LIVE),
    indicators=(STAR, REVENUE),
)


def reports() -> tuple[KeyResultReport, ...]:
    """What the last tick knew of the key results of ``live``, half way through their cycle."""
    noisy, hiding, nearly, falling, silenced = LIVE.key_results
    baseline = FrozenBaseline(noisy.id, "up", 400.0, Interval(START - 90 * DAY, START), None, START, noise=8.0)
    neglected = Outlook(
        forecast=forecast(0.1, 0.05), is_stalled=True, velocity=0.0, check_ins=CheckInState(is_stale=True)
    )
    return (
        report(noisy, frozen_baseline=baseline),
        report(hiding, measurement=measured(hiding, 0.005, details=MEMBERS)),
        report(nearly, raw=0.9, outlook=neglected),
        report(falling, status=KeyResultStatus.OFF_TRACK),
        silent(silenced, DAY),
    )


def found() -> list[Finding]:
    """What is found once data is there: 40 days of history, alerts that are dismissed, a confidence that fell."""
    parts, snapshot = a_tick(replace(DECLARED, objectives=(LIVE,)), *reports())
    nearly, falling = LIVE.key_results[2:4]
    with parts.storage.transaction() as transaction:
        for day in range(1, 40):
            own = progressed(nearly.id, START + day * DAY, float(day), day / 45, KeyResultStatus.ON_TRACK)
            flat = progressed(REVENUE.id, START + day * DAY, 0.4, None, KeyResultStatus.ON_TRACK)
            transaction.progress.save([], [own, flat])
        for days, confidence in ((9, 8), (2, 4)):
            said = CheckIn(f"c{days}", falling.id, HALF_WAY - days * DAY, "jonas", confidence)
            transaction.check_ins.add(said)
        transaction.events.save([alert(number) for number in range(5)])
    value = measured(nearly, 0.4)
    record = progressed(REVENUE.id, HALF_WAY, 0.4, None, KeyResultStatus.ON_TRACK)
    indicator = IndicatorReport(REVENUE, record, value, value)
    return find(parts, DECLARED, replace(snapshot, indicators=(indicator,)), HALF_WAY)


def alert(number: int) -> Event:
    at = HALF_WAY - timedelta(hours=number + 1)
    return Event("pager", f"a{number}", "alert", at, at, title="cpu", attributes={"dismissed": "true"})


def test_r177_definitions_and_data_with_every_mistake_list_each_with_what_to_do():
    listed = [finding_item(one) for one in found()]
    assert {one["code"] for one in listed} == set(FINDING_CODES)
    assert {one["mistake"] for one in listed} == set(range(1, 26))
    assert [one["code"] for one in listed if not re.search(r"[;:]|should talk", one["message"])] == []


def test_r177_the_25_mistakes_are_published_with_why_they_matter_and_what_to_do():
    shown = published_definitions(DECLARED)["mistakes"]
    assert [one["number"] for one in shown] == list(range(1, 26))
    assert all(one["why"] and one["remedy"] and one["codes"] for one in shown)
    assert set(MISTAKE_BY_CODE) == set(FINDING_CODES)
    assert sum(len(one.codes) for one in MISTAKES.values()) == len(MISTAKE_BY_CODE)  # each code shows one mistake


def test_r177_the_page_of_lints_lists_them_with_the_same_words():
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [
        (str(number), " | ".join((one.title, ", ".join(f"`{code}`" for code in one.codes), one.why, one.remedy)))
        for number, one in MISTAKES.items()
    ]
