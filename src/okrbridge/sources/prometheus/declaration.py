"""From a declared data source to a working one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta

from okrbridge.domain.definition_set import DataSource
from okrbridge.domain.windows import Grid
from okrbridge.errors import ConfigurationError
from okrbridge.sources.connection_details import password_of, resolved
from okrbridge.sources.prometheus.exemplars import PrometheusTraces
from okrbridge.sources.prometheus.http.client import PrometheusClient, Tracing, untraced
from okrbridge.sources.prometheus.http.connection import Connection
from okrbridge.sources.prometheus.source import PrometheusSource

_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0", ""})
_TEXT_KEYS = (
    "bearer_token_file",
    "username",
    "password",
    "ca_file",
    "cert_file",
    "key_file",
    "org_id",
)
_REPLICA_LABELS = "replica_labels"
_TRACE_URL = "trace_url"
_USUAL_REPLICA_LABELS = "prometheus_replica, __replica__"
DETAIL_KEYS = frozenset({"url", "insecure_skip_verify", "password_file", _REPLICA_LABELS, _TRACE_URL, *_TEXT_KEYS})
"""What ``connectionDetails`` of a Prometheus may hold. A value ``$NAME`` is read from the environment."""


def from_declaration(
    source: DataSource,
    grid: Grid,
    *,
    concurrency: int = 8,
    deadline: timedelta = timedelta(seconds=30),
    environment: Mapping[str, str] | None = None,
    tracing: Tracing = untraced,
) -> PrometheusSource:
    """Build the source; nothing is asked yet. A password file is read now, once.

    Raises:
        ConfigurationError: an unknown key, a missing url, an unset variable, a password file that cannot be read,
            or credentials that cannot work.
    """
    details = _details(source, environment)
    connection = _checked_connection(source.name, details)
    client = PrometheusClient(source.name, connection, concurrency=concurrency, deadline=deadline, tracing=tracing)
    listed = details.get(_REPLICA_LABELS, _USUAL_REPLICA_LABELS).split(",")
    replica_labels = [label.strip() for label in listed if label.strip()]
    return PrometheusSource(source.name, client, grid, concurrency, replica_labels=replica_labels)


def traces_from_declaration(
    source: DataSource, *, deadline: timedelta = timedelta(seconds=30), environment: Mapping[str, str] | None = None
) -> PrometheusTraces:
    """What finds the traces behind a declared source's counters; nothing is asked yet.

    Raises:
        ConfigurationError: as ``from_declaration``.
    """
    details = _details(source, environment)
    client = PrometheusClient(source.name, _checked_connection(source.name, details), concurrency=1, deadline=deadline)
    return PrometheusTraces(client, details.get(_TRACE_URL, ""))


def _details(source: DataSource, environment: Mapping[str, str] | None) -> Mapping[str, str]:
    variables = os.environ if environment is None else environment
    return resolved(source, DETAIL_KEYS, variables, needed="url", example="http://prometheus:9090")


def _checked_connection(name: str, details: Mapping[str, str]) -> Connection:
    password = password_of(name, details)
    try:
        return _connection(details if password is None else {**details, "password": password})
    except ConfigurationError as error:
        raise ConfigurationError(f"data source {name!r}: {error}") from error


def _connection(details: Mapping[str, str]) -> Connection:
    texts = {key: details[key] for key in _TEXT_KEYS if key in details}
    insecure_skip_verify = _flag(details.get("insecure_skip_verify", ""))
    return Connection(url=details["url"], insecure_skip_verify=insecure_skip_verify, **texts).checked()


def _flag(text: str) -> bool:
    if (lowered := text.lower()) not in _TRUE | _FALSE:
        raise ConfigurationError("insecure_skip_verify must be true or false")
    return lowered in _TRUE
