"""What every figure asks of the frame it is given, and how it answers a frame that cannot be drawn."""

from __future__ import annotations

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from carms_lib import plotting
from carms_lib.exceptions import ArgumentError, UnknownNameError

BAND_FIGURES = [
    plotting.plot_bands,
    plotting.plot_differences,
    plotting.plot_forest,
    plotting.plot_heatmap,
    plotting.plot_tile_map,
]


class Answer:
    """Anything with to_frame()."""

    def __init__(self, frame):
        self.frame = frame

    def to_frame(self):
        return self.frame


def suited_to(figure, make_bands):
    keys = {"province": ["ON", "QC"]}
    if figure is plotting.plot_heatmap:
        keys["discipline"] = ["Psychiatry", "Pediatrics"]
    return make_bands(keys, [0.4, 0.2])


@pytest.mark.parametrize("figure", BAND_FIGURES)
class TestEveryFigure:
    def test_draws_on_the_axes_it_is_given_and_leaves_pyplot_alone(self, figure, make_bands, ax):
        assert figure(suited_to(figure, make_bands), ax=ax) is ax
        assert plt.get_fignums() == []

    def test_makes_a_figure_where_no_axes_are_given(self, figure, make_bands):
        drawn = figure(suited_to(figure, make_bands))
        assert [plt.figure(number) for number in plt.get_fignums()] == [drawn.figure]
        plt.close(drawn.figure)

    def test_takes_an_object_that_has_to_frame(self, figure, make_bands, ax):
        assert figure(Answer(suited_to(figure, make_bands)), ax=ax).get_title(loc="left")

    def test_heading_says_metric_scenario_level_kind_and_draws(self, figure, make_bands, ax):
        figure(suited_to(figure, make_bands), ax=ax)
        (subtitle,) = [text.get_text() for text in ax.texts if text.get_gid() == "subtitle"]
        assert ax.get_title(loc="left").startswith("Pressure")
        assert subtitle == "baseline · 90 % outcome band · 1,000 draws"

    def test_does_not_change_the_frame(self, figure, make_bands, ax):
        bands = suited_to(figure, make_bands)
        before = bands.copy(deep=True)
        figure(bands, ax=ax)
        pd.testing.assert_frame_equal(bands, before)

    @pytest.mark.parametrize(
        ("spoil", "message"),
        [
            (lambda f: f.drop(columns="lower"), "bands lack the columns 'lower'"),
            (lambda f: f.iloc[:0], "bands hold no row"),
            (
                lambda f: pd.concat([f, f.assign(metric="filled")]),
                "2 values of metric.*Choose one with metric=",
            ),
            (lambda f: pd.concat([f, f.assign(kind="mean")]), "2 values of kind"),
            (lambda f: pd.concat([f, f]), "2 groups more than once"),
            (lambda f: f.to_dict(), "bands=dict cannot be drawn"),
        ],
    )
    def test_refuses_what_it_cannot_draw(self, figure, spoil, message, make_bands, ax):
        with pytest.raises(ArgumentError, match=message):
            figure(spoil(suited_to(figure, make_bands)), ax=ax)

    def test_refuses_an_unknown_metric_or_scenario_with_a_near_name(self, figure, make_bands, ax):
        bands = suited_to(figure, make_bands)
        with pytest.raises(UnknownNameError, match=r"metric='presure' is unknown. Did you mean 'pressure'"):
            figure(bands, ax=ax, metric="presure")
        with pytest.raises(UnknownNameError, match=r"scenario='Baselin' is unknown. Did you mean 'baseline'"):
            figure(bands, ax=ax, scenario="Baselin")

    def test_refuses_axes_that_are_none(self, figure, make_bands):
        with pytest.raises(ArgumentError, match="ax=str is not matplotlib Axes"):
            figure(suited_to(figure, make_bands), ax="here")

    def test_metric_chooses_among_several(self, figure, make_bands, ax):
        bands = suited_to(figure, make_bands)
        both = pd.concat([bands, bands.assign(metric="unmatched_risk")])
        figure(both, metric="unmatched_risk", ax=ax)
        assert ax.get_title(loc="left").startswith("Risk of ending unmatched")


