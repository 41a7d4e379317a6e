from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.acceptance.okrbridge_process import OkrbridgeServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "acceptance" in item.path.parts:
            item.add_marker(pytest.mark.acceptance)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., OkrbridgeServer]]:
    """Makes servers on a database file of this test; all of them end with it."""
    made: list[OkrbridgeServer] = []

    def make(config: Path, **environment: str) -> OkrbridgeServer:
        server = OkrbridgeServer(
            config, f"sqlite:///{tmp_path}/okrbridge.db", tmp_path / f"okrbridge-{len(made)}.log", **environment
        )
        made.append(server)
        return server

    yield make
    for server in made:
        server.__exit__(None, None, None)
