"""Writing a result's tables to a file, in the format that its suffix names.

Belongs here: `save_tables`, one writer for each suffix, and what a spreadsheet needs. Does not belong here: what the
tables hold, which a result knows; and reading, which pandas does.

==========  ==========================================================================================
suffix      what is written
==========  ==========================================================================================
.csv        the first table, UTF-8 with a byte order mark so that spreadsheets read its accents
.xlsx       each table on a sheet, notes and provenance on sheets of their own, number formats
.parquet    the first table; provenance in the file's metadata under ``carms_lib``
.json       every table as records, notes and provenance
==========  ==========================================================================================

Beside a .csv or .parquet file lies ``<name>.provenance.json`` with what is not in it. Any other suffix is an error:
nothing is written in a format that was not asked for.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from carms_lib.exceptions import ArgumentError

__all__ = ["SUFFIXES", "SavedResult", "save_tables"]

#: Suffixes that a result can be saved under.
SUFFIXES = (".csv", ".xlsx", ".parquet", ".json")
_WIDEST = 60  # characters of a column on a sheet


@dataclass(frozen=True)
class SavedResult:
    """What is written of a result.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Name -> table; the first is the result itself.
    record : mapping
        Provenance and whatever else belongs beside the tables, as plain values.
    notes : sequence of str
        What a reader of the numbers must know, a sentence each.
    formats : mapping of str to mapping
        Table -> column -> number format of a spreadsheet, one for the column or a sequence with one for each row.
    """

    tables: Mapping[str, pd.DataFrame]
    record: Mapping[str, Any]
    notes: Sequence[str] = ()
    formats: Mapping[str, Mapping[str, str | Sequence[str]]] = field(default_factory=dict)


def save_tables(path: str | os.PathLike[str], result: SavedResult) -> Path:
    """Write a result to `path` in the format of its suffix.

    Parameters
    ----------
    path : str or path-like
        Ends in one of `SUFFIXES`; a file that exists is replaced.
    result : SavedResult

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ArgumentError
        `path` is not a path, has another suffix or none, cannot be written, or .parquet without pyarrow.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ArgumentError(f"path={path!r} must be a path, such as 'bands.xlsx'.")
    place = Path(path)
    suffix = place.suffix.lower()
    if suffix not in _WRITERS:
        raise ArgumentError(
            f"path={str(path)!r} ends in {place.suffix or 'no suffix'!r}, and the suffix chooses the format: end it in "
            f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}. Figures are saved with plot().figure.savefig(…)."
        )
    try:
        _WRITERS[suffix](place, result)
    except OSError as error:
        raise ArgumentError(
            f"path={str(path)!r} cannot be written: {error.strerror}. Give a file that you may write to."
        ) from error
    return place


def _write_csv(place: Path, result: SavedResult) -> None:
    _first(result).to_csv(place, index=False, lineterminator="\n", encoding="utf-8-sig")
    _write_record(place, result)


def _write_parquet(place: Path, result: SavedResult) -> None:
    if importlib.util.find_spec("pyarrow") is None:
        raise ArgumentError(
            f"path={str(place)!r}: .parquet needs pyarrow, which is not installed. Run "
            "pip install 'carms-lib[parquet]', or save as .csv."
        )
    import pyarrow as pa  # noqa: PLC0415 - an extra
    import pyarrow.parquet as pq  # noqa: PLC0415

    table = pa.Table.from_pandas(_first(result), preserve_index=False)
    about = json.dumps(_about(result), ensure_ascii=False, default=str).encode()
    pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), b"carms_lib": about}), place)
    _write_record(place, result)


def _write_json(place: Path, result: SavedResult) -> None:
    tables = {name: _records(table) for name, table in result.tables.items()}
    _dump(place, {"tables": tables, **_about(result)})


def _write_xlsx(place: Path, result: SavedResult) -> None:
    from openpyxl import Workbook  # noqa: PLC0415 - half a second to import

    book = Workbook()
    book.remove(book.active)
    for name, table in result.tables.items():
        _write_sheet(book.create_sheet(_sheet_name(name)), table, result.formats.get(name, {}))
    if result.notes:
        _write_sheet(book.create_sheet("notes"), pd.DataFrame({"note": list(result.notes)}), {})
    _write_sheet(book.create_sheet("provenance"), pd.DataFrame(_flat(result.record), columns=["what", "value"]), {})
    book.save(place)


def _write_sheet(sheet: Any, table: pd.DataFrame, formats: Mapping[str, str | Sequence[str]]) -> None:
    from openpyxl.styles import Font  # noqa: PLC0415 - as above
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    for at, name in enumerate(map(str, table.columns), 1):
        values = [_cell(value) for value in table.iloc[:, at - 1]]
        _put(sheet.cell(1, at), name)
        sheet.cell(1, at).font = Font(bold=True)
        given = formats.get(name)
        of_rows = [given] * len(values) if given is None or isinstance(given, str) else list(given)
        for row, (value, how) in enumerate(zip(values, of_rows, strict=True), 2):
            if value is None:
                continue
            cell = sheet.cell(row, at)
            _put(cell, value)
            if how is not None and not isinstance(value, str):
                cell.number_format = how
        longest = max([len(name), *(len(value) if isinstance(value, str) else 10 for value in values)], default=10)
        sheet.column_dimensions[get_column_letter(at)].width = min(longest + 2, _WIDEST)
    sheet.freeze_panes = "A2"
    if len(table):
        sheet.auto_filter.ref = sheet.dimensions


def _put(cell: Any, value: Any) -> None:
    """Write a value; a text that looks like a formula stays a text."""
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(("=", "+", "-", "@"))


def _cell(value: Any) -> Any:
    """Return a value that a sheet holds, None for a missing one."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)) or value is pd.NaT:
        return None
    plain = value.item() if hasattr(value, "item") else value
    return plain if isinstance(plain, (bool, int, float, str)) else str(plain)


def _sheet_name(name: str) -> str:
    """Return a name that a workbook takes: at most 31 characters, none of them reserved."""
    return "".join("_" if sign in "[]:*?/\\" else sign for sign in name)[:31]


def _flat(record: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Return a record as rows, one for each value."""
    rows: list[tuple[str, str]] = []
    for name, value in record.items():
        label = f"{above}{name}"
        if isinstance(value, Mapping):
            rows += _flat(value, f"{label}.")
        else:
            rows.append(
                (label, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
            )
    return rows


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one mapping a row, a missing value as None."""
    names = [str(name) for name in table.columns]
    return [dict(zip(names, map(_cell, row), strict=True)) for row in table.itertuples(index=False, name=None)]


def _first(result: SavedResult) -> pd.DataFrame:
    return next(iter(result.tables.values()))


def _about(result: SavedResult) -> dict[str, Any]:
    return {**result.record, **({"notes": list(result.notes)} if result.notes else {})}


def _write_record(place: Path, result: SavedResult) -> None:
    """Write, beside a file of one table, what is not in it: the other tables, notes and provenance."""
    others = {name: _records(table) for name, table in list(result.tables.items())[1:]}
    _dump(place.with_name(place.name + ".provenance.json"), {**others, **_about(result)})


def _dump(place: Path, record: Mapping[str, Any]) -> None:
    text = json.dumps(record, indent=2, ensure_ascii=False, default=str) + "\n"
    place.write_text(text, encoding="utf-8", newline="\n")


_WRITERS: Mapping[str, Callable[[Path, SavedResult], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".parquet": _write_parquet,
    ".json": _write_json,
}
