"""Keeping what simulations came to, and giving it back as it was.

Belongs here: studies, views and draws going in and coming out. Does not belong here: simulating or counting; bands come
ready from `carms_lib.pressure`, which this package does not know.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd
from sqlalchemy import Connection, func, insert, select

from carms_lib.exceptions import ArgumentError, SchemaError, UnknownNameError, WarehouseError
from carms_lib.provenance import Provenance
from carms_lib.schemas import TEXT
from carms_lib.warehouse._frames import insert_frame, join_rows, rows_of, typed_frame
from carms_lib.warehouse.tables import TABLES

__all__ = ["BandsLike", "KeptBands", "StudyLike", "bands", "draws", "studies", "write_study"]

_DRAWS = {"scenario": "str", "draw": "int64", "metric": "str", "value": "float64"}
_HEAD = ["metric", "scenario"]
_TAIL = ["estimate", "lower", "upper", "level", "kind", "n_draws"]
_MORE = ["median", "share_zero", "effective_draws"]  # of a band frame of today; missing where they were not given
_AGAINST = "against"
_STUDIES: Mapping[str, str] = {
    "study_id": "int64",
    "release_id": "str",
    "entropy": "str",
    "n_draws": "int64",
    "scenarios": "str",
    "views": "str",
    "library_version": "str",
    "loaded_at": "moment",
}


class StudyLike(Protocol):
    """What is kept of a study (`carms_lib.Study`)."""

    @property
    def n_draws(self) -> int:
        """Number of draws."""

    @property
    def entropy(self) -> int:
        """The number from which all randomness was derived."""

    @property
    def scenarios(self) -> Sequence[str]:
        """Names, the baseline first."""

    @property
    def provenance(self) -> Provenance:
        """What the study was made from."""


class BandsLike(Protocol):
    """What is kept of a view (`carms_lib.pressure.Bands`)."""

    @property
    def keys(self) -> Sequence[str]:
        """The group keys."""

    @property
    def difference(self) -> bool:
        """Whether the numbers are a scenario minus the baseline."""

    def to_frame(self) -> pd.DataFrame:
        """Return the band frame."""


@dataclass(frozen=True)
class KeptBands:
    """A view of a study as it was given.

    Parameters
    ----------
    study_id : int
    view : str
        The name it was given.
    frame : DataFrame
        Columns metric, scenario, the group keys, estimate, lower, upper, level, kind, n_draws, median, share_zero,
        effective_draws; of a difference also against.
    keys : tuple of str
        The group keys.
    difference : bool
        Whether the numbers are a scenario minus the baseline.
    provenance : Provenance
        What the study was made from.
    """

    study_id: int
    view: str
    frame: pd.DataFrame
    keys: tuple[str, ...]
    difference: bool
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the band frame."""
        return self.frame.copy()


# --- writing ---------------------------------------------------------------------------------------------


def write_study(
    connection: Connection,
    study: StudyLike,
    views: Mapping[str, BandsLike],
    draws: pd.DataFrame | None,
    now: dt.datetime,
    version: str,
) -> int:
    """Keep a study with its views inside the transaction of `connection`.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    study : StudyLike
    views : mapping of str to BandsLike
        Name -> bands.
    draws : DataFrame, optional
        Columns scenario, draw (from 0), metric, value.
    now : datetime
    version : str
        Version of the library.

    Returns
    -------
    int
        The number of the study; the same when the same study was kept before.

    Raises
    ------
    SchemaError
        A frame lacks columns, or names a scenario or draw that the study does not have.
    WarehouseError
        A view of the same name is kept with other numbers.
    """
    study_id = _study_id(connection, study, now, version)
    for name, view in views.items():
        _write_view(connection, study_id, study, name, view)
    if draws is not None:
        _write_draws(connection, study_id, study, draws)
    return study_id


