"""The ledger's SQL, built once a database: what differs between SQLite and PostgreSQL is in here only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Executable,
    Integer,
    Select,
    SmallInteger,
    Subquery,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from okrbridge.domain.ledger import Slices, SliceState
from okrbridge.storage.tables import ledger_hours, ledger_slices

_SLI = bindparam("sli", type_=Integer)
_FIRST = bindparam("first", type_=BigInteger)
_END = bindparam("end", type_=BigInteger)
_HOUR = literal_column("3600", Integer)
_MEASURED = literal_column(str(int(SliceState.MEASURED)), Integer)
_GAP = literal_column(str(int(SliceState.GAP)), Integer)
_ONE, _ZERO = literal_column("1", Integer), literal_column("0", Integer)


@dataclass(frozen=True, slots=True)
class LedgerStatements:
    """Prepared statements of the ledger; the names of their parameters stand in each docstring.

    Attributes:
        upsert_slices: parameters as made by ``slice_parameters``.
        refresh_hours: ``sli``, ``first``, ``end``: sum the hours between two full hours anew.
        window_sums: ``sli``, ``hours``, ``edges``: rows (window, good, total, measured slices); the last two are
            JSON lists of [window, start, end].
        slices: ``sli``, ``first``, ``end``: rows (start, good, total, state), summed over origins.
        answered: ``sli``, ``by``, ``spans``: starts of an origin's slices, and NULL for a span without any; spans is
            JSON as above.
    """

    is_sqlite: bool
    upsert_slices: Executable
    refresh_hours: Executable
    window_sums: Executable
    slices: Executable
    answered: Executable

    @classmethod
    def of(cls, dialect: str) -> LedgerStatements:
        """For ``sqlite`` or ``postgresql``."""
        is_sqlite = dialect == "sqlite"
        return cls(
            is_sqlite=is_sqlite,
            upsert_slices=_upsert_sqlite() if is_sqlite else _upsert_postgresql(),
            refresh_hours=_refresh_hours(is_sqlite=is_sqlite),
            window_sums=_window_sums(is_sqlite=is_sqlite),
            slices=_slices(),
            answered=_answered(is_sqlite=is_sqlite),
        )

    def slice_parameters(self, sli_id: int, origin: str, slices: Slices) -> dict[str, Any] | list[dict[str, Any]]:
        """Parameters of ``upsert_slices``: a row each for SQLite, arrays for one statement on PostgreSQL."""
        columns = (slices.starts.tolist(), slices.good.tolist(), slices.total.tolist(), slices.states.tolist())
        if not self.is_sqlite:
            names = ("starts", "goods", "totals", "states")
            return {"sli": sli_id, "by": origin, **dict(zip(names, columns, strict=True))}
        return [
            {"sli_id": sli_id, "origin": origin, "slice_start": start, "good": good, "total": total, "state": state}
            for start, good, total, state in zip(*columns, strict=True)
        ]


def _upsert_sqlite() -> Executable:
    insert = sqlite.insert(ledger_slices)
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=list(ledger_slices.primary_key.columns),
        set_={"good": new.good, "total": new.total, "state": new.state},
        where=_may_replace(new.state),
    )


def _upsert_postgresql() -> Executable:
    rows = (
        func.unnest(
            bindparam("starts", type_=ARRAY(BigInteger)),
            bindparam("goods", type_=ARRAY(Double)),
            bindparam("totals", type_=ARRAY(Double)),
            bindparam("states", type_=ARRAY(SmallInteger)),
        )
        .table_valued("slice_start", "good", "total", "state", name="given")
        .render_derived()
    )
    given = select(
        _SLI, rows.c.slice_start, bindparam("by", type_=Text), rows.c.good, rows.c.total, rows.c.state
    )  # fmt: skip
    insert = postgresql.insert(ledger_slices).from_select(
        ["sli_id", "slice_start", "origin", "good", "total", "state"], given
    )
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=list(ledger_slices.primary_key.columns),
        set_={"good": new.good, "total": new.total, "state": new.state},
        where=_may_replace(new.state),
    )


def _may_replace(new_state: Any) -> Any:  # noqa: ANN401 - columns of two dialects' inserts share no exported type
    """A measurement replaces anything, a gap only a gap."""
    return (new_state == _MEASURED) | (ledger_slices.c.state == _GAP)


def _by_slice(*columns: Any) -> Select[Any]:  # noqa: ANN401 - any column expression
    """One row a slice start over all origins; measured is the lower state, so min() tells whether any measured."""
    own = ledger_slices.c
    sums = (func.sum(own.good).label("good"), func.sum(own.total).label("total"))
    return select(*columns, *sums, func.min(own.state).label("state"))


def _slices() -> Select[Any]:
    own = ledger_slices.c
    return (
        _by_slice(own.slice_start)
        .where(own.sli_id == _SLI, own.slice_start >= _FIRST, own.slice_start < _END)
        .group_by(own.slice_start)
        .order_by(own.slice_start)
    )


def _refresh_hours(*, is_sqlite: bool) -> Executable:
    own = ledger_slices.c
    by_slice = (
        _by_slice(
            (own.slice_start - own.slice_start % _HOUR).label("hour"),
            func.min(own.origin).label("first_origin"),
            func.max(own.origin).label("last_origin"),
        )
        .where(own.sli_id == _SLI, own.slice_start >= _FIRST, own.slice_start < _END)
        .group_by(own.slice_start)
        .subquery("by_slice")
    )
    seen = by_slice.c
    first, last = func.min(seen.first_origin), func.max(seen.last_origin)
    by_hour = select(
        _SLI,
        seen.hour,
        func.sum(seen.good),
        func.sum(seen.total),
        func.sum(case((seen.state == _MEASURED, _ONE), else_=_ZERO)),
        func.count(),
        case((first == last, first)),
    ).group_by(seen.hour)
    names = ["sli_id", "hour_start", "good", "total", "measured_slices", "asked_slices", "only_origin"]
    if is_sqlite:
        # Without a WHERE or HAVING, SQLite reads the ON of ON CONFLICT as the ON of a join.
        insert = sqlite.insert(ledger_hours).from_select(names, by_hour.having(func.count() > _ZERO))
    else:
        insert = postgresql.insert(ledger_hours).from_select(names, by_hour)  # type: ignore[assignment]  # same methods
    return insert.on_conflict_do_update(
        index_elements=list(ledger_hours.primary_key.columns),
        set_={name: insert.excluded[name] for name in names[2:]},
    )


def _window_sums(*, is_sqlite: bool) -> Executable:
    own, hourly = ledger_slices.c, ledger_hours.c
    hours = _spans("hours", is_sqlite=is_sqlite)
    whole = select(hours.c.window, hourly.good, hourly.total, hourly.measured_slices.label("measured")).select_from(
        hours.outerjoin(
            ledger_hours,
            (hourly.sli_id == _SLI) & (hourly.hour_start >= hours.c.first) & (hourly.hour_start < hours.c.end),
        )
    )
    edges = _spans("edges", is_sqlite=is_sqlite)
    ragged = (
        select(
            edges.c.window,
            func.sum(own.good),
            func.sum(own.total),
            case((func.min(own.state) == _MEASURED, _ONE), else_=_ZERO),
        )
        .select_from(
            edges.outerjoin(
                ledger_slices,
                (own.sli_id == _SLI) & (own.slice_start >= edges.c.first) & (own.slice_start < edges.c.end),
            )
        )
        .group_by(edges.c.window, own.slice_start)
    )
    parts = union_all(whole, ragged).subquery("parts").c
    sums = (func.coalesce(func.sum(part), _ZERO) for part in (parts.good, parts.total, parts.measured))
    return select(parts.window, *sums).group_by(parts.window)


def _answered(*, is_sqlite: bool) -> Executable:
    own = ledger_slices.c
    spans = _spans("spans", is_sqlite=is_sqlite)
    inside = (own.sli_id == _SLI) & (own.slice_start >= spans.c.first) & (own.slice_start < spans.c.end)
    by = own.origin == bindparam("by", type_=Text)
    return select(own.slice_start).select_from(spans.outerjoin(ledger_slices, inside & by))


def _spans(parameter: str, *, is_sqlite: bool) -> Subquery:
    """The JSON parameter [[window, start, end], …] as rows, so that any number of spans is one statement.

    Spans stand on the left of an outer join, which makes both databases look up each span in the primary key;
    with a plain join they tend to read all slices of the SLI and try every span on each.
    """
    json = bindparam(parameter, type_=Text)
    fields: list[ColumnElement[Any]]
    if is_sqlite:
        each = func.json_each(json).table_valued("value")
        fields = [func.json_extract(each.c.value, literal_column(f"'$[{place}]'")) for place in range(3)]
    else:
        each = func.jsonb_array_elements(cast(json, JSONB)).table_valued("value")
        fields = [each.c.value.op("->>")(literal_column(str(place))) for place in range(3)]
    names = ("window", "first", "end")
    columns = [cast(field, BigInteger).label(name) for field, name in zip(fields, names, strict=True)]
    return select(*columns).subquery(parameter)
