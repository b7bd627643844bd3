"""The look that all figures share: ink, colours, titles, number formats.

Belongs here: what two figures would otherwise say twice. Does not belong here: a figure.

The colours are safe for the common forms of colour blindness and differ in lightness too, so that a black and
white print keeps their order. The categorical ones are those of Okabe and Ito; the sequential map runs from
light to dark.

References
----------
.. [1] M. Okabe and K. Ito, "Color universal design", 2008, https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.transforms import ScaledTranslation

from carms_lib.exceptions import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carms_lib.plotting._band_table import BandTable

__all__ = [
    "ACCENT",
    "BLACK",
    "CATEGORICAL",
    "EMPTY",
    "GRID",
    "INK",
    "LESS",
    "MORE",
    "MUTED",
    "PAPER",
    "SEQUENTIAL",
    "SUPPRESSED",
    "axes_or_new",
    "bare",
    "format_change",
    "format_value",
    "label_and_form",
    "legend_below",
    "mark_suppressed",
    "note_below",
    "readable_on",
    "row_labels",
    "set_heading",
    "subtitle_of",
    "upper_limit",
]

SUPPRESSED = "suppressed"  # said of a cell whose estimate is missing: too few persons or no seats
BLACK, INK, MUTED, GRID, PAPER, EMPTY = "#000000", "#1c2128", "#59636e", "#d8dee4", "#ffffff", "#f3f4f6"
ACCENT, LESS, MORE = "#0f4c75", "#0072b2", "#d55e00"
CATEGORICAL = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#1c2128")
SEQUENTIAL = LinearSegmentedColormap.from_list(
    "carms_heat", ["#fbf4e2", "#f6d9a0", "#eaac61", "#cf7541", "#9c4431", "#5a1f26"]
)


def label_and_form(metric: str) -> tuple[str, str]:
    """Return how a metric is named on an axis, and how its numbers are printed: "share", "ratio" or "count".

    Raises
    ------
    UnknownNameError
        The registry `carms_lib.pressure.METRICS` has no such metric.
    """
    from carms_lib.pressure import metric_of  # noqa: PLC0415 - figures of quotas need no simulator

    row = metric_of(metric)
    return row.label, row.form


def format_value(value: float, form: str, *, signed: bool = False) -> str:
    """Return a number as printed in a figure: shares as per cent, counts with thousands separators."""
    if form == "share":
        value, digits = 100 * value, 0
    else:
        digits = 2 if form == "ratio" else 0 if abs(value) >= 10 or float(value).is_integer() else 1
    text = f"{value:{'+' if signed else ''},.{digits}f}".replace("-", "−")
    if not text.strip("+−0."):
        text = "0"
    return f"{text} %" if form == "share" else text


def format_change(value: float, form: str) -> str:
    """Return a difference as printed on an axis: of shares in percentage points, signed and without a unit."""
    if form != "share":
        return format_value(value, form, signed=True)
    text = f"{round(100 * value, 6):+,g}".replace("-", "−")
    return "0" if text in ("+0", "−0") else text


def axes_or_new(ax: object, width: float, height: float) -> Axes:
    """Return `ax`, or Axes on a new pyplot figure of this size [inches], which a notebook shows unasked."""
    if isinstance(ax, Axes):
        return ax
    if ax is not None:
        msg = f"ax={type(ax).__name__} is not matplotlib Axes. Give one Axes, or None for a new figure."
        raise ArgumentError(msg)
    import matplotlib.pyplot as plt  # noqa: PLC0415 - only who gives no Axes wants pyplot and its state

    _, fresh = plt.subplots(figsize=(width, height), layout="constrained")
    return fresh


def subtitle_of(table: BandTable) -> str:
    """Return the line that says scenario, kind, level and draws."""
    levels = " and ".join(f"{100 * level:g} %" for level in table.levels)
    bands = "band" if len(table.levels) == 1 else "bands"
    named = " / ".join(table.scenarios) if len(table.scenarios) <= 2 else f"{len(table.scenarios)} scenarios"
    return f"{named} · {levels} {table.kind} {bands} · {table.n_draws:,} draws"


def set_heading(ax: Axes, title: str, subtitle: str, *, above: float = 0.0) -> None:
    """Set a bold title and, under it, a quiet line that says what the numbers are.

    A subtitle that is too long for a page's width is broken between its parts. `above` [points] leaves room
    for tick labels on top of the axes.
    """
    lines = [""]
    for part in subtitle.split(" · "):
        fits = not lines[-1] or len(lines[-1]) + len(part) <= 72
        lines = [*lines[:-1], f"{lines[-1]} · {part}".removeprefix(" · ")] if fits else [*lines, part]
    ax.set_title(title, loc="left", fontsize=11.5, fontweight="bold", color=INK, pad=above + 10 + 12 * len(lines))
    ax.annotate(
        "\n".join(lines), (0, 1), xytext=(0, above + 8), xycoords="axes fraction", textcoords="offset points",
        fontsize=8.5, color=MUTED, gid="subtitle",
    )  # fmt: skip


def row_labels(labels: Sequence[str]) -> list[str]:
    """Return the labels, long ones broken into two lines or more."""
    return [textwrap.fill(label, 36, break_long_words=False, break_on_hyphens=False) for label in labels]


def note_below(ax: Axes, text: str, *, points: float) -> None:
    """Write a quiet line `points` under the axes."""
    ax.annotate(
        text, (0, 0), xytext=(0, -points), xycoords="axes fraction", textcoords="offset points",
        fontsize=7.5, color=MUTED, va="top", gid="note",
    )  # fmt: skip


def legend_below(ax: Axes, *, points: float, columns: int, spacing: float = 0.5) -> None:
    """Put the legend `points` under the axes, where no band can reach."""
    below = ax.transAxes + ScaledTranslation(0.0, -points / 72.0, ax.figure.dpi_scale_trans)
    legend = ax.legend(
        loc="upper left", bbox_to_anchor=(0.0, 0.0), bbox_transform=below, borderaxespad=0.0, ncols=columns, fontsize=8,
        frameon=False, borderpad=0.0, columnspacing=1.4, handletextpad=0.5, labelspacing=spacing,
    )  # fmt: skip
    legend.set_gid("legend")


def mark_suppressed(ax: Axes, heights: Sequence[float]) -> None:
    """Say at the left end of each row, in words, that its estimate is suppressed."""
    for height in heights:
        ax.text(
            0.01, height, SUPPRESSED, transform=ax.get_yaxis_transform(),
            fontsize=7.5, style="italic", color=MUTED, va="center", gid="suppressed",
        )  # fmt: skip


def bare(ax: Axes, *, grid: str | None = None) -> None:
    """Take the frame off; `grid` ("x" or "y") draws quiet lines behind the marks."""
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0, colors=INK, labelsize=8.5)
    if grid:
        ax.set_axisbelow(True)
        ax.grid(axis=grid, color=GRID, linewidth=0.7)  # type: ignore[arg-type]


def readable_on(color: object) -> str:
    """Return black or paper, whichever reads better on `color` (by WCAG relative luminance)."""
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in to_rgb(color)  # type: ignore[arg-type]
    )
    return BLACK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else PAPER


def upper_limit(largest: float, form: str) -> float:
    """Return the end of a scale that begins at zero and holds `largest`."""
    if not math.isfinite(largest) or largest <= 0:
        return 1.0
    if form == "share" and largest > 0.5:
        return max(1.0, largest)
    step = 10.0 ** math.floor(math.log10(largest))
    return next(factor * step for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if largest <= factor * step * (1 + 1e-12))
