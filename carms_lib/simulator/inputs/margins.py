"""Known margins of a closed match: seats that the published outcome states, and raking to them.

Belongs here: which margins a market has, and its programs' seats scaled to them. Does not belong here: rounding, which
is `draw.whole_seats`.

References
----------
Deming and Stephan (1940), *On a least squares adjustment of a sampled frequency table*, Annals of Mathematical
Statistics 11(4): raking.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from carms_lib.exceptions import MarketError

__all__ = ["MARGIN_COLUMNS", "margins_hold", "raked"]

#: Column of a cohort's margins -> its kind. "" in discipline or province is all of them.
MARGIN_COLUMNS: dict[str, type] = {
    "discipline": str,
    "province": str,
    "year": int,
    "released": int,
    "seats": int,
    "source": str,
}
_MOST_ROUNDS = 10_000
_NEARLY = 1e-12


def _members(programs: pd.DataFrame, margins: pd.DataFrame) -> list[np.ndarray]:
    """Return which programs each margin counts, bool of shape (P,)."""
    found = []
    for discipline, province in zip(margins["discipline"], margins["province"], strict=True):
        chosen = np.ones(len(programs), dtype=bool)
        if discipline:
            chosen &= (programs["discipline"].astype(str) == discipline).to_numpy(bool)
        if province:
            chosen &= (programs["school_province"].astype(str) == province).to_numpy(bool)
        found.append(chosen)
    return found


def margins_hold(programs: pd.DataFrame, base: np.ndarray, margins: pd.DataFrame) -> bool:
    """Say whether margins are of this table of programs: each counts the seats `released` that it states.

    Parameters
    ----------
    programs : pandas.DataFrame
    base : ndarray of shape (P,), float64
        Seats of the release.
    margins : pandas.DataFrame
        Columns of `MARGIN_COLUMNS`.

    Returns
    -------
    bool
        False for another table of programs, such as one province or another year, and where there are no margins.
    """
    if margins.empty:
        return False
    counted = [base[chosen].sum() for chosen in _members(programs, margins)]
    return bool(np.allclose(counted, margins["released"].to_numpy(float), rtol=0.0, atol=1e-6))


def raked(programs: pd.DataFrame, base: np.ndarray, margins: pd.DataFrame) -> np.ndarray:
    """Return seats in proportion to those of the release within each margin, that sum to every margin.

    Parameters
    ----------
    programs : pandas.DataFrame
    base : ndarray of shape (P,), float64
        Seats of the release.
    margins : pandas.DataFrame

    Returns
    -------
    ndarray of shape (P,), float64
        nan for a program that no margin counts.

    Raises
    ------
    MarketError
        No such seats exist: margins contradict each other.
    """
    members, wanted = _members(programs, margins), margins["seats"].to_numpy(float)
    seats = np.asarray(base, dtype=np.float64).copy()
    for _ in range(_MOST_ROUNDS):
        worst = 0.0
        for chosen, target in zip(members, wanted, strict=True):
            total = seats[chosen].sum()
            if total > 0:
                seats[chosen] *= target / total
            worst = max(worst, abs(total - target) / max(target, 1.0))
        if worst < _NEARLY:
            break
    else:
        raise MarketError(
            f"margins {margins[['discipline', 'province', 'seats']].to_dict('records')} of the cohort contradict each "
            "other, or count programs without seats: no seats of the programs sum to all of them."
        )
    seats[~np.any(members, axis=0)] = np.nan
    near = np.abs(seats - base) < 1e-9 * np.maximum(base, 1.0)
    return np.where(near, base, seats)
