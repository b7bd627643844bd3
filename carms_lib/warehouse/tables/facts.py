"""The facts: what each program's page said, version by version.

Belongs here: programs and what hangs on one version of a program. Does not belong here: names and places, which
are dimensions, and counts that a query can make.

A page is published as one document, so it is versioned as one: when anything on it changes, its version is closed
and another opens (slowly changing dimension, type 2), and sections, examinations and interview days belong to one
version. The version that is now valid has no `valid_to`; there is at most one for a program of a release.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from carms_lib.schemas import codes
from carms_lib.warehouse.tables.base import (
    Base,
    Key,
    at_least,
    at_most,
    is_bool,
    matches_all_or_none,
    not_empty,
    one_of,
)

__all__ = ["CHILDREN", "CLOSINGS", "Exam", "InterviewDate", "Program", "Section"]

CLOSINGS = ("changed", "vanished")
"""Why a version was closed: another took its place, or the publication no longer has the program."""


def _of_current(name: str, *columns: str, unique: bool = False) -> Index:
    """Index the versions that are valid now, and no others."""
    now = text("valid_to IS NULL")
    return Index(name, *columns, unique=unique, sqlite_where=now, postgresql_where=now)


class Program(Base):
    """One row per version of a program of a release, with its lineage and its span of validity."""

    __tablename__ = "program"
    __table_args__ = (
        UniqueConstraint("release_id", "program_stream_id", "valid_from"),
        _of_current("uq_program_current", "release_id", "program_stream_id", unique=True),
        _of_current("uq_program_current_document", "release_id", "document_id", unique=True),
        _of_current("ix_program_current_discipline_key", "release_id", "discipline_key", "program_stream_id"),
        _of_current("ix_program_current_school_key", "release_id", "school_key", "program_stream_id"),
        _of_current("ix_program_current_stream_key", "release_id", "stream_key", "program_stream_id"),
        Index("ix_program_history", "program_stream_id", "release_id", "valid_from"),
        ForeignKeyConstraint(["site_key", "school_key"], ["site.site_key", "site.school_key"]),
        not_empty("program_stream_id"),
        not_empty("document_id"),
        at_least("quota", 1),
        at_least("body_quota", 0),
        at_least("program_length_years", 1),
        at_most("program_length_years", 10),
        at_least("reference_letters", 0),
        at_least("personal_letter_words", 0),
        one_of("language", codes.LANGUAGES),
        one_of("page_language", codes.PAGE_LANGUAGES),
        one_of("accreditation", codes.ACCREDITATIONS),
        one_of("closed_as", CLOSINGS),
        matches_all_or_none("closed_whole", "valid_to", "closed_as", "closed_by_run_id"),
        CheckConstraint("valid_to > valid_from", name="valid_span"),
    )

    program_key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    release_id: Mapped[str] = mapped_column(ForeignKey("release.release_id"))
    program_stream_id: Mapped[str]
    document_id: Mapped[str]
    discipline_key: Mapped[int] = mapped_column(ForeignKey("discipline.discipline_key"))
    school_key: Mapped[int] = mapped_column(Key)
    site_key: Mapped[int] = mapped_column(Key)
    stream_key: Mapped[int] = mapped_column(ForeignKey("stream.stream_key"))
    mailing_province: Mapped[str | None] = mapped_column(ForeignKey("province.province"))
    language: Mapped[str]
    page_language: Mapped[str]
    quota: Mapped[int]
    body_quota: Mapped[int | None]
    applications_band: Mapped[str] = mapped_column(ForeignKey("applications_band.applications_band"))
    interview_band: Mapped[str] = mapped_column(ForeignKey("interview_band.interview_band"))
    accreditation: Mapped[str]
    approval_date: Mapped[dt.date] = mapped_column(Date)
    program_length_years: Mapped[int | None]
    reference_letters: Mapped[int | None]
    personal_letter_words: Mapped[int | None]
    row_hash: Mapped[str]
    valid_from: Mapped[dt.datetime]
    valid_to: Mapped[dt.datetime | None]
    closed_as: Mapped[str | None]
    run_id: Mapped[int] = mapped_column(ForeignKey("load_run.run_id"))
    closed_by_run_id: Mapped[int | None] = mapped_column(ForeignKey("load_run.run_id"))
    source_key: Mapped[int | None] = mapped_column(ForeignKey("source_file.source_key"))
    source_row: Mapped[int | None]


class Section(Base):
    """One row per section that one version of a program's page has: present, and whether it is filled."""

    __tablename__ = "section"
    __table_args__ = (
        one_of("section_key", codes.SECTION_KEYS),
        at_least("section_position", 1),
        at_least("n_characters", 0),
        is_bool("is_filled"),
    )

    program_key: Mapped[int] = mapped_column(ForeignKey("program.program_key"), primary_key=True)
    section_key: Mapped[str] = mapped_column(primary_key=True)
    section_position: Mapped[int]
    n_characters: Mapped[int]
    is_filled: Mapped[bool]


class InterviewDate(Base):
    """One row per day on which one version of a program's page says that it interviews."""

    __tablename__ = "interview_date"

    program_key: Mapped[int] = mapped_column(ForeignKey("program.program_key"), primary_key=True)
    interview_date: Mapped[dt.date] = mapped_column(Date, primary_key=True)


class Exam(Base):
    """One row per examination that one version of a program's page names."""

    __tablename__ = "exam"
    __table_args__ = (one_of("exam", codes.EXAMS),)

    program_key: Mapped[int] = mapped_column(ForeignKey("program.program_key"), primary_key=True)
    exam: Mapped[str] = mapped_column(primary_key=True)


CHILDREN = ("section", "interview_date", "exam")
"""Tables whose rows belong to one version of a program, named as in the silver layer."""
