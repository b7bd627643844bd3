"""Keeping the records of builds, and giving them back.

Belongs here: records, timings, counts and checks of builds going in and coming out, over time. Does not belong here:
making them; a build's record comes ready from `carms_lib.quality`.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from sqlalchemy import Connection, case, insert, select

from carms_lib.exceptions import ArgumentError, UnknownNameError, WarehouseError
from carms_lib.schemas import codes, redact_contacts, validate
from carms_lib.warehouse._frames import contract_types, in_contract, insert_frame, typed_frame
from carms_lib.warehouse._write import WriteReport
from carms_lib.warehouse.tables import TABLES

__all__ = ["builds", "details", "record", "write_build"]

_NEEDED = ("run_id", "release_id", "started_at", "seconds", "failure_class")
_HEAD: Mapping[str, str] = {"run_id": "str", "release_id": "str", "started_at": "moment"}
_BUILDS: Mapping[str, str] = {
    **_HEAD,
    "seconds": "float64",
    "status": "str",
    "failure_class": "str",
    "load_run_id": "Int64",
}
_DETAILS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "timings": ("build_timing", {"step": "str", "seconds": "float64"}),
    "counts": ("build_count", contract_types("audit", "step")),
    "checks": ("build_check", contract_types("audit", "check")),
}


def write_build(
    connection: Connection,
    given: Mapping[str, Any],
    checks: pd.DataFrame | None,
    counts: pd.DataFrame | None,
    load: WriteReport | None,
) -> str:
    """Keep the record of a build inside the transaction of `connection`; see `Warehouse.write_build`."""
    row, timings = _read_record(given)
    kept = _kept(connection)
    if row["build_id"] in kept:
        if kept[row["build_id"]] != row["record"]:
            raise WarehouseError(
                f"run_id={row['build_id']!r} is kept with another record. A record never changes: give the build a "
                "run_id of its own. Nothing was written."
            )
        return str(row["build_id"])
    run = TABLES["load_run"]
    if load is not None and connection.scalar(select(run.c.run_id).where(run.c.run_id == load.run_id)) is None:
        raise WarehouseError(f"load: run {load.run_id} is not one of this database. Nothing was written.")
    row["load_run_id"] = None if load is None else load.run_id
    connection.execute(insert(TABLES["build_run"]), [row])
    frames = {"build_timing": timings}
    for table, name, frame in (("build_count", "step", counts), ("build_check", "check", checks)):
        if frame is not None:
            frames[table] = validate(in_contract(frame, "audit", name), "audit", name)
    for table, frame in frames.items():
        insert_frame(connection, table, frame.assign(build_id=row["build_id"]))
    return str(row["build_id"])


def _read_record(given: Mapping[str, Any]) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the row of a record, and its timings."""
    missing = [name for name in _NEEDED if name not in given]
    if missing:
        raise ArgumentError(f"record lacks {', '.join(missing)}. It must hold {', '.join(_NEEDED)}.")
    # through JSON and back: what is kept is what would be read
    kept = _redacted(json.loads(json.dumps(dict(given), ensure_ascii=False, default=_as_json)))
    run_id, release_id, failure = given["run_id"], given["release_id"], given["failure_class"]
    if not isinstance(run_id, str) or not run_id:
        raise ArgumentError(f"record: run_id={run_id!r} must be a text that is not empty.")
    if not isinstance(release_id, str):
        raise ArgumentError(f"record: release_id={release_id!r} must be a text, empty where it is not known.")
    if failure is not None and failure not in codes.FAILURE_CLASSES:
        raise UnknownNameError("record: failure_class", failure, codes.FAILURE_CLASSES)
    row = {
        "build_id": run_id,
        "release_id": release_id,
        "started_at": _moment(given["started_at"]),
        "seconds": _seconds("seconds", given["seconds"]),
        "failure_class": failure,
        "record": kept,
    }
    timings = given.get("timings") or {}
    if not isinstance(timings, Mapping):
        raise ArgumentError(f"record: timings={timings!r} must be a mapping of step to seconds.")
    seconds = [_seconds(f"timings[{step!r}]", value) for step, value in timings.items()]
    frame = pd.DataFrame({"position": range(1, len(timings) + 1), "step": [str(step) for step in timings]})
    return row, frame.assign(seconds=pd.Series(seconds, dtype="float64"))


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _redacted(value: Any) -> Any:
    """Remove contact details from every text; the words of an error may quote a row."""
    if isinstance(value, dict):
        return {key: _redacted(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_redacted(part) for part in value]
    return redact_contacts(value) if isinstance(value, str) else value


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ArgumentError(f"record: {name}={value!r} must be a number of seconds, at least 0.")
    return float(value)


def _moment(value: Any) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, dt.datetime) or moment.tzinfo is None:
        raise ArgumentError(f"record: started_at={value!r} must be a moment with its zone, such as datetime.now(UTC).")
    return moment


def _kept(connection: Connection) -> dict[str, dict[str, Any]]:
    run = TABLES["build_run"]
    return {row.build_id: row.record for row in connection.execute(select(run.c.build_id, run.c.record))}


def builds(connection: Connection) -> pd.DataFrame:
    """Return the builds that are kept, the latest first; see `Warehouse.builds` for the columns."""
    run = TABLES["build_run"]
    status = case((run.c.failure_class.is_(None), "passed"), else_="failed")
    columns = {**{name: run.c[name] for name in run.c.keys()}, "run_id": run.c.build_id, "status": status}  # noqa: SIM118
    asked = select(*(columns[name].label(name) for name in _BUILDS))
    return typed_frame(connection.execute(asked.order_by(run.c.started_at.desc(), run.c.build_id)).all(), _BUILDS)


def record(connection: Connection, run_id: str) -> dict[str, Any]:
    """Return the whole record of the build `run_id`."""
    kept = _kept(connection)
    if run_id not in kept:
        raise UnknownNameError("run_id", run_id, kept)
    return kept[run_id]


def details(connection: Connection, what: str, run_id: str | None) -> pd.DataFrame:
    """Return timings, counts or checks of one build or of all; see `Warehouse.build_details`."""
    if what not in _DETAILS:
        raise UnknownNameError("what", what, _DETAILS)
    name, types = _DETAILS[what]
    run, detail = TABLES["build_run"], TABLES[name]
    asked = (
        select(run.c.build_id, run.c.release_id, run.c.started_at, *(detail.c[column] for column in types))
        .join_from(detail, run)
        .order_by(run.c.started_at, run.c.build_id, *(c for c in detail.primary_key.columns if c.name != "build_id"))
    )
    if run_id is not None:
        known = connection.scalars(select(run.c.build_id)).all()
        if run_id not in known:
            raise UnknownNameError("run_id", run_id, known)
        asked = asked.where(run.c.build_id == run_id)
    return typed_frame(connection.execute(asked).all(), {**_HEAD, **types})
