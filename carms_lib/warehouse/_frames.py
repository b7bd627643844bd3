"""Between frames and rows: types on the way out, and the hash of a row on the way in.

Belongs here: conversion. Does not belong here: any knowledge of a table; and rows on their way in (`_bulk`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from carms_lib.schemas import TEXT, contract

__all__ = ["contract_types", "hash_rows", "in_contract", "join_rows", "typed_frame"]

_MISSING = "\x00"
_FIELD, _RECORD = "\x1f", "\x1e"  # the ASCII separators: no published text holds them
_DTYPES: Mapping[str, Any] = {"str": TEXT, "date": "datetime64[us]", "moment": "datetime64[us, UTC]"}


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
