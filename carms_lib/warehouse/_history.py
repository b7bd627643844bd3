"""Questions about change: every version of a program, and what differs between releases.

Belongs here: history and differences. Does not belong here: what is valid now (`_programs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from carms_lib.exceptions import UnknownNameError
from carms_lib.schemas import TEXT
from carms_lib.warehouse._frames import contract_types, typed_frame
from carms_lib.warehouse.gold_view import gold_columns, is_valid, releases, star
from carms_lib.warehouse.tables import TABLES

__all__ = ["diff", "history"]

_KEY = "program_stream_id"
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
