"""Bands: from counts in every draw to an estimate with a lower and an upper end.

Belongs here: what a metric counts in every draw (`Measure`), and the `Bands` result. Does not belong here: the formulas
of the ends (`_band_ends`), and what is counted.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from carms_lib._views import open_view
from carms_lib.exceptions import TooFewDrawsWarning
from carms_lib.pressure._arguments import KIND_NOTES, check_count, check_kind, check_level, check_simultaneous
from carms_lib.pressure._band_ends import (
    block_means,
    effective_draws,
    hold_estimate,
    level_of_each,
    mean_ends,
    next_ends,
    quantiles,
    rare_change_ends,
    share_zero,
    tails_of,
    within_settings,
)
from carms_lib.pressure.metrics import METRICS
from carms_lib.provenance import Provenance
from carms_lib.result_files import SavedResult, save_tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BAND_COLUMNS", "Bands", "Counted", "Measure", "count", "formats_of", "is_too_small", "summarise"]

#: Columns of a band frame after the group keys; a difference has `against` after them.
BAND_COLUMNS = (
    "estimate", "lower", "upper", "level", "kind", "n_draws", "median", "share_zero", "effective_draws",
)  # fmt: skip
_FEWEST_BEYOND = 2  # settings that should lie beyond each end of a band before its place means much
_FEWEST_SETTINGS = 10
_SELDOM = 0.5  # share of draws without a change above which changes are counted as rare events


class Measure(NamedTuple):
    """A metric in every draw.

    Attributes
    ----------
    metric : str
    top : ndarray of shape (D, G)
        Numerator in each draw and group.
    bottom : ndarray of shape (D, G), optional
        Denominator; None for a plain count.
    of : str
        What the denominator counts, such as "first choices"; it is named where a group is too small.
    fewest : float
        A group whose denominator is smaller than this in an average draw is suppressed.
    scale : {"real", "positive", "share"}
        What values it can take; see `SCALES`.
    """

    metric: str
    top: np.ndarray
    bottom: np.ndarray | None = None
    of: str = "cases"
    fewest: float = 0.0
    scale: str = "real"


class Counted(NamedTuple):
    """A measure, or the difference of two, ready for a band; D draws, B whole blocks, G groups."""

    estimate: np.ndarray  # float64[G]: the pooled ratio
    of_draws: np.ndarray  # float64[D, G]: the ratio of each draw, missing where there is nothing to measure
    residual: np.ndarray  # float64[D, G]: the linear residual of the ratio
    of_blocks: np.ndarray  # float64[B, G]: the ratio of each block
    cases: np.ndarray  # float64[G]: the denominator over all draws; of a plain count, the draws
    scale: str
    limits: tuple[float, float]  # between which every value lies

    def of_groups(self, kept: np.ndarray) -> Counted:
        """Return some of the groups, by number or by a mask."""
        arrays = {name: getattr(self, name)[..., kept] for name in _OF_GROUPS}
        return self._replace(**arrays)


_OF_GROUPS = ("estimate", "of_draws", "residual", "of_blocks", "cases")


@dataclass(frozen=True)
class Bands:
    """Estimates with bands, one row per metric, scenario and group.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns metric, scenario, the group keys, then `BAND_COLUMNS`: estimate, lower, upper, level, kind; n_draws,
        the number of draws that had anything to measure; median, of the draws; share_zero, the share of draws whose
        value is zero, given only where it is at least (1 + level) / 2, so that an `outcome` band is 0 at both ends;
        effective_draws, as many independent draws would pin the estimate down as well. A difference has the column
        against: the scenario that was subtracted. Numbers are missing where there is nothing to measure, and where a
        group is suppressed.
    keys : tuple of str
        The group keys.
    headline : str
        The metric that is drawn when none is named.
    difference : bool
        Whether the numbers are a scenario minus the baseline.
    provenance : Provenance
    sizes : pandas.DataFrame, optional
        The cases behind each row of `frame`, in its order: metric, scenario, the group keys, n_draws,
        effective_draws; per_draw, the denominator in an average draw (1 for a plain count); reason, why an estimate is
        missing, itself missing where none is.
    """

    frame: pd.DataFrame
    keys: tuple[str, ...]
    headline: str
    difference: bool
    provenance: Provenance
    sizes: pd.DataFrame | None = None

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the band frame."""
        return self.frame.copy()

    def summary(self, rows: int | None = None) -> str:
        """Return one screen of text.

        Parameters
        ----------
        rows : int, optional
            At most so many rows, and how many are left out. By default 20 of the headline metric's largest estimates;
            of the country, all.

        Returns
        -------
        str
        """
        frame = self.frame
        if self.keys:
            frame = frame[frame["metric"] == self.headline].sort_values("estimate", ascending=False)
        rows = (20 if self.keys else len(frame)) if rows is None else check_count("rows", rows)
        shown = frame.head(rows)[["metric", "scenario", *self.keys, "estimate", "lower", "upper"]]
        level, kind = self.frame["level"].iloc[0], self.frame["kind"].iloc[0]
        what = f"differences from {frame['against'].iloc[0]}" if self.difference else "estimates"
        head = f"{what} with {level:.0%} {kind} bands, {self.frame['n_draws'].max():,} draws"
        more = f"\n… and {len(frame) - rows} more rows" if len(frame) > rows else ""
        notes = self._notes()
        table = shown.to_string(index=False, float_format=lambda x: f"{x:,.3f}")
        return f"{head}\n{table}{more}" + (f"\n{notes}" if notes else "")

    def _notes(self) -> str:
        """Say how many rows have no estimate, and why; and how many are zero in most draws."""
        rows = self.frame["metric"] == self.headline if self.keys else pd.Series(True, index=self.frame.index)
        notes = []
        if self.sizes is not None:
            reasons = self.sizes.loc[rows.to_numpy(), "reason"].value_counts()
            notes += [f"{number} without an estimate: {reason}" for reason, number in reasons.items()]
        rare = self.frame.loc[rows & (self.frame["kind"] == "outcome"), "share_zero"].dropna()
        if len(rare):
            notes.append(
                f"{len(rare)} zero in {'every draw' if rare.min() >= 1 else f'{rare.min():.0%} or more of the draws'}: "
                "their band is 0, their estimate the mean"
            )
        return "\n".join(notes)

    def plot(self, *, ax: Axes | None = None, metric: str | None = None, scenario: str | None = None) -> Axes:
        """Draw the bands; see `carms_lib.plotting.plot_bands`.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; None makes a new figure.
        metric, scenario : str, optional
            Which to draw. Without a metric, the only one or the headline.

        Returns
        -------
        matplotlib.axes.Axes
        """
        axes: Axes = open_view("plot")(self, ax=ax, metric=metric, scenario=scenario)
        return axes

    def save(self, path: str | Path) -> Path:
        """Write the frame with its provenance, in the format that the suffix names.

        Parameters
        ----------
        path : str or Path
            Ends in .csv, .xlsx, .parquet or .json; see `carms_lib.result_files`.

        Returns
        -------
        Path

        Raises
        ------
        ArgumentError
            Another suffix, or a file that cannot be written.
        """
        frame = self.frame
        record = {"difference": self.difference, **self.provenance.to_dict()}
        notes = [KIND_NOTES[str(frame["kind"].iloc[0])], *self._notes().splitlines()]
        if self.difference:
            notes.append(f"Numbers are differences: the scenario minus {frame['against'].iloc[0]}, draw by draw.")
        saved = SavedResult({"bands": frame}, record, notes, {"bands": formats_of(frame)})
        return save_tables(path, saved)

    def __repr__(self) -> str:
        return f"Bands of {sorted(self.frame['metric'].unique())} by {list(self.keys) or 'country'}\n{self.summary(8)}"


