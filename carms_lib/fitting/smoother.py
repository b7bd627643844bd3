"""The fit: an ensemble of settings, moved step by step towards the published moments.

Belongs here: ensemble smoothing with multiple data assimilation, its inflation, and the diagnostics of what it found
out. Does not belong here: what is simulated, which moments are met.

Why this scheme. The likelihood of the published tables has no closed form; there are about sixty inputs and seventy
moments; a simulated match is cheap but not free. An ensemble smoother needs no derivatives, no likelihood and a few
hundred simulations a step, and returns draws of all inputs together. It takes the moments for about normal around the
model's, and the model for about linear within the ensemble's spread; posterior predictive checks test both.

Every step moves member j by

    x_j += C_xy (C_yy + a R)^-1 (y + sqrt(a) e_j - y_j),    e_j ~ N(0, R),

with C the ensemble's covariances, R the moments' error (chance in one match, and what the model may miss), and a the
number of steps, so that all steps together use the data once.

A finite ensemble sees correlations where there are none, and grows too sure of itself. Inputs that nothing depends on
("dummies") are carried along: by how much their spread shrinks is by how much too much everybody's did, and the
ensemble's deviations are divided by it at the end.

References
----------
Emerick and Reynolds (2013), *Ensemble smoother with multiple data assimilation*, Computers & Geosciences 55.
Evensen (2009), *The ensemble Kalman filter for combined state and parameter estimation*, IEEE Control Systems 29(3).
Kennedy and O'Hagan (2001), *Bayesian calibration of computer models*, JRSS B 63(3): a model's own discrepancy.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

__all__ = ["smooth"]

Simulate = Callable[[pd.DataFrame, int], pd.DataFrame]


def smooth(
    start: pd.DataFrame,
    simulate: Simulate,
    target: pd.Series,
    error: pd.Series,
    *,
    steps: int,
    rng: np.random.Generator,
    tell: Callable[[str], None],
) -> pd.DataFrame:
    """Return the ensemble after all steps.

    Parameters
    ----------
    start : pandas.DataFrame
        One row per member, one column per input on its own scale; columns that start with "dummy" are dummies.
    simulate : callable
        (ensemble, step) -> moments, one row per member.
    target, error : pandas.Series
        Published moments, and their standard deviations.
    steps : int
    rng : numpy.random.Generator
        Perturbs the moments, a draw for each member and step.
    tell : callable
        Called with one line a step.

    Returns
    -------
    pandas.DataFrame
        With the columns of `start`.
    """
    names = list(target.index)
    scale = error.loc[names].to_numpy(dtype=float)
    wanted = target.loc[names].to_numpy(dtype=float) / scale
    x = start.to_numpy(dtype=float).copy()
    dummy = np.array([str(name).startswith("dummy") for name in start.columns])
    began = x[:, dummy].std(axis=0, ddof=1)
    for step in range(steps):
        y = simulate(pd.DataFrame(x, columns=start.columns), step)[names].to_numpy(dtype=float) / scale
        misfit = float(np.mean((y.mean(axis=0) - wanted) ** 2))
        tell(f"step {step + 1} of {steps}: mean squared misfit {misfit:.2f} error variances")
        dx, dy = x - x.mean(axis=0), y - y.mean(axis=0)
        members = len(x) - 1
        cxy, cyy = dx.T @ dy / members, dy.T @ dy / members
        noise = np.sqrt(steps) * rng.standard_normal(y.shape)
        noise -= noise.mean(axis=0)
        gain = np.linalg.solve(cyy + steps * np.eye(len(names)), cxy.T).T
        x = x + (wanted + noise - y) @ gain.T
    if dummy.any():
        kept = float(np.mean(x[:, dummy].std(axis=0, ddof=1) / began))
        tell(f"dummies kept {kept:.2f} of their spread; deviations are divided by it")
        x = x.mean(axis=0) + (x - x.mean(axis=0)) / min(kept, 1.0)
    return pd.DataFrame(x, columns=start.columns)
