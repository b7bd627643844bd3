"""The table of programs: which columns it needs, what they may hold, and how a bad one is reported.

Belongs here: checks of a table that a user gives. Does not belong here: arrays, which are `market`, and what the
columns allow an applicant to do, which is `rules`.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.exceptions import MarketError, UnknownNameError
from carms_lib.simulator.inputs.cohort import Cohort
from carms_lib.simulator.inputs.tables import MOST_PROGRAMS

__all__ = [
    "ELIGIBILITY",
    "JURISDICTIONS",
    "LANGUAGES",
    "PROGRAM_COLUMNS",
    "check_programs",
    "interview_limits",
    "offenders",
    "unknown_value",
]

#: What `Market.from_gold` needs of a table of programs; every other column may be used to group results.
PROGRAM_COLUMNS = (
    "program_stream_id",
    "discipline",
    "school",
    "eligibility",
    "school_province",
    "language",
    "quota",
    "interview_band",
)
#: Canada's provinces and territories; a table of another country has codes of its own.
JURISDICTIONS = ("AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT")
_PROVINCES = ("province", "school_province", "site_province")
ELIGIBILITY = ("CMG", "IMG", "ALL", "MOTP")
LANGUAGES = ("en", "fr", "either")
_BAND = re.compile(r"(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*%?")


def unknown_value(programs: pd.DataFrame, column: str, value: object, *, argument: str = "") -> UnknownNameError:
    """Return the error for a value that a column of the programs does not hold.

    A province that no school lies in may still train residents; the error says how many seats, and how to ask for them.

    Parameters
    ----------
    programs : pandas.DataFrame
    column : str
    value : object
    argument : str, default ""
        What the caller named, if not the column.

    Returns
    -------
    UnknownNameError
    """
    allowed = programs[column].dropna().astype(str).unique()
    advice = ""
    if column in _PROVINCES and value in JURISDICTIONS and value not in allowed:
        there = programs["site_province"].astype(str) == value if "site_province" in programs else None
        if column == "site_province":
            advice = f"No program trains in {value}."
        elif there is not None and there.any():
            seats = f"{float(programs.loc[there, 'quota'].sum()):,.0f}"
            advice = f"No program's school is in {value}; {seats} seats are trained there: use site_province={value!r}."
        else:
            trains = ", and none trains there" if there is not None else ""
            advice = f"No program's school is in {value}{trains}: {value} has no program."
    return UnknownNameError(argument or column, value, allowed, advice=advice)


def offenders(frame: pd.DataFrame, bad: pd.Series) -> str:
    """Return the ids of the first five programs that are `bad`, and how many more there are."""
    ids = frame.loc[bad.to_numpy(), "program_stream_id"].astype(str).tolist()
    more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
    return ", ".join(ids[:5]) + more


def check_programs(frame: pd.DataFrame, cohort: Cohort, *, whole: bool = True) -> pd.DataFrame:
    """Return the table of programs, checked and sorted by discipline and program_stream_id.

    Parameters
    ----------
    frame : pandas.DataFrame
    cohort : Cohort
    whole : bool, default True
        Whether quotas must be whole numbers; those that levers have changed need not.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MarketError
        A column is missing or holds what it must not; each message names up to five programs.
    """
    missing = [column for column in PROGRAM_COLUMNS if column not in frame.columns]
    if missing:
        near = UnknownNameError("column", missing[0], frame.columns).suggestions
        hint = f" Did you mean {near[0]!r} for {missing[0]!r}?" if near else ""
        raise MarketError(f"gold['program'] lacks the columns {missing}.{hint} Needed: {list(PROGRAM_COLUMNS)}.")
    if frame.empty:
        raise MarketError("gold['program'] has no rows: a market needs at least one program.")
    if len(frame) > MOST_PROGRAMS:
        raise MarketError(
            f"gold['program'] has {len(frame):,} rows: a market has at most {MOST_PROGRAMS:,} programs; "
            "leave out those that nobody applies to, or merge streams."
        )
    frame = frame.copy()
    for column in PROGRAM_COLUMNS:
        absent = frame[column].isna()
        if absent.any():
            raise MarketError(f"gold['program'].{column} is missing for programs {offenders(frame, absent)}.")
    frame["program_stream_id"] = frame["program_stream_id"].astype(str)
    twice = frame["program_stream_id"].duplicated(keep=False)
    if twice.any():
        raise MarketError(f"program_stream_id appears more than once: {offenders(frame, twice)}.")
    _check_values(frame, "eligibility", ELIGIBILITY)
    _check_values(frame, "language", LANGUAGES)
    _check_values(frame, "school_province", cohort.provinces.index)
    quota = pd.to_numeric(frame["quota"], errors="coerce")
    bad = quota.isna() | (quota < 0) | (whole & (quota % 1 != 0)) | (quota > 1_000_000)
    if bad.any():
        raise MarketError(f"quota must be a whole number of seats, not negative; see programs {offenders(frame, bad)}.")
    frame["quota"] = quota.astype(np.int64 if whole else np.float64)
    if "home_province" in frame.columns:
        stated = frame[frame["home_province"].notna()]
        _check_values(stated, "home_province", cohort.provinces.index)
    band = frame["interview_band"].astype(str).map(lambda text: _BAND.fullmatch(text.strip()) is None)
    if band.any():
        raise MarketError(
            f"interview_band must read like '26 - 50' (percent of applicants); see programs {offenders(frame, band)}."
        )
    frame["province"] = frame["school_province"]
    return frame.sort_values(["discipline", "program_stream_id"], ignore_index=True)


def _check_values(frame: pd.DataFrame, column: str, allowed: Any) -> None:
    bad = ~frame[column].isin(list(allowed))
    if bad.any():
        value = frame.loc[bad, column].iloc[0]
        hint = UnknownNameError(column, value, allowed)
        raise MarketError(f"gold['program'].{hint} See programs {offenders(frame, bad)}.")


def interview_limits(programs: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of each program's interview band, float64 of shape (P,): shares of its applicants."""
    bands = [_BAND.fullmatch(text.strip()) for text in programs["interview_band"].astype(str)]
    low = np.array([float(match[1]) for match in bands if match]) / 100.0
    high = np.array([float(match[2]) for match in bands if match]) / 100.0
    bad = pd.Series((low > high) | (high > 1.0) | (high == 0.0))
    if bad.any():
        raise MarketError(f"interview_band must rise and end at most at 100; see programs {offenders(programs, bad)}.")
    return low, high
