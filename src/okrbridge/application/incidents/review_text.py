"""The form of a postmortem as Markdown for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from okrbridge.application.incidents.review import share
from okrbridge.application.markdown import UNKNOWN, Column, link, plain, quantity, rounded, section, table, words
from okrbridge.application.reports import Item


def review_markdown(form: Item) -> str:
    """The form with a section for each field, and what is left to fill in at the end."""
    lines = [
        *_heading(form["incident"]),
        *section("Key results impacted", _or_nothing(_key_results(form["key_results_impacted"]))),
        *section("Did SLOs contribute?", _slos(form)),
        *section("Action items", _or_nothing(map(_action, form["action_items"]))),
        *section("Improvement key results", _or_nothing(map(_improvement, form["improvement_key_results"]))),
        *section("Retrospectives", _or_nothing(map(_retrospective, form["retrospectives"]))),
        *section("Still to fill in", (f"- {words(one['field'])}: {plain(one['text'])}" for one in form["to_fill"])),
        *section("Notes", [*(f"- {plain(one)}" for one in form["notes"]), _counted(form)]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _heading(incident: Item) -> list[str]:
    facts = [incident["severity"], ", ".join(incident["services"]), _lasted(incident)]
    who = f"Postmortem by {plain(incident['assignee'])}. " if incident["assignee"] else ""
    where = link(incident["postmortem_url"] or incident["url"] or "")
    told = [f"{who}{where}".strip(), plain(incident["note"])]
    return [
        f"# {plain(incident['title'] or incident['incident'])}",
        "",
        " · ".join(plain(one) for one in (incident["incident"], *facts) if one),
        *(line for text in told if text for line in ("", text)),
    ]


def _lasted(incident: Item) -> str:
    start, seconds = incident["start"], incident["time_to_restore_seconds"]
    if incident["is_open"] or seconds is None:
        return f"since {_minute(start)}, and still open"
    return f"{_minute(start)} to {_minute(incident['end'])} UTC ({seconds / 60:.12g} minutes)"


def _key_results(rows: list[Item]) -> Iterator[str]:
    columns: list[Column] = [
        ("Key result", lambda row: plain(row["title"])),
        ("Before", lambda row: _at(row, "before")),
        ("After", lambda row: _at(row, "after")),
        ("Now", lambda row: _at(row, "now")),
        ("Budget spent", lambda row: _share(row["budget_spent_ratio"])),
    ]
    if rows:
        yield from table(columns, rows)
        yield ""
        yield from (f"- {plain(row['title'])}: {plain(row['summary'])}" for row in rows if row["summary"])


def _at(row: Item, name: str) -> str:
    """Value, progress and status at one time."""
    record = row[name]
    if record is None:
        return UNKNOWN
    value = quantity({"value": record["value"], "unit": row["unit"]}, "value")
    return f"{value}, {_share(record['progress_ratio'])}, {words(record['status'])}"


def _slos(form: Item) -> Iterator[str]:
    columns: list[Column] = [
        ("SLO", lambda row: plain(row["slo"])),
        ("Bad", lambda row: _number(row["bad"])),
        ("Total", lambda row: _number(row["total"])),
        ("Measured", lambda row: _share(row["coverage_ratio"])),
        ("Burn rate", lambda row: _burn_rate(row["burn_rate"])),
        ("Budget spent", lambda row: _share(row["budget_spent_ratio"])),
        ("Budget left", lambda row: _share(row["budget_remaining_ratio"])),
    ]
    yield plain(form["slos_contributed_reason"])
    if form["slos"]:
        yield ""
        yield from table(columns, form["slos"])


def _action(one: Item) -> str:
    mark = "x" if one["is_over"] else " "
    state = f", {words(one['state'])}" if one["state"] else ""
    who = f" ({plain(one['owner'])}{state})" if one["owner"] else f" ({state[2:]})" if state else ""
    where = f" {link(one['url'])}" if one["url"] else ""
    return f"- [{mark}] {plain(one['action'])}{who}{where}"


def _improvement(one: Item) -> str:
    return f"- {plain(one['title'])} ({plain(one['objective'])}/{plain(one['key_result'])}, {plain(one['cycle'])})"


def _retrospective(one: Item) -> str:
    team = f", {plain(one['team'])}" if one["team"] else ""
    path = plain(one["path"]) if one["path"] else "none yet"
    return f"- {plain(one['cycle'])}{team}: {path}"


def _counted(form: Item) -> str:
    begin, end = _minute(form["counted_from"]), _minute(form["counted_to"])
    return f"- Counted from {begin} to {end} UTC; numbers as of {_minute(form['as_of'])}."


def _or_nothing(lines: Iterable[str]) -> list[str]:
    return list(lines) or ["Nothing is known yet."]


def _minute(instant: str) -> str:
    return instant[:16].replace("T", " ")


def _share(ratio: float | None) -> str:
    return UNKNOWN if ratio is None else share(ratio)


def _burn_rate(value: float | None) -> str:
    return UNKNOWN if value is None else f"{rounded(value):g}"


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.12g}"
