"""What differs between SQLite and PostgreSQL: connecting, locking, checking."""

import fcntl
import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, ClassVar

import pysqlite3
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from ledger import postgresql_tools, sqlite_files
from ledger.errors import Busy, LedgerError, Misconfigured, Unavailable
from ledger.unusable_paths import converted

LOCK_TIMEOUT_S = 10
POOL_SIZE = 5
POOL_OVERFLOW = 10

TABLES_OF_PEOPLE = ("users", "conversations", "messages", "completions", "feedback", "rating_items", "ratings")

# Before this version, connections that write and checkpoint at the same moment can corrupt a database in WAL mode.
# https://www.sqlite.org/wal.html#walresetbug
OLDEST_SQLITE = (3, 51, 3)


class Dialect(ABC):
    """One kind of database, at one URL."""

    read_options: ClassVar[dict[str, Any]]
    write_options: ClassVar[dict[str, Any]]

    def __init__(self, url: URL) -> None:
        self.url = url

    @abstractmethod
    def create_engine(self) -> Engine:
        """Returns a pool of connections; connects to nothing yet."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the database is, for people; without a password."""

    @abstractmethod
    def exists(self, engine: Engine) -> bool:
        """Whether the ledger was made already. Writes nothing."""

    @abstractmethod
    def prepare(self) -> None:
        """Does what must be done once before the first connection."""

    @abstractmethod
    def migration_lock(self) -> AbstractContextManager[None]:
        """Lets one process at a time migrate; held around the transaction."""

    @abstractmethod
    def lock_for_migration(self, connection: Connection) -> None:
        """Lets one process at a time migrate; held to the end of the transaction."""

    @abstractmethod
    def exclusive(self, name: str) -> AbstractContextManager[Callable[[], bool]]:
        """Lets one process at a time do what `name` stands for; the lock ends with the process that holds it.

        Returns:
            A context manager of a function that says whether the lock is still held.

        Raises:
            Busy: Another process holds it.
        """

    @abstractmethod
    def copy_to(self, path: Path) -> None:
        """Copies the whole database, as it is at one moment, into a new file, while others read and write.

        Raises:
            Misconfigured: This kind of database is copied by its own tools; the message names them.
            Unavailable: It could not be read, or the copy not be written.
        """

    @abstractmethod
    def backup_tool(self) -> str:
        """Says in a few words what backs the ledger up.

        Raises:
            Misconfigured: The tool cannot do it; the message says what to install.
        """

    @abstractmethod
    def vacuum(self) -> None:
        """Rewrites what holds people's rows, so that nothing of deleted rows is left in it.

        Raises:
            Unavailable: It could not be done now; a later try may succeed.
        """

    @abstractmethod
    def faults(self, connection: Connection) -> list[str]:
        """Lists what is damaged."""


