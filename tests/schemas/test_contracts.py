"""What the contracts promise, and that they promise it in one voice."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from carms_lib.exceptions import UnknownNameError
from carms_lib.schemas import FIELDS, LAYERS, contract, contracts

ALL = [promise for tables in contracts().values() for promise in tables.values()]
IDS = [f"{promise.layer}.{promise.name}" for promise in ALL]


def test_every_layer_has_its_tables():
    assert tuple(contracts()) == LAYERS
    assert list(contracts()["raw"]) == list(contracts()["bronze"])
    assert {"release", "province", "discipline", "school", "stream", "site", "program"} <= set(contracts()["silver"])
    assert list(contracts()["gold"]) == ["program", "cell"]


@pytest.mark.parametrize("promise", ALL, ids=IDS)
def test_a_contract_is_whole(promise):
    assert promise.row.startswith("One row per ")
    assert promise.version >= 1
    assert set(promise.key) <= set(promise.columns)
    for columns, target in promise.references.items():
        assert set(columns) <= set(promise.columns)
        parent = contract(promise.layer, target)
        assert len(columns) == len(parent.key)
    for name, rule in promise.schema.columns.items():
        assert rule.metadata["source"], f"{name} does not say where it comes from"
        if promise.layer not in {"raw", "audit"} and name in promise.key:
            assert not rule.nullable, f"{name} is part of the key and may be missing"


@pytest.mark.parametrize("promise", ALL, ids=IDS)
def test_raw_and_derived_columns_have_sources_that_exist(promise):
    """A source of the form table.column names a raw column; of silver and gold nothing else is a table."""
    raw = contracts()["raw"]
    for rule in promise.schema.columns.values():
        for table, column in re.findall(r"\b(discipline|program_master|page|section)\.(\w+)", rule.metadata["source"]):
            assert column in raw[table].columns


def test_every_field_of_the_catalogue_is_used_and_described_as_a_sentence():
    used = {name for promise in ALL for name in promise.columns}
    assert used == set(FIELDS)
    for name, meaning in FIELDS.items():
        assert meaning.description[0].isupper(), name
        assert meaning.description.endswith("."), name


def test_an_unknown_layer_or_table_gets_near_names():
    with pytest.raises(UnknownNameError, match="Did you mean 'silver'"):
        contract("sliver", "program")
    with pytest.raises(UnknownNameError, match="Did you mean 'program'"):
        contract("gold", "programme")


def texts(values):
    return pd.DataFrame({"discipline_id": values, "discipline": values})


@pytest.mark.parametrize(
    "values",
    [
        pd.array(["a", None], dtype="string"),
        pd.array(["a", None], dtype="str"),
        pd.array(["a", None], dtype=pd.StringDtype("python")),
        np.array(["a", None], dtype=object),
        np.array([None, None], dtype=object),
    ],
)
def test_text_is_text_however_it_is_stored(values):
    contract("raw", "discipline").schema.validate(texts(values))


@pytest.mark.parametrize("values", [[1, 2], [1.0, None], np.array(["a", 1], dtype=object), [True, False]])
def test_what_is_not_text_is_refused(values):
    with pytest.raises(pa.errors.SchemaError, match="to have type str"):
        contract("raw", "discipline").schema.validate(texts(values))


@pytest.mark.parametrize("unit", ["s", "ns"])
def test_days_have_one_resolution(unit):
    days = pd.array(["2025-01-01"], dtype=f"datetime64[{unit}]")
    frame = pd.DataFrame({"program_stream_id": pd.array(["1"], dtype="str"), "interview_date": days})
    with pytest.raises(pa.errors.SchemaError, match="to have type date"):
        contract("silver", "interview_date").schema.validate(frame)


@pytest.mark.parametrize("promise", ALL, ids=IDS)
def test_an_empty_frame_with_the_contracts_dtypes_is_valid(promise):
    frame = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in promise.dtypes.items()})
    promise.schema.validate(frame, lazy=True)
