"""What Prometheus' HTTP API sends back: the envelope, its results, and what each failure means. Pure decoding."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson

from okrbridge.errors import SourceError, SourceFailureReason

_OK = 200
_LONGEST_QUOTE, _QUOTED_END = 500, 350
_OVERLOAD = frozenset({429, 502, 503, 504})
_TOO_LARGE = re.compile(
    "too many samples"
    "|cannot select more than -search.maxSamplesPerQuery"
    "|cannot process more than [0-9]+ samples per series"
    "|the number of matching timeseries exceeds"
    "|not enough memory for processing"
    "|cannot exceed -search.maxPointsPerTimeseries"
)
"""What Prometheus says at its cap on samples in memory (``--query.max-samples``), and VictoriaMetrics at its caps."""
_NO_API = (SourceFailureReason.BAD_ANSWER, "has no Prometheus API at this url")
_MEANINGS = MappingProxyType(
    {
        401: (SourceFailureReason.UNAUTHORIZED, "refuses the credentials"),
        403: (SourceFailureReason.UNAUTHORIZED, "refuses the credentials"),
        408: (SourceFailureReason.TIMEOUT, "gave the request up"),
        413: (SourceFailureReason.BAD_QUERY, "finds the query too long"),
        414: (SourceFailureReason.BAD_QUERY, "finds the query too long"),
        429: (SourceFailureReason.OVERLOADED, "is overloaded"),
    }
)


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer as received.

    Attributes:
        retry_after: seconds the server asks to wait, where it does.
    """

    status: int
    body: bytes
    content_type: str = ""
    location: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One series of an answer: its labels and its points as (epoch seconds, value)."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A query's result. ``rows`` holds one unlabelled row for a scalar, and none for a string."""

    result_type: str
    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked what; for messages.

    Attributes:
        source: the source's declared name.
        host: the server's address without credentials.
    """

    source: str
    host: str
    query: str | None = None

    def about(self, query: str) -> Asked:
        """The same server, asked a query."""
        return Asked(self.source, self.host, query)

    def failure(self, reason: SourceFailureReason, what: str, kind: type[SourceError] = SourceError) -> SourceError:
        """A failure that names the server."""
        return kind(f"{self.host} {what}", reason=reason, source=self.source, query=self.query)

    def transient(
        self, reason: SourceFailureReason, what: str, *, retry_after: float | None = None
    ) -> TransientSourceError:
        """A failure that may be gone at the next try."""
        return TransientSourceError(
            f"{self.host} {what}", reason=reason, source=self.source, query=self.query, retry_after=retry_after
        )


class TooLargeError(SourceError):
    """The answer is too large, for the server or for us: a smaller question may pass."""


class UnreadableError(SourceError):
    """The answer is a success of a kind that cannot be counted, as native histograms are."""


class TransientSourceError(SourceError):
    """A failure worth another try.

    Attributes:
        retry_after: seconds the server asks to wait, where it does.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: SourceFailureReason,
        source: str,
        query: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, reason=reason, source=source, query=query)
        self.retry_after = retry_after


def raise_for_overload(reply: Reply, asked: Asked) -> None:
    """Raise what is worth another try; every other answer is left to ``read_data``.

    Raises:
        TransientSourceError: 429, 502, 503 or 504, unless the server says that the query itself took too long.
    """
    if reply.status in _OVERLOAD:
        envelope = _envelope(reply) or {}
        if envelope.get("errorType") != "timeout":
            message = f"is overloaded or not ready (HTTP {reply.status}): {_own_words(reply, envelope)}"
            raise asked.transient(SourceFailureReason.OVERLOADED, message, retry_after=reply.retry_after)


def read_data(reply: Reply, asked: Asked) -> tuple[Any, tuple[str, ...]]:
    """The envelope's ``data`` and what stands beside it: warnings and infos.

    Raises:
        SourceError: anything but a success.
    """
    envelope = _envelope(reply)
    if reply.status != _OK or (envelope is not None and envelope.get("status") == "error"):
        raise _refusal(reply, envelope or {}, asked)
    if envelope is None:
        raise asked.failure(SourceFailureReason.BAD_ANSWER, _not_json(reply))
    if envelope.get("status") != "success" or "data" not in envelope:
        raise asked.failure(SourceFailureReason.BAD_ANSWER, "answered with JSON that is not Prometheus' envelope")
    beside = (*(envelope.get("warnings") or ()), *(envelope.get("infos") or ()))
    return envelope["data"], tuple(str(one) for one in beside)


