"""Nothing is printed over a band, and no words over other words: boxes are measured after the figure is laid out."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib import plotting
from carms_lib.exceptions import ArgumentError
from carms_lib.plotting import style
from carms_lib.plotting.site_map import project
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

LONG = "A scenario whose name is much longer than twenty letters"


def drawn(plot, *args, size=(7.6, 4.0), **options):
    """Return the Axes and their renderer, laid out as in a file."""
    figure = Figure(figsize=size, layout="constrained")
    ax = plot(*args, ax=figure.add_subplot(), **options)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return ax, canvas.get_renderer()


def segments(ax):
    """Boxes of all bands, in pixels: line collections of horizontal or vertical lines."""
    for collection in ax.collections:
        if hasattr(collection, "get_segments"):
            for segment in collection.get_segments():
                ends = ax.transData.transform(segment)
                yield Bbox([ends.min(axis=0) - 0.5, ends.max(axis=0) + 0.5])


def words(ax, renderer):
    """Boxes of all words in and under the axes."""
    said = [*ax.texts, ax.xaxis.label]
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        said += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    legend = ax.get_legend()
    said += [] if legend is None else legend.get_texts()
    return [(t.get_text(), t.get_window_extent(renderer)) for t in said if t.get_text() and t.get_visible()]


def check_apart(ax, renderer):
    """No words over words, none over a band, and all inside the figure."""
    boxes = words(ax, renderer)
    for (one, box), (other, its) in combinations(boxes, 2):
        assert not box.overlaps(its), f"{one!r} over {other!r}"
    bands = list(segments(ax))
    assert bands
    for said, box in boxes:
        assert not any(box.overlaps(band) for band in bands), f"{said!r} over a band"
    width, height = ax.figure.bbox.width, ax.figure.bbox.height
    for said, box in boxes:
        assert min(box.x0, box.y0, width - box.x1, height - box.y1) > -1, f"{said!r} is cut"


def scenarios(make_bands, names, estimates):
    groups = {"discipline": [f"Discipline {letter}" for letter in "ABCDEFGH"[: len(estimates)]]}
    return pd.concat(
        [make_bands(groups, [value - 0.01 * at for value in estimates], scenario=name) for at, name in enumerate(names)]
    )


class TestForest:
    @pytest.mark.parametrize("names", [[f"scenario {n}" for n in range(6)], ["baseline", LONG, LONG + " 2"]])
    def test_fault_17_the_legend_of_many_scenarios_hides_no_band(self, make_bands, names):
        bands = scenarios(make_bands, names, [0.95, 0.9, 0.9, 0.88, 0.86, 0.85])
        ax, renderer = drawn(plotting.plot_bands, bands, size=(7.6, 6.0))
        check_apart(ax, renderer)
        box = ax.get_legend().get_window_extent(renderer)
        assert not any(box.overlaps(band) for band in segments(ax))
        assert not box.overlaps(ax.get_window_extent(renderer))

    def test_what_is_suppressed_in_several_scenarios_is_a_cross_each(self, make_bands):
        bands = scenarios(make_bands, [f"scenario {n}" for n in range(6)], [0.9, 0.5, 0.3])
        bands.loc[bands["discipline"] == "Discipline B", ["estimate", "lower", "upper"]] = np.nan
        ax, renderer = drawn(plotting.plot_forest, bands, size=(7.6, 5.0))
        check_apart(ax, renderer)
        crosses = [c for c in ax.collections if c.get_gid() == "suppressed"]
        heights = np.concatenate([c.get_offsets()[:, 1] for c in crosses])
        assert len(np.unique(heights)) == len(heights) == 6
        assert "Cross: suppressed." in [text.get_text() for text in ax.texts]

    def test_in_one_scenario_it_is_said_in_words(self, make_bands):
        ax, renderer = drawn(plotting.plot_forest, make_bands({"discipline": list("ABC")}, [0.4, np.nan, np.nan]))
        check_apart(ax, renderer)
        assert [text.get_text() for text in ax.texts].count("suppressed") == 2


class TestDifferences:
    def test_fault_17_shares_change_by_percentage_points(self, make_bands):
        bands = make_bands({"province": ["ON", "QC"]}, [0.021, -0.004], half_widths={0.9: 0.002})
        ax, renderer = drawn(plotting.plot_differences, bands)
        check_apart(ax, renderer)
        assert ax.get_xlabel() == "percentage points"
        ticks = [tick.get_text() for tick in ax.get_xticklabels()]
        assert not any("%" in tick for tick in ticks)
        assert len(set(ticks)) == len(ticks)

    def test_counts_have_no_such_label(self, make_bands):
        bands = make_bands({"province": ["ON", "QC"]}, [20.0, -4.0], metric="filled", half_widths={0.9: 1.0})
        ax, renderer = drawn(plotting.plot_differences, bands)
        assert ax.get_xlabel() == ""
        check_apart(ax, renderer)

    @pytest.mark.parametrize(
        ("value", "form", "text"),
        [(0.021, "share", "+2.1"), (-0.3, "share", "−30"), (0.0, "share", "0"), (-4.0, "count", "−4")],
    )
    def test_how_a_change_is_printed(self, value, form, text):
        assert style.format_change(value, form) == text


def test_fault_17_names_of_cells_are_not_over_the_bands_of_others():
    rng = np.random.default_rng(4)
    n = 60
    estimate = rng.uniform(0.1, 0.9, n)
    estimate[:6] = 0.8  # six names want one height
    frame = pd.DataFrame(
        {
            "cell": [f"XX · A discipline {at}" for at in range(n)], "supply_score": 10 ** rng.uniform(-3, 0, n),
            "estimate": estimate, "lower": estimate - 0.1, "upper": estimate + 0.1,
            "first_choice_ratio": rng.uniform(0, 5, n), "gap": [5.0] * 6 + [0.1] * (n - 6),
        }
    )  # fmt: skip
    proxy = SimpleNamespace(
        frame=frame, keys=("cell",), metric="pressure", level=0.9, correlation=(0.5, 0.25, 0.75), n_draws=300
    )
    ax, renderer = drawn(plotting.plot_supply, proxy, size=(7.6, 5.2))
    names = [text for text in ax.texts if text.get_gid() == "name"]
    boxes = [Text.get_window_extent(text, renderer) for text in names]  # without its arrow
    assert len(boxes) == 8
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)
    bands = list(segments(ax))
    assert not any(box.overlaps(band) for box in boxes for band in bands)


@pytest.fixture(scope="module")
def gold():
    return carms.build(carms.load_release()).gold


class TestSiteMap:
    def test_fault_4_all_thirteen_jurisdictions_say_their_seats_or_that_they_have_none(self, gold):
        ax, renderer = drawn(plotting.plot_site_map, gold, size=(7.6, 7.6))
        said = {text.get_gid(): text.get_text() for text in ax.texts if text.get_gid() in plotting.tile_map.TILES}
        assert len(said) == 13
        assert said["NB"] == "NB\n51"
        assert (said["PE"], said["NU"], said["NT"]) == ("PE\n7", "NU\n6", "NT\n2")
        assert said["YT"] == "YT\nno program"
        boxes = words(ax, renderer)
        for (one, box), (other, its) in combinations(boxes, 2):
            assert not box.overlaps(its), f"{one!r} over {other!r}"
        assert ax.title.get_window_extent(renderer).y1 <= ax.figure.bbox.height

    def test_marks_have_the_area_of_their_seats_and_every_placed_seat_is_drawn_once(self, gold):
        ax, _ = drawn(plotting.plot_site_map, gold, size=(7.6, 7.6))
        program = gold["program"]
        placed = program.dropna(subset="community")
        marks = {c.get_gid(): c for c in ax.collections if c.get_gid() in plotting.site_map.CLASSES}
        for name, mark in marks.items():
            some = placed[placed["site_class"] == name]
            assert len(mark.get_offsets()) == some["community"].nunique()
            area = (mark.get_sizes() - 7).sum() / plotting.site_map._AREA
            assert area == pytest.approx(some["quota"].sum())

    def test_it_refuses_what_it_cannot_place(self, gold, ax):
        program = gold["program"]
        with pytest.raises(ArgumentError, match="lacks the columns \\['community'\\]"):
            plotting.plot_site_map(program.drop(columns="community"), ax=ax)
        with pytest.raises(ArgumentError, match="nothing to draw"):
            plotting.plot_site_map(program[program["community"].isna()], ax=ax)

    def test_the_projection_is_that_of_statistics_canada(self):
        # EPSG:3347 of Ottawa on a sphere, false origin taken off; PROJ: +proj=lcc +R=6371008.8 and its parallels
        x, y = project(np.array([63.390675, 49.0, 49.0]), np.array([-91.8666667, -91.8666667, -101.8666667]))
        assert (x[0], y[0]) == pytest.approx((0.0, 0.0), abs=1e-6)
        assert x[1] == pytest.approx(0.0, abs=1e-6)
        # on a standard parallel distances hold: the arc of ten degrees there
        cone = np.log(np.cos(np.radians(49)) / np.cos(np.radians(77))) / np.log(
            np.tan(np.radians(45 + 38.5)) / np.tan(np.radians(45 + 24.5))
        )
        chord = np.hypot(x[2] - x[1], y[2] - y[1])
        radius = 6371.0088 * np.cos(np.radians(49)) / cone
        assert chord == pytest.approx(2 * radius * np.sin(cone * np.radians(10) / 2))
