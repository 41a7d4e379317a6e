"""Faultless documents of the OKR side, to put beside a key result."""

from collections.abc import Sequence

from tests.unit.definitions.samples import loaded, with_key_result

from okrbridge.definitions.loader import load_text
from okrbridge.domain.key_results import KeyResult
from okrbridge.errors import DefinitionError

SOURCES = """\
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: billing-db}
spec: {type: SQL, connectionDetails: {url: 'postgresql://reader@db.example/bills', passwordFile: /run/secrets/db}}
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: status-page}
spec: {type: http, connectionDetails: {url: 'https://status.example/api/', bearerTokenFile: /run/secrets/status}}
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: survey}
spec: {type: CSV, connectionDetails: {path: data/survey.csv, delimiter: ;}}
"""
INDICATOR = """\
---
apiVersion: okrbridge.dev/v1
kind: Indicator
metadata: {name: activation}
spec: {measure: {promql: activation, unit: ratio}, low: 40%, high: 90%, northStar: true}
"""


def text_of(*lines: str, beside: str = "") -> str:
    """A text with the sources, the indicator and one key result, and what is beside them."""
    return with_key_result("name: kr", *lines) + SOURCES + INDICATOR + beside


def key_result(*lines: str, beside: str = "") -> KeyResult:
    """One key result among faultless documents."""
    return next(each for each in loaded(text_of(*lines, beside=beside)).definitions.key_results if each.name == "kr")


def faults(*lines: str, beside: str = "") -> Sequence[tuple[str, str, str]]:
    """Code, path below the key result, and message of each fault."""
    try:
        load_text(text_of(*lines, beside=beside), "a.yaml")
    except DefinitionError as error:
        return [
            (one.code, one.path.removeprefix("spec.keyResults[0]").lstrip("."), one.message) for one in error.faults
        ]
    return []


def codes(*lines: str, beside: str = "") -> Sequence[str]:
    """The short names of the faults, each with the path below the key result."""
    return [f"{code} {path}".strip() for code, path, _ in faults(*lines, beside=beside)]
