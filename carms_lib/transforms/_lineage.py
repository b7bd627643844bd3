"""From a value in gold back to the file, the row and the page that it was read from.

Belongs here: following the sources that the contracts declare, one hop a layer. Does not belong here: a list of its
own of what comes from where; the contracts are that list, and a test walks it for every column of gold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import pandas as pd

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.provenance import sha256_bytes
from carms_lib.schemas import TEXT, Reference, contract, load_reference

__all__ = ["trace"]

Tables = Mapping[str, pd.DataFrame]
Row = Mapping[Any, Any]

_COLUMNS = {
    **dict.fromkeys(("program_stream_id", "column", "value", "rule"), TEXT),
    **dict.fromkeys(("source_table", "source_column", "printed"), TEXT),
    "source_file": TEXT,
    "source_row": "Int64",
    **dict.fromkeys(("source_sha256", "document_id", "page", "note"), TEXT),
}
_RAW = re.compile(r"\b(discipline|program_master|page|section)\.(\w+)")
_KEY = "program_stream_id"
# A cell sums programs: its columns are these of theirs.
_CELL = {
    "release_id": "release_id",
    "province": "school_province",
    "discipline": "discipline",
    "eligibility": "eligibility",
    "programs": _KEY,
    "seats": "quota",
}
# What a look-up in the reviewed reference data is keyed by, in silver.program.
_LOOKED_UP = {"stream": ("stream",), "school": ("school",), "site": ("school", "site")}


def trace(
    bronze: Tables,
    silver: Tables,
    gold: Tables,
    quarantine: pd.DataFrame,
    reference: Reference,
    table: str,
    column: str | None,
    key: Any,
) -> pd.DataFrame:
    """Return where the values of some rows of gold come from; see `Layers.lineage`."""
    promise = contract("gold", table)
    rows = _selected(gold[table], table, key)
    if column is not None and column not in promise.columns:
        raise UnknownNameError("column", column, promise.columns)
    columns = [column] if column is not None else promise.columns
    walk = _Walk(bronze, silver, quarantine, reference)
    program = gold["program"]
    found: list[dict[str, Any]] = []
    for row in rows.to_dict("records"):
        if table == "program":
            found += [hop for name in columns for hop in walk.of(row, name, name)]
            continue
        inside = pd.Series(True, index=program.index)
        for name in promise.key:
            inside &= program[_CELL[name]] == row[name]
        members = program.loc[inside].to_dict("records")
        found += [hop for name in columns for member in members for hop in walk.of(member, _CELL[name], name)]
    return pd.DataFrame(found, columns=list(_COLUMNS)).astype(_COLUMNS)


def _selected(frame: pd.DataFrame, table: str, key: Mapping[str, object]) -> pd.DataFrame:
    if not key:
        msg = f"Say which rows of gold.{table}: give at least one of {', '.join(contract('gold', table).key)}."
        raise ArgumentError(msg)
    rows = pd.Series(True, index=frame.index)
    for name, value in key.items():
        if name not in frame:
            raise UnknownNameError("column", name, frame.columns)
        if not (frame[name] == value).any():
            raise UnknownNameError(name, value, frame[name].dropna())
        rows &= frame[name] == value
    if not rows.any():
        msg = f"gold.{table} has no row with {', '.join(f'{name}={value!r}' for name, value in key.items())} together."
        raise ArgumentError(msg)
    return frame[rows]


class _Walk:
    """The way back from one program; the rows of bronze are found by key once, whatever is asked."""

    def __init__(self, bronze: Tables, silver: Tables, quarantine: pd.DataFrame, reference: Reference) -> None:
        self._documents = silver["program"].set_index(_KEY)["document_id"]
        aside = quarantine[quarantine["step"] == "silver"]
        kept = {
            name: frame[~frame["source_row"].isin(aside.loc[aside["table"] == name, "source_row"])]
            for name, frame in bronze.items()
        }
        keys = {"discipline": "discipline_id", "program_master": _KEY, "page": "document_id", "section": "document_id"}
        self._rows = {name: frame.groupby(keys[name], sort=False) for name, frame in kept.items()}
        self._discipline_id = silver["discipline"].set_index("discipline")["discipline_id"]
        self._correction = reference.correction
        self._reference = {"stream": reference.stream, "school": reference.school, "site": reference.site}

    def of(self, program: Row, column: str, asked: str) -> Iterator[dict[str, Any]]:
        """Yield where the value of `column` of one gold program comes from; `asked` is what it is called."""
        layer_table = contract("gold", "program").schema.columns[column].metadata["source"].removeprefix("silver ")
        name = self._name_in_silver(column, layer_table)
        rule = contract("silver", layer_table).schema.columns[name].metadata["source"]
        head = {_KEY: program[_KEY], "column": asked, "value": _text(program[column]), "rule": rule}
        raw = _RAW.findall(rule)
        if layer_table == "band":
            raw = [("page", f"{column.partition('_')[0]}_band")]
        elif rule.startswith("release"):
            raw = [("page", "document_id")]
        elif rule.startswith("reference"):
            yield from (head | hop for hop in self._looked_up(program, column, layer_table))
            raw = [("program_master", f"program_{part}" if part != "school" else "school_name")
                   for part in _LOOKED_UP[layer_table]]  # fmt: skip
        if layer_table == "section":
            raw = raw[:1]  # one row per section, whatever is read of it
        for table, printed in raw:
            for row in self._bronze_rows(table, program):
                yield head | self._hop(table, printed, row, program)

    def _name_in_silver(self, column: str, table: str) -> str:
        if table == "band":
            part = column.partition("_")[2]
            return part if part == "band" else f"band_{part}"
        return {"n_sections": "section_key", "n_sections_filled": "is_filled"}.get(column, column)

    def _bronze_rows(self, table: str, program: Row) -> list[Row]:
        document = self._documents[program[_KEY]]
        key = {
            "discipline": self._discipline_id[program["discipline"]],
            "program_master": program[_KEY],
        }.get(table, document)
        if key not in self._rows[table].groups:
            return []
        rows: list[Row] = list(self._rows[table].get_group(key).to_dict("records"))
        return rows

    def _hop(self, table: str, column: str, row: Row, program: Row) -> dict[str, Any]:
        document = self._documents[program[_KEY]]
        (page,) = self._bronze_rows("page", program)
        (master,) = self._bronze_rows("program_master", program)
        address: str | None = page["source_url"]
        if pd.isna(address):
            address = master["program_url"]
        # Prose stays in bronze: of a section its key tells enough.
        printed = row["section_key"] if table == "section" else row[column]
        return {
            "source_table": table,
            "source_column": column,
            "printed": _text(printed),
            "source_file": row["source_file"],
            "source_row": row["source_row"],
            "source_sha256": row["source_sha256"],
            "document_id": document if table in {"page", "section"} else None,
            "page": address,
            "note": self._note(table, column, row),
        }

    def _note(self, table: str, column: str, row: Row) -> str | None:
        if table != "program_master":
            return None
        due = self._correction[
            (self._correction["release_id"] == row["release_id"])
            & (self._correction[_KEY] == row[_KEY])
            & (self._correction["column"] == column)
            & (self._correction["published"] == row[column])
        ]
        return f"corrected to {due['corrected'].iloc[0]!r}: {due['reason'].iloc[0]}" if len(due) else None

    def _looked_up(self, program: Row, column: str, table: str) -> Iterator[dict[str, Any]]:
        """Yield the row of the reviewed reference data that says so."""
        frame, keys = self._reference[table], list(_LOOKED_UP[table])
        found = (frame[keys] == [program[key] for key in keys]).all(axis="columns")
        if table == "site" and not found.any():  # not reviewed: the province is that of the school
            table, column = "school", "school_province"
            frame = self._reference["school"]
            found = frame["school"] == program["school"]
        for position in found.to_numpy().nonzero()[0]:
            yield {
                "source_table": "reference",
                "source_column": column,
                "printed": _text(frame[column].iloc[position]),
                "source_row": int(position) + 1,
                **_origin(table, frame),
            }


def _origin(table: str, frame: pd.DataFrame) -> dict[str, Any]:
    """Return file, hash and note of a table of the reference data: the library's own file only if it is that."""
    if not frame.equals(getattr(load_reference(), table)):
        return {"source_file": None, "source_sha256": None, "note": f"reference.{table} as given to build"}
    file = f"data/reference/{table}.csv"
    content = files("carms_lib").joinpath(file).read_bytes()
    return {
        "source_file": f"carms_lib/{file}",
        "source_sha256": sha256_bytes(content),
        "note": "reviewed reference data of this library",
    }


def _text(value: Any) -> str | None:
    if pd.isna(value):
        return None
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else str(value)
