"""The report of a cycle as Markdown for people, and as CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from okrbridge.application.reports import Item
from okrbridge.domain.units import PERCENT, RATIO, Unit, convert, format_quantity, parse_unit

UNKNOWN = "-"
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
_MARKUP = re.compile(r"([\\`*\[\]<>|#])")


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
        *_section("Trade-offs", map(_trade_off, report["trade_offs"])),
        *_section("Changed while the cycle ran", map(_change, report["changes"])),
        *_section("Initiatives", map(_initiative, report["initiatives"])),
        *_section("Learnings", (f"- {_text(one['team'])}: {_text(one['learning'])}" for one in report["learnings"])),
        *_section("Actions", map(_action, report["actions"])),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _heading(report: Item) -> list[str]:
    cycle = report["cycle"]
    zone = ZoneInfo(cycle["timezone"])
    closed = f"closed on {_day(cycle['closed_at'], zone)}" if cycle["closed_at"] else _PHASES[cycle["phase"]]
    dates = f"{_day(cycle['starts_at'], zone)} to {_day(cycle['ends_at'], zone)} ({cycle['timezone']})"
    numbers = f"Numbers as of {_minute(report['as_of'], zone)}."
    lines = [f"# {_text(cycle['title'])}", "", f"{dates}, {closed}. {numbers}", "", _summary(cycle)]
    if report["decision_latency_days"] is not None:
        lines += ["", f"Half of all decisions came within {report['decision_latency_days']:.1f} days of the red."]
    if report["postmortems_due"]:
        titles = {f"{row['objective']}/{row['key_result']}": row["title"] for row in _key_results(report)}
        due = ", ".join(_text(titles[name]) for name in report["postmortems_due"])
        lines += ["", f"Postmortems due: {due}."]
    return lines


def _key_results(report: Item) -> Iterator[Item]:
    return (row for objective in report["objectives"] for row in objective["key_results"])


def _summary(cycle: Item) -> str:
    """Counts in words, worst last; what there is none of is left out."""
    order = ("achieved", "on_track", "at_risk", "off_track", "missed", "stale", "no_data", "too_early", "not_started")
    counts = [f"{cycle['statuses'][one]} {_words(one)}" for one in order if cycle["statuses"][one]]
    noun = "key result" if cycle["key_results_count"] == 1 else "key results"
    parts = [f"**{cycle['key_results_count']} {noun}**{': ' if counts else ''}{', '.join(counts)}."]
    if cycle["net_confidence_ratio"] is not None:
        parts.append(f"Net confidence {cycle['net_confidence_ratio'] * 100:+.0f}%.")
    if cycle["score_mean"] is not None:
        parts.append(f"Mean score {cycle['score_mean']:.2f} at the close.")
    if cycle["final_score_mean"] is not None:
        parts.append(f"Mean final score {cycle['final_score_mean']:.2f}.")
    return " ".join(parts)


def _objective(objective: Item, report: Item) -> list[str]:
    facts = [_text(objective["team"])] if objective["team"] else []
    facts += [objective["commitment"], f"progress {_percent(objective['progress_ratio'])}"]
    coverage = objective["coverage_ratio"]
    if coverage is not None and coverage < 1:
        facts.append(f"{_percent(coverage)} of its weight measured")
    facts.append(f"**{_words(objective['status'])}**")
    is_scored = report["cycle"]["closed_at"] is not None
    table = _table(_columns(is_scored=is_scored), objective["key_results"])
    notes = [note for row in objective["key_results"] if (note := _note(row))]
    why = ["", _text(objective["why"])] if objective["why"] else []
    return [
        "",
        f"## {_text(objective['title'])}",
        "",
        " · ".join(facts),
        *why,
        "",
        *table,
        *([""] if notes else []),
        *notes,
    ]


Column = tuple[str, Any]


def _columns(*, is_scored: bool) -> list[Column]:
    common: list[Column] = [
        ("Key result", lambda row: _text(row["title"])),
        ("From", lambda row: _quantity(row, "baseline")),
        ("Now", lambda row: _quantity(row, "value")),
        ("To", lambda row: _quantity(row, "target")),
        ("Progress", lambda row: _percent(row["progress_ratio"])),
    ]
    if is_scored:
        return [
            *common[:2],
            ("At close", lambda row: _quantity(row, "value_at_close")),
            *common[2:4],
            ("Score", lambda row: _score(row["score"])),
            ("Final", lambda row: _score(row["final_score"])),
            ("Outcome", lambda row: UNKNOWN if row["outcome"] is None else _words(row["outcome"])),
        ]
    return [
        *common,
        ("Expected", lambda row: _percent(row["expected_ratio"])),
        ("Status", lambda row: _words(row["status"])),
        ("Forecast", _forecast),
        ("Chance", lambda row: _percent(row["hit_probability_ratio"])),
        ("Confidence", _confidence),
    ]


def _table(columns: Sequence[Column], rows: Sequence[Item]) -> list[str]:
    """A table whose source reads well, too: every cell is padded to its column."""
    cells = [[name for name, _ in columns], *([text(row) for _, text in columns] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    rule = ["-" * max(3, width) for width in widths]
    lines = [cells[0], rule, *cells[1:]]
    return [
        "| " + " | ".join(cell.ljust(max(3, width)) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]


def _note(row: Item) -> str:
    """What a table has no room for, as sentences; empty when there is nothing to add."""
    sentences = [one for one in _sentences(row) if one]
    return f"- {_text(row['title'])}: {' '.join(sentences)}" if sentences else ""


def _sentences(row: Item) -> Iterator[str]:
    yield _ended(_text(row["review"]))
    if row["override_reason"]:
        scores = f"Scored {_score(row['score'])} in place of {_score(row['computed_score'])}"
        yield _ended(f"{scores}: {_text(row['override_reason'])}")
    if row["is_too_easy"]:
        yield "Reached in full: was it too easy?"
    if row["red_spells"]:
        yield _red(row)
    for guard in row["guards"]:
        if guard["breached_days"]:
            now = ", and is now" if guard["is_breached"] else ""
            days = f"{guard['breached_days']} of {guard['observed_days']} days"
            yield f"Guard {_text(guard['guard'])} was breached on {days}{now}."
    if row["significance"] is not None:
        yield _significance(row["significance"])


def _ended(sentence: str) -> str:
    """A sentence with its full stop."""
    return sentence if not sentence or sentence[-1] in ".!?" else f"{sentence}."


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
        f"{statement['n_after']} days, {_text(statement['test'])}."
    )


def _effect(value: float | None, unit: Unit) -> str:
    """A difference with three significant digits; one of ratios is in percentage points. Empty for none.

    Worked example: from 99.8 % to 99.75 % are -0.05 percentage points.
    """
    if value is None:
        return ""
    if unit.dimension == RATIO.dimension:
        return f"{_rounded(convert(value, unit, PERCENT)):g} percentage points"
    return format_quantity(_rounded(value), unit)


def _rounded(value: float) -> float:
    """Three significant digits."""
    return float(f"{value:.3g}") + 0.0


def _teams(teams: Sequence[Item]) -> list[str]:
    if not teams:
        return []
    columns: list[Column] = [
        ("Team", lambda one: _text(one["team"])),
        ("Key results", lambda one: str(one["key_results_count"])),
        ("Check-ins", lambda one: f"{one['check_ins_made']} of {one['check_ins_expected']}"),
        ("Red without a decision", lambda one: str(one["check_ins_without_decision"])),
    ]
    easy = [
        f"- {_text(one['team'])}: everything was reached for three cycles; the targets are too easy"
        for one in teams
        if one["targets_too_easy"]
    ]
    return ["", "## Teams", "", *_table(columns, teams), *([""] if easy else []), *easy]


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return ["", f"## {title}", "", *found] if found else []


def _trade_off(one: Item) -> str:
    slows = f" slows {_text(one['slows'])}" if one["slows"] else ""
    return f"- {one['at'][:10]}: {_text(one['key_result'])}{slows}{_after(one['note'])}"


def _change(one: Item) -> str:
    keys = ", ".join(
        f"{key} from {_plain(one['before'].get(key))} to {_plain(one['after'][key])}" for key in one["after"]
    )
    reason = _words(one["reason"]) if one["reason"] else "no reason given"
    return f"- {one['at'][:10]}: {_text(one['key_result'])}: {keys} ({reason}){_after(one['note'])}"


def _initiative(one: Item) -> str:
    return f"- {_text(one['title'])} ({one['state']}){_after(one['stopped_reason'])}"


def _action(one: Item) -> str:
    mark = "x" if one["done"] else " "
    who = f" ({_text(one['owner'])})" if one["owner"] else ""
    due = f", due {one['due_at'][:10]}" if one["due_at"] and not one["done"] else ""
    late = ", overdue" if one["is_overdue"] else ""
    return f"- [{mark}] {_text(one['team'])}: {_text(one['action'])}{who}{due}{late}"


def _after(note: str | None) -> str:
    return f": {_text(note)}" if note else ""


def _plain(value: object) -> str:
    return UNKNOWN if value is None else _text(str(value))


def _text(value: str | None) -> str:
    """Text as it was written: one line, and no markup of its own."""
    return _MARKUP.sub(r"\\\1", " ".join((value or "").split()))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _quantity(row: Item, key: str) -> str:
    value = row[key]
    return UNKNOWN if value is None else format_quantity(value, parse_unit(row["unit"] or ""))


def _percent(ratio: float | None) -> str:
    return UNKNOWN if ratio is None else f"{ratio * 100:.0f}%"


def _score(score: float | None) -> str:
    return UNKNOWN if score is None else f"{score:.2f}".removesuffix("0")


def _forecast(row: Item) -> str:
    """The forecast progress with its 80 % interval, never without."""
    if row["forecast_p50"] is None:
        return UNKNOWN
    return f"{_percent(row['forecast_p50'])} ({_percent(row['forecast_p10'])} to {_percent(row['forecast_p90'])})"


def _confidence(row: Item) -> str:
    said = row["confidences"][-4:]
    return " → ".join(map(str, said)) if said else UNKNOWN


def _day(instant: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(zone):%Y-%m-%d}"


def _minute(instant: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(zone):%Y-%m-%d %H:%M}"
