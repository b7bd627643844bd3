"""The screening: which rows of a table pass, and why the others do not.

Belongs here: collecting a reason for each fault of a row and parting the rows. Does not belong here: what counts
as a fault (`values`, `_silver`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.schemas import TEXT, show_value
from carms_lib.transforms.values import Fault

__all__ = ["Screening", "empty_quarantine"]

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
