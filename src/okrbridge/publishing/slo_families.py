"""The metric families of SLOs, written straight from the columns of an evaluation.

At ten thousand SLOs these are a quarter of a million lines, so nothing here works line by line: the values of a family
become text in one call, and lines are joined from lists of parts that many lines share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress

import numpy as np
import numpy.typing as npt
import orjson

from okrbridge.application.slo_reports import NEVER, STATES, SloColumns, SloDirectory, SloReports
from okrbridge.domain.burn_rate import BURN_WINDOWS
from okrbridge.domain.ledger import FloatArray
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import epoch_seconds
from okrbridge.publishing.text_format import family_head, label

_BLOCK = 2_000
"""SLOs that are written together: few enough for their parts to stay in the processor's cache."""
_END = b"} "
_OUTCOMES = ("good", "bad")


@dataclass(frozen=True, eq=False)
class SloLabels:
    """The labels of the same SLOs, kept from page to page."""

    directory: SloDirectory

    @cached_property
    def own(self) -> list[bytes]:
        """``slo="NAME"`` of each SLO."""
        return [label("slo", slo.name).encode() for slo in self.directory.slos]

    @cached_property
    def info(self) -> list[bytes]:
        """The descriptive labels of each SLO."""
        return [_labels(_info(slo)) for slo in self.directory.slos]

    @cached_property
    def windows(self) -> list[bytes]:
        """The SLO's own window and the burn windows, for each SLO in turn."""
        burns = [_labels(label("window", name)) for name in BURN_WINDOWS]
        return [one for slo in self.directory.slos for one in (_labels(label("window", str(slo.window))), *burns)]

    @cached_property
    def has_own_window(self) -> npt.NDArray[np.bool_]:
        """Whether an SLO's own window is none of the burn windows."""
        return np.array([str(slo.window) not in BURN_WINDOWS for slo in self.directory.slos], dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class _Family:
    """A family, with as many lines for each SLO.

    Attributes:
        lines: how many an SLO has.
        tails: what follows the SLO's label on each of its lines; for each SLO, or the same for all.
        values: of each line, NaN where there is none; or the text that ends each line.
    """

    name: str
    lines: int
    tails: Sequence[bytes]
    values: FloatArray | Sequence[bytes]


class SloPage:
    """The lines of one evaluation's SLOs, up to a number of series.

    Attributes:
        series: how many there are in all; kept: how many are on the page. Complete when ``blocks`` has ended.
    """

    def __init__(self, reports: SloReports, labels: SloLabels, max_series: int) -> None:
        self._reports = reports
        self._labels = labels
        self._max_series = max_series
        self.series = self.kept = 0

    def blocks(self) -> Iterator[bytes]:
        """The text of one family after the other, in blocks; one without lines is left out."""
        for family in _families(self._reports, self._labels):
            is_begun = False
            for first in range(0, len(self._labels.own), _BLOCK):
                owners, tails, texts = self._lines(family, slice(first, first + _BLOCK))
                room = self._max_series - self.kept
                self.series += len(texts)
                self.kept += min(room, len(texts))
                if texts and room > 0:
                    head = b"" if is_begun else family_head(family.name)
                    is_begun = True
                    yield _joined(head, family.name, owners[:room], tails[:room], texts[:room])
            if is_begun:
                yield b"\n"

    def _lines(self, family: _Family, slos: slice) -> tuple[Sequence[bytes], Sequence[bytes], Sequence[bytes]]:
        """The SLO's label, the other labels and the value of each line of some SLOs."""
        own = self._labels.own[slos]
        lines = slice(slos.start * family.lines, slos.start * family.lines + len(own) * family.lines)
        owners = _repeated(own, family.lines)
        tails = family.tails[lines] if len(family.tails) > family.lines else list(family.tails) * len(own)
        values = family.values[lines]
        if not isinstance(values, np.ndarray):
            return owners, tails, values
        is_known = np.isfinite(values)
        if is_known.all():
            return owners, tails, numbers(values)
        chosen = is_known.tolist()
        return list(compress(owners, chosen)), list(compress(tails, chosen)), numbers(values[is_known])


def numbers(values: FloatArray) -> list[bytes]:
    """Finite numbers as the text format writes them: whole numbers without a point."""
    if not len(values):
        return []
    # Zero is added because -0.0 would keep its sign.
    text = orjson.dumps(np.ascontiguousarray(values + 0.0), option=orjson.OPT_SERIALIZE_NUMPY)
    texts = (text[1:-1] + b",").replace(b".0,", b",").split(b",")
    texts.pop()
    return texts


def _repeated(parts: Sequence[bytes], times: int) -> list[bytes]:
    """Each part so many times in a row."""
    repeated = [b""] * (len(parts) * times)
    for place in range(times):
        repeated[place::times] = parts
    return repeated


def _joined(head: bytes, name: str, owners: Sequence[bytes], tails: Sequence[bytes], texts: Sequence[bytes]) -> bytes:
    """Lines, each begun by the end of the one before."""
    parts = [f"\n{name}{{".encode()] * (4 * len(texts))
    parts[1::4] = owners
    parts[2::4] = tails
    parts[3::4] = texts
    parts[0] = head + parts[0]
    return b"".join(parts)


def _families(reports: SloReports, labels: SloLabels) -> Iterator[_Family]:
    """What a panel needs most comes first, because the cap drops from the end."""
    numbers_of, slos = reports.columns, reports.directory.slos
    yield _Family("okrbridge_slo_info", 1, labels.info, [b"1"] * len(slos))
    yield _Family("okrbridge_slo_state", 1, [b""], _state_texts(numbers_of))
    for name, values_of in _SINGLE:
        yield _Family(name, 1, [_END], values_of(reports))
    outcomes = [_labels(label("outcome", outcome)) for outcome in _OUTCOMES]
    yield _Family(
        "okrbridge_slo_events_total", 2, outcomes, _interleaved(numbers_of.events_good, numbers_of.events_bad)
    )
    burns = [_labels(label("window", name)) for name in BURN_WINDOWS]
    yield _Family("okrbridge_slo_burn_rate", len(burns), burns, numbers_of.burn_rates.ravel())
    yield _Family("okrbridge_slo_error_ratio", 1 + len(burns), labels.windows, _error_ratios(numbers_of, labels))


def _target(reports: SloReports) -> FloatArray:
    return np.array([slo.target_ratio for slo in reports.directory.slos], dtype=np.float64)


def _evaluated(reports: SloReports) -> FloatArray:
    return np.full(len(reports), float(epoch_seconds(reports.at)))


def _measured(reports: SloReports) -> FloatArray:
    until = reports.columns.measured_until
    return np.where(until == NEVER, np.nan, until.astype(np.float64))


def _frozen(reports: SloReports) -> FloatArray:
    return np.where(reports.columns.alerts_frozen, 1.0, np.nan)


_SINGLE: tuple[tuple[str, Callable[[SloReports], FloatArray]], ...] = (
    ("okrbridge_slo_target_ratio", _target),
    ("okrbridge_slo_error_budget_remaining_ratio", lambda it: it.columns.remaining),
    ("okrbridge_slo_error_budget_consumed_ratio", lambda it: it.columns.consumed),
    ("okrbridge_slo_error_budget_expected_ratio", lambda it: it.columns.expected),
    ("okrbridge_slo_error_budget_exhausted_timestamp_seconds", lambda it: it.columns.exhausted_at),
    ("okrbridge_slo_coverage_ratio", lambda it: it.columns.coverage),
    ("okrbridge_slo_alerts_frozen", _frozen),
    ("okrbridge_slo_evaluated_timestamp_seconds", _evaluated),
    ("okrbridge_slo_measured_timestamp_seconds", _measured),
)
"""The families with one line an SLO."""


def _state_texts(columns: SloColumns) -> Sequence[bytes]:
    texts = [f",{label('state', state)}}} 1".encode() for state in STATES]
    return [texts[state] for state in columns.states.tolist()]


def _error_ratios(columns: SloColumns, labels: SloLabels) -> FloatArray:
    """Of the SLO's own window, unless it is one of the burn windows, and of those."""
    own = np.where(labels.has_own_window, 1.0 - columns.sli_ratio, np.nan)
    return np.column_stack([own, columns.error_ratios]).ravel()


def _interleaved(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.column_stack([first, second]).ravel()


def _labels(more: str) -> bytes:
    return f",{more}}} ".encode()


def _info(slo: Slo) -> str:
    return ",".join(
        (label("slo_service", slo.service), label("window", str(slo.window)), label("budgeting", slo.budgeting))
    )
