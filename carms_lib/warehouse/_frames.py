"""Between frames and rows: types on the way out, plain values on the way in, and the hash of a row.

Belongs here: conversion. Does not belong here: any knowledge of a table.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from carms_lib.schemas import TEXT, contract

__all__ = ["contract_types", "hash_rows", "join_rows", "records", "typed_frame"]

_MISSING = "\x00"
_FIELD, _RECORD = "\x1f", "\x1e"  # the ASCII separators: no published text holds them
_DTYPES: Mapping[str, Any] = {"str": TEXT, "date": "datetime64[us]", "moment": "datetime64[us, UTC]"}


def contract_types(layer: str, table: str) -> dict[str, str]:
    """Return column -> type of the contract of `table` in `layer`, in its order."""
    return {name: str(column.dtype) for name, column in contract(layer, table).schema.columns.items()}


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


def records(frame: pd.DataFrame, *, size: int = 5_000) -> Iterator[list[dict[str, Any]]]:
    """Cut a frame into batches of plain rows for the database.

    Parameters
    ----------
    frame : DataFrame
    size : int, default 5_000
        Rows per batch, so that memory does not grow with the table.

    Yields
    ------
    list of dict
        Column -> int, float, str, bool, date, datetime or None.
    """
    names = [str(name) for name in frame.columns]
    for start in range(0, len(frame), size):
        columns = [_values(frame.iloc[start : start + size][name]) for name in names]
        yield [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(column: pd.Series[Any]) -> list[Any]:
    given = column.notna().tolist()
    plain: list[Any] = column.astype(object).tolist()
    if pd.api.types.is_datetime64_dtype(column.dtype):  # a calendar day; moments carry a zone and stay moments
        plain = [value.date() if ok else None for value, ok in zip(plain, given, strict=True)]
    return [_plain(value) if ok else None for value, ok in zip(plain, given, strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, str | bool | int | float | dt.date):
        return value
    return value.item()  # a numpy scalar


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
