"""Workbooks: columns in any order, more or fewer; damaged, disguised and hostile files."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import zipfile

import openpyxl
import pandas as pd
import pytest
from carms_lib.exceptions import CorruptSourceError, SchemaError, UnsafeSourceError
from carms_lib.loaders import load_release
from carms_lib.loaders.workbooks import read_workbook
from carms_lib.schemas import contract

DISCIPLINE_COLUMNS = contract("raw", "discipline").columns
MASTER_COLUMNS = contract("raw", "program_master").columns


@pytest.fixture
def read(build):
    """Write rows into a workbook and read them as the table of disciplines."""

    def of(rows, **options):
        return read_workbook("1503_discipline.xlsx", build.workbook(rows, **options), DISCIPLINE_COLUMNS)

    return of


def test_cells_come_as_text(read):
    frame = read(
        [
            {"discipline_id": 27, "discipline": "Family Medicine"},
            {"discipline_id": "07", "discipline": 3.5},
            {"discipline_id": 8.0, "discipline": None},
            {"discipline_id": True, "discipline": dt.date(2025, 3, 4)},
        ]
    )
    assert frame["discipline_id"].tolist() == ["27", "07", "8", "TRUE"]
    assert frame["discipline"].tolist()[:2] == ["Family Medicine", "3.5"]
    assert pd.isna(frame["discipline"].iloc[2])
    assert frame["discipline"].iloc[3].startswith("2025-03-04")
    assert [str(dtype) for dtype in frame.dtypes] == ["str", "str"] or frame.dtypes.eq("string").all()


def test_columns_may_come_in_any_order(read):
    frame = read([{"discipline": "Family Medicine", "discipline_id": "27"}])
    assert list(frame) == ["discipline_id", "discipline"]
    assert frame.iloc[0].tolist() == ["27", "Family Medicine"]


def test_further_columns_are_kept(read):
    frame = read([{"discipline_id": "27", "color": "green", "discipline": "Family Medicine"}])
    assert list(frame) == ["discipline_id", "discipline", "color"]


def test_a_nameless_column_with_values_is_kept(build):
    rows = [{"discipline_id": "27", "discipline": "Family Medicine", "x": "kept"}]
    content = build.workbook(rows, header=["discipline_id", "discipline"])
    frame = read_workbook("d.xlsx", content, DISCIPLINE_COLUMNS)
    assert frame["unnamed_3"].tolist() == ["kept"]


def test_rows_without_any_value_are_no_rows(read):
    empty = {"discipline_id": None, "discipline": None}
    frame = read([{"discipline_id": "27", "discipline": "Family Medicine"}, empty, empty])
    assert len(frame) == 1


def test_the_first_column_of_the_master_has_no_name(build, programs):
    rows = [program.master_row() for program in programs]
    for name in ("", "Unnamed: 0"):
        named = [{name: place, **{k: v for k, v in row.items() if k}} for place, row in enumerate(rows)]
        frame = read_workbook("m.xlsx", build.workbook(named), MASTER_COLUMNS)
        assert list(frame) == list(MASTER_COLUMNS)
        assert frame["row_number"].tolist() == ["0", "1"]


def test_the_row_number_may_be_absent(build, programs):
    rows = [{name: value for name, value in program.master_row().items() if name} for program in programs]
    frame = read_workbook("m.xlsx", build.workbook(rows), MASTER_COLUMNS)
    assert frame["row_number"].isna().all()
    assert frame["program_stream_id"].tolist() == ["101", "102"]


def test_a_missing_column_is_named_with_what_is_near(read):
    with pytest.raises(SchemaError, match=r"lacks the column 'discipline' \(is 'disciplines' meant\?\)") as caught:
        read([{"discipline_id": "27", "disciplines": "Family Medicine"}])
    assert "1503_discipline.xlsx" in str(caught.value)


def test_several_missing_columns_are_one_error(build, programs):
    row = programs[0].master_row()
    row["programstream"] = row.pop("program_stream")
    del row["school_id"]
    with pytest.raises(SchemaError) as caught:
        read_workbook("m.xlsx", build.workbook([row]), MASTER_COLUMNS)
    assert "'school_id'" in str(caught.value)
    assert "'program_stream' (is 'programstream' meant?)" in str(caught.value)


def test_a_column_that_is_there_twice(build):
    content = build.workbook(
        [{"a": "27", "b": "28", "c": "x"}], header=["discipline_id", "discipline_id", "discipline"]
    )
    with pytest.raises(SchemaError, match="column 'discipline_id' is there 2 times"):
        read_workbook("d.xlsx", content, DISCIPLINE_COLUMNS)


def test_a_workbook_without_anything(build):
    with pytest.raises(SchemaError, match="lacks the columns 'discipline_id', 'discipline'"):
        read_workbook("d.xlsx", build.workbook([{}]), DISCIPLINE_COLUMNS)


def test_the_sheet_is_found_by_its_columns():
    book = openpyxl.Workbook()
    book.active.append(["Read", "me"])
    hidden = book.create_sheet("old")
    hidden.append(["discipline_id", "discipline"])
    hidden.append(["1", "Hidden"])
    hidden.sheet_state = "hidden"
    shown = book.create_sheet("data")
    shown.append(["discipline_id", "discipline"])
    shown.append(["27", "Family Medicine"])
    stream = io.BytesIO()
    book.save(stream)
    frame = read_workbook("d.xlsx", stream.getvalue(), DISCIPLINE_COLUMNS)
    assert frame.to_numpy().tolist() == [["27", "Family Medicine"]]


def test_duplicated_ids_are_kept(read):
    rows = [{"discipline_id": "27", "discipline": "Family Medicine"}] * 2
    assert len(read(rows)) == 2


# --- damaged, disguised, hostile -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"", b"discipline_id,discipline\n", b"<html></html>", b"\xd0\xcf\x11\xe0" + b"\0" * 600]
)
def test_a_file_that_is_no_workbook(content):
    with pytest.raises(CorruptSourceError, match=r"d\.xlsx .*is not an Excel workbook"):
        read_workbook("d.xlsx", content, DISCIPLINE_COLUMNS)


@pytest.mark.parametrize("keep", [4, 100, 0.5, 0.9, -10])
def test_a_truncated_workbook(build, keep):
    whole = build.workbook([{"discipline_id": "27", "discipline": "Family Medicine"}])
    cut = whole[: int(len(whole) * keep)] if isinstance(keep, float) else whole[:keep]
    with pytest.raises(CorruptSourceError, match=r"d\.xlsx"):
        read_workbook("d.xlsx", cut, DISCIPLINE_COLUMNS)


def rewritten(content: bytes, changes: dict[str, bytes | None]) -> bytes:
    """The workbook with some of its parts replaced, removed or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        parts = {name: old.read(name) for name in old.namelist()} | changes
        for name, data in parts.items():
            if data is not None:
                new.writestr(name, data)
    return stream.getvalue()


