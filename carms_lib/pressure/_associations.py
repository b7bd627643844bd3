"""Which assumption goes with the answer, read off a study that is there.

Belongs here: what the settings of a study's uncertain inputs have to do with its results, at no further match. Does not
belong here: Sobol indices (`_sensitivity`), which vary each input by itself and simulate anew.

A study runs R draws on each setting of its inputs. With x the input and y the result averaged over the draws of a
setting, both over B settings, the share of the variance of y that goes with x in a straight line is r², the squared
correlation. Inputs are drawn jointly, so two that were fitted together may both go with the result where only one
moves it; and y keeps some chance, var(within) / R, so that the shares of all inputs need not reach 1. The interval is
Fisher's for r, squared: atanh r ± z / sqrt(B - 3), from 0 where it holds r = 0.

References
----------
Saltelli and others (2008), *Global Sensitivity Analysis: The Primer*, ch. 1.2: regression on a sample that is there.
Fisher (1921), *On the "probable error" of a coefficient of correlation*, Metron 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from carms_lib.exceptions import ArgumentError
from carms_lib.pressure._arguments import check_level
from carms_lib.pressure._bands import block_means
from carms_lib.pressure._pressure import measure_outcomes
from carms_lib.pressure._sensitivity import Sensitivity
from carms_lib.simulator import BASELINE, Study

__all__ = ["sensitivity_of"]

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
