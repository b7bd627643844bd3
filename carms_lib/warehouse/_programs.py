"""Questions about programs, asked in SQL and answered with typed frames.

Belongs here: filters, pages and search; every version of a program, and what differs between releases. Does not belong
here: sessions, and values pasted into SQL: every value is a bound parameter.

A page is cut by key, not by offset: it starts after the last key seen, so the thousandth page costs what the first
does, and a row that is added meanwhile moves no other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, func, select

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.schemas import TEXT, codes
from carms_lib.warehouse import _search
from carms_lib.warehouse._frames import contract_types, typed_frame, write_csv
from carms_lib.warehouse.gold_view import gold_columns, is_valid, releases, star, which_release
from carms_lib.warehouse.tables import TABLES

__all__ = ["MAX_LIMIT", "Page", "Question", "diff", "history", "programs", "search"]

MAX_LIMIT = 1_000
"""Most rows of one page: what a reader takes in, and what a server gives without strain."""

_KEY = "program_stream_id"


@dataclass(frozen=True)
class Page:
    """One page of programs.

    Parameters
    ----------
    frame : DataFrame
        Columns and types of gold's table of programs, sorted by program_stream_id.
    next_key : str or None
        Give it as `after` for the next page; None on the last.
    release_id : str
        The release that the page is of; "" when nothing was ever written.
    """

    frame: pd.DataFrame
    next_key: str | None
    release_id: str

    def write_csv(self, path: str | Path) -> Path:
        """Write the page as CSV to `path`, safe to open in a spreadsheet; see `write_csv`."""
        return write_csv(self.frame, path)


@dataclass(frozen=True)
class Question:
    """Which programs are asked for.

    Parameters
    ----------
    province, discipline, school, stream, eligibility, site_province, site_class : str or sequence of str, optional
        Names; several are alternatives. `province` is the school's, `site_province` that of training.
    text : str, optional
        Words that must all occur in the facts or in one section.
    """

    province: str | Sequence[str] | None = None
    discipline: str | Sequence[str] | None = None
    school: str | Sequence[str] | None = None
    stream: str | Sequence[str] | None = None
    eligibility: str | Sequence[str] | None = None
    site_province: str | Sequence[str] | None = None
    site_class: str | Sequence[str] | None = None
    text: str | None = None


def programs(
    connection: Connection,
    question: Question,
    *,
    release: str | None,
    as_of: dt.datetime | None,
    limit: int,
    after: str | None,
) -> Page:
    """Return one page of the programs that a question asks for.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    question : Question
    release : str, optional
        By default the newest.
    as_of : datetime, optional
        As it was kept at this moment; by default as it is now.
    limit : int
        Most rows, at most `MAX_LIMIT`.
    after : str, optional
        The `next_key` of the page before.

    Returns
    -------
    Page

    Raises
    ------
    UnknownNameError
        A filter names what nothing carries.
    ArgumentError
        The limit or the text is not allowed.
    """
    check_limit(limit)
    types = contract_types("gold", "program")
    release_id = which_release(connection, release, as_of)
    if release_id is None:
        return Page(typed_frame([], types), None, "")
    rows = connection.execute(
        _select(connection, question, release_id, as_of, after).limit(limit + 1)  # one more tells whether more follow
    ).all()
    frame = typed_frame(rows[:limit], types)
    next_key = str(rows[limit - 1][0]) if len(rows) > limit else None
    return Page(frame, next_key, release_id)


def _select(
    connection: Connection, question: Question, release_id: str, as_of: dt.datetime | None, after: str | None
) -> Select[Any]:
    program = TABLES["program"]
    asked = (
        select(*(expression.label(name) for name, expression in gold_columns().items()))
        .select_from(star())
        .where(program.c.release_id == release_id, is_valid(as_of), *_filters(connection, question))
        .order_by(program.c.program_stream_id)
    )
    if question.text is not None:
        if as_of is not None:
            raise ArgumentError("text searches what is valid now; give text or as_of, not both.")
        phrases = _search.read_query(question.text)
        found = _search.matching_programs(connection, phrases, release_id)
        asked = asked.where(program.c.program_key.in_(found))
    if after is not None:
        if not isinstance(after, str):
            raise ArgumentError(f"after={after!r} must be the next_key of a page, a text.")
        asked = asked.where(program.c.program_stream_id > after)
    return asked


def check_limit(limit: object) -> None:
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT:
        raise ArgumentError(
            f"limit={limit!r} must be a whole number from 1 to {MAX_LIMIT:,}. "
            "For more rows, ask page by page with after."
        )


# --- filters ---------------------------------------------------------------------------------------------


def _filters(connection: Connection, question: Question) -> list[ColumnElement[bool]]:
    """Return one condition per filter; names become keys, so that the facts are read through their indexes."""
    conditions: list[ColumnElement[bool]] = []
    for argument, table, named in (
        ("discipline", "discipline", "discipline"),
        ("school", "school", "school"),
        ("province", "school", "school_province"),
        ("site_province", "site", "site_province"),
        ("site_class", "site", "site_class"),
        ("stream", "stream", "stream"),
        ("eligibility", "stream", "eligibility"),
    ):
        wanted = _names(argument, getattr(question, argument))
        if wanted is not None:
            keys = _keys(connection, argument, table, named, wanted)
            conditions.append(TABLES["program"].c[f"{table}_key"].in_(keys))
    return conditions


def _names(argument: str, given: object) -> list[str] | None:
    if given is None:
        return None
    names: list[Any] = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    if not names or not all(isinstance(name, str) for name in names):
        raise ArgumentError(f"{argument}={given!r} must be a name or a list of names.")
    return names


def _keys(connection: Connection, argument: str, table: str, named: str, wanted: list[str]) -> list[int]:
    """Return the keys of every edition of the members that are named."""
    members = TABLES[table]
    rows = connection.execute(select(members.c[named], members.c[f"{table}_key"])).all()
    closed = {
        "province": codes.PROVINCES,
        "site_province": codes.PROVINCES,
        "site_class": codes.SITE_CLASSES,
        "eligibility": codes.ELIGIBILITIES,
    }
    known = {str(name) for name, _ in rows if name is not None}
    allowed = set(closed.get(argument, ())) | known
    for name in wanted:
        if name not in allowed:
            raise UnknownNameError(argument, name, allowed)
        if argument == "province" and name not in known and (seats := _trained_in(connection, name)):
            advice = f"No program's school is in {name}; {seats:,} seats are trained there: use site_province={name!r}."
            raise UnknownNameError(argument, name, known, advice=advice)
    return sorted(key for name, key in rows if name in wanted)


def _trained_in(connection: Connection, province: str) -> int:
    """Return the seats that are trained in a province, of what is valid now."""
    program, site = TABLES["program"], TABLES["site"]
    seats = connection.scalar(
        select(func.sum(program.c.quota))
        .join(site, site.c.site_key == program.c.site_key)
        .where(site.c.site_province == province, program.c.valid_to.is_(None))
    )
    return int(seats or 0)


# --- search ----------------------------------------------------------------------------------------------

_FOUND: Mapping[str, str] = {
    **dict.fromkeys((_KEY, "discipline", "school", "site", "stream", "section_key", "language"), "str"),
    "score": "float64",
    "snippet": "str",
}


def search(connection: Connection, text: str, *, language: str | None, release: str | None, limit: int) -> pd.DataFrame:
    """Return the texts that match best; see `Warehouse.search` for parameters and columns."""
    check_limit(limit)
    phrases = _search.read_query(text)
    release_id = which_release(connection, release, None)
    rows = [] if release_id is None else _search.search(connection, phrases, release_id, language=language, limit=limit)
    return typed_frame(rows, _FOUND)


_SPAN: Mapping[str, str] = {
    "valid_from": "moment",
    "valid_to": "moment",
    "closed_as": "str",
    "run_id": "int64",
    "closed_by_run_id": "Int64",
    "source_file": "str",
    "source_sha256": "str",
    "source_row": "Int64",
    "loaded_at": "moment",
}


def history(connection: Connection, program_stream_id: str) -> pd.DataFrame:
    """Return every version of a program that was ever kept, in every release.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    program_stream_id : str

    Returns
    -------
    DataFrame
        Columns of gold's table of programs, then valid_from, valid_to [UTC; missing while valid], closed_as ("changed"
        or "vanished"), run_id, closed_by_run_id, source_file, source_sha256, source_row, loaded_at [UTC]; sorted by
        release and valid_from.

    Raises
    ------
    UnknownNameError
        No release ever had such a program.
    """
    program, source, run = TABLES["program"], TABLES["source_file"], TABLES["load_run"]
    homes = {"source_file": source, "source_sha256": source, "loaded_at": run}
    audit = [homes.get(name, program).c[name] for name in _SPAN]
    rows = connection.execute(
        select(*(expression.label(name) for name, expression in gold_columns().items()), *audit)
        .select_from(
            star()
            .join(run, run.c.run_id == program.c.run_id)
            .outerjoin(source, source.c.source_key == program.c.source_key)
        )
        .where(program.c.program_stream_id == program_stream_id)
        .order_by(program.c.release_id, program.c.valid_from)
    ).all()
    if not rows:
        known = connection.scalars(select(program.c.program_stream_id).distinct())
        raise UnknownNameError("program_stream_id", program_stream_id, known)
    return typed_frame(rows, contract_types("gold", "program") | dict(_SPAN))


def diff(connection: Connection, release_a: str, release_b: str) -> pd.DataFrame:
    """Return what differs between two releases as they now stand.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    release_a, release_b : str
        Before and after.

    Returns
    -------
    DataFrame
        One row per program and column that differs: program_stream_id, change ("added", "removed", "changed"), column,
        before, after (as text; missing where there is none). An added or removed program has one row, with its quota.

    Raises
    ------
    UnknownNameError
        There is no such release.
    """
    frames = []
    for argument, release in (("release_a", release_a), ("release_b", release_b)):
        kept = releases(connection)
        if release not in kept:
            raise UnknownNameError(argument, release, kept)
        rows = connection.execute(
            select(*(expression.label(name) for name, expression in gold_columns().items()))
            .select_from(star())
            .where(TABLES["program"].c.release_id == release, is_valid(None))
        ).all()
        frame = typed_frame(rows, contract_types("gold", "program"))
        frames.append(frame.drop(columns=["release_id", "cycle", "iteration"]).set_index(_KEY).astype("string"))
    before, after = frames
    parts = [
        _whole(before.loc[before.index.difference(after.index), "quota"], "removed", "before"),
        _whole(after.loc[after.index.difference(before.index), "quota"], "added", "after"),
    ]
    both = before.index.intersection(after.index)
    one, other = before.loc[both], after.loc[both]
    for column in before.columns:
        same = (one[column] == other[column]).fillna(value=False) | (one[column].isna() & other[column].isna())
        changed = pd.DataFrame({"before": one[column], "after": other[column]}).loc[~same]
        parts.append(changed.assign(change="changed", column=column).reset_index())
    found = pd.concat(parts, ignore_index=True)[[_KEY, "change", "column", "before", "after"]]
    place = pd.Categorical(found["column"], categories=list(before.columns), ordered=True)
    order = found.assign(place=place).sort_values([_KEY, "place"], kind="stable", ignore_index=True)
    return order.drop(columns="place").astype(TEXT)


def _whole(quota: pd.Series[Any], change: str, side: str) -> pd.DataFrame:
    frame = quota.rename(side).reset_index().assign(change=change, column="quota")
    return frame.reindex(columns=[_KEY, "change", "column", "before", "after"])
