"""The tables of a cohort: what it holds, checked.

Belongs here: the fields of a cohort as a value. Does not belong here: its verbs, which are `cohort`, and its TOML form,
which is `cohort_file`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

__all__ = ["CohortTables"]


@dataclass(frozen=True, repr=False)
class CohortTables:
    """What a cohort holds, without verbs.

    Parameters
    ----------
    name : str
        Such as "2025".
    year : int
        The cycle it describes.
    description : str
    sources : mapping of str to str
        Short name -> where the number comes from.
    parameters : pandas.DataFrame
        One row per uncertain input, indexed by its name: value, low, high (the range drawn from, with `value` as
        its median), source, fitted, unit. Exactly the names in `PARAMETERS`.
    classes : pandas.DataFrame
        One row per class of applicants, indexed by applicant_class: size [persons] with low and high, merit
        [standard deviations], first_iteration [share who take part in it; the others come for the second alone],
        second_iteration [share of those left unmatched who take part in it].
    schools : pandas.DataFrame
        One row per school of graduation, indexed by school.
    disciplines : pandas.DataFrame
        One row per discipline, indexed by discipline: first choices [weight], share who rank only it, weight as
        the discipline behind another, for Canadian and for international graduates.
    provinces : pandas.DataFrame
        One row per province or territory, indexed by its two-letter code.
    columns : mapping
        "table.column" -> {"source", "unit", "fitted"} for the four tables, and for the three that may be empty.
    tastes : pandas.DataFrame, optional
        One row per school, one column per discipline: log factor on how many of the school's graduates want the
        discipline first, against the country. A school or discipline that is not named is like the country.
    class_schools : pandas.DataFrame, optional
        One row per school, one column per class: persons. A class that is not named is spread over schools as
        `schools.graduates` says.
    draws : pandas.DataFrame, optional
        One row per joint draw of the uncertain inputs, as a calibration leaves them. A column is the name of a
        parameter, or of a cell: "table.column.item", such as "provinces.appeal.ON". A study takes whole rows, so
        that inputs which published figures tie together stay tied; what is not named is drawn from its own range.
    """

    name: str
    year: int
    parameters: pd.DataFrame
    classes: pd.DataFrame
    schools: pd.DataFrame
    disciplines: pd.DataFrame
    provinces: pd.DataFrame
    description: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tastes: pd.DataFrame = field(default_factory=pd.DataFrame)
    class_schools: pd.DataFrame = field(default_factory=pd.DataFrame)
    draws: pd.DataFrame = field(default_factory=pd.DataFrame)
