"""What an error of the database means to the user, and which errors pass by themselves.

Belongs here: the translation of driver errors into ours, and trying again. Does not belong here: how a connection is
made. No message repeats an address or a driver's text in which a password could stand.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from carms_lib.exceptions import (
    MigrationError,
    WarehouseError,
    WarehouseUnavailableError,
    WriteConflictError,
)
from carms_lib.warehouse.engine import Settings, label

__all__ = ["attempt"]

T = TypeVar("T")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0  # seconds; doubled before each further try

# What libpq says when no connection could be made. There is no SQLSTATE then, and the words follow the user's locale,
# so that whatever is not known to last is taken for passing.
_REFUSED = ("authentication failed", "no password supplied", "no pg_hba.conf entry")
_LASTS = (*_REFUSED, "does not exist")


def attempt(
    operation: Callable[[], T],
    url: URL,
    settings: Settings,
    *,
    writes: bool = False,
    pause: Callable[[float], None] = time.sleep,
) -> T:
    """Run an operation; try again after a passing fault, and speak plainly of any other.

    Parameters
    ----------
    operation : callable
        Takes nothing; a whole transaction, so that it may run again.
    url : sqlalchemy.URL
        Where, for the message.
    settings : Settings
        How often to try again.
    writes : bool, default False
        The operation changes the database.
    pause : callable
        Waits for a number of seconds.

    Returns
    -------
    object
        What the operation returned.

    Raises
    ------
    WarehouseUnavailableError, WriteConflictError, MigrationError, WarehouseError
        By what went wrong.
    """
    for tries_left in range(settings.retries, -1, -1):
        try:
            return operation()
        except (SQLAlchemyError, sqlite3.Error) as error:
            if tries_left and _passes(error):
                pause(min(_FIRST_PAUSE * 2 ** (settings.retries - tries_left), _LONGEST_PAUSE))
                continue
            raise _translate(error, label(url), settings, writes=writes) from None
    raise AssertionError  # pragma: no cover - the loop returns or raises


def _passes(error: Exception) -> bool:
    """Say whether the fault may pass by itself: connection lost, server restarting, deadlock, serialisation."""
    if not isinstance(error, DBAPIError) or _sqlite_code(error) is not None:
        return False
    state = _sqlstate(error)
    if isinstance(error, OperationalError) and not state:
        return not any(words in str(error.orig) for words in _LASTS)
    return error.connection_invalidated or state[:2] == "08" or state in {"40001", "40P01", "57P01", "57P02", "57P03"}


def _translate(error: Exception, where: str, settings: Settings, *, writes: bool) -> WarehouseError:
    undone = " Nothing was written." if writes else ""
    if isinstance(error, PoolTimeout):
        return WarehouseUnavailableError(
            f"All {settings.pool_size} connections to {where} were busy for {settings.statement_timeout:g} s. "
            "Raise pool_size, or close readers that wait."
        )
    code = _sqlite_code(error)
    if code is not None:
        return _translate_sqlite(code, str(_origin(error)), where, settings, writes=writes, undone=undone)
    if isinstance(error, DBAPIError):
        return _translate_postgresql(error, where, settings, undone)
    return WarehouseError(f"{where}: {type(error).__name__}: {_first_line(error)}.{undone}")


def _translate_sqlite(
    code: int, text: str, where: str, settings: Settings, *, writes: bool, undone: str
) -> WarehouseError:
    if code == sqlite3.SQLITE_READONLY_ROLLBACK:
        return WarehouseUnavailableError(
            f"{where} holds an unfinished write, of a writer that was killed, and it was opened with read_only=True. "
            "Open it once without read_only: the unfinished write is undone, and the last good state is there."
        )
    match code & 0xFF:  # the high bits hold the extended code
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED if writes:
            return WriteConflictError(
                f"Another writer held {where} for more than {settings.lock_timeout:g} s.{undone} "
                "Write again when it has ended, or raise lock_timeout."
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return WarehouseUnavailableError(
                f"{where} is locked by a writer for more than {settings.lock_timeout:g} s. "
                "Read again when it has ended, or raise lock_timeout."
            )
        case sqlite3.SQLITE_INTERRUPT:
            return _too_slow(where, settings)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return WarehouseUnavailableError(
                f"{where} is read-only.{undone} Give the file and its folder write permission, or open a copy."
            )
        case sqlite3.SQLITE_FULL:
            return WarehouseUnavailableError(
                f"The disk of {where} is full.{undone} Free space and write again; what was there before is intact."
            )
        case sqlite3.SQLITE_CANTOPEN:
            return WarehouseUnavailableError(
                f"{where} cannot be opened. Check that the folder exists, that the file is there when it is opened "
                "read-only, and that both may be read."
            )
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return WarehouseUnavailableError(
                f"{where} is not an SQLite database, or it is damaged. Restore a copy, or write the releases anew."
            )
        case sqlite3.SQLITE_IOERR:
            return WarehouseUnavailableError(f"Reading or writing the disk of {where} failed.{undone} Check the disk.")
        case sqlite3.SQLITE_ERROR if "no such table" in text or "no such column" in text:
            return _not_migrated(where)
        case _:
            return WarehouseError(f"{where} refused: {text}.{undone}")


def _translate_postgresql(error: DBAPIError, where: str, settings: Settings, undone: str) -> WarehouseError:
    state, text = _sqlstate(error), str(error.orig)
    match state:
        case "55P03" | "40001" | "40P01":
            return WriteConflictError(
                f"Another writer held {where} for more than {settings.lock_timeout:g} s.{undone} "
                "Write again when it has ended, or raise lock_timeout."
            )
        case "57014":
            return _too_slow(where, settings)
        case "25006" | "42501":
            return WarehouseUnavailableError(
                f"{where} lets this user only read.{undone} Ask for the right to write, or use another user."
            )
        case "53100":
            return WarehouseUnavailableError(f"The disk of {where} is full.{undone} Free space and write again.")
        case "42P01" | "42703":
            return _not_migrated(where)
        case "3F000":
            return WarehouseUnavailableError(f"{where}: the schema of the search path is not there. Create it.")
    # a connection that was never made has no state, only the server's words
    if state[:2] == "28" or any(words in text for words in _REFUSED):
        return WarehouseUnavailableError(
            f"{where} does not accept this user or password. Check both, and the server's rules for logging in."
        )
    if state == "3D000" or (not state and "does not exist" in text):
        return WarehouseUnavailableError(f"{where}: there is no such database or user. Correct the address.")
    if not state and type(error.orig).__name__ == "DataError":  # of the driver: refused before it was sent
        return WarehouseError(f"{where} cannot hold a value that was given: {_first_line(error.orig)}.{undone}")
    if not state and "connection option" in text:
        return WarehouseUnavailableError(
            f"{where}: the address has an option after its '?' that the server's driver does not know. Correct it."
        )
    if not state or state[:2] in {"08", "57", "53"} or error.connection_invalidated:
        tried = f" It was tried {settings.retries + 1} times." if settings.retries else ""
        return WarehouseUnavailableError(
            f"{where} does not answer.{tried}{undone} Check that the server runs and that host and port are right."
        )
    return WarehouseError(f"{where} refused ({state}): {_first_line(error.orig)}.{undone}")


def _too_slow(where: str, settings: Settings) -> WarehouseUnavailableError:
    return WarehouseUnavailableError(
        f"A query on {where} ran longer than {settings.statement_timeout:g} s and was stopped. "
        "Narrow the filter, or raise statement_timeout."
    )


def _not_migrated(where: str) -> MigrationError:
    return MigrationError(f"{where} lacks tables or columns that this library needs. Call warehouse.upgrade().")


def _origin(error: Exception) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _sqlite_code(error: Exception) -> int | None:
    origin = _origin(error)
    if not isinstance(origin, sqlite3.Error):
        return None
    return int(getattr(origin, "sqlite_errorcode", sqlite3.SQLITE_ERROR))


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")


def _first_line(error: Any) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
