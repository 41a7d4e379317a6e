"""A command waits for the libraries it uses and for no others: each of these takes a tenth of a second or more."""

import subprocess
import sys
from pathlib import Path

from okrbridge.storage.migrations import runner

IN_TURN = """
import sys
from okrbridge.cli import run

for command in ("--help", "--version", "token list"):
    sys.argv = ["okrbridge", *command.split()]
    try:
        run()
    except SystemExit as left:
        assert not left.code, command
    print("LOADED", *{name.partition(".")[0] for name in sys.modules})
"""
"""Runs commands one after the other, and prints after each which packages are loaded."""

FOR_A_SERVER = {"alembic", "apscheduler", "fastapi", "google", "jsonpath", "opentelemetry", "prometheus_api_client"}
FOR_A_SERVER |= {"prometheus_client", "promql_parser", "psycopg", "pygments", "re2", "requests", "structlog", "uvicorn"}
FOR_A_DATABASE = {"numpy", "pydantic_settings", "sqlalchemy", "yaml"}


def test_help_and_version_load_no_database_and_a_token_no_server(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/okr.db"
    runner.upgrade(url)
    environment = {"OKRBRIDGE_DATABASE_URL": url, "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", IN_TURN], capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = [set(line.split()[1:]) for line in done.stdout.splitlines() if line.startswith("LOADED")]
    helped, told, listed = loaded
    assert helped & (FOR_A_SERVER | FOR_A_DATABASE) == set()
    assert told & (FOR_A_SERVER | FOR_A_DATABASE) == set()
    assert listed & FOR_A_SERVER == set()
    # What is looked for is what would be loaded.
    assert listed >= {"numpy", "sqlalchemy"}
