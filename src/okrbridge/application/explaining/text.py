"""An explanation as lines for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from okrbridge.application.formula_items import number

_SILENT_TIME: Mapping[str, str | None] = {
    "unknown": None,
    "good": "counts as good, at the mean traffic of its window",
    "bad": "counts as bad, at the mean traffic of its window",
    "ignore": "is not in force",
}
"""What is said of time in which the source answered and no series was live, by the SLO's policy."""


def explanation_lines(explanation: Mapping[str, Any]) -> list[str]:
    """The lines of an SLO's or a key result's explanation, numbers first and circumstances after."""
    lines = _slo(explanation) if "slo" in explanation else _key_result(explanation)
    return [*lines, *_ending(explanation)]


def _slo(it: Mapping[str, Any]) -> list[str]:
    window, indicator = it["window"], it["indicator"]
    return [
        f"slo/{it['slo']} of service {it['service']}: {it['state']}",
        f"  because {it['reason']}",
        "",
        *_fields(
            ("rationale", it["rationale"]),
            ("owner", it["owner"]),
            ("window", f"{window['name']}, {window['from']} to {window['to']}"),
            ("good", indicator["good"]),
            ("bad", indicator["bad"]),
            ("total", indicator["total"]),
            *(("as written", f"{part}: {query}") for part, query in (indicator["written"] or {}).items()),
            *(("member", _member(one)) for one in indicator["members"]),
            ("put together", indicator["mode"]),
            ("budgeting", _budgeting(it)),
            ("silent time", _SILENT_TIME[it["no_data"]]),
            ("note", indicator["note"]),
            *(("source", _source(one)) for one in it["sources"]),
            ("method", it["method"]),
            *(("asked", query) for query in _questions(it)),
        ),
        "",
        *_formulas(it["formulas"]),
        "",
        f"burn rates, {it['burn_rates'][0]['formula']}",
        *[f"  {burn['window']:<4}{_burn(burn)}" for burn in it["burn_rates"]],
        "",
        "burn policy, both windows above the factor",
        *[f"  {_pair(pair)}" for pair in it["burn_policy"]],
        *[f"  {_left_out(pair)}" for pair in it["burn_policy_left_out"]],
        "",
        *_fields(
            ("exclusions", "none" if not it["exclusions"] else ", ".join(it["exclusions"])),
            *_maintenance(it["maintenance"]),
            ("alerts held", it["alerts_frozen"]),
            ("low traffic", _low_traffic(it["low_traffic"])),
            ("spent by", it["budget_exhausted_at"]),
            ("newest data", it["last_measured_at"]),
            ("data age", _seconds(it["data_age_seconds"])),
            ("settling", _settling(it["settling"])),
            ("failure", it["failure"]),
        ),
    ]


def _questions(it: Mapping[str, Any]) -> list[str]:
    """What is asked for the SLO together with others; what would be asked for it alone while that is not known."""
    together = it["asked_together"]
    if not together:
        return (it["query"] or "").splitlines()
    return [f"{one['query']} ({_company(one)})" for one in together]


def _company(question: Mapping[str, Any]) -> str:
    others, series = question["other_slis"], question["series"]
    company = "for it alone" if not others else f"together with {others} other SLI{'s' if others > 1 else ''}"
    return company if series is None else f"{company}, {series} series"


def _settling(settling: Mapping[str, Any]) -> str:
    counted = f"slices are counted {number(settling['counted_after_seconds'])} s after their end"
    again = settling["read_again_after_seconds"]
    if again is None:
        return f"{counted} and not read again"
    return f"{counted}, read again after {number(again)} s; since {settling['provisional_since']} provisional"


def _measured_by(slo: Mapping[str, Any] | None) -> list[tuple[str, str | None]]:
    """The queries of the SLO behind a key result, and what alerts on it."""
    if slo is None:
        return []
    indicator, place = slo["indicator"], slo["definition"]
    pairs = [
        f"{one['severity']} above {number(one['factor'])} on {one['long_window']} and {one['short_window']}"
        for one in slo["burn_policy"]
    ]
    return [
        *((part, indicator[part]) for part in ("good", "bad", "total")),
        *(("member", one["name"]) for one in indicator["members"]),
        ("SLO target", number(slo["target_ratio"])),
        ("SLO alerts", "; ".join(pairs)),
        ("SLO declared", f"{place['place']}, revision {place['revision'] or 'unknown'}" if place else None),
    ]


