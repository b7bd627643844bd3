"""Bands: from counts in every draw to an estimate with a lower and an upper end.

Belongs here: the three kinds of band, their formulas, and the `Bands` result. Does not belong here: what is
counted.

A metric is a ratio x / y of two counts per draw (y = 1 for a plain count). Draws d come in blocks b of R draws that
share one setting of the uncertain inputs. The estimate is the pooled ratio r = sum x / sum y.

outcome
    What may happen next time, chance and uncertain inputs together: quantiles of x_d / y_d.
mean
    Monte Carlo error of r. With the residual e_d = (x_d - r y_d) / mean(y) and its block means e_b, the band is
    r ± t(B - 1) sd(e_b) / sqrt(B): draws of a block are not independent, blocks are.
input
    What the uncertain inputs alone would spread. With s2 the variance within blocks, the block means overstate the
    spread of E[x/y | inputs] by s2 / R, so they are shrunk towards r by sqrt(max(0, 1 - s2 / (R var(e_b)))) before
    their quantiles are taken: one-way analysis of variance.

Quantiles are Weibull's, the k-th smallest of n standing for k / (n + 1): one number more of the same kind falls between
two of them as often as they say, however few there are (numpy's default takes (k - 1) / (n - 1), which is too narrow).

References
----------
Cochran (1977), *Sampling Techniques*, 3rd ed., ch. 6 and 9: ratio estimates, cluster samples.
Searle, Casella and McCulloch (1992), *Variance Components*, ch. 3.
Hyndman and Fan (1996), *Sample quantiles in statistical packages*, The American Statistician 50(4): definition 6.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from carms_lib._views import open_view
from carms_lib.exceptions import TooFewDrawsWarning
from carms_lib.pressure._arguments import check_kind, check_level
from carms_lib.provenance import Provenance

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "Bands",
    "Measure",
    "block_means",
    "is_too_small",
    "quantiles",
    "ratio",
    "shrink",
    "summarise",
]

_FEWEST_BEYOND = 5  # draws that should lie beyond each end before its place means much
_FEWEST_BLOCKS = 10


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
        A group whose denominator is smaller than this in an average draw is too small to say.
    """

    metric: str
    top: np.ndarray
    bottom: np.ndarray | None = None
    of: str = "cases"
    fewest: float = 0.0


@dataclass(frozen=True)
class Bands:
    """Estimates with bands, one row per metric, scenario and group.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns metric, scenario, the group keys, estimate, lower, upper, level, kind, n_draws. estimate, lower and
        upper are missing where no draw had anything to measure, and where a group is too small to say; n_draws is
        the number of draws that had anything.
    keys : tuple of str
        The group keys.
    headline : str
        The metric that is drawn when none is named.
    difference : bool
        Whether the numbers are a scenario minus the baseline.
    provenance : Provenance
    sizes : pandas.DataFrame, optional
        What stands behind each row of `frame`, in its order: metric, scenario, the group keys, n_draws; per_draw,
        the denominator in an average draw (1 for a plain count); effective_draws, as many independent draws would
        pin the estimate down as well; reason, why an estimate is missing, itself missing where none is.
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

    def summary(self, rows: int = 20) -> str:
        """Return one screen of text, at most `rows` long: the headline metric's largest estimates, or the country's."""
        frame = self.frame
        if self.keys:
            frame = frame[frame["metric"] == self.headline].sort_values("estimate", ascending=False)
        shown = frame.head(rows).drop(columns=["level", "kind", "n_draws"])
        level, kind = self.frame["level"].iloc[0], self.frame["kind"].iloc[0]
        what = "differences" if self.difference else "estimates"
        head = f"{what} with {level:.0%} {kind} bands, {self.frame['n_draws'].max():,} draws"
        more = f"\n… and {len(frame) - rows} more rows" if len(frame) > rows else ""
        return f"{head}\n{shown.to_string(index=False, float_format=lambda x: f'{x:,.3f}')}{more}{self._missing()}"

    def _missing(self) -> str:
        """Say how many rows have no estimate, and why."""
        if self.sizes is None:
            return ""
        rows = self.sizes["metric"] == self.headline if self.keys else slice(None)
        return "".join(
            f"\n{count} without an estimate: {reason}"
            for reason, count in self.sizes.loc[rows, "reason"].value_counts().items()
        )

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
        """Write the frame as CSV to `path`, and its provenance as JSON beside it.

        Returns
        -------
        Path
            The CSV file.
        """
        path = Path(path)
        self.frame.to_csv(path, index=False, lineterminator="\n")
        record = {"difference": self.difference, **self.provenance.to_dict()}
        text = json.dumps(record, indent=2, ensure_ascii=False, default=str) + "\n"
        path.with_name(path.name + ".provenance.json").write_text(text, encoding="utf-8", newline="\n")
        return path

    def __repr__(self) -> str:
        return f"Bands of {sorted(self.frame['metric'].unique())} by {list(self.keys) or 'country'}\n{self.summary(8)}"


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

    Returns
    -------
    Bands

    Warns
    -----
    TooFewDrawsWarning
        So few draws or blocks that the ends of the bands mean little.
    """
    level, kind = check_level(level), check_kind(kind)
    draws = len(next(iter(measures.values()))[0].top)
    _warn_if_few(draws, draws_per_input, level, kind)
    parts, sizes = [], []
    for scenario, own in measures.items():
        if scenario == against:
            continue
        base: Sequence[Measure | None] = measures[against] if against is not None else [None] * len(own)
        for measure, minus in zip(own, base, strict=True):
            rows = pd.DataFrame({"metric": measure.metric, "scenario": scenario}, index=keys.index).join(keys)
            parts.append(rows.assign(**_band(measure, minus, level, kind, draws_per_input)))
            sizes.append(rows.assign(n_draws=parts[-1]["n_draws"], **_size(measure, minus, draws_per_input)))
    frame = pd.concat(parts, ignore_index=True)
    frame["level"], frame["kind"] = level, kind
    order = ["metric", "scenario", *keys.columns, "estimate", "lower", "upper", "level", "kind", "n_draws"]
    behind = pd.concat(sizes, ignore_index=True)
    return Bands(frame[order], tuple(keys.columns), headline, against is not None, provenance, behind)


