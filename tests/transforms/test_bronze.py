"""Raw to bronze: nothing dropped, nothing changed, everything stamped."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from carms_lib.exceptions import SchemaError, UnknownNameError
from carms_lib.transforms import to_bronze


def test_every_value_is_kept_and_every_row_is_stamped(bench):
    bronze = to_bronze(bench.release)
    for table, raw in bench.release.tables.items():
        frame = bronze[table]
        pd.testing.assert_frame_equal(frame[list(raw.columns)], raw)
        assert frame["source_row"].tolist() == list(range(1, len(raw) + 1))
        assert set(frame["release_id"]) == {"9901"}
    assert set(bronze["discipline"]["source_file"]) == {"9901_discipline.xlsx"}
    assert set(bronze["section"]["source_file"]) == {"program_descriptions.zip"}
    assert set(bronze["page"]["source_sha256"]) == {"c" * 64}


def test_rows_that_later_fail_are_still_in_bronze(bench):
    damaged = bench.set("page", "101", quota="none").repeat("program_master", 0)
    bronze = to_bronze(damaged.release)
    assert bronze["page"].loc[0, "quota"] == "none"
    assert len(bronze["program_master"]) == 5
    assert bronze.quarantine.empty
    assert (bronze.steps["rows_read"] == bronze.steps["rows_kept"]).all()


def test_a_table_that_came_from_several_files_names_them_all(bench):
    sources = pd.concat([bench.release.sources, bench.release.sources.tail(1).assign(file="more.zip")])
    page = to_bronze(replace(bench.release, sources=sources))["page"]
    assert set(page["source_file"]) == {"program_descriptions.zip; more.zip"}
    assert page["source_sha256"].isna().all()


def test_without_named_sources_the_origin_stands_in(bench):
    release = replace(bench.release, sources=bench.release.sources.iloc[:0])
    assert set(to_bronze(release)["page"]["source_file"]) == {"invented"}


def test_columns_may_stand_in_any_order(bench):
    backwards = {name: frame[frame.columns[::-1]] for name, frame in bench.release.tables.items()}
    again = to_bronze(replace(bench.release, tables=backwards))
    for name, frame in to_bronze(bench.release).items():
        pd.testing.assert_frame_equal(again[name], frame)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda page: page.drop(columns="quota"), "quota: is missing"),
        (lambda page: page.rename(columns={"quota": "quotas"}), "the table has 'quotas' instead"),
        (lambda page: page.assign(colour="red"), "colour: is not part of the contract"),
        (lambda page: page.assign(quota=3), "quota: must be of type str, is int64"),
        (lambda page: page.assign(quota=[1, "2", None, "x"]), "quota: must be of type str, is object"),
    ],
)
def test_a_table_of_another_form_is_one_clear_error(bench, damage, message):
    tables = dict(bench.release.tables) | {"page": damage(bench.release["page"])}
    with pytest.raises(SchemaError, match=r"raw\.page breaks its contract") as caught:
        to_bronze(replace(bench.release, tables=tables))
    assert message in str(caught.value)


def test_a_missing_table_is_named(bench):
    tables = {name: frame for name, frame in bench.release.tables.items() if name != "page"}
    with pytest.raises(UnknownNameError, match="table='page' is unknown"):
        to_bronze(replace(bench.release, tables=tables))
