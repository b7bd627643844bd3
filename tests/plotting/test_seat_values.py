"""The ladder of seat values."""

from __future__ import annotations

import pandas as pd
import pytest
from carms_lib import plotting
from carms_lib.exceptions import ArgumentError, UnknownNameError


@pytest.fixture
def bands(make_bands):
    groups = {"discipline": ["A", "B", "C"]}
    halves = {0.9: 0.5, 0.5: 0.2}
    return pd.concat(
        [
            make_bands(groups, [1.5, 2.5, float("nan")], metric="seat_value", half_widths=halves),
            make_bands(groups, [0.5, 0.75, float("nan")], metric="newly_matched", half_widths=halves),
        ]
    )


def test_bars_part_the_newly_matched_from_those_who_move(bands, ax):
    plotting.plot_seat_values(bands, ax=ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["B", "A", "C"]
    new, moved = ([(bar.get_x(), bar.get_width()) for bar in box] for box in ax.containers)
    assert new == [(0.0, 0.75), (0.0, 0.5)]
    assert moved == [(0.75, 1.75), (0.5, 1.0)]
    outer, inner = (c for c in ax.collections if c.get_gid() == "bands")
    assert [segment[:, 0].tolist() for segment in outer.get_segments()] == [[2.0, 3.0], [1.0, 2.0]]
    assert inner.get_linewidths()[0] > outer.get_linewidths()[0]
    said = [text.get_text() for text in ax.texts]
    assert "suppressed" in said
    assert "baseline · 50 % and 90 % outcome bands · 1,000 draws" in said


def test_only_the_highest_are_drawn_and_the_figure_says_so(bands, ax):
    plotting.plot_seat_values(bands, n_rows=1, ax=ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["B"]
    assert any(text.get_text().endswith("The 1 highest of 3.") for text in ax.texts)


def test_frames_that_cannot_be_drawn(bands, ax):
    with pytest.raises(UnknownNameError, match="newly_matched"):
        plotting.plot_seat_values(bands.query("metric == 'seat_value'"), ax=ax)
    with pytest.raises(ArgumentError, match="lack the columns"):
        plotting.plot_seat_values(bands.drop(columns="level"), ax=ax)
    with pytest.raises(ArgumentError, match="n_rows"):
        plotting.plot_seat_values(bands, n_rows=0, ax=ax)
