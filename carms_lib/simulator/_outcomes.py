"""Outcomes of draws: four program numbers an applicant, the seats, and the couples.

Belongs here: the arrays that a study hands out, and the summary of its couples. Does not belong here: where the arrays
lie (`_spool`), and metrics (`carms_lib.pressure`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from carms_lib.simulator._draw import COUPLE_COUNTS

__all__ = ["Outcomes", "summarise_couples"]


class Outcomes(NamedTuple):
    """What every draw came to in one scenario; D draws, n applicants, P programs.

    Programs are places in `programs`; -1 is unmatched (or an empty list), -2 an applicant who did not take part.

    Attributes
    ----------
    programs : pandas.DataFrame
        One row per program.
    applicants : pandas.DataFrame
        One row per applicant laid out.
    wished : ndarray of shape (D, n), int16 or int32
        The program wanted most, before interviews.
    ranked : ndarray of shape (D, n), int16 or int32
        The first program of the rank-order list, after interviews.
    first : ndarray of shape (D, n), int16 or int32
        The program matched to in the first iteration.
    final : ndarray of shape (D, n), int16 or int32
        The program matched to after both iterations.
    quota : ndarray of shape (D, P), int32
        Seats, after drift and reversions.
    couples : ndarray of shape (D, 5), int32
        Couples of the first iteration: how many, both matched, one matched, orders of admission tried, coalitions
        that block what came out.
    """

    programs: pd.DataFrame
    applicants: pd.DataFrame
    wished: np.ndarray
    ranked: np.ndarray
    first: np.ndarray
    final: np.ndarray
    quota: np.ndarray
    couples: np.ndarray = np.zeros((0, len(COUPLE_COUNTS)), dtype=np.int32)


def summarise_couples(counts_of: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return the table of `Study.couples` from the counts of each scenario, int32 of shape (D, 5)."""
    rows = []
    for name, counts in counts_of.items():
        count, both, one, orders, blocking = counts.astype(np.float64).T
        unstable = blocking > 0
        pairs = max(count.sum(), 1.0)
        rows.append(
            {
                "scenario": name,
                "couples": count.mean(),
                "both_matched": both.sum() / pairs,
                "one_matched": one.sum() / pairs,
                "draws_reordered": (orders > 1).mean(),
                "draws_unstable": unstable.mean(),
                "blocking_coalitions": blocking[unstable].mean() if unstable.any() else np.nan,
            }
        )
    return pd.DataFrame(rows)
