"""schemathesis reads the OpenAPI document and tries to make the API break its word."""

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.unit.api import snapshots as made
from tests.unit.api.fakes import services
from tests.unit.api.writing import FILE

from okrbridge.api.app import create_app
from okrbridge.api.openapi import openapi_document
from okrbridge.application.access import LOCAL, NewToken, create_token
from okrbridge.application.access_ports import Role
from okrbridge.application.okr_records import Event, StoredDocument
from okrbridge.definitions.loader import Loaded
from okrbridge.definitions.stored import LoadedTogether, load_together
from okrbridge.domain.ledger import Slices, SliceState, SliceTable
from okrbridge.domain.windows import Grid, epoch_seconds
from okrbridge.storage.memory import MemoryStorage

pytestmark = pytest.mark.integration

EXAMPLES = {"GET": 20, "POST": 12, "PUT": 12, "PATCH": 12, "DELETE": 8}
"""More would find more, and take longer than anybody waits."""


def _storage() -> MemoryStorage:
    """An hour of counts up to the evaluation, and an incident in it."""
    storage = MemoryStorage(Grid(timedelta(minutes=1)))
    end = epoch_seconds(made.AT)
    minutes = Slices.of([(end - 60 * back, 9.0, 10.0, SliceState.MEASURED) for back in range(60, 0, -1)])
    with storage.transaction() as database:
        database.ledger.write([made.CHECKOUT.sli], "prometheus", SliceTable.of_one(minutes))
        half = made.AT - timedelta(minutes=30)
        database.events.save([Event("pagerduty", "P1", "incident", half, half, made.AT, service="checkout")])
    return storage


class _Kept:
    """The definitions in force; what is written comes into force as it does in a process."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp())
        self.config = folder / "okrs.yaml"
        self.config.write_text(FILE)
        self.grid = Grid(timedelta(minutes=1))
        self.definitions = made.definitions()

    def prepare(self, stored: Sequence[StoredDocument]) -> LoadedTogether:
        return LoadedTogether(load_together(self.config, stored, self.grid), self._adopt)

    def _adopt(self, loaded: Loaded) -> None:
        self.definitions = loaded.definitions


def _app() -> tuple[FastAPI, str]:
    """The API with a storage, and the text of an admin's token."""
    kept, storage = _Kept(), _storage()
    with storage.transaction() as database:
        text, _ = create_token(database, NewToken("schemathesis", Role.ADMIN), LOCAL, made.NOW)
    parts = dataclasses.replace(
        services(),
        storage=storage,
        reload=lambda: None,
        definitions=lambda: kept.definitions,
        prepare=kept.prepare,
    )
    return create_app(parts), text


@dataclass(frozen=True)
class Described:
    """The API, its operations by name, and an admin's token."""

    operations: Mapping[str, APIOperation[Any, Any, Any, Any]]
    token: str


@pytest.fixture(scope="module")
def described() -> Described:
    app, token = _app()
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    found = (result.ok() for result in schema.get_all_operations() if isinstance(result, Ok))
    return Described({operation.label: operation for operation in found}, token)


# Each operation is a test of its own name: tests of equal names are run once when files run side by side.
# The names are read from the file, which another test compares with the document that the API makes.
WRITTEN = orjson.loads((Path(__file__).parents[3] / "docs" / "reference" / "openapi.json").read_bytes())
OPERATIONS = sorted(f"{method.upper()} {path}" for path, methods in WRITTEN["paths"].items() for method in methods)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_api_keeps_its_word(described: Described, operation: str) -> None:
    @settings(
        max_examples=EXAMPLES[operation.partition(" ")[0]],
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described.operations[operation].as_strategy())
    def keeps_its_word(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(
            headers={"Authorization": f"Bearer {described.token}"},
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )

    keeps_its_word()


def test_every_operation_of_the_document_is_tried(described: Described) -> None:
    document = openapi_document()
    all_of = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert all_of == set(OPERATIONS) == set(described.operations)
