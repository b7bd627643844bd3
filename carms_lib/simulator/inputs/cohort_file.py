"""A cohort as a record: what its TOML file holds.

Belongs here: tables from records and records from tables. Does not belong here: whether the numbers make sense.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from carms_lib.exceptions import ArgumentError, CohortError, UnknownNameError
from carms_lib.simulator.inputs.margins import MARGIN_COLUMNS
from carms_lib.simulator.inputs.parameters import COHORT_TABLES, PARAMETERS
from carms_lib.simulator.inputs.rule_record import FROM_RECORD, rules_of, stated_rules
from carms_lib.simulator.inputs.rules import RULES

if TYPE_CHECKING:
    from carms_lib.simulator.inputs.cohort_tables import CohortTables

__all__ = ["fields_of", "record_of"]

PARAMETER_COLUMNS = ("value", "low", "high", "source", "fitted", "unit")


def record_of(cohort: CohortTables) -> dict[str, Any]:
    """Return a cohort as tables of plain values."""
    record: dict[str, Any] = {"name": cohort.name, "year": cohort.year, "description": cohort.description}
    record["sources"] = dict(cohort.sources)
    record["columns"] = {key: dict(about) for key, about in cohort.columns.items()}
    record["parameters"] = cohort.parameters.to_dict("index")
    for table in COHORT_TABLES:
        record[table] = getattr(cohort, table).to_dict("index")
    _leave_out_the_record(record, cohort)
    for table, across in _BY_SCHOOL.items():
        frame = getattr(cohort, table)
        names = [name for name in getattr(cohort, across).index if name in frame.columns]
        rows = {
            school: {name: value for name, value in row.items() if value != 0}
            for school, row in frame.reindex(columns=names).to_dict("index").items()
        }
        if rows:
            record[table] = rows
    if not cohort.margins.empty:
        record["margins"] = {
            name: {column: value for column, value in row.items() if value != ""}
            for name, row in cohort.margins.to_dict("index").items()
        }
    if not cohort.draws.empty:
        record["draws"] = {str(name): column.tolist() for name, column in cohort.draws.items()}
    return record


def _leave_out_the_record(record: dict[str, Any], cohort: CohortTables) -> None:
    """Leave out the rules that the record has for the cohort's year: a cohort's file states the others alone."""
    stated = stated_rules(cohort.provinces, cohort.year)
    for code, row in record["provinces"].items():
        record["provinces"][code] = {name: value for name, value in row.items()
                                     if name not in RULES or stated.loc[code, name]}  # fmt: skip
    record["columns"] = {key: row for key, row in record["columns"].items() if row.get("source") != FROM_RECORD}
    record["sources"] = {key: text for key, text in record["sources"].items() if key != FROM_RECORD}


def fields_of(record: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """Return the fields of a cohort from tables of plain values.

    Parameters
    ----------
    record : mapping
    origin : str
        Named in errors.

    Raises
    ------
    CohortError
        A table, column or number is missing, unknown or not of its kind.
    """
    missing = [key for key in ("name", "year", "parameters", *COHORT_TABLES) if key not in record]
    if missing:
        raise CohortError(f"{origin} lacks {missing}. Start from a bundled cohort's to_toml().")
    known = ("name", "year", "description", "sources", "columns", "parameters", *COHORT_TABLES, *_MAY_LACK)
    for key in record:
        if key not in known:
            raise CohortError(f"{origin}: {UnknownNameError('table', key, known)}")
    return {
        "name": str(record["name"]),
        "year": int(record["year"]),
        "description": str(record.get("description", "")),
        "sources": dict(record.get("sources", {})),
        "columns": dict(record.get("columns", {})),
        "parameters": _read_parameters(record["parameters"], origin),
        **{table: _read_table(record[table], table, origin) for table in COHORT_TABLES if table != "provinces"},
        "provinces": _read_provinces(record["provinces"], int(record["year"]), origin),
        **{table: _read_matrix(record, table, across, origin) for table, across in _BY_SCHOOL.items()},
        "draws": _read_draws(record.get("draws", {}), origin),
        "margins": _read_margins(record, origin),
    }


#: Tables of numbers by school -> the table that names their columns.
_BY_SCHOOL = {"tastes": "disciplines", "class_schools": "classes"}
_MAY_LACK = (*_BY_SCHOOL, "margins", "draws")


def _read_matrix(record: Mapping[str, Any], table: str, across: str, origin: str) -> pd.DataFrame:
    """Numbers by school and something else, in the order of the table `across`; what is not said is 0."""
    order = [*record[across]]
    record = record.get(table, {})
    said = {name for row in record.values() for name in row}
    names = [*(name for name in order if name in said), *sorted(said.difference(order))]
    for school, row in record.items():
        for name, value in row.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise CohortError(f"{origin}: {table}.{school!r}.{name!r}={value!r} should be a float.")
    rows = [[float(row.get(name, 0.0)) for name in names] for row in record.values()]
    return pd.DataFrame(rows, index=pd.Index(list(record), name="school"), columns=names, dtype=float)


def _read_draws(record: Mapping[str, Any], origin: str) -> pd.DataFrame:
    lengths = {}
    for name, column in record.items():
        if not isinstance(column, list) or not all(
            isinstance(value, (int, float)) and not isinstance(value, bool) for value in column
        ):
            raise CohortError(f"{origin}: draws.{name!r} should be a list of numbers.")
        lengths[name] = len(column)
    if len(set(lengths.values())) > 1:
        raise CohortError(f"{origin}: draws should all be equally long, got {lengths}.")
    return pd.DataFrame({name: [float(value) for value in column] for name, column in record.items()})


def _read_margins(record: Mapping[str, Any], origin: str) -> pd.DataFrame:
    """Known margins; a discipline or province that is not said is all of them."""
    margins: Mapping[str, Mapping[str, Any]] = record.get("margins", {})
    if not margins:
        return pd.DataFrame()
    rows = []
    for name, row in margins.items():
        given = {"discipline": "", "province": "", **row}
        absent = [column for column in MARGIN_COLUMNS if column not in given]
        unknown = [column for column in given if column not in MARGIN_COLUMNS]
        if absent or unknown:
            raise CohortError(f"{origin}: margins.{name!r} lacks {absent} and has unknown {unknown}.")
        for column, kind in MARGIN_COLUMNS.items():
            if not isinstance(given[column], kind) or isinstance(given[column], bool):
                raise CohortError(f"{origin}: margins.{name!r}.{column}={given[column]!r} should be a {kind.__name__}.")
        for column, table in (("discipline", "disciplines"), ("province", "provinces")):
            if given[column] and given[column] not in record[table]:
                raise CohortError(
                    f"{origin}: margins.{name!r}: {UnknownNameError(column, given[column], record[table])}"
                )
        rows.append(given)
    return pd.DataFrame(rows, index=pd.Index(list(margins), name="margin"), columns=list(MARGIN_COLUMNS))


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
    return frame.loc[:, list(PARAMETER_COLUMNS)]


def _read_provinces(record: Mapping[str, Mapping[str, Any]], year: int, origin: str) -> pd.DataFrame:
    """The table of provinces, with the rules of the year where a province states none."""
    said: dict[str, dict[str, Any]] = {
        code: {name: row[name] for name in RULES if name in row} for code, row in record.items()
    }
    others = {code: {name: value for name, value in row.items() if name not in RULES} for code, row in record.items()}
    frame = _read_table(others, "provinces", origin)
    rules = rules_of(year, frame.index).to_dict("index")
    try:
        columns = {
            rule: kind.column(
                kind.check(f"provinces.{code!r}.{rule}", said[code].get(rule, rules[code][rule]))
                for code in frame.index
            )
            for rule, kind in RULES.items()
        }
    except ArgumentError as error:
        raise CohortError(f"{origin}: {error}") from error
    return frame.assign(**columns)


def _read_table(record: Mapping[str, Mapping[str, Any]], table: str, origin: str) -> pd.DataFrame:
    key, kinds = COHORT_TABLES[table]
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