_FORMATS = {"share": "0.0%", "ratio": "#,##0.00", "count": "#,##0.0"}  # of a spreadsheet


def formats_of(frame: pd.DataFrame) -> dict[str, str | list[str]]:
    """Return the number formats of a band frame's columns on a sheet: shares as per cent."""
    forms = [METRICS[name].form if name in METRICS else "ratio" for name in frame["metric"]]
    of_rows = [_FORMATS[form] for form in forms]
    numbers: dict[str, str | list[str]] = dict.fromkeys(("estimate", "lower", "upper", "median"), of_rows)
    return numbers | {"level": "0%", "share_zero": "0.0%", "n_draws": "#,##0", "effective_draws": "#,##0"}


def summarise(
    measures: Mapping[str, Sequence[Measure]],
    keys: pd.DataFrame,
    *,
    level: float,
    kind: str,
    draws_per_input: int,
    headline: str,
    provenance: Provenance,
    against: str | None = None,
    simultaneous: bool = False,
) -> Bands:
    """Return bands for measures of one or more scenarios.

    Parameters
    ----------
    measures : mapping of str to sequence of Measure
        Scenario -> its measures, in the same order for each.
    keys : pandas.DataFrame
        One row per group.
    level : float
        In (0, 1).
    kind : {"outcome", "mean", "input"}
    draws_per_input : int
        R, the draws of a block.
    headline : str
    provenance : Provenance
    against : str, optional
        A scenario of `measures`; every other one is given as its paired difference from it.
    simultaneous : bool, default False
        Of kind "mean": make all groups of a metric and scenario hold together with probability `level`, so that many
        may be looked at, and marked, at once.

    Returns
    -------
    Bands

    Raises
    ------
    ArgumentError
        `simultaneous` is not a bool, or is asked of another kind.

    Warns
    -----
    TooFewDrawsWarning
        So few draws or blocks that the ends of the bands mean little.
    """
    level, kind = check_level(level), check_kind(kind)
    check_simultaneous(simultaneous, kind)
    _warn_if_few(len(next(iter(measures.values()))[0].top), draws_per_input, level, kind)
    parts, sizes = [], []
    for scenario, own in measures.items():
        if scenario == against:
            continue
        base: Sequence[Measure | None] = measures[against] if against is not None else [None] * len(own)
        for measure, minus in zip(own, base, strict=True):
            rows = pd.DataFrame({"metric": measure.metric, "scenario": scenario}, index=keys.index).join(keys)
            band = _band(count(measure, draws_per_input, minus), level, kind, draws_per_input, simultaneous)
            behind = _size(measure, minus)
            numbers = ("estimate", "lower", "upper", "median", "share_zero")
            missing = pd.notna(behind["reason"])
            shown = band | {name: np.where(missing, np.nan, band[name]) for name in numbers}
            parts.append(rows.assign(**shown))
            few = {name: band[name] for name in ("n_draws", "effective_draws")}
            sizes.append(rows.assign(**few, **behind))
    if simultaneous:
        provenance = provenance.with_settings(simultaneous=True)
    frame = pd.concat(parts, ignore_index=True).assign(level=level, kind=kind)
    order = ["metric", "scenario", *keys.columns, *BAND_COLUMNS]
    if against is not None:
        frame["against"] = against
        order.append("against")
    behind_all = pd.concat(sizes, ignore_index=True)
    return Bands(frame[order], tuple(keys.columns), headline, against is not None, provenance, behind_all)


