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

from ._release import missing_columns, text_dtype, text_frame
from .archives import ArchiveLimits, Budget, open_archive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

# A published workbook expands to less than 1 MB.
_LIMITS = ArchiveLimits(n_entries=1_000, entry_bytes=128 * 2**20, total_bytes=256 * 2**20)
# What openpyxl raises on a damaged workbook; its XML parser's error is a SyntaxError.
_DAMAGE = (
    *(BadZipFile, LookupError, ValueError, TypeError, AttributeError, SyntaxError, OSError),
    *(ArithmeticError, AssertionError, RuntimeError, EOFError),
)
_MAX_ROWS = 100_000
_MAX_COLUMNS = 200
_ENCODING = re.compile(r"[^<]{0,4}<\?xml\b[^>]{0,200}?encoding\s*=\s*[\"']([^\"'>]*)", re.IGNORECASE)
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
        `columns` in their order, then any further ones as they come, a nameless one called "unnamed_" and its
        place from 1; dtype str. Rows and columns without any value are not part of the table.

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
    width = max(map(len, rows), default=0)
    head, *body = [[*row, *[None] * (width - len(row))] for row in rows] or [[]]
    body = [row for row in body if any(cell is not None for cell in row)]
    header = _header(name, head, columns)
    for place, column in enumerate(header):
        # A nameless column is a column if there is anything in it.
        if column is None and any(row[place] is not None for row in body):
            header[place] = f"unnamed_{place + 1}"
    keep = [place for place, column in enumerate(header) if column is not None]
    frame = text_frame(([row[place] for place in keep] for row in body), [str(header[place]) for place in keep])
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
        # Any part, as any can be declared to be XML. UTF-16 becomes plain text when the NULs are dropped; in other
        # encodings than these a declaration could hide.
        text = part.read().replace(b"\x00", b"").decode("latin-1")
        encoding = _ENCODING.match(text)
        if encoding and encoding[1].casefold() not in ("utf-8", "utf-16", "us-ascii", "ascii"):
            msg = f"{name}: part {part.name!r} is in the encoding {encoding[1]!r}, not in UTF-8. It is not read."
            raise UnsafeSourceError(msg)
        if _DECLARATION.search(text):
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
        cells = [_text(cell) for cell in row]
        while cells and cells[-1] is None:
            cells.pop()
        rows.append(cells)
        if len(rows) > _MAX_ROWS or len(cells) > _MAX_COLUMNS:
            msg = (
                f"{name} has more than {_MAX_ROWS:,} rows or {_MAX_COLUMNS} columns; a table of a release has about a "
                "thousand rows. It is not read. Get it again from the publisher."
            )
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
