"""Cohorts of the years whose tables are public in full: 2016 and 2017.

Belongs here: what is taken from the tables unchanged (classes, schools, first choices). Does not
belong here: what is fitted to outcomes (`fit`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.fitting.published import DISCIPLINES, SCHOOLS, Published
from carms_lib.simulator import Cohort

__all__ = ["cohort_of", "shrunken_tastes"]

_FROM_SCHOOLS = {"cmg_current": "CMG_current_year", "cmg_prior": "CMG_prior_year"}
_ALL = {**_FROM_SCHOOLS, "usmg": "USMG", "img": "IMG"}
_SMALL = 0.02  # log factors nearer to zero than this are left out


def cohort_of(published: Published, year: int, base: Cohort, *, taste_year: int | None = None) -> Cohort:
    """Return the cohort of 2016 or 2017: counts from its tables, everything else from `base`.

    Parameters
    ----------
    published : Published
    year : int
    base : Cohort
        Its rules, provinces, languages and uncertain inputs are kept.
    taste_year : int, optional
        Take what graduates want first from another year's tables, as a forecast must.

    Returns
    -------
    Cohort
    """
    taste_year = taste_year or year
    disciplines = _disciplines(published, taste_year)
    # The release's own names too, as the bundled cohort has them: a market has one set of names or the other.
    tastes = shrunken_tastes(
        published.school_by_discipline(taste_year, "34|35|36|37", "CMG", "first_choice_applicants")
    )
    later = base.disciplines[~base.disciplines.index.isin(disciplines.index)]
    disciplines = pd.concat([disciplines, later])
    disciplines.index.name = "discipline"
    tables = f"CaRMS R-1 {year} tables 1, 2 and 4, as stored at github.com/jimprince/analysis, CaRMS/data/{year}"
    wants = (
        f"CaRMS R-1 {taste_year} tables 9 to 11 and 13 (applicants to a discipline first, alone and at all), as stored "
        f"at github.com/jimprince/analysis, CaRMS/data/{taste_year}"
    )
    by_school = (
        f"Fitted to CaRMS R-1 {taste_year} tables 34 to 37 (first choice by school of graduation): log of the ratio to "
        "the country, drawn towards it by the Poisson-gamma posterior mean"
    )
    t, w, s = f"T{year}", f"W{taste_year}", f"S{taste_year}"
    columns: dict[str, Any] = dict(base.columns)
    for column in ("size", "first_iteration", "second_iteration"):
        columns[f"classes.{column}"] = {**columns[f"classes.{column}"], "source": t, "fitted": False}
    for column in ("cmg_first", "cmg_only", "cmg_behind", "img_first", "img_only", "img_behind"):
        columns[f"disciplines.{column}"] = {**columns[f"disciplines.{column}"], "source": w, "fitted": False}
    columns["schools.graduates"] = {**columns["schools.graduates"], "source": t, "fitted": False}
    columns["class_schools"] = {"unit": "persons", "source": t, "fitted": False}
    columns["tastes"] = {"unit": "log factor on first choices", "source": s, "fitted": True}
    classes, spread = _classes(published, year, base)
    schools = base.schools.assign(
        graduates=(spread["cmg_current"] / spread["cmg_current"].sum()).reindex(base.schools.index).fillna(0.0).round(5)
    )
    return replace(
        base.with_year(year),
        name=str(year),
        sources={**base.sources, t: tables, w: wants, s: by_school},
        columns=columns,
        classes=classes,
        class_schools=spread,
        schools=schools,
        disciplines=disciplines,
        tastes=_under_new_names(tastes, list(later.index)),
        draws=pd.DataFrame(),
    )


def _under_new_names(tastes: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Add the release's names of disciplines: each with the tastes of the one that it was part of."""
    parent = {new: old for old, new in reversed(DISCIPLINES.items())}
    more = {}
    for name in names:
        stems = (parent.get(name, ""), name.split(" - ")[0], name.split(" including ")[0])
        stem = next((stem for stem in stems if stem in tastes.columns), None)
        if stem is not None:
            more[name] = tastes[stem]
    return pd.concat([tastes, pd.DataFrame(more)], axis=1)


