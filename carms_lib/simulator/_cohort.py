"""The cohort: who applies and what they want, as numbers that each carry a source and a range.

Belongs here: the `Cohort` value, its checks, its TOML form, the bundled cohorts. Does not belong here: programs
(the market joins both) and anything random.

A cohort is five small tables. `parameters` are the uncertain inputs, one row each, with the range inside which a
study draws them. `classes` are the classes of applicants with their sizes. `schools` say where Canadian graduates
come from, `disciplines` what is wanted first and what stands behind it, `provinces` where people come from, what
draws them, and which rules a province applies.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.exceptions import CohortError, UnknownNameError
from carms_lib.simulator._toml import dump_toml

__all__ = ["PARAMETERS", "Cohort", "load_cohort"]

#: Every uncertain input that the model knows, with its unit. The order is that of the kernels' parameter vector.
PARAMETERS: dict[str, str] = {
    "home_school": "log weight of a program of one's own school",
    "school_province": "log weight of another program in the province of one's school",
    "home_province": "log weight of a program in one's home province",
    "other_language": "log weight of a program that works in another language than one's first",
    "quota_appeal": "exponent of the quota in a program's appeal",
    "program_spread": "standard deviation of a program's own log appeal",
    "demand_spread": "standard deviation of a discipline's log popularity against the published year",
    "third_discipline": "share of those with two disciplines who rank a third",
    "applications_first": "median number of programs applied to in the first discipline",
    "applications_behind": "median number of programs applied to in each discipline behind it",
    "applications_spread": "standard deviation of the log number of programs applied to",
    "merit": "weight of merit in what a program sees in a file",
    "first_discipline": "what a program adds for an applicant whose first discipline is its own",
    "home_candidate": "what a program adds for an applicant of its own school",
    "local_candidate": "what a program adds for an applicant from its province",
    "interview_noise": "standard deviation of what an interview adds, against the file's noise",
    "ranked_share": "share of its interviewed applicants that a program ranks",
    "interviews_per_seat": "fewest interviews a program holds for each seat, if it has the applications",
    "quota_drift": "expected growth of a quota between the release and the end of the match",
    "reversion_share": "share of unfilled CMG seats that revert to the IMG stream where a province reverts",
    "second_applications": "median number of programs applied to in the second iteration",
    "second_ranked_share": "share of its second-iteration applicants that a program ranks",
    "couples_share": "share of the graduates of Canadian schools who apply as half of a couple",
    "couple_nearness": "places down their lists that partners give up to work in one province",
}

_TABLES: dict[str, tuple[str, dict[str, type]]] = {
    # table -> (key column, other columns and their kind)
    "classes": (
        "applicant_class",
        {
            "name": str,
            "graduates_of": str,
            "stream": str,
            "size": float,
            "low": float,
            "high": float,
            "merit": float,
            "second_iteration": float,
        },
    ),
    "schools": (
        "school",
        {"province": str, "graduates": float, "french": float, "bilingual": float, "local": float},
    ),
    "disciplines": (
        "discipline",
        {
            "cmg_first": float,
            "cmg_only": float,
            "cmg_behind": float,
            "img_first": float,
            "img_only": float,
            "img_behind": float,
        },
    ),
    "provinces": (
        "province",
        {
            "name": str,
            "population": float,
            "img_residents": float,
            "appeal": float,
            "attachment": float,
            "streams_merge": bool,
            "reverts": bool,
            "img_residents_only": bool,
        },
    ),
}
_MAY_BE_NEGATIVE = {("classes", "merit"), ("provinces", "appeal"), ("provinces", "attachment")}
_PARAMETER_COLUMNS = ("value", "low", "high", "source", "fitted", "unit")
_BUNDLED = "carms_lib.data"


@dataclass(frozen=True)
class Cohort:
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
        [standard deviations], second_iteration [share of the unmatched who take part in it].
    schools : pandas.DataFrame
        One row per school of graduation, indexed by school.
    disciplines : pandas.DataFrame
        One row per discipline, indexed by discipline: first choices [weight], share who rank only it, weight as
        the discipline behind another, for Canadian and for international graduates.
    provinces : pandas.DataFrame
        One row per province or territory, indexed by its two-letter code.
    columns : mapping
        "table.column" -> {"source", "unit", "fitted"} for the four tables.

    Raises
    ------
    CohortError
        A number is missing, negative, contradictory or without a source.
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

    def __post_init__(self) -> None:
        _check_parameters(self)
        _check_tables(self)
        _check_sources(self)

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
        if name not in self.parameters.index:
            raise UnknownNameError("name", name, PARAMETERS)
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
        return replace(self, parameters=parameters, sources={**self.sources, source: self.sources.get(source, source)})

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
        for table, (_, kinds) in _TABLES.items():
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
        order = ["table", "item", "quantity", "value", "low", "high", "unit", "source", "fitted"]
        return pd.DataFrame(rows).reindex(columns=order)

    def to_toml(self) -> str:
        """Return the cohort as TOML text; `Cohort.from_toml` reads it back to an equal cohort."""
        record: dict[str, Any] = {"name": self.name, "year": self.year, "description": self.description}
        record["sources"] = dict(self.sources)
        record["columns"] = {key: dict(about) for key, about in self.columns.items()}
        record["parameters"] = self.parameters.to_dict("index")
        for table in _TABLES:
            record[table] = getattr(self, table).to_dict("index")
        return dump_toml(record)

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
        missing = [key for key in ("name", "year", "parameters", *_TABLES) if key not in record]
        if missing:
            raise CohortError(f"{origin} lacks {missing}. Start from a bundled cohort's to_toml().")
        tables = {table: _read_table(record[table], table, origin) for table in _TABLES}
        return cls(
            name=str(record["name"]),
            year=int(record["year"]),
            description=str(record.get("description", "")),
            sources=dict(record.get("sources", {})),
            columns=dict(record.get("columns", {})),
            parameters=_read_parameters(record["parameters"], origin),
            **tables,
        )

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


def _read_parameters(record: Mapping[str, Any], origin: str) -> pd.DataFrame:
    for name in record:
        if name not in PARAMETERS:
            raise CohortError(f"{origin}: {UnknownNameError('parameters', name, PARAMETERS)}")
    missing = [name for name in PARAMETERS if name not in record]
    if missing:
        raise CohortError(f"{origin}: parameters lack {missing}.")
    rows = []
    for name, unit in PARAMETERS.items():
        absent = [column for column in ("value", "low", "high", "source", "fitted") if column not in record[name]]
        if absent:
            raise CohortError(f"{origin}: parameters.{name} lacks {absent}.")
        rows.append({**record[name], "unit": unit})
    frame = pd.DataFrame(rows, index=pd.Index(list(PARAMETERS), name="parameter"))
    return frame.loc[:, list(_PARAMETER_COLUMNS)]


def _read_table(record: Mapping[str, Mapping[str, Any]], table: str, origin: str) -> pd.DataFrame:
    key, kinds = _TABLES[table]
    rows = []
    for item, row in record.items():
        absent = [column for column in kinds if column not in row]
        unknown = [column for column in row if column not in kinds]
        if absent or unknown:
            raise CohortError(f"{origin}: {table}.{item!r} lacks {absent} and has unknown {unknown}.")
        for column, kind in kinds.items():
            given = row[column]
            fits = (
                isinstance(given, bool)
                if kind is bool
                else isinstance(given, (kind, int)) and not isinstance(given, bool)
            )
            if not fits:
                raise CohortError(f"{origin}: {table}.{item!r}.{column}={given!r} should be a {kind.__name__}.")
        rows.append({column: kind(row[column]) for column, kind in kinds.items()})
    return pd.DataFrame(rows, index=pd.Index(list(record), name=key), columns=list(kinds))


def _check_parameters(cohort: Cohort) -> None:
    table = cohort.parameters
    if list(table.index) != list(PARAMETERS):
        raise CohortError("parameters must hold exactly the names of PARAMETERS, in that order.")
    numbers = table[["value", "low", "high"]].to_numpy(dtype=float)
    lows, highs = dict(zip(table.index, numbers[:, 1], strict=True)), dict(zip(table.index, numbers[:, 2], strict=True))
    bad = ~np.isfinite(numbers).all(axis=1) | (numbers[:, 1] > numbers[:, 0]) | (numbers[:, 0] > numbers[:, 2])
    if bad.any():
        name = table.index[bad][0]
        raise CohortError(f"parameters.{name}: need finite low <= value <= high, got {numbers[bad][0].tolist()}.")
    for name in ("third_discipline", "ranked_share", "second_ranked_share", "reversion_share", "couples_share"):
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
        "quota_drift",
        "second_applications",
        "couple_nearness",
    ):
        if lows[name] < 0:
            raise CohortError(f"parameters.{name} must not be negative; low is {lows[name]}.")


def _check_tables(cohort: Cohort) -> None:
    for table, (key, kinds) in _TABLES.items():
        frame: pd.DataFrame = getattr(cohort, table)
        if frame.empty:
            raise CohortError(f"{table} is empty: a cohort needs at least one row there.")
        if frame.index.has_duplicates:
            raise CohortError(f"{table}: {key} {frame.index[frame.index.duplicated()][0]!r} appears twice.")
        for column, kind in kinds.items():
            if kind is not float or (table, column) in _MAY_BE_NEGATIVE:
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


def _check_shares(cohort: Cohort) -> None:
    shares = [
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


def _check_sources(cohort: Cohort) -> None:
    for name, row in cohort.parameters.iterrows():
        if not row["source"] or row["source"] not in cohort.sources:
            raise CohortError(f"parameters.{name} has source {row['source']!r}, which `sources` does not explain.")
    for table, (_, kinds) in _TABLES.items():
        for column, kind in kinds.items():
            if kind is str or (table == "classes" and column in {"low", "high"}):
                continue
            about = cohort.columns.get(f"{table}.{column}")
            if about is None or about.get("source") not in cohort.sources:
                raise CohortError(f"columns.'{table}.{column}' needs a source that `sources` explains.")


def draw_parameters(cohort: Cohort, unit: np.ndarray) -> np.ndarray:
    """Return uncertain inputs for given uniforms, median at `value`.

    Parameters
    ----------
    unit : ndarray of shape (n, len(PARAMETERS)), float64
        Uniform numbers in (0, 1).

    Returns
    -------
    ndarray of shape (n, len(PARAMETERS)), float64

    Notes
    -----
    The quantile function is linear from low to value on the lower half of the probability, and from value to high
    on the upper half, so that the stated value is the median and the stated range is never left.
    """
    numbers = cohort.parameters[["value", "low", "high"]].to_numpy(dtype=float)
    return split_uniform(unit, numbers[:, 0], numbers[:, 1], numbers[:, 2])


def split_uniform(unit: np.ndarray, value: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return quantiles at `unit` of the law that is uniform on each side of its median `value`."""
    below = low + (value - low) * 2.0 * unit
    above = value + (high - value) * (2.0 * unit - 1.0)
    out: np.ndarray = np.where(unit < 0.5, below, above)
    return out
