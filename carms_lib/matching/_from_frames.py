"""Long tables and CSV files to dicts of lists.

Belongs here: columns, ranks and missing values of `MatchingProblem.from_frames` and `from_csv`. Does not belong
here: names to numbers (`_from_lists`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carms_lib.exceptions import CorruptSourceError, ProblemError, SourceNotFoundError
from carms_lib.matching._checks import shown
from carms_lib.matching._from_lists import parts_from_lists

if TYPE_CHECKING:
    import os

    from carms_lib.matching._submitted_lists import SubmittedLists

__all__ = ["parts_from_csv", "parts_from_frames"]


def parts_from_frames(
    applicants: pd.DataFrame,
    programs: pd.DataFrame,
    quotas: pd.DataFrame,
    partners: pd.DataFrame | None,
    ties: str,
    rng: int | np.random.Generator | None,
) -> SubmittedLists:
    """Return the parts of a problem from long tables; see `MatchingProblem.from_frames`."""
    table = _columns("quotas", quotas, ["program", "quota"])
    _no_missing("quotas", table, "program")
    _unique("quotas", table, "program")
    quota = dict(zip(table["program"].tolist(), _whole("quotas", table, "quota"), strict=True))
    couples = None
    if partners is not None:
        pairs = _columns("partners", partners, ["applicant", "partner"])
        for column in ("applicant", "partner"):
            _no_missing("partners", pairs, column)
        _unique("partners", pairs, "applicant")
        couples = dict(zip(pairs["applicant"].tolist(), pairs["partner"].tolist(), strict=True))
    members = set() if couples is None else {*couples, *couples.values()}
    ranked = _lists("programs", programs, "program", "applicant", set())
    return parts_from_lists(
        _lists("applicants", applicants, "applicant", "program", members),
        {**{name: [] for name in quota}, **ranked},
        quota,
        None,
        couples,
        ties,
        rng,
    )


def parts_from_csv(
    applicants: str | os.PathLike[str],
    programs: str | os.PathLike[str],
    quotas: str | os.PathLike[str],
    partners: str | os.PathLike[str] | None,
    ties: str,
    rng: int | np.random.Generator | None,
) -> SubmittedLists:
    """Return the parts of a problem from CSV files; see `MatchingProblem.from_csv`."""
    return parts_from_frames(
        _read_csv(applicants),
        _read_csv(programs),
        _read_csv(quotas),
        None if partners is None else _read_csv(partners),
        ties,
        rng,
    )


def _read_csv(path: str | os.PathLike[str]) -> pd.DataFrame:
    place = Path(path)
    if not place.is_file():
        msg = f"There is no file {place}. Give the path of a CSV file with a header line."
        raise SourceNotFoundError(msg)
    try:
        return pd.read_csv(place, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        msg = f"{place} cannot be read as a CSV file in UTF-8 with a header line: {error}"
        raise CorruptSourceError(msg) from error


def _columns(argument: str, frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    if not isinstance(frame, pd.DataFrame):
        msg = f"{argument} is a {type(frame).__name__}; a DataFrame with the columns {shown(columns)} is needed."
        raise ProblemError(msg)
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        msg = (
            f"{argument} has no column {missing[0]!r}; it has {shown([repr(c) for c in frame.columns])}. "
            f"Needed: {shown(columns)}."
        )
        raise ProblemError(msg)
    return frame[columns].reset_index(drop=True)


def _no_missing(argument: str, table: pd.DataFrame, column: str) -> None:
    gaps = table[column].isna().to_numpy()
    if gaps.any():
        msg = f"{argument} has no {column} in row {int(gaps.argmax())} ({int(gaps.sum())} such rows)."
        raise ProblemError(msg)


def _unique(argument: str, table: pd.DataFrame, column: str) -> None:
    again = table[column].duplicated()
    if again.any():
        names = [repr(name) for name in table.loc[again, column].unique()]
        msg = f"{argument} has more than one row for {column} {shown(names)}; one is needed."
        raise ProblemError(msg)


def _whole(argument: str, table: pd.DataFrame, column: str) -> list[int]:
    """Return a column as whole numbers, or raise with the first value that is none."""
    number = pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    wrong = ~np.isfinite(number) | (number != np.floor(number))
    if wrong.any():
        at = int(wrong.argmax())
        given = table[column].tolist()[at]  # as a plain number, not as numpy writes one
        msg = f"{argument} has {column}={given!r} in row {at}; a whole number is needed."
        raise ProblemError(msg)
    return [int(value) for value in number]


def _lists(argument: str, frame: pd.DataFrame, owner: str, choice: str, members: set[Any]) -> dict[Any, list[Any]]:
    """Return one list for each owner, best rank first, equal ranks as a list within; None for no match."""
    table = _columns(argument, frame, [owner, "rank", choice])
    _no_missing(argument, table, owner)
    lists: dict[Any, list[Any]] = {name: [] for name in table[owner].unique().tolist()}
    empty = table["rank"].isna() & table[choice].isna()
    table = table[~empty].reset_index(drop=True)
    rank = np.array(_whole(argument, table, "rank"), np.int64)
    if rank.size and rank.min() < 1:
        at = int(rank.argmin())
        msg = f"{argument} has rank={rank[at]} in row {at}; ranks begin at 1, the first choice."
        raise ProblemError(msg)
    gap = table[choice].isna() & ~table[owner].isin(members)
    if gap.any():
        msg = f"{argument} has a rank and no {choice} in row {int(gap.argmax())}; only couples may rank no match."
        raise ProblemError(msg)
    names = table[owner].tolist()
    choices = table[choice].astype(object).where(table[choice].notna(), None).tolist()
    last: dict[Any, int] = {}
    for at in np.argsort(rank, kind="stable").tolist():
        name, row = names[at], lists[names[at]]
        if last.get(name) != rank[at]:
            row.append(choices[at])
        elif isinstance(row[-1], list):
            row[-1].append(choices[at])
        else:
            row[-1] = [row[-1], choices[at]]
        last[name] = int(rank[at])
    _check_side_by_side(argument, table, owner, rank, members)
    return lists


def _check_side_by_side(
    argument: str, table: pd.DataFrame, owner: str, rank: np.ndarray[Any, Any], members: set[Any]
) -> None:
    """Members of couples need ranks without gaps or repeats: their lists are read line by line."""
    for name in sorted(members, key=str):
        own = np.sort(rank[(table[owner] == name).to_numpy()])
        if (own != np.arange(1, own.size + 1)).any():
            msg = (
                f"{argument} gives {name!r}, a member of a couple, the ranks {shown(own.tolist())}; ranks of couples "
                "must run 1, 2, 3, …, because both lists are read side by side. Write no match without a program."
            )
            raise ProblemError(msg)
