"""Ranks with bands: which cells are the most pressed, and how sure that order is.

Belongs here: ranking the groups of a metric, the interval of each rank, the probability of standing among the first
k and of standing above another group. Does not belong here: the metric itself (`_pressure`).

Rank 1 is the highest value, and equal values share the mean of their ranks. Every kind of band ranks something else:

outcome
    The groups in each draw: what the order may be next time. The estimate is the mean rank over the draws and the
    interval holds the rank in the next draw, with the widening for few effective draws of `_band_ends`.
input
    The groups in each setting of the uncertain inputs, without the chance within settings.
mean
    The order of the averages over ever more draws. For group j the differences r_j - r_k to all others get
    confidence intervals that hold together with probability `level`: the critical value c_j is the `level` quantile
    of max_k |Z_jk|, the studentized differences under Gaussian multipliers on the blocks. Then

        1 + #{k: r_k - r_j > c_j se_jk}  <=  rank of j  <=  G - #{k: r_j - r_k > c_j se_jk}.

    Probabilities are shares of the multiplier draws.

The probability of being among the first k is the mean over draws (settings, multiplier draws) of
min(1, max(0, (k - a) / t)), with a groups above and t groups equal, the group itself among them: places that equal
groups share are shared evenly, so that the probabilities of all groups sum to k. A group without a value in a draw
takes the last places there, together with all others that have none.

References
----------
Mogstad, Romano, Shaikh and Wilhelm (2024), *Inference for ranks with applications to mobility across neighbourhoods
and academic achievement across countries*, Review of Economic Studies 91(1).
Chernozhukov, Chetverikov and Kato (2013), *Gaussian approximations and multiplier bootstrap for maxima of sums*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from carms_lib._views import open_view
from carms_lib.exceptions import ArgumentError, StudyError, UnknownNameError
from carms_lib.pressure._arguments import check_count, check_kind, check_level, check_name
from carms_lib.pressure._band_ends import block_means, effective_draws, hold_estimate, next_ends, within_settings
from carms_lib.pressure._bands import Counted, count, is_too_small
from carms_lib.pressure._groups import Where
from carms_lib.pressure._pressure import FEWEST, measure_preferences, measure_pressure
from carms_lib.pressure.metrics import PREFERENCE_METRICS, PRESSURE_METRICS
from carms_lib.provenance import Provenance
from carms_lib.result_files import SavedResult, save_tables
from carms_lib.simulator import BASELINE, Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Ranks", "confidence_bounds", "rank_groups"]

_MULTIPLIERS = 1_000


@dataclass(frozen=True)
class Ranks:
    """The order of groups by one metric, with bands; made by `rank_groups`.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per group, the highest first. The columns of a band frame with metric "rank": estimate, lower and
        upper are of the rank. After n_draws: of, the metric that is ranked; value, its estimate; among_first, the
        probability of being among the first k, which sums to k over all groups; k. A suppressed group keeps its row
        without a rank.
    keys : tuple of str
        The group keys.
    provenance : Provenance
    """

    frame: pd.DataFrame
    keys: tuple[str, ...]
    provenance: Provenance
    _replicates: np.ndarray = field(repr=False)  # float32[R, G], in the order of the ranked rows of `frame`

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the frame of ranks."""
        return self.frame.copy()

    def above(self, **group: str) -> pd.DataFrame:
        """Return the probability that each group ranks above another.

        Parameters
        ----------
        **group : str
            One group by its keys, such as ``province="ON", discipline="Psychiatry"``: against every other. Without
            any, all pairs.

        Returns
        -------
        pandas.DataFrame
            One row per pair: the keys with the endings _above and _below; probability, that the first ranks strictly
            above the second; equal, that the two are equal. Both ways round with equal they add up to 1. Groups
            without a rank have no rows.

        Raises
        ------
        UnknownNameError
            A key or value that there is not.
        ArgumentError
            Keys that name more than one group.
        """
        rows = self.frame.loc[self.frame["estimate"].notna(), list(self.keys)].reset_index(drop=True)
        chosen = np.arange(len(rows))
        for key, value in group.items():
            if key not in self.keys:
                raise UnknownNameError("key", key, self.keys)
            check_name(key, value, sorted(set(rows[key].astype(str))))
            chosen = chosen[(rows.loc[chosen, key] == value).to_numpy()]
        if group and len(chosen) != 1:
            raise ArgumentError(f"{group!r} names {len(chosen)} groups; name one by all of {list(self.keys)}.")
        values = self._replicates
        parts = []
        for j in chosen.tolist():
            both = np.isfinite(values) & np.isfinite(values[:, [j]])
            with np.errstate(invalid="ignore", divide="ignore"):
                higher = (values[:, [j]] > values).sum(axis=0) / both.sum(axis=0)
                equal = ((values[:, [j]] == values) & both).sum(axis=0) / both.sum(axis=0)
            part = rows.add_suffix("_below").assign(probability=higher, equal=equal)
            for at, key in enumerate(self.keys):
                part.insert(at, f"{key}_above", [rows[key].iloc[j]] * len(part))
            parts.append(part.drop(index=j))
        return pd.concat(parts, ignore_index=True)

    def summary(self, rows: int = 20) -> str:
        """Return one screen of text, at most `rows` groups long."""
        first = self.frame.iloc[0]
        shown = self.frame.head(rows)[[*self.keys, "value", "estimate", "lower", "upper", "among_first"]]
        shown = shown.rename(
            columns={"value": str(first["of"]), "estimate": "rank", "among_first": f"first {first['k']}"}
        )
        head = (
            f"ranks by {first['of']} in {first['scenario']}, {first['level']:.0%} {first['kind']} intervals, "
            f"{self.frame['n_draws'].max():,} draws"
        )
        left_out = int(self.frame["estimate"].isna().sum())
        more = f"\n… and {len(self.frame) - rows} more rows" if len(self.frame) > rows else ""
        small = f"\n{left_out} suppressed: too few cases" if left_out else ""
        return f"{head}\n{shown.to_string(index=False, float_format=lambda x: f'{x:,.3g}')}{more}{small}"

    def plot(self, *, ax: Axes | None = None, n_rows: int | None = 40) -> Axes:
        """Draw the intervals of the ranks; see `carms_lib.plotting.plot_ranks`.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; None makes a new figure.
        n_rows : int, optional
            Draw only the first; None draws all.

        Returns
        -------
        matplotlib.axes.Axes
        """
        axes: Axes = open_view("plot_ranks")(self.frame, ax=ax, n_rows=n_rows)
        return axes

    def save(self, path: str | Path) -> Path:
        """Write the frame with its provenance to `path`, in the format that the suffix names; see `Bands.save`."""
        notes = [f"Rank 1 is the highest {self.frame['of'].iloc[0]}. among_first is the probability of the first k."]
        formats = {"among_first": "0.0%", "level": "0%", "estimate": "0.0", "lower": "0.0", "upper": "0.0"}
        return save_tables(
            path, SavedResult({"ranks": self.frame}, self.provenance.to_dict(), notes, {"ranks": formats})
        )

    def __repr__(self) -> str:
        return f"Ranks by {list(self.keys)}\n{self.summary(8)}"


