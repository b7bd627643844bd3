"""Checks of a fit: published figures beside simulated ones, and what the figures identify.

Belongs here: numbers that say how well a fit meets its figures. Does not belong here: their text on a page
(``docs/make_calibration.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carms_lib.pressure import quantiles

__all__ = ["check_figures", "identification", "misfit"]

_LEVEL = 0.90


def check_figures(target: pd.Series, before: pd.DataFrame | None, after: pd.DataFrame) -> pd.DataFrame:
    """Return published figures beside predictive means and 90 % bands, and whether the band holds the figure.

    Parameters
    ----------
    target : pandas.Series
        Published figures.
    before, after : pandas.DataFrame
        Simulated single matches, one a row, before and after the fit.

    Returns
    -------
    pandas.DataFrame
        One row per figure: figure, published, before (only where given), after (means), low, high, inside.
    """
    tails = [(1.0 - _LEVEL) / 2.0, (1.0 + _LEVEL) / 2.0]
    rows = []
    for name, value in target.items():
        drawn = after[name]
        (low,), (high,) = quantiles(drawn.to_numpy(float)[:, None], tails)
        row: dict[str, Any] = {"figure": name, "published": value}
        if before is not None:
            row["before"] = before[name].mean()
        inside = bool(low - 1e-9 <= value <= high + 1e-9)
        rows.append({**row, "after": drawn.mean(), "low": float(low), "high": float(high), "inside": inside})
    return pd.DataFrame(rows)


def misfit(target: pd.Series, error: pd.Series, drawn: pd.DataFrame) -> float:
    """Return the root mean square of (simulated mean - published) / error.

    Parameters
    ----------
    target, error : pandas.Series
        Published figures and their standard deviations.
    drawn : pandas.DataFrame
        Simulated single matches, one a row.

    Returns
    -------
    float
    """
    gap = (drawn[list(target.index)].mean() - target) / error[list(target.index)]
    return float(np.sqrt((gap**2).mean()))


def identification(prior: pd.DataFrame, ensemble: pd.DataFrame) -> pd.DataFrame:
    """Return prior and posterior of every fitted input on its own scale, most learnt first.

    Parameters
    ----------
    prior : pandas.DataFrame
        As `prior_table` returns it.
    ensemble : pandas.DataFrame
        After the fit, one row per member.

    Returns
    -------
    pandas.DataFrame
        One row per input: scale, prior, prior sd, posterior, posterior sd, kept (share of the spread that is left).
    """
    after = ensemble[list(prior.index)]
    frame = pd.DataFrame(
        {
            "scale": prior["scale"],
            "prior": prior["mean"],
            "prior sd": prior["spread"],
            "posterior": after.mean(),
            "posterior sd": after.std(),
        }
    )
    frame["kept"] = (frame["posterior sd"] / frame["prior sd"]).clip(upper=1.0)
    return frame.sort_values("kept")
