"""Statements that look into measurements and progress: for many key results at once, each by its primary key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Delete,
    FromClause,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    exists,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from okrbridge.storage.tables import measurements, progress


def newest_of_each(table: Table, dialect: str, *, with_value: bool) -> Select[Any]:
    """The newest row of each named key result: one look into the primary key each, however many there are."""
    wanted = _names(dialect)
    older = table.alias("older").c
    newest = select(func.max(older.at_us)).where(
        older.key_result == wanted.c.name, older.at_us <= bindparam("until", type_=BigInteger)
    )
    if with_value:
        newest = newest.where(older.value.is_not(None))
    matching = (table.c.key_result == wanted.c.name) & (table.c.at_us == newest.scalar_subquery())
    return select(table).select_from(wanted.join(table, matching))


def newest_at_each(dialect: str) -> Select[Any]:
    """The newest progress of each named key result at each instant: two looks into the primary key each.

    Materialized, because SQLite would put the last look first otherwise: at every record of the key results.
    """
    wanted, instants = _names(dialect), _names(dialect, "instants")
    older = progress.alias("older").c
    last = _last_at(older, wanted, cast(instants.c.name, BigInteger))
    pairs = select(wanted.c.name, last.label("at_us")).select_from(wanted.join(instants, true())).distinct()
    newest = pairs.cte("newest").prefix_with("MATERIALIZED")
    matching = (progress.c.key_result == newest.c.name) & (progress.c.at_us == newest.c.at_us)
    return select(progress).select_from(newest.join(progress, matching))


def _last_at(older: Any, wanted: FromClause, until: ColumnElement[int]) -> Any:  # noqa: ANN401 - SQLAlchemy's own
    return (
        select(func.max(older.at_us)).where(older.key_result == wanted.c.name, older.at_us <= until).scalar_subquery()
    )


def _names(dialect: str, parameter: str = "names") -> FromClause:
    """The JSON list of texts in a parameter as rows."""
    names = bindparam(parameter, type_=Text)
    rows = "wanted" if parameter == "names" else parameter
    if dialect == "sqlite":
        return select(func.json_each(names).table_valued("value").c.value.label("name")).subquery(rows)
    each = func.jsonb_array_elements_text(cast(names, JSONB)).table_valued("value")
    return select(each.c.value.label("name")).subquery(rows)


def without_record(dialect: str) -> Select[Any]:
    """Each named key result with each instant that has no progress from it to ``within`` microseconds later."""
    wanted, instants = _names(dialect), _names(dialect, "instants")
    own, instant = progress.c, cast(instants.c.name, BigInteger)
    is_near = own.at_us.between(instant, instant + bindparam("within", type_=BigInteger))
    near = exists().where(own.key_result == wanted.c.name, is_near)
    return select(wanted.c.name, instant).select_from(wanted.join(instants, true())).where(~near)


def first_in_each(dialect: str, statuses: Sequence[str]) -> Select[Any]:
    """The first instant of each asked interval at which its key result had one of the statuses; NULL for never."""
    asked, own = _spans(dialect), progress.c
    inside = (own.key_result == asked.c.name, own.at_us >= asked.c.start, own.at_us < asked.c.end)
    first = select(func.min(own.at_us)).where(*inside, own.status.in_(statuses)).scalar_subquery()
    return select(asked.c.name, asked.c.start, asked.c.end, first)


def _spans(dialect: str) -> CTE:
    """The JSON list of (name, start, end) in the parameter ``asked`` as rows, each once."""
    asked = bindparam("asked", type_=Text)
    if dialect == "sqlite":
        each = func.json_each(asked).table_valued("value").c.value
        parts: list[ColumnElement[Any]] = [func.json_extract(each, f"$[{place}]") for place in range(3)]
    else:
        row = func.jsonb_array_elements(cast(asked, JSONB)).table_valued("value").c.value
        parts = [row.op("->>")(place) for place in range(3)]
    name, start, end = parts
    columns = (name.label("name"), cast(start, BigInteger).label("start"), cast(end, BigInteger).label("end"))
    return select(*columns).distinct().cte("asked").prefix_with("MATERIALIZED")


def every_name() -> Select[Any]:
    """Every name that has progress, with one look into the primary key each."""
    found = _every_name()
    return select(found.c.name).where(found.c.name.is_not(None))


def oldest_record() -> Select[Any]:
    """The instant of the oldest progress; NULL without any."""
    found, own = _every_name(), progress.c
    first = select(func.min(own.at_us)).where(own.key_result == found.c.name).scalar_subquery()
    each = select(first.label("at_us")).select_from(found).subquery()
    return select(func.min(each.c.at_us))


def _every_name() -> CTE:
    own = progress.c
    least = select(func.min(own.key_result).label("name")).cte("found", recursive=True)
    after = select(func.min(own.key_result)).where(own.key_result > least.c.name).scalar_subquery()
    return least.union_all(select(after).where(least.c.name.is_not(None)))


def trace_of() -> Select[Any]:
    """Instant, measured value, status and quality of the progress of a key result from a start to before an end."""
    own, other = progress.c, measurements.c
    both = progress.outerjoin(measurements, (own.key_result == other.key_result) & (own.at_us == other.at_us))
    start, end = bindparam("start", type_=BigInteger), bindparam("end", type_=BigInteger)
    inside = (own.key_result == bindparam("name", type_=Text), own.at_us >= start, own.at_us < end)
    return select(own.at_us, other.value, own.status, own.quality).select_from(both).where(*inside).order_by(own.at_us)


def removal(table: Table) -> Delete:
    """Removes the rows of a key result from a first to a last instant."""
    ends = table.c.at_us.between(bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger))
    return delete(table).where(table.c.key_result == bindparam("name", type_=Text), ends)
