"""The record of past matches: every published figure that a forecast may use, with the date it was public by.

Belongs here: one row of `FIGURES` for each figure, reading its values from the published tables, and `Record.as_of`,
the only door for a forecast of a year. Does not belong here: what is made of the figures (`carms_lib.forecasting`), or
reading the tables themselves (`published`).

A figure of a match is an *outcome* or an *input*. Inputs (seats, applications) are known to those who run the match
before it closes, and are published with its outcome; a forecast takes those of its own year as arguments, never from
the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pandas as pd

from carms_lib.exceptions import ArgumentError, SourceNotFoundError, UnknownNameError
from carms_lib.fitting.markets import PROVINCE
from carms_lib.fitting.published import SCHOOLS, Published, read_published

__all__ = ["FIGURES", "FIRST_YEAR", "Reading", "Record", "RecordFigure", "load_record"]

#: The first match of the record: tables by discipline begin with it.
FIRST_YEAR = 2009
#: A figure of a match is public at the latest by this day of its year: the report follows the second iteration.
_PUBLIC_BY = (12, 31)
_FILES = ("national_by_year.csv", "discipline_by_year.csv", "geography_by_year.csv")
_PROVINCES = {
    "Alberta": "AB",
    "British Columbia": "BC",
    "Manitoba": "MB",
    "Newfoundland and Labrador": "NL",
    "Nova Scotia": "NS",
    "Ontario": "ON",
    "Quebec": "QC",
    "Saskatchewan": "SK",
    "NS+NB+PE": "NS",  # one school offers the seats of the three Maritime provinces
}
_CODES = ("AB", "BC", "MB", "NL", "NS", "ON", "QC", "SK")


@dataclass(frozen=True)
class Reading:
    """The place of a figure in the published tables.

    Parameters
    ----------
    population, measure, iteration : str
        As the tables name them, such as "CMG", "matched", "first".
    divided_by : str, optional
        A measure of the same population and iteration, by which it is divided.
    per_cent : bool, default False
        Whether the table gives per cent, which becomes a share.
    """

    population: str
    measure: str
    iteration: str = "first"
    divided_by: str | None = None
    per_cent: bool = False


@dataclass(frozen=True)
class RecordFigure:
    """One row of the registry of figures.

    Parameters
    ----------
    cells : {"discipline", "province", "country"}
        What its cells are; seats of Family Medicine alone by province.
    unit : str
        Such as "share, 0 to 1" or "persons".
    is_input : bool
        Known before the match closes.
    meaning : str
        What is counted, and of whom.
    readings : tuple of Reading
        Its places in the tables; of several, the first that gives a cell of a year.
    """

    cells: str
    unit: str
    is_input: bool
    meaning: str
    readings: tuple[Reading, ...]


def _country(unit: str, is_input: bool, meaning: str, *readings: Reading) -> RecordFigure:
    return RecordFigure("country", unit, is_input, meaning, readings)


_SHARE, _PERSONS, _SEATS = "share, 0 to 1", "persons", "seats"
_FAMILY = "all_streams, Family Medicine"

#: Name of a figure -> its meaning and its places in the tables.
FIGURES: Mapping[str, RecordFigure] = {
    "quota": RecordFigure(
        "discipline", _SEATS, True, "seats that Canadian graduates may fill, first iteration, after reversions",
        (Reading("CMG_stream", "quota_after_reversion"),),
    ),
    "applications": RecordFigure(
        "discipline", _PERSONS, True, "Canadian graduates who applied to the discipline",
        (Reading("CMG", "applicants"),),
    ),
    "applications_only_here": RecordFigure(
        "discipline", _PERSONS, True, "Canadian graduates who applied to this discipline alone",
        (Reading("CMG", "applicants_to_this_discipline_only"),),
    ),
    "first_choices": RecordFigure(
        "discipline", _PERSONS, False, "Canadian graduates whose rank-order list is headed by the discipline",
        (Reading("CMG", "first_choice_applicants"),),
    ),
    "first_choice_rate": RecordFigure(
        "discipline", _SHARE, False, "share of first choices matched to the discipline, first iteration",
        (
            Reading("CMG", "matched_as_discipline_choice_1", divided_by="first_choice_applicants"),
            Reading("CMG", "matched_of_first_choice_pct", per_cent=True),
        ),
    ),
    "first_choice_unmatched": RecordFigure(
        "discipline", _PERSONS, False, "first choices of the discipline left unmatched, first iteration",
        (Reading("CMG", "first_choice_unmatched"),),
    ),
    "unfilled_first_iteration": RecordFigure(
        "discipline", _SEATS, False, "seats that Canadian graduates might have filled, left after the first iteration",
        (Reading("CMG_stream", "quota_vacant"),),
    ),
    "fm_quota": RecordFigure(
        "province", _SEATS, True, "Family Medicine seats that Canadian graduates may fill",
        (Reading("CMG_stream", "positions_available"), Reading("CMG_stream", "quota_offered")),
    ),
    "fm_unfilled_first_iteration": RecordFigure(
        "province", _SEATS, False, "Family Medicine seats of all streams left after the first iteration",
        (Reading("all_streams", "positions_unfilled"),),
    ),
    "cmg_participants": _country(
        _PERSONS, True, "Canadian graduates in the first iteration", Reading("CMG", "participants")
    ),
    "positions": _country(
        _SEATS, True, "seats of all streams, as the match closed",
        Reading("all_streams", "positions_available", "final"),
    ),
    "fm_positions": _country(
        _SEATS, True, "Family Medicine seats of all streams", Reading(_FAMILY, "positions_available")
    ),
    "cmg_unmatched": _country(
        _PERSONS, False, "Canadian graduates left unmatched, first iteration", Reading("CMG", "unmatched")
    ),
    "first_discipline": _country(
        _SHARE, False, "share of matched Canadian graduates in their first discipline, first iteration",
        Reading("CMG", "matched_to_1st_choice_discipline_pct", per_cent=True),
    ),
    "first_program": _country(
        _SHARE, False, "share of matched Canadian graduates in their first program, first iteration",
        Reading("CMG", "matched_to_1st_choice_program_pct", per_cent=True),
    ),
    "fm_unfilled_first": _country(
        _SEATS, False, "Family Medicine seats of all streams left, first iteration",
        Reading(_FAMILY, "positions_unfilled"),
    ),
    "unfilled_final": _country(
        _SEATS, False, "seats of all streams left after both iterations",
        Reading("all_streams", "positions_unfilled", "final"), Reading("all_streams", "quota_unfilled", "second"),
    ),
    "cmg_matched_final": _country(
        _PERSONS, False, "Canadian graduates matched in both iterations", Reading("CMG", "matched", "final")
    ),
    "img_matched_final": _country(
        _PERSONS, False, "international graduates matched in both iterations", Reading("IMG", "matched", "final")
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Record:
    """What past matches say, up to a year.

    Parameters
    ----------
    figures : pandas.DataFrame
        One row per figure, cell and year: year, figure, cell ("" for the country), value, is_input, public_by (date),
        source (address), note.
    before : int, optional
        The match whose forecast this record is for: it holds nothing of that year or later.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [(2016, "first_choices", "Urology", 42.0), (2017, "first_choices", "Urology", 52.0)]
    >>> record = Record.of(rows)
    >>> record.as_of(2017).panel("first_choices").loc["Urology"].to_dict()
    {2016: 42.0}
    """

    figures: pd.DataFrame
    before: int | None = None
    _panels: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, rows: Iterable[tuple[int, str, str, float]]) -> Record:
        """Return a record of (year, figure, cell, value), as a test or another country has them.

        Parameters
        ----------
        rows : iterable of tuple
            Year [int], figure (a name of `FIGURES`), cell, value [unit of the figure].

        Returns
        -------
        Record

        Raises
        ------
        UnknownNameError
            A figure that is not in `FIGURES`.
        """
        frame = pd.DataFrame(list(rows), columns=["year", "figure", "cell", "value"])
        for name in frame["figure"].unique():
            _check_figure(name)
        return cls(_dated(frame.assign(source="", note="")))

    def as_of(self, year: int) -> Record:
        """Return what was public before the match of `year`: the only door for a forecast of it.

        Parameters
        ----------
        year : int
            Of the match that is forecast.

        Returns
        -------
        Record

        Raises
        ------
        ArgumentError
            `year` is not a whole number, is later than this record reaches, or nothing was public before it.
        """
        if isinstance(year, bool) or not isinstance(year, int):
            raise ArgumentError(f"year={year!r} must be the year of a match, a whole number such as 2017.")
        if self.before is not None and year > self.before:
            raise ArgumentError(
                f"year={year} is later than this record, which is as of {self.before}. Ask the whole record."
            )
        cut = date(year, 1, 1)
        kept = self.figures[self.figures["public_by"] < cut].reset_index(drop=True)
        if kept.empty:
            raise ArgumentError(f"year={year}: no figure of the record was public before that match.")
        return replace(self, figures=kept, before=year, _panels={})

    def panel(self, figure: str) -> pd.DataFrame:
        """Return one figure by cell and year.

        Parameters
        ----------
        figure : str
            A name of `FIGURES`.

        Returns
        -------
        pandas.DataFrame
            float64, cells (rows) by years (columns, ascending, without gaps between the first and the last);
            missing where nothing is published.

        Raises
        ------
        UnknownNameError
            An unknown figure.
        """
        _check_figure(figure)
        if figure not in self._panels:
            of = self.figures[self.figures["figure"] == figure]
            wide = of.pivot_table(index="cell", columns="year", values="value", aggfunc="first")
            if len(wide.columns):
                wide = wide.reindex(columns=range(int(wide.columns.min()), int(wide.columns.max()) + 1))
            self._panels[figure] = wide
        return self._panels[figure].copy()

    def years(self, figure: str) -> list[int]:
        """Return the years for which a figure is published.

        Parameters
        ----------
        figure : str
            A name of `FIGURES`.

        Returns
        -------
        list of int
            Ascending.
        """
        _check_figure(figure)
        return sorted(int(year) for year in self.figures.loc[self.figures["figure"] == figure, "year"].unique())


def load_record(folder: str | Path | None = None) -> Record:
    """Read the published figures of past matches.

    Parameters
    ----------
    folder : str or Path, optional
        Holds ``national_by_year.csv``, ``discipline_by_year.csv`` and ``geography_by_year.csv``; by default
        ``$CARMS_DATA_DIR/published``.

    Returns
    -------
    Record
        Every figure of `FIGURES` from 2009 on.

    Raises
    ------
    ArgumentError
        No folder is given and CARMS_DATA_DIR is not set.
    SourceNotFoundError
        A table is missing.
    """
    if folder is not None:
        lacking = [name for name in _FILES if not (Path(folder) / name).is_file()]
        if lacking:
            raise SourceNotFoundError(
                f"folder={str(folder)!r} lacks {lacking}: the record of past matches is read from {list(_FILES)}."
            )
    published = read_published(None if folder is None else Path(folder))
    parts = [_rows_of(name, figure, published) for name, figure in FIGURES.items()]
    return Record(_dated(pd.concat(parts, ignore_index=True)))


def _check_figure(name: object) -> None:
    if name not in FIGURES:
        raise UnknownNameError("figure", str(name), list(FIGURES))


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    inputs = {name: figure.is_input for name, figure in FIGURES.items()}
    return frame.assign(
        is_input=frame["figure"].map(inputs), public_by=[date(int(year), *_PUBLIC_BY) for year in frame["year"]]
    ).sort_values(["figure", "cell", "year"], kind="stable", ignore_index=True)


def _rows_of(name: str, figure: RecordFigure, published: Published) -> pd.DataFrame:
    """Return the values of a figure, each cell and year once: the first reading that gives it."""
    found = pd.concat([_read(figure.cells, reading, published) for reading in figure.readings], ignore_index=True)
    found = found.dropna(subset=["value"]).drop_duplicates(["cell", "year"]).assign(figure=name)
    return found[["year", "figure", "cell", "value", "source", "note"]]


def _read(cells: str, reading: Reading, published: Published) -> pd.DataFrame:
    frame = _pick(cells, reading, reading.measure, published)
    if reading.divided_by is not None:
        below = _pick(cells, reading, reading.divided_by, published)[["cell", "year", "value"]]
        frame = frame.merge(below, on=["cell", "year"], suffixes=("", "_below"))
        frame = frame[frame["value_below"] > 0]
        frame = frame.assign(value=frame["value"] / frame["value_below"])
    return frame.assign(value=frame["value"] / 100.0) if reading.per_cent else frame


def _pick(cells: str, reading: Reading, measure: str, published: Published) -> pd.DataFrame:
    """Return the rows of one measure with their cell, the report's own table before what others made of it."""
    frame = {"discipline": published.discipline, "province": published.geography, "country": published.national}[cells]
    chosen = (
        (frame["population"] == reading.population)
        & (frame["measure"] == measure)
        & (frame["iteration"] == reading.iteration)
        & (frame["year"] >= FIRST_YEAR)
    )
    if cells == "province":
        chosen &= frame["discipline"] == "Family Medicine"
    found = frame[chosen].rename(columns={"source_url": "source"})
    if cells == "country":
        found = found.assign(cell="").iloc[::-1]  # of several readings of a year, the last
    elif cells == "discipline":
        found = found.assign(cell=found["discipline"])
        found = found[found["cell"] != "TOTAL"]
    else:
        found = _by_province(found)
    by_report = found["note"].fillna("").str.contains(r"R-1 report, Table", regex=True)
    found = found.assign(_order=~by_report).sort_values("_order", kind="stable")
    return found.drop_duplicates(["cell", "year"])[["year", "cell", "value", "source", "note"]]


def _by_province(found: pd.DataFrame) -> pd.DataFrame:
    """Return rows by province of the school: as published, else the sum of all schools there."""
    said = found[found["level"] == "province"]
    said = said.assign(cell=said["place"].replace(_PROVINCES))
    maritime = said[said["cell"].isin(["NB", "PE"])].groupby("year")["value"].sum()
    at_dalhousie = said["cell"] == "NS"
    said.loc[at_dalhousie, "value"] += said.loc[at_dalhousie, "year"].map(maritime).fillna(0.0)
    said = said[said["cell"].isin(_CODES)]

    schools = found[found["level"] == "faculty_of_residency"]
    schools = schools.assign(cell=schools["place"].map(SCHOOLS).map(PROVINCE)).dropna(subset=["cell"])
    of_school = schools.drop_duplicates(["place", "year"]).groupby(["cell", "year"], as_index=False)
    sums = of_school.agg(
        value=("value", "sum"), number=("place", "size"), source=("source", "first"), note=("note", "first")
    )
    there = pd.Series(PROVINCE).value_counts()
    whole = sums[sums["number"] == sums["cell"].map(there)]
    return pd.concat([said, whole], ignore_index=True)
