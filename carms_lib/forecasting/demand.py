"""How many will put a discipline first: expected from the record and from what is known of the year's demand.

Belongs here: the three grades of news and the first choices that each leads to. Does not belong here: what first
choices do to a match.

With no news a discipline keeps its share of first choices, averaged over past years, later ones weighing more. With the
year's applications it keeps the share of its applicants who put it first, averaged alike: over 2010 to 2017 a change in
applicants and how far last year's share was from its own average explain three quarters of the variance of a change in
first choices. With the year's first choices nothing is left to expect.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.fitting.record import Record

__all__ = ["DEMAND_GRADES", "DemandNews", "expected_first_choices", "weighted_level"]

#: What may be known of a year's demand before its match, from nothing to everything.
DEMAND_GRADES = ("none", "applications", "first_choices")
#: News by name -> persons by discipline.
DemandNews = Mapping[str, pd.Series]
#: Weight of a year against the one after it, for shares of first choices and for shares of applicants.
_MEMORY = {"none": 0.5, "applications": 0.8}


def weighted_level(values: pd.DataFrame, year: int, memory: float) -> pd.Series:
    """Return the mean over past years, each weighing `memory` times the one after it.

    Parameters
    ----------
    values : pandas.DataFrame
        Cells (rows) by years (columns), missing where unknown.
    year : int
        Of the forecast; only earlier columns count.
    memory : float
        In (0, 1]; 1 weighs all years alike.

    Returns
    -------
    pandas.Series
        float64 by cell, missing where no year is known.
    """
    past = values[[column for column in values.columns if int(column) < year]]
    weight = np.power(memory, year - 1.0 - past.columns.to_numpy(dtype=float))
    known = past.notna().to_numpy() * weight
    total = known.sum(axis=1)
    level = (past.fillna(0.0).to_numpy() * weight).sum(axis=1) / np.where(total > 0, total, np.nan)
    return pd.Series(level, index=past.index)


def expected_first_choices(
    record: Record, year: int, quota: pd.Series, news: DemandNews | None = None, *, grade: str = "none"
) -> pd.Series:
    """Return the first choices that each discipline is expected to get.

    Parameters
    ----------
    record : Record
        As of `year`.
    year : int
        Of the match.
    quota : pandas.Series
        Seats by discipline in that match; national demand follows their total.
    news : mapping of str to pandas.Series, optional
        "applications" or "first_choices" -> persons by discipline.
    grade : {"none", "applications", "first_choices"}, default "none"
        Which news to use.

    Returns
    -------
    pandas.Series
        float64 by discipline [persons], missing where neither news nor record says anything.

    Raises
    ------
    UnknownNameError
        An unknown grade.
    ArgumentError
        The news of that grade is not given, is empty or sums to nothing.
    """
    if grade not in DEMAND_GRADES:
        raise UnknownNameError("demand", grade, list(DEMAND_GRADES))
    past = record.panel("first_choices")
    past = past[[column for column in past.columns if int(column) < year]]
    if grade == "none":
        shares = past.div(past.sum().replace(0.0, np.nan))
        complete = past.columns[past.notna().mean() > 0.5]  # a year of a few disciplines says nothing of shares
        level = weighted_level(shares[complete], year, _MEMORY["none"])
        last = int(complete.max())
        seats = record.panel("quota")
        growth = float(quota.sum() / seats[last].sum()) if last in seats.columns else 1.0
        return level / level.sum() * float(past[last].sum()) * growth
    told = (news or {}).get(grade)
    if told is None or not len(told) or not float(told.sum()) > 0:
        raise ArgumentError(
            f"demand={grade!r} needs the {grade.replace('_', ' ')} of {year} by discipline, and more than none in all; "
            f"got {'nothing' if told is None or not len(told) else 'a sum of 0'}."
        )
    if grade == "first_choices":
        return told.astype(float)
    applied = record.panel("applications")
    share = pd.DataFrame(np.log(past.where(past > 0).div(applied.where(applied > 0))))
    level = pd.Series(np.exp(weighted_level(share, year, _MEMORY["applications"])))
    return level * told.astype(float)
