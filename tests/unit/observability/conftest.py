from collections.abc import Iterator

import pytest
from tests.fakes.process_state import logging_restored, settings_in_environment


@pytest.fixture(autouse=True)
def _process_restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in settings_in_environment():
        monkeypatch.delenv(name)
    with logging_restored():
        yield
