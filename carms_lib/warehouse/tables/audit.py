"""The audit tables: which run loaded what, from which file, what its checks found; and the record of every build.

Belongs here: loads and builds, and what they report; builds that failed and brought no release too. Does not belong
here: the facts that a run brought.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from carms_lib.schemas import LAYERS, codes
from carms_lib.warehouse.tables.base import Base, Key, at_least, is_bool, not_empty, one_of

__all__ = [
    "BuildCheck",
    "BuildCount",
    "BuildRun",
    "BuildTiming",
    "LoadCheck",
    "LoadQuarantine",
    "LoadRun",
    "LoadStep",
    "SourceFile",
]

_STEPS = LAYERS[:4]


class LoadRun(Base):
    """One row per write of a release, also of one that changed nothing."""

    __tablename__ = "load_run"
    __table_args__ = (
        at_least("n_new", 0),
        at_least("n_changed", 0),
        at_least("n_vanished", 0),
        at_least("n_unchanged", 0),
        at_least("seats", 0),
    )

    run_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    release_id: Mapped[str] = mapped_column(ForeignKey("release.release_id"))
    loaded_at: Mapped[dt.datetime]
    library_version: Mapped[str]
    n_new: Mapped[int]
    n_changed: Mapped[int]
    n_vanished: Mapped[int]
    n_unchanged: Mapped[int]
    seats: Mapped[int]


class SourceFile(Base):
    """One row per published file, or joined files, that pages were read from."""

    __tablename__ = "source_file"
    __table_args__ = (UniqueConstraint("source_file", "source_sha256"), not_empty("source_file"))

    source_key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    source_file: Mapped[str]
    source_sha256: Mapped[str | None]
    run_id: Mapped[int] = mapped_column(ForeignKey("load_run.run_id"))


class LoadStep(Base):
    """One row per run, step and table it read: rows and seats in, kept and set aside."""

    __tablename__ = "load_step"
    __table_args__ = (
        one_of("step", _STEPS),
        at_least("rows_read", 0),
        at_least("rows_kept", 0),
        at_least("rows_quarantined", 0),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("load_run.run_id"), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    table: Mapped[str] = mapped_column(primary_key=True)
    rows_read: Mapped[int]
    rows_kept: Mapped[int]
    rows_quarantined: Mapped[int]
    seats_read: Mapped[int | None]
    seats_kept: Mapped[int | None]
    seats_quarantined: Mapped[int | None]


class LoadCheck(Base):
    """One row per run and check that its build ran."""

    __tablename__ = "load_check"
    __table_args__ = (
        one_of("step", _STEPS),
        not_empty("check"),
        one_of("severity", codes.SEVERITIES),
        is_bool("passed"),
        not_empty("kind"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("load_run.run_id"), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    check: Mapped[str] = mapped_column(primary_key=True)
    table: Mapped[str] = mapped_column(primary_key=True)
    severity: Mapped[str]
    passed: Mapped[bool]
    observed: Mapped[str]
    expected: Mapped[str]
    failing_keys: Mapped[str]
    kind: Mapped[str | None]  # missing in rows of before revision 0007, as are the two below
    measured: Mapped[float | None]
    threshold: Mapped[float | None]


class LoadQuarantine(Base):
    """One row per run and reason for which a row was set aside."""

    __tablename__ = "load_quarantine"
    __table_args__ = (one_of("step", _STEPS), at_least("source_row", 1), not_empty("reason"))

    run_id: Mapped[int] = mapped_column(ForeignKey("load_run.run_id"), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    table: Mapped[str] = mapped_column(primary_key=True)
    source_row: Mapped[int] = mapped_column(primary_key=True)
    column: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]
    value: Mapped[str | None]


# --- builds ----------------------------------------------------------------------------------------------


class BuildRun(Base):
    """One row per build whose record was kept; `record` holds the whole of it."""

    __tablename__ = "build_run"
    __table_args__ = (
        not_empty("build_id"),
        at_least("seconds", 0),
        one_of("failure_class", codes.FAILURE_CLASSES),
        CheckConstraint("failure_class IS NULL OR load_run_id IS NULL", name="failed_build_loads_nothing"),
    )

    build_id: Mapped[str] = mapped_column(primary_key=True)
    release_id: Mapped[str]  # no foreign key: a build that failed may be of a release that was never kept
    started_at: Mapped[dt.datetime]
    seconds: Mapped[float]
    failure_class: Mapped[str | None]
    load_run_id: Mapped[int | None] = mapped_column(ForeignKey("load_run.run_id"))
    record: Mapped[dict[str, Any]] = mapped_column(JSON)


class BuildTiming(Base):
    """One row per build and step: how long it took [s]."""

    __tablename__ = "build_timing"
    __table_args__ = (
        UniqueConstraint("build_id", "step"),
        at_least("position", 1),
        not_empty("step"),
        at_least("seconds", 0),
    )

    build_id: Mapped[str] = mapped_column(ForeignKey("build_run.build_id"), primary_key=True)
    position: Mapped[int] = mapped_column(Key, primary_key=True)
    step: Mapped[str]
    seconds: Mapped[float]


class BuildCount(Base):
    """One row per build, step and table it read: rows and seats in, kept and set aside."""

    __tablename__ = "build_count"
    __table_args__ = (
        one_of("step", _STEPS),
        at_least("rows_read", 0),
        at_least("rows_kept", 0),
        at_least("rows_quarantined", 0),
    )

    build_id: Mapped[str] = mapped_column(ForeignKey("build_run.build_id"), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    table: Mapped[str] = mapped_column(primary_key=True)
    rows_read: Mapped[int]
    rows_kept: Mapped[int]
    rows_quarantined: Mapped[int]
    seats_read: Mapped[int | None]
    seats_kept: Mapped[int | None]
    seats_quarantined: Mapped[int | None]


class BuildCheck(Base):
    """One row per build and check that it ran, and what the check found."""

    __tablename__ = "build_check"
    __table_args__ = (
        one_of("step", _STEPS),
        not_empty("check"),
        one_of("severity", codes.SEVERITIES),
        is_bool("passed"),
        not_empty("kind"),
    )

    build_id: Mapped[str] = mapped_column(ForeignKey("build_run.build_id"), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    check: Mapped[str] = mapped_column(primary_key=True)
    table: Mapped[str] = mapped_column(primary_key=True)
    severity: Mapped[str]
    passed: Mapped[bool]
    observed: Mapped[str]
    expected: Mapped[str]
    failing_keys: Mapped[str]
    kind: Mapped[str | None]  # missing in rows of before revision 0007, as are the two below
    measured: Mapped[float | None]
    threshold: Mapped[float | None]
