"""The impact of an incident: what it spent of error budgets, and what became of the key results meanwhile.

Everything comes from the database; no source is asked. The time that is counted is the whole slices that the incident
touches, up to the last boundary that was evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from okrbridge.application.incidents.impact_on_key_results import (
    MOST_KEY_RESULTS,
    Stood,
    Touch,
    stood,
    touch_item,
    touches,
)
from okrbridge.application.incidents.impact_on_slos import (
    LONGEST_COUNTED,
    Chosen,
    Spent,
    Why,
    choose,
    count_spent,
    most_spent_first,
    spent_item,
    touched,
)
from okrbridge.application.incidents.incident import Incident, incident_item
from okrbridge.application.ports import Transaction
from okrbridge.application.reports import Item, rfc3339
from okrbridge.application.slo_counts import SloCounts
from okrbridge.application.visibility import Sight
from okrbridge.domain.alerting import COVERAGE_FLOOR
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.windows import Grid, Interval, format_duration

MOST_SHOWN = 100
"""SLOs in an answer, those that spent most of their budgets."""
MOST_NAMES = 20
"""Unknown names that an answer tells of."""

_NAMED = "The SLOs are those of the services, SLOs and key results that the incident names."
_NOT_NAMED = (
    "The incident names no service, SLO or key result that an SLO here belongs to: "
    "all SLOs that burnt faster than the even pace meanwhile are listed, whatever the cause."
)


@dataclass(frozen=True)
class Impact:
    """The impact of one incident, as a caller sees it.

    Attributes:
        definitions: without what is hidden.
        sight: what is hidden.
    """

    database: Transaction
    definitions: DefinitionSet
    sight: Sight
    grid: Grid
    incident: Incident
    now: datetime

    def item(self) -> Item:
        """The impact in the form of ``GET /incidents/{incident}``; text that would name what is hidden is replaced."""
        return self.sight.redacted(
            {
                "incident": incident_item(self.incident, self.now),
                "as_of": rfc3339(self.as_of),
                "counted_from": rfc3339(self.counted.start),
                "counted_to": rfc3339(self.counted.end),
                "counted_slices": self.grid.slices(self.counted),
                "slice_seconds": self.grid.step_seconds,
                "rule": "named" if self.is_named else "burnt",
                "slos_contributed": self.slos_contributed,
                "slos": [spent_item(one) for one in self.spent[:MOST_SHOWN]],
                "key_results": [touch_item(one, self._stood(one), self.definitions) for one in self.touches],
                "notes": list(self._notes()),
            }
        )

    @cached_property
    def as_of(self) -> datetime:
        """The boundary that was evaluated last."""
        last = self.database.evaluations.latest()
        return last.at if last else self.grid.floor(self.now)

    @cached_property
    def counted(self) -> Interval:
        """The time that is counted, with ends on the grid; it may hold none."""
        end = min(self.grid.ceil(self.incident.ended(self.now)), self.as_of)
        start = max(self.grid.floor(self.incident.event.start), end - LONGEST_COUNTED)
        return Interval(start, max(start, end))

    @cached_property
    def spent(self) -> Sequence[Spent]:
        """What it spent of each budget, most first."""
        return most_spent_first(count_spent(self._counts, self.grid, self._chosen.slos, self.counted))

    @property
    def is_named(self) -> bool:
        """Whether it names SLOs, itself or by their services and key results."""
        return bool(self._touched) and "burnt" not in self._touched.values()

    @property
    def slos_contributed(self) -> bool | None:
        """Whether any SLO contributed; None when none did as far as that is known, and it is not known of all."""
        said = [one.contributed for one in self.spent]
        if any(said):
            return True
        return False if self._touched and None not in said and self._chosen.is_clear else None

    @property
    def touches(self) -> Sequence[Touch]:
        """The key results that it touched."""
        return self._all_touches[:MOST_KEY_RESULTS]

    @cached_property
    def _touched(self) -> Mapping[str, Why]:
        return touched(self.definitions, self.incident)

    @cached_property
    def _chosen(self) -> Chosen:
        slos = [(self.definitions.slo_by_name[name], why) for name, why in self._touched.items()]
        return choose(self._counts, slos, self.counted)

    @cached_property
    def _counts(self) -> SloCounts:
        return SloCounts(self.database.ledger, self.grid, self.definitions.maintenance)

    @cached_property
    def _all_touches(self) -> Sequence[Touch]:
        return touches(self.definitions, self.incident, self.spent, self.now)

    def _stood(self, touch: Touch) -> Stood:
        return self._all_stood[touch.key_result.id]

    @cached_property
    def _all_stood(self) -> Mapping[str, Stood]:
        names = [one.key_result.id for one in self.touches]
        return stood(self.database.progress, self.incident, names, self.grid, self.now)

    def _notes(self) -> Iterator[str]:
        """What the reader must know of how it was found, and of what was left out."""
        yield _NAMED if self.is_named else _NOT_NAMED
        if self._chosen.left_out:
            yield f"{self._chosen.left_out} more SLOs, which burnt more slowly, were left out."
        if len(self.spent) > MOST_SHOWN:
            yield f"{len(self.spent) - MOST_SHOWN} more SLOs, which spent less of their budgets, are not shown."
        if len(self._all_touches) > MOST_KEY_RESULTS:
            yield f"{len(self._all_touches) - MOST_KEY_RESULTS} more key results are not shown."
        if self.incident.is_open(self.now):
            yield "The incident still lasts: the numbers are those so far."
        if self.counted.start > self.incident.event.start:
            yield f"It lasted longer than what is counted: its last {format_duration(LONGEST_COUNTED)}."
        if self.counted.end < self.grid.ceil(self.incident.ended(self.now)) and not self.incident.is_open(self.now):
            yield "Its end was not evaluated yet: what is counted ends before it."
        if any(one.is_known and one.own.coverage_ratio < COVERAGE_FLOOR for one in self.spent):
            yield "Of some SLOs' windows less than 90% is measured: their shares of the budget are rough."
        yield from unknown_names(self.definitions, self.sight, self.incident)


def unknown_names(definitions: DefinitionSet, sight: Sight, incident: Incident) -> Iterator[str]:
    """Names that an incident gives to nothing that is declared; the first few. Hidden key results are not told of."""
    services = {slo.service for slo in definitions.slos}
    known = definitions.key_result_by_id
    found = [
        *(f"no SLO has the service {name!r}" for name in incident.services if name not in services),
        *(f"there is no SLO {name!r}" for name in incident.names("slos") if name not in definitions.slo_by_name),
        *(
            f"there is no key result {name!r}"
            for name in (*incident.names("key_results"), *incident.names("improvement_key_results"))
            if name not in known and sight.shows_key_result(name)
        ),
    ]
    yield from (f"{one[0].upper()}{one[1:]}." for one in dict.fromkeys(found[:MOST_NAMES]))