class Sqlite(Dialect):
    """SQLite in WAL mode: readers and one writer do not wait for each other, and each commit is synced to disk."""

    read_options: ClassVar[dict[str, Any]] = {"attune_begin": "BEGIN"}
    # A transaction that begins by reading and then writes can fail with "database is locked" without any waiting.
    write_options: ClassVar[dict[str, Any]] = {"attune_begin": "BEGIN IMMEDIATE"}

    @property
    def path(self) -> Path:
        """The database file."""
        return Path(str(self.url.database))

    def create_engine(self) -> Engine:
        """Returns a pool of connections to the file, through the driver that bundles a new SQLite."""
        found = pysqlite3.sqlite_version_info
        if found < OLDEST_SQLITE:
            raise LedgerError(
                f"SQLite {pysqlite3.sqlite_version} can corrupt a database that several processes write; "
                f"{'.'.join(map(str, OLDEST_SQLITE))} or newer is needed. Install pysqlite3 0.6.1 or newer."
            )
        if not self.url.database or self.url.database == ":memory:":
            raise Misconfigured(
                f"The ledger needs a file, and {self.url} names none. Give sqlite:///PATH, for example "
                "sqlite:////home/me/.attune/ledger.db."
            )
        engine = create_engine(
            self.url.set(drivername="sqlite+pysqlite"),
            module=pysqlite3.dbapi2,
            connect_args={"timeout": LOCK_TIMEOUT_S},
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            hide_parameters=True,  # an error goes to the logs, and parameters are what people wrote
        )
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self.path)

    def exists(self, _engine: Engine) -> bool:
        """Whether the file is there, and not empty.

        Raises:
            Misconfigured: A folder on the way to it may not be entered.
        """
        try:
            return self.path.stat().st_size > 0
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self._unusable(error) from error

    def prepare(self) -> None:
        """Makes the folder and the file, readable to their owner only, and switches the file to WAL mode."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise self._unusable(error) from error
        # The switch does not wait for other connections, so it takes its turn; afterwards it is a no-op.
        with self.migration_lock():
            connection = pysqlite3.dbapi2.connect(str(self.path), timeout=LOCK_TIMEOUT_S)
            try:
                if self.path.stat().st_size == 0:  # its free pages can be given back then: `ledger.retention.space`
                    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            except pysqlite3.dbapi2.Error as error:
                raise Unavailable(f"The ledger {self.path} cannot be opened: {error}.") from error
            finally:
                connection.close()
        if mode != "wal":
            raise LedgerError(f"SQLite cannot keep {self.path} in WAL mode (it says {mode}). Use a local file system.")

    @contextmanager
    def migration_lock(self) -> Iterator[None]:
        """Holds a lock file beside the database; the system lets go of it when the process dies."""
        descriptor = self._lock_file(f"{self.path}.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def lock_for_migration(self, connection: Connection) -> None:
        """Nothing more to do: the lock file is held, and BEGIN IMMEDIATE admits one writer."""

    @contextmanager
    def exclusive(self, name: str) -> Iterator[Callable[[], bool]]:
        """Holds a lock file beside the database; the system lets go of it when the process dies, however it dies."""
        descriptor = self._lock_file(f"{self.path}.{name}.lock")
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Busy(f"Another process holds the lock {self.path}.{name}.lock.") from error
            yield lambda: True
        finally:
            os.close(descriptor)

    def _lock_file(self, path: str) -> int:
        """Opens a lock file, not to be inherited: a program that the holder starts must not keep the lock."""
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise converted(error, "lock file", Path(path), "Whoever ran a command here owns it.") from error

    def _unusable(self, error: OSError) -> LedgerError:
        return converted(error, "ledger", self.path, "Set ATTUNE_HOME or ATTUNE_DATABASE_URL to what may be written.")

    def copy_to(self, path: Path) -> None:
        """Writes every row into a new file, without a log beside it and without free pages."""
        sqlite_files.copy(self.path, path, lock_timeout_s=LOCK_TIMEOUT_S)

    def backup_tool(self) -> str:
        """Says that our own command does."""
        return "`attune backup FILE`, also while it runs"

    def vacuum(self) -> None:
        """Rewrites the file and empties the write-ahead log."""
        sqlite_files.rewrite(self.path, lock_timeout_s=LOCK_TIMEOUT_S)

    def faults(self, connection: Connection) -> list[str]:
        """Lists damaged pages and indexes, and rows whose foreign key leads nowhere."""
        pages = [row[0] for row in connection.execute(text("PRAGMA integrity_check")) if row[0] != "ok"]
        keys = [
            f"{row[0]} row {row[1]} refers to no {row[2]}"
            for row in connection.execute(text("PRAGMA foreign_key_check"))
        ]
        return pages + keys


def _configure_sqlite(dbapi_connection: Any, _record: object) -> None:
    """Sets what SQLite keeps per connection."""
    # Else the driver begins transactions by itself, and too late for savepoints; `_begin_sqlite` does it.
    dbapi_connection.isolation_level = None
    timeout = f"busy_timeout = {LOCK_TIMEOUT_S * 1000}"
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON", timeout):
        dbapi_connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Begins the kind of transaction that `read` or `write` asked for."""
    connection.exec_driver_sql(connection.get_execution_options().get("attune_begin", "BEGIN"))


