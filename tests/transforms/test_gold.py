"""Silver to gold: joined, conserved, small."""

from __future__ import annotations

import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, SchemaError, UnknownNameError
from carms_lib.transforms import to_bronze, to_gold, to_silver


def test_a_program_is_one_wide_row(bench):
    program = to_gold(bench.silver())["program"]
    assert program["program_stream_id"].tolist() == ["101", "102", "103", "104"]
    row = program.set_index("program_stream_id").loc["103"]
    expected = {
        "cycle": 2025,
        "iteration": "first",
        "eligibility": "IMG",
        "admits_motp": False,
        "home_province": "NB",
        "school_province": "NS",
        "site_province": "NB",
        "language": "either",
        "quota": 1,
        "applications_band": "51 - 200",
        "applications_lower": 51,
        "applications_upper": 200,
        "interview_band": "26 - 50",
        "interview_lower": 26,
        "interview_upper": 50,
        "n_sections": 3,
        "n_sections_filled": 2,
    }
    assert {name: row[name] for name in expected} == expected


def test_cells_sum_to_programs(bench):
    gold = to_gold(bench.silver())
    cell = gold["cell"]
    assert cell["seats"].sum() == gold["program"]["quota"].sum() == 10
    assert cell["programs"].sum() == 4
    assert cell.columns.tolist() == ["release_id", "province", "discipline", "eligibility", "programs", "seats"]
    assert cell.set_index(["province", "eligibility"])["seats"].to_dict() == {
        ("BC", "ALL"): 3,
        ("NS", "IMG"): 1,
        ("ON", "CMG"): 3,
        ("QC", "ALL"): 3,
    }


def test_a_program_without_sections_stays(bench):
    silver = {**bench.silver()}
    silver["section"] = silver["section"].query("program_stream_id != '101'")
    program = to_gold(silver)["program"]
    assert program["n_sections"].tolist() == [0, 3, 3, 3]
    assert program["n_sections_filled"].tolist()[0] == 0


@pytest.mark.parametrize(
    ("table", "column"),
    [("band", "applications_lower"), ("stream", "eligibility"), ("school", "school_province"), ("release", "cycle")],
)
def test_a_program_without_band_or_dimension_member_breaks_the_contract(bench, table, column):
    silver = {**bench.silver()}
    silver[table] = silver[table].iloc[1:]
    with pytest.raises(SchemaError, match=r"gold\.program breaks its contract") as caught:
        to_gold(silver)
    assert column in str(caught.value)


def test_gold_of_nothing_is_nothing(bench):
    silver = {name: frame.iloc[:0] for name, frame in bench.silver().items()}
    gold = to_gold(silver)
    assert gold["program"].empty
    assert gold["cell"].empty
    assert gold["program"].dtypes.equals(to_gold(bench.silver())["program"].dtypes)


def test_a_layer_is_a_mapping_that_tells_what_it_has(bench):
    gold = to_gold(bench.silver())
    assert list(gold) == ["program", "cell"]
    assert len(gold) == 2
    assert repr(gold) == "Layer('gold', rows={program: 4, cell: 4}, quarantined=0)"
    assert "One row per program" in gold.summary()
    with pytest.raises(UnknownNameError, match="Did you mean 'program'"):
        gold["programs"]
    with pytest.raises(TypeError):
        gold["program"] = pd.DataFrame()  # type: ignore[index]


def test_another_layer_is_refused(bench):
    bronze = to_bronze(bench.release)
    with pytest.raises(ArgumentError, match="The layer 'silver' is needed; 'bronze' was given"):
        to_gold(bronze)
    with pytest.raises(ArgumentError, match="The layer 'bronze' is needed; 'silver' was given"):
        to_silver(bench.silver())


def test_tables_of_ones_own_are_held_against_the_contract(bench):
    silver = {**bench.silver()}
    with pytest.raises(SchemaError, match=r"silver\.program breaks its contract"):
        to_gold({**silver, "program": silver["program"].drop(columns="quota")})
    del silver["band"]
    with pytest.raises(UnknownNameError, match="table of silver='band' is unknown"):
        to_gold(silver)


def test_each_layer_carries_what_it_was_made_from(bench):
    bronze = to_bronze(bench.release)
    silver = to_silver(bronze)
    assert bronze.provenance == silver.provenance == to_gold(silver).provenance == bench.release.provenance
    assert silver.provenance.sources["9901_discipline.xlsx"] == "a" * 64
    # a mapping of one's own does not say, and nothing is made up
    assert to_gold(dict(silver)).provenance is None
