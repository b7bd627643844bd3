"""Rolling forecasts: nothing of the year forecast is used, weights go to who was nearer, and targets on real years."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.fitting.published import read_published
from carms_lib.fitting.record import FIGURES, Record, load_record
from carms_lib.forecasting.demand import DEMAND_GRADES, expected_first_choices, weighted_level
from carms_lib.forecasting.disciplines import DISCIPLINE_FIGURES, Design, forecast_figure
from carms_lib.forecasting.rolling import ORIGINS, Origin, nested_forecasts, pool_of, pool_weights, score_forecasts
from carms_lib.forecasting.simulated import SimulatedYears


@pytest.fixture(scope="module")
def made() -> Record:
    """Eight years of six disciplines whose rate answers to seats per first choice as the model says, with noise."""
    rng = np.random.default_rng(5)
    rows = []
    for number in range(6):
        cell, base = f"discipline {number}", rng.normal(0.5, 0.5)
        for year in range(2009, 2018):
            quota = 40.0 + rng.integers(-8, 9)
            first = 60.0 + rng.integers(-20, 21)
            applied = first * 2.0
            odds = base + 1.5 * np.log((quota + 0.5) / (first + 0.5)) + rng.normal(0, 0.05)
            rate = 1 / (1 + np.exp(-odds))
            figures = {
                "quota": quota, "first_choices": first, "applications": applied, "first_choice_rate": rate,
                "first_choice_unmatched": round(first * (1 - rate) * 0.4),
                "unfilled_first_iteration": rng.integers(0, 5),
            }  # fmt: skip
            rows += [(year, name, cell, float(value)) for name, value in figures.items()]
    return Record.of(rows)


def test_a_level_weighs_later_years_more_and_never_the_year_itself():
    values = pd.DataFrame({2014: [1.0, np.nan], 2015: [2.0, 4.0], 2016: [100.0, 100.0]}, index=["a", "b"])
    level = weighted_level(values, 2016, 0.5)
    assert level["a"] == pytest.approx((0.5 * 1 + 2) / 1.5)
    assert level["b"] == 4.0


def test_grades_of_news_are_obeyed_or_refused(made):
    before, quota = made.as_of(2017), made.panel("quota")[2017]
    applied = made.panel("applications")[2017]
    news = {"applications": applied, "first_choices": made.panel("first_choices")[2017]}
    told = expected_first_choices(before, 2017, quota, news, grade="applications")
    pd.testing.assert_series_equal(told, applied / 2, check_names=False)
    truth = expected_first_choices(before, 2017, quota, news, grade="first_choices")
    pd.testing.assert_series_equal(truth, news["first_choices"], check_names=False)
    none = expected_first_choices(before, 2017, quota, news)
    assert none.sum() == pytest.approx(
        made.panel("first_choices")[2016].sum() * quota.sum() / made.panel("quota")[2016].sum()
    )
    with pytest.raises(UnknownNameError, match="interviews"):
        expected_first_choices(before, 2017, quota, news, grade="interviews")
    with pytest.raises(ArgumentError, match=r"needs the applications of 2017.*got nothing"):
        expected_first_choices(before, 2017, quota, grade="applications")
    with pytest.raises(ArgumentError, match="sum of 0"):
        expected_first_choices(before, 2017, quota, {"applications": applied * 0}, grade="applications")


def test_without_response_and_memory_a_forecast_is_last_years_figure(made):
    quota, choices = made.panel("quota")[2017], made.panel("first_choices")[2017]
    found = forecast_figure(made.as_of(2017), "first_choice_rate", 2017, quota, choices, Design(1e-9, 0.0))
    last, first = made.panel("first_choice_rate")[2016], made.panel("first_choices")[2016]
    np.testing.assert_allclose(found, (last * first + 0.5) / (first + 1.0), rtol=1e-6)


def test_the_response_of_a_made_record_is_found(made):
    forecasts = nested_forecasts(made, "first_choice_rate", "first_choices")
    origins = {year: Origin.of(made, "first_choice_rate", "first_choices", year) for year in range(2012, 2018)}
    pools = {year: pool_of(origin, "first_choice_rate") for year, origin in origins.items()}
    weights = pool_weights(pools, origins, 2017)
    response = sum(weights[each.name] * each.response for each in DISCIPLINE_FIGURES["first_choice_rate"].designs)
    assert response == pytest.approx(1.5, abs=0.4)
    assert forecasts.groupby("year")["weight_rival"].first()[2017] < 0.1
    scores = score_forecasts(forecasts)
    assert scores["against_last_year"] < 0.6
    assert 0 <= scores["coverage"] <= 1


def test_weights_sum_to_one_and_go_to_who_was_nearer(made):
    figure = "first_choice_rate"
    origins = {year: Origin.of(made, figure, "first_choices", year) for year in (2012, 2013, 2014)}
    pools = {year: pool_of(origin, figure) for year, origin in origins.items()}
    begin = pool_weights(pools, origins, 2012)
    assert begin.sum() == pytest.approx(1)
    assert begin["rival"] == pytest.approx(0.5)
    error = pools[2012].sub(origins[2012].published, axis=0).abs().mean()
    then = pool_weights(pools, origins, 2013)
    ratio = then / begin
    assert ratio.idxmax() == error.idxmin()
    assert ratio.idxmin() == error.idxmax()


@pytest.mark.parametrize("grade", DEMAND_GRADES)
@pytest.mark.parametrize("figure", DISCIPLINE_FIGURES)
def test_a_forecast_is_the_same_bits_whatever_came_of_the_year_and_later(made, figure, grade):
    """Outcomes of the year and later are scrambled; inputs of the year, which are known, are not."""
    year = 2016
    rng = np.random.default_rng(9)
    frame = made.figures.copy()
    later = (frame["year"] >= year) & ~frame["figure"].map({name: each.is_input for name, each in FIGURES.items()})
    if grade == "first_choices":
        later &= ~((frame["figure"] == "first_choices") & (frame["year"] == year))  # told, in this grade
    for name in frame.loc[later, "figure"].unique():
        chosen = later & (frame["figure"] == name)
        frame.loc[chosen, "value"] = rng.permutation(frame.loc[chosen, "value"].to_numpy()) * 0.5
    columns = ["year", "cell", "estimate", "lower", "upper", "statistical", "weight_rival", "response", "spread"]
    before, after = (nested_forecasts(Record(each), figure, grade) for each in (made.figures, frame))
    asked = [each.loc[each["year"] <= year, columns].reset_index(drop=True) for each in (before, after)]
    assert len(asked[0])
    pd.testing.assert_frame_equal(*asked, check_exact=True)
    assert not before.loc[before["year"] > year, columns].equals(after.loc[after["year"] > year, columns])


@pytest.fixture(scope="module")
def record(data_dir) -> Record:
    return load_record(data_dir / "published")


@pytest.fixture(scope="module")
def simulator(data_dir) -> SimulatedYears:
    return SimulatedYears.of(read_published(data_dir / "published"), n_draws=60)


@pytest.mark.release
def test_a_year_is_simulated_with_its_seats_and_its_demand(record, simulator):
    quota, first = record.panel("quota")[2014], record.panel("first_choices")[2014]
    figures = simulator.figures(2014, quota, first)
    assert simulator.figures(2014, quota.copy(), first.copy()) is figures
    published = {name: record.panel(name)[2014] for name in figures.columns}
    large = quota.index[quota >= 20]
    error = (figures["first_choice_rate"] - published["first_choice_rate"])[large].abs().mean()
    last = (record.panel("first_choice_rate")[2013] - published["first_choice_rate"])[large].abs().mean()
    assert error < last  # told the demand, the bare simulator is nearer than last year's figure
    assert figures["first_choice_rate"].dropna().between(0, 1).all()
    more = simulator.figures(2014, quota.where(quota.index != "Dermatology", 45.0), first)
    assert more.loc["Dermatology", "first_choice_rate"] > figures.loc["Dermatology", "first_choice_rate"] + 0.1


@pytest.mark.release
def test_the_simulated_response_is_of_the_year_alone(record, simulator):
    """The same bits, whatever came of the year and later."""
    frame = record.figures.copy()
    later = (frame["year"] >= 2015) & ~frame["is_input"]
    for name in frame.loc[later, "figure"].unique():
        chosen = later & (frame["figure"] == name)
        frame.loc[chosen, "value"] = frame.loc[chosen, "value"].to_numpy()[::-1] * 0.5
    origins = [
        Origin.of(each, "first_choice_unmatched", "applications", 2015, simulator) for each in (record, Record(frame))
    ]
    pools = [pool_of(origin, "first_choice_unmatched") for origin in origins]
    pd.testing.assert_frame_equal(*pools, check_exact=True)
    assert sum(name.startswith("simulated") for name in pools[0].columns) == 16


@pytest.mark.release
class TestPastYears:
    """Errors of nested forecasts against last year's figure, on every year that the tables allow."""

    @pytest.mark.parametrize(
        ("figure", "grade", "most"),
        [
            ("first_choice_rate", "applications", 0.80),
            ("first_choice_unmatched", "applications", 0.80),
            ("first_choice_rate", "none", 0.90),
            ("first_choice_unmatched", "none", 0.85),
        ],
    )
    def test_forecasts_beat_last_years_figure_by_what_was_asked(self, record, simulator, figure, grade, most):
        forecasts = nested_forecasts(record, figure, grade, simulator=simulator)
        assert sorted(forecasts["year"].unique()) == list(range(ORIGINS[figure][0], ORIGINS[figure][1] + 1))
        scores = score_forecasts(forecasts)
        assert scores["against_last_year"] <= most
        assert scores["against_rival"] <= 1.02
        assert 0.82 <= scores["coverage"] <= 0.98
