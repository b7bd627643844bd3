"""The data dictionary says what the contracts say."""

from __future__ import annotations

import pytest
from carms_lib.exceptions import UnknownNameError
from carms_lib.schemas import FIELDS, LAYERS, contracts, data_dictionary


def test_every_column_of_every_table_is_there_once():
    told = data_dictionary()
    promised = [
        (layer, name, column)
        for layer, tables in contracts().items()
        for name, promise in tables.items()
        for column in promise.columns
    ]
    assert list(told[["layer", "table", "column"]].itertuples(index=False, name=None)) == promised
    assert told["description"].ne("").all()
    assert told["source"].ne("").all()


@pytest.mark.parametrize("layer", LAYERS)
def test_one_layer_at_a_time(layer):
    told = data_dictionary(layer)
    everything = data_dictionary()
    assert told.to_dict("records") == everything[everything["layer"] == layer].to_dict("records")


def test_what_it_says_of_a_column():
    told = data_dictionary().set_index(["layer", "table", "column"])
    assert told.loc[("gold", "program", "quota")].to_dict() == {
        "version": 2,
        "position": 22,
        "dtype": "int64",
        "nullable": False,
        "key": False,
        "references": "",
        "unit": "seats",
        "description": FIELDS["quota"].description,
        "source": "silver program",
        "allowed": ">= 1",
    }
    assert told.loc[("gold", "program", "eligibility"), "allowed"] == "CMG | IMG | ALL | MOTP"
    assert told.loc[("gold", "program", "interview_lower"), "allowed"] == ">= 0; <= 100"
    assert told.loc[("silver", "program", "document_id"), "allowed"] == "form .+-[0-9]+"
    assert told.loc[("silver", "program", "stream"), "references"] == "stream"
    assert told.loc[("silver", "site", "site"), "key"]
    assert told.loc[("silver", "program", "school"), "source"] == "program_master.school_name"
    assert told.loc[("raw", "program_master", "row_number"), "source"].endswith("which has no name")


def test_an_unknown_layer_gets_near_names():
    with pytest.raises(UnknownNameError, match="Did you mean 'gold'"):
        data_dictionary("golden")