def _warn_if_few(draws: int, draws_per_input: int, level: float, kind: str) -> None:
    blocks = draws // draws_per_input
    if kind == "outcome" and draws * (1.0 - level) / 2.0 < _FEWEST_BEYOND - 1e-9:
        needed = int(np.ceil(2.0 * _FEWEST_BEYOND / (1.0 - level) - 1e-9))
        text = f"{draws} draws put fewer than {_FEWEST_BEYOND} beyond each end of a {level:.0%} band"
    elif kind != "outcome" and blocks < _FEWEST_BLOCKS:
        needed = _FEWEST_BLOCKS * draws_per_input
        text = f"{draws} draws hold {blocks} settings of the uncertain inputs, too few for a band of kind {kind!r}"
    else:
        return
    warnings.warn(f"{text}; use n_draws={needed} or more.", TooFewDrawsWarning, stacklevel=4)


def _band(
    measure: Measure, minus: Measure | None, level: float, kind: str, draws_per_input: int
) -> dict[str, np.ndarray]:
    estimate, values, residual = ratio(measure)
    if minus is not None:
        other = ratio(minus)
        estimate, values, residual = estimate - other[0], values - other[1], residual - other[2]
    counted = np.isfinite(values).sum(axis=0)
    tails = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
    if kind == "outcome":
        lower, upper = quantiles(values, tails)
    else:
        blocks = block_means(residual, draws_per_input)
        if kind == "mean":
            lower, upper = _mean_band(estimate, blocks, level)
        else:
            lower, upper = _input_band(estimate, blocks, residual, draws_per_input, tails)
    missing = (counted == 0) | is_too_small(measure)
    if minus is not None:
        missing |= is_too_small(minus)
    estimate, lower, upper = (np.where(missing, np.nan, numbers) for numbers in (estimate, lower, upper))
    return {"estimate": estimate, "lower": lower, "upper": upper, "n_draws": counted}


def is_too_small(measure: Measure) -> np.ndarray:
    """Say of each group whether its denominator falls short in an average draw, bool of shape (G,)."""
    if measure.bottom is None:
        return np.zeros(measure.top.shape[1], dtype=bool)
    short: np.ndarray = measure.bottom.mean(axis=0) < measure.fewest
    return short


