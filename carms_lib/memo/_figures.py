"""The figures of a memo as SVG files, the same bytes for the same numbers.

Belongs here: which finding is drawn by which figure, at which size. Does not belong here: how a figure is drawn
(`carms_lib.plotting`).
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

from carms_lib.plotting import plot_differences, plot_forest, plot_heatmap, plot_tile_map

if TYPE_CHECKING:
    from carms_lib.memo.findings import Findings

__all__ = ["draw_figures"]

# Ids in an SVG are salted at random, and its date is today's, unless told otherwise.
_SVG: Any = {"svg.hashsalt": "carms_lib", "svg.fonttype": "path"}


def draw_figures(findings: Findings) -> dict[str, bytes]:
    """Return the figures by name, each an SVG file."""
    pictures = {
        "pressure-by-province": _svg(plot_tile_map, (7.6, 4.6), findings.provinces),
        "pressure-by-discipline": _svg(plot_forest, (7.6, 1.5 + 0.28 * len(findings.large)), findings.disciplines),
        "pressure-heat-map": _svg(plot_heatmap, (10.2, 1.7 + 0.36 * len(findings.large)), findings.heat),
    }
    for number, change in enumerate(findings.changes, start=1):
        shifts = findings.shifts.loc[findings.shifts["scenario"] == change.scenario]
        pictures[f"scenario-{number}"] = _svg(plot_differences, (7.6, 4.2), shifts)
    return pictures


def _svg(plot: Callable[..., Any], size: tuple[float, float], *args: Any, **options: Any) -> bytes:
    with mpl.rc_context(_SVG):
        figure = Figure(figsize=size, layout="constrained")
        plot(*args, ax=figure.add_subplot(), **options)
        stream = BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()
