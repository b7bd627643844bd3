"""One layer of a build: its tables, what was set aside on the way to it, and the count of both.

Belongs here: the record that each step returns. Does not belong here: how a step works.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import pandas as pd

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.provenance import Provenance
from carms_lib.schemas import TEXT, contract, contracts, validate

__all__ = ["Layer", "held", "provenance_of", "shaped", "step_row", "steps_frame"]

_STEP = {
    "step": TEXT,
    "table": TEXT,
    "rows_read": "int64",
    "rows_kept": "int64",
    "rows_quarantined": "int64",
    "seats_read": "Int64",
    "seats_kept": "Int64",
    "seats_quarantined": "Int64",
}


class Layer(Mapping[str, pd.DataFrame]):
    """The tables of one layer, each held against its contract; a read-only mapping of name to frame.

    Parameters
    ----------
    name : str
        "bronze", "silver" or "gold".
    tables : mapping of str to DataFrame
        Exactly the tables that the layer's contracts name.
    quarantine : DataFrame
        Rows set aside on the way to this layer, one row per reason (contract audit.quarantine).
    steps : DataFrame
        Rows and seats read, kept and set aside, one row per table read (contract audit.step).
    provenance : Provenance, optional
        What it was made from; None where that is not known.

    Raises
    ------
    SchemaError
        If a table breaks its contract.
    UnknownNameError
        On access to a table that the layer does not have.
    """

    def __init__(
        self,
        name: str,
        tables: Mapping[str, pd.DataFrame],
        *,
        quarantine: pd.DataFrame,
        steps: pd.DataFrame,
        provenance: Provenance | None = None,
    ) -> None:
        self.name = name
        self.provenance = provenance
        self._tables = MappingProxyType({table: validate(tables[table], name, table) for table in contracts()[name]})
        self.quarantine = validate(quarantine, "audit", "quarantine")
        self.steps = validate(steps, "audit", "step")

    def __getitem__(self, table: str) -> pd.DataFrame:
        if table not in self._tables:
            raise UnknownNameError("table", table, self._tables)
        return self._tables[table]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def summary(self) -> str:
        """Return one line per table: rows, columns, what one row is."""
        return "\n".join(
            f"{self.name:<7} {table:<15} {len(frame):>7,} rows x {frame.shape[1]:>2} columns   "
            f"{contracts()[self.name][table].row}"
            for table, frame in self.items()
        )

    def __repr__(self) -> str:
        rows = ", ".join(f"{table}: {len(frame):,}" for table, frame in self.items())
        return f"Layer({self.name!r}, rows={{{rows}}}, quarantined={len(self.quarantine):,})"


def provenance_of(tables: Mapping[str, pd.DataFrame]) -> Provenance | None:
    """Return what a layer was made from; None for tables that do not say."""
    return tables.provenance if isinstance(tables, Layer) else None


def held(tables: Mapping[str, pd.DataFrame], layer: str) -> Mapping[str, pd.DataFrame]:
    """Return the tables of a layer, each held against its contract, whoever made them.

    Raises
    ------
    ArgumentError
        If they are another layer.
    UnknownNameError
        If a table is not there.
    SchemaError
        If a table breaks its contract.
    """
    if isinstance(tables, Layer):
        if tables.name != layer:
            msg = f"The layer {layer!r} is needed; {tables.name!r} was given."
            raise ArgumentError(msg)
        return tables
    absent = [table for table in contracts()[layer] if table not in tables]
    if absent:
        raise UnknownNameError(f"table of {layer}", absent[0], tables)
    return {table: validate(tables[table], layer, table) for table in contracts()[layer]}


def shaped(frame: pd.DataFrame, layer: str, table: str) -> pd.DataFrame:
    """Return the columns of a table's contract, in order and with its dtypes, sorted by its key.

    A column that cannot be converted is left as it is: `Layer` then tells which, on one screen.
    """
    promise = contract(layer, table)
    frame = frame[promise.columns].copy()
    for name, dtype in promise.dtypes.items():
        with contextlib.suppress(TypeError, ValueError):
            frame[name] = frame[name].astype(dtype)
    return frame.sort_values(list(promise.key), kind="stable", ignore_index=True)


def step_row(
    step: str, table: str, read: int, kept: int, set_aside: int, seats: tuple[int, int, int] | None = None
) -> dict[str, object]:
    """Return one row of the table of steps; `seats` are those read, kept and set aside."""
    values = (step, table, read, kept, set_aside, *(seats or (pd.NA, pd.NA, pd.NA)))
    return dict(zip(_STEP, values, strict=True))


def steps_frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Return the rows of `step_row` as a frame."""
    return pd.DataFrame(rows, columns=list(_STEP)).astype(_STEP)
