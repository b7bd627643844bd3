"""Frames at the edge of the warehouse: layers that come in, typed frames that go out, hashes of rows, CSV.

Belongs here: the shape of what is written and the fastest way in that each engine has (`COPY` to PostgreSQL, one
prepared statement to SQLite); conversion of what is read; CSV that a spreadsheet shows and does not execute. Does not
belong here: what the rows mean.

Rows are sent in batches, so that memory does not grow with the table; all batches belong to the transaction of the
caller, so that either all rows arrive or none.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import pandas as pd
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from carms_lib.argument_checks import check_instance, check_path
from carms_lib.exceptions import ArgumentError
from carms_lib.schemas import TEXT, contract
from carms_lib.warehouse.tables import TABLES

__all__ = [
    "BuiltLayers",
    "Frames",
    "contract_types",
    "csv_text",
    "hash_rows",
    "in_contract",
    "insert_frame",
    "join_rows",
    "rows_of",
    "typed_frame",
    "write_csv",
]

_MISSING = "\x00"
_FIELD, _RECORD = "\x1f", "\x1e"  # the ASCII separators: no published text holds them
_DTYPES: Mapping[str, Any] = {"str": TEXT, "date": "datetime64[us]", "moment": "datetime64[us, UTC]"}

Frames: TypeAlias = Mapping[str, pd.DataFrame]
"""Tables by name."""


class BuiltLayers(Protocol):
    """What `write` takes: the layers of one build (`carms_lib.Layers`)."""

    @property
    def bronze(self) -> Frames:
        """Raw rows with their lineage, by table."""

    @property
    def silver(self) -> Frames:
        """Dimensions and facts, by table."""

    @property
    def gold(self) -> Frames:
        """Analysis-ready tables."""


def contract_types(layer: str, table: str) -> dict[str, str]:
    """Return column -> type of the contract of `table` in `layer`, in its order."""
    return {name: str(column.dtype) for name, column in contract(layer, table).schema.columns.items()}


def in_contract(frame: pd.DataFrame, layer: str, table: str) -> pd.DataFrame:
    """Return the columns of a contract; one that may be missing and is not there is missing in every row.

    So a frame that was made before such a column was added is still taken.
    """
    promise = contract(layer, table)
    absent = {
        name: pd.Series([None] * len(frame), index=frame.index, dtype=promise.dtypes[name])
        for name, column in promise.schema.columns.items()
        if column.nullable and name not in frame
    }
    return frame.assign(**absent)[[name for name in promise.columns if name in frame or name in absent]]


def typed_frame(rows: Sequence[Sequence[Any]], types: Mapping[str, str]) -> pd.DataFrame:
    """Return database rows as a frame.

    Parameters
    ----------
    rows : sequence of sequences
        Values in the order of `types`.
    types : mapping of str to str
        Column -> type: "str", "bool", "int64", "Int64", "float64", "date" or "moment" (UTC).

    Returns
    -------
    DataFrame
        With a RangeIndex; the types are the same when there are no rows.
    """
    columns = zip(*rows, strict=True) if rows else ([] for _ in types)
    data = {name: _series(list(values), kind) for (name, kind), values in zip(types.items(), columns, strict=True)}
    return pd.DataFrame(data)


def _series(values: list[Any], kind: str) -> pd.Series[Any]:
    if kind in {"date", "moment"}:
        values = [value if value is None else pd.Timestamp(value) for value in values]
    series: pd.Series[Any] = pd.Series(values, dtype=_DTYPES.get(kind, kind))
    return series


def join_rows(frame: pd.DataFrame) -> list[str]:
    """Return each row of `frame` as one text: the same for the same values, whatever their storage."""
    columns = [frame[name].astype("string").fillna(_MISSING).tolist() for name in frame.columns]
    return [_FIELD.join(row) for row in zip(*columns, strict=True)]


def hash_rows(frame: pd.DataFrame, *more: Mapping[Any, Sequence[str]] | Sequence[Any]) -> list[str]:
    """Return a fingerprint of each row.

    Parameters
    ----------
    frame : DataFrame
        What is hashed: all of its columns, in their order.
    *more : sequence of str
        Further text per row.

    Returns
    -------
    list of str
        BLAKE2b of 128 bits, hexadecimal. Equal values give equal hashes on every engine and platform.
    """
    parts = zip(join_rows(frame), *more, strict=True)
    return [hashlib.blake2b(_RECORD.join(part).encode(), digest_size=16).hexdigest() for part in parts]


# --- CSV -------------------------------------------------------------------------------------------------

# A cell that begins with one of these is a formula to common spreadsheets, also behind blanks and in full width.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_csv(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write a frame as CSV in which no text can be taken for a formula.

    Parameters
    ----------
    frame : DataFrame
        What to write; its index is left out.
    path : str or Path
        The file; it is replaced when it is there.

    Returns
    -------
    Path

    Notes
    -----
    Text that begins like a formula gets an apostrophe before it, as spreadsheets themselves mark text. Numbers stay
    numbers, also negative ones. Column names are treated as text.
    """
    check_instance("frame", frame, pd.DataFrame, "warehouse.programs().frame")
    place = check_path("path", path, "programs.csv")
    text = csv_text(frame)
    try:
        place.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        msg = f"path={str(path)!r} cannot be written: {error.strerror}. Give a file that you may write to."
        raise ArgumentError(msg) from error
    return place


def csv_text(frame: pd.DataFrame) -> str:
    """Return a `frame` as the text that `write_csv` writes."""
    check_instance("frame", frame, pd.DataFrame, "warehouse.programs().frame")
    safe = frame.copy()
    for name in safe.columns:
        # neither numbers nor dates can be taken for a formula; as they are, days are written as days
        if not (pd.api.types.is_numeric_dtype(safe[name].dtype) or pd.api.types.is_datetime64_any_dtype(safe[name])):
            safe[name] = safe[name].astype(object).map(_as_text, na_action="ignore")
    safe.columns = [_as_text(str(name)) for name in safe.columns]
    # all text in quotes: a lone carriage return would else end the row
    return str(safe.to_csv(None, index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC))


def _as_text(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip(" ").startswith(_STARTS):
        return "'" + value
    return value


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