def test_a_figure_of_one_scenario_asks_which(make_bands, ax):
    bands = make_bands({"province": ["ON", "QC"]}, [0.4, 0.2])
    both = pd.concat([bands, bands.assign(scenario="more seats")])
    with pytest.raises(ArgumentError, match=r"bands hold 2 scenarios .'baseline', 'more seats'."):
        plotting.plot_tile_map(both, ax=ax)
    plotting.plot_tile_map(both, scenario="more seats", ax=ax)
    assert any("more seats" in text.get_text() for text in ax.texts)


def test_a_group_that_some_draws_never_touched_does_not_hide_how_many_there_were(make_bands, ax):
    bands = make_bands({"discipline": ["A", "B"]}, [0.4, 0.2]).assign(n_draws=[1_000, 12])
    plotting.plot_forest(bands, ax=ax)
    assert "baseline · 90 % outcome band · 1,000 draws" in [text.get_text() for text in ax.texts]


def test_a_long_subtitle_is_broken_between_its_parts(make_bands, ax):
    name = "Every province adds one seat in ten to Family Medicine from 2026 on"
    plotting.plot_forest(make_bands({"province": ["ON"]}, [0.5], scenario=name), ax=ax)
    (subtitle,) = [text.get_text() for text in ax.texts if text.get_gid() == "subtitle"]
    assert subtitle.splitlines() == [name, "90 % outcome band · 1,000 draws"]


@pytest.mark.parametrize(
    ("value", "unit", "signed", "expected"),
    [
        (0.4249, "share", False, "42 %"),
        (0.001, "share", True, "0 %"),
        (-0.001, "share", True, "0 %"),
        (0.031, "share", True, "+3 %"),
        (-0.031, "share", False, "−3 %"),
        (1545.0, "count", False, "1,545"),
        (2.5, "count", True, "+2.5"),
        (-2.5, "count", True, "−2.5"),
        (0.0, "count", True, "0"),
        (1.315, "ratio", False, "1.31"),
    ],
)
def test_numbers_are_printed_as_their_unit_asks(value, unit, signed, expected):
    from carms_lib.plotting.style import format_value

    assert format_value(value, unit, signed=signed) == expected


@pytest.mark.parametrize("share", [True, False])
def test_a_scale_begins_at_zero_and_holds_its_largest_value(share):
    from carms_lib.plotting.style import upper_limit

    for largest in np.concatenate([np.linspace(0.001, 1.0, 50), [7.0, 1821.0]]):
        end = upper_limit(float(largest), "share" if share else "count")
        assert largest <= end <= max(2.5 * largest, 1.0 if share else 0.0) + 1e-12


def test_ink_is_readable_on_every_colour_of_the_map():
    from carms_lib.plotting.style import SEQUENTIAL, readable_on
    from matplotlib.colors import to_rgb

    def luminance(color):
        linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(color)]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    for at in np.linspace(0, 1, 40):
        paper, ink = luminance(SEQUENTIAL(at)), luminance(readable_on(SEQUENTIAL(at)))
        assert (max(paper, ink) + 0.05) / (min(paper, ink) + 0.05) >= 4.5  # WCAG AA for small text


def test_the_map_darkens_all_the_way_so_that_it_survives_a_black_and_white_print():
    from carms_lib.plotting.style import SEQUENTIAL
    from matplotlib.colors import to_rgb

    grey = [float(np.dot(to_rgb(SEQUENTIAL(at)), [0.299, 0.587, 0.114])) for at in np.linspace(0, 1, 60)]
    assert np.all(np.diff(grey) < 0)


def test_importing_the_figures_does_not_import_pyplot():
    code = "import sys, carms_lib.plotting; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
