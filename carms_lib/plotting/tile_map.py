"""Tile map: one square a province or territory, so that a small one is seen as well as a large one.

Belongs here: `plot_tile_map`; names, order from west to east, and the tile of each jurisdiction. Does not belong here:
which programs lie where; that is in the gold tables.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.plotting import style
from carms_lib.plotting._band_table import BandSource, read_bands

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["PROVINCES", "PROVINCE_KEYS", "TILES", "is_geographic", "plot_tile_map"]

_SIDE = 0.94


def plot_tile_map(
    bands: pd.DataFrame | BandSource,
    *,
    ax: Axes | None = None,
    metric: str | None = None,
    scenario: str | None = None,
) -> Axes:
    """Draw one tile a province or territory: code, estimate as number and colour, band as numbers.

    Parameters
    ----------
    bands : DataFrame or object with to_frame()
        A band frame with one group key that holds provinces (province, school_province or site_province, as
        two-letter codes) and one level.
    ax : Axes, optional
        Where to draw; None makes a new figure.
    metric, scenario : str, optional
        Which to draw; needed when the frame holds several.

    Returns
    -------
    Axes
        With thirteen tiles; those with a missing estimate are hatched, those without a row are empty. An empty one says
        "no program" where provinces are those of training (site_province), else "no school": residents of schools
        elsewhere may train there.

    Raises
    ------
    ArgumentError
        If the frame is not a band frame, or its grouping is not by province alone.
    UnknownNameError
        If a province is not a two-letter code of Canada, or `metric` or `scenario` is not in the frame.
    """
    table = read_bands(bands, metric=metric).one_scenario(scenario)
    if len(table.keys) != 1 or not is_geographic(table.keys[0]) or len(table.levels) != 1:
        msg = (
            f"bands have the group keys {list(table.keys)} and the levels {list(table.levels)}; "
            "a tile map shows provinces at one level. Ask for by='province'."
        )
        raise ArgumentError(msg)
    bounds = {
        str(row[table.keys[0]]): (float(row["estimate"]), float(row["lower"]), float(row["upper"]))
        for _, row in table.outer.iterrows()
    }
    for code in bounds:
        if code not in TILES:
            raise UnknownNameError(table.keys[0], code, TILES)
    label, form = style.label_and_form(table.metric)
    ax = style.axes_or_new(ax, 7.6, 4.6)
    known = [estimate for estimate, _, _ in bounds.values() if math.isfinite(estimate)]
    norm = Normalize(0.0, style.upper_limit(max(known, default=0.0), form))
    absent = "no program" if table.keys[0] == "site_province" else "no school"
    for code in TILES:
        _draw_tile(ax, code, bounds.get(code), norm, form, absent)

    ax.set_xlim(-0.55, max(column for column, _ in TILES.values()) + 0.55)
    ax.set_ylim(max(row for _, row in TILES.values()) + 0.55, -0.55)
    ax.set_aspect("equal")
    ax.set_xticks([])
    ax.set_yticks([])
    style.bare(ax)
    of = "province of training" if table.keys[0] == "site_province" else "province of the school"
    style.set_heading(ax, f"{label}, by {of}", style.subtitle_of(table))
    return ax


def _draw_tile(
    ax: Axes, code: str, bound: tuple[float, float, float] | None, norm: Normalize, form: str, absent: str
) -> None:
    """Draw one tile; `bound` is (estimate, lower, upper): all NaN when suppressed, None without a row."""
    column, row = TILES[code]
    known = bound is not None and math.isfinite(bound[0])
    face = style.SEQUENTIAL(norm(bound[0])) if bound is not None and known else style.EMPTY
    ink = style.readable_on(face) if known else style.MUTED
    tile = Rectangle((column - _SIDE / 2, row - _SIDE / 2), _SIDE, _SIDE, facecolor=face, edgecolor=style.GRID)
    tile.set(linewidth=0 if known else 0.8, hatch="////" if bound is not None and not known else None, gid=code)
    ax.add_patch(tile)
    ax.text(column - 0.40, row - 0.27, code, fontsize=8.5, color=ink, va="center", fontweight="bold")
    if bound is None or not known:
        said = absent if bound is None else style.SUPPRESSED
        ax.text(column, row + 0.1, said, fontsize=7, color=ink, ha="center", va="center", style="italic")
        return
    estimate, lower, upper = (style.format_value(value, form) for value in bound)
    ax.text(column, row + 0.06, estimate, fontsize=12.5, color=ink, ha="center", va="center")
    band = f"{lower.removesuffix(' %')} to {upper}"
    ax.text(column, row + 0.33, band, fontsize=7, color=ink, ha="center", va="center")


PROVINCES = {
    "BC": "British Columbia",
    "AB": "Alberta",
    "SK": "Saskatchewan",
    "MB": "Manitoba",
    "ON": "Ontario",
    "QC": "Québec",
    "NB": "New Brunswick",
    "NS": "Nova Scotia",
    "PE": "Prince Edward Island",
    "NL": "Newfoundland and Labrador",
    "YT": "Yukon",
    "NT": "Northwest Territories",
    "NU": "Nunavut",
}

# column, row; row 0 is the north
TILES = {
    "YT": (0, 0), "NT": (1, 0), "NU": (3, 0),
    "BC": (0, 1), "AB": (1, 1), "SK": (2, 1), "MB": (3, 1), "ON": (4, 1), "QC": (5, 1), "NL": (7, 1),
    "NB": (6, 2), "PE": (7, 2),
    "NS": (7, 3),
}  # fmt: skip

PROVINCE_KEYS = ("province", "school_province", "site_province")


def is_geographic(key: str) -> bool:
    """Say whether a group key holds provinces."""
    return key in PROVINCE_KEYS
