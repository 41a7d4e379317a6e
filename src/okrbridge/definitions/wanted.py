"""What is asked of a measure by the key result or the indicator that it measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.unit_fit import converts, described, month_hint, stated, suggested
from okrbridge.domain.key_results import KeyResultKind
from okrbridge.domain.objectives import Indicator
from okrbridge.domain.units import PLAIN, Unit

_KEY_RESULT = "key result"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a key result, or an indicator, asks of its measure.

    Attributes:
        kind: None for an indicator, and when the key result itself does not tell because of a fault.
        unit: None when any unit will do.
        objective: the objective of the key result.
        indicators: those that have no fault, by name.
        subject: what is measured, for messages.
    """

    kind: KeyResultKind | None
    unit: Unit | None
    objective: str = ""
    indicators: Mapping[str, Indicator] = field(default_factory=dict)
    subject: str = _KEY_RESULT

    @property
    def takes_members(self) -> bool:
        """Whether a number for each member of a population can be used; assumed while the kind is not known."""
        if self.kind is None:
            return self.subject == _KEY_RESULT
        return self.kind in (KeyResultKind.SHARE, KeyResultKind.THRESHOLD)

    def id_of(self, key_result: str) -> str:
        """``OBJECTIVE/NAME`` of a key result that is named in short or in full."""
        return key_result if "/" in key_result else f"{self.objective}/{key_result}"

    def unit_fits(self, spot: Spot, unit: Unit) -> bool:
        """Whether a measure's unit, which is not declared, converts to the wanted one; if not, a fault."""
        if self.unit is None or converts(unit, self.unit):
            return True
        message = f"gives {described(unit)}, the {self.subject} is {stated(self.unit)}{month_hint(unit, self.unit)}"
        spot.fault(message, "wrong_unit", of_key=True)
        return False

    def declared_unit(self, spot: Spot, unit: Unit | None, what: str) -> Unit | None:
        """The unit that a measure declares, else a plain number; None, with a fault, when it does not fit.

        Args:
            spot: the measure.
            unit: as declared.
            what: what gives the number, for messages.
        """
        found = unit or PLAIN
        if self.unit is None or converts(found, self.unit):
            return found
        if unit is None:
            needed = f"the {self.subject} is {stated(self.unit)}"
            message = f"is missing: {needed}; say what the {what} gives, such as {suggested(self.unit)}"
        else:
            message = f"the {what} gives {described(unit)}, the {self.subject} is {stated(self.unit)}"
            message += month_hint(unit, self.unit)
        spot.at("unit").fault(message, "wrong_unit")
        return None
