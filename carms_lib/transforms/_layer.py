"""One layer of a build: its tables, the rows quarantined on the way to it, and the count of both.

Belongs here: the record that each step returns; the screening, which collects a reason for each fault of a row and
separates the rows that pass. Does not belong here: how a step works, and what counts as a fault (`values`, `_silver`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.provenance import Provenance
from carms_lib.schemas import TEXT, contract, contracts, show_value, validate
from carms_lib.transforms.values import Fault

__all__ = ["Layer", "Screening", "empty_quarantine", "held", "provenance_of", "shaped", "step_row", "steps_frame"]

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
    given: Any = tables
    if not isinstance(given, Mapping):
        raise ArgumentError(f"{layer}={type(given).__name__} must be a layer: what to_{layer}() returned.")
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


_QUARANTINE = {
    "step": TEXT,
    "table": TEXT,
    "source_row": "int64",
    "key": TEXT,
    "column": TEXT,
    "reason": TEXT,
    "value": TEXT,
}
_NOT_FACTS = {"row_number", "source_file", "source_row", "source_sha256"}  # where a row stood, not what it says


class Screening:
    """One table on its way through one step.

    Parameters
    ----------
    frame : DataFrame
        The rows; `source_row` identifies each, whatever its key says.
    step, table : str
        Where we are.
    key : str
        Column that names a row to a reader.
    """

    def __init__(self, frame: pd.DataFrame, *, step: str, table: str, key: str) -> None:
        self.frame = frame.reset_index(drop=True)
        self.step, self.table, self.key = step, table, key
        self._faults: list[pd.DataFrame] = []
        self._failed = np.zeros(len(self.frame), dtype=bool)

    @property
    def passing(self) -> pd.Series[bool]:
        """Which rows have no fault so far."""
        return pd.Series(~self._failed, index=self.frame.index, dtype=bool)

    @property
    def kept(self) -> pd.DataFrame:
        """The rows without a fault, in their order."""
        return self.frame.loc[self.passing].reset_index(drop=True)

    @property
    def n_failed(self) -> int:
        """How many rows have at least one fault."""
        return int(self._failed.sum())

    def fail(self, mask: pd.Series[bool], column: str, reason: str | pd.Series[str]) -> None:
        """Give every row of `mask` a reason, with what stands in `column` as its value."""
        if not mask.any():
            return
        rows = self.frame.loc[mask]
        self._failed |= mask.to_numpy(dtype=bool)
        self._faults.append(
            pd.DataFrame(
                {
                    "step": self.step,
                    "table": self.table,
                    "source_row": rows["source_row"],
                    "key": rows[self.key].fillna("missing"),
                    "column": column,
                    "reason": reason if isinstance(reason, str) else reason.loc[rows.index],
                    "value": rows[column],
                }
            )
        )

    def read(self, column: str, reader: Callable[[str], Any], *, required: bool = True) -> pd.Series[Any]:
        """Read a column of text value by value; each distinct value once.

        Parameters
        ----------
        column : str
            The column as printed.
        reader : callable
            Takes the text, returns the value or a `Fault`.
        required : bool, default True
            A missing value is a fault.

        Returns
        -------
        Series of object
            The values read; None where there is none or it could not be read.
        """
        printed = self.frame[column]
        values: dict[str, Any] = {}
        reasons: dict[str, str] = {}
        for text in printed.dropna().unique():
            value = reader(text)
            if isinstance(value, Fault):
                reasons[text] = value.reason
            else:
                values[text] = value
        if required:
            self.fail(printed.isna(), column, "missing")
        why = printed.map(reasons)
        self.fail(why.notna(), column, why)
        return pd.Series([values.get(text) for text in printed], index=printed.index, dtype=object)

    def fail_repeats(self, key: str) -> None:
        """Set aside rows that repeat a key: the second of two equal rows, and all rows that contradict each other.

        Equal rows carry one fact, so the first stands. Which of several contradicting rows is right cannot be
        told, so none stands.
        """
        facts = [name for name in self.frame.columns if name not in _NOT_FACTS]
        again = self.frame.duplicated(facts) & self.frame[key].notna()
        self.fail(again, key, "repeats an earlier row")
        rest = self.frame.loc[~again]
        clash = rest.duplicated(key, keep=False) & rest[key].notna()
        clash = clash.reindex(self.frame.index, fill_value=False)
        self.fail(clash, key, "several rows with this key contradict each other")

    @property
    def quarantine(self) -> pd.DataFrame:
        """One row per fault, as the contract of the quarantine table says, in row order."""
        if not self._faults:
            return empty_quarantine()
        faults = pd.concat(self._faults, ignore_index=True)
        for name in ("key", "value"):
            faults[name] = faults[name].map(show_value, na_action="ignore")
        faults = faults.drop_duplicates(["source_row", "column", "reason"])
        faults = faults.sort_values(["source_row", "column", "reason"], kind="stable", ignore_index=True)
        return faults.astype(_QUARANTINE)


def empty_quarantine() -> pd.DataFrame:
    """Return a quarantine table without rows."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _QUARANTINE.items()})