def read_answer(reply: Reply, asked: Asked) -> Answer:
    """A query's answer.

    Raises:
        SourceError: anything but a success with a known result type.
    """
    data, warnings = read_data(reply, asked)
    try:
        kind, result = data["resultType"], data["result"]
        return Answer(kind, _READERS[kind](result), warnings)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        message = "answered with a result that cannot be read; native histograms are not supported"
        raise asked.failure(SourceFailureReason.BAD_ANSWER, message, UnreadableError) from error


def _scalar(result: Any) -> tuple[Row, ...]:  # noqa: ANN401 - parsed JSON
    return (Row({}, (_point(result),)),)


def _vector(result: Any) -> tuple[Row, ...]:  # noqa: ANN401 - parsed JSON
    return tuple(Row(item["metric"], (_point(item["value"]),)) for item in result)


def _matrix(result: Any) -> tuple[Row, ...]:  # noqa: ANN401 - parsed JSON
    return tuple(Row(item["metric"], tuple(map(_point, item["values"]))) for item in result)


def _string(_result: Any) -> tuple[Row, ...]:  # noqa: ANN401 - parsed JSON
    return ()


_READERS = {"scalar": _scalar, "vector": _vector, "matrix": _matrix, "string": _string}


def _point(pair: Any) -> tuple[float, float]:  # noqa: ANN401 - parsed JSON
    at, value = pair
    return float(at), float(value)


def _envelope(reply: Reply) -> Mapping[str, Any] | None:
    try:
        parsed = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _not_json(reply: Reply) -> str:
    if _is_html(reply):
        return "answered with an HTML page instead of JSON (a login page? a wrong url?)"
    return "answered with something that is not JSON, or was cut off"


def _is_html(reply: Reply) -> bool:
    return "html" in reply.content_type or reply.body.lstrip()[:1] == b"<"


def _refusal(reply: Reply, envelope: Mapping[str, Any], asked: Asked) -> SourceError:
    own_words = _own_words(reply, envelope)
    if envelope.get("errorType") == "timeout":
        return asked.failure(SourceFailureReason.TIMEOUT, f"gave the query up: {own_words}")
    if 300 <= reply.status < 400:
        message = f"redirects to {reply.location or 'nowhere'}; declare the url of the API itself"
        return asked.failure(SourceFailureReason.BAD_ANSWER, message)
    if reply.status >= 500:
        return asked.failure(SourceFailureReason.OVERLOADED, f"failed (HTTP {reply.status}): {own_words}")
    is_query_refused = reply.status in {400, 422} and (envelope or not _is_html(reply))
    if is_query_refused or reply.status == _OK:
        kind = TooLargeError if _TOO_LARGE.search(str(envelope.get("error"))) else SourceError
        return asked.failure(SourceFailureReason.BAD_QUERY, f"refuses the query: {own_words}", kind)
    reason, what = _MEANINGS.get(reply.status, _NO_API)
    return asked.failure(reason, f"{what} (HTTP {reply.status}): {own_words}")


def _own_words(reply: Reply, envelope: Mapping[str, Any]) -> str:
    """The server's own explanation, or what can be said in its place."""
    if text := str(envelope.get("error") or envelope.get("message") or ""):
        return _shortened(text)
    if not reply.body:
        return "no explanation"
    return "an HTML page" if _is_html(reply) else _shortened(reply.body[:_LONGEST_QUOTE].decode(errors="replace"))


def _shortened(text: str) -> str:
    """One line, its middle left out where it is long: VictoriaMetrics repeats the query and then names the cause."""
    line = " ".join(text.split())
    if len(line) <= _LONGEST_QUOTE:
        return line
    return f"{line[: _LONGEST_QUOTE - _QUOTED_END]} … {line[-_QUOTED_END:]}"
