"""Every way to break a contract fails, and one screen tells how."""

from __future__ import annotations

import pandas as pd
import pytest
from carms_lib.exceptions import SchemaError, UnknownNameError
from carms_lib.schemas import CONTACT, TEXT, contracts, redact_contacts, validate

CELLS = pd.DataFrame(
    {
        "release_id": pd.Series(["1503"] * 4, dtype=TEXT),
        "province": pd.Series(["ON", "ON", "QC", "BC"], dtype=TEXT),
        "discipline": pd.Series(["Urology", "Psychiatry"] * 2, dtype=TEXT),
        "eligibility": pd.Series(["CMG", "CMG", "ALL", "IMG"], dtype=TEXT),
        "programs": [1, 2, 3, 4],
        "seats": [2, 3, 5, 8],
    }
)


def screen(frame, layer="gold", table="cell"):
    with pytest.raises(SchemaError) as caught:
        validate(frame, layer, table)
    return str(caught.value)


def test_a_sound_frame_comes_back_as_it_was():
    pd.testing.assert_frame_equal(validate(CELLS, "gold", "cell"), CELLS)


BROKEN = [
    (CELLS.drop(columns="seats"), "seats: is missing"),
    (CELLS.rename(columns={"seats": "seat"}), "seats: is missing; the table has 'seat' instead: was it renamed?"),
    (CELLS.assign(colour=1), "colour: is not part of the contract"),
    (CELLS[CELLS.columns[::-1]], "release_id: is out of order"),
    (pd.concat([CELLS, CELLS["seats"]], axis=1), "seats: stands more than once"),
    (CELLS.assign(seats=CELLS["seats"].astype(str)), "seats: must be of type int64, is str"),
    (CELLS.assign(seats=[2, 0, 5, 8]), "seats: must be at least 1"),
    (CELLS.assign(province=["ON", "ON", "QC", "XX"]), "province: must be one of 'AB', 'BC'"),
    (CELLS.assign(province=["ON", "ON", "QC", None]), "province: must not be missing"),
    (CELLS.assign(release_id=["1503", "1503", "", "1503"]), "release_id: must have the form .+"),
    (
        pd.concat([CELLS, CELLS.tail(1)], ignore_index=True),
        "release_id+province+discipline+eligibility: must be unique",
    ),
]


@pytest.mark.parametrize(("frame", "message"), BROKEN)
def test_each_fault_is_told(frame, message):
    told = screen(frame)
    assert told.startswith("gold.cell breaks its contract (version 1): one fault.")
    assert message in told
    assert "data_dictionary('gold')" in told


def test_all_faults_are_told_at_once_with_the_first_five_keys():
    many = pd.concat([CELLS] * 3, ignore_index=True)
    many["discipline"] = [f"d{i:02}" for i in range(len(many))]
    told = screen(many.assign(seats=0, province="XX"))
    assert "2 faults" in told
    assert "1503 / XX / d00 / CMG (0)" not in told
    assert "1503 / XX / d00 / CMG ('0')" in told
    assert "1503 / XX / d04 / CMG" in told
    assert "d05" not in told
    assert "and 7 more" in told


def test_a_wrong_type_is_told_once_without_the_rules_that_it_makes_meaningless():
    told = screen(CELLS.assign(seats=["a", "b", "c", "d"]))
    assert told.count("seats:") == 1
    assert "Error" not in told


def test_no_contact_detail_and_no_long_value_is_shown():
    told = screen(CELLS.assign(province=["ON", "ON", "someone@example.org 613-555-0100", "y" * 500]))
    assert "example.org" not in told
    assert "555" not in told
    assert "y" * 61 not in told


def test_a_raw_table_may_order_its_columns_and_repeat_its_keys():
    frame = pd.DataFrame({"discipline": ["a", "b"], "discipline_id": ["1", "1"]}, dtype=TEXT)
    assert validate(frame, "raw", "discipline").columns.tolist() == ["discipline_id", "discipline"]


def test_the_index_does_not_matter():
    validate(CELLS.set_index(pd.Index(["x"] * 4)), "gold", "cell")
    told = screen(CELLS.assign(seats=0).set_index(pd.Index(["x"] * 4)))
    assert "1503 / ON / Urology / CMG" in told


def test_an_unknown_table_is_named():
    with pytest.raises(UnknownNameError, match="Did you mean 'cell'"):
        validate(CELLS, "gold", "cells")


@pytest.mark.parametrize(
    "text",
    [
        "write to someone@example.org now",
        "first.last+tag@mail.example.com",
        "someone @ example.org",
        "613-555-0100",
        "(613) 555-0100",
        "613.555.0100",
        "+1 613 555 0100",
        "555-0100",
    ],
)
def test_contact_details_are_redacted(text):
    assert CONTACT.search(text)
    assert "[contact]" in redact_contacts(text)
    assert not CONTACT.search(redact_contacts(text))


@pytest.mark.parametrize("text", ["1503-27447", "0 - 50", "2025-02-04", "201 - 400", "27447", "51 - 75 %", "a" * 64])
def test_facts_are_not_taken_for_contact_details(text):
    assert redact_contacts(text) == text


@pytest.mark.parametrize("layer", ["bronze", "silver", "gold"])
def test_a_table_that_keeps_its_contract_is_known_without_pandera_which_agrees(bundled_layers, layer, monkeypatch):
    """Were it not, every table would go to pandera, right but slow, and no other test would tell."""
    for name, frame in getattr(bundled_layers, layer).items():
        schema = contracts()[layer][name].schema
        schema.validate(frame, lazy=True)
        monkeypatch.setattr(schema, "validate", None)
        assert validate(frame, layer, name).equals(frame)