def _study_id(connection: Connection, study: StudyLike, now: dt.datetime, version: str) -> int:
    """Return the number under which the study is kept; keep it first where it is new."""
    table, provenance = TABLES["study"], study.provenance.to_dict()
    # through JSON and back: what is kept is what would be read
    provenance = json.loads(json.dumps(provenance, ensure_ascii=False, default=str))
    content = json.dumps([str(study.entropy), study.n_draws, list(study.scenarios), provenance], sort_keys=True)
    fingerprint = _digest(content)
    kept: int | None = connection.scalar(select(table.c.study_id).where(table.c.fingerprint == fingerprint))
    if kept is not None:
        return kept
    study_id: int = (connection.scalar(select(func.max(table.c.study_id))) or 0) + 1
    release = TABLES["release"]
    release_id = connection.scalar(
        select(release.c.release_id).where(release.c.release_id == study.provenance.release_id)
    )
    row = {
        "study_id": study_id,
        "fingerprint": fingerprint,
        "release_id": release_id,
        "entropy": str(study.entropy),
        "n_draws": study.n_draws,
        "provenance": provenance,
        "library_version": version,
        "loaded_at": now,
    }
    connection.execute(insert(table), [row])
    scenarios = [
        {"study_id": study_id, "scenario": name, "position": place} for place, name in enumerate(study.scenarios, 1)
    ]
    connection.execute(insert(TABLES["scenario"]), scenarios)
    return study_id


def _write_view(connection: Connection, study_id: int, study: StudyLike, name: str, view: BandsLike) -> None:
    if not name:
        raise ArgumentError("views has an empty name; name each view, such as 'pressure by discipline'.")
    frame = view.to_frame()
    keys = [str(key) for key in view.keys]
    given = [column for column in (*_MORE, _AGAINST) if column in frame.columns and column not in keys]
    _require_columns(frame, [*_HEAD, *keys, *_TAIL, *given], f"views[{name!r}]")
    _require_scenarios(frame, study, f"views[{name!r}]")
    against = _against(frame, study, f"views[{name!r}]") if _AGAINST in given else None
    rows = frame[[*_HEAD, *_TAIL]].assign(
        **{column: frame[column] if column in given else float("nan") for column in _MORE},
        cell=[json.dumps(cell, ensure_ascii=False, sort_keys=True) for cell in _cells(frame[keys])],
        study_id=study_id,
        view=name,
        position=range(1, len(frame) + 1),
    )
    fingerprint = _digest("\n".join([*keys, str(view.difference), *join_rows(rows.drop(columns="study_id"))]))
    table = TABLES["study_view"]
    kept = connection.scalar(select(table.c.fingerprint).where(table.c.study_id == study_id, table.c.view == name))
    if kept == fingerprint:
        return
    if kept is not None:
        raise WarehouseError(
            f"views[{name!r}]: study {study_id} already keeps a view of this name with other numbers, such as another "
            "level or grouping. Give this one another name. Nothing was written."
        )
    head = {
        "study_id": study_id,
        "view": name,
        "group_keys": keys,
        "is_difference": bool(view.difference),
        "against": against,
        "fingerprint": fingerprint,
    }
    connection.execute(insert(table), [head])
    insert_frame(connection, "study_band", rows)


def _against(frame: pd.DataFrame, study: StudyLike, name: str) -> str:
    """Return the one scenario from which the differences of a view were taken."""
    found = frame[_AGAINST].unique().tolist()
    if len(found) != 1 or found[0] not in study.scenarios:
        raise SchemaError(f"{name}: against={found[:5]} must be one scenario of the study in every row.")
    return str(found[0])


def _cells(keys: pd.DataFrame) -> list[dict[str, Any]]:
    if keys.shape[1] == 0:
        return [{} for _ in range(len(keys))]
    names = [str(name) for name in keys.columns]
    return [dict(zip(names, row, strict=True)) for batch in rows_of(keys) for row in batch]


def _write_draws(connection: Connection, study_id: int, study: StudyLike, given: pd.DataFrame) -> None:
    _require_columns(given, list(_DRAWS), "draws")
    _require_scenarios(given, study, "draws")
    outside = given.loc[~given["draw"].between(0, study.n_draws - 1), "draw"]
    if not outside.empty:
        raise SchemaError(f"draws: draw {outside.iloc[0]} is not one of the study's {study.n_draws:,}, counted from 0.")
    table = TABLES["draw_summary"]
    kept = connection.scalar(select(func.count()).where(table.c.study_id == study_id))
    if kept:
        before = _in_order(draws(connection, study_id))
        if before.equals(_in_order(given[list(_DRAWS)].astype(before.dtypes.to_dict()))):
            return
        raise WarehouseError(
            f"draws: study {study_id} already keeps other draw summaries. They never change: keep all "
            "metrics of a study in one call. Nothing was written."
        )
    insert_frame(connection, "draw_summary", given[list(_DRAWS)].assign(study_id=study_id))


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(["scenario", "draw", "metric"], ignore_index=True)


