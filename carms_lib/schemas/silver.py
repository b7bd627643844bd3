"""The silver layer: conformed dimensions and facts, one fact a row.

Belongs here: typed, conformed, unique, referentially whole tables. Does not belong here: their columns, which are rows
of `carms_lib.schemas.fields`; prose, and anything that two other columns already say. Dimensions hold the members that
the release uses.
"""

from __future__ import annotations

from carms_lib.schemas._model import Table, register

__all__ = [
    "Band",
    "Discipline",
    "Exam",
    "InterviewDate",
    "Program",
    "Province",
    "Release",
    "School",
    "Section",
    "Site",
    "Stream",
]


@register("silver", "release", key=("release_id",))
class Release(Table):
    """One row per release: one publication of one iteration of one match."""


@register("silver", "province", key=("province",))
class Province(Table):
    """One row per province or territory that a school, site or mailing address of the release lies in."""


@register("silver", "discipline", key=("discipline",), first=("discipline",))
class Discipline(Table):
    """One row per discipline of the release."""


@register("silver", "school", key=("school",), references={("school_province",): "province"})
class School(Table):
    """One row per medical school of the release."""


@register("silver", "stream", key=("stream",), references={("home_province",): "province"})
class Stream(Table):
    """One row per stream of the release: who may apply, as data."""


@register(
    "silver",
    "site",
    key=("school", "site"),
    references={("school",): "school", ("site_province",): "province"},
)
class Site(Table):
    """One row per training site of a school; the same word may name two places for two schools."""


@register(
    "silver",
    "program",
    key=("program_stream_id",),
    references={
        ("release_id",): "release",
        ("discipline",): "discipline",
        ("school", "site"): "site",
        ("stream",): "stream",
        ("mailing_province",): "province",
    },
    first=(
        *("program_stream_id", "release_id", "document_id", "discipline", "school", "site", "stream"),
        *("mailing_province", "language", "page_language", "quota", "body_quota", "accreditation"),
    ),
)
class Program(Table):
    """One row per program: one school, discipline, site and stream of one release."""


@register(
    "silver",
    "band",
    key=("program_stream_id", "metric"),
    references={("program_stream_id",): "program"},
)
class Band(Table):
    """One row per program and metric: how many applied, and what share was interviewed, in bands."""


@register(
    "silver",
    "section",
    key=("program_stream_id", "section_key"),
    references={("program_stream_id",): "program"},
    first=("program_stream_id", "section_key"),
)
class Section(Table):
    """One row per section that a program's page has: present, and whether it is filled."""


@register(
    "silver",
    "interview_date",
    key=("program_stream_id", "interview_date"),
    references={("program_stream_id",): "program"},
)
class InterviewDate(Table):
    """One row per program and day on which it interviews."""


@register(
    "silver",
    "exam",
    key=("program_stream_id", "exam"),
    references={("program_stream_id",): "program"},
)
class Exam(Table):
    """One row per program and examination that its page names."""
