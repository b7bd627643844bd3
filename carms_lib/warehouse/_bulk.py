"""Many rows into one table, the fastest way that each engine has inside a transaction.

Belongs here: turning the columns of a frame into rows, and handing them over: `COPY` to PostgreSQL, one prepared
statement to SQLite. Does not belong here: what the rows mean.

Rows go over in batches, so that memory does not grow with the table; all batches belong to the transaction of the
caller, so that either all rows arrive or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from carms_lib.warehouse.tables import TABLES

__all__ = ["insert_frame", "rows_of"]

_BATCH = 5_000  # rows
_NUL = "\x00"  # PostgreSQL keeps it in no text; so that both engines keep the same, its replacement is kept in both


def rows_of(frame: pd.DataFrame, *, size: int = _BATCH) -> Iterator[list[tuple[Any, ...]]]:
    """Cut a frame into batches of plain rows.

    Parameters
    ----------
    frame : DataFrame
    size : int, default 5_000
        Rows per batch.

    Yields
    ------
    list of tuple
        Values in the order of the columns: int, float, str, bool, date, datetime or None.
    """
    for start in range(0, len(frame), size):
        part = frame.iloc[start : start + size]
        yield list(zip(*(_plain(part.iloc[:, place]) for place in range(part.shape[1])), strict=True))


def _plain(column: pd.Series[Any]) -> list[Any]:
    """Return the values of a column as Python's own types; missing is None, and a moment without a zone is a day."""
    values: list[Any] = column.astype(object).tolist()
    if pd.api.types.is_datetime64_dtype(column.dtype):
        values = [None if value is pd.NaT else value.date() for value in values]
    elif isinstance(column.dtype, pd.DatetimeTZDtype):
        values = [None if value is pd.NaT else value.to_pydatetime() for value in values]
    elif column.hasnans:
        values = [None if missing else value for value, missing in zip(values, column.isna().tolist(), strict=True)]
    if any(isinstance(value, str) and _NUL in value for value in values):
        values = [value.replace(_NUL, "\ufffd") if isinstance(value, str) else value for value in values]
    return values


def insert_frame(connection: Connection, table: str, frame: pd.DataFrame) -> None:
    """Insert every row of a frame.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In the transaction of the write.
    table : str
        Name of a table of the warehouse.
    frame : DataFrame
        Its columns are columns of the table.
    """
    quote = connection.dialect.identifier_preparer.quote
    names = [str(name) for name in frame.columns]
    into = f"{quote(table)} ({', '.join(map(quote, names))})"
    binds = [TABLES[table].c[name].type.dialect_impl(connection.dialect) for name in names]
    processors = [kind.bind_processor(connection.dialect) for kind in binds]
    for batch in rows_of(frame):
        rows = _bound(batch, processors)
        if connection.dialect.name == "postgresql":
            _copy(connection, f"COPY {into} FROM STDIN", rows)
        else:
            places = ", ".join("?" for _ in names)
            connection.exec_driver_sql(f"INSERT INTO {into} VALUES ({places})", rows)  # noqa: S608 - our own names


def _bound(rows: list[tuple[Any, ...]], processors: Sequence[Callable[[Any], Any] | None]) -> list[tuple[Any, ...]]:
    """Pass each column through what its type does with a bound parameter, where it does anything."""
    columns = zip(zip(*rows, strict=True), processors, strict=True)
    bound = [values if bind is None else [bind(value) for value in values] for values, bind in columns]
    return list(zip(*bound, strict=True))


def _copy(connection: Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:  # past SQLAlchemy, which would have wrapped it
        lost = connection.dialect.is_disconnect(error, driver, None)
        if lost:
            connection.invalidate(error)
        wrapped = DBAPIError(statement, None, error, hide_parameters=True, connection_invalidated=lost)
        raise wrapped from error
