"""Releases, dimensions, facts and the audit of loads.

Belongs here: the first tables, and the closed lists of provinces and bands. Does not belong here: indexes that serve
questions (0002). Names of constraints follow the convention of the metadata.

Going back: every table goes, with everything in it. Copy the database first.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy import CheckConstraint as Check
from sqlalchemy import Column
from sqlalchemy import ForeignKeyConstraint as ForeignKey
from sqlalchemy import PrimaryKeyConstraint as PrimaryKey
from sqlalchemy import UniqueConstraint as Unique

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SECTION_KEYS = (
    "('program_contacts', 'important_information', 'return_of_service', 'general_instructions', "
    "'supporting_documentation_information', 'review_process', 'interviews', 'selection_criteria', "
    "'program_highlights', 'program_curriculum', 'training_sites', 'additional_information', 'faq', "
    "'summary_of_changes')"
)
ACCREDITATIONS = (
    "('Accredited', 'Accredited through joint institutional agreement', 'Notice of intent to withdraw accreditation')"
)
EXAMS = (
    "('Casper', 'FMProC', 'MCCQE Part I', 'MCCQE Part II', 'NAC', "
    "'USMLE Step 1', 'USMLE Step 2 CK', 'USMLE Step 2 CS', 'USMLE Step 3')"
)
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)

CURRENT = sa.text("valid_to IS NULL")

PROVINCES = [
    ("AB", "Alberta", "Alberta", "province"),
    ("BC", "British Columbia", "Colombie-Britannique", "province"),
    ("MB", "Manitoba", "Manitoba", "province"),
    ("NB", "New Brunswick", "Nouveau-Brunswick", "province"),
    ("NL", "Newfoundland and Labrador", "Terre-Neuve-et-Labrador", "province"),
    ("NS", "Nova Scotia", "Nouvelle-Écosse", "province"),
    ("NT", "Northwest Territories", "Territoires du Nord-Ouest", "territory"),
    ("NU", "Nunavut", "Nunavut", "territory"),
    ("ON", "Ontario", "Ontario", "province"),
    ("PE", "Prince Edward Island", "Île-du-Prince-Édouard", "province"),
    ("QC", "Quebec", "Québec", "province"),
    ("SK", "Saskatchewan", "Saskatchewan", "province"),
    ("YT", "Yukon", "Yukon", "territory"),
]
APPLICATIONS_BANDS = [
    ("0 - 50", 0, 50),
    ("51 - 200", 51, 200),
    ("201 - 400", 201, 400),
    ("401 - 600", 401, 600),
    ("601 +", 601, None),
]
INTERVIEW_BANDS = [("0 - 25", 0, 25), ("26 - 50", 26, 50), ("51 - 75", 51, 75), ("76 - 100", 76, 100)]

TABLES_LAST_FIRST = (
    "section",
    "interview_date",
    "exam",
    "program",
    "site",
    "stream",
    "source_file",
    "school",
    "load_step",
    "load_quarantine",
    "load_check",
    "discipline",
    "load_run",
    "release",
    "province",
    "interview_band",
    "applications_band",
)


def upgrade() -> None:
    """Make the tables and fill the closed lists."""
    op.create_table(
        "applications_band",
        Column("applications_band", sa.Text(), nullable=False),
        Column("applications_lower", sa.Integer(), nullable=False),
        Column("applications_upper", sa.Integer(), nullable=True),
        Check("applications_lower >= 0", name="applications_lower_at_least_0"),
        Check("applications_upper >= 0", name="applications_upper_at_least_0"),
        PrimaryKey("applications_band"),
    )
    op.create_table(
        "interview_band",
        Column("interview_band", sa.Text(), nullable=False),
        Column("interview_lower", sa.Integer(), nullable=False),
        Column("interview_upper", sa.Integer(), nullable=False),
        Check("interview_lower <= 100", name="interview_lower_at_most_100"),
        Check("interview_lower >= 0", name="interview_lower_at_least_0"),
        Check("interview_upper <= 100", name="interview_upper_at_most_100"),
        Check("interview_upper >= 0", name="interview_upper_at_least_0"),
        PrimaryKey("interview_band"),
    )
    op.create_table(
        "province",
        Column("province", sa.Text(), nullable=False),
        Column("province_name", sa.Text(), nullable=False),
        Column("province_name_fr", sa.Text(), nullable=False),
        Column("jurisdiction_kind", sa.Text(), nullable=False),
        Check("jurisdiction_kind IN ('province', 'territory')", name="jurisdiction_kind_known"),
        Check(
            "province IN ('AB', 'BC', 'MB', 'NB', 'NL', 'NS', 'NT', 'NU', 'ON', 'PE', 'QC', 'SK', 'YT')",
            name="province_known",
        ),
        PrimaryKey("province"),
        Unique("province_name"),
        Unique("province_name_fr"),
    )
    op.create_table(
        "release",
        Column("release_id", sa.Text(), nullable=False),
        Column("match", sa.Text(), nullable=False),
        Column("cycle", sa.Integer(), nullable=False),
        Column("iteration", sa.Text(), nullable=False),
        Check("iteration IN ('first', 'second')", name="iteration_known"),
        Check("\"match\" <> ''", name="match_not_empty"),
        Check("\"release_id\" <> ''", name="release_id_not_empty"),
        Check("cycle <= 2200", name="cycle_at_most_2200"),
        Check("cycle >= 1900", name="cycle_at_least_1900"),
        PrimaryKey("release_id"),
    )
    op.create_table(
        "load_run",
        Column("run_id", KEY, autoincrement=False, nullable=False),
        Column("release_id", sa.Text(), nullable=False),
        Column("loaded_at", MOMENT, nullable=False),
        Column("library_version", sa.Text(), nullable=False),
        Column("n_new", sa.Integer(), nullable=False),
        Column("n_changed", sa.Integer(), nullable=False),
        Column("n_vanished", sa.Integer(), nullable=False),
        Column("n_unchanged", sa.Integer(), nullable=False),
        Column("seats", sa.Integer(), nullable=False),
        Check("n_changed >= 0", name="n_changed_at_least_0"),
        Check("n_new >= 0", name="n_new_at_least_0"),
        Check("n_unchanged >= 0", name="n_unchanged_at_least_0"),
        Check("n_vanished >= 0", name="n_vanished_at_least_0"),
        Check("seats >= 0", name="seats_at_least_0"),
        ForeignKey(["release_id"], ["release.release_id"]),
        PrimaryKey("run_id"),
    )
    op.create_table(
        "discipline",
        Column("discipline_key", KEY, autoincrement=False, nullable=False),
        Column("discipline", sa.Text(), nullable=False),
        Column("discipline_id", sa.Text(), nullable=False),
        Column("discipline_fr", sa.Text(), nullable=True),
        Column("row_hash", sa.Text(), nullable=False),
        Column("run_id", KEY, nullable=False),
        Check("\"discipline\" <> ''", name="discipline_not_empty"),
        ForeignKey(["run_id"], ["load_run.run_id"]),
        PrimaryKey("discipline_key"),
        Unique("discipline", "row_hash"),
    )
    op.create_table(
        "load_check",
        Column("run_id", KEY, nullable=False),
        Column("step", sa.Text(), nullable=False),
        Column("check", sa.Text(), nullable=False),
        Column("table", sa.Text(), nullable=False),
        Column("severity", sa.Text(), nullable=False),
        Column("passed", sa.Boolean(), nullable=False),
        Column("observed", sa.Text(), nullable=False),
        Column("expected", sa.Text(), nullable=False),
        Column("failing_keys", sa.Text(), nullable=False),
        Check("severity IN ('critical', 'warning')", name="severity_known"),
        Check("step IN ('raw', 'bronze', 'silver', 'gold')", name="step_known"),
        Check("\"check\" <> ''", name="check_not_empty"),
        Check("passed IN (TRUE, FALSE)", name="passed_is_bool"),
        ForeignKey(["run_id"], ["load_run.run_id"]),
        PrimaryKey("run_id", "step", "check", "table"),
    )
    op.create_table(
        "load_quarantine",
        Column("run_id", KEY, nullable=False),
        Column("step", sa.Text(), nullable=False),
        Column("table", sa.Text(), nullable=False),
        Column("source_row", sa.Integer(), nullable=False),
        Column("column", sa.Text(), nullable=False),
        Column("reason", sa.Text(), nullable=False),
        Column("key", sa.Text(), nullable=False),
        Column("value", sa.Text(), nullable=True),
        Check("step IN ('raw', 'bronze', 'silver', 'gold')", name="step_known"),
        Check("\"reason\" <> ''", name="reason_not_empty"),
        Check("source_row >= 1", name="source_row_at_least_1"),
        ForeignKey(["run_id"], ["load_run.run_id"]),
        PrimaryKey("run_id", "step", "table", "source_row", "column", "reason"),
    )
    op.create_table(
        "load_step",
        Column("run_id", KEY, nullable=False),
        Column("step", sa.Text(), nullable=False),
        Column("table", sa.Text(), nullable=False),
        Column("rows_read", sa.Integer(), nullable=False),
        Column("rows_kept", sa.Integer(), nullable=False),
        Column("rows_quarantined", sa.Integer(), nullable=False),
        Column("seats_read", sa.Integer(), nullable=True),
        Column("seats_kept", sa.Integer(), nullable=True),
        Column("seats_quarantined", sa.Integer(), nullable=True),
        Check("step IN ('raw', 'bronze', 'silver', 'gold')", name="step_known"),
        Check("rows_kept >= 0", name="rows_kept_at_least_0"),
        Check("rows_quarantined >= 0", name="rows_quarantined_at_least_0"),
        Check("rows_read >= 0", name="rows_read_at_least_0"),
        ForeignKey(["run_id"], ["load_run.run_id"]),
        PrimaryKey("run_id", "step", "table"),
    )
    op.create_table(
        "school",
        Column("school_key", KEY, autoincrement=False, nullable=False),
        Column("school", sa.Text(), nullable=False),
        Column("school_short", sa.Text(), nullable=False),
        Column("school_fr", sa.Text(), nullable=True),
        Column("school_province", sa.Text(), nullable=False),
        Column("row_hash", sa.Text(), nullable=False),
        Column("run_id", KEY, nullable=False),
        Check("\"school\" <> ''", name="school_not_empty"),
        Check("\"school_short\" <> ''", name="school_short_not_empty"),
        ForeignKey(["run_id"], ["load_run.run_id"]),
        ForeignKey(["school_province"], ["province.province"]),
        PrimaryKey("school_key"),
        Unique("school", "row_hash"),
    )
    op.create_table(
        "source_file",
        Column("source_key", KEY, autoincrement=False, nullable=False),
        Column("source_file", sa.Text(), nullable=False),
        Column("source_sha256", sa.Text(), nullable=True),
        Column("run_id", KEY, nullable=False),
        Check("\"source_file\" <> ''", name="source_file_not_empty"),
        ForeignKey(["run_id"], ["load_run.run_id"]),
        PrimaryKey("source_key"),
        Unique("source_file", "source_sha256"),
    )
    op.create_table(
        "stream",
        Column("stream_key", KEY, autoincrement=False, nullable=False),
        Column("stream", sa.Text(), nullable=False),
        Column("eligibility", sa.Text(), nullable=False),
        Column("admits_cmg", sa.Boolean(), nullable=False),
        Column("admits_img", sa.Boolean(), nullable=False),
        Column("admits_motp", sa.Boolean(), nullable=False),
        Column("home_province", sa.Text(), nullable=True),
        Column("return_of_service", sa.Boolean(), nullable=False),
        Column("is_indigenous", sa.Boolean(), nullable=False),
        Column("is_competitive", sa.Boolean(), nullable=False),
        Column("is_rural_generalist", sa.Boolean(), nullable=False),
        Column("eligibility_rule", sa.Text(), nullable=False),
        Column("row_hash", sa.Text(), nullable=False),
        Column("run_id", KEY, nullable=False),
        Check("eligibility IN ('CMG', 'IMG', 'ALL', 'MOTP')", name="eligibility_known"),
        Check("\"eligibility_rule\" <> ''", name="eligibility_rule_not_empty"),
        Check("\"stream\" <> ''", name="stream_not_empty"),
        Check("admits_cmg IN (TRUE, FALSE)", name="admits_cmg_is_bool"),
        Check("admits_img IN (TRUE, FALSE)", name="admits_img_is_bool"),
        Check("admits_motp IN (TRUE, FALSE)", name="admits_motp_is_bool"),
        Check("is_competitive IN (TRUE, FALSE)", name="is_competitive_is_bool"),
        Check("is_indigenous IN (TRUE, FALSE)", name="is_indigenous_is_bool"),
        Check("is_rural_generalist IN (TRUE, FALSE)", name="is_rural_generalist_is_bool"),
        Check("return_of_service IN (TRUE, FALSE)", name="return_of_service_is_bool"),
        ForeignKey(["home_province"], ["province.province"]),
        ForeignKey(["run_id"], ["load_run.run_id"]),
        PrimaryKey("stream_key"),
        Unique("stream", "row_hash"),
    )
    op.create_table(
        "site",
        Column("site_key", KEY, autoincrement=False, nullable=False),
        Column("school_key", KEY, nullable=False),
        Column("site", sa.Text(), nullable=False),
        Column("site_province", sa.Text(), nullable=False),
        Column("site_province_reason", sa.Text(), nullable=False),
        Column("row_hash", sa.Text(), nullable=False),
        Column("run_id", KEY, nullable=False),
        Check("\"site\" <> ''", name="site_not_empty"),
        Check("\"site_province_reason\" <> ''", name="site_province_reason_not_empty"),
        ForeignKey(["run_id"], ["load_run.run_id"]),
        ForeignKey(["school_key"], ["school.school_key"]),
        ForeignKey(["site_province"], ["province.province"]),
        PrimaryKey("site_key"),
        Unique("school_key", "site", "row_hash"),
        Unique("site_key", "school_key"),
    )
    op.create_table(
        "program",
        Column("program_key", KEY, autoincrement=False, nullable=False),
        Column("release_id", sa.Text(), nullable=False),
        Column("program_stream_id", sa.Text(), nullable=False),
        Column("document_id", sa.Text(), nullable=False),
        Column("discipline_key", KEY, nullable=False),
        Column("school_key", KEY, nullable=False),
        Column("site_key", KEY, nullable=False),
        Column("stream_key", KEY, nullable=False),
        Column("mailing_province", sa.Text(), nullable=True),
        Column("language", sa.Text(), nullable=False),
        Column("page_language", sa.Text(), nullable=False),
        Column("quota", sa.Integer(), nullable=False),
        Column("body_quota", sa.Integer(), nullable=True),
        Column("applications_band", sa.Text(), nullable=False),
        Column("interview_band", sa.Text(), nullable=False),
        Column("accreditation", sa.Text(), nullable=False),
        Column("approval_date", sa.Date(), nullable=False),
        Column("program_length_years", sa.Integer(), nullable=True),
        Column("reference_letters", sa.Integer(), nullable=True),
        Column("personal_letter_words", sa.Integer(), nullable=True),
        Column("row_hash", sa.Text(), nullable=False),
        Column("valid_from", MOMENT, nullable=False),
        Column("valid_to", MOMENT, nullable=True),
        Column("closed_as", sa.Text(), nullable=True),
        Column("run_id", KEY, nullable=False),
        Column("closed_by_run_id", KEY, nullable=True),
        Column("source_key", KEY, nullable=True),
        Column("source_row", sa.Integer(), nullable=True),
        Check(f"accreditation IN {ACCREDITATIONS}", name="accreditation_known"),
        Check("closed_as IN ('changed', 'vanished')", name="closed_as_known"),
        Check("language IN ('en', 'fr', 'either')", name="language_known"),
        Check("page_language IN ('en', 'fr')", name="page_language_known"),
        Check("\"document_id\" <> ''", name="document_id_not_empty"),
        Check("\"program_stream_id\" <> ''", name="program_stream_id_not_empty"),
        Check(
            "(valid_to IS NULL) = (closed_as IS NULL) AND (valid_to IS NULL) = (closed_by_run_id IS NULL)",
            name="closed_whole",
        ),
        Check("body_quota >= 0", name="body_quota_at_least_0"),
        Check("personal_letter_words >= 0", name="personal_letter_words_at_least_0"),
        Check("program_length_years <= 10", name="program_length_years_at_most_10"),
        Check("program_length_years >= 1", name="program_length_years_at_least_1"),
        Check("quota >= 1", name="quota_at_least_1"),
        Check("reference_letters >= 0", name="reference_letters_at_least_0"),
        Check("valid_to > valid_from", name="valid_span"),
        ForeignKey(["applications_band"], ["applications_band.applications_band"]),
        ForeignKey(["closed_by_run_id"], ["load_run.run_id"]),
        ForeignKey(["discipline_key"], ["discipline.discipline_key"]),
        ForeignKey(["interview_band"], ["interview_band.interview_band"]),
        ForeignKey(["mailing_province"], ["province.province"]),
        ForeignKey(["release_id"], ["release.release_id"]),
        ForeignKey(["run_id"], ["load_run.run_id"]),
        ForeignKey(["site_key", "school_key"], ["site.site_key", "site.school_key"]),
        ForeignKey(["source_key"], ["source_file.source_key"]),
        ForeignKey(["stream_key"], ["stream.stream_key"]),
        PrimaryKey("program_key"),
        Unique("release_id", "program_stream_id", "valid_from"),
    )
    # at most one version of a program, and of a page, is valid now
    for name, column in (("uq_program_current", "program_stream_id"), ("uq_program_current_document", "document_id")):
        op.create_index(
            name, "program", ["release_id", column], unique=True, sqlite_where=CURRENT, postgresql_where=CURRENT
        )
    op.create_table(
        "exam",
        Column("program_key", KEY, nullable=False),
        Column("exam", sa.Text(), nullable=False),
        Check(f"exam IN {EXAMS}", name="exam_known"),
        ForeignKey(["program_key"], ["program.program_key"]),
        PrimaryKey("program_key", "exam"),
    )
    op.create_table(
        "interview_date",
        Column("program_key", KEY, nullable=False),
        Column("interview_date", sa.Date(), nullable=False),
        ForeignKey(["program_key"], ["program.program_key"]),
        PrimaryKey("program_key", "interview_date"),
    )
    op.create_table(
        "section",
        Column("program_key", KEY, nullable=False),
        Column("section_key", sa.Text(), nullable=False),
        Column("section_position", sa.Integer(), nullable=False),
        Column("n_characters", sa.Integer(), nullable=False),
        Column("is_filled", sa.Boolean(), nullable=False),
        Check(f"section_key IN {SECTION_KEYS}", name="section_key_known"),
        Check("is_filled IN (TRUE, FALSE)", name="is_filled_is_bool"),
        Check("n_characters >= 0", name="n_characters_at_least_0"),
        Check("section_position >= 1", name="section_position_at_least_1"),
        ForeignKey(["program_key"], ["program.program_key"]),
        PrimaryKey("program_key", "section_key"),
    )

    _fill("province", ("province", "province_name", "province_name_fr", "jurisdiction_kind"), PROVINCES)
    _fill("applications_band", ("applications_band", "applications_lower", "applications_upper"), APPLICATIONS_BANDS)
    _fill("interview_band", ("interview_band", "interview_lower", "interview_upper"), INTERVIEW_BANDS)


def _fill(name: str, columns: tuple[str, ...], rows: Sequence[tuple[str | int | None, ...]]) -> None:
    # typed, so that the rows can also be written out as SQL
    types = [sa.Integer() if column.endswith(("_lower", "_upper")) else sa.Text() for column in columns]
    table = sa.table(name, *(sa.column(*column) for column in zip(columns, types, strict=True)))
    op.bulk_insert(table, [dict(zip(columns, row, strict=True)) for row in rows])


def downgrade() -> None:
    """Drop the tables, those that refer before those referred to."""
    for table in TABLES_LAST_FIRST:
        op.drop_table(table)