def _warn_if_few(draws: int, draws_per_input: int, level: float, kind: str) -> None:
    settings, beyond = draws // draws_per_input, tails_of(level)[0]
    if kind != "outcome" and settings < _FEWEST_SETTINGS:
        needed, what = _FEWEST_SETTINGS, f"too few for a band of kind {kind!r}"
    elif kind == "outcome" and settings * beyond < _FEWEST_BEYOND - 1e-9:
        needed = int(np.ceil(_FEWEST_BEYOND / beyond - 1e-9))
        what = f"fewer than {_FEWEST_BEYOND} beyond each end of a {level:.0%} band, which is widened for it"
    else:
        return
    text = f"{draws} draws hold {settings} settings of the uncertain inputs, {what}"
    warnings.warn(f"{text}; use n_draws={needed * draws_per_input} or more.", TooFewDrawsWarning, stacklevel=4)


def _band(
    counted: Counted, level: float, kind: str, draws_per_input: int, simultaneous: bool = False
) -> dict[str, np.ndarray]:
    """Return the columns of a band that are numbers, without what is suppressed."""
    effective = effective_draws(counted.residual, draws_per_input)
    rare = share_zero(counted.of_draws, level)
    settings = len(counted.of_blocks)
    if kind == "mean":
        blocks = block_means(counted.residual, draws_per_input)
        level = level_of_each(blocks, level) if simultaneous else level
        lower, upper = mean_ends(counted.estimate, blocks, counted.cases, level, counted.scale)
        if counted.scale == "real" and settings >= 2:
            seldom = (~(np.abs(counted.of_draws) > 0.0)).mean(axis=0) > _SELDOM  # none, or nothing to count
            changes = (counted.estimate + counted.residual)[:, seldom]
            ends = rare_change_ends(changes, draws_per_input, counted.cases[seldom], level)
            lower[seldom], upper[seldom] = ends
    elif kind == "input" and settings < 2:
        lower = upper = np.full(len(counted.estimate), np.nan)
    elif kind == "input":
        moved = within_settings(counted.estimate, counted.of_blocks, counted.residual, draws_per_input)
        lower, upper, _ = next_ends(moved, settings, level)
        lower, upper = hold_estimate(counted.estimate, lower, upper, level)
    else:
        of_blocks = float(settings if settings < 2 else len(counted.of_draws))  # where blocks do not tell
        worth = np.where(np.isnan(effective), of_blocks, np.maximum(effective, settings))
        lower, upper, _ = next_ends(counted.of_draws, worth, level)
        lower, upper = hold_estimate(counted.estimate, lower, upper, level)
        lower, upper = (np.where(np.isnan(rare), end, 0.0) for end in (lower, upper))
    return {
        "estimate": counted.estimate,
        "lower": np.clip(lower, *counted.limits),
        "upper": np.clip(upper, *counted.limits),
        "n_draws": np.isfinite(counted.of_draws).sum(axis=0),
        "median": quantiles(counted.of_draws, [0.5])[0],
        "share_zero": rare,
        "effective_draws": effective,
    }