def rank_groups(
    study: Study,
    by: str | Sequence[str],
    *,
    metric: str = "pressure",
    k: int | None = None,
    level: float = 0.90,
    kind: str = "outcome",
    scenario: str = BASELINE,
    first_choice: str = "wished",
    iteration: str = "final",
    fewest: float = FEWEST,
    where: Where | None = None,
) -> Ranks:
    """Rank the groups of a study by a metric, with bands.

    Parameters
    ----------
    study : Study
    by : str or sequence of str
        Columns of the programs and of the applicants that make the groups, such as ["province", "discipline"] or
        ["discipline", "site"].
    metric : str, default "pressure"
        One of `PRESSURE_METRICS` or `PREFERENCE_METRICS`.
    k : int, optional
        Asks for the probability of being among the first k; by default 5, or as many as there are groups.
    level : float, default 0.90
        Of the interval of a rank, in (0, 1).
    kind : {"outcome", "mean", "input"}, default "outcome"
        What is ranked; see the notes of this module.
    scenario : str, default "baseline"
    first_choice, iteration, fewest, where
        As in `pressure_bands`; only the groups that `where` keeps are ranked.

    Returns
    -------
    Ranks

    Raises
    ------
    UnknownNameError
        An unknown column, metric, kind or scenario.
    ArgumentError
        A level outside (0, 1), or a k below 1 or above the number of groups that are large enough to rank.
    StudyError
        No group is large enough to rank, or there are too few draws for this kind.
    """
    level, kind = check_level(level), check_kind(kind)
    k = None if k is None else check_count("k", k)
    scenario = check_name("scenario", scenario, study.scenarios)
    metric = check_name("metric", metric, [*PRESSURE_METRICS, *PREFERENCE_METRICS])
    grouping: Any = by
    if grouping is None or (isinstance(grouping, (list, tuple)) and not grouping):
        raise ArgumentError("by names no column, so there is nothing to rank. Give columns such as 'discipline'.")
    if metric in PREFERENCE_METRICS:
        found, keys = measure_preferences(
            study, by, metric=metric, first_choice=first_choice, scenario=scenario, where=where
        )
    else:
        found, keys = measure_pressure(
            study, by, metric=metric, first_choice=first_choice, iteration=iteration, scenario=scenario,
            against=None, fewest=fewest, where=where,
        )  # fmt: skip
    measure = found[scenario][0]
    counted = count(measure, study.draws_per_input)
    known = np.isfinite(counted.estimate) & ~is_too_small(measure)
    if known.sum() < 2:
        raise StudyError(
            f"by={by!r} leaves {int(known.sum())} groups that are large enough to rank, and ranks need two. "
            "Group more coarsely, or lower `fewest`."
        )
    if k is not None and k > known.sum():
        raise ArgumentError(
            f"k={k} is more than the {int(known.sum())} groups with a rank: all are among the first {k}."
        )
    k = min(5, int(known.sum())) if k is None else k
    settings = study.n_draws // study.draws_per_input
    if kind != "outcome" and settings < 2:
        raise StudyError(
            f"{study.n_draws} draws hold fewer than two settings of the inputs: too few for kind={kind!r}."
        )
    ranking = Ranking(k=k, level=level, kind=kind, draws_per_input=study.draws_per_input, entropy=study.entropy)
    columns, replicates = rank_counted(counted.of_groups(known), ranking)
    frame = keys.assign(metric="rank", scenario=scenario, level=level, kind=kind, of=metric, k=k)
    frame["n_draws"] = np.isfinite(counted.of_draws).sum(axis=0)
    for name, numbers in columns.items():
        full = np.full(len(frame), np.nan)
        full[known] = numbers
        frame[name] = full
    order = frame.sort_values(["estimate", *keys.columns], na_position="last").index.to_numpy()
    place = np.cumsum(known) - 1
    ranked = [place[at] for at in order if known[at]]
    names = [
        "metric", "scenario", *keys.columns, "estimate", "lower", "upper", "level", "kind", "n_draws",
        "of", "value", "among_first", "k",
    ]  # fmt: skip
    return Ranks(
        frame.loc[order, names].reset_index(drop=True),
        tuple(keys.columns),
        study.provenance.with_settings(metric=metric, k=k, first_choice=first_choice, iteration=iteration),
        replicates[:, ranked].astype(np.float32) if kind != "outcome" else replicates[:, ranked],
    )


