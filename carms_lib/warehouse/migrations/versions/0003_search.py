"""Full-text search.

Belongs here: the table of texts, and what each engine needs to search it: in SQLite an FTS5 table that triggers keep up
to date, in PostgreSQL a generated column with an inverted index. Does not belong here: asking (`_search`).

Programs that are kept already become searchable by their facts at once; the text of sections, which was not kept
before, when their release is written again.

Going back: the texts go. Facts are not touched. Upgrade again and facts are searchable again; for the text of sections
write the release again from the published pages.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import CheckConstraint as Check
from sqlalchemy import Column
from sqlalchemy import ForeignKeyConstraint as ForeignKey
from sqlalchemy import PrimaryKeyConstraint as PrimaryKey
from sqlalchemy import UniqueConstraint as Unique

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SECTION_KEYS = (
    "('facts', 'program_contacts', 'important_information', 'return_of_service', "
    "'general_instructions', "
    "'supporting_documentation_information', 'review_process', 'interviews', 'selection_criteria', "
    "'program_highlights', 'program_curriculum', 'training_sites', 'additional_information', 'faq', "
    "'summary_of_changes')"
)
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SQLITE_INDEX = """
CREATE VIRTUAL TABLE search_index USING fts5(
    content, content='search_document', content_rowid='document_key', tokenize='porter unicode61 remove_diacritics 2'
)
"""
# The tokenizer takes accents off but leaves ligatures.
SQLITE_FOLDED = "replace(replace(replace(replace({}.content, 'œ', 'oe'), 'Œ', 'Oe'), 'æ', 'ae'), 'Æ', 'Ae')"
SQLITE_ADD = f"INSERT INTO search_index (rowid, content) VALUES (new.document_key, {SQLITE_FOLDED.format('new')})"  # noqa: S608
SQLITE_REMOVE = (
    "INSERT INTO search_index (search_index, rowid, content) "  # noqa: S608
    f"VALUES ('delete', old.document_key, {SQLITE_FOLDED.format('old')})"
)
SQLITE_TRIGGERS = {
    "search_document_added": f"AFTER INSERT ON search_document BEGIN {SQLITE_ADD}; END",
    "search_document_removed": f"AFTER DELETE ON search_document BEGIN {SQLITE_REMOVE}; END",
    "search_document_changed": f"AFTER UPDATE ON search_document BEGIN {SQLITE_REMOVE}; {SQLITE_ADD}; END",
}

# Accents go before stemming, as they do from the words that are asked for.
ACCENTED, PLAIN = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿ", "aaaaaaceeeeiiiinooooouuuuyy"
FOLDED = f"translate(replace(replace(lower(content), 'œ', 'oe'), 'æ', 'ae'), '{ACCENTED}', '{PLAIN}')"
ENGLISH, FRENCH = (f"to_tsvector('{name}'::regconfig, {FOLDED})" for name in ("english", "french"))
POSTGRESQL_COLUMN = f"""
ALTER TABLE search_document ADD COLUMN vector tsvector GENERATED ALWAYS AS (
    CASE language WHEN 'en' THEN {ENGLISH} WHEN 'fr' THEN {FRENCH} ELSE {ENGLISH} || {FRENCH} END
) STORED
"""
POSTGRESQL_INDEX = "CREATE INDEX ix_search_document_vector ON search_document USING gin (vector)"

# Section 'facts' of every program that is valid now.
FACTS_OF_KEPT_PROGRAMS = """
INSERT INTO search_document (document_key, program_key, section_key, release_id, language, content)
SELECT row_number() OVER (ORDER BY program.program_key), program.program_key, 'facts', program.release_id, 'either',
    discipline.discipline || coalesce(' · ' || discipline.discipline_fr, '')
    || ' · ' || school.school || ' · ' || school.school_short || coalesce(' · ' || school.school_fr, '')
    || ' · ' || site.site || ' · ' || stream.stream
    || ' · ' || province.province_name || ' · ' || province.province_name_fr
FROM program
JOIN discipline ON discipline.discipline_key = program.discipline_key
JOIN school ON school.school_key = program.school_key
JOIN site ON site.site_key = program.site_key
JOIN stream ON stream.stream_key = program.stream_key
JOIN province ON province.province = site.site_province
WHERE program.valid_to IS NULL
"""


def upgrade() -> None:
    """Make the table, the engine's index, and the texts of the programs that are kept."""
    op.create_table(
        "search_document",
        Column("document_key", KEY, autoincrement=False, nullable=False),
        Column("program_key", KEY, nullable=False),
        Column("section_key", sa.Text(), nullable=False),
        Column("release_id", sa.Text(), nullable=False),
        Column("language", sa.Text(), nullable=False),
        Column("content", sa.Text(), nullable=False),
        Check("language IN ('en', 'fr', 'either')", name="language_known"),
        Check(f"section_key IN {SECTION_KEYS}", name="section_key_known"),
        ForeignKey(["program_key"], ["program.program_key"]),
        ForeignKey(["release_id"], ["release.release_id"]),
        PrimaryKey("document_key"),
        Unique("program_key", "section_key"),
    )

    if op.get_context().dialect.name == "sqlite":
        op.execute(SQLITE_INDEX)
        for name, body in SQLITE_TRIGGERS.items():
            op.execute(f"CREATE TRIGGER {name} {body}")
    else:
        op.execute(POSTGRESQL_COLUMN)
        op.execute(POSTGRESQL_INDEX)
    op.execute(FACTS_OF_KEPT_PROGRAMS)


def downgrade() -> None:
    """Drop the texts and the engine's index; triggers and the generated column go with their table."""
    op.drop_table("search_document")
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")
