"""A PostgreSQL cluster of our own on loopback, thrown away at the end."""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from tests.servers.programs import free_port, program, wait_until

_PACKAGE = "postgresql"
_SERVER_USER = "postgres"
# Nothing here outlives the tests, so the server need not wait for the disk.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "32MB",
    "max_connections": "60",
}


class PostgresServer:
    """A running server; everybody on loopback may come in as ``postgres``."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self.port = port
        self.log = log

    def url(self, database: str = "postgres") -> str:
        """The URL of a database as a user of okrbridge writes it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """Make an empty database, which sorts text as people do and not by code points, and give its URL."""
        name = f"okrbridge_{next(self._numbers)}"
        order = sql.SQL("TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), order))
        return self.url(name)

    def is_ready(self) -> bool:
        """Whether the server takes connections."""
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Stop the server, ending what its clients do."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # "fast" shutdown
        self._process.wait(timeout=30)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a server in a folder of its own; both are gone when the block ends."""
    initdb, postgres = program("initdb", package=_PACKAGE), program("postgres", package=_PACKAGE)
    # Not below pytest's own temporary folder: that is closed to the user the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="okrbridge-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _SERVER_USER, pwd.getpwnam(_SERVER_USER).pw_gid)
        _create_cluster(initdb, folder)
        server = _start(postgres, folder)
        try:
            wait_until(server.is_ready, what="PostgreSQL taking connections", log=server.log)
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _create_cluster(initdb: str, folder: Path) -> None:
    command = [initdb, "--pgdata", str(folder / "data"), "--username=postgres", "--auth=trust", "--no-sync"]
    command += ["--encoding=UTF8", "--locale=C.UTF-8"]
    subprocess.run([*_as_server_user(), *command], check=True, capture_output=True, cwd=folder)


def _start(postgres: str, folder: Path) -> PostgresServer:
    port = free_port()
    settings = {**_SETTINGS, "port": str(port), "unix_socket_directories": str(folder)}
    command = [postgres, "-D", str(folder / "data")]
    command += [f"--{name}={value}" for name, value in settings.items()]
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen([*_as_server_user(), *command], stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    return PostgresServer(process, port, log)


def _as_server_user() -> list[str]:
    """What to put before a command: PostgreSQL refuses to run as root, and dies with the tests."""
    if os.geteuid() != 0:
        return []
    setpriv = program("setpriv", package="util-linux")
    return [setpriv, f"--reuid={_SERVER_USER}", f"--regid={_SERVER_USER}", "--init-groups", "--pdeathsig=INT"]
