"""The record of past matches: what it holds, and that nothing of a year or later passes its door."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, SourceNotFoundError, UnknownNameError
from carms_lib.fitting.record import FIGURES, Record, load_record


@pytest.fixture
def small() -> Record:
    rows = [(year, "first_choices", cell, float(10 * year - 20_000 + number))
            for year in (2014, 2015, 2017) for number, cell in enumerate(("Urology", "Psychiatry"))]  # fmt: skip
    return Record.of([*rows, (2015, "quota", "Urology", 30.0)])


def test_a_panel_is_cells_by_years_without_gaps(small):
    panel = small.panel("first_choices")
    assert list(panel.columns) == [2014, 2015, 2016, 2017]
    assert panel.loc["Psychiatry", 2014] == 141.0
    assert panel[2016].isna().all()
    assert small.years("first_choices") == [2014, 2015, 2017]
    panel.loc["Psychiatry", 2014] = -1.0
    assert small.panel("first_choices").loc["Psychiatry", 2014] == 141.0


def test_as_of_holds_nothing_of_the_year_or_later(small):
    before = small.as_of(2017)
    assert before.years("first_choices") == [2014, 2015]
    assert before.as_of(2015).years("first_choices") == [2014]
    with pytest.raises(ArgumentError, match=r"year=2018 is later than this record, which is as of 2017"):
        before.as_of(2018)
    with pytest.raises(ArgumentError, match="no figure of the record was public before that match"):
        small.as_of(2014)


@pytest.mark.parametrize("year", [True, "2017", 2017.0, None])
def test_a_year_is_a_whole_number(small, year):
    with pytest.raises(ArgumentError, match="must be the year of a match"):
        small.as_of(year)


def test_unknown_figures_are_named(small):
    with pytest.raises(UnknownNameError, match="first_choice"):
        small.panel("first_choice")
    with pytest.raises(UnknownNameError, match="wishes"):
        Record.of([(2017, "wishes", "Urology", 1.0)])


def test_a_folder_without_a_table_says_which(tmp_path):
    (tmp_path / "national_by_year.csv").write_text("")
    with pytest.raises(SourceNotFoundError, match=r"discipline_by_year\.csv.*geography_by_year\.csv"):
        load_record(tmp_path)


@pytest.fixture(scope="module")
def record(data_dir) -> Record:
    return load_record(data_dir / "published")


@pytest.mark.release
class TestThePublishedTables:
    def test_every_figure_is_there_with_its_source_and_date(self, record):
        assert set(record.figures["figure"]) == set(FIGURES)
        assert record.figures["source"].str.startswith("http").all()
        assert not record.figures.duplicated(["figure", "cell", "year"]).any()
        assert (pd.to_datetime(record.figures["public_by"]).dt.year == record.figures["year"]).all()
        shares = record.figures["figure"].map(
            {name: figure.unit.startswith("share") for name, figure in FIGURES.items()}
        )
        assert record.figures.loc[shares, "value"].between(0, 1).all()

    @pytest.mark.parametrize(
        ("figure", "cell", "year", "value"),
        [
            ("first_choices", "Dermatology", 2016, 64),
            ("quota", "Family Medicine", 2017, 1359),
            ("first_choice_unmatched", "Plastic Surgery", 2014, 17),
            ("unfilled_first_iteration", "Family Medicine", 2017, 151),
            ("fm_unfilled_first_iteration", "NS", 2025, 24),  # one figure for the three Maritime provinces
            ("fm_unfilled_first_iteration", "NS", 2023, 3),  # New Brunswick's, and none of Nova Scotia's
            ("fm_unfilled_first_iteration", "QC", 2016, 67),  # the sum of four schools
            ("img_matched_final", "", 2025, 851),
            ("unfilled_final", "", 2025, 118),
        ],
    )
    def test_values_are_those_of_the_tables(self, record, figure, cell, year, value):
        assert record.panel(figure).loc[cell, year] == value

    def test_a_province_is_not_the_sum_of_some_of_its_schools(self, record):
        """The press named two schools of 2025; the province has its own figure, and Ontario is no sum of few."""
        assert record.panel("fm_unfilled_first_iteration").loc["AB", 2025] == 31
        assert record.years("fm_unfilled_first_iteration") == [2016, 2017, 2023, 2024, 2025]

    def test_the_rate_is_the_one_published(self, record):
        rate = record.panel("first_choice_rate")
        assert rate.loc["Urology", 2011] == 0.67
        assert np.isclose(rate.loc["Dermatology", 2016], 0.44, atol=0.005)
