"""The pages in the publisher's other forms: JSON, and a table with one column per section.

Belongs here: taking a page apart from either form, so that the rest of the package need not know how it came.
Does not belong here: reading fields or removing contact details; that is one code for all forms (`pages`).

What the section table lacks: the section on important information (no column), the headings as printed where a
cell does not repeat them, and the difference between an empty section and none.
"""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
from typing import Any

from carms_lib.exceptions import CorruptSourceError, DroppedWarning, SchemaError

from ._release import missing_columns
from .pages import PageParts, take_apart
from .sections import HEADINGS, Section, fold

_ADDRESS = re.compile(r"/program/(?P<release>\d+)/(?P<program>\d+)")
_JSON_ID = re.compile(r"(?P<release>\d+)\s*[|_-]\s*(?P<program>\d+)")
_HTML = re.compile(r"\s*<(?:!doctype|html|head|body|div|h1|section)\b", re.IGNORECASE)
_FRENCH = re.compile(r"Jumelage|Quota approximatif")
_LEADING_HEADING = re.compile(r"\s*#[ \t]+([^\n]*?)[ \t]*(?:\n|\Z)")
_HALF = re.compile("[\ud800-\udfff]")  # JSON can spell what UTF-8 cannot
_TRAILING_RULE = re.compile(r"\s*\*[ ]?\*[ ]?\*\s*\Z")
_FOOTER = re.compile(r"\n[ \t]*Source:[ \t]*\S*[ \t]*(?:\n[ \t]*ID:[^\n]*)?\s*\Z")
# The publisher spells the contact column "program_contracts".
_COLUMN_OF_KEY = {key: key for key in HEADINGS if key != "important_information"} | {
    "program_contacts": "program_contracts"
}
_PAGE_COLUMNS = ("document_id", "source", "program_name", "match_iteration_name")
_COUNT_COLUMNS = ("match_iteration_id", "program_description_id", "n_program_description_sections")


def pages_from_json(name: str, text: str) -> list[PageParts]:
    """Take the pages of the JSON form apart.

    Parameters
    ----------
    name : str
        What to call the file in messages.
    text : str
        A list of objects with ``page_content`` (Markdown), ``metadata`` (with ``source``, the address) and, in the
        newer form, ``id`` such as "1503|27447". Without an id the address tells it; a page whose id cannot be told
        has none and is kept.

    Returns
    -------
    list of PageParts
        One per object, in the order of the file.

    Raises
    ------
    CorruptSourceError
        The text is no JSON, no list of such objects, or the pages are HTML.
    """
    try:
        records = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        msg = f"{name} is no JSON ({where}: {error.msg}). It may be truncated; get it again."
        raise CorruptSourceError(msg) from error
    except (RecursionError, ValueError) as error:  # nested without end, or a number of thousands of digits
        why = "it is nested too deeply" if isinstance(error, RecursionError) else "a number in it is too long"
        msg = f"{name} cannot be the pages of a release: {why}. Get it again from the publisher."
        raise CorruptSourceError(msg) from error
    if not isinstance(records, list):
        msg = f"{name} holds a {type(records).__name__}; expected a list of objects with 'page_content'."
        raise CorruptSourceError(msg)
    return [_json_page(name, place, record) for place, record in enumerate(records, start=1)]


def pages_from_csv(name: str, text: str) -> list[PageParts]:
    """Take the pages of the section table apart.

    Parameters
    ----------
    name : str
        What to call the file in messages.
    text : str
        A table with document_id, source, program_name (the title), match_iteration_name (the header block) and one
        column per section; an unnamed index and counts are passed over, other columns are left out with a warning.

    Returns
    -------
    list of PageParts
        One per row. A section with an empty cell is taken as absent; those present are in the order of a page.

    Raises
    ------
    CorruptSourceError
        The text is no table, or a row has more or fewer cells than the header.
    SchemaError
        A column is missing, or there twice.
    """
    columns, rows = _csv_rows(name, text)
    column_of_key = {
        key: key if key in columns and column not in columns else column for key, column in _COLUMN_OF_KEY.items()
    }
    needed = [*_PAGE_COLUMNS, *column_of_key.values()]
    missing = [column for column in needed if column not in columns]
    if "important_information" in columns:
        column_of_key["important_information"] = "important_information"
    known = {*needed, *_COUNT_COLUMNS, *column_of_key.values()}
    others = [column for column in columns if column not in known and column and not column.startswith("Unnamed:")]
    if missing:
        raise missing_columns(name, missing, others)
    if others:
        warnings.warn(
            f"{name}: {len(others)} columns are no sections of a page and are left out: {', '.join(others[:5])}.",
            DroppedWarning,
            stacklevel=4,
        )
    keys = [key for key in HEADINGS if key in column_of_key]
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    return [_csv_page(record, {key: record[column_of_key[key]] for key in keys}) for record in records]


