"""The report of a cycle as Markdown for people, and as CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from okrbridge.application.markdown import UNKNOWN, Column, percent, plain, quantity, rounded, section, table, words
from okrbridge.application.reports import Item
from okrbridge.domain.key_results import KeyResultKind, KeyResultState
from okrbridge.domain.units import Unit, format_change, format_quantity, parse_unit

COLUMNS = (
    "cycle", "objective", "objective_title", "key_result", "title", "team", "kind", "commitment", "state", "unit",
    "baseline", "value", "target", "progress_ratio", "raw_ratio", "expected_ratio", "gap_ratio", "status", "quality",
    "measured_at", "forecast_p10", "forecast_p50", "forecast_p90", "hit_probability_ratio", "confidence",
    "value_at_close", "progress_at_close_ratio", "computed_score", "score", "outcome", "override_reason", "review",
    "final_score", "final_at", "is_postmortem_due", "is_too_easy", "first_red_week", "decision_latency_days",
    "check_ins_expected", "check_ins_made", "check_ins_without_decision",
)  # fmt: skip
_PHASES = {
    "preparation": "in preparation",
    "delivery": "in delivery",
    "retrospective": "in its retrospective",
    "closed": "over, without scores",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would take for a formula."""


def csv_of(report: Item) -> str:
    """One row a key result (RFC 4180); text that a spreadsheet would run as a formula begins with an apostrophe."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for objective in report["objectives"]:
        above = {"cycle": report["cycle"]["cycle"], "objective_title": objective["title"]}
        for row in objective["key_results"]:
            writer.writerow([_field({**row, **above}[name]) for name in COLUMNS])
    return written.getvalue()


def _field(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return value


def markdown_of(report: Item) -> str:
    """The report for people: a summary, a table for each objective, then decisions, changes, learnings, actions."""
    lines = [
        *_heading(report),
        *(line for objective in report["objectives"] for line in _objective(objective, report)),
        *_teams(report["teams"]),
        *section("Trade-offs", map(_trade_off, report["trade_offs"])),
        *section("Changed while the cycle ran", map(_change, report["changes"])),
        *section("Initiatives", map(_initiative, report["initiatives"])),
        *section("Learnings", (f"- {plain(one['team'])}: {plain(one['learning'])}" for one in report["learnings"])),
        *section("Actions", map(_action, report["actions"])),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _heading(report: Item) -> list[str]:
    cycle = report["cycle"]
    zone = ZoneInfo(cycle["timezone"])
    closed = f"closed on {_day(cycle['closed_at'], zone)}" if cycle["closed_at"] else _PHASES[cycle["phase"]]
    dates = f"{_day(cycle['starts_at'], zone)} to {_day(cycle['ends_at'], zone)} ({cycle['timezone']})"
    numbers = f"Numbers as of {_minute(report['as_of'], zone)}."
    lines = [f"# {plain(cycle['title'])}", "", f"{dates}, {closed}. {numbers}", "", _summary(report)]
    if report["decision_latency_days"] is not None:
        lines += ["", f"Half of all decisions came within {report['decision_latency_days']:.1f} days of the red."]
    if report["postmortems_due"]:
        titles = {f"{row['objective']}/{row['key_result']}": row["title"] for row in _key_results(report)}
        due = ", ".join(plain(titles[name]) for name in report["postmortems_due"])
        lines += ["", f"Postmortems due: {due}."]
    return lines


def _key_results(report: Item) -> Iterator[Item]:
    return (row for objective in report["objectives"] for row in objective["key_results"])


def _summary(report: Item) -> str:
    """Counts in words, worst last; what there is none of is left out."""
    cycle = report["cycle"]
    order = ("achieved", "on_track", "at_risk", "off_track", "missed", "stale", "no_data", "too_early", "not_started")
    counts = [f"{cycle['statuses'][one]} {words(one)}" for one in order if cycle["statuses"][one]]
    noun = "key result" if cycle["key_results_count"] == 1 else "key results"
    parts = [f"**{cycle['key_results_count']} {noun}**{': ' if counts else ''}{', '.join(counts)}."]
    beside = Counter(filter(None, map(_why_not_counted, _key_results(report))))
    if beside:
        parts.append(f"Beside them: {', '.join(f'{count} {what}' for what, count in sorted(beside.items()))}.")
    if cycle["net_confidence_ratio"] is not None:
        parts.append(f"Net confidence {cycle['net_confidence_ratio'] * 100:+.0f}%.")
    if cycle["score_mean"] is not None:
        parts.append(f"Mean score {cycle['score_mean']:.2f} at the close.")
    if cycle["final_score_mean"] is not None:
        parts.append(f"Mean final score {cycle['final_score_mean']:.2f}.")
    return " ".join(parts)


def _why_not_counted(row: Item) -> str:
    """What keeps a key result out of the counts, such as ``dropped`` or ``hypothesis``; empty for one that counts."""
    if row["state"] != KeyResultState.ACTIVE:
        return str(row["state"])
    return str(row["kind"]) if row["kind"] in (KeyResultKind.BASELINE, KeyResultKind.HYPOTHESIS) else ""


def _objective(objective: Item, report: Item) -> list[str]:
    facts = [plain(objective["team"])] if objective["team"] else []
    facts += [objective["commitment"], f"progress {percent(objective['progress_ratio'])}"]
    coverage = objective["coverage_ratio"]
    if coverage is not None and coverage < 1:
        facts.append(f"{percent(coverage)} of its weight measured")
    facts.append(f"**{words(objective['status'])}**")
    is_scored = report["cycle"]["closed_at"] is not None
    rows = table(_columns(is_scored=is_scored), objective["key_results"])
    notes = [note for row in objective["key_results"] if (note := _note(row))]
    why = ["", plain(objective["why"])] if objective["why"] else []
    return [
        "",
        f"## {plain(objective['title'])}",
        "",
        " · ".join(facts),
        *why,
        "",
        *rows,
        *([""] if notes else []),
        *notes,
    ]


def _columns(*, is_scored: bool) -> list[Column]:
    common: list[Column] = [
        ("Key result", lambda row: plain(row["title"])),
        ("From", lambda row: quantity(row, "baseline")),
        ("Now", lambda row: quantity(row, "value")),
        ("To", _target),
        ("Progress", lambda row: percent(row["progress_ratio"])),
    ]
    if is_scored:
        return [
            *common[:2],
            ("At close", lambda row: quantity(row, "value_at_close")),
            *common[2:4],
            ("Score", lambda row: _score(row["score"])),
            ("Final", lambda row: _score(row["final_score"])),
            ("Outcome", lambda row: UNKNOWN if row["outcome"] is None else words(row["outcome"])),
        ]
    return [
        *common,
        ("Expected", lambda row: percent(row["expected_ratio"])),
        ("Status", lambda row: words(row["status"])),
        ("Forecast", _forecast),
        ("Chance", lambda row: percent(row["hit_probability_ratio"])),
        ("Confidence", _confidence),
    ]


def _target(row: Item) -> str:
    """The target; of a hypothesis the change that it looks for, with its sign."""
    if row["kind"] != KeyResultKind.HYPOTHESIS or row["target"] is None:
        return quantity(row, "target")
    sign = "+" if row["target"] > 0 else ""
    return sign + _effect(row["target"], parse_unit(row["unit"] or ""), points="pp")


def _note(row: Item) -> str:
    """What a table has no room for, as sentences; empty when there is nothing to add."""
    sentences = [one for one in _sentences(row) if one]
    return f"- {plain(row['title'])}: {' '.join(sentences)}" if sentences else ""


def _sentences(row: Item) -> Iterator[str]:
    yield _ended(plain(row["review"]))
    if row["override_reason"]:
        scores = f"Scored {_score(row['score'])} in place of {_score(row['computed_score'])}"
        yield _ended(f"{scores}: {plain(row['override_reason'])}")
    if row["mean_interval"]:
        yield _mean_interval(row["mean_interval"])
    if row["is_too_easy"]:
        yield "Reached in full: was it too easy?"
    if row["red_spells"]:
        yield _red(row)
    for guard in row["guards"]:
        if guard["breached_days"]:
            now = ", and is now" if guard["is_breached"] else ""
            days = f"{guard['breached_days']} of {guard['observed_days']} days"
            yield f"Guard {plain(guard['guard'])} was breached on {days}{now}."
    if row["significance"] is not None:
        yield _significance(row["significance"])


def _ended(sentence: str) -> str:
    """A sentence with its full stop."""
    return sentence if not sentence or sentence[-1] in ".!?" else f"{sentence}."


def _mean_interval(told: Mapping[str, Any]) -> str:
    """The interval, with two digits of how wide it is to either side: 41.3455 to 46.6545 reads 41.3 to 46.7."""
    half = (told["high"] - told["low"]) / 2
    places = 1 - math.floor(math.log10(half)) if half > 0 else 6
    low, high = (format_quantity(round(told[key], places), parse_unit(told["unit"])) for key in ("low", "high"))
    return f"The mean of {told['n']} samples tells of {low} to {high} with 95 %."


def _red(row: Item) -> str:
    latency, is_red = row["decision_latency_days"], row["red_spells"][-1]["until"] is None
    undecided = "no decision yet" if is_red else "no decision before it recovered"
    decided = undecided if latency is None else f"a decision {latency:.1f} days later"
    return f"First red in week {row['first_red_week']}, {decided}."


def _significance(statement: Mapping[str, Any]) -> str:
    verdict = "A change beyond chance" if statement["is_significant"] else "No change beyond chance"
    unit = parse_unit(statement["unit"])
    effect, low, high = (_effect(statement[key], unit) for key in ("effect", "effect_low", "effect_high"))
    interval = f"{low} to {high}" if low and high else "days resemble each other too much for an interval"
    return (
        f"{verdict}: {effect} ({interval}), p = {statement['p_value']:.2g}, {statement['n_before']} against "
        f"{statement['n_after']} days, {plain(statement['test'])}."
    )


def _effect(value: float | None, unit: Unit, points: str = "percentage points") -> str:
    """A difference with three significant digits. Empty for none."""
    return "" if value is None else format_change(rounded(value), unit, points)


def _teams(teams: Sequence[Item]) -> list[str]:
    if not teams:
        return []
    columns: list[Column] = [
        ("Team", lambda one: plain(one["team"])),
        ("Key results", lambda one: str(one["key_results_count"])),
        ("Check-ins", lambda one: f"{one['check_ins_made']} of {one['check_ins_expected']}"),
        ("Red without a decision", lambda one: str(one["check_ins_without_decision"])),
    ]
    easy = [
        f"- {plain(one['team'])}: everything was reached for three cycles; the targets are too easy"
        for one in teams
        if one["targets_too_easy"]
    ]
    return ["", "## Teams", "", *table(columns, teams), *([""] if easy else []), *easy]


def _trade_off(one: Item) -> str:
    slows = f" slows {plain(one['slows'])}" if one["slows"] else ""
    return f"- {one['at'][:10]}: {plain(one['key_result'])}{slows}{_after(one['note'])}"


def _change(one: Item) -> str:
    keys = ", ".join(
        f"{key} from {_plain(one['before'].get(key))} to {_plain(one['after'][key])}" for key in one["after"]
    )
    reason = words(one["reason"]) if one["reason"] else "no reason given"
    return f"- {one['at'][:10]}: {plain(one['key_result'])}: {keys} ({reason}){_after(one['note'])}"


def _initiative(one: Item) -> str:
    return f"- {plain(one['title'])} ({one['state']}){_after(one['stopped_reason'])}"


def _action(one: Item) -> str:
    mark = "x" if one["done"] else " "
    who = f" ({plain(one['owner'])})" if one["owner"] else ""
    due = f", due {one['due_at'][:10]}" if one["due_at"] and not one["done"] else ""
    late = ", overdue" if one["is_overdue"] else ""
    return f"- [{mark}] {plain(one['team'])}: {plain(one['action'])}{who}{due}{late}"


def _after(note: str | None) -> str:
    return f": {plain(note)}" if note else ""


def _plain(value: object) -> str:
    return UNKNOWN if value is None else plain(str(value))


def _score(score: float | None) -> str:
    return UNKNOWN if score is None else f"{score:.2f}".removesuffix("0")


def _forecast(row: Item) -> str:
    """The forecast progress with its 80 % interval, never without."""
    if row["forecast_p50"] is None:
        return UNKNOWN
    return f"{percent(row['forecast_p50'])} ({percent(row['forecast_p10'])} to {percent(row['forecast_p90'])})"


def _confidence(row: Item) -> str:
    said = row["confidences"][-4:]
    return " → ".join(map(str, said)) if said else UNKNOWN


def _day(instant: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(zone):%Y-%m-%d}"


def _minute(instant: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(zone):%Y-%m-%d %H:%M}"