def _maintenance(times: Sequence[Mapping[str, Any]]) -> list[tuple[str, str | None]]:
    return [
        (
            one["reason"],
            f"{one['title']}, {one['from']} to {one['to']}: {'left out' if one['is_excluded'] else 'counts'}",
        )
        for one in times
    ]


def _member(member: Mapping[str, Any]) -> str:
    return f"{member['name']}, weight {number(member['weight'])}, target {number(member['target_ratio'])}"


def _budgeting(it: Mapping[str, Any]) -> str | None:
    """What good and total count, where that is not plain events."""
    slices = it["time_slices"]
    if slices is None:
        return None
    if it["budgeting"] == "RatioTimeslices":
        return (
            f"{it['budgeting']}: good is the sum of the ratios of time slices of {slices['length']}, total their number"
        )
    good = f"good when {number(slices['target_ratio'])} of their events are"
    return f"{it['budgeting']}: good and total are time slices of {slices['length']}, {good}"


def _source(source: Mapping[str, Any]) -> str:
    state = {True: "answers", False: f"does not answer: {source['failure']}", None: "was not asked"}[source["is_up"]]
    begins = f"; its data begins at {source['data_begins']}, inside the window" if source["is_history_short"] else ""
    return f"{source['name']} ({source['type']}) {state}{begins}"


def _low_traffic(guard: Mapping[str, Any] | None) -> str | None:
    if guard is None:
        return None
    least = f"at least {number(guard['minimum_events'])} events and {number(guard['minimum_failures'])} failures"
    return f"{least}: {'holds burn alerts back' if guard['is_holding'] else 'enough'}"


def _key_result(it: Mapping[str, Any]) -> list[str]:
    measure, window, declared, last = it["measure"], it["window"], it["declared"], it["last_good"]
    subject = measure["slo"] or ""
    return [
        f"kr/{it['objective']}/{it['key_result']}: {it['status']}",
        f"  because {it['status_rule'].partition(': ')[2]}",
        "",
        *_fields(
            ("title", it["title"]),
            ("kind", f"{it['kind']}, {it['commitment']}"),
            ("measured by", f"{measure['type']} {subject}".strip()),
            ("of it", measure["quantity"]),
            ("over", measure["over"]),
            ("source", measure["source"]),
            ("asked", it["query"]),
            *_measured_by(it["measured_by"]),
            ("window", f"{window['from']} to {window['to']}"),
            ("samples", None if it["sample_count"] is None else number(it["sample_count"])),
            ("coverage", None if it["coverage_ratio"] is None else number(it["coverage_ratio"])),
            *_maintenance(it["maintenance"]),
            ("from", declared["baseline"] or _frozen(it["baseline"])),
            ("to", declared["target"]),
            ("unit", it["unit"]["conversion"]),
        ),
        "",
        *_formulas(it["formulas"]),
        "",
        *_fields(
            ("quality", it["quality"]),
            ("why no value", it["error"]),
            *_details(it["details"]),
            *_outlook(it["outlook"]),
            *_target_help(it["target_help"], it["unit"]["reported_in"]),
            (
                "last good",
                f"{number(last['value'])} at {last['at']} ({_seconds(last['age_seconds'])} ago)" if last else "never",
            ),
        ),
    ]


def _frozen(baseline: Mapping[str, Any] | None) -> str | None:
    """A baseline that was measured before the start."""
    if baseline is None:
        return None
    count = "" if baseline["sample_count"] is None else f", n {number(baseline['sample_count'])}"
    window = f"{baseline['from']} to {baseline['to']}"
    return f"{number(baseline['value'])}, measured over {window}{count}, frozen at {baseline['frozen_at']}"