def _csv_rows(name: str, text: str) -> tuple[list[str], list[list[str]]]:
    """Return header and rows, every row as wide as the header: a cell more or less would shift what follows it."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    try:
        columns = [cell.strip() for cell in next(reader, [])]
        for row in filter(None, reader):
            if len(row) != len(columns):
                msg = (
                    f"{name}, row {len(rows) + 1:,} (it ends in line {reader.line_num:,}) has {len(row)} cells and the "
                    f"header has {len(columns)}. The file may be truncated or damaged; get it again."
                )
                raise CorruptSourceError(msg)
            rows.append(row)
    except csv.Error as error:
        msg = f"{name}, line {reader.line_num:,}, cannot be read as CSV: {error}. It may be truncated; get it again."
        raise CorruptSourceError(msg) from error
    if not columns:
        msg = f"{name} cannot be read as CSV: there is nothing in it. It may be truncated; get it again."
        raise CorruptSourceError(msg)
    twice = [column for column in dict.fromkeys(columns) if column and columns.count(column) > 1]
    if twice:
        msg = f"{name}: column {twice[0]!r} is there {columns.count(twice[0])} times. Keep one and load again."
        raise SchemaError(msg)
    return columns, rows


def _json_page(name: str, place: int, record: Any) -> PageParts:
    content = record.get("page_content") if isinstance(record, dict) else None
    if not isinstance(content, str):
        msg = f"{name}: entry {place} has no text 'page_content'. Expected objects with 'page_content' and 'metadata'."
        raise CorruptSourceError(msg)
    if _HTML.match(content):
        msg = f"{name}: entry {place} is HTML. Use the file whose name has 'markdown', or the Markdown pages."
        raise CorruptSourceError(msg)
    metadata = record.get("metadata")
    source = metadata.get("source") if isinstance(metadata, dict) else None
    source = source if isinstance(source, str) else None
    if _HALF.search(content) or _HALF.search(source or ""):
        msg = f"{name}: entry {place} holds half a character (a lone surrogate): its text is damaged. Get it again."
        raise CorruptSourceError(msg)
    found = _JSON_ID.fullmatch(str(record.get("id", "")).strip()) or _ADDRESS.search(source or content[-300:])
    return take_apart(f"{found['release']}-{found['program']}" if found else None, content, source_url=source)


def _csv_page(record: dict[Any, Any], cells: dict[str, str]) -> PageParts:
    header = "\n".join(str(record["match_iteration_name"]).splitlines())
    title = str(record["program_name"])
    language = "fr" if _FRENCH.search(header) else "en"
    preamble = f"{_with_heading(title)}\n\n{_with_heading(header)}"
    sections = [_csv_section(key, language, cell) for key, cell in cells.items() if cell.strip()]
    return PageParts(
        str(record["document_id"]).strip() or None, str(record["source"]).strip() or None, preamble, sections
    )


def _with_heading(block: str) -> str:
    """Return a block of the header with the mark of a first-level heading that a cell may lack."""
    return block if block.lstrip().startswith("# ") else f"# {block.strip()}"


def _csv_section(key: str, language: str, cell: str) -> Section:
    body = _FOOTER.sub("", cell.replace("\r\n", "\n").replace("\r", "\n"))
    heading = None
    printed = _LEADING_HEADING.match(body)
    if printed and fold(printed[1]) in map(fold, HEADINGS[key]):
        heading, body = printed[1], body[printed.end() :]
    return Section(key, language, heading, _TRAILING_RULE.sub("", body).strip())
