"""The roster: one place for each applicant who might take part.

Belongs here: splitting the classes of a cohort over schools, home provinces and languages by largest remainder.
Does not belong here: who takes part in a draw, and what they want.

A type is a class, school, home province, first language and whether one speaks both. Applicants of a type are
exchangeable, so a draw that needs fewer of them takes the first ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from carms_lib.exceptions import CohortError
from carms_lib.simulator.inputs.cohort import Cohort
from carms_lib.simulator.inputs.rounding import largest_remainder

__all__ = ["Roster", "build_roster"]

_MARGIN = 1.02  # places beyond the upper end of a class, so that rounding up never lacks one


class Roster(NamedTuple):
    """One row per applicant laid out, and the arrays that `Tables` takes."""

    applicants: pd.DataFrame
    arrays: dict[str, np.ndarray]


def build_roster(cohort: Cohort, factor: Mapping[str, float]) -> Roster:
    """Lay out the applicants of a cohort.

    Parameters
    ----------
    cohort : Cohort
    factor : mapping of str to float
        Class -> factor on its size; 1 where it is absent.

    Returns
    -------
    Roster
    """
    columns: dict[str, list[int]] = {name: [] for name in ("cls", "school", "home", "french", "both", "count", "code")}
    capacities = []
    for number, (name, row) in enumerate(cohort.classes.iterrows()):
        capacity = int(np.ceil(row["high"] * factor.get(str(name), 1.0) * _MARGIN))
        capacities.append(max(capacity, 0))
        shares, codes = _shares(cohort, str(name), row["graduates_of"] == "schools")
        for share, (school, home, french, both), code in zip(
            largest_remainder(shares, capacity), codes, range(len(codes)), strict=True
        ):
            if share:
                for column, value in zip(columns, (number, school, home, french, both, share, code), strict=True):
                    columns[column].append(int(value))
    if not columns["count"]:
        raise CohortError("classes: every class is empty, so nobody applies.")
    return _lay_out(cohort, {name: np.array(values) for name, values in columns.items()}, capacities)


def _lay_out(cohort: Cohort, types: dict[str, np.ndarray], capacities: list[int]) -> Roster:
    count = types["count"]
    applicant_type = np.repeat(np.arange(len(count)), count)
    ordinal = np.arange(len(applicant_type)) - np.repeat(np.cumsum(count) - count, count)
    # The key names class, type and place in the type, so that a larger class leaves everybody else's noise equal.
    key = (types["cls"][applicant_type] << 48) | (types["code"][applicant_type] << 24) | ordinal
    school_names = np.array([*cohort.schools.index, "abroad"], dtype=object)
    province = {code: i for i, code in enumerate(cohort.provinces.index)}
    school_province = np.array([*(province[code] for code in cohort.schools["province"]), -1])
    applicants = pd.DataFrame(
        {
            "applicant_class": cohort.classes.index.to_numpy(object)[types["cls"][applicant_type]],
            "graduation_school": school_names[types["school"][applicant_type]],
            "home_province": cohort.provinces.index.to_numpy(object)[types["home"][applicant_type]],
            "first_language": np.where(types["french"][applicant_type] == 1, "fr", "en"),
        }
    )
    arrays = {
        "applicant_type": applicant_type.astype(np.int32),
        "applicant_key": key.astype(np.uint64),
        "type_start": np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        "type_class": types["cls"].astype(np.int32),
        "type_school": types["school"].astype(np.int32),
        "type_school_province": school_province[types["school"]].astype(np.int32),
        "type_home": types["home"].astype(np.int32),
        "type_french": types["french"].astype(bool),
        "type_bilingual": types["both"].astype(bool),
        "type_capacity": np.array(capacities, dtype=np.int64),
    }
    return Roster(applicants=applicants, arrays=arrays)


def _shares(cohort: Cohort, name: str, from_schools: bool) -> tuple[np.ndarray, list[tuple[int, int, int, int]]]:
    """Shares of a class over (school, home province, French first, both languages); they sum to 1."""
    provinces = list(cohort.provinces.index)
    people = cohort.provinces["population"].to_numpy(float)
    residents = cohort.provinces["img_residents"].to_numpy(float)
    shares: list[float] = []
    codes: list[tuple[int, int, int, int]] = []
    if from_schools:
        graduates = cohort.schools["graduates"]
        if name in cohort.class_schools.columns:
            graduates = cohort.class_schools[name].reindex(cohort.schools.index).fillna(0.0)
        rows = [
            (
                i,
                float(graduates.iloc[i]),
                provinces.index(row["province"]),
                row["local"],
                row["french"],
                row["bilingual"],
            )
            for i, (_, row) in enumerate(cohort.schools.iterrows())
        ]
    else:
        # Graduates from abroad: no school here; languages as where they live.
        quebec = cohort.schools["french"].groupby(cohort.schools["province"]).mean()
        rows = [
            (-1, weight, home, 1.0, float(quebec.get(code, 0.0)), 0.3)
            for home, (code, weight) in enumerate(zip(provinces, residents, strict=True))
        ]
    for school, weight, own, local, french, both in rows:
        home = (1.0 - local) * people / people.sum()
        home[own] += local
        for place, living in enumerate(home):
            for is_french, speaks in ((0, 1.0 - french), (1, french)):
                for is_both, share in ((0, 1.0 - both), (1, both)):
                    shares.append(weight * living * speaks * share)
                    codes.append((school, place, is_french, is_both))
    total = np.array(shares)
    return total / total.sum(), codes
