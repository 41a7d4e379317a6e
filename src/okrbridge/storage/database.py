"""The SQL storage: SQLite by default, PostgreSQL for more than one machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, delete, false, select

from okrbridge.application.ports import Clock
from okrbridge.domain.windows import Grid
from okrbridge.errors import StorageError
from okrbridge.storage.address import DatabaseAddress
from okrbridge.storage.audit import SqlAuditRecords
from okrbridge.storage.check_ins import SqlCheckInRecords
from okrbridge.storage.checkpoints import Checkpoints
from okrbridge.storage.definitions import SqlDefinitionRecords
from okrbridge.storage.documents import SqlDocumentRecords
from okrbridge.storage.engine import DEFAULT_PATIENCE, begin_reading, begin_writing, make_engine
from okrbridge.storage.evaluations import SqlEvaluationRecords
from okrbridge.storage.events import SqlEventRecords
from okrbridge.storage.failures import refuse_read_only_file, translated
from okrbridge.storage.findings import SqlFindingRecords
from okrbridge.storage.idempotency import SqlIdempotencyRecords
from okrbridge.storage.ledger import SqlLedger
from okrbridge.storage.ledger_cache import LedgerCaches
from okrbridge.storage.migrations.runner import check_revision
from okrbridge.storage.progress import SqlProgressRecords
from okrbridge.storage.scores import SqlBaselineRecords, SqlScoreRecords
from okrbridge.storage.tables import evaluations, slis
from okrbridge.storage.tokens import SqlTokenRecords


def open_database(
    url: str, *, grid: Grid, patience: timedelta = DEFAULT_PATIENCE, clock: Clock | None = None
) -> SqlStorage:
    """Open a database; nothing is connected, created or migrated yet (see ``migrations.runner``).

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER@HOST:PORT/DATABASE``.
        grid: the grid of all slices in it.
        patience: how long a transaction waits for another writer.
        clock: tells when an SLI is first seen; the system's by default.

    Raises:
        ConfigurationError: the URL cannot be used.
    """
    address = DatabaseAddress.parse(url)
    engine = make_engine(address, patience=patience)
    return SqlStorage(address, engine, grid, patience, clock or _utc_now)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SqlTransaction:
    """The port ``Transaction``."""

    ledger: SqlLedger
    progress: SqlProgressRecords
    evaluations: SqlEvaluationRecords
    definitions: SqlDefinitionRecords
    documents: SqlDocumentRecords
    check_ins: SqlCheckInRecords
    events: SqlEventRecords
    baselines: SqlBaselineRecords
    scores: SqlScoreRecords
    findings: SqlFindingRecords
    tokens: SqlTokenRecords
    audit: SqlAuditRecords
    idempotency: SqlIdempotencyRecords


class SqlStorage:
    """The port ``Storage`` over one engine; usable from any thread, each transaction has its own connection."""

    def __init__(self, address: DatabaseAddress, engine: Engine, grid: Grid, patience: timedelta, clock: Clock) -> None:
        self._address = address
        self._engine = engine
        self._grid = grid
        self._patience = patience
        self._clock = clock
        self._caches = LedgerCaches()
        self._checkpoints = Checkpoints(engine, address.file) if address.file is not None else None

    def __str__(self) -> str:
        return str(self._address)

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """Write, as the only writer until the block ends; kept when it ends well, dropped when it raises.

        Raises:
            StorageError: another writer did not end in time, or the database failed.
        """
        refuse_read_only_file(self._address)
        with translated(self._address), self._engine.connect() as connection:
            begin_writing(connection, patience=self._patience)
            inside = self._inside(connection)
            yield inside
            connection.commit()
            inside.ledger.committed()
        if self._checkpoints is not None:
            self._checkpoints.after_commit()

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        """Read one consistent state, beside any writer.

        Raises:
            StorageError: something was written inside, or the database failed.
        """
        with translated(self._address, reading=True), self._engine.connect() as connection:
            begin_reading(connection)
            yield self._inside(connection)

    def check(self) -> None:
        """See that the database answers, can be written, and has the schema and the grid of this okrbridge.

        Raises:
            SchemaOutdatedError: the schema is another version's.
            StorageError: anything else.
        """
        refuse_read_only_file(self._address)
        with self.reading() as seen:
            check_revision(seen.ledger.connection, self._address)
            self._check_grid(seen.ledger.connection)
        with self.transaction() as tried:
            # Deletes nothing, and is refused wherever a real write would be.
            tried.evaluations.connection.execute(delete(evaluations).where(false()))

    def close(self) -> None:
        """Let go of all connections."""
        if self._checkpoints is not None:
            self._checkpoints.finish()
        self._engine.dispose()

    def _check_grid(self, connection: Connection) -> None:
        step = self._grid.step_seconds
        other = connection.execute(select(slis.c.step_seconds).where(slis.c.step_seconds != step).limit(1)).scalar()
        if other is not None:
            raise StorageError(
                f"{self._address} holds slices of {other} s, and okrbridge now works with {step} s; "
                "go back to the old tick length, or start a new database"
            )

    def _inside(self, connection: Connection) -> SqlTransaction:
        return SqlTransaction(
            ledger=SqlLedger(connection, self._grid, self._caches, self._clock),
            progress=SqlProgressRecords(connection),
            evaluations=SqlEvaluationRecords(connection),
            definitions=SqlDefinitionRecords(connection),
            documents=SqlDocumentRecords(connection),
            check_ins=SqlCheckInRecords(connection),
            events=SqlEventRecords(connection),
            baselines=SqlBaselineRecords(connection),
            scores=SqlScoreRecords(connection),
            findings=SqlFindingRecords(connection),
            tokens=SqlTokenRecords(connection),
            audit=SqlAuditRecords(connection),
            idempotency=SqlIdempotencyRecords(connection),
        )