def is_too_small(measure: Measure) -> np.ndarray:
    """Say of each group whether its denominator falls short in an average draw, bool of shape (G,)."""
    if measure.bottom is None:
        return np.zeros(measure.top.shape[1], dtype=bool)
    short: np.ndarray = measure.bottom.mean(axis=0) < measure.fewest
    return short


def _size(measure: Measure, minus: Measure | None) -> dict[str, Any]:
    """Return the cases behind each estimate, and why there is none; see `Bands.sizes`."""
    groups = measure.top.shape[1]
    per_draw = np.ones(groups) if measure.bottom is None else measure.bottom.mean(axis=0, dtype=np.float64)
    reason = np.full(groups, None, dtype=object)
    for one in (measure,) if minus is None else (minus, measure):
        if one.bottom is not None:
            reason[is_too_small(one)] = f"fewer than {one.fewest:g} {one.of} in an average draw"
            reason[one.bottom.sum(axis=0) == 0] = f"no {one.of} in any draw"
    return {"per_draw": per_draw, "reason": pd.array(reason, dtype="string")}


def count(measure: Measure, draws_per_input: int, minus: Measure | None = None) -> Counted:
    """Return a measure, minus another where one is given, as bands and ranks read it."""
    counted = _count(measure, draws_per_input)
    if minus is None:
        return counted
    other = _count(minus, draws_per_input)
    reach = counted.limits[1] - other.limits[0]
    return Counted(
        counted.estimate - other.estimate,
        counted.of_draws - other.of_draws,
        counted.residual - other.residual,
        counted.of_blocks - other.of_blocks,
        np.minimum(counted.cases, other.cases),
        "real",
        (-reach, reach),
    )


_LIMITS = {"real": (-np.inf, np.inf), "positive": (0.0, np.inf), "share": (0.0, 1.0)}


def _count(measure: Measure, draws_per_input: int) -> Counted:
    top, limits = measure.top.astype(np.float64), _LIMITS[measure.scale]
    if measure.bottom is None:
        estimate = top.mean(axis=0)
        cases = np.full(top.shape[1], float(len(top)))
        return Counted(estimate, top, top - estimate, block_means(top, draws_per_input), cases, measure.scale, limits)
    bottom = measure.bottom.astype(np.float64)
    total, of_blocks = bottom.sum(axis=0), block_means(bottom, draws_per_input)
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = np.where(total > 0, top.sum(axis=0) / total, np.nan)
        values = np.where(bottom > 0, top / bottom, np.nan)
        residual = (top - estimate * bottom) / bottom.mean(axis=0)
        ratios = np.where(of_blocks > 0, block_means(top, draws_per_input) / of_blocks, np.nan)
    return Counted(estimate, values, residual, ratios, total, measure.scale, limits)
