"""What simulations came to: studies, their scenarios, outcomes draw by draw, and bands.

Belongs here: results with their provenance. Does not belong here: applicants and their lists; the file of a study holds
them.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from carms_lib.warehouse.tables.base import Base, Key, at_least, is_bool, not_empty, one_of

__all__ = ["KINDS", "DrawSummary", "Scenario", "Study", "StudyBand", "StudyView"]

KINDS = ("outcome", "mean", "input")
"""What a band says: what may happen next time, the error of the mean, or the uncertain inputs alone."""


class Study(Base):
    """One row per study that was kept, with what it was made from."""

    __tablename__ = "study"
    __table_args__ = (UniqueConstraint("fingerprint"), not_empty("entropy"), at_least("n_draws", 1))

    study_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    fingerprint: Mapped[str]
    release_id: Mapped[str | None] = mapped_column(ForeignKey("release.release_id"))
    entropy: Mapped[str]
    n_draws: Mapped[int]
    provenance: Mapped[dict[str, Any]] = mapped_column(JSON)
    library_version: Mapped[str]
    loaded_at: Mapped[dt.datetime]


class Scenario(Base):
    """One row per scenario of a study; the baseline is in every study, at position 1."""

    __tablename__ = "scenario"
    __table_args__ = (UniqueConstraint("study_id", "position"), not_empty("scenario"), at_least("position", 1))

    study_id: Mapped[int] = mapped_column(ForeignKey("study.study_id"), primary_key=True)
    scenario: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]


class DrawSummary(Base):
    """One row per scenario, draw and metric: what one draw came to."""

    __tablename__ = "draw_summary"
    __table_args__ = (
        ForeignKeyConstraint(["study_id", "scenario"], ["scenario.study_id", "scenario.scenario"]),
        at_least("draw", 0),
        not_empty("metric"),
    )

    study_id: Mapped[int] = mapped_column(Key, primary_key=True)
    scenario: Mapped[str] = mapped_column(primary_key=True)
    draw: Mapped[int] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[float | None]


class StudyView(Base):
    """One row per view of a study that was kept: a band frame by the name it was given."""

    __tablename__ = "study_view"
    __table_args__ = (not_empty("view"), is_bool("is_difference"))

    study_id: Mapped[int] = mapped_column(ForeignKey("study.study_id"), primary_key=True)
    view: Mapped[str] = mapped_column(primary_key=True)
    group_keys: Mapped[list[str]] = mapped_column(JSON)
    is_difference: Mapped[bool]
    against: Mapped[str | None]  # missing in views of before revision 0008
    fingerprint: Mapped[str]


class StudyBand(Base):
    """One row per estimate of a view, with its band; `cell` holds the group's keys as JSON."""

    __tablename__ = "study_band"
    __table_args__ = (
        ForeignKeyConstraint(["study_id", "view"], ["study_view.study_id", "study_view.view"]),
        ForeignKeyConstraint(["study_id", "scenario"], ["scenario.study_id", "scenario.scenario"]),
        UniqueConstraint("study_id", "view", "scenario", "metric", "cell", "level", "kind"),
        at_least("position", 1),
        not_empty("metric"),
        one_of("kind", KINDS),
        at_least("n_draws", 0),
        CheckConstraint("level > 0 AND level < 1", name="level_is_share"),
        CheckConstraint("lower <= upper", name="band_in_order"),
    )

    study_id: Mapped[int] = mapped_column(Key, primary_key=True)
    view: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    scenario: Mapped[str]
    metric: Mapped[str]
    cell: Mapped[str]
    estimate: Mapped[float | None]
    lower: Mapped[float | None]
    upper: Mapped[float | None]
    level: Mapped[float]
    kind: Mapped[str]
    n_draws: Mapped[int]
    median: Mapped[float | None]  # missing in rows of before revision 0008, as are the two below
    share_zero: Mapped[float | None]
    effective_draws: Mapped[float | None]
