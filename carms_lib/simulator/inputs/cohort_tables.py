"""The tables of a cohort: what it holds, checked.

Belongs here: the fields of a cohort as a value, and whether its numbers make sense. Does not belong here: its verbs,
which are `cohort`, and its TOML form, which is `cohort_file`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError, CohortError, UnknownNameError
from carms_lib.simulator.inputs.margins import MARGIN_COLUMNS
from carms_lib.simulator.inputs.parameters import COHORT_TABLES, DRAWN, MAY_BE_NEGATIVE, PARAMETERS
from carms_lib.simulator.inputs.rule_record import completed
from carms_lib.simulator.inputs.rules import RULES

__all__ = ["CohortTables", "cell_of"]


@dataclass(frozen=True, repr=False)
class CohortTables:
    """What a cohort holds, without verbs; `cohort.Cohort` says what each field is."""

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
    margins: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __post_init__(self) -> None:
        try:
            provinces, columns, sources = completed(self.provinces, self.year, self.columns, self.sources)
        except ArgumentError as error:
            raise CohortError(str(error)) from error
        for name, value in (("provinces", provinces), ("columns", columns), ("sources", sources)):
            object.__setattr__(self, name, value)
        _check_cohort(self)


def _check_cohort(cohort: CohortTables) -> None:
    """Raise what is wrong with a cohort.

    Parameters
    ----------
    cohort : CohortTables

    Raises
    ------
    CohortError
        A number is missing, negative, contradictory or without a source.
    """
    _check_parameters(cohort)
    _check_tables(cohort)
    _check_by_school(cohort)
    _check_draws(cohort)
    _check_margins(cohort)
    _check_sources(cohort)


def _check_parameters(cohort: CohortTables) -> None:
    table = cohort.parameters
    if list(table.index) != list(PARAMETERS):
        raise CohortError("parameters must hold exactly the names of PARAMETERS, in that order.")
    numbers = table[["value", "low", "high"]].to_numpy(dtype=float)
    lows, highs = dict(zip(table.index, numbers[:, 1], strict=True)), dict(zip(table.index, numbers[:, 2], strict=True))
    bad = ~np.isfinite(numbers).all(axis=1) | (numbers[:, 1] > numbers[:, 0]) | (numbers[:, 0] > numbers[:, 2])
    if bad.any():
        name = table.index[bad][0]
        raise CohortError(f"parameters.{name}: need finite low <= value <= high, got {numbers[bad][0].tolist()}.")
    for name in (
        "third_discipline",
        "ranked_share",
        "ranked_share_abroad",
        "second_ranked_share",
        "reversion_share",
        "couples_share",
    ):
        if lows[name] < 0 or highs[name] > 1:
            raise CohortError(f"parameters.{name} is a share: its range must lie in [0, 1].")
    for name in (
        "program_spread",
        "demand_spread",
        "applications_first",
        "applications_behind",
        "applications_spread",
        "interview_noise",
        "interviews_per_seat",
        "second_applications",
        "couple_nearness",
    ):
        if lows[name] < 0:
            raise CohortError(f"parameters.{name} must not be negative; low is {lows[name]}.")
    if lows["quota_drift"] <= -1:
        raise CohortError(
            f"parameters.quota_drift must be more than -1, at which no seats are left; low is {lows['quota_drift']}."
        )


def _check_tables(cohort: CohortTables) -> None:
    for table, (key, kinds) in COHORT_TABLES.items():
        frame: pd.DataFrame = getattr(cohort, table)
        if frame.empty:
            raise CohortError(f"{table} is empty: a cohort needs at least one row there.")
        if frame.index.has_duplicates:
            raise CohortError(f"{table}: {key} {frame.index[frame.index.duplicated()][0]!r} appears twice.")
        for column, kind in kinds.items():
            if kind is not float or (table, column) in MAY_BE_NEGATIVE:
                continue
            numbers = frame[column].to_numpy(dtype=float)
            bad = ~np.isfinite(numbers) | (numbers < 0)
            if bad.any():
                raise CohortError(
                    f"{table}.{frame.index[bad][0]!r}.{column}={numbers[bad][0]} must be a number that is not negative."
                )
    _check_shares(cohort)
    classes = cohort.classes
    bad = (classes["low"] > classes["size"]) | (classes["size"] > classes["high"])
    if bad.any():
        raise CohortError(f"classes.{classes.index[bad][0]!r}: need low <= size <= high.")
    kinds_of = set(classes["graduates_of"]) - {"schools", "abroad"}
    if kinds_of:
        raise CohortError(f"classes: graduates_of must be 'schools' or 'abroad', not {sorted(kinds_of)}.")
    streams = set(classes["stream"]) - {"CMG", "IMG", "MOTP"}
    if streams:
        raise CohortError(f"classes: stream must be 'CMG', 'IMG' or 'MOTP', not {sorted(streams)}.")
    if len(classes) > 8:
        raise CohortError(f"classes: at most 8 classes of applicants, got {len(classes)}.")
    if cohort.schools["graduates"].sum() <= 0:
        raise CohortError("schools.graduates are all zero: nobody could graduate anywhere.")
    strangers = sorted(set(cohort.schools["province"]) - set(cohort.provinces.index))
    if strangers:
        raise CohortError(f"schools name provinces that the provinces table lacks: {strangers}.")


def _check_shares(cohort: CohortTables) -> None:
    shares = [
        ("classes", "first_iteration"),
        ("classes", "second_iteration"),
        ("schools", "french"),
        ("schools", "bilingual"),
        ("schools", "local"),
        ("disciplines", "cmg_only"),
        ("disciplines", "img_only"),
    ]
    for table, column in shares:
        frame: pd.DataFrame = getattr(cohort, table)
        above = frame[column] > 1
        if above.any():
            raise CohortError(f"{table}.{frame.index[above][0]!r}.{column} is a share: it must lie in [0, 1].")


def _check_sources(cohort: CohortTables) -> None:
    for name, row in cohort.parameters.iterrows():
        if not row["source"] or row["source"] not in cohort.sources:
            raise CohortError(f"parameters.{name} has source {row['source']!r}, which `sources` does not explain.")
    for table, (_, kinds) in COHORT_TABLES.items():
        for column, kind in kinds.items():
            if kind is str or (table == "classes" and column in {"low", "high"}):
                continue
            _check_source(cohort, f"{table}.{column}")
    for rule in RULES:
        _check_source(cohort, f"provinces.{rule}")
    for name in ("tastes", "class_schools", "draws"):
        if not getattr(cohort, name).empty:
            _check_source(cohort, name)


def _check_source(cohort: CohortTables, key: str) -> None:
    about = cohort.columns.get(key)
    if about is None or about.get("source") not in cohort.sources:
        raise CohortError(f"columns.'{key}' needs a source that `sources` explains.")


def _check_by_school(cohort: CohortTables) -> None:
    """The two tables that a cohort may leave empty: tastes by school, and classes by school."""
    tastes, spread = cohort.tastes, cohort.class_schools
    for name, frame, across, table in (
        ("tastes", tastes, "disciplines", cohort.disciplines),
        ("class_schools", spread, "classes", cohort.classes),
    ):
        for school in frame.index:
            if school not in cohort.schools.index:
                raise CohortError(f"{name}: {UnknownNameError('school', school, cohort.schools.index)}")
        for column in frame.columns:
            if column not in table.index:
                raise CohortError(f"{name}: {UnknownNameError(across, column, table.index)}")
        if not np.isfinite(frame.to_numpy(dtype=float)).all():
            raise CohortError(f"{name}: every number must be finite.")
    if (spread.to_numpy(dtype=float) < 0).any():
        raise CohortError("class_schools: a school cannot have a negative number of graduates.")
    for name in spread.columns:
        if cohort.classes.loc[name, "graduates_of"] != "schools":
            raise CohortError(f"class_schools: {name!r} does not graduate from the schools of the cohort.")
        if spread[name].sum() <= 0:
            raise CohortError(f"class_schools.{name}: nobody of that class graduates anywhere.")


def _check_draws(cohort: CohortTables) -> None:
    draws = cohort.draws
    if draws.empty:
        return
    numbers = draws.to_numpy(dtype=float)
    if not np.isfinite(numbers).all():
        raise CohortError("draws: every number must be finite, and every column as long as the others.")
    for name in draws.columns:
        column = draws[name].to_numpy(dtype=float)
        if name in PARAMETERS:
            low, high = (float(cohort.parameters[end].to_dict()[str(name)]) for end in ("low", "high"))
            if column.min() < low or column.max() > high:
                raise CohortError(
                    f"draws.{name} runs from {column.min():g} to {column.max():g}, beyond the range of the parameter, "
                    f"{low:g} to {high:g}."
                )
            continue
        table, quantity, item = cell_of(str(name))
        if (table, quantity) not in MAY_BE_NEGATIVE and column.min() < 0:
            raise CohortError(f"draws.{name!r} must not be negative; it falls to {column.min():g}.")
        frame: pd.DataFrame = getattr(cohort, table)
        if item not in frame.index:
            raise CohortError(f"draws.{name!r}: {UnknownNameError(table, item, frame.index)}")


def _check_margins(cohort: CohortTables) -> None:
    margins = cohort.margins
    if margins.empty:
        return
    if list(margins.columns) != list(MARGIN_COLUMNS):
        raise CohortError(f"margins need the columns {list(MARGIN_COLUMNS)}, got {list(margins.columns)}.")
    for name, row in zip(margins.index, margins.to_dict("records"), strict=True):
        if row["year"] != cohort.year:
            raise CohortError(
                f"margins.{name!r} is of the match of {row['year']}, the cohort of {cohort.year}: the outcome of a "
                "match says nothing of another. Cohort.with_year and without_margins leave margins out."
            )
        if row["released"] < 0 or row["seats"] < 0:
            raise CohortError(f"margins.{name!r}: seats must not be negative.")
        if row["source"] not in cohort.sources:
            raise CohortError(f"margins.{name!r} has source {row['source']!r}, which `sources` does not explain.")


def cell_of(name: str) -> tuple[str, str, str]:
    """Return table, column and item of a cell that joint draws move.

    Parameters
    ----------
    name : str
        "table.column.item".

    Raises
    ------
    CohortError
        Draws may not move such a cell.
    """
    parts = name.split(".", 2)
    if len(parts) != 3 or (parts[0], parts[1]) not in DRAWN:
        allowed = [*PARAMETERS, *(f"{table}.{column}.<name>" for table, column in DRAWN)]
        raise CohortError(f"draws: {UnknownNameError('name', name, allowed)}")
    return parts[0], parts[1], parts[2]
