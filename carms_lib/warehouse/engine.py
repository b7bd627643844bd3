"""One way to a database: SQLite in a file, or PostgreSQL on a server.

Belongs here: addresses, pools, time limits, and how a transaction begins on each engine. Does not belong here: what
is read or written, and what an error means (`faults`).

SQLite keeps its default rollback journal, so that a warehouse is one file which can be copied, mailed and opened
from a read-only folder. A write takes the lock when it begins; readers wait only while it commits.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError as NotAnAddress

from carms_lib.exceptions import ArgumentError, MissingExtraError, WarehouseUnavailableError

__all__ = ["Settings", "begin_read", "begin_write", "connect_engine", "label", "parse_url"]

_FORMS = "'sqlite:///carms.db' (a file) or 'postgresql+psycopg://user@host/database' (a server)"
_CONNECT_SECONDS = 10
_STEPS_BETWEEN_LOOKS = 10_000  # virtual machine steps of SQLite, a few milliseconds


@dataclass(frozen=True)
class Settings:
    """How a warehouse behaves in production.

    Parameters
    ----------
    read_only : bool
        The database refuses every change, whatever the code above does.
    statement_timeout : float
        Longest time that one query may run [s]; writes are exempt.
    lock_timeout : float
        Longest time to wait for another writer [s].
    pool_size : int
        Most connections to a server at once; kept open between questions.
    retries : int
        How often an operation is tried again after a passing fault.
    """

    read_only: bool = False
    statement_timeout: float = 30.0
    lock_timeout: float = 10.0
    pool_size: int = 5
    retries: int = 3

    def __post_init__(self) -> None:
        for name in ("statement_timeout", "lock_timeout"):
            if not getattr(self, name) > 0:
                raise ArgumentError(f"{name}={getattr(self, name)!r} must be a number of seconds above 0.")
        for name, least in (("pool_size", 1), ("retries", 0)):
            if not getattr(self, name) >= least:
                raise ArgumentError(f"{name}={getattr(self, name)!r} must be at least {least}.")


def parse_url(url: str | URL) -> URL:
    """Read an address; nothing of it is repeated in an error, because it may hold a password.

    Parameters
    ----------
    url : str or sqlalchemy.URL

    Returns
    -------
    sqlalchemy.URL

    Raises
    ------
    ArgumentError
        It is no address, or names an engine other than SQLite or PostgreSQL.
    MissingExtraError
        It names PostgreSQL and psycopg is not installed.
    """
    try:
        parsed = make_url(url)
    except (NotAnAddress, ValueError):
        raise ArgumentError(f"url is not the address of a database. Allowed: {_FORMS}.") from None
    match parsed.get_backend_name():
        case "sqlite":
            return parsed.set(drivername="sqlite+pysqlite")
        case "postgresql":
            if "@" in (parsed.host or ""):  # then a part of the password is taken for the host
                raise ArgumentError(
                    "url has more than one '@'. Write an '@' in a user's name or password as %40, as "
                    "urllib.parse.quote does."
                )
            if importlib.util.find_spec("psycopg") is None:
                raise MissingExtraError("psycopg", "postgres", "keep a warehouse in PostgreSQL")
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise ArgumentError(f"url names the engine {other!r}, which is not known. Allowed: {_FORMS}.")


def label(url: URL) -> str:
    """Return what `url` points to, fit for a message: no password, no options."""
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}" if url.database else "sqlite:// (in memory)"
    user = f"{url.username}@" if url.username else ""
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{user}{url.host or 'localhost'}{port}/{url.database or ''}"


def connect_engine(url: URL, settings: Settings) -> Engine:
    """Return an engine for `url` that keeps to `settings`; no connection is opened yet."""
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, settings)
    return _postgresql_engine(url, settings)


@contextmanager
def begin_read(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that reads one state of the database, however many statements it takes."""
    is_server = engine.dialect.name == "postgresql"
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if is_server else {}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def begin_write(engine: Engine, settings: Settings, *, migrates: bool = False) -> Iterator[Connection]:
    """Open the one transaction that may write; it ends in a commit, or in nothing.

    With `migrates`, SQLite does not follow foreign keys meanwhile, because it rebuilds a table to alter it; whoever
    asks for this checks them before the end.
    """
    if settings.read_only:
        raise WarehouseUnavailableError(
            f"{label(engine.url)} was opened with read_only=True: nothing was written. "
            "Open it without read_only to write."
        )
    options = {"carms_writes": True, "carms_migrates": migrates}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            _lock_postgresql(connection, settings)
        yield connection


# --- SQLite ----------------------------------------------------------------------------------------------


class _Deadline:
    """Stops a query of one connection that runs too long."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.ends = float("inf")

    def start(self) -> None:
        self.ends = time.monotonic() + self.seconds

    def clear(self) -> None:
        self.ends = float("inf")

    def has_passed(self) -> bool:
        return time.monotonic() > self.ends


def _sqlite_engine(url: URL, settings: Settings) -> Engine:
    if settings.read_only and url.database and not url.database.startswith("file:"):
        path = Path(url.database).absolute()
        url = url.set(database=f"{path.as_uri()}?mode=ro", query={"uri": "true"})
    engine = create_engine(url, connect_args={"timeout": settings.lock_timeout}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing on its own: we say BEGIN below
        if settings.read_only:
            connection.execute("PRAGMA query_only = ON")
        deadline = record.info["deadline"] = _Deadline(settings.statement_timeout)
        connection.set_progress_handler(deadline.has_passed, _STEPS_BETWEEN_LOOKS)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        connection.info["deadline"].clear()
        connection.exec_driver_sql(f"PRAGMA foreign_keys = {'OFF' if options.get('carms_migrates') else 'ON'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("carms_writes") else "BEGIN")

    @event.listens_for(engine, "before_cursor_execute")
    def _start_clock(connection: Connection, *_: Any) -> None:
        if not connection.get_execution_options().get("carms_writes"):
            connection.info["deadline"].start()

    return engine


# --- PostgreSQL ------------------------------------------------------------------------------------------


def _postgresql_engine(url: URL, settings: Settings) -> Engine:
    given = url.query.get("options", "")
    options = [given if isinstance(given, str) else " ".join(given)]
    options.append(f"-c statement_timeout={int(settings.statement_timeout * 1000)}")
    if settings.read_only:
        options.append("-c default_transaction_read_only=on")
    return create_engine(
        url.update_query_dict({"options": " ".join(options).strip()}),
        connect_args={"connect_timeout": _CONNECT_SECONDS},
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.statement_timeout,  # a connection is free at the latest when its query is stopped
        pool_pre_ping=True,  # a connection that died in the pool is replaced before it is used
        hide_parameters=True,
    )


def _lock_postgresql(connection: Connection, settings: Settings) -> None:
    """Wait for the one lock of writers of this schema; it is gone when the transaction ends, however it ends."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(settings.lock_timeout * 1000)}")
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('carms_lib ' || current_schema()))")
