"""Sensitivity: which assumption moves the answer most.

Belongs here: Sobol indices of headline results over the ranges of a cohort (`find_sensitivity`); how the inputs of a
study are associated with its results, at no further match (`sensitivity_of`). Does not belong here: bands of kind
`input`, which say how much all assumptions move a result together (`_bands`).

Sobol indices. Every uncertain input of the cohort, and the size of every class of applicants, is drawn from its own
range, independent of the others. At each point of the design the same few draws of chance are run, keyed alike, and
averaged: what is left to vary is what the inputs do. The first-order index of an input is the share of the variance of
the answer that would go if that input alone were known; the total index is the share that would stay if all others
were. They differ by what inputs do together.

Associations. A study runs R draws on each setting of its inputs. With x the input and y the result averaged over the
draws of a setting, both over B settings, the share of the variance of y that goes with x in a straight line is r², the
squared correlation. Inputs are drawn jointly, so two that were fitted together may both go with the result where only
one moves it; and y keeps some chance, var(within) / R, so that the shares of all inputs need not reach 1. The interval
is Fisher's for r, squared: atanh r ± z / sqrt(B - 3), from 0 where it holds r = 0.

References
----------
Saltelli, Annoni, Azzini, Campolongo, Ratto and Tarantola (2010), *Variance based sensitivity analysis of model
output*, Computer Physics Communications 181(2); as in `scipy.stats.sobol_indices`.
Saltelli and others (2008), *Global Sensitivity Analysis: The Primer*, ch. 1.2: regression on a sample that is there.
Fisher (1921), *On the "probable error" of a coefficient of correlation*, Metron 1.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from carms_lib._views import open_view
from carms_lib.exceptions import ArgumentError
from carms_lib.kernels.noise import entropy_from
from carms_lib.pressure._arguments import check_count, check_level
from carms_lib.pressure._band_ends import block_means
from carms_lib.pressure._pressure import measure_outcomes, wanted_metrics
from carms_lib.pressure.metrics import HEADLINES, METRICS
from carms_lib.provenance import Provenance
from carms_lib.simulator import BASELINE, PARAMETERS, Market, Study
from carms_lib.simulator.draw.block import BlockInputs, run_block
from carms_lib.simulator.draw.settings import draw_parameters, split_uniform

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Sensitivity", "find_sensitivity", "sensitivity_of"]

_RESAMPLES = 200


@dataclass(frozen=True)
class Sensitivity:
    """Which input moves headline results; made by `find_sensitivity`, or by `sensitivity_of` from a study.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per result, input and order ("first", "total"): metric, input, order, estimate, lower, upper (a
        percentile bootstrap over the design), level, kind ("sobol"), n_draws (matches run). Shares of variance; chance
        in the design can put a small one below 0. Missing where the result did not vary at all. `sensitivity_of` gives
        order "first" alone, of kind "linear".
    results : pandas.DataFrame
        One row per result: metric, mean, sd over the design.
    provenance : Provenance
    """

    frame: pd.DataFrame
    results: pd.DataFrame
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the frame of indices."""
        return self.frame.copy()

    def summary(self, rows: int = 5) -> str:
        """Return one screen of text: for each result, the `rows` inputs with the largest (total) index."""
        parts = [f"shares of variance over the cohort's ranges, {self.frame['n_draws'].max():,} matches"]
        order = "total" if "total" in set(self.frame["order"]) else "first"
        for result in self.results.itertuples():
            total = self.frame[(self.frame["metric"] == result.metric) & (self.frame["order"] == order)]
            best = total.sort_values("estimate", ascending=False).head(rows)
            told = ", ".join(
                f"{name} {at:.2f} ({low:.2f} to {high:.2f})"
                for name, at, low, high in zip(
                    best["input"], best["estimate"], best["lower"], best["upper"], strict=True
                )
            )
            parts.append(f"{result.metric} (mean {result.mean:,.3g}, sd {result.sd:,.2g}): {told}")
        return "\n".join(parts)

    def plot(self, *, ax: Axes | None = None, metric: str | None = None, n_rows: int | None = 12) -> Axes:
        """Draw the indices of one result; see `carms_lib.plotting.plot_sensitivity`.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; None makes a new figure.
        metric : str, optional
            Which result; by default the first.
        n_rows : int, optional
            Draw only the inputs with the largest index; None draws all.

        Returns
        -------
        matplotlib.axes.Axes
        """
        axes: Axes = open_view("plot_sensitivity")(self.frame, ax=ax, metric=metric, n_rows=n_rows)
        return axes

    def save(self, path: str | Path) -> Path:
        """Write the indices as CSV to `path`, and their provenance as JSON beside it."""
        path = Path(path)
        self.frame.to_csv(path, index=False, lineterminator="\n")
        record = {"results": self.results.to_dict("records"), **self.provenance.to_dict()}
        text = json.dumps(record, indent=2, ensure_ascii=False, default=str) + "\n"
        path.with_name(path.name + ".provenance.json").write_text(text, encoding="utf-8", newline="\n")
        return path

    def __repr__(self) -> str:
        return f"Sensitivity\n{self.summary(3)}"


