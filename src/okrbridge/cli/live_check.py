"""The live part of ``okrbridge validate``: the sources themselves read every query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from okrbridge.application.ports import MetricSource, SourceFailure
from okrbridge.cli.exit_codes import FINDINGS, GOOD, UNREACHABLE, exit_code_of_failure
from okrbridge.cli.opening import sources_of
from okrbridge.definitions.findings import LocatedQuery
from okrbridge.definitions.loader import Loaded
from okrbridge.errors import Fault
from okrbridge.settings import Settings


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A source that gave no usable answer, and its words or ours about it."""

    source: str
    message: str


@dataclass(slots=True)
class LiveCheck:
    """What the sources say.

    Attributes:
        faults: refused queries in reading order, one for each place where a query stands.
        unreachable: sources that could not be asked, each once.
    """

    faults: list[Fault] = field(default_factory=list)
    unreachable: list[Unreachable] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """4 when a source could not be asked, so that the check is not complete; else 1 when a query is refused."""
        if self.unreachable:
            return UNREACHABLE
        return FINDINGS if self.faults else GOOD


def check_live(loaded: Loaded, settings: Settings) -> LiveCheck:
    """Let every source read its queries, the sources side by side.

    Raises:
        ConfigurationError: a source cannot be opened as it is declared.
    """
    with sources_of(loaded, settings) as sources:
        return check_queries(loaded.queries, sources)


def check_queries(queries: Sequence[LocatedQuery], sources: Mapping[str, MetricSource]) -> LiveCheck:
    """Let every source read its queries; a query that stands in several places is asked once."""
    by_source: dict[str, dict[str, list[LocatedQuery]]] = {}
    for query in queries:
        by_source.setdefault(query.source, {}).setdefault(query.text, []).append(query)
    if not by_source:
        return LiveCheck()
    with ThreadPoolExecutor(len(by_source)) as pool:
        checks = list(pool.map(lambda name: _check_source(sources[name], by_source[name]), by_source))
    faults = sorted(fault for check in checks for fault in check.faults)
    return LiveCheck(faults, [each for check in checks for each in check.unreachable])


def _check_source(source: MetricSource, places: Mapping[str, Sequence[LocatedQuery]]) -> LiveCheck:
    """Ask one source; after a failure that is not about the query it is not asked again."""
    check = LiveCheck()
    for text, queries in places.items():
        failure = source.check_query(text)
        if failure is None:
            continue
        if exit_code_of_failure(failure.reason) != FINDINGS:
            check.unreachable.append(Unreachable(source.name, failure.message))
            break
        message = _refusal(source.name, failure)
        check.faults += [query.fault(message, "refused_query") for query in queries]
    return check


def _refusal(source: str, failure: SourceFailure) -> str:
    # A Prometheus' failure begins with its address and these very words, and its own with the name of the parameter.
    _, _, own_words = failure.message.partition(" refuses the query: ")
    reason = own_words.removeprefix('invalid parameter "query": ') or failure.message
    return f"{source} refuses the query: {reason}"
