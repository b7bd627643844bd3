"""Writing a release: idempotent, incremental, all or nothing.

Belongs here: comparing what a build brought with what is kept, and closing and opening versions. Does not belong here:
whether the build is right; its contracts and checks said so before.

The hash of a program covers everything its page said and the members that it names, so that one comparison of hashes
per program decides: equal is untouched, different closes one version and opens another, absent is closed as vanished.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Table, func, select, update

from carms_lib.exceptions import ArgumentError, WarehouseError
from carms_lib.schemas import TEXT, validate
from carms_lib.warehouse import _search
from carms_lib.warehouse._frames import BuiltLayers, Frames, hash_rows, in_contract, insert_frame, join_rows, rows_of
from carms_lib.warehouse.tables import TABLES
from carms_lib.warehouse.tables.dimensions import EDITIONED
from carms_lib.warehouse.tables.facts import CHILDREN

__all__ = ["WriteReport", "write_layers"]

_SILVER = ("release", "province", "discipline", "school", "stream", "site", "program", "band", *CHILDREN)
_KEY = "program_stream_id"
_AT_ONCE = 500  # keys in one IN list


@dataclass(frozen=True)
class WriteReport:
    """What one write did.

    Parameters
    ----------
    run_id : int
        The run, as `load_run` in the database names it.
    release_id : str
        The release that was written.
    loaded_at : datetime
        When, in UTC.
    n_new, n_changed, n_vanished, n_unchanged : int
        Programs that were not there before, that have another version now, that the release no longer has, and that
        were left untouched.
    seats : int
        Sum of the quotas of the release as it now stands [seats].
    """

    run_id: int
    release_id: str
    loaded_at: dt.datetime
    n_new: int
    n_changed: int
    n_vanished: int
    n_unchanged: int
    seats: int

    def summary(self) -> str:
        """Return one line."""
        return (
            f"run {self.run_id}, release {self.release_id}: {self.n_new:,} new, {self.n_changed:,} changed, "
            f"{self.n_vanished:,} vanished, {self.n_unchanged:,} unchanged; {self.seats:,} seats"
        )


def write_layers(connection: Connection, layers: BuiltLayers, now: dt.datetime, version: str) -> WriteReport:
    """Write the release of `layers` inside the transaction of `connection`.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction that holds the lock of writers.
    layers : BuiltLayers
        The release.
    now : datetime
        The moment of this write, with a zone. If an earlier write bears the same or a later moment, the next
        microsecond after it is taken, so that versions never overlap.
    version : str
        Version of the library.

    Returns
    -------
    WriteReport

    Raises
    ------
    SchemaError
        A table breaks its contract.
    WarehouseError
        The release contradicts what is kept for good (its match, a province, a band), or does not add up.
    """
    silver = {name: validate(layers.silver[name], "silver", name) for name in _SILVER}
    release_id = _only_release(silver)
    incoming = _fingerprints(silver)
    kept = _current_hashes(connection, release_id)

    joined = incoming.merge(kept, on=_KEY, how="outer", suffixes=("", "_kept"), indicator="where")
    is_new, is_gone = joined["where"] == "left_only", joined["where"] == "right_only"
    is_changed = (joined["where"] == "both") & (joined["row_hash"] != joined["row_hash_kept"])
    run = WriteReport(
        run_id=_next_key(connection, "load_run", "run_id"),
        release_id=release_id,
        loaded_at=_later_than_all(connection, now),
        n_new=int(is_new.sum()),
        n_changed=int(is_changed.sum()),
        n_vanished=int(is_gone.sum()),
        n_unchanged=int(len(joined) - (is_new | is_gone | is_changed).sum()),
        seats=int(silver["program"]["quota"].sum()),
    )
    _write_constants(connection, silver)
    insert_frame(connection, "load_run", pd.DataFrame([vars(run) | {"library_version": version}]))
    _write_audit(connection, layers, run)

    _close(connection, joined.loc[is_changed, "program_key"], "changed", run)
    _close(connection, joined.loc[is_gone, "program_key"], "vanished", run)
    _open(connection, layers, silver, joined.loc[is_new | is_changed, [_KEY, "row_hash"]], run)
    _search.learn_sections(connection, layers, silver, release_id)
    _reconcile(connection, run, len(silver["program"]))
    return run


def _only_release(silver: Frames) -> str:
    releases = silver["release"]["release_id"].tolist()
    if len(releases) != 1 or set(silver["program"]["release_id"]) - set(releases):
        raise ArgumentError(
            f"layers hold the releases {sorted({*releases, *silver['program']['release_id']})}; "
            "one write takes one release: build and write each by itself."
        )
    return str(releases[0])


# --- comparing -------------------------------------------------------------------------------------------


def _member_hashes(silver: Frames) -> dict[str, pd.Series[str]]:
    """Return the hash of each member of the editioned dimensions; a site's covers its school's."""
    hashes: dict[str, pd.Series[str]] = {}
    for name in EDITIONED:
        frame = silver[name]
        schools = [frame["school"].map(hashes["school"]).tolist()] if name == "site" else []
        hashes[name] = pd.Series(hash_rows(frame, *schools), index=_member_index(frame, name), dtype=TEXT)
    return hashes


def _member_index(frame: pd.DataFrame, name: str) -> pd.Index[Any]:
    """Return what names a member: its name, or for a site the pair of school and site."""
    names = ["school", "site"] if name == "site" else [name]
    return pd.Index(frame[names[0]]) if len(names) == 1 else pd.MultiIndex.from_frame(frame[names])


def _fingerprints(silver: Frames) -> pd.DataFrame:
    """Return program_stream_id and row_hash of every program."""
    program, hashes = silver["program"], _member_hashes(silver)
    members = [hashes[name].loc[_member_index(program, name)].tolist() for name in EDITIONED]
    attached = [_attached(silver[name], program[_KEY]) for name in ("band", *CHILDREN)]
    return pd.DataFrame({_KEY: program[_KEY], "row_hash": hash_rows(program, *members, *attached)})


def _attached(child: pd.DataFrame, keys: pd.Series[str]) -> list[str]:
    """Return, for each key, its rows of a child table as one text, in an order that does not depend on theirs."""
    pairs = sorted(zip(child[_KEY].tolist(), join_rows(child.drop(columns=_KEY)), strict=True))
    joined = {key: "\x1d".join(text for _, text in rows) for key, rows in groupby(pairs, key=itemgetter(0))}
    return [joined.get(key, "") for key in keys.tolist()]


def _current_hashes(connection: Connection, release_id: str) -> pd.DataFrame:
    program = TABLES["program"]
    rows = connection.execute(
        select(program.c.program_stream_id, program.c.row_hash, program.c.program_key).where(
            program.c.release_id == release_id, program.c.valid_to.is_(None)
        )
    ).all()
    return pd.DataFrame(rows, columns=[_KEY, "row_hash", "program_key"]).astype(
        {_KEY: TEXT, "row_hash": TEXT, "program_key": "Int64"}
    )


def _later_than_all(connection: Connection, now: dt.datetime) -> dt.datetime:
    last = connection.scalar(select(func.max(TABLES["load_run"].c.loaded_at)))
    return now if last is None or now > last else last + dt.timedelta(microseconds=1)


# --- dimensions ------------------------------------------------------------------------------------------


def _write_constants(connection: Connection, silver: Frames) -> None:
    """Add the release where it is new, and refuse any change of what never changes."""
    if connection.execute(_stored(TABLES["release"], silver["release"])).one_or_none() is None:
        insert_frame(connection, "release", silver["release"])
    _require_same(connection, "release", silver["release"])
    _require_same(connection, "province", silver["province"])
    for metric in ("applications", "interview"):
        band = silver["band"].loc[silver["band"]["metric"] == metric, ["band", "band_lower", "band_upper"]]
        names = {"band": f"{metric}_band", "band_lower": f"{metric}_lower", "band_upper": f"{metric}_upper"}
        _require_same(connection, f"{metric}_band", band.drop_duplicates().rename(columns=names))


def _stored(table: Table, frame: pd.DataFrame) -> Any:
    key = next(iter(table.primary_key.columns))
    return select(*(table.c[name] for name in frame.columns)).where(key.in_(frame[key.name].tolist()))


def _require_same(connection: Connection, name: str, frame: pd.DataFrame) -> None:
    table = TABLES[name]
    stored = {row[0]: tuple(row) for row in connection.execute(_stored(table, frame))}
    for batch in rows_of(frame):
        for given in batch:
            if stored.get(given[0]) != given:
                raise WarehouseError(
                    f"{name} {given[0]!r} is kept as {stored.get(given[0], 'nothing')} and given as {given}. It never "
                    "changes: correct the build, or write a migration. Nothing was written."
                )


def _write_editions(connection: Connection, silver: Frames, run: WriteReport) -> dict[str, pd.Series[int]]:
    """Add the editions that are not kept yet; return the key of each member of this release."""
    hashes = _member_hashes(silver)
    keys: dict[str, pd.Series[int]] = {}
    for name in EDITIONED:
        frame = silver[name].assign(row_hash=hashes[name].tolist(), run_id=run.run_id)
        if name == "site":
            frame["school_key"] = frame.pop("school").map(keys["school"])
        keys[name] = _keys_of(connection, name, frame)
        keys[name].index = hashes[name].index
    return keys


def _keys_of(connection: Connection, name: str, frame: pd.DataFrame) -> pd.Series[int]:
    """Return the key of each row by what identifies it, its unique constraint; insert the rows that have none."""
    table, key = TABLES[name], f"{name.removesuffix('_file')}_key"
    identity = {
        "site": ["school_key", "site", "row_hash"],
        "source_file": ["source_file", "source_sha256"],
    }.get(name, [name, "row_hash"])
    rows = connection.execute(select(table.c[key], *(table.c[column] for column in identity)))
    stored = {tuple(row[1:]): row[0] for row in rows}
    wanted = [row for batch in rows_of(frame[identity]) for row in batch]
    missing = [row not in stored for row in wanted]
    if any(missing):
        first = _next_key(connection, name, key)
        new = frame.loc[missing]
        insert_frame(connection, name, new.assign(**{key: range(first, first + len(new))}))
        stored |= dict(zip([row for row in wanted if row not in stored], range(first, first + len(new)), strict=True))
    return pd.Series([stored[row] for row in wanted], index=frame.index, dtype="int64")


# --- facts -----------------------------------------------------------------------------------------------


def _close(connection: Connection, keys: pd.Series[int], why: str, run: WriteReport) -> None:
    program = TABLES["program"]
    gone = [int(key) for key in keys]
    for start in range(0, len(gone), _AT_ONCE):
        batch = gone[start : start + _AT_ONCE]
        _search.forget(connection, batch)
        connection.execute(
            update(program)
            .where(program.c.program_key.in_(batch))
            .values(valid_to=run.loaded_at, closed_as=why, closed_by_run_id=run.run_id)
        )


def _open(connection: Connection, layers: BuiltLayers, silver: Frames, opened: pd.DataFrame, run: WriteReport) -> None:
    """Insert a version for each program of `opened`, with what hangs on it."""
    if opened.empty:
        return
    keys = _write_editions(connection, silver, run)
    program = silver["program"].merge(opened, on=_KEY, validate="one_to_one").sort_values(_KEY, ignore_index=True)
    first = _next_key(connection, "program", "program_key")
    bands = silver["band"].set_index([_KEY, "metric"])["band"].unstack("metric")  # noqa: PD010 - labels, not sums
    versions = program.drop(columns=["discipline", "school", "site", "stream"]).assign(
        program_key=range(first, first + len(program)),
        **{f"{name}_key": keys[name].loc[_member_index(program, name)].tolist() for name in EDITIONED},
        **{f"{metric}_band": program[_KEY].map(bands[metric]) for metric in bands.columns},
        **_lineage(connection, layers, program["document_id"], run),
        valid_from=run.loaded_at,
        run_id=run.run_id,
    )
    insert_frame(connection, "program", versions)
    key_of = pd.Series(versions["program_key"].tolist(), index=versions[_KEY].tolist())
    for name in CHILDREN:
        child = silver[name].loc[silver[name][_KEY].isin(key_of.index)]
        insert_frame(connection, name, child.assign(program_key=child[_KEY].map(key_of)).drop(columns=_KEY))
    _search.learn_facts(connection, silver, key_of)


def _lineage(
    connection: Connection, layers: BuiltLayers, documents: pd.Series[str], run: WriteReport
) -> dict[str, Any]:
    """Return the source file and the row in it of each document."""
    page = layers.bronze["page"].dropna(subset="document_id").drop_duplicates("document_id").set_index("document_id")
    found = page.reindex(documents.tolist())
    files = found[["source_file", "source_sha256"]].drop_duplicates().dropna(subset="source_file")
    keys = _keys_of(connection, "source_file", files.assign(run_id=run.run_id))
    by_file = dict(zip(join_rows(files), keys.tolist(), strict=True))
    source_keys = [by_file.get(text) for text in join_rows(found[["source_file", "source_sha256"]])]
    return {
        "source_key": pd.array(source_keys, dtype="Int64"),
        "source_row": pd.array(found["source_row"].tolist(), dtype="Int64"),
    }


def _reconcile(connection: Connection, run: WriteReport, n_programs: int) -> None:
    """Refuse to commit unless what is kept adds up to what was given."""
    program = TABLES["program"]
    count, seats = connection.execute(
        select(func.count(), func.coalesce(func.sum(program.c.quota), 0)).where(
            program.c.release_id == run.release_id, program.c.valid_to.is_(None)
        )
    ).one()
    if (count, int(seats)) != (n_programs, run.seats):
        raise WarehouseError(
            f"Release {run.release_id} would be kept with {count:,} programs and {seats:,} seats, but "
            f"{n_programs:,} and {run.seats:,} were given. Nothing was written: please report this."
        )


# --- audit -----------------------------------------------------------------------------------------------


def _write_audit(connection: Connection, layers: BuiltLayers, run: WriteReport) -> None:
    """Keep what the build reported, where it did: steps, checks, quarantine."""
    report = getattr(layers, "report", None)
    reported = {
        "step": getattr(report, "steps", None),
        "check": report.to_frame() if report is not None else None,
        "quarantine": getattr(layers, "quarantine", None),
    }
    for name, frame in reported.items():
        if frame is not None:
            insert_frame(connection, f"load_{name}", in_contract(frame, "audit", name).assign(run_id=run.run_id))


# --- keys ------------------------------------------------------------------------------------------------


def _next_key(connection: Connection, table: str, key: str) -> int:
    """Return the key after the last; safe, because only one writer is at work."""
    last: int | None = connection.scalar(select(func.max(TABLES[table].c[key])))
    return 1 if last is None else last + 1