def _details(details: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """What stands beside the value: who misses a share, what a person said."""
    said, worst = details.get("override"), details.get("worst")
    until = f" until {said['until']}" if said and said["until"] else ""
    return [
        ("missing", ", ".join(details.get("missing", ()))),
        ("pending", ", ".join(details.get("pending", ()))),
        ("interval", _mean_interval(details.get("mean_interval"))),
        ("worst", f"{worst['name']} at {number(worst['value'])} {worst.get('unit', '')}".rstrip() if worst else None),
        ("overridden", f"by {said['by']} at {said['at']}{until}" if said else None),
        ("measured", number(said["measured_value"]) if said else None),
    ]


def _mean_interval(told: Mapping[str, Any] | None) -> str | None:
    """How far the mean of a few samples can be trusted; six digits say more than enough of that."""
    if told is None:
        return None
    low, high, deviation = (f"{told[key]:.6g}" for key in ("low", "high", "deviation"))
    ends = f"{low} to {high} {told['unit']}".rstrip()
    return f"{ends}, 95 % interval of the mean of {told['n']} samples with deviation {deviation}"


def _target_help(told: Mapping[str, Any] | None, unit: str) -> list[tuple[str, str | None]]:
    """The target beside what was achieved before."""
    if told is None:
        return []
    if told["reason"]:
        return [("past gains", f"not compared: {told['reason']}")]
    windows = f"{told['windows_count']} windows of {told['window_weeks']:.3g} weeks"
    needed, typical, stretch = (f"{number(told[key])} {unit}".rstrip() for key in ("needed", "typical", "stretch"))
    less = f"{told['percentile_ratio']:.0%} of {windows} gained less than the {needed} that the target asks for"
    return [
        ("past gains", f"{less} (history of {told['history_of']})"),
        ("usual gain", f"leads to {typical}; one in ten to {stretch} or beyond"),
    ]


def _outlook(outlook: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """Forecast, confidence and guards."""
    found = outlook["forecast"]
    breached = [one["key_result"] for one in outlook["guards"] if one["is_breached"]]
    return [
        ("forecast", _forecast(found) if found else None),
        ("confidence", None if outlook["confidence"] is None else f"{outlook['confidence']} of 10, by people"),
        ("breached", ", ".join(breached)),
    ]


def _forecast(found: Mapping[str, Any]) -> str:
    middle = f"{number(found['p50'])} of the way, 80 % between {number(found['p10'])} and {number(found['p90'])}"
    if found["value_p50"] is not None:
        low, high = sorted((found["value_p10"], found["value_p90"]))
        told = f"{number(found['value_p50'])} {found['unit']}".rstrip()
        middle = f"{told}, 80 % between {number(low)} and {number(high)}; {middle}"
    chance = f"goal reached with probability {number(found['hit_probability_ratio'])}"
    return f"{middle}; {chance}; from {found['points']} points by {found['description']}"


def _ending(it: Mapping[str, Any]) -> list[str]:
    definition = it.get("definition")
    place = f"{definition['place']}, revision {definition['revision'] or 'unknown'}" if definition else None
    return _fields(
        *(("warning", warning) for warning in it["warnings"]),
        ("declared at", place),
        ("evaluated at", it["evaluated_at"]),
        ("evaluation", it["evaluation_id"]),
    )


def _fields(*pairs: tuple[str, str | None]) -> list[str]:
    """Names and values in two columns; what is unknown is left out."""
    return [f"{name:<13} {value}" for name, value in pairs if value]


def _formulas(formulas: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = []
    for one in formulas:
        lines += [f"{one['name']} = {one['formula']}", f"  {one['numbers']}"]
    return lines


def _burn(burn: Mapping[str, Any]) -> str:
    value = burn["numbers"] or number(burn["value"])
    return f"{value}  ({burn['note']})" if burn["note"] else value


def _pair(pair: Mapping[str, Any]) -> str:
    verdict = {True: "exceeded", False: "not exceeded", None: "unknown"}[pair["exceeded"]]
    return (
        f"{pair['severity']:<7}{pair['long_window']} {number(pair['burn_rate_long'])}, "
        f"{pair['short_window']} {number(pair['burn_rate_short'])}, factor {number(pair['factor'])}: {verdict}"
    )


def _left_out(pair: Mapping[str, Any]) -> str:
    return f"{pair['severity']:<7}{pair['long_window']}, {pair['short_window']} left out: {pair['reason']}"


def _seconds(age: float | None) -> str | None:
    return None if age is None else f"{age:.0f} s"
