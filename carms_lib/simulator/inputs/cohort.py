"""The cohort: who applies and what they want, as numbers that each carry a source and a range.

Belongs here: the `Cohort` value, its checks, its TOML form, the bundled cohorts. Does not belong here: programs
(the market joins both) and anything random.

A cohort is five small tables. `parameters` are the uncertain inputs, one row each, with the range inside which a
study draws them. `classes` are the classes of applicants with their sizes. `schools` say where Canadian graduates
come from, `disciplines` what is wanted first and what stands behind it, `provinces` where people come from, what
draws them, and which rules a province applies.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, replace
from importlib import resources
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.argument_checks import check_text
from carms_lib.exceptions import ArgumentError, CohortError, UnknownNameError
from carms_lib.simulator.inputs.applicant_counts import with_classes
from carms_lib.simulator.inputs.cohort_file import fields_of, record_of
from carms_lib.simulator.inputs.cohort_tables import CohortTables
from carms_lib.simulator.inputs.parameters import COHORT_TABLES, PARAMETERS
from carms_lib.simulator.inputs.rule_record import rules_of, stated_rules
from carms_lib.simulator.inputs.rules import RULES
from carms_lib.simulator.inputs.toml import dump_toml

__all__ = ["Cohort", "load_cohort"]

_BUNDLED = "carms_lib.data"


@dataclass(frozen=True, repr=False)
class Cohort(CohortTables):
    """Who applies and what they want: assumptions, each with a source and a range.

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
        One row per province or territory, indexed by its two-letter code: population, where graduates from abroad
        live, what draws people, and a column for each rule of the match (`load_rules`). A rule without a column is
        that of the year.
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
    margins : pandas.DataFrame, optional
        One row per total of seats that the outcome of this match states, for a match that is over: discipline and
        province ("" for all), year (the cohort's own), released [seats in the release], seats [in the outcome], source.
        Every draw of a market whose programs have the `released` seats has exactly the outcome's; what no margin
        counts, and every other market, drifts by `quota_drift`.

    Raises
    ------
    CohortError
        A number is missing, negative, contradictory or without a source.
    """

    def __repr__(self) -> str:
        people = ", ".join(
            f"{size:,.0f} {name}" for name, size in zip(self.classes["name"], self.classes["size"], strict=True)
        )
        return f"Cohort {self.name!r}: {people}; {len(self.parameters)} uncertain inputs"

    def with_parameter(
        self, name: str, value: float, low: float | None = None, high: float | None = None, *, source: str
    ) -> Cohort:
        """Return a copy in which one uncertain input has another value.

        Parameters
        ----------
        name : str
            One of `PARAMETERS`.
        value : float
            The new median.
        low, high : float, optional
            The new range; without them the input is held at `value`.
        source : str
            Where the number comes from. It is not optional: no number goes without.

        Returns
        -------
        Cohort
        """
        given: Any = name
        if not isinstance(given, str) or name not in self.parameters.index:
            raise UnknownNameError("name", name, PARAMETERS)
        numbers: dict[str, Any] = {"value": value, "low": low, "high": high}
        for argument, number in numbers.items():
            if (number is not None or argument == "value") and (
                isinstance(number, bool) or not isinstance(number, Real) or not math.isfinite(number)
            ):
                raise ArgumentError(f"{argument}={number!r} must be a finite number.")
        check_text("source", source, "Table 3 of the report of 2025")
        changed = {
            "value": float(value),
            "low": float(value if low is None else low),
            "high": float(value if high is None else high),
            "source": source,
            "fitted": False,
        }
        at = list(self.parameters.index).index(name)
        parameters = self.parameters.copy()
        for column, new in changed.items():
            parameters[column] = [*self.parameters[column][:at], new, *self.parameters[column][at + 1 :]]
        return replace(
            self,
            parameters=parameters,
            draws=self.draws.drop(columns=name, errors="ignore"),
            sources={**self.sources, source: self.sources.get(source, source)},
        )

    def with_classes(self, frame: pd.DataFrame, *, source: str = "counts given to with_classes") -> Cohort:
        """Return a copy with other applicants: how many of each class, from which school, wanting what first.

        Parameters
        ----------
        frame : pandas.DataFrame
            One row per count, with a column `size` [persons] and any of `applicant_class` (without it, the first
            class that graduates from the cohort's schools), `school` (needed by classes that graduate from them)
            and `discipline` (rows then count first choices, and a class has as many as its rows add up to).
        source : str
            Where the counts come from.

        Returns
        -------
        Cohort
            A class that is named has the size given, taken as known; a class that is not keeps its own. First
            choices of Canadian or of international graduates, and by school, are replaced where rows name
            disciplines.

        Raises
        ------
        CohortError
            A column is missing, or a count is missing or negative.
        UnknownNameError
            A class, school or discipline that the cohort does not know; the message offers near names.
        """
        return with_classes(self, frame, source)

    def with_year(self, year: int) -> Cohort:
        """Return a copy for the match of another year.

        Rules that the cohort does not state itself are those of that year (`load_rules`). Known margins are left out
        where the year is another: the outcome of a match is not known before it. Nothing else changes.

        Parameters
        ----------
        year : int

        Returns
        -------
        Cohort
        """
        given: Any = year
        if isinstance(given, bool) or not isinstance(given, (int, np.integer)):
            raise ArgumentError(f"year={year!r} must be the year of a match, a whole number such as 2025.")
        stated = stated_rules(self.provinces, self.year)
        rules = rules_of(year, self.provinces.index)
        moved = {name: self.provinces[name].where(stated[name], rules[name]).to_numpy() for name in RULES}
        margins = self.margins if year == self.year else pd.DataFrame()
        return replace(self, year=year, provinces=self.provinces.assign(**moved), margins=margins)

    def without_margins(self) -> Cohort:
        """Return a copy that knows no outcome: quotas drift from the release, as in a forecast."""
        return replace(self, margins=pd.DataFrame())

    def without_draws(self) -> Cohort:
        """Return a copy whose uncertain inputs are drawn from their ranges, each on its own."""
        return replace(self, draws=pd.DataFrame())

    def to_frame(self) -> pd.DataFrame:
        """Return every number of the cohort, one a row.

        Returns
        -------
        pandas.DataFrame
            Columns table, item, quantity, value, low, high, unit, source, fitted. low and high are missing where a
            number is taken as known.
        """
        rows: list[dict[str, Any]] = [
            {"table": "parameters", "item": name, "quantity": "value", **row}
            for name, row in zip(self.parameters.index, _records(self.parameters), strict=True)
        ]
        for table, (_, kinds) in COHORT_TABLES.items():
            frame: pd.DataFrame = getattr(self, table)
            for quantity, kind in kinds.items():
                if kind is str or (table == "classes" and quantity in {"low", "high"}):
                    continue
                about = self.columns[f"{table}.{quantity}"]
                spread = _records(frame[["low", "high"]] if (table, quantity) == ("classes", "size") else frame[[]])
                rows += [
                    {"table": table, "item": item, "quantity": quantity, "value": float(value), **about, **of_item}
                    for item, value, of_item in zip(frame.index, frame[quantity], spread, strict=True)
                ]
        rows += [
            {"table": "provinces", "item": item, "quantity": rule, "value": value, **self.columns[f"provinces.{rule}"]}
            for rule in RULES
            for item, value in self.provinces[rule].items()
        ]
        order = ["table", "item", "quantity", "value", "low", "high", "unit", "source", "fitted"]
        return pd.DataFrame(rows).reindex(columns=order)

    def to_toml(self) -> str:
        """Return the cohort as TOML text; `Cohort.from_toml` reads it back to an equal cohort."""
        return dump_toml(record_of(self))

    @classmethod
    def from_toml(cls, text: str, *, origin: str = "the text given") -> Cohort:
        """Read a cohort from TOML text.

        Parameters
        ----------
        text : str
        origin : str
            Named in errors: the file that the text came from.

        Returns
        -------
        Cohort

        Raises
        ------
        CohortError
            The text is not TOML, or a table, column or number is missing or not of its kind.
        """
        try:
            record = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise CohortError(
                f"{origin} is not a TOML file: {error}. Start from a bundled cohort's to_toml()."
            ) from error
        return cls(**fields_of(record, origin))

    @classmethod
    def read(cls, path: str | Path) -> Cohort:
        """Read a cohort from the TOML file at `path`."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CohortError(f"path={str(path)!r} cannot be read: {error}.") from error
        return cls.from_toml(text, origin=path.name)

    def write(self, path: str | Path) -> Path:
        """Write the cohort as TOML to `path` and return it."""
        path = Path(path)
        path.write_text(self.to_toml(), encoding="utf-8", newline="\n")
        return path


def load_cohort(name: str = "2025") -> Cohort:
    """Return a bundled cohort.

    Parameters
    ----------
    name : str
        Such as "2025".

    Returns
    -------
    Cohort

    Raises
    ------
    UnknownNameError
        No bundled cohort has that name.
    """
    folder = resources.files(_BUNDLED).joinpath("cohorts")
    names = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    if str(name) not in names:
        raise UnknownNameError("name", name, names)
    return Cohort.from_toml(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"), origin=f"{name}.toml")


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    if frame.columns.empty:
        return [{} for _ in range(len(frame))]
    return [{str(column): value for column, value in row.items()} for row in frame.to_dict("records")]