def _classes(published: Published, year: int, base: Cohort) -> tuple[pd.DataFrame, pd.DataFrame]:
    classes = base.classes.copy()
    spread = {}
    for name, population in _ALL.items():
        final = published.number(year, population, "participants", "final")
        if name in _FROM_SCHOOLS:
            first_by_school = published.by_school(year, "2", population, "participants")
            spread[name] = first_by_school
            first = first_by_school.sum()
            left = published.by_school(year, "2", population, "unmatched").sum()
            second = published.by_school(year, "4", population, "participants", "second").sum()
        else:
            place = {"usmg": "US schools", "img": "IMG schools"}[name]
            first, left = (_place(published, year, "2", place, population, m) for m in ("participants", "unmatched"))
            second = _place(published, year, "4", place, population, "participants", "second")
        classes.loc[name, ["size", "low", "high"]] = final
        classes.loc[name, "first_iteration"] = round(min(first / final, 1.0), 4)
        stayed = (second - max(final - first, 0.0)) / max(left, 1.0)
        classes.loc[name, "second_iteration"] = round(min(max(stayed, 0.0), 1.0), 4)
    classes.loc["military", ["size", "low", "high"]] = 0.0  # the tables count them among the Canadian graduates
    frame = pd.DataFrame(spread).reindex(list(SCHOOLS.values())).fillna(0.0)
    frame.index.name = "school"
    return classes, frame


def _place(
    published: Published, year: int, table: str, place: str, population: str, measure: str, iteration: str = "first"
) -> float:
    frame = published.geography
    found = frame[
        (frame["year"] == year)
        & (frame["iteration"] == iteration)
        & (frame["place"] == place)
        & (frame["population"] == population)
        & (frame["measure"] == measure)
        & frame["note"].str.contains(rf"Table {table}:", regex=True, na=False)
    ]
    return float(found["value"].iloc[0])


def _disciplines(published: Published, year: int) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    for group, population in (("cmg", "CMG"), ("img", "IMG")):
        first = published.by_discipline(year, population, "first_choice_applicants")
        applied = published.by_discipline(year, population, "applicants")
        alone = published.by_discipline(year, population, "applicants_to_this_discipline_only")
        columns[f"{group}_first"] = (first / first.sum()).round(5)
        columns[f"{group}_only"] = (alone / first.where(first > 0)).clip(0.0, 0.98).round(3)
        columns[f"{group}_behind"] = ((applied - first).clip(lower=0.0) / first.sum()).round(5)
    frame = pd.DataFrame(columns)
    offered = published.by_discipline(year, "CMG_stream", "quota_after_reversion").index
    frame = frame.reindex(frame.index.union(offered)).fillna(0.0).sort_index()
    frame.index.name = "discipline"
    return frame


def shrunken_tastes(counts: pd.DataFrame) -> pd.DataFrame:
    """Return log factors of first choices by school, each drawn towards 0 as far as chance alone would explain it.

    Parameters
    ----------
    counts : pandas.DataFrame
        First choices by school (rows) and discipline (columns) [persons].

    Returns
    -------
    pandas.DataFrame
        Of the shape of `counts`, disciplines without any difference left out.

    Notes
    -----
    n ~ Poisson(e f) with f gamma of mean 1 and variance v, the same v for all schools of a discipline, estimated by
    moments: v = max(0, sum((n - e)^2 - e) / sum(e^2)). The factor is the posterior mean (n + 1/v) / (e + 1/v).
    """
    numbers = counts.to_numpy(dtype=float)
    expected = numbers.sum(axis=1, keepdims=True) * numbers.sum(axis=0, keepdims=True) / max(numbers.sum(), 1.0)
    beyond = ((numbers - expected) ** 2 - expected).sum(axis=0)
    spread = np.maximum(beyond / np.maximum((expected**2).sum(axis=0), 1e-9), 1e-9)
    factor = np.log((numbers + 1.0 / spread) / (expected + 1.0 / spread))
    factor = np.where(np.abs(factor) < _SMALL, 0.0, factor).round(3)
    frame = pd.DataFrame(factor, index=counts.index, columns=list(counts.columns))
    frame.index.name = "school"
    return frame.loc[:, frame.any()]