def find_sensitivity(
    market: Market,
    *,
    n: int = 64,
    draws_per_point: int = 2,
    metric: str | Sequence[str] | None = None,
    level: float = 0.90,
    rng: Any = None,
) -> Sensitivity:
    """Return Sobol indices of headline results over the ranges of the market's cohort.

    Each input varies by itself over its range, independently of the others: joint draws of inputs, where the cohort has
    some, are ignored.

    Parameters
    ----------
    market : Market
    n : int, default 64
        Base points of the design, a power of 2, at least 8. The design has n (inputs + 2) points.
    draws_per_point : int, default 2
        Matches averaged at each point.
    metric : str or sequence of str, optional
        Some of `HEADLINES`; by default all of them, at no further cost.
    level : float, default 0.90
        Of the bootstrap intervals, in (0, 1).
    rng : int, numpy.random.SeedSequence, numpy.random.Generator or None
        As in `simulate`.

    Returns
    -------
    Sensitivity

    Raises
    ------
    UnknownNameError
        A result that there is not.
    ArgumentError
        n is no power of 2 or below 8, draws_per_point is not a positive whole number, a level outside (0, 1), or a
        cohort that gives fewer than two inputs a range.
    """
    level = check_level(level)
    n, draws_per_point = check_count("n", n, 8), check_count("draws_per_point", draws_per_point)
    if n & (n - 1):
        raise ArgumentError(f"n={n!r} must be a power of 2, such as 64.")
    names = wanted_metrics(metric, list(HEADLINES))
    entropy = entropy_from(rng)
    inputs, moving = _inputs(market)
    if moving.sum() < 2:
        raise ArgumentError(
            f"The cohort {market.cohort.name!r} has a range for {int(moving.sum())} inputs; to say which moves the "
            "answer most takes two."
        )
    headline = _Headlines(market, names)
    draws = np.arange(draws_per_point)
    count = int(moving.sum())

    def answers(x: np.ndarray) -> np.ndarray:
        """Results at points of the unit cube, (inputs, points) -> (results, points)."""
        unit = np.full((x.shape[1], len(inputs)), 0.5)
        unit[:, moving] = x.T
        theta, sizes = _at(market, unit)

        def run(point: int) -> np.ndarray:
            (result,) = run_block(market, [market], entropy, 0, draws, BlockInputs(theta[point], sizes[point]))
            return headline.of(result.wished, result.final, result.quota)

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return np.array(list(pool.map(run, range(len(unit))))).T

    generator = np.random.default_rng(entropy)
    base = stats.qmc.Sobol(2 * count, scramble=True, rng=generator).random(n).T
    a, b = base[:count], base[count:]
    mixed = np.tile(a, (count, 1, 1))
    mixed[np.arange(count), np.arange(count)] = b  # A with one input of B, for each input
    of_a, of_b = answers(a), answers(b)
    of_mixed = answers(mixed.transpose(1, 0, 2).reshape(count, -1)).reshape(len(names), count, n).transpose(1, 0, 2)
    estimates = _indices(of_a, of_b, of_mixed)
    resampled = np.array(
        [
            _indices(of_a[:, rows], of_b[:, rows], of_mixed[:, :, rows])
            for rows in generator.integers(0, n, size=(_RESAMPLES, n))
        ]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a result that never varied has no index
        low, high = np.nanquantile(resampled, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=0)
    of_design = np.concatenate([of_a, of_b], axis=1)
    n_draws = n * (count + 2) * len(draws)
    frames = [
        pd.DataFrame(
            {
                "metric": name, "input": inputs[moving], "order": order, "estimate": estimates[k, i],
                "lower": low[k, i], "upper": high[k, i],
            }
        )
        for k, order in enumerate(("first", "total"))
        for i, name in enumerate(names)
    ]  # fmt: skip
    frame = pd.concat(frames, ignore_index=True).assign(level=level, kind="sobol", n_draws=n_draws)
    results = pd.DataFrame({"metric": names, "mean": of_design.mean(axis=1), "sd": of_design.std(axis=1, ddof=1)})
    provenance = market.provenance.with_settings(entropy=entropy, n=n, draws_per_point=draws_per_point, level=level)
    return Sensitivity(frame, results, provenance)


def _indices(of_a: np.ndarray, of_b: np.ndarray, of_mixed: np.ndarray) -> np.ndarray:
    """Return first-order and total indices, float64 of shape (2, results, inputs); missing for a constant result."""
    values = {"f_A": of_a, "f_B": of_b, "f_AB": of_mixed}
    values = {name: each.copy() for name, each in values.items()}  # scipy centres what it is given in place
    with np.errstate(invalid="ignore", divide="ignore"):
        found = stats.sobol_indices(func=values, n=of_a.shape[1])
    shape = (len(of_a), len(of_mixed))
    indices = np.stack([found.first_order.reshape(shape), found.total_order.reshape(shape)])
    constant = np.ptp(np.concatenate([of_a, of_b], axis=1), axis=1) == 0
    indices[:, constant] = np.nan
    return indices


def _inputs(market: Market) -> tuple[np.ndarray, np.ndarray]:
    """Return the names of all inputs, and which of them have a range."""
    cohort = market.cohort
    names = np.array([*PARAMETERS, *(f"size of {name}" for name in cohort.classes.index)], dtype=object)
    low = np.concatenate([cohort.parameters["low"].to_numpy(float), cohort.classes["low"].to_numpy(float)])
    high = np.concatenate([cohort.parameters["high"].to_numpy(float), cohort.classes["high"].to_numpy(float)])
    moving: np.ndarray = high > low
    return names, moving


def _at(market: Market, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return parameters and class sizes at points of the unit cube."""
    cohort = market.cohort
    theta = draw_parameters(cohort, unit[:, : len(PARAMETERS)])
    size, low, high = (cohort.classes[name].to_numpy(float) for name in ("size", "low", "high"))
    return theta, split_uniform(unit[:, len(PARAMETERS) :], size, low, high) * market.class_factors


class _Headlines:
    """Headline results of a few draws, averaged."""

    def __init__(self, market: Market, names: Sequence[str]) -> None:
        classes = market.cohort.classes
        whose = market.applicants["applicant_class"]
        canadian = classes.index[(classes["graduates_of"] == "schools") & (classes["stream"] == "CMG")]
        self.canadian = whose.isin(canadian).to_numpy()
        self.international = whose.isin(classes.index[classes["stream"] == "IMG"]).to_numpy()
        self.family = (market.programs["discipline"] == "Family Medicine").to_numpy()
        self.discipline = market.tables.program_discipline
        self.names = list(names)

    def of(self, wished: np.ndarray, final: np.ndarray, quota: np.ndarray) -> np.ndarray:
        """Return the results, float64 of shape (names,)."""
        draws = len(final)
        matched = final >= 0
        seated = np.where(matched, final, 0)
        choosing = wished >= 0
        got = matched & (self.discipline[seated] == self.discipline[np.where(choosing, wished, 0)])
        counts = {
            "unmatched_cmg": ((final == -1) & self.canadian).sum(),
            "matched_img": (matched & self.international).sum(),
            "seats": quota.sum(),
            "filled": matched.sum(),
            "seats_family_medicine": quota[:, self.family].sum(),
            "filled_family_medicine": (matched & self.family[seated]).sum(),
            "first_choices": choosing.sum(),
            "first_choices_elsewhere": (choosing & ~got).sum(),
        }
        values = []
        for row in (METRICS[name] for name in self.names):
            top = counts[row.terms[0]] - sum(counts[less] for less in row.terms[1:])
            values.append(top / (draws if row.denominator is None else max(counts[row.denominator], 1)))
        return np.array(values, dtype=np.float64)


_FEWEST_SETTINGS = 20


def sensitivity_of(
    study: Study, *, metric: str | Sequence[str] = "unfilled", scenario: str = BASELINE, level: float = 0.90
) -> Sensitivity:
    """Return how much of the spread of a result goes with each uncertain input, from the draws of a study.

    Parameters
    ----------
    study : Study
    metric : str or sequence of str, default "unfilled"
        National results, as `outcome_bands` names them.
    scenario : str, default "baseline"
    level : float, default 0.90
        Of the intervals, in (0, 1).

    Returns
    -------
    Sensitivity
        Order "first", kind "linear": squared correlations over the settings of the study, for each input and for the
        size of each class of applicants. What the study does not vary is left out.

    Raises
    ------
    UnknownNameError
        A metric or scenario that there is not.
    ArgumentError
        A level outside (0, 1), or a study of fewer than 20 settings: too few to say.
    """
    level = check_level(level)
    settings = study.n_draws // study.draws_per_input
    if settings < _FEWEST_SETTINGS:
        raise ArgumentError(
            f"study has {settings} settings of its uncertain inputs, and {_FEWEST_SETTINGS} are needed to say which of "
            f"them goes with the answer. Simulate n_draws={_FEWEST_SETTINGS * study.draws_per_input} or more."
        )
    measures, _ = measure_outcomes(study, None, metric=metric, scenario=scenario, against=None)
    counts = {measure.metric: measure.top[:, 0].astype(np.float64) for measure in measures[scenario]}
    inputs = study.inputs.iloc[:settings].join(_sizes(study, scenario))
    inputs = inputs.loc[:, np.ptp(inputs.to_numpy(float), axis=0) > 0]
    z = stats.norm.ppf((1.0 + level) / 2.0) / np.sqrt(settings - 3)
    frames = []
    for name, values in counts.items():
        averages = block_means(values[:, None], study.draws_per_input)[:, 0]
        constant = np.ptp(averages) == 0
        r = np.full(inputs.shape[1], np.nan) if constant else np.corrcoef(averages, inputs.to_numpy(float).T)[0, 1:]
        ends = np.tanh(np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12)) + z * np.array([[-1.0], [1.0]]))
        near = np.where(ends[0] * ends[1] < 0, 0.0, np.abs(ends).min(axis=0))
        frames.append(
            pd.DataFrame(
                {
                    "metric": name, "input": list(inputs.columns), "order": "first", "estimate": r**2,
                    "lower": near**2 + 0.0 * r, "upper": np.abs(ends).max(axis=0) ** 2,
                }
            )
        )  # fmt: skip
    frame = pd.concat(frames, ignore_index=True).assign(level=level, kind="linear", n_draws=study.n_draws)
    spread = [(name, values.mean(), values.std(ddof=1)) for name, values in counts.items()]
    results = pd.DataFrame(spread, columns=["metric", "mean", "sd"])
    return Sensitivity(frame, results, study.provenance.with_settings(scenario=scenario, level=level))


def _sizes(study: Study, scenario: str) -> pd.DataFrame:
    """Return how many applicants of each class take part in each setting."""
    measures, groups = measure_outcomes(study, "applicant_class", metric="applicants", scenario=scenario, against=None)
    sizes = block_means(measures[scenario][0].top.astype(np.float64), study.draws_per_input)
    return pd.DataFrame(sizes, columns=[f"size of {name}" for name in groups.keys["applicant_class"]])
