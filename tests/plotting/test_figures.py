"""What each figure draws: marks, extents, labels, order, and what is missing."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from carms_lib import plotting
from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.plotting import style
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle


def texts(ax):
    return [text.get_text() for text in ax.texts]


def row_names(ax):
    return [label.get_text().replace("\n", " ") for label in ax.get_yticklabels()]


def column_names(ax):
    return list(dict.fromkeys(label.get_text() for label in ax.get_xticklabels()))  # once on top, once below


def bars(ax):
    """Every horizontal bar as (lower, upper, height, linewidth)."""
    found = []
    for lines in ax.collections:
        if isinstance(lines, LineCollection):
            width = lines.get_linewidths()[0]
            found += [(s[0, 0], s[1, 0], s[0, 1], width) for s in lines.get_segments()]
    return found


def points(ax):
    return np.concatenate([np.asarray(c.get_offsets()) for c in ax.collections if isinstance(c, PathCollection)])


class TestForest:
    def test_points_and_bars_stand_where_the_frame_says(self, make_bands, ax):
        bands = make_bands({"discipline": ["A", "B"]}, [0.3, 0.6], half_widths={0.9: 0.2, 0.5: 0.05})
        plotting.plot_forest(bands, ax=ax)
        assert row_names(ax) == ["B", "A"]
        np.testing.assert_allclose(sorted(points(ax).tolist()), [[0.3, 1], [0.6, 0]])
        thin, thick = 1.3, 4.2
        expected = [(0.4, 0.8, 0, thin), (0.1, 0.5, 1, thin), (0.55, 0.65, 0, thick), (0.25, 0.35, 1, thick)]
        np.testing.assert_allclose(sorted(bars(ax)), sorted(expected))
        assert any(text.startswith("baseline · 50 % and 90 % outcome bands") for text in texts(ax))

    def test_one_level_draws_no_inner_band(self, make_bands, ax):
        plotting.plot_forest(make_bands({"discipline": ["A"]}, [0.3]), ax=ax)
        assert [width for *_, width in bars(ax)] == [1.3]

    def test_a_group_that_is_too_small_is_named_last_and_has_no_mark(self, make_bands, ax):
        plotting.plot_forest(make_bands({"discipline": ["A", "B", "C"]}, [0.3, np.nan, 0.6]), ax=ax)
        assert row_names(ax) == ["C", "A", "B"]
        assert texts(ax).count("suppressed") == 1
        assert len(points(ax)) == len(bars(ax)) == 2

    def test_scenarios_stand_side_by_side_and_are_named(self, make_bands, ax):
        one = make_bands({"discipline": ["A", "B"]}, [0.3, 0.6])
        two = make_bands({"discipline": ["A", "B"]}, [0.2, 0.7], scenario="more")
        plotting.plot_forest(pd.concat([one, two]), ax=ax)
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["baseline", "more"]
        at = {round(x, 1): y for x, y in points(ax).tolist()}
        assert at[0.6] < 0 < at[0.7] < at[0.3] < 1 < at[0.2]

    def test_a_scenario_can_be_chosen(self, make_bands, ax):
        one = make_bands({"discipline": ["A"]}, [0.3])
        plotting.plot_forest(pd.concat([one, one.assign(scenario="more", estimate=0.5)]), scenario="more", ax=ax)
        np.testing.assert_allclose(points(ax), [[0.5, 0.0]])
        assert ax.get_legend() is None

    def test_the_highest_rows_only_and_how_many_were_left_out(self, make_bands, ax):
        plotting.plot_forest(make_bands({"discipline": list("ABCD")}, [0.1, 0.4, 0.3, 0.2]), n_rows=2, ax=ax)
        assert row_names(ax) == ["B", "C"]
        assert "The 2 groups with the highest estimates, of 4." in texts(ax)
        assert len(points(ax)) == 2

    def test_equal_estimates_are_ordered_by_name_whatever_the_order_of_the_rows(self, make_bands, ax):
        bands = make_bands({"discipline": ["B", "A", "C"]}, [0.4, 0.4, 0.4])
        plotting.plot_forest(bands, ax=ax)
        assert row_names(ax) == ["A", "B", "C"]

    def test_two_keys_are_joined_and_no_key_is_all(self, make_bands, ax):
        plotting.plot_forest(make_bands({"province": ["ON"], "discipline": ["A"]}, [0.4]), ax=ax)
        assert row_names(ax) == ["ON · A"]
        ax.clear()
        plotting.plot_forest(make_bands({}, [0.4]).iloc[:1], ax=ax)
        assert row_names(ax) == ["all"]

    @pytest.mark.parametrize("n_rows", [0, -3])
    def test_n_rows_must_be_positive(self, n_rows, make_bands, ax):
        with pytest.raises(ArgumentError, match=f"n_rows={n_rows} is not allowed"):
            plotting.plot_forest(make_bands({"discipline": ["A"]}, [0.4]), n_rows=n_rows, ax=ax)

    def test_counts_get_a_scale_of_counts(self, make_bands, ax):
        bands = make_bands({"discipline": ["A"]}, [1545.0], half_widths={0.9: 40.0}, metric="filled")
        plotting.plot_forest(bands, ax=ax)
        assert ax.xaxis.get_major_formatter()(1500, 0) == "1,500"
        assert ax.get_xlim()[0] == 0
        assert ax.get_xlim()[1] > 1585


class TestHeatmap:
    @pytest.fixture
    def bands(self, make_bands):
        return make_bands(
            {
                "province": ["ON", "BC", "ON", "QC"],
                "discipline": ["Psychiatry", "Psychiatry", "Pediatrics", "Pediatrics"],
            },
            [0.4, 0.2, 0.7, np.nan],
        )

    def test_provinces_run_from_west_to_east_and_the_highest_row_is_on_top(self, bands, ax):
        plotting.plot_heatmap(bands, ax=ax)
        assert column_names(ax) == ["BC", "ON", "QC"]
        assert row_names(ax) == ["Pediatrics", "Psychiatry"]
        assert ax.yaxis_inverted()

    def test_each_cell_has_the_colour_and_number_of_its_estimate(self, bands, ax):
        plotting.plot_heatmap(bands, ax=ax)
        (mesh,) = [c for c in ax.collections if isinstance(c, QuadMesh)]
        drawn = np.ma.filled(mesh.get_array().astype(float), np.nan).reshape(2, 3)
        np.testing.assert_allclose(drawn, [[np.nan, 0.7, np.nan], [0.2, 0.4, np.nan]])
        placed = {(text.get_position()[0] - 0.5, int(text.get_position()[1])): text.get_text() for text in ax.texts}
        assert placed.items() >= {((1, 0), "70 %"), ((0, 1), "20 %"), ((1, 1), "40 %")}

    def test_each_whisker_runs_over_its_band_on_the_scale_that_the_note_tells(self, bands, ax):
        plotting.plot_heatmap(bands, ax=ax)
        spans = {(int(lo), int(y)): ((lo % 1 - 0.1) / 0.8, (hi % 1 - 0.1) / 0.8) for lo, hi, y, _ in bars(ax)}
        np.testing.assert_allclose(spans[1, 0], (0.6, 0.8))
        np.testing.assert_allclose(spans[0, 1], (0.1, 0.3))
        np.testing.assert_allclose(spans[1, 1], (0.3, 0.5))
        assert any("90 % band on a scale from 0 to 100 %" in text for text in texts(ax))

    def test_too_small_is_hatched_and_no_program_is_empty(self, bands, ax):
        plotting.plot_heatmap(bands, ax=ax)
        (hatched,) = [patch for patch in ax.patches if patch.get_hatch()]
        assert (int(hatched.get_x()), int(hatched.get_y())) == (2, 0)
        assert any("Hatched: suppressed. Empty: no program." in text for text in texts(ax))

    def test_without_a_province_the_key_with_fewer_values_becomes_the_columns(self, make_bands, ax):
        bands = make_bands({"eligibility": ["CMG", "CMG", "IMG"], "discipline": ["A", "B", "C"]}, [0.1, 0.2, 0.3])
        plotting.plot_heatmap(bands, ax=ax)
        assert column_names(ax) == ["CMG", "IMG"]
        assert row_names(ax) == ["C", "B", "A"]

    def test_the_order_of_the_rows_of_the_frame_does_not_matter(self, bands, ax):
        plotting.plot_heatmap(bands, ax=ax)
        first = texts(ax)
        ax.figure.clear()
        again = ax.figure.add_subplot()
        plotting.plot_heatmap(bands.iloc[::-1], ax=again)
        assert sorted(texts(again)) == sorted(first)
        assert row_names(again) == ["Pediatrics", "Psychiatry"]

    def test_only_small_cells_still_make_a_figure(self, bands, ax):
        plotting.plot_heatmap(bands.assign(estimate=np.nan, lower=np.nan, upper=np.nan), ax=ax)
        assert sum(bool(patch.get_hatch()) for patch in ax.patches) == 4

    def test_asks_for_two_keys_and_one_level(self, make_bands, ax):
        with pytest.raises(ArgumentError, match=r"group keys \['province'\].*shows two keys and one level"):
            plotting.plot_heatmap(make_bands({"province": ["ON"]}, [0.4]), ax=ax)
        two = make_bands({"province": ["ON"], "discipline": ["A"]}, [0.4], half_widths={0.5: 0.1, 0.9: 0.2})
        with pytest.raises(ArgumentError, match=r"levels \[0.5, 0.9\]"):
            plotting.plot_heatmap(two, ax=ax)


class TestTileMap:
    def tiles(self, ax):
        return {patch.get_gid(): patch for patch in ax.patches if isinstance(patch, Rectangle)}

    def test_all_thirteen_jurisdictions_have_a_tile_of_their_own(self, make_bands, ax):
        plotting.plot_tile_map(make_bands({"province": ["ON"]}, [0.4]), ax=ax)
        tiles = self.tiles(ax)
        assert len(tiles) == 13
        assert len({tile.get_xy() for tile in tiles.values()}) == 13

    def test_a_tile_carries_code_estimate_and_band(self, make_bands, ax):
        plotting.plot_tile_map(make_bands({"school_province": ["ON", "QC"]}, [0.4, 0.2]), ax=ax)
        assert {"ON", "40 %", "30 to 50 %", "QC", "20 %", "10 to 30 %"} <= set(texts(ax))
        tiles = self.tiles(ax)
        assert to_hex(tiles["ON"].get_facecolor()) == to_hex(style.SEQUENTIAL(0.4 / 0.5))
        assert to_hex(tiles["BC"].get_facecolor()) == style.EMPTY

    def test_no_seats_and_too_small_are_told_apart(self, make_bands, ax):
        plotting.plot_tile_map(make_bands({"province": ["ON", "YT"]}, [0.4, np.nan]), ax=ax)
        tiles = self.tiles(ax)
        assert tiles["YT"].get_hatch()
        assert not tiles["NU"].get_hatch()
        assert texts(ax).count("suppressed") == 1
        assert texts(ax).count("no school") == 11

    def test_refuses_other_groupings_and_unknown_provinces(self, make_bands, ax):
        with pytest.raises(ArgumentError, match="a tile map shows provinces at one level"):
            plotting.plot_tile_map(make_bands({"discipline": ["A"]}, [0.4]), ax=ax)
        with pytest.raises(UnknownNameError, match="province='XX' is unknown"):
            plotting.plot_tile_map(make_bands({"province": ["XX"]}, [0.4]), ax=ax)


class TestDifferences:
    @pytest.fixture
    def bands(self, make_bands):
        return make_bands(
            {"discipline": ["A", "B", "C"]}, [3.0, -8.0, 1.0],
            metric="matched", scenario="more", half_widths={0.9: 2.0, 0.5: 0.5},
        )  # fmt: skip

    def test_zero_is_in_the_picture_and_increases_on_top(self, bands, ax):
        plotting.plot_differences(bands, ax=ax)
        assert row_names(ax) == ["A", "C", "B"]
        low, high = ax.get_xlim()
        assert low < -10
        assert high > 5
        assert [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "-"] == [0]
        assert ax.get_title(loc="left") == "Matched applicants: change against the baseline"
        assert ax.xaxis.get_major_formatter()(5, 0) == "+5"

    def test_filled_leaves_zero_out_hollow_holds_it(self, bands, ax):
        plotting.plot_differences(bands, ax=ax)
        (marks,) = [c for c in ax.collections if isinstance(c, PathCollection)]
        faces = {
            round(float(x)): to_hex(face)
            for (x, _), face in zip(np.asarray(marks.get_offsets()), marks.get_facecolors(), strict=True)
        }
        assert faces == {3: style.MORE, -8: style.LESS, 1: style.PAPER}

    def test_bars_run_over_the_bands(self, bands, ax):
        plotting.plot_differences(bands, ax=ax)
        expected = [(1, 5, 0, 1.3), (-1, 3, 1, 1.3), (-10, -6, 2, 1.3)]
        expected += [(2.5, 3.5, 0, 4.2), (0.5, 1.5, 1, 4.2), (-8.5, -7.5, 2, 4.2)]
        np.testing.assert_allclose(sorted(bars(ax)), sorted(expected))

    def test_keeps_what_changes_most_in_either_direction(self, bands, ax):
        plotting.plot_differences(bands, n_rows=2, ax=ax)
        assert row_names(ax) == ["A", "B"]
        assert any("The 2 groups that change most, of 3." in text for text in texts(ax))

    def test_no_change_at_all_is_drawn_at_zero(self, make_bands, ax):
        bands = make_bands({"discipline": ["A"]}, [0.0], half_widths={0.9: 0.0}, metric="matched", scenario="same")
        plotting.plot_differences(bands, ax=ax)
        np.testing.assert_allclose(points(ax), [[0.0, 0.0]])
        assert ax.get_xlim()[0] < 0 < ax.get_xlim()[1]

    def test_too_small_is_said(self, make_bands, ax):
        plotting.plot_differences(make_bands({"discipline": ["A", "B"]}, [np.nan, 1.0], metric="matched"), ax=ax)
        assert row_names(ax) == ["B", "A"]
        assert "suppressed" in texts(ax)


class TestQuota:
    @pytest.fixture
    def program(self):
        return pd.DataFrame(
            {
                "release_id": "1503",
                "discipline": ["FM", "FM", "FM", "PS", "DE"],
                "eligibility": ["CMG", "IMG", "CMG", "ALL", "MOTP"],
                "school_province": ["ON", "ON", "QC", "QC", "QC"],
                "quota": [1000, 20, 300, 12, 3],
            }
        )

    def test_bars_add_up_to_the_seats(self, program, ax):
        plotting.plot_quota(program, ax=ax)
        assert row_names(ax) == ["FM", "PS", "DE"]
        assert sum(patch.get_width() for patch in ax.patches) == program["quota"].sum() == 1335
        assert {"1,320", "12", "3"} <= set(texts(ax))
        assert any("release 1503 · 5 programs · 1,335 seats" in text for text in texts(ax))

    def test_each_eligibility_is_told_apart_by_colour_and_in_print(self, program, ax):
        plotting.plot_quota(program, ax=ax)
        looks = {(to_hex(bar[0].get_facecolor()), bar[0].get_hatch()) for bar in ax.containers}
        assert len(looks) == len(ax.containers) == 4
        greys = sorted(float(np.dot(bar[0].get_facecolor()[:3], [0.299, 0.587, 0.114])) for bar in ax.containers)
        assert min(np.diff(greys)) > 0.1

    def test_the_rest_is_summed_not_dropped(self, program, ax):
        plotting.plot_quota(program, n_rows=1, ax=ax)
        assert row_names(ax) == ["FM", "2 others"]
        assert sum(patch.get_width() for patch in ax.patches) == 1335

    def test_provinces_are_spelt_out(self, program, ax):
        plotting.plot_quota({"program": program}, by="school_province", ax=ax)
        assert row_names(ax) == ["Ontario", "Québec"]
        assert ax.get_title(loc="left") == "Seats by school province and eligibility"

    @pytest.mark.parametrize(
        ("spoil", "error", "message"),
        [
            (lambda p: p.drop(columns="quota"), ArgumentError, "program lacks the column 'quota'"),
            (lambda p: p.iloc[:0], ArgumentError, "program holds no row"),
            (lambda p: p.assign(eligibility="CGM"), UnknownNameError, "Did you mean 'CMG'"),
            (
                lambda p: p.rename(columns={"discipline": "field"}),
                UnknownNameError,
                "by='discipline' is unknown",
            ),
        ],
    )
    def test_refuses_what_it_cannot_draw(self, program, spoil, error, message, ax):
        with pytest.raises(error, match=message):
            plotting.plot_quota(spoil(program), ax=ax)


class TestChoice:
    def test_one_scenario_by_province_is_a_tile_map(self, make_bands, ax):
        plotting.plot_bands(make_bands({"province": ["ON"]}, [0.4]), ax=ax)
        assert len(ax.patches) == 13

    def test_province_by_something_is_a_heat_map(self, make_bands, ax):
        plotting.plot_bands(make_bands({"discipline": ["A"], "province": ["ON"]}, [0.4]), ax=ax)
        assert any(isinstance(c, QuadMesh) for c in ax.collections)

    @pytest.mark.parametrize(
        "keys",
        [{}, {"discipline": ["A"]}, {"discipline": ["A"], "eligibility": ["IMG"]}],
    )
    def test_anything_else_is_a_forest_plot(self, keys, make_bands, ax):
        plotting.plot_bands(make_bands(keys, [0.4]).iloc[:1], ax=ax)
        np.testing.assert_allclose(points(ax), [[0.4, 0.0]])

    def test_of_several_scenarios_a_map_shows_the_first_unless_one_is_named(self, make_bands, ax):
        one = make_bands({"province": ["ON"]}, [0.4])
        both = pd.concat([one, one.assign(scenario="more", estimate=0.6)])
        plotting.plot_bands(both, ax=ax)
        assert "40 %" in texts(ax)
        assert "baseline · 90 % outcome band · 1,000 draws" in texts(ax)
        ax.clear()
        plotting.plot_bands(both, scenario="more", ax=ax)
        assert "60 %" in texts(ax)

    def test_bands_of_several_metrics_are_drawn_by_their_headline(self, make_bands, ax):
        bands = make_bands({"discipline": ["A"]}, [0.4])
        frame = pd.concat([bands.assign(metric="unfilled"), bands])
        source = SimpleNamespace(to_frame=lambda: frame, headline="pressure", difference=False)
        plotting.plot_bands(source, ax=ax)
        assert ax.get_title(loc="left").startswith("Pressure")

    def test_differences_are_drawn_against_zero(self, make_bands, ax):
        frame = make_bands({"discipline": ["A"]}, [-0.4], scenario="more")
        plotting.plot_bands(SimpleNamespace(to_frame=lambda: frame, headline="pressure", difference=True), ax=ax)
        assert ax.get_title(loc="left").endswith("change against the baseline")

    def test_many_groups_are_cut_and_it_is_said(self, make_bands, ax):
        names = [f"D{at:02}" for at in range(50)]
        plotting.plot_bands(make_bands({"discipline": names}, list(np.linspace(0.1, 0.8, 50))), ax=ax)
        assert len(points(ax)) == 40
        assert "The 40 groups with the highest estimates, of 50." in texts(ax)

    def test_two_levels_by_province_are_a_forest_plot(self, make_bands, ax):
        plotting.plot_bands(make_bands({"province": ["ON"]}, [0.4], half_widths={0.5: 0.1, 0.9: 0.2}), ax=ax)
        assert len(bars(ax)) == 2
