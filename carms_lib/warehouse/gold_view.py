"""The star as SQL: gold's columns over facts and dimensions, at any moment of their history.

Belongs here: what is joined with what, what is valid when, and which releases there are. Does not belong here: what a
user asks for.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, FromClause, and_, case, func, or_, select, true

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.schemas import codes
from carms_lib.warehouse._frames import contract_types
from carms_lib.warehouse.tables import TABLES

__all__ = ["gold_columns", "is_valid", "read_as_of", "releases", "star", "which_release"]

_ITERATION_ORDER = {name: place for place, name in enumerate(codes.ITERATIONS)}


# --- which release, and when -----------------------------------------------------------------------------


def releases(connection: Connection, as_of: dt.datetime | None = None) -> list[str]:
    """Return the releases that were kept, the newest match and iteration first.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    as_of : datetime, optional
        Only those written by then.

    Returns
    -------
    list of str
    """
    release, run = TABLES["release"], TABLES["load_run"]
    written = select(run.c.release_id).where(true() if as_of is None else run.c.loaded_at <= as_of)
    order = case(_ITERATION_ORDER, value=release.c.iteration)
    kept = select(release.c.release_id).where(release.c.release_id.in_(written))
    return list(connection.scalars(kept.order_by(release.c.cycle.desc(), order.desc(), release.c.release_id.desc())))


def read_as_of(as_of: object) -> dt.datetime | None:
    """Read a moment; without a zone it is UTC, and a day is its first moment.

    Parameters
    ----------
    as_of : datetime, date, str or None
        A text is read as ISO 8601.

    Returns
    -------
    datetime or None
        With a zone.

    Raises
    ------
    ArgumentError
        It is no moment.
    """
    if as_of is None:
        return None
    try:
        moment = pd.Timestamp(as_of) if isinstance(as_of, dt.date | str) else pd.NaT
    except ValueError:
        moment = pd.NaT
    if not isinstance(moment, pd.Timestamp):
        raise ArgumentError(f"as_of={as_of!r} is no moment. Give a datetime, or text such as '2025-01-31T12:00'.")
    moment = moment.tz_localize(dt.UTC) if moment.tzinfo is None else moment.tz_convert(dt.UTC)
    return moment.to_pydatetime()


def is_valid(as_of: dt.datetime | None) -> ColumnElement[bool]:
    """Return the condition that a version is valid at `as_of`, or now."""
    program = TABLES["program"]
    if as_of is None:
        return program.c.valid_to.is_(None)
    return and_(program.c.valid_from <= as_of, or_(program.c.valid_to.is_(None), program.c.valid_to > as_of))


def which_release(connection: Connection, release: str | None, as_of: dt.datetime | None) -> str | None:
    """Return the release asked for, or the newest; None when nothing was written by then."""
    kept = releases(connection, as_of)
    if release is None:
        return kept[0] if kept else None
    if release not in kept:
        raise UnknownNameError("release", release, kept)
    return release


# --- gold, from the star ---------------------------------------------------------------------------------


def gold_columns() -> dict[str, ColumnElement[Any]]:
    """Return every column of gold's table of programs as an expression over the star."""
    program, section = TABLES["program"], TABLES["section"]
    sections = select(func.count()).where(section.c.program_key == program.c.program_key)
    computed = {
        "n_sections": sections.scalar_subquery(),
        "n_sections_filled": sections.where(section.c.is_filled).scalar_subquery(),
    }
    places = ("program", "release", "discipline", "school", "site", "stream", "applications_band", "interview_band")
    columns: dict[str, ColumnElement[Any]] = {}
    for name in contract_types("gold", "program"):
        home = next((TABLES[place] for place in places if name in TABLES[place].c), None)
        columns[name] = computed[name] if home is None else home.c[name]
    return columns


def star() -> FromClause:
    """Return the facts joined with every dimension that gold names."""
    program, joined = TABLES["program"], TABLES["program"].join(TABLES["release"])
    for name in ("discipline", "school", "site", "stream"):
        key = f"{name}_key"
        joined = joined.join(TABLES[name], TABLES[name].c[key] == program.c[key])
    for name in ("applications_band", "interview_band"):
        joined = joined.join(TABLES[name])
    return joined