@pytest.fixture
def good(build):
    return build.workbook([{"discipline_id": "27", "discipline": "Family Medicine"}])


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"])
@pytest.mark.parametrize("data", [None, b"", b"<broken", b"\x00\x01\x02"])
def test_a_workbook_with_a_damaged_part(good, part, data):
    with pytest.raises((CorruptSourceError, SchemaError), match=r"d\.xlsx"):
        read_workbook("d.xlsx", rewritten(good, {part: data}), DISCIPLINE_COLUMNS)


@pytest.mark.parametrize("number", [b"99999999999", b"-5", b"x", b"1e5"])
def test_styles_with_numbers_that_are_none(good, number):
    """What openpyxl raises here is neither a ValueError nor any other error of damaged files."""
    with zipfile.ZipFile(io.BytesIO(good)) as parts:
        styles = parts.read("xl/styles.xml")
    assert styles.count(b'borderId="0"') > 1
    broken = styles.replace(b'borderId="0"', b'borderId="' + number + b'"')
    with contextlib.suppress(CorruptSourceError):  # or it is read: the table does not depend on its borders
        frame = read_workbook("d.xlsx", rewritten(good, {"xl/styles.xml": broken}), DISCIPLINE_COLUMNS)
        assert frame.to_numpy().tolist() == [["27", "Family Medicine"]]


def test_a_zip_that_is_no_workbook(build):
    with pytest.raises(CorruptSourceError, match="cannot be read as an Excel workbook"):
        read_workbook("d.xlsx", build.zipped({"a.txt": b"x"}), DISCIPLINE_COLUMNS)


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "docProps/core.xml", "xl/other.bin"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_a_part_that_declares_entities(good, part, encoding):
    bomb = f'<?xml version="1.0"?>\n{LAUGHS}<x>&b;</x>'.encode(encoding)
    with pytest.raises(UnsafeSourceError, match="declares a document type or entities"):
        read_workbook("d.xlsx", rewritten(good, {part: bomb}), DISCIPLINE_COLUMNS)


@pytest.mark.parametrize("encoding", ["cp037", "cp1252", "utf-7"])
def test_a_part_in_an_encoding_in_which_a_declaration_could_hide(good, encoding):
    hidden = f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + LAUGHS.encode(encoding)
    with pytest.raises(UnsafeSourceError, match=f"is in the encoding '{encoding}'"):
        read_workbook("d.xlsx", rewritten(good, {"xl/workbook.xml": hidden}), DISCIPLINE_COLUMNS)


def test_a_part_that_expands_without_end(good):
    with pytest.raises(UnsafeSourceError, match="expands more than 200 times"):
        read_workbook("d.xlsx", rewritten(good, {"xl/big.bin": b"\0" * (20 * 2**20)}), DISCIPLINE_COLUMNS)


def test_a_part_that_climbs_out(good):
    with pytest.raises(UnsafeSourceError, match="climbs out"):
        read_workbook("d.xlsx", rewritten(good, {"../evil.xml": b"x"}), DISCIPLINE_COLUMNS)


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/>'
    '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>discipline_id</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>discipline</t></is></c></row>{rows}</sheetData></worksheet>'
)


def test_a_dimension_that_is_not_true_costs_nothing(good):
    row = '<row r="2"><c r="A2"><v>27</v></c><c r="B2" t="inlineStr"><is><t>Family Medicine</t></is></c></row>'
    sheet = SHEET.format(rows=row).encode()
    frame = read_workbook("d.xlsx", rewritten(good, {"xl/worksheets/sheet1.xml": sheet}), DISCIPLINE_COLUMNS)
    assert frame.to_numpy().tolist() == [["27", "Family Medicine"]]


@pytest.mark.parametrize(
    "row", ['<row r="1048576"><c r="A1048576"><v>1</v></c></row>', '<row r="2"><c r="XFD2"><v>1</v></c></row>']
)
def test_a_sheet_that_reaches_to_the_end_of_the_world(good, row):
    sheet = SHEET.format(rows=row).encode()
    with pytest.raises(UnsafeSourceError, match="has more than 100,000 rows or 200 columns"):
        read_workbook("d.xlsx", rewritten(good, {"xl/worksheets/sheet1.xml": sheet}), DISCIPLINE_COLUMNS)


def test_the_error_reaches_the_user_of_load_release(small, tmp_path):
    folder = small.with_pages().with_file("1503_program_master.xlsx", b"PK\x03\x04 no").write(tmp_path)
    with pytest.raises(CorruptSourceError, match=r"1503_program_master\.xlsx"):
        load_release(folder)
