"""The record of rules: what is known of each province's rules in each year, from `carms_lib/data/rules.toml`.

Belongs here: reading and checking the file, the rules of one year, and completing a cohort's table of provinces with
them. Does not belong here: what a rule does, which is its row in `rules`.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

import pandas as pd

from carms_lib.exceptions import ArgumentError, CohortError, UnknownNameError
from carms_lib.simulator.inputs.rules import RULES

__all__ = ["FROM_RECORD", "STATED", "STATUSES", "completed", "load_rules", "read_rules", "rules_of", "stated_rules"]

#: Status of an entry -> what it means. An announced rule is off until a scenario turns it on.
STATUSES = {
    "applied": "a source says that it held",
    "assumed": "taken to hold: the nearest match with a source says so, or a source without a date",
    "announced": "public, but not known to have been applied: off by default",
}
#: The sources of rules that a cohort has from the file, and of those that it has from its user.
FROM_RECORD, STATED = "rules.toml", "STATED"
_SOURCES = {
    FROM_RECORD: "Rules of the match by year and province, each with its source: carms_lib/data/rules.toml",
    STATED: "Stated for this cohort; carms_lib/data/rules.toml has it otherwise",
}
_COLUMNS = ["rule", "province", "first", "last", "value", "status", "public", "source", "note"]


def load_rules() -> pd.DataFrame:
    """Return what is known of the rules of the match by year and province.

    Returns
    -------
    pandas.DataFrame
        One row per entry and province: rule, province (two-letter code; missing where the province is not published),
        first and last [match year; last is missing while no later entry is known], value, status ("applied",
        "assumed" or "announced"), public (when the source appeared; "" for a page without a date), source and note.

    Notes
    -----
    A cohort has the rules of its year that were applied or are assumed. An announced rule, which is not known to have
    been applied, is off until `Scenario.set_rule` turns it on.

    Examples
    --------
    >>> rules = load_rules()
    >>> rules.query("status == 'announced'")[["rule", "province", "first"]].to_string(index=False, header=False)
    'img_schooling       ON   2026'
    """
    return _record().copy()


@functools.cache
def _record() -> pd.DataFrame:
    text = resources.files("carms_lib.data").joinpath("rules.toml").read_text(encoding="utf-8")
    return read_rules(text, origin="rules.toml")


def read_rules(text: str, *, origin: str = "the text given") -> pd.DataFrame:
    """Return the entries of a file of rules, checked; see `load_rules`.

    Raises
    ------
    UnknownNameError
        There is no such rule or status.
    CohortError
        An entry lacks a source or a year, its value is not one of its rule, or two entries speak of one match.
    """
    rows: list[dict[str, Any]] = []
    for number, entry in enumerate(tomllib.loads(text).get("rule", []), start=1):
        where = f"{origin}, entry {number}"
        missing = [key for key in ("rule", "provinces", "first", "value", "status", "public", "source")
                   if key not in entry]  # fmt: skip
        if missing or not entry["source"]:
            raise CohortError(f"{where} lacks {missing or ['source']}: every rule needs its years and its source.")
        if entry["rule"] not in RULES:
            raise CohortError(f"{where}: {UnknownNameError('rule', entry['rule'], RULES)}")
        if entry["status"] not in STATUSES:
            raise CohortError(f"{where}: {UnknownNameError('status', entry['status'], STATUSES)}")
        try:
            value = RULES[entry["rule"]].check("value", entry["value"])
        except ArgumentError as error:
            raise CohortError(f"{where}: {error}") from error
        known = {"last": None, "note": "", **entry, "value": value}
        rows += [{**known, "province": code} for code in entry["provinces"] or [None]]
    frame = pd.DataFrame(rows, columns=_COLUMNS).astype({"last": "Int64", "province": object, "value": object})
    _check_years(frame, origin)
    return frame


def _check_years(frame: pd.DataFrame, origin: str) -> None:
    """Raise where two entries in force speak of one match: which of them would hold could not be said."""
    last = frame["last"].astype(float).fillna(9_999)
    placed = frame[frame["province"].notna() & _in_force(frame)].assign(until=last).sort_values("first")
    for (rule, province), rows in placed.groupby(["rule", "province"]):
        over = rows["first"].to_numpy()[1:] <= rows["until"].to_numpy()[:-1]
        if over.any() or (rows["until"] < rows["first"]).any():
            raise CohortError(f"{origin}: entries of {rule!r} in {province!r} overlap, or one ends before it begins.")


def _in_force(frame: pd.DataFrame) -> pd.Series:
    return frame["status"] != "announced"


def rules_of(year: int, provinces: pd.Index) -> pd.DataFrame:
    """Return the rules of one match: a row for each of `provinces`, a column for each rule.

    Parameters
    ----------
    year : int
        Matches before the first one of the record have its rules.
    provinces : pandas.Index
        Two-letter codes; a province that the record does not name has the default of each rule.

    Returns
    -------
    pandas.DataFrame
    """
    record = _record()
    year = max(year, int(record["first"].min()))
    held = record[(record["first"] <= year) & ~(record["last"] < year).fillna(False) & _in_force(record)]
    columns = {}
    for name, kind in RULES.items():
        values: dict[Any, Any] = dict(held.loc[held["rule"] == name, ["province", "value"]].itertuples(index=False))
        columns[name] = kind.column(values.get(code, kind.default) for code in provinces)
    return pd.DataFrame(columns, index=provinces)


def stated_rules(provinces: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return for each rule and province whether the table says otherwise than the record does of that year."""
    return provinces[list(RULES)] != rules_of(year, provinces.index)


def _checked(provinces: pd.DataFrame, rule: str) -> list[bool | str]:
    return [RULES[rule].check(f"provinces.{code!r}.{rule}", value) for code, value in provinces[rule].items()]


def completed(
    provinces: pd.DataFrame, year: int, columns: Mapping[str, Mapping[str, Any]], sources: Mapping[str, str]
) -> tuple[pd.DataFrame, dict[str, Mapping[str, Any]], dict[str, str]]:
    """Return a cohort's table of provinces with a column for every rule, and where each column is from.

    A rule for which the table has no column is that of the year. A column that has no source of its own is from the
    record where it agrees with it, and stated by the user elsewhere.
    """
    rules = rules_of(year, provinces.index)
    table = provinces.assign(**{name: _checked(provinces, name) if name in provinces.columns else rules[name]
                                for name in RULES})  # fmt: skip
    table = table[[*(name for name in table.columns if name not in RULES), *RULES]]
    differs = stated_rules(table, year).any()
    about, texts = dict(columns), dict(sources)
    for name in RULES:
        key = f"provinces.{name}"
        if about.get(key, {"source": FROM_RECORD}).get("source") in _SOURCES:
            source = STATED if differs[name] else FROM_RECORD
            about[key] = {"unit": "true or false", "source": source, "fitted": False}
            texts[source] = _SOURCES[source]
    used = {entry.get("source") for entry in about.values()}
    return table, about, {name: text for name, text in texts.items() if name not in _SOURCES or name in used}
