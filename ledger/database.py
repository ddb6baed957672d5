"""Opening the database, and its transactions. What differs between SQLite and PostgreSQL is in `ledger.dialects`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ledger import migration_backups
from ledger.dialects import Dialect, dialect_of
from ledger.errors import LedgerError, NoLedger, Unavailable


class Database:
    """A database of the ledger: a pool of connections that threads share.

    Example:
        >>> database = Database.open("sqlite:////tmp/ledger.db")
        >>> with database.write() as connection:
        ...     key, secret = keys.create(connection, name="me", owner="me", scopes=("inference",))
    """

    def __init__(self, engine: Engine, dialect: Dialect) -> None:
        self._engine = engine
        self._dialect = dialect

    @classmethod
    def open(cls, url: str, *, create: bool = True, migrate: bool = True, back_up: bool = True) -> "Database":
        """Connects, and brings the tables up to date. Several processes may do so at the same moment.

        Args:
            url: `sqlite:///PATH` (the folder is made if need be) or `postgresql://USER:PASSWORD@HOST/NAME`.
            create: Whether to make the database's file and tables where there are none.
            migrate: Whether to bring the tables up to date.
            back_up: Whether to copy a SQLite file before its tables are changed: see `ledger.migration_backups`.

        Raises:
            LedgerError: The URL is of another database, SQLite is too old, or a newer Attune made the tables.
            Misconfigured: The path may not be written; `NoLedger` where there is none and none is to be made.
            Unavailable: The database cannot be reached or written, or not be backed up before it is changed.
        """
        dialect = dialect_of(url)
        database = cls(dialect.create_engine(), dialect)
        try:
            with _errors_of_database():
                if not create and not dialect.exists(database._engine):
                    raise NoLedger(
                        f"There is no ledger {dialect.place}: `attune up` and `attune prepare` make one. If there "
                        "should be one, ATTUNE_HOME or ATTUNE_DATABASE_URL is wrong, or its disk is not mounted."
                    )
                dialect.prepare()
                if migrate:
                    database._migrate(partial(migration_backups.back_up, dialect) if back_up else _no_backup)
        except BaseException:
            database.close()
            raise
        return database

    def _migrate(self, before: Callable[[str, str], None]) -> None:
        from ledger.migrations.upgrade import upgrade  # Alembic is slow to import

        with self._dialect.migration_lock(), self.write() as connection:
            self._dialect.lock_for_migration(connection)
            upgrade(connection, before)

    @property
    def dialect_name(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def place(self) -> str:
        """Where the database is, for people; without a password."""
        return self._dialect.place

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only transaction that sees one moment of the database.

        Raises:
            Unavailable: The database is locked, broken or away.
        """
        with _errors_of_database(), self._engine.connect() as plain:
            yield plain.execution_options(**self._dialect.read_options)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: committed to disk when the block ends, rolled back when it raises.

        Raises:
            Unavailable: The database is full, locked, broken or away; nothing of the transaction is stored.
        """
        with _errors_of_database(), self._engine.connect() as plain:
            connection = plain.execution_options(**self._dialect.write_options)
            with connection.begin():
                yield connection

    @contextmanager
    def exclusive(self, name: str) -> Iterator[Callable[[], bool]]:
        """Keeps every other process that uses this ledger from doing the same, while the block runs.

        A process that dies, even by SIGKILL, gives the lock up. The block gets a function that says whether the lock is
        still held: a database server that was restarted meanwhile has forgotten it.

        Args:
            name: What is done, such as `alignment`; lower-case letters and hyphens.

        Raises:
            Busy: Another process holds the lock.
            Unavailable: The database is away.
        """
        with ExitStack() as stack:
            with _errors_of_database():
                held = stack.enter_context(self._dialect.exclusive(name))
            yield held

    def verify(self) -> None:
        """Checks that the database is whole: its pages and indexes (SQLite), and every foreign key.

        Raises:
            LedgerError: Something is broken; the message lists it.
            Unavailable: The database is locked or away.
        """
        with self.read() as connection:
            faults = self._dialect.faults(connection)
        if faults:
            raise LedgerError(f"The ledger is damaged: {'; '.join(faults[:10])}. Restore it from a backup.")

    def copy_to(self, path: Path) -> None:
        """Copies the whole database, as it is at one moment, into a new SQLite file, while others read and write.

        Raises:
            Misconfigured: It is a PostgreSQL database; the message names the tools that copy it.
            Unavailable: It could not be read, or the copy not be written.
        """
        with _errors_of_database():
            self._dialect.copy_to(path)

    def backup_tool(self) -> str:
        """Says in a few words what backs the ledger up.

        Raises:
            Misconfigured: The tool cannot do it; the message says what to install.
        """
        with _errors_of_database():
            return self._dialect.backup_tool()

    def vacuum(self) -> None:
        """Rewrites the database so that nothing of deleted rows is left in its files (SQLite; see `ledger.vacuums`).

        Raises:
            Unavailable: It could not be done now; a later try may succeed.
        """
        self._dialect.vacuum()

    def ping(self) -> None:
        """Asks the database for an answer.

        Raises:
            Unavailable: There is none.
        """
        with self.read() as connection:
            connection.execute(text("select 1"))

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()


def is_outage(error: BaseException) -> bool:
    """Whether the database is full, locked, broken or away, rather than wrongly used by us."""
    defects = (IntegrityError, ProgrammingError, DataError, NotSupportedError)
    return isinstance(error, DBAPIError | PoolTimeout) and not isinstance(error, defects)


def _no_backup(_current: str, _newest: str) -> None:
    """Lets a ledger be migrated that is a copy itself."""


@contextmanager
def _errors_of_database() -> Iterator[None]:
    """Turns an outage into `Unavailable`. Errors of our own making pass through: no later try will help."""
    try:
        yield
    except SQLAlchemyError as error:
        if not is_outage(error):
            raise
        raise Unavailable(f"The database cannot do this now: {_first_line(error)}") from error


def _first_line(error: SQLAlchemyError) -> str:
    """The driver's own message, without SQL and parameters, which can hold what people wrote."""
    original = getattr(error, "orig", None) or error
    return str(original).strip().split("\n", 1)[0]
