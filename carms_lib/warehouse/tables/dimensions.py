"""The conformed dimensions: who, where, what and when, shared by the facts of every release.

Belongs here: releases, provinces, bands, and the members that publications name. Does not belong here: facts.

Dimensions are never updated. Provinces and bands are closed lists that a migration fills. A discipline, school,
stream or site whose attributes are corrected gets another *edition*: a new row with its own key. A fact keeps the
edition that it was written with, so history shows what was known then, and facts that did not change stay untouched.
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from carms_lib.schemas import codes
from carms_lib.warehouse.tables.base import Base, Key, at_least, at_most, is_bool, not_empty, one_of

__all__ = [
    "EDITIONED",
    "ApplicationsBand",
    "Discipline",
    "InterviewBand",
    "Province",
    "Release",
    "School",
    "Site",
    "Stream",
]


class Release(Base):
    """One row per release: one publication of one iteration of one match."""

    __tablename__ = "release"
    __table_args__ = (
        not_empty("release_id"),
        not_empty("match"),
        at_least("cycle", 1900),
        at_most("cycle", 2200),
        one_of("iteration", codes.ITERATIONS),
    )

    release_id: Mapped[str] = mapped_column(primary_key=True)
    match: Mapped[str]
    cycle: Mapped[int]
    iteration: Mapped[str]


class Province(Base):
    """One row per province or territory of Canada; filled by the first migration."""

    __tablename__ = "province"
    __table_args__ = (
        UniqueConstraint("province_name"),
        UniqueConstraint("province_name_fr"),
        one_of("province", codes.PROVINCES),
        one_of("jurisdiction_kind", codes.JURISDICTION_KINDS),
    )

    province: Mapped[str] = mapped_column(primary_key=True)
    province_name: Mapped[str]
    province_name_fr: Mapped[str]
    jurisdiction_kind: Mapped[str]


class ApplicationsBand(Base):
    """One row per band of applications received; filled by the first migration."""

    __tablename__ = "applications_band"
    __table_args__ = (at_least("applications_lower", 0), at_least("applications_upper", 0))

    applications_band: Mapped[str] = mapped_column(primary_key=True)
    applications_lower: Mapped[int]
    applications_upper: Mapped[int | None]


class InterviewBand(Base):
    """One row per band of applicants interviewed [%]; filled by the first migration."""

    __tablename__ = "interview_band"
    __table_args__ = (
        at_least("interview_lower", 0),
        at_most("interview_lower", 100),
        at_least("interview_upper", 0),
        at_most("interview_upper", 100),
    )

    interview_band: Mapped[str] = mapped_column(primary_key=True)
    interview_lower: Mapped[int]
    interview_upper: Mapped[int]


class Discipline(Base):
    """One row per edition of a discipline."""

    __tablename__ = "discipline"
    __table_args__ = (UniqueConstraint("discipline", "row_hash"), not_empty("discipline"))

    discipline_key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    discipline: Mapped[str]
    discipline_id: Mapped[str]
    discipline_fr: Mapped[str | None]
    row_hash: Mapped[str]
    run_id: Mapped[int] = mapped_column(ForeignKey("load_run.run_id"))


class School(Base):
    """One row per edition of a medical school."""

    __tablename__ = "school"
    __table_args__ = (
        UniqueConstraint("school", "row_hash"),
        not_empty("school"),
        not_empty("school_short"),
    )

    school_key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    school: Mapped[str]
    school_short: Mapped[str]
    school_fr: Mapped[str | None]
    school_province: Mapped[str] = mapped_column(ForeignKey("province.province"))
    row_hash: Mapped[str]
    run_id: Mapped[int] = mapped_column(ForeignKey("load_run.run_id"))


class Stream(Base):
    """One row per edition of a stream: who may apply, as data."""

    __tablename__ = "stream"
    __table_args__ = (
        UniqueConstraint("stream", "row_hash"),
        not_empty("stream"),
        not_empty("eligibility_rule"),
        one_of("eligibility", codes.ELIGIBILITIES),
        is_bool("admits_cmg"),
        is_bool("admits_img"),
        is_bool("admits_motp"),
        is_bool("return_of_service"),
        is_bool("is_indigenous"),
        is_bool("is_competitive"),
        is_bool("is_rural_generalist"),
    )

    stream_key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    stream: Mapped[str]
    eligibility: Mapped[str]
    admits_cmg: Mapped[bool]
    admits_img: Mapped[bool]
    admits_motp: Mapped[bool]
    home_province: Mapped[str | None] = mapped_column(ForeignKey("province.province"))
    return_of_service: Mapped[bool]
    is_indigenous: Mapped[bool]
    is_competitive: Mapped[bool]
    is_rural_generalist: Mapped[bool]
    eligibility_rule: Mapped[str]
    row_hash: Mapped[str]
    run_id: Mapped[int] = mapped_column(ForeignKey("load_run.run_id"))


class Site(Base):
    """One row per edition of a training site of a school."""

    __tablename__ = "site"
    __table_args__ = (
        UniqueConstraint("school_key", "site", "row_hash"),
        UniqueConstraint("site_key", "school_key"),  # what a fact refers to, so that its school is its site's
        not_empty("site"),
        not_empty("site_province_reason"),
        one_of("site_class", codes.SITE_CLASSES),
        one_of("distributed_campus", codes.YES_NO),
        at_least("site_latitude", 41),
        at_most("site_latitude", 84),
        at_least("site_longitude", -142),
        at_most("site_longitude", -52),
        at_least("site_population", 0),
        at_least("distance_km", 0),
    )

    site_key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    school_key: Mapped[int] = mapped_column(ForeignKey("school.school_key"))
    site: Mapped[str]
    site_province: Mapped[str] = mapped_column(ForeignKey("province.province"))
    site_province_reason: Mapped[str]
    community: Mapped[str | None]
    site_class: Mapped[str | None]
    site_latitude: Mapped[float | None]
    site_longitude: Mapped[float | None]
    site_population: Mapped[int | None]
    distance_km: Mapped[float | None]
    distributed_campus: Mapped[str | None]
    row_hash: Mapped[str]
    run_id: Mapped[int] = mapped_column(ForeignKey("load_run.run_id"))


EDITIONED = ("discipline", "school", "stream", "site")
"""Dimensions whose members have editions, in the order in which they are written."""
