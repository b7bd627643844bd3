"""The facts: what each program's page said, version by version.

Belongs here: programs and what hangs on one version of a program. Does not belong here: names and places, which
are dimensions, and counts that a query can make.

A page is published as one document, so it is versioned as one: when anything on it changes, its version is closed
and another opens (slowly changing dimension, type 2), and sections, examinations and interview days belong to one
version. The version that is now valid has no `valid_to`; there is at most one for a program of a release.

Of the versions that are valid now there is also one text per program and per section, to be searched. How an engine
indexes these texts (FTS5 in SQLite, tsvector in PostgreSQL) is the work of migration 0003; `_search` asks.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from carms_lib.schemas import codes, contract
from carms_lib.warehouse.tables.base import (
    Base,
    Key,
    UtcDateTime,
    at_least,
    column_of,
    is_bool,
    matches_all_or_none,
    not_empty,
    one_of,
    rules_of,
)

__all__ = ["CHILDREN", "CLOSINGS", "FACTS", "Exam", "InterviewDate", "Program", "SearchDocument", "Section"]

CLOSINGS = ("changed", "vanished")
"""Why a version was closed: another took its place, or the publication no longer has the program."""


def _of_current(name: str, *columns: str, unique: bool = False) -> Index:
    """Index the versions that are valid now, and no others."""
    now = text("valid_to IS NULL")
    return Index(name, *columns, unique=unique, sqlite_where=now, postgresql_where=now)


_DECLARED = (
    "program_stream_id",
    "release_id",
    "document_id",
    "discipline",
    "school",
    "site",
    "stream",
    "mailing_province",
)
"""Fields of silver.program that the table declares itself: keys, and what refers to another table."""

_STATED = {name: column for name, column in contract("silver", "program").fields.items() if name not in _DECLARED}
"""All other fields of silver.program: what the page states. Column, type and rules follow from the registry."""


class Program(Base):
    """One row per version of a program of a release, with its lineage and its span of validity."""

    __table__ = Table(
        "program",
        Base.metadata,
        Column("program_key", Key, primary_key=True, autoincrement=False),
        Column("release_id", Text, ForeignKey("release.release_id"), nullable=False),
        Column("program_stream_id", Text, nullable=False),
        Column("document_id", Text, nullable=False),
        Column("discipline_key", Key, ForeignKey("discipline.discipline_key"), nullable=False),
        Column("school_key", Key, nullable=False),
        Column("site_key", Key, nullable=False),
        Column("stream_key", Key, ForeignKey("stream.stream_key"), nullable=False),
        Column("mailing_province", Text, ForeignKey("province.province")),
        *(column_of(name, column) for name, column in _STATED.items()),
        Column("applications_band", Text, ForeignKey("applications_band.applications_band"), nullable=False),
        Column("interview_band", Text, ForeignKey("interview_band.interview_band"), nullable=False),
        Column("row_hash", Text, nullable=False),
        Column("valid_from", UtcDateTime, nullable=False),
        Column("valid_to", UtcDateTime),
        Column("closed_as", Text),
        Column("run_id", Key, ForeignKey("load_run.run_id"), nullable=False),
        Column("closed_by_run_id", Key, ForeignKey("load_run.run_id")),
        Column("source_key", Key, ForeignKey("source_file.source_key")),
        Column("source_row", Integer),
        ForeignKeyConstraint(["site_key", "school_key"], ["site.site_key", "site.school_key"]),
        UniqueConstraint("release_id", "program_stream_id", "valid_from"),
        _of_current("uq_program_current", "release_id", "program_stream_id", unique=True),
        _of_current("uq_program_current_document", "release_id", "document_id", unique=True),
        _of_current("ix_program_current_discipline_key", "release_id", "discipline_key", "program_stream_id"),
        _of_current("ix_program_current_school_key", "release_id", "school_key", "program_stream_id"),
        _of_current("ix_program_current_stream_key", "release_id", "stream_key", "program_stream_id"),
        Index("ix_program_history", "program_stream_id", "release_id", "valid_from"),
        not_empty("program_stream_id"),
        not_empty("document_id"),
        *(rule for name, column in _STATED.items() for rule in rules_of(name, column)),
        one_of("closed_as", CLOSINGS),
        matches_all_or_none("closed_whole", "valid_to", "closed_as", "closed_by_run_id"),
        CheckConstraint("valid_to > valid_from", name="valid_span"),
    )


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


# --- what can be searched --------------------------------------------------------------------------------

FACTS = "facts"
"""The section key of the text made of a program's facts: its names in both languages."""


class SearchDocument(Base):
    """One row per program that is valid now and section whose text was read, and one for its facts."""

    __tablename__ = "search_document"
    __table_args__ = (
        UniqueConstraint("program_key", "section_key"),
        Index("ix_search_document_release", "release_id", "document_key"),
        one_of("section_key", (FACTS, *codes.SECTION_KEYS)),
        one_of("language", codes.LANGUAGES),
    )

    document_key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    program_key: Mapped[int] = mapped_column(ForeignKey("program.program_key"))
    section_key: Mapped[str]
    release_id: Mapped[str] = mapped_column(ForeignKey("release.release_id"))
    language: Mapped[str]
    content: Mapped[str]
