"""The longitudinal layer: against series whose future is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.plotting import plot_backtest
from carms_lib.pressure import SERIES_MODELS, load_series, project_series
from carms_lib.pressure.series import SeriesStep, choose_model, widening
from matplotlib.figure import Figure


def _frame(values: list[float], first: int = 2010, name: str = "seats") -> pd.DataFrame:
    return pd.DataFrame({"series": name, "year": range(first, first + len(values)), "value": values})


def test_a_straight_line_goes_on() -> None:
    frame = _frame([10.0, 12.0, 14.0, 16.0, 18.0, 20.0])
    for model in ("trend", "drift"):
        got = project_series(frame, until=2018, model=model, transform="none").to_frame()
        assert got["year"].tolist() == [2016, 2017, 2018]
        assert got["estimate"].tolist() == pytest.approx([22.0, 24.0, 26.0])
    naive = project_series(frame, until=2018, model="naive", transform="none").to_frame()
    assert naive["estimate"].tolist() == [20.0] * 3
    width = naive["upper"] - naive["lower"]
    assert width.tolist() == pytest.approx((width.iloc[0] * np.sqrt([1, 2, 3])).tolist())


def test_drift_by_hand_over_a_gap() -> None:
    """Steps of 2 in one year and 6 in two: drift 8 / 3 a year."""
    frame = pd.DataFrame({"series": "x", "year": [2010, 2011, 2013, 2014], "value": [1.0, 3.0, 9.0, 11.0]})
    got = project_series(frame, until=2016, model="drift", transform="none").to_frame()
    assert got["estimate"].tolist() == pytest.approx([11 + 10 / 4, 11 + 20 / 4])


def test_auto_keeps_to_the_last_value_unless_a_trend_is_clearly_better() -> None:
    rising = project_series(_frame([100.0 * 1.05**i for i in range(12)]), until=2022).to_frame()
    assert set(rising["model"]) <= {"trend", "drift"}
    assert rising["estimate"].iloc[0] == pytest.approx(100.0 * 1.05**12, rel=1e-6)
    # Misses of naive and trend: a trend is taken when clearly better, after four forecasts, and not before.
    assert choose_model(_steps(naive=[2, 2, 2, 2], trend=[1, 1, 1, 1])) == "trend"
    assert choose_model(_steps(naive=[2, 2, 2, 2], trend=[1, 1, 1, 1]), 3) == "naive"
    assert choose_model(_steps(naive=[2, 2, 2, 2], trend=[1.9, 1.9, 1.9, 1.9])) == "naive"


def test_intervals_widen_by_what_earlier_ones_missed() -> None:
    calm = [SeriesStep(0.0, 1.0, 5.0, 0.5, 1.0)] * 4
    missed = [SeriesStep(0.0, 1.0, 5.0, 3.0, 1.0)] * 4
    assert widening(calm) == 1.0
    assert widening(missed) == pytest.approx(3.0)
    assert widening(missed, 0) == 1.0


def _steps(**misses: list[float]) -> dict[str, list[SeriesStep]]:
    return {name: [SeriesStep(0.0, 1.0, 5.0, 0.0, miss) for miss in values] for name, values in misses.items()}


@pytest.mark.parametrize("model", ["naive", "drift"])
def test_intervals_cover_the_next_value_of_random_walks(model: str) -> None:
    """300 walks of 8 years: 90 % intervals hold the next value 86 to 96 times in a hundred."""
    rng = np.random.default_rng(4)
    steps = rng.normal(0.0 if model == "naive" else 5.0, 3.0, size=(300, 9))
    walks = 1_000 + np.cumsum(steps, axis=1)
    frame = pd.concat([_frame(walk[:8].tolist(), name=f"{i:03}") for i, walk in enumerate(walks)])
    got = project_series(frame, until=2018, model=model, transform="none").to_frame()
    assert got["series"].is_monotonic_increasing
    covered = ((got["lower"] <= walks[:, 8]) & (walks[:, 8] <= got["upper"])).mean()
    assert 0.86 <= covered <= 0.96


def test_forecasts_stay_where_values_can_be() -> None:
    shares = project_series(_frame([0.97, 0.98, 0.96, 0.99, 0.985]), until=2016, model="drift").to_frame()
    assert shares[["lower", "upper"]].to_numpy().max() < 1.0
    counts = project_series(_frame([9.0, 4.0, 6.0, 2.0, 1.0]), until=2017, model="trend").to_frame()
    assert counts["lower"].min() > 0.0


def test_the_backtest_uses_the_past_alone() -> None:
    values = [10.0, 12.0, 11.0, 13.0, 12.0, 14.0, 13.0]
    whole = project_series(_frame(values), until=2018, model="drift").tests
    cut = project_series(_frame(values[:-1]), until=2018, model="drift").tests
    pd.testing.assert_frame_equal(whole.iloc[:-1], cut)
    assert whole["naive"].tolist() == values[3:-1]
    told = project_series(_frame(values), until=2018, model="drift").backtest().iloc[0]
    assert told["forecasts"] == 3
    assert told["naive_error"] == pytest.approx(np.mean([1.0, 2.0, 1.0]))


def test_short_series_say_so() -> None:
    frame = pd.concat([_frame([1.0, 2.0, 3.0], name="short"), _frame([3.0, 4.0, 3.0, 5.0, 4.0], name="long")])
    projection = project_series(frame, until=2016, model="naive")
    rows = projection.to_frame().set_index("series")
    assert rows.loc["short", "estimate"].isna().all()
    assert set(rows.loc["short", "reason"]) == {"fewer than 4 values"}
    assert rows.loc["long", "estimate"].notna().all()
    assert "without an estimate" in projection.summary()
    alone = project_series(frame.query("series == 'short'"), until=2016)
    assert alone.backtest().empty
    assert "no back-test" in alone.summary()


def test_the_bundled_headlines_each_have_a_source_and_can_be_projected(tmp_path) -> None:
    series = load_series()
    assert series["source"].str.match(r"https?://").all()
    assert not series.duplicated(["series", "year"]).any()
    assert series["value"].gt(0).all()
    chosen = series[series["series"].isin(["fm_seats", "fm_first_choice_share"])]
    projection = project_series(chosen, until=2026, model="drift")
    ax = projection.plot(ax=Figure().add_subplot(), series="fm_seats")
    assert ax.get_title(loc="left") == "fm seats"
    growth = projection.growth().set_index(["series", "year"])
    row = projection.to_frame().set_index(["series", "year"]).loc[("fm_seats", 2026)]
    assert growth.loc[("fm_seats", 2026), "estimate"] == pytest.approx(row["estimate"] / 1_821)
    path = projection.save(tmp_path / "series.csv")
    assert len(pd.read_csv(path)) == len(projection.to_frame())
    assert "backtest" in path.with_name("series.csv.provenance.json").read_text("utf-8")
    assert plot_backtest(projection.tests, ax=Figure().add_subplot()).get_xlabel() == "published"


def test_every_model_gives_finite_intervals() -> None:
    frame = _frame([100.0, 104.0, 99.0, 107.0, 111.0, 108.0])
    for model in SERIES_MODELS:
        got = project_series(frame, until=2017, model=model).to_frame()
        assert np.isfinite(got[["estimate", "lower", "upper"]].to_numpy()).all()
        assert (got["lower"] <= got["estimate"]).all()
        assert (got["estimate"] <= got["upper"]).all()


@pytest.mark.parametrize(
    ("frame", "options", "error", "message"),
    [
        (_frame([1.0] * 5), {"until": 2014}, ArgumentError, "until=2014"),
        (_frame([1.0] * 5), {"model": "arima"}, UnknownNameError, "model"),
        (_frame([1.0] * 5), {"transform": "logs"}, UnknownNameError, "'log'"),
        (_frame([1.0] * 5), {"keys": "serie"}, UnknownNameError, "'series'"),
        (_frame([1.0] * 5), {"keys": []}, ArgumentError, "tells the series apart"),
        (_frame([1.0] * 5), {"level": 90}, ArgumentError, "level"),
        (_frame([1.0] * 5).iloc[:0], {}, ArgumentError, "no rows"),
        (_frame([1.0, None, 2.0]), {}, ArgumentError, "finite number"),
        (pd.concat([_frame([1.0] * 5)] * 2), {}, ArgumentError, "twice"),
        (_frame([0.0, 1.0, 2.0, 3.0, 4.0]), {"transform": "log"}, ArgumentError, "does not suit"),
    ],
)
def test_bad_series(frame, options, error, message) -> None:
    with pytest.raises(error, match=message):
        project_series(frame, **{"until": 2020, **options})
