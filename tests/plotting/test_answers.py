"""Ranks, supply, series, back-tests, sensitivity and placements: what each figure draws."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from carms_lib import plotting
from carms_lib.exceptions import ArgumentError, UnknownNameError
from matplotlib.colors import to_hex


def texts(ax):
    return [text.get_text() for text in ax.texts]


def of_gid(ax, gid):
    return [artist for artist in [*ax.collections, *ax.texts] if artist.get_gid() == gid]


def rows(ax):
    return [label.get_text().replace("\n", " ") for label in ax.get_yticklabels()]


class TestRanks:
    def frame(self):
        return pd.DataFrame(
            {
                "metric": "rank", "scenario": "baseline", "cell": list("BAC"), "estimate": [2.0, 1.0, np.nan],
                "lower": [1.0, 1.0, np.nan], "upper": [3.0, 2.0, np.nan], "level": 0.9, "kind": "outcome",
                "n_draws": 500, "of": "pressure", "value": [0.4, 0.6, np.nan],
                "among_first": [0.25, 1.0, np.nan], "k": 1,
            }
        )  # fmt: skip

    def test_intervals_points_and_probabilities(self, ax):
        plotting.plot_ranks(self.frame(), ax=ax)
        assert rows(ax) == ["A", "B"]
        (bands,) = of_gid(ax, "bands")
        assert [segment[:, 0].tolist() for segment in bands.get_segments()] == [[1.0, 2.0], [1.0, 3.0]]
        (points,) = of_gid(ax, "ranks")
        assert np.asarray(points.get_offsets()).tolist() == [[1.0, 0.0], [2.0, 1.0]]
        assert [text.get_text() for text in of_gid(ax, "among")] == ["100 %", "25 %"]
        colours = [to_hex(colour) for colour in bands.get_colors()]
        assert colours[0] != colours[1]
        assert ax.get_title(loc="left") == "Ranks by: pressure: first choices that end elsewhere"
        assert "baseline · 90 % outcome band · 500 draws" in texts(ax)
        assert any(text.endswith("1 suppressed.") for text in texts(ax))

    def test_only_the_first_and_bad_frames(self, ax, make_bands):
        plotting.plot_ranks(self.frame(), ax=ax, n_rows=1)
        assert rows(ax) == ["A"]
        with pytest.raises(ArgumentError, match="rank_groups"):
            plotting.plot_ranks(make_bands({"cell": ["A"]}, [1.0]), ax=ax)
        with pytest.raises(ArgumentError, match="large enough"):
            plotting.plot_ranks(self.frame().iloc[2:], ax=ax)


class TestSupply:
    def proxy(self):
        frame = pd.DataFrame(
            {
                "cell": list("ABCD"), "supply_score": [1.0, 0.5, 0.1, 0.0], "estimate": [0.2, 0.6, 0.4, np.nan],
                "lower": [0.1, 0.5, 0.3, np.nan], "upper": [0.3, 0.7, 0.5, np.nan],
                "first_choice_ratio": [1.0, 2.0, 3.0, 4.0], "gap": [0.0, 1.0, -1.0, np.nan],
            }
        )  # fmt: skip
        return SimpleNamespace(
            frame=frame, keys=("cell",), metric="pressure", level=0.9, correlation=(0.5, 0.25, 0.75), n_draws=300
        )

    def test_marks_bands_and_names(self, ax):
        plotting.plot_supply(self.proxy(), ax=ax, n_labels=2)
        marks = ax.collections[-1]
        assert np.asarray(marks.get_offsets()).tolist() == [[1.0, 0.2], [0.5, 0.6], [0.1, 0.4]]
        assert marks.get_array().tolist() == [1.0, 2.0, 3.0]
        assert {text.get_text() for text in of_gid(ax, "name")} == {"B", "C"}
        assert any("0.50 (0.25 to 0.75)" in text and "300 draws" in text for text in texts(ax))
        assert ax.get_xscale() == "log"

    def test_bad_number_of_names(self, ax):
        with pytest.raises(ArgumentError, match="n_labels"):
            plotting.plot_supply(self.proxy(), ax=ax, n_labels=-1)


class TestSeries:
    def projection(self):
        history = pd.DataFrame(
            {"series": ["x"] * 4 + ["y"], "year": [2010, 2011, 2013, 2014, 2014], "value": [1.0, 2, 4, 5, 9]}
        )
        tests = pd.DataFrame(
            {
                "series": ["x"],
                "year": [2014],
                "lower": [3.0],
                "upper": [4.5],
                "covered": [False],
                "estimate": [4.0],
                "value": [5.0],
            }
        )
        frame = pd.DataFrame(
            {
                "series": ["x", "x", "y"], "year": [2015, 2016, 2015], "estimate": [6.0, 7.0, np.nan],
                "lower": [5.0, 5.5, np.nan], "upper": [7.0, 8.5, np.nan], "model": ["trend", "trend", None],
            }
        )  # fmt: skip
        return SimpleNamespace(frame=frame, history=history, tests=tests, keys=("series",), level=0.9)

    def test_values_fan_and_earlier_forecasts(self, ax):
        plotting.plot_series(self.projection(), ax=ax, series="x")
        (values,) = of_gid(ax, "values")
        assert np.asarray(values.get_offsets()).tolist() == [[2010, 1], [2011, 2], [2013, 4], [2014, 5]]
        (fan,) = of_gid(ax, "fan")
        corners = {tuple(point) for point in fan.get_paths()[0].vertices.tolist()}
        assert {(2014.0, 5.0), (2016.0, 5.5), (2016.0, 8.5), (2015.0, 7.0)} <= corners
        (tests,) = of_gid(ax, "tests")
        assert tests.get_segments()[0].tolist() == [[2014.0, 3.0], [2014.0, 4.5]]
        assert np.isnan(ax.lines[0].get_ydata()[2])  # no line through a year without a figure
        assert any("model: trend" in text and "0 of 1 earlier forecasts held" in text for text in texts(ax))

    def test_a_series_without_a_forecast_says_so(self, ax):
        plotting.plot_series(self.projection(), ax=ax, series="y")
        assert of_gid(ax, "fan") == []
        assert any("too few values to forecast" in text for text in texts(ax))

    def test_which_series_must_be_clear(self, ax):
        with pytest.raises(ArgumentError, match="2 series"):
            plotting.plot_series(self.projection(), ax=ax)
        with pytest.raises(UnknownNameError, match="series"):
            plotting.plot_series(self.projection(), ax=ax, serie="x")
        with pytest.raises(UnknownNameError, match="series"):
            plotting.plot_series(self.projection(), ax=ax, series="z")

    def test_backtest_tells_what_held_from_what_did_not(self, ax):
        tests = pd.DataFrame(
            {"value": [10.0, 20.0], "estimate": [11.0, 40.0], "lower": [8.0, 30.0], "upper": [14.0, 50.0]}
        )
        plotting.plot_backtest(tests, ax=ax, title="Unmatched")
        marks = ax.collections[-1]
        faces = [to_hex(face) for face in marks.get_facecolors()]
        assert faces[0] != faces[1] == "#ffffff"
        assert np.asarray(marks.get_offsets()).tolist() == [[10.0, 11.0], [20.0, 40.0]]
        assert "2 forecasts · 50 % inside their 90 % interval" in texts(ax)
        assert ax.get_title(loc="left") == "Unmatched"
        assert ax.get_xlim() == ax.get_ylim()
        assert ax.get_xscale() == "linear"
        ax.clear()
        plotting.plot_backtest(tests.assign(upper=[14.0, 200.0]), ax=ax)
        assert ax.get_xscale() == "log"
        ax.clear()
        plotting.plot_backtest(tests.assign(inside=[False, False]), ax=ax)  # counted before rounding
        assert "2 forecasts · 0 % inside their 90 % interval" in texts(ax)
        ax.clear()
        plotting.plot_backtest(tests.assign(value=[0.0, 20.0]), ax=ax)
        assert ax.get_xscale() == "linear"
        with pytest.raises(ArgumentError, match="lower"):
            plotting.plot_backtest(tests.drop(columns="lower"), ax=ax)
        with pytest.raises(ArgumentError, match="no forecast"):
            plotting.plot_backtest(tests.iloc[:0], ax=ax)


class TestSensitivity:
    def frame(self):
        return pd.DataFrame(
            {
                "metric": ["unfilled"] * 4 + ["unmatched_cmg"], "input": ["a_b", "c", "a_b", "c", "c"],
                "order": ["first", "first", "total", "total", "total"], "estimate": [0.1, 0.5, 0.2, 0.6, np.nan],
                "lower": [0.0, 0.4, 0.1, 0.5, np.nan], "upper": [0.2, 0.6, 0.3, 0.7, np.nan], "level": 0.9,
                "n_draws": 640,
            }
        )  # fmt: skip

    def test_the_most_important_input_is_on_top_with_both_orders(self, ax):
        plotting.plot_sensitivity(self.frame(), ax=ax)
        assert rows(ax) == ["c", "a b"]
        total, first = ([bar.get_width() for bar in box] for box in ax.containers)
        assert (total, first) == ([0.6, 0.2], [0.5, 0.1])
        assert "Sobol indices · 90 % bootstrap intervals · 640 matches" in texts(ax)
        assert ax.get_title(loc="left") == "What moves: Seats left unfilled"

    def test_bad_frames(self, ax):
        with pytest.raises(UnknownNameError, match="'unfilled'"):
            plotting.plot_sensitivity(self.frame(), ax=ax, metric="unfiled")
        with pytest.raises(ArgumentError, match="did not vary"):
            plotting.plot_sensitivity(self.frame(), ax=ax, metric="unmatched_cmg")
        with pytest.raises(ArgumentError, match="order"):
            plotting.plot_sensitivity(self.frame().drop(columns="order"), ax=ax)


class TestAllocation:
    def test_placements_stand_side_by_side_in_every_metric(self, make_bands, ax):
        bands = pd.concat(
            [
                make_bands({}, [value], metric=metric, scenario=scenario).iloc[:1]
                for metric, scenario, value in (
                    ("newly_matched_cmg", "by seat value", 5.0),
                    ("newly_matched_cmg", "in proportion", 2.0),
                    ("better_off", "by seat value", 9.0),
                    ("better_off", "in proportion", 4.0),
                )
            ]
        )
        plotting.plot_allocation(bands, ax=ax, k=7)
        assert rows(ax) == ["Canadian graduates newly matched", "Applicants better off"]
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["by seat value", "in proportion"]
        marks = [c for c in ax.collections if c.get_gid() != "bands"]
        assert [float(np.asarray(c.get_offsets())[0, 0]) for c in marks] == [5.0, 2.0, 9.0, 4.0]
        assert ax.get_title(loc="left") == "What 7 more seats do"
        assert any("90 % outcome bands" in text for text in texts(ax))
        many = pd.concat([bands.iloc[:1].assign(scenario=str(i)) for i in range(5)])
        with pytest.raises(ArgumentError, match="5 placements"):
            plotting.plot_allocation(many, ax=ax)