def _require_columns(frame: pd.DataFrame, wanted: list[str], name: str) -> None:
    given = [str(column) for column in frame.columns]
    if sorted(given) != sorted(wanted):
        raise SchemaError(f"{name} has the columns {', '.join(given)}; it must have {', '.join(wanted)}.")


def _require_scenarios(frame: pd.DataFrame, study: StudyLike, name: str) -> None:
    for scenario in frame["scenario"].unique():
        if scenario not in study.scenarios:
            raise UnknownNameError(f"scenario in {name}", scenario, study.scenarios)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


# --- reading ---------------------------------------------------------------------------------------------


def studies(connection: Connection) -> pd.DataFrame:
    """Return the studies that are kept; see `Warehouse.studies` for the columns."""
    study = TABLES["study"]
    names: dict[str, dict[int, list[str]]] = {}
    for table, column, order in (("scenario", "scenario", "position"), ("study_view", "view", "view")):
        source = TABLES[table]
        found = names[column] = {}
        for study_id, name in connection.execute(
            select(source.c.study_id, source.c[column]).order_by(source.c.study_id, source.c[order])
        ):
            found.setdefault(study_id, []).append(name)
    rows = connection.execute(
        select(*(study.c[name] for name in _STUDIES if name in study.c)).order_by(study.c.study_id)
    )
    told = [
        (*row[:4], "; ".join(names["scenario"].get(row[0], [])), "; ".join(names["view"].get(row[0], [])), *row[4:])
        for row in rows
    ]
    return typed_frame(told, _STUDIES)


def bands(connection: Connection, study_id: int, view: str) -> KeptBands:
    """Return a view as it was given, and what its study was made from.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    study_id : int
    view : str

    Returns
    -------
    KeptBands

    Raises
    ------
    UnknownNameError
        There is no such study or view.
    """
    study_id, provenance = _known(connection, study_id)
    head, band = TABLES["study_view"], TABLES["study_band"]
    kept = {
        row.view: row
        for row in connection.execute(
            select(head.c.view, head.c.group_keys, head.c.is_difference, head.c.against).where(
                head.c.study_id == study_id
            )
        )
    }
    if view not in kept:
        raise UnknownNameError("view", view, kept)
    rows = connection.execute(
        select(*(band.c[name] for name in (*_HEAD, *_TAIL, *_MORE, "cell")))
        .where(band.c.study_id == study_id, band.c.view == view)
        .order_by(band.c.position)
    ).all()
    kinds = dict.fromkeys(("metric", "scenario", "kind", "cell"), "str") | {"n_draws": "int64"}
    frame = typed_frame(rows, {name: kinds.get(name, "float64") for name in (*_HEAD, *_TAIL, *_MORE, "cell")})
    cells = [json.loads(cell) for cell in frame.pop("cell")]
    for place, key in enumerate(kept[view].group_keys):
        values = [cell[key] for cell in cells]
        text = all(isinstance(value, str) for value in values)
        frame.insert(len(_HEAD) + place, key, pd.Series(values, dtype=TEXT if text else None))
    if kept[view].against is not None:
        frame[_AGAINST] = pd.Series(kept[view].against, index=frame.index, dtype=TEXT)
    return KeptBands(study_id, view, frame, tuple(kept[view].group_keys), kept[view].is_difference, provenance)


def draws(connection: Connection, study_id: int) -> pd.DataFrame:
    """Return the draw summaries of a study.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    study_id : int

    Returns
    -------
    DataFrame
        scenario, draw (from 0), metric, value; sorted by scenario, draw and metric.

    Raises
    ------
    UnknownNameError
        There is no such study.
    """
    study_id, _ = _known(connection, study_id)
    table = TABLES["draw_summary"]
    rows = connection.execute(
        select(*(table.c[name] for name in _DRAWS))
        .where(table.c.study_id == study_id)
        .order_by(table.c.scenario, table.c.draw, table.c.metric)
    ).all()
    return typed_frame(rows, _DRAWS)


def _known(connection: Connection, study_id: int) -> tuple[int, Provenance]:
    study = TABLES["study"]
    found = connection.execute(select(study.c.study_id, study.c.provenance))
    kept = {row.study_id: row.provenance for row in found}
    if study_id not in kept:
        raise UnknownNameError("study_id", study_id, kept)
    return int(study_id), Provenance.from_dict(kept[study_id])
