"""schemathesis reads the OpenAPI document and tries to make the API break its word."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.unit.api import snapshots as made
from tests.unit.api.fakes import services

from okrbridge.api.app import create_app
from okrbridge.api.openapi import openapi_document
from okrbridge.domain.ledger import Slices, SliceState, SliceTable
from okrbridge.domain.windows import Grid, epoch_seconds
from okrbridge.storage.memory import MemoryStorage

pytestmark = pytest.mark.integration

EXAMPLES = 25


def _storage() -> MemoryStorage:
    """An hour of counts up to the evaluation."""
    storage = MemoryStorage(Grid(timedelta(minutes=1)))
    end = epoch_seconds(made.AT)
    minutes = Slices.of([(end - 60 * back, 9.0, 10.0, SliceState.MEASURED) for back in range(60, 0, -1)])
    with storage.transaction() as database:
        database.ledger.write([made.CHECKOUT.sli], "prometheus", SliceTable.of_one(minutes))
    return storage


schema = schemathesis.openapi.from_asgi(
    "/openapi.json", create_app(dataclasses.replace(services(), storage=_storage(), reload=lambda: None))
)


# Each operation is a test of its own name: tests of equal names are run once when files run side by side.
OPERATIONS = {found.ok().label: found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)}


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_the_api_keeps_its_word(operation: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=OPERATIONS[operation].as_strategy())
    def keeps_its_word(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ]
        )

    keeps_its_word()


def test_every_operation_of_the_document_is_tried() -> None:
    document = openapi_document()
    described = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert described == set(OPERATIONS)
