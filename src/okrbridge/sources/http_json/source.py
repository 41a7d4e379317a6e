"""Values from a JSON document over HTTP, found by JSONPath (RFC 9535)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import jsonpath
import orjson
import requests

from okrbridge.application.ports import Reading, SourceFailure, ValueRequest
from okrbridge.domain.definition_set import DataSource
from okrbridge.domain.measures import HttpMeasure
from okrbridge.errors import ConfigurationError, SourceError, SourceFailureReason
from okrbridge.sources.answers import failed, one_for_each, one_number
from okrbridge.sources.connection_details import password_of, resolved
from okrbridge.sources.prometheus.http.connection import Connection, authentication, open_session, pooled_adapter
from okrbridge.sources.prometheus.http.envelope import Asked, Reply
from okrbridge.sources.prometheus.http.retrying import Deadline
from okrbridge.sources.prometheus.http.transport import Transport

_CREDENTIALS = ("bearer_token_file", "username", "password", "ca_file", "cert_file", "key_file")
DETAIL_KEYS = frozenset({"url", "password_file", *_CREDENTIALS})
"""What ``connectionDetails`` of a JSON document over HTTP may hold."""

MOST_BYTES = 10_000_000
"""A larger document is refused."""

_OK = 200
_REFUSED = frozenset({401, 403})
_OVERLOADED = frozenset({429, 502, 503, 504})


class HttpJsonSource:
    """JSON documents below one URL, asked by GET; it never raises. Redirects are not followed."""

    def __init__(self, name: str, url: str, transport: Transport, seconds: float) -> None:
        self._name = name
        self._url = url
        self._transport = transport
        self._seconds = seconds

    @property
    def name(self) -> str:
        """The declared name."""
        return self._name

    def values(self, requests: Sequence[ValueRequest]) -> list[Reading]:
        """Answer every request, in order; documents that several ask about are fetched once."""
        documents: dict[str, Any] = {}
        return [self._value(request, documents) for request in requests]

    def close(self) -> None:
        """Let go of connections."""
        self._transport.session.close()

    def _value(self, request: ValueRequest, documents: dict[str, Any]) -> Reading:
        measure = request.measure
        if not isinstance(measure, HttpMeasure):
            message = f"{self._name} is a JSON document; ask it by JSONPath"
            return failed(request, SourceFailureReason.BAD_QUERY, message)
        if measure.path not in documents:
            documents[measure.path] = self._document(measure.path)
        document = documents[measure.path]
        if isinstance(document, SourceFailure):
            return failed(request, document.reason, document.message)
        try:
            return _found(request, measure, document)
        except jsonpath.JSONPathError as error:
            return failed(request, SourceFailureReason.BAD_QUERY, f"the JSONPath cannot be used: {error}")

    def _document(self, path: str) -> Any | SourceFailure:  # noqa: ANN401 - whatever the JSON holds
        url = self._url + path
        asked = Asked(self._name, self._url)
        try:
            reply = self._transport.send(url, {}, asked, Deadline(self._seconds))
            return _content(reply)
        except SourceError as error:
            return SourceFailure(error.reason, str(error))
        except orjson.JSONDecodeError as error:
            return SourceFailure(SourceFailureReason.BAD_ANSWER, f"{url} is not JSON: {error}")


def _content(reply: Reply) -> Any | SourceFailure:  # noqa: ANN401 - whatever the JSON holds
    if reply.status == _OK:
        return orjson.loads(reply.body)
    if reply.status in _REFUSED:
        return SourceFailure(SourceFailureReason.UNAUTHORIZED, f"refuses the credentials ({reply.status})")
    if reply.status in _OVERLOADED:
        return SourceFailure(SourceFailureReason.OVERLOADED, f"is overloaded ({reply.status})")
    return SourceFailure(SourceFailureReason.BAD_ANSWER, f"answered with status {reply.status}")


def _found(request: ValueRequest, measure: HttpMeasure, document: Any) -> Reading:  # noqa: ANN401 - JSON
    found = jsonpath.findall(measure.json_path, document)
    if measure.member_path:
        names = jsonpath.findall(measure.member_path, document)
        if len(names) != len(found):
            message = f"gives {len(names)} names and {len(found)} values; both paths must find the same members"
            return failed(request, SourceFailureReason.BAD_ANSWER, message)
        return one_for_each(request, list(zip(names, found, strict=True)))
    if len(found) > 1:
        message = f"finds {len(found)} values where one is expected; make the JSONPath exact, or declare member"
        return failed(request, SourceFailureReason.TOO_MANY_SERIES, message)
    samples = jsonpath.findall(measure.samples_path, document) if measure.samples_path else []
    return one_number(request, found[0] if found else None, samples[0] if samples else None)


def http_json_from_declaration(
    source: DataSource, *, seconds: float = 30, environment: Mapping[str, str] | None = None
) -> HttpJsonSource:
    """Build the source; nothing is asked yet.

    Raises:
        ConfigurationError: an unknown key, a URL or credentials that cannot be used.
    """
    variables = os.environ if environment is None else environment
    details = resolved(source, DETAIL_KEYS, variables, needed="url", example="https://stats.example/api")
    texts = {key: details[key] for key in _CREDENTIALS if key in details}
    password = password_of(source.name, details)
    if password is not None:
        texts["password"] = password
    try:
        connection = Connection(url=details["url"], insecure_skip_verify=False, **texts).checked()
    except ConfigurationError as error:
        raise ConfigurationError(f"data source {source.name!r}: {error}") from error
    session: requests.Session = open_session(connection)
    for scheme in ("http://", "https://"):
        session.mount(scheme, pooled_adapter(1))
    transport = Transport(session, authentication(connection), MOST_BYTES, method="GET")
    return HttpJsonSource(source.name, connection.url, transport, seconds)
