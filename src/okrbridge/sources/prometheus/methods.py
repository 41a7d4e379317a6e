"""How each SLI is counted, in a few words for people."""

from __future__ import annotations

from datetime import timedelta

from okrbridge.domain.sli import Sli, SliKind
from okrbridge.domain.windows import format_duration
from okrbridge.errors import SourceError
from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.planner import Way

_EXACTLY = (
    "exact increase of the {part} and total counters in each slice of {step}, last sample in the slice minus last "
    "sample before it, with resets and births of series counted, nothing extrapolated"
)
_AS_WRITTEN = {
    SliKind.EXPRESSIONS: "the values of both queries at the end of each slice of {step} are its counts",
    SliKind.RATIO: "the ratio at the end of each slice of {step} is one event",
    SliKind.THRESHOLD: "each slice of {step} is good or bad by the value at its end",
    SliKind.SAMPLES: "each sample in a slice of {step} is one event",
}


class Server:
    """Who answers; asked once, and again only while that failed."""

    def __init__(self, client: PrometheusClient) -> None:
        self._client = client
        self._name: str | None = None

    @property
    def name(self) -> str:
        """Name and version; the address where they are not known. Asks nothing."""
        return self._name or self._client.url

    def ask(self) -> None:
        """Learn the name, unless it is known."""
        if self._name is None:
            try:
                self._name = self._client.server()
            except SourceError:
                return  # a failure that matters shows when something is counted


def counting_method(sli: Sli, way: Way, server: str, step: timedelta) -> str:
    """How an SLI is counted."""
    length = format_duration(step)
    if way is Way.AS_WRITTEN:
        text = f"as written, by {server}: " + _AS_WRITTEN[sli.kind].format(step=length)
    else:
        part = "good" if sli.good is not None else "bad"
        how = "series carried from" if way is Way.CARRY else "sums in the server,"
        text = f"{how} {server}: " + _EXACTLY.format(part=part, step=length)
    return f"{text}; {sli.note}" if sli.note else text
