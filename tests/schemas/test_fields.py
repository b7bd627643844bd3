"""The registry of fields: an incomplete row is an error, and everything follows from the rows."""

from __future__ import annotations

import pytest
from carms_lib.loaders.page_readers import READERS, readers_of_page
from carms_lib.schemas import FIELDS, ROWS, Field, contract, contracts, data_dictionary
from carms_lib.schemas.fields.row import NO_UNIT, on_page
from carms_lib.transforms.values import WAYS, page_fields

WHOLE = {
    "name": "beds",
    "meaning": "Number of beds.",
    "unit": "beds",
    "type": "integer",
    "minimum": 0,
    "printed": on_page("line 'Beds'", reader="beds"),
    "silver": "program",
    "gold": "program",
}


def test_a_row_that_says_everything_is_taken():
    row = Field(**WHOLE)
    assert row.sources("silver") == {"program": "page.beds"}
    assert row.sources("gold") == {"program": "silver program"}
    assert row.rules("gold", "program") == {"minimum": 0}


@pytest.mark.parametrize("missing", ["name", "meaning", "unit"])
def test_a_row_without_a_name_a_meaning_or_a_unit_is_an_error(missing):
    with pytest.raises(TypeError, match=missing):
        Field(**{name: value for name, value in WHOLE.items() if name != missing})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"meaning": ""}, "beds: its meaning must be a sentence"),
        ({"meaning": "number of beds"}, "beds: its meaning must be a sentence"),
        ({"unit": ""}, "beds: a number that a page prints needs a unit"),
        ({"printed": on_page("line 'Beds'", reader="")}, "has no reader"),
        ({"printed": on_page("line 'Beds'", reader="beds", column="n_beds")}, "n_beds: its meaning must be a sentence"),
        ({"allowed": ("1", "2")}, "allowed values and patterns are for text, not for integer"),
        ({"type": "text"}, "limits are for numbers, not for text"),
        ({"printed": (), "conform": "years"}, "nothing is printed"),
        ({"printed": (), "silver": "program"}, "its source in silver"),
    ],
)
def test_a_row_that_contradicts_itself_is_an_error(change, message):
    with pytest.raises(TypeError, match=message):
        Field(**{**WHOLE, **change})


def test_a_place_on_a_page_without_a_reader_cannot_be_written():
    with pytest.raises(TypeError, match="reader"):
        on_page("line 'Beds'")


def test_no_two_rows_have_one_name_and_no_raw_column_has_two():
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    for table, promise in contracts()["raw"].items():
        printed = [place.column or row.name for row in ROWS for place in row.printed if place.table == table]
        assert sorted(printed) == sorted(promise.columns)


def test_every_reader_and_every_way_to_conform_is_there_and_used():
    named = {place.reader for row in ROWS for place in row.printed if place.table == "page"}
    assert named == set(READERS)
    assert {row.conform for row in ROWS} == set(WAYS)


def test_a_row_whose_reader_the_loaders_do_not_have_is_an_error(monkeypatch):
    assert readers_of_page()[:2] == ("document_id", "program_stream_id")
    monkeypatch.delitem(READERS, "quota")
    with pytest.raises(TypeError, match="readers of a page that the loaders do not have: quota"):
        readers_of_page()


def test_a_row_whose_way_to_conform_the_transforms_do_not_have_is_an_error(monkeypatch):
    monkeypatch.setattr("carms_lib.transforms.values.WAYS", {"": WAYS[""]})
    with pytest.raises(TypeError, match="ways to conform that the transforms do not have: program_length_years"):
        page_fields()


def test_every_table_says_of_each_column_what_its_row_says():
    told = data_dictionary().set_index(["layer", "table", "column"])
    for layer, tables in contracts().items():
        for table, promise in tables.items():
            for name, column in promise.fields.items():
                row = told.loc[(layer, table, name)]
                assert row["description"] == FIELDS[name].description
                assert row["nullable"] == column.optional
                assert row["source"] == column.source
                assert row["unit"] in {column.field.unit, NO_UNIT}


def test_the_tables_of_a_build_have_the_columns_of_the_registry(bundled, bundled_layers):
    assert {name: list(frame) for name, frame in bundled.tables.items()} == {
        name: promise.columns for name, promise in contracts()["raw"].items()
    }
    for layer, tables in bundled_layers.items():
        assert {name: list(frame) for name, frame in tables.items()} == {
            name: contract(layer, name).columns for name in tables
        }


def test_a_field_that_is_added_raises_the_version_of_its_tables():
    versions = {name: promise.version for name, promise in contracts()["audit"].items()}
    assert versions == {"quarantine": 1, "step": 1, "check": 2}
    assert {row.name for row in ROWS if row.since == 2} == {
        *("kind", "measured", "threshold", "community", "site_class", "site_latitude", "site_longitude"),
        *("site_population", "distance_km", "distributed_campus"),
    }
