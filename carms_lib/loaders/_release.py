"""What a loader gives: the release and its raw frames.

Belongs here: the `Release` record, and how text becomes a frame. Does not
belong here: reading anything; that is the work of the other modules of this package.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carms_lib.exceptions import SchemaError, UnknownNameError
from carms_lib.provenance import Provenance
from carms_lib.schemas import contracts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pandas.api.extensions import ExtensionDtype

SOURCE_COLUMNS = ("file", "role", "sha256", "n_bytes")

TABLE_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {name: tuple(promise.columns) for name, promise in contracts()["raw"].items()}
)
"""The columns of each raw table, as the registry of fields has them."""


@dataclass(frozen=True, repr=False, eq=False)
class Release:
    """One published release of a match, as raw text.

    Parameters
    ----------
    release_id : str
        The publisher's number of the release, such as "1503".
    origin : str
        How it was read: "bundle" for the facts that ship with the library, else "folder", "zip" or "tar" with
        the form of the pages, such as "folder (Markdown archive)". No path of the machine.
    tables : mapping of str to pandas.DataFrame
        The raw tables, all of text as published (dtype str, missing values missing, nothing cleaned):
        ``discipline`` (one row per discipline), ``program_master`` (one row per program), ``page`` (one row per
        program page) and ``section`` (one row per page and section). ``release["page"]`` is short for
        ``release.tables["page"]``.
    sources : pandas.DataFrame
        One row per file read: file, role, sha256 (hexadecimal), n_bytes (int64).

    Notes
    -----
    Contact blocks, e-mail addresses, telephone numbers and the names of contacts are gone: they stop in the
    loaders. Where one stood in a text there is a placeholder such as ``[e-mail removed]``.
    """

    release_id: str
    origin: str
    tables: Mapping[str, pd.DataFrame]
    sources: pd.DataFrame

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return the raw table called `table`; UnknownNameError with near names when there is none."""
        try:
            return self.tables[table]
        except KeyError:
            raise UnknownNameError("table", table, self.tables) from None

    @property
    def provenance(self) -> Provenance:
        """The release, the hash of each file read, and the versions at work."""
        return Provenance(
            release_id=self.release_id,
            sources=dict(zip(self.sources["file"], self.sources["sha256"], strict=True)),
        )

    def summary(self) -> str:
        """Return one screen of text: origin, rows per table, files."""
        lines = [f"release    {self.release_id}", f"origin     {self.origin}"]
        lines += [
            f"table      {name:<15} {len(frame):>6,} rows x {frame.shape[1]} columns"
            for name, frame in self.tables.items()
        ]
        lines += [
            f"source     {file}  {role}, {n_bytes:,} bytes, sha256 {sha256[:16]}…"
            for file, role, sha256, n_bytes in self.sources.itertuples(index=False)
        ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        rows = ", ".join(f"{name}: {len(frame):,}" for name, frame in self.tables.items())
        return f"Release({self.release_id!r}, origin={self.origin!r}, rows={{{rows}}})"


def text_dtype() -> ExtensionDtype:
    """Return pandas' own text dtype (named ``str`` from pandas 3 on), so that every raw frame has the same."""
    return pd.StringDtype(na_value=np.nan)


def text_frame(records: Iterable[Sequence[str | None]], columns: Sequence[str]) -> pd.DataFrame:
    """Return `records` as a frame of text in which None is a missing value.

    Parameters
    ----------
    records : iterable of sequences of str or None
        One sequence per row, in the order of `columns`.
    columns : sequence of str

    Returns
    -------
    pandas.DataFrame
        Every column of dtype str, a RangeIndex.
    """
    rows = [tuple(record) for record in records]
    return pd.DataFrame.from_records(rows, columns=list(columns)).astype(text_dtype())


def source_frame(rows: Iterable[tuple[str, str, str, int]]) -> pd.DataFrame:
    """Return the table of files read: file, role, sha256 (text) and n_bytes (int64)."""
    frame = text_frame(([*texts, str(n_bytes)] for *texts, n_bytes in rows), SOURCE_COLUMNS)
    return frame.astype({"n_bytes": "int64"})


def missing_columns(name: str, missing: Sequence[str], others: Sequence[str]) -> SchemaError:
    """Return the error for a table without some of its columns, with the near names among `others`."""
    hints = []
    for column in missing:
        near = difflib.get_close_matches(column, others, n=1, cutoff=0.6)
        hints.append(f"{column!r}" + (f" (is {near[0]!r} meant?)" if near else ""))
    found = ", ".join(repr(other) for other in others[:8]) if others else "nothing else"
    return SchemaError(
        f"{name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(hints)}. Besides the known columns "
        f"it has {found}. Columns may come in any order; their names must be as published."
    )