class Ranking(NamedTuple):
    """How groups are ranked."""

    k: int
    level: float
    kind: str
    draws_per_input: int
    entropy: int  # of the multipliers of kind `mean`


def rank_counted(counted: Counted, ranking: Ranking) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Rank groups that all have a value.

    Parameters
    ----------
    counted : Counted
    ranking : Ranking

    Returns
    -------
    columns : dict of str to ndarray of shape (G,)
        estimate, lower, upper, value, among_first.
    replicates : ndarray of shape (R, G)
        The values that were ranked: of the draws, of the settings, or of the multiplier draws.
    """
    shown, residual, level, kind = counted.estimate, counted.residual, ranking.level, ranking.kind
    blocks = block_means(residual, ranking.draws_per_input)
    if kind == "outcome":
        replicates = counted.of_draws
    elif kind == "input":
        replicates = within_settings(shown, counted.of_blocks, residual, ranking.draws_per_input)
    else:
        rng = np.random.default_rng(ranking.entropy)
        weights = rng.standard_normal((_MULTIPLIERS, len(blocks)))
        replicates = shown + weights @ (blocks - blocks.mean(axis=0)) / len(blocks)
    of_draw = _ranks_of_rows(replicates)
    if kind == "mean":
        rank = stats.rankdata(-shown, method="average")
        lower, upper = confidence_bounds(shown, blocks, replicates, level)
    else:
        rank = of_draw.mean(axis=0)
        worth: np.ndarray | float = len(replicates)
        if kind == "outcome":
            worth = np.fmax(effective_draws(of_draw - rank, ranking.draws_per_input), max(len(blocks), 1))
        lower, upper, _ = next_ends(of_draw, worth, level)
        lower, upper = (np.clip(end, 1, len(rank)) for end in hold_estimate(rank, lower, upper, level))
    among = _among_first(replicates, ranking.k).mean(axis=0)
    return {"estimate": rank, "lower": lower, "upper": upper, "value": shown, "among_first": among}, replicates


def _ranks_of_rows(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value within its row, 1 the highest; equal and missing values share the mean."""
    ranks: np.ndarray = stats.rankdata(-_missing_last(values), method="average", axis=1)
    return ranks


def _among_first(values: np.ndarray, k: int) -> np.ndarray:
    """Return the share of the first k places that falls to each value of a row; see the module."""
    least = stats.rankdata(-_missing_last(values), method="min", axis=1)
    most = stats.rankdata(-_missing_last(values), method="max", axis=1)
    share: np.ndarray = np.clip((k + 1 - least) / (most - least + 1), 0.0, 1.0)
    return share


def _missing_last(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, -np.inf)


def confidence_bounds(
    estimate: np.ndarray, blocks: np.ndarray, replicates: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return confidence bounds of each rank from simultaneous intervals of its differences; see the module."""
    groups, count = len(estimate), len(blocks)
    centred, noise = blocks - blocks.mean(axis=0), replicates - estimate
    lower, upper = np.empty(groups), np.empty(groups)
    for j in range(groups):
        others = np.arange(groups) != j
        error = np.sqrt(((centred[:, [j]] - centred[:, others]) ** 2).sum(axis=0) / (count - 1) / count)
        error = np.maximum(error, np.finfo(float).tiny)
        largest = np.abs((noise[:, [j]] - noise[:, others]) / error).max(axis=1)
        reach = np.quantile(largest, level) * error
        difference = estimate[j] - estimate[others]
        lower[j] = 1 + (difference < -reach).sum()
        upper[j] = groups - (difference > reach).sum()
    return lower, upper
