"""Reading a published workbook as text, without trusting it.

Belongs here: checking the file for what could harm this machine, finding the sheet by its columns, and
turning cells into text. Does not belong here: what the rows mean, or repairing them.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import openpyxl
import pandas as pd

from carms_lib.exceptions import CorruptSourceError, SchemaError, UnsafeSourceError

from ._archive import Budget, Limits, open_archive
from ._release import missing_columns, text_dtype, text_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

# A published workbook expands to less than 1 MB.
_LIMITS = Limits(n_entries=1_000, entry_bytes=128 * 2**20, total_bytes=256 * 2**20)
# What openpyxl raises on a damaged workbook; its XML parser's error is a SyntaxError.
_DAMAGE = (BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, SyntaxError, OSError)
_MAX_ROWS = 100_000
_MAX_COLUMNS = 200
_DECLARATION = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_NAMELESS = re.compile(r"(?:Unnamed: \d+)?")
ROW_NUMBER = "row_number"


def read_workbook(name: str, content: bytes, columns: Sequence[str]) -> pd.DataFrame:
    """Read the sheet of a workbook that has `columns`.

    Parameters
    ----------
    name : str
        What to call the workbook in messages.
    content : bytes
        The .xlsx file itself.
    columns : sequence of str
        The columns that must be there, in any order. A column called "row_number" is the one without a header;
        it may be absent and is then missing throughout.

    Returns
    -------
    pandas.DataFrame
        `columns` in their order, then any further ones as they come; dtype str. Rows without any value are not
        rows of the table.

    Raises
    ------
    CorruptSourceError
        The file is truncated, damaged, or no workbook.
    UnsafeSourceError
        A part expands beyond the limits or declares XML entities.
    SchemaError
        A column is missing or twice there, or there is no such sheet.
    """
    _check_parts(name, content)
    rows = _rows(name, content, columns)
    header = _header(name, rows[0] if rows else [], columns)
    body = [[*row[: len(header)], *[None] * (len(header) - len(row))] for row in rows[1:]]
    keep = [place for place, column in enumerate(header) if column is not None]
    frame = text_frame(
        ([row[place] for place in keep] for row in body if any(cell is not None for cell in row)),
        [str(header[place]) for place in keep],
    )
    for column in columns:
        if column not in frame:
            frame[column] = pd.Series(pd.NA, index=frame.index, dtype=text_dtype())
    return frame[[*columns, *(column for column in frame if column not in columns)]]


def _check_parts(name: str, content: bytes) -> None:
    """Read every part within limits, and refuse declarations that an XML parser would expand."""
    if not content.startswith(b"PK"):
        msg = (
            f"{name} ({len(content):,} bytes) is not an Excel workbook (.xlsx), whatever its name says. "
            "Get it again, or save it as .xlsx."
        )
        raise CorruptSourceError(msg)
    budget = Budget(_LIMITS)
    for part in open_archive(name, content, budget):
        if not part.name.casefold().endswith((".xml", ".rels", ".vml")):
            continue
        data = part.read()
        # An XML part may be UTF-16; both byte orders become plain text when the NULs are dropped.
        if _DECLARATION.search(data.replace(b"\x00", b"").decode("latin-1")):
            msg = (
                f"{name}: part {part.name!r} declares a document type or entities, which a workbook never needs and "
                "an XML bomb does. It is not read. Get it again from the publisher."
            )
            raise UnsafeSourceError(msg)


def _rows(name: str, content: bytes, columns: Sequence[str]) -> list[list[str | None]]:
    """Return the rows of the first visible sheet whose header has every named column, else of the first sheet."""
    try:
        with warnings.catch_warnings():
            # Default styles and the like: openpyxl warns of what does not touch a cell's value.
            warnings.simplefilter("ignore", UserWarning)
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            sheets = [_sheet_rows(name, sheet) for sheet in book.worksheets if sheet.sheet_state == "visible"]
    except _DAMAGE as error:
        msg = (
            f"{name} ({len(content):,} bytes) cannot be read as an Excel workbook: {error}. It is truncated or "
            "damaged. Get it again from the publisher."
        )
        raise CorruptSourceError(msg) from error
    sheets = [rows for rows in sheets if rows]
    needed = set(columns) - {ROW_NUMBER}
    for rows in sheets:
        if needed <= {cell.strip() for cell in rows[0] if cell}:
            return rows
    return sheets[0] if sheets else []


def _sheet_rows(name: str, sheet: ReadOnlyWorksheet) -> list[list[str | None]]:
    # The dimension that a file declares is not believed; rows are as wide as their cells.
    sheet.reset_dimensions()
    rows: list[list[str | None]] = []
    for row in sheet.iter_rows(values_only=True):
        rows.append([_text(cell) for cell in row[:_MAX_COLUMNS]])
        if len(rows) > _MAX_ROWS:
            msg = f"{name} has more than {_MAX_ROWS:,} rows; a table of a release has about a thousand. It is not read."
            raise UnsafeSourceError(msg)
    return rows


def _text(cell: object) -> str | None:
    """Return a cell as the text that is shown: whole numbers without a point, nothing as None."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def _header(name: str, row: Sequence[str | None], columns: Sequence[str]) -> list[str | None]:
    """Return the name of each column, None for a nameless one that is not the row number."""
    header: list[str | None] = []
    for cell in row:
        label = (cell or "").strip()
        if not _NAMELESS.fullmatch(label):
            header.append(label)
        else:
            header.append(ROW_NUMBER if ROW_NUMBER in columns and ROW_NUMBER not in header else None)
    named = [label for label in header if label is not None]
    twice = sorted({label for label in named if named.count(label) > 1})
    if twice:
        msg = f"{name}: column {twice[0]!r} is there {named.count(twice[0])} times. Keep one and load again."
        raise SchemaError(msg)
    missing = [column for column in columns if column not in named and column != ROW_NUMBER]
    if missing:
        raise missing_columns(name, missing, [label for label in named if label not in columns])
    return header
