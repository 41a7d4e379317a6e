"""Who may see what: restricted objectives and key results are absent for callers who may not see them.

A key result is restricted by itself or by its objective; an objective by itself or by its team. What is restricted
still counts in every roll-up. Every answer that could name it goes through a ``Sight``.

Nobody knows of an object that was removed whether it was restricted. What was kept about it, such as findings and
trade-offs, is shown to those alone who see everything.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from okrbridge.application.check_ins import OWN_SOURCE
from okrbridge.application.okr_records import Event, Finding
from okrbridge.application.reports import Item
from okrbridge.application.snapshot import ObjectiveReport, Snapshot
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, Visibility
from okrbridge.domain.objectives import OkrObjective

A_KEY_RESULT = "a restricted key result"
AN_OBJECTIVE = "a restricted objective"
_NAMING = ("key_result", "guard", "part", "member", "name", "other")
"""Keys under which objects inside an answer name the key result that their numbers are of."""
_REFERENCES = ("guards", "bestOf", "parts", "measure")
"""Keys of a declared key result under which others of its objective stand without the objective's name."""
_BEFORE, _AFTER = r"(?<![A-Za-z0-9._/-])", r"(?![A-Za-z0-9_/-])"


@dataclass(frozen=True)
class Sight:
    """What one caller does not see.

    Attributes:
        objectives: hidden ones by name.
        key_results: hidden ones by ``OBJECTIVE/NAME``, those of hidden objectives among them.
        texts: what each text that would tell of them is replaced with.
        declared, evaluated: what there is; None for those who see everything, also what there was.
    """

    objectives: frozenset[str] = frozenset()
    key_results: frozenset[str] = frozenset()
    texts: dict[str, str] = field(default_factory=dict)
    declared: DefinitionSet | None = None
    evaluated: Snapshot | None = None

    @property
    def sees_all(self) -> bool:
        """Whether nothing is hidden, and nothing can be."""
        return self.declared is None

    def shows_objective(self, name: str) -> bool:
        """Whether an objective is there for the caller."""
        return name not in self.objectives

    def shows_key_result(self, identity: str) -> bool:
        """Whether a key result is there for the caller."""
        return identity not in self.key_results

    def tells_of(self, identity: str) -> bool:
        """Whether what was kept about an objective or a key result is there for the caller."""
        if not (self.shows_key_result(identity) and self.shows_objective(identity)):
            return False
        return self.sees_all or any(identity in names for names in self._known())

    def shows_finding(self, finding: Finding) -> bool:
        """Whether a finding is there for the caller: not when it is about something hidden, or names it."""
        name = finding.subject.removeprefix("objective:")
        is_of_an_okr = name != finding.subject or "/" in name
        other = finding.evidence.get("other")
        named = ([name] if is_of_an_okr else []) + ([other] if isinstance(other, str) else [])
        return all(map(self.tells_of, named))

    def shows_event(self, event: Event) -> bool:
        """Whether an event is there for the caller: not when it is about something hidden, or a trade-off for it."""
        named = filter(None, (event.subject, str(event.attributes.get("for", ""))))
        # Others name whatever they like as subject, such as a repository; okrbridge names key results alone.
        return all(map(self.tells_of if event.source == OWN_SOURCE else self.shows_key_result, named))

    def of_snapshot(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot as the caller sees it: hidden objects are absent, and roll-ups stay as they are."""
        if not self.key_results and not self.objectives:
            return snapshot
        seen = (one for one in snapshot.objectives if self.shows_objective(one.objective.name))
        return replace(snapshot, objectives=tuple(map(self._of_objective, seen)))

    def of_definitions(self, definitions: DefinitionSet) -> DefinitionSet:
        """The definitions as the caller sees them; initiatives for hidden key results alone are absent, too."""
        if not self.key_results and not self.objectives:
            return definitions
        objectives = (one for one in definitions.objectives if self.shows_objective(one.name))
        initiatives = (one for one in definitions.initiatives if self.shows_initiative(one.key_results))
        return replace(
            definitions,
            objectives=tuple(replace(one, key_results=self._seen(one.key_results)) for one in objectives),
            initiatives=tuple(initiatives),
        )

    def shows_initiative(self, key_results: Iterable[str]) -> bool:
        """Whether an initiative is there for the caller: not when all that it moves is hidden."""
        moved = list(key_results)
        return not moved or any(map(self.shows_key_result, moved))

    def of_references(self, declared: Item, objective: str) -> Item:
        """What a key result declares, or some of it, without naming others that the caller is not told of.

        Args:
            objective: its own; others of it stand there by their name alone.
        """
        if self.sees_all:
            return declared
        return {key: self._named(value, objective) if key in _REFERENCES else value for key, value in declared.items()}

    def _named(self, value: Any, objective: str, key: str = "keyResult") -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, str) and key == "keyResult":
            identity = value if "/" in value else f"{objective}/{value}"
            return value if self.tells_of(identity) else A_KEY_RESULT
        if isinstance(value, list):
            return [self._named(one, objective, key) for one in value]
        if isinstance(value, dict):
            return {inner: self._named(one, objective, inner) for inner, one in value.items()}
        return value

    def redacted(self, item: Item) -> Item:
        """An answer in which no text names what is hidden, such as the guards and parts of other key results."""
        if not self.texts:
            return item
        cleaned: Item = self._clean(item)
        return cleaned

    def _known(self) -> Iterator[Container[str]]:
        if self.declared is not None:
            yield from (self.declared.key_result_by_id, self.declared.objective_by_name)
        if self.evaluated is not None:
            yield from (self.evaluated.key_result_by_id, self.evaluated.objective_by_name)

    def _of_objective(self, report: ObjectiveReport) -> ObjectiveReport:
        seen = tuple(one for one in report.key_results if self.shows_key_result(one.key_result.id))
        parent = report.objective.parent if self.shows_objective(report.objective.parent) else ""
        above = report.objective.parent_key_result
        above = above if self.shows_key_result(above) else ""
        objective = replace(
            report.objective,
            parent=parent,
            parent_key_result=above,
            key_results=self._seen(report.objective.key_results),
        )
        return replace(report, objective=objective, key_results=seen)

    def _seen(self, key_results: Iterable[KeyResult]) -> tuple[KeyResult, ...]:
        return tuple(one for one in key_results if self.shows_key_result(one.id))

    def _clean(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, str):
            return self._clean_text(value)
        if isinstance(value, dict):
            return self._clean_object(value)
        if isinstance(value, list | tuple):
            return [self._clean(one) for one in value]
        return value

    def _clean_object(self, value: Item) -> Item:
        """An object without the numbers that belong to something hidden: under its name, or beside it."""
        is_about_hidden = any(value.get(key) in self.key_results for key in _NAMING if isinstance(value.get(key), str))
        cleaned: Item = {}
        for key, one in value.items():
            # Keys are words of ours, which anything may be named or titled, or else key results.
            name = A_KEY_RESULT if key in self.key_results else str(key)
            is_number = isinstance(one, int | float) and not isinstance(one, bool)
            cleaned[name] = None if name != key or (is_about_hidden and is_number) else self._clean(one)
        return cleaned

    def _clean_text(self, text: str) -> str:
        if text in self.objectives:
            return AN_OBJECTIVE
        return self._pattern.sub(lambda found: self.texts[found[0]], text)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.texts, key=len, reverse=True)
        return re.compile("|".join(f"{_bounded(text)}" for text in longest_first))


EVERYTHING = Sight()
"""The sight of those who see all."""


def sight_of(definitions: DefinitionSet, snapshot: Snapshot | None, *, sees_restricted: bool) -> Sight:
    """What a caller does not see, by whether restricted objects are shown to them.

    An object is hidden when it is restricted in what is declared now or in what was evaluated last, so that a change
    hides it at once.
    """
    if sees_restricted:
        return EVERYTHING
    evaluated = [report.objective for report in snapshot.objectives] if snapshot else []
    declared = [*definitions.objectives, *evaluated]
    objectives = [one for one in declared if one.visibility is Visibility.RESTRICTED]
    names = {one.name for one in objectives}
    key_results = [kr for one in declared for kr in one.key_results if _is_restricted(kr, names)]
    hidden = frozenset(one.id for one in key_results)
    return Sight(frozenset(names), hidden, _telling(objectives, key_results), definitions, snapshot)


def _is_restricted(key_result: KeyResult, objectives: Iterable[str]) -> bool:
    # The name of a key result holds its objective's: one that is public inside a restricted objective would tell it.
    return key_result.visibility is Visibility.RESTRICTED or key_result.objective in objectives


def _telling(objectives: Iterable[OkrObjective], key_results: Iterable[KeyResult]) -> dict[str, str]:
    """Texts that tell of hidden objects, with what stands in their place: names as messages quote them, and titles."""
    texts: dict[str, str] = {}
    for objective in objectives:
        texts |= {f"objective:{objective.name}": AN_OBJECTIVE, f"'{objective.name}'": AN_OBJECTIVE}
        if objective.title != objective.name:
            texts[objective.title] = AN_OBJECTIVE
    for one in key_results:
        # As messages quote it, and as a question to it is written.
        texts |= {one.id: A_KEY_RESULT, f"'{one.name}'": A_KEY_RESULT, f"kr/{one.id}": A_KEY_RESULT}
        if one.title != one.name:
            texts[one.title] = A_KEY_RESULT
    return texts


def _bounded(text: str) -> str:
    """A pattern for the text, and not for a part of a longer name."""
    before = _BEFORE if text[0].isalnum() else ""
    after = _AFTER if text[-1].isalnum() else ""
    return f"{before}{re.escape(text)}{after}"
