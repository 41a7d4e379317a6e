"""What tests of every tier share."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from tests.servers.postgresql import PostgresServer, running_postgres


def pytest_configure() -> None:
    """Properties are searched without a deadline and however slowly examples are made: a busy machine is no defect.

    Timings are the subject of benchmarks, where they are ratios inside one run.
    """
    slow = [HealthCheck.too_slow]
    settings.register_profile("unhurried", parent=settings(), deadline=None, suppress_health_check=slow)
    settings.load_profile("unhurried")


@pytest.fixture(autouse=True, scope="session")
def no_stray_settings() -> Iterator[None]:
    """The settings of whoever runs the tests change no test."""
    stray = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(("OKRBRIDGE_", "OTEL_"))}
    yield
    os.environ.update(stray)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of this test session."""
    with running_postgres() as server:
        yield server
