"""Other applicants: a cohort with the class sizes, schools and first choices of a table of counts.

Belongs here: turning counts of persons into a cohort's tables. Does not belong here: what the counts mean for a match.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from carms_lib.argument_checks import check_instance, check_text
from carms_lib.exceptions import CohortError, UnknownNameError
from carms_lib.simulator.inputs.cohort_tables import cell_of
from carms_lib.simulator.inputs.parameters import PARAMETERS

if TYPE_CHECKING:
    from carms_lib.simulator.inputs.cohort_tables import CohortTables

__all__ = ["taste_factors", "with_classes"]

C = TypeVar("C", bound="CohortTables")

_COLUMNS = ("applicant_class", "school", "discipline", "size")
_HALF_A_PERSON = 0.5  # added to both counts, so that a cell where nobody stood is unlikely rather than impossible


def with_classes(cohort: C, frame: pd.DataFrame, source: str) -> C:
    """Return `cohort` with the counts of `frame`; see `Cohort.with_classes`."""
    counts = _check(cohort, frame, source)
    classes = cohort.classes.copy()
    of_class = counts.groupby("applicant_class", sort=False)["size"].sum()
    for column in ("size", "low", "high"):
        classes[column] = of_class.reindex(classes.index).fillna(classes[column]).astype(float)
    changes: dict[str, Any] = {
        "classes": classes,
        "class_schools": _class_schools(cohort, counts),
        "sources": {**cohort.sources, source: cohort.sources.get(source, source)},
    }
    gone: list[str] = []
    about: dict[str, Mapping[str, Any]] = dict(cohort.columns)
    if not changes["class_schools"].empty:
        about["class_schools"] = {"unit": "persons", "source": source, "fitted": False}
    if counts["discipline"].notna().any():
        disciplines, tastes = _first_choices(cohort, counts)
        changes |= {"disciplines": disciplines, "tastes": tastes}
        about["tastes"] = {"unit": "log factor", "source": source, "fitted": False}
        for column in ("cmg_first", "img_first"):
            if not disciplines[column].equals(cohort.disciplines[column]):
                about[f"disciplines.{column}"] = {"unit": "first choices", "source": source, "fitted": False}
        gone = [name for name in map(str, cohort.draws.columns) if _is_first_choice(name)]
    about["classes.size"] = {**cohort.columns.get("classes.size", {}), "unit": "persons", "source": source}
    return replace(cohort, columns=about, draws=cohort.draws.drop(columns=gone, errors="ignore"), **changes)


def _is_first_choice(name: str) -> bool:
    """Say whether a column of joint draws moves first choices of Canadian graduates."""
    return name not in PARAMETERS and cell_of(name)[:2] == ("disciplines", "cmg_first")


def taste_factors(counts: pd.DataFrame) -> pd.DataFrame:
    """Return log factors of first choices by school, against what the country's shares would give.

    Parameters
    ----------
    counts : pandas.DataFrame
        One row per school, one column per discipline: persons.

    Returns
    -------
    pandas.DataFrame

    Notes
    -----
    log((n + 1/2) / (e + 1/2)), with n the school's graduates who want the discipline first and e as many as there
    would be if they wanted what the country's graduates want.
    """
    numbers = counts.to_numpy(dtype=float)
    expected = numbers.sum(axis=1, keepdims=True) * (numbers.sum(axis=0) / max(numbers.sum(), 1.0))
    factors = np.log((numbers + _HALF_A_PERSON) / (expected + _HALF_A_PERSON))
    return pd.DataFrame(factors.round(4), index=counts.index, columns=counts.columns)


def _check(cohort: CohortTables, frame: pd.DataFrame, source: str) -> pd.DataFrame:
    check_text("source", source, "counts of the faculties, March 2025")
    check_instance("frame", frame, pd.DataFrame, "pandas.DataFrame({'applicant_class': ['img'], 'size': [1_800]})")
    for column in frame.columns:
        if column not in _COLUMNS:
            raise CohortError(f"frame: {UnknownNameError('column', column, _COLUMNS)}")
    if "size" not in frame.columns:
        raise CohortError("frame lacks the column 'size': the persons that each row counts.")
    if frame.empty:
        raise CohortError("frame is empty: give at least one count of applicants.")
    from_schools = list(cohort.classes.index[cohort.classes["graduates_of"] == "schools"])
    if "applicant_class" not in frame.columns and not from_schools:
        raise CohortError("frame lacks the column 'applicant_class', and no class graduates from the cohort's schools.")
    counts = frame.reindex(columns=list(_COLUMNS)).astype({"school": object, "discipline": object})
    if "applicant_class" not in frame.columns:
        counts["applicant_class"] = from_schools[0]
    counts["size"] = pd.to_numeric(frame["size"], errors="coerce").astype(float)
    bad = counts["size"].isna() | ~np.isfinite(counts["size"]) | (counts["size"] < 0)
    if bad.any():
        raise CohortError(
            f"frame.size={frame.loc[bad, 'size'].iloc[0]!r} in row {counts.index[bad][0]!r} must be a number of "
            "persons that is not negative."
        )
    for column, table in (("applicant_class", "classes"), ("school", "schools"), ("discipline", "disciplines")):
        known = getattr(cohort, table).index
        for value in counts[column].dropna().unique():
            if value not in known:
                raise UnknownNameError(column, value, known)
    lost = counts["applicant_class"].isna()
    if lost.any():
        raise CohortError(f"frame.applicant_class is missing in row {counts.index[lost][0]!r}.")
    at_school = counts["applicant_class"].isin(from_schools)
    for wrong, message in (
        (at_school & counts["school"].isna(), "graduates from the cohort's schools: name the school"),
        (~at_school & counts["school"].notna(), "does not graduate from the cohort's schools: leave the school empty"),
    ):
        if wrong.any():
            name = counts.loc[wrong, "applicant_class"].iloc[0]
            raise CohortError(f"frame row {counts.index[wrong][0]!r}: the class {name!r} {message}.")
    for name, rows in counts.groupby("applicant_class", sort=False):
        if 0 < rows["discipline"].notna().sum() < len(rows):
            raise CohortError(
                f"frame: some rows of the class {name!r} name a discipline and some do not; a person would be counted "
                "twice. Give the first choices of all of them, or of none."
            )
    if counts["size"].sum() <= 0:
        raise CohortError("frame.size is zero in every row: nobody would apply.")
    return counts


def _class_schools(cohort: CohortTables, counts: pd.DataFrame) -> pd.DataFrame:
    rows = counts[counts["school"].notna()]
    given = rows.pivot_table(index="school", columns="applicant_class", values="size", aggfunc="sum", fill_value=0.0)
    given = given.loc[:, given.sum() > 0]
    kept = cohort.class_schools.drop(columns=list(given.columns), errors="ignore")
    frame = pd.concat([kept, given], axis=1).reindex(index=cohort.schools.index).fillna(0.0).astype(float)
    frame = frame[[name for name in cohort.classes.index if name in frame.columns]]
    frame.index.name, frame.columns.name = "school", None
    return frame.loc[frame.any(axis=1)] if len(frame.columns) else pd.DataFrame()


def _first_choices(cohort: CohortTables, counts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    disciplines, tastes = cohort.disciplines.copy(), cohort.tastes
    known = counts[counts["discipline"].notna()]
    abroad = cohort.classes["graduates_of"].reindex(known["applicant_class"]).eq("abroad").to_numpy()
    for column, rows in (("cmg_first", known[~abroad]), ("img_first", known[abroad])):
        if rows["size"].sum() > 0:
            wanted = rows.groupby("discipline")["size"].sum().reindex(disciplines.index).fillna(0.0)
            disciplines[column] = wanted.astype(float)
    at_school = known[~abroad]
    if at_school["size"].sum() > 0:
        table = at_school.pivot_table(
            index="school", columns="discipline", values="size", aggfunc="sum", fill_value=0.0
        ).astype(float)
        tastes = taste_factors(table[[name for name in disciplines.index if name in table.columns]])
        tastes.index.name, tastes.columns.name = "school", None
    return disciplines, tastes