class Postgresql(Dialect):
    """PostgreSQL through psycopg 3."""

    # As on SQLite, a reading transaction sees one moment.
    read_options: ClassVar[dict[str, Any]] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    write_options: ClassVar[dict[str, Any]] = {}

    # Any number that nobody else uses as an advisory lock in this database: "attune" in ASCII.
    _MIGRATION_LOCK: ClassVar[int] = int.from_bytes(b"attune")

    def create_engine(self) -> Engine:
        """Returns a pool of connections that wait as long for a lock as on SQLite, and commit to disk."""
        options = f"-c lock_timeout={LOCK_TIMEOUT_S}s -c synchronous_commit=on -c timezone=UTC"
        return create_engine(
            self.url.set(drivername="postgresql+psycopg"),
            connect_args={
                "connect_timeout": LOCK_TIMEOUT_S,
                "tcp_user_timeout": LOCK_TIMEOUT_S * 1000,  # else a server behind a dead network is waited for forever
                "options": options,
            },
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_pre_ping=True,
            hide_parameters=True,  # an error goes to the logs, and parameters are what people wrote
        )

    @property
    def place(self) -> str:
        """The URL without its password."""
        return self.url.render_as_string(hide_password=True)

    def exists(self, engine: Engine) -> bool:
        """Whether the database holds tables that a migration has made."""
        with engine.connect() as connection:
            found = connection.execute(text("select to_regclass('alembic_version')")).scalar_one()
        return found is not None

    def prepare(self) -> None:
        """Nothing to do: whoever runs the server has made the database."""

    def migration_lock(self) -> AbstractContextManager[None]:
        """Nothing to do around the transaction."""
        return nullcontext()

    def lock_for_migration(self, connection: Connection) -> None:
        """Takes an advisory lock, which ends with the transaction."""
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": self._MIGRATION_LOCK})

    @contextmanager
    def exclusive(self, name: str) -> Iterator[Callable[[], bool]]:
        """Holds an advisory lock on a connection of its own; the server lets go of it when the connection ends.

        A lock file would not do here: two machines can share one ledger without sharing a disk. The lock belongs to the
        session, not to a transaction, which would stay open for hours and keep the server from cleaning up. The server
        notices a dead process at once and a machine without power after about a minute, by the keepalives below. A
        pooler that shares one connection among clients by transaction (PgBouncer's `pool_mode = transaction`) would
        break it: connect to the server itself.
        """
        key = int.from_bytes(hashlib.sha256(f"attune:{name}".encode()).digest()[:8], signed=True)
        engine = self.create_engine()
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for setting in ("tcp_keepalives_idle = 30", "tcp_keepalives_interval = 10", "tcp_keepalives_count = 3"):
                    connection.execute(text(f"set {setting}"))
                if not connection.execute(text("select pg_try_advisory_lock(:key)"), {"key": key}).scalar_one():
                    raise Busy(f"Another process holds the advisory lock {key} ({name}).")
                try:
                    yield lambda: _answers(connection)
                finally:
                    with suppress(SQLAlchemyError):  # else it is held until the server has seen the connection end
                        connection.execute(text("select pg_advisory_unlock(:key)"), {"key": key})
        finally:
            engine.dispose()

    def copy_to(self, path: Path) -> None:
        """Refuses: PostgreSQL has tools for it, which do it better."""
        raise Misconfigured(postgresql_tools.how_to_back_up(self._server_version()))

    def backup_tool(self) -> str:
        """Says that pg_dump backs the ledger up, or why it cannot."""
        server, pg_dump = self._server_version(), postgresql_tools.installed_pg_dump()
        fault = postgresql_tools.pg_dump_fault(server, pg_dump)
        if fault is not None and pg_dump is not None:
            raise Misconfigured(fault)
        return fault or f"`{postgresql_tools.BACK_UP}`: pg_dump {pg_dump}, server {server}"

    def _server_version(self) -> str:
        engine = self.create_engine()
        try:
            with engine.connect() as connection:
                return str(connection.execute(text("show server_version")).scalar_one()).split()[0]
        finally:
            engine.dispose()

    def vacuum(self) -> None:
        """Runs VACUUM on the tables that hold what people wrote: dead rows go, and their space may be used again.

        Their bytes stay in the files until new rows are written over them: docs/operations.md says what to do then.
        """
        engine = self.create_engine()
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f"VACUUM {', '.join(TABLES_OF_PEOPLE)}"))
        except SQLAlchemyError as error:
            raise Unavailable(f"The ledger could not be vacuumed: {str(error).splitlines()[0]}.") from error
        finally:
            engine.dispose()

    def faults(self, connection: Connection) -> list[str]:
        """Lists constraints that PostgreSQL has not validated; it checks its own pages as it reads them."""
        rows = connection.execute(text("select conrelid::regclass, conname from pg_constraint where not convalidated"))
        return [f"{table}: {name} is not validated" for table, name in rows]


def _answers(connection: Connection) -> bool:
    """Whether a connection, and with it what its session holds, is still there."""
    try:
        return bool(connection.execute(text("select 1")).scalar_one())
    except SQLAlchemyError:
        return False


def dialect_of(url: str) -> Dialect:
    """Returns the dialect that a URL asks for.

    Raises:
        Misconfigured: The URL is malformed, or of a database that the ledger does not speak to.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # a port that is no number is a ValueError
        # The URL is not repeated: it can hold a password.
        raise Misconfigured("The database URL is malformed. Give sqlite:///PATH or postgresql://HOST/NAME.") from error
    match parsed.drivername.split("+")[0]:
        case "sqlite":
            return Sqlite(parsed)
        case "postgresql" | "postgres":
            return Postgresql(parsed)
    raise Misconfigured(
        f"The ledger does not speak to {parsed.drivername}. Give sqlite:///PATH or postgresql://HOST/NAME."
    )


def sqlite_file(url: str) -> Path:
    """Returns the file that a restored ledger is to lie in.

    Raises:
        Misconfigured: The URL is not of a SQLite file; the message says what restores a ledger in PostgreSQL.
    """
    dialect = dialect_of(url)
    if not isinstance(dialect, Sqlite):
        raise Misconfigured(postgresql_tools.how_to_restore())
    return dialect.path
