"""The published figures: one lookup for every target of the calibration.

Belongs here: reading the three files of figures and picking from them by year, population and measure. Does not
belong here: what a simulated match has to say of the same thing (`moments`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from carms_lib.exceptions import ArgumentError

__all__ = ["DISCIPLINES", "SCHOOLS", "Published", "published_dir", "read_published"]

#: The published tables' short names of schools -> the release's.
SCHOOLS = {
    "Alberta": "University of Alberta",
    "Calgary": "University of Calgary",
    "Dalhousie": "Dalhousie University",
    "Laval": "Université Laval",
    "Manitoba": "University of Manitoba",
    "McGill": "McGill University",
    "McMaster": "McMaster University",
    "Memorial": "Memorial University of Newfoundland",
    "Montreal": "Université de Montréal",
    "NOSM": "NOSM University",
    "Ottawa": "University of Ottawa",
    "Queens": "Queen’s University",
    "Saskatchewan": "University of Saskatchewan",
    "Sherbrooke": "Université de Sherbrooke",
    "Toronto": "University of Toronto",
    "UBC": "University of British Columbia",
    "Western": "Western University",
}
#: Disciplines of 2016-2017 -> what the release calls their successor.
DISCIPLINES = {
    "Anatomical Pathology": "Diagnostic and Molecular Pathology",
    "General Pathology": "Diagnostic and Clinical Pathology",
    "Laboratory Medicine": "Diagnostic and Clinical Pathology",
    "Medical Biochemistry": "Diagnostic and Clinical Pathology",
}
_SUMS = ("TOTAL", "Surgery", "Other", "Laboratory Medicine")


class Published(NamedTuple):
    """The three tables of figures, values as numbers.

    Attributes
    ----------
    national, discipline, geography : pandas.DataFrame
        One row per figure: year, iteration, population, measure, value, and where it was published.
    """

    national: pd.DataFrame
    discipline: pd.DataFrame
    geography: pd.DataFrame

    def number(self, year: int, population: str, measure: str, iteration: str = "first") -> float:
        """Return one national figure; the last reading where there are several.

        Parameters
        ----------
        year : int
        population, measure : str
            As the tables name them, such as "CMG" and "matched".
        iteration : str
            "first", "second" or "final".

        Returns
        -------
        float
        """
        found = _pick(self.national, year, iteration, population, measure)
        if found.empty:
            raise KeyError(f"no national figure {measure!r} of {population!r} in {year}, {iteration}")
        return float(found["value"].iloc[-1])

    def by_discipline(self, year: int, population: str, measure: str, iteration: str = "first") -> pd.Series:
        """Return a figure by discipline, without the total.

        Parameters
        ----------
        year : int
        population, measure : str
            As the tables name them, such as "CMG" and "matched".
        iteration : str
            "first", "second" or "final".

        Returns
        -------
        pandas.Series
        """
        found = _pick(self.discipline, year, iteration, population, measure)
        series = found.drop_duplicates("discipline").set_index("discipline")["value"]
        return series.drop(["TOTAL"], errors="ignore").rename(measure)

    def by_school(self, year: int, table: str, population: str, measure: str, iteration: str = "first") -> pd.Series:
        """Return a figure by school, named as the release names it.

        Parameters
        ----------
        year : int
        table : str
            Number of the published table; several are joined by ``|``.
        population, measure : str
            As the tables name them, such as "CMG" and "matched".
        iteration : str
            "first", "second" or "final".

        Returns
        -------
        pandas.Series
        """
        found = _pick(self._of_table(table), year, iteration, population, measure)
        found = found[found["place"].isin(list(SCHOOLS)) & (found["discipline"].isna() | (found["discipline"] == ""))]
        return found.assign(school=found["place"].map(SCHOOLS)).set_index("school")["value"].rename(measure)

    def school_by_discipline(
        self, year: int, table: str, population: str, measure: str, iteration: str = "first"
    ) -> pd.DataFrame:
        """Return a figure by school (rows) and discipline (columns); what is not said is 0.

        Parameters
        ----------
        year : int
        table : str
            Number of the published table; several are joined by ``|``.
        population, measure : str
            As the tables name them, such as "CMG" and "matched".
        iteration : str
            "first", "second" or "final".

        Returns
        -------
        pandas.DataFrame
        """
        found = _pick(self._of_table(table), year, iteration, population, measure)
        found = found[found["place"].isin(list(SCHOOLS)) & found["discipline"].notna()]
        found = found[~found["discipline"].isin(_SUMS)].assign(school=found["place"].map(SCHOOLS))
        frame = found.pivot_table(index="school", columns="discipline", values="value", aggfunc="sum").fillna(0.0)
        return frame.reindex(list(SCHOOLS.values())).fillna(0.0)

    def mobility(self, year: int) -> pd.DataFrame:
        """Return matched Canadian graduates by school of graduation (rows) and of residency (columns).

        Parameters
        ----------
        year : int

        Returns
        -------
        pandas.DataFrame
        """
        found = _pick(self._of_table("42"), year, "first", "CMG", "matched_from_to")
        found = found[found["place"].isin(list(SCHOOLS)) & found["place_to"].isin(list(SCHOOLS))]
        frame = found.pivot_table(index="place", columns="place_to", values="value", aggfunc="sum").fillna(0.0)
        return frame.rename(index=SCHOOLS, columns=SCHOOLS)

    def by_province(self, year: int, measure: str = "positions_unfilled", iteration: str = "first") -> pd.Series:
        """Return Family Medicine by province of the school; the first reading where there are several.

        Parameters
        ----------
        year : int
        measure : str, default "positions_unfilled"
        iteration : str, default "first"

        Returns
        -------
        pandas.Series
        """
        frame = self.geography
        found = frame[
            (frame["level"] == "province")
            & (frame["year"] == year)
            & (frame["iteration"] == iteration)
            & (frame["measure"] == measure)
            & (frame["discipline"] == "Family Medicine")
        ]
        place = found["place"].replace({"NS+NB+PE": "NS"})
        series = found.assign(place=place).drop_duplicates("place").set_index("place")["value"]
        # One school offers the seats of the three Maritime provinces.
        maritime = series.reindex(["NS", "NB", "PE"]).sum()
        series = series.drop(["NS", "NB", "PE", "TOTAL", "rest of Canada"], errors="ignore")
        return pd.concat([series, pd.Series({"NS": maritime})]) if len(found) else series

    def _of_table(self, table: str) -> pd.DataFrame:
        pattern = rf"Table (?:{table}):"
        return self.geography[self.geography["note"].str.contains(pattern, regex=True, na=False)]


def published_dir() -> Path:
    """Return the folder of the figures, from CARMS_DATA_DIR."""
    folder = os.environ.get("CARMS_DATA_DIR")
    if not folder:
        raise ArgumentError("CARMS_DATA_DIR is not set: it should name a folder that holds published/.")
    return Path(folder) / "published"


def read_published(folder: Path | None = None) -> Published:
    """Read the three files of figures.

    Parameters
    ----------
    folder : Path, optional
        Holds ``national_by_year.csv``, ``discipline_by_year.csv`` and ``geography_by_year.csv``; by default
        ``$CARMS_DATA_DIR/published``.

    Returns
    -------
    Published

    Raises
    ------
    ArgumentError
        No folder is given and CARMS_DATA_DIR is not set.
    """
    folder = folder or published_dir()
    tables = []
    for name in ("national", "discipline", "geography"):
        frame = pd.read_csv(folder / f"{name}_by_year.csv", dtype={"value": str}, low_memory=False)
        tables.append(frame.assign(value=pd.to_numeric(frame["value"], errors="coerce")))
    return Published(*tables)


def _pick(frame: pd.DataFrame, year: int, iteration: str, population: str, measure: str) -> pd.DataFrame:
    return frame[
        (frame["year"] == year)
        & (frame["iteration"] == iteration)
        & (frame["population"] == population)
        & (frame["measure"] == measure)
    ]
