"""What can be searched: one text per program and per section, of the versions that are valid now.

Belongs here: the texts. Does not belong here: how an engine indexes them; SQLite keeps an FTS5 table and PostgreSQL a
column of type tsvector beside them, which the migration makes and `_search` asks.
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from carms_lib.schemas import codes
from carms_lib.warehouse.tables.base import Base, Key, one_of

__all__ = ["FACTS", "SearchDocument"]

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
