"""From a value in gold back to file, row and page: for every column, and on the published files too."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.provenance import sha256_file
from carms_lib.schemas import TEXT, contract, load_reference
from carms_lib.transforms import build

COLUMNS = contract("gold", "program").columns


@pytest.fixture(scope="session")
def layers(bundled_layers):
    return bundled_layers


@pytest.fixture(scope="module")
def whole(layers):
    """The lineage of one program, every column."""
    return layers.lineage(program_stream_id="27447")


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_leads_to_a_published_file(whole, layers, column):
    traced = whole[whole["column"] == column]
    published = traced[traced["source_table"] != "reference"]
    assert len(published) >= 1
    assert set(published["source_file"]) <= set(layers.provenance.sources)
    assert all(layers.provenance.sources[row.source_file] == row.source_sha256 for row in published.itertuples())
    assert published["page"].str.startswith("https://").all()
    for row in published.itertuples():
        bronze = layers.bronze[row.source_table].set_index("source_row").loc[row.source_row]
        if row.source_table != "section":
            printed = bronze[row.source_column]
            assert (pd.isna(printed) and pd.isna(row.printed)) or printed == row.printed
        if row.source_table in {"page", "section"}:
            assert bronze["document_id"] == row.document_id == "1503-27447"


def test_what_was_looked_up_leads_to_the_reviewed_data_too(whole):
    looked_up = whole[whole["rule"].str.startswith("reference")]
    reference = looked_up[looked_up["source_table"] == "reference"]
    assert set(reference["column"]) == set(looked_up["column"])
    assert (reference["value"].fillna("") == reference["printed"].fillna("")).all()
    assert reference["source_file"].str.fullmatch(r"carms_lib/data/reference/(?:stream|school|site)\.csv").all()


def test_a_value_that_was_corrected_says_so(layers):
    traced = layers.lineage("site", program_stream_id="27076").iloc[0]
    assert (traced["value"], traced["printed"]) == ("Indigenous communities", "Indigenous communities - CMG")
    assert traced["note"].startswith("corrected to 'Indigenous communities'")


def test_a_cell_leads_to_every_page_that_it_sums(layers):
    cell = layers.gold["cell"].query("province == 'ON' and discipline == 'Psychiatry'")
    traced = layers.lineage("seats", table="cell", province="ON", discipline="Psychiatry")
    assert traced["printed"].astype(int).sum() == cell["seats"].sum()
    assert len(traced) == cell["programs"].sum()
    assert traced["document_id"].is_unique
    every = layers.lineage(table="cell", province="NL", discipline="Psychiatry", eligibility="CMG")
    assert set(every["column"]) == set(contract("gold", "cell").columns)


def test_a_row_that_was_set_aside_is_no_source(bench):
    again = bench.repeat("page", 0)  # equal rows: the second is set aside
    with pytest.warns(match="repeats an earlier row"):
        layers = build(again.release, max_set_aside=1)
    traced = layers.lineage("quota", program_stream_id="101")
    assert traced["source_row"].tolist() == [1]


def test_a_site_that_no_one_reviewed_has_its_schools_province(bench):
    damaged = bench.set("program_master", "101", program_site="Camelot").set(
        "page", "101", title="Queen’s University - Family Medicine - Camelot"
    )
    with pytest.warns(match="site is reviewed"):
        layers = build(damaged.release)
    traced = layers.lineage("site_province", program_stream_id="101")
    assert traced["source_file"].iloc[0] == "carms_lib/data/reference/school.csv"
    assert traced["printed"].iloc[0] == "ON"


def test_reference_data_that_was_given_is_what_is_traced(bench):
    own = load_reference()
    site = own.site.copy()
    kingston = (site["school"] == "Queen's University") & (site["site"] == "Kingston")
    site.loc[kingston, "site_province"] = "NU"
    site = site.iloc[::-1]  # at another row, under another label
    corrected = pd.DataFrame(
        [("9901", "102", "program_site", "Québec", "Lévis", "moved")], columns=own.correction.columns
    ).astype(TEXT)
    given = replace(own, site=site, correction=corrected)
    with pytest.warns(match="title names the program.*102"):
        layers = build(bench.release, reference=given)
    assert layers.reference is given
    looked_up = layers.lineage("site_province", program_stream_id="101").iloc[0]
    assert (looked_up["value"], looked_up["printed"], looked_up["source_table"]) == ("NU", "NU", "reference")
    assert looked_up[["source_file", "source_sha256"]].isna().all()
    assert looked_up["note"] == "reference.site as given to build"
    assert site["site_province"].iloc[looked_up["source_row"] - 1] == "NU"
    # a table that is still the library's own has its file
    school = layers.lineage("school_province", program_stream_id="101").iloc[0]
    assert school["source_file"] == "carms_lib/data/reference/school.csv"
    assert layers.lineage("site", program_stream_id="102").iloc[0]["note"] == "corrected to 'Lévis': moved"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"column": "quotas", "program_stream_id": "27447"}, UnknownNameError, "Did you mean 'quota'"),
        ({"program_stream_id": "1"}, UnknownNameError, "program_stream_id='1' is unknown"),
        ({"table": "cells", "province": "ON"}, UnknownNameError, "Did you mean 'cell'"),
        ({"colour": "red"}, UnknownNameError, "column='colour' is unknown"),
        ({}, ArgumentError, "Say which rows of gold.program: give at least one of program_stream_id"),
        (
            {"province": "NL", "discipline": "Neurosurgery", "table": "cell"},
            ArgumentError,
            "has no row with .* together",
        ),
    ],
)
def test_what_cannot_be_traced_is_an_error(layers, arguments, error, message):
    with pytest.raises(error, match=message):
        layers.lineage(**arguments)


@pytest.mark.release
def test_the_published_page_prints_what_gold_holds(layers, release_dir):
    """Read the archive by hand where lineage points: the page that it names prints the quota."""
    import zipfile

    sample = layers.gold["program"].iloc[::40]
    with zipfile.ZipFile(release_dir / "program_descriptions.zip") as archive:
        names = {name.rpartition("/")[2]: name for name in archive.namelist()}
        for program in sample.itertuples():
            (traced,) = layers.lineage("quota", program_stream_id=program.program_stream_id).to_dict("records")
            assert traced["source_sha256"] == sha256_file(release_dir / traced["source_file"])
            text = archive.read(names[f"{traced['document_id']}.md"]).decode("utf-8")
            quota = re.search(r"^##\s+(?:Approximate Quota|Quota approximatif)\s*:\s*(\d+)", text, flags=re.MULTILINE)
            assert int(quota[1]) == program.quota == int(traced["value"]) == int(traced["printed"])
            assert f"/{program.program_stream_id}" in traced["page"]
