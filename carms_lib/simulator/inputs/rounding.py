"""Whole numbers in proportion: the one place where seats and persons are shared out.

Belongs here: largest remainder. Does not belong here: what is shared out, and among whom.

References
----------
Balinski, M. L. and Young, H. P. (1982). Fair Representation. Yale University Press: Hamilton's method.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from carms_lib.exceptions import ArgumentError

__all__ = ["half_up", "largest_remainder"]

_NEARLY = 1e-9  # a product that should be whole may fall short of it by rounding


def largest_remainder(weights: ArrayLike, total: int) -> np.ndarray:
    """Share out `total` units in proportion to `weights`.

    Parameters
    ----------
    weights : array_like of shape (n,)
        Not negative.
    total : int
        Units to share out, such as seats.

    Returns
    -------
    ndarray of int64, shape (n,)
        Whole numbers that sum to `total`, each less than 1 from its exact share.

    Raises
    ------
    ArgumentError
        `total` is negative, or all weights are zero and there is something to share out.

    Notes
    -----
    Each gets its exact share rounded down; the units left go to the largest remainders, and of equal remainders to the
    first.

    Examples
    --------
    >>> largest_remainder([3, 3, 1], 5).tolist()
    [2, 2, 1]
    """
    exact = np.asarray(weights, dtype=np.float64)
    if total < 0 or (total > 0 and not exact.sum() > 0):
        raise ArgumentError(f"total={total} cannot be shared out over weights that sum to {exact.sum():g}.")
    if total == 0:
        return np.zeros(exact.size, dtype=np.int64)
    exact = exact * (total / exact.sum())
    whole: np.ndarray = np.floor(exact + _NEARLY).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def half_up(value: float) -> int:
    """Return the nearest whole number; a half rounds up."""
    return int(np.floor(value + 0.5))