def _size(measure: Measure, minus: Measure | None, draws_per_input: int) -> dict[str, np.ndarray]:
    """Return what stands behind each estimate; see `Bands.sizes`."""
    _, _, residual = ratio(measure)
    groups = measure.top.shape[1]
    per_draw = np.ones(groups) if measure.bottom is None else measure.bottom.mean(axis=0, dtype=np.float64)
    reason = np.full(groups, None, dtype=object)
    for one in (measure,) if minus is None else (minus, measure):
        if one is minus:
            residual = residual - ratio(one)[2]
        if one.bottom is not None:
            reason[is_too_small(one)] = f"fewer than {one.fewest:g} {one.of} in an average draw"
            reason[one.bottom.sum(axis=0) == 0] = f"no {one.of} in any draw"
    blocks = block_means(residual, draws_per_input)
    effective = np.full(groups, np.nan)
    if len(blocks) >= 2:
        of_mean = blocks.var(axis=0, ddof=1) / len(blocks)
        with np.errstate(invalid="ignore", divide="ignore"):
            effective = np.where(of_mean > 0, residual.var(axis=0, ddof=1) / of_mean, np.nan)
    return {
        "per_draw": per_draw,
        "effective_draws": np.minimum(effective, len(residual)),
        "reason": pd.array(reason, dtype="string"),
    }


def ratio(measure: Measure) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pooled ratio [G], the ratio of each draw [D, G] and its linear residual [D, G]."""
    top = measure.top.astype(np.float64)
    if measure.bottom is None:
        estimate = top.mean(axis=0)
        return estimate, top, top - estimate
    bottom = measure.bottom.astype(np.float64)
    total = bottom.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = np.where(total > 0, top.sum(axis=0) / total, np.nan)
        values = np.where(bottom > 0, top / bottom, np.nan)
        residual = (top - estimate * bottom) / bottom.mean(axis=0)
    return estimate, values, residual


def quantiles(values: np.ndarray, tails: Sequence[float]) -> np.ndarray:
    """Return Weibull's quantiles of each column over the values that are not missing.

    Parameters
    ----------
    values : ndarray of shape (D, G), float64
        Missing values are NaN.
    tails : sequence of float
        Probabilities, such as 0.05 and 0.95.

    Returns
    -------
    ndarray of shape (len(tails), G), float64
        0 for a column that is missing throughout.
    """
    filled = np.where(~np.isfinite(values).any(axis=0), 0.0, values)
    if np.isfinite(filled).all():
        return np.quantile(filled, tails, axis=0, method="weibull")
    return np.nanquantile(filled, tails, axis=0, method="weibull")


def block_means(residual: np.ndarray, draws_per_input: int) -> np.ndarray:
    """Return means over whole blocks, float64 of shape (B, G); a last block that is not whole is left out."""
    blocks = len(residual) // draws_per_input
    whole = residual[: blocks * draws_per_input]
    means: np.ndarray = whole.reshape(blocks, draws_per_input, residual.shape[1]).mean(axis=1)
    return means


def _mean_band(estimate: np.ndarray, blocks: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    count = len(blocks)
    if count < 2:
        nothing = np.full(estimate.shape, np.nan)
        return nothing, nothing
    half = stats.t.ppf((1.0 + level) / 2.0, count - 1) * blocks.std(axis=0, ddof=1) / np.sqrt(count)
    return estimate - half, estimate + half


def _input_band(
    estimate: np.ndarray,
    blocks: np.ndarray,
    residual: np.ndarray,
    draws_per_input: int,
    tails: Sequence[float],
) -> tuple[np.ndarray, np.ndarray]:
    count = len(blocks)
    if count < 2:
        nothing = np.full(estimate.shape, np.nan)
        return nothing, nothing
    shrunk = shrink(blocks, residual, draws_per_input)
    lower, upper = quantiles(shrunk, tails)
    return estimate + lower, estimate + upper


def shrink(blocks: np.ndarray, residual: np.ndarray, draws_per_input: int) -> np.ndarray:
    """Return block means drawn in towards zero by what chance within blocks adds to their spread; see the module."""
    count = len(blocks)
    whole = residual[: count * draws_per_input].reshape(count, draws_per_input, residual.shape[1])
    within = whole.var(axis=1, ddof=1).mean(axis=0)
    between = blocks.var(axis=0, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = np.where(between > 0, 1.0 - within / (draws_per_input * between), 0.0)
    shrunk = (blocks - blocks.mean(axis=0)) * np.sqrt(np.clip(kept, 0.0, 1.0))
    finite: np.ndarray = np.where(np.isfinite(shrunk), shrunk, 0.0)
    return finite
