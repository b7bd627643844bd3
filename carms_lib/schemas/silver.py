"""The silver layer: conformed dimensions and facts, one fact a row.

Belongs here: typed, conformed, unique, referentially whole tables. Does not belong here: prose, and
anything that two other columns already say. Dimensions hold the members that the release uses.
"""

from __future__ import annotations

from carms_lib.schemas import codes
from carms_lib.schemas._model import Date, OptionalInt, Table, Text, field, register

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

_NUMBER = "[0-9]+"


@register("silver", "release", key=("release_id",))
class Release(Table):
    """One row per release: one publication of one iteration of one match."""

    release_id: Text = field("release: release_id", pattern=".+")
    match: Text = field("page.match_name", pattern=".+")
    cycle: int = field("page.match_name", minimum=1900, maximum=2200)
    iteration: Text = field("page.match_name", allowed=codes.ITERATIONS)


@register("silver", "province", key=("province",))
class Province(Table):
    """One row per province or territory that a school, site or mailing address of the release lies in."""

    province: Text = field("reference: province", allowed=codes.PROVINCES)
    province_name: Text = field("reference: province", unique=True)
    province_name_fr: Text = field("reference: province", unique=True)
    jurisdiction_kind: Text = field("reference: province", allowed=codes.JURISDICTION_KINDS)


@register("silver", "discipline", key=("discipline",))
class Discipline(Table):
    """One row per discipline of the release."""

    discipline: Text = field("discipline.discipline", pattern=".+")
    discipline_id: Text = field("discipline.discipline_id", unique=True, pattern=_NUMBER)
    discipline_fr: Text = field("reference: discipline", nullable=True)


@register("silver", "school", key=("school",), references={("school_province",): "province"})
class School(Table):
    """One row per medical school of the release."""

    school: Text = field("program_master.school_name", pattern=".+")
    school_short: Text = field("reference: school", unique=True, pattern=".+")
    school_fr: Text = field("reference: school", nullable=True)
    school_province: Text = field("reference: school", allowed=codes.PROVINCES)


@register("silver", "stream", key=("stream",), references={("home_province",): "province"})
class Stream(Table):
    """One row per stream of the release: who may apply, as data."""

    stream: Text = field("program_master.program_stream", pattern=".+")
    eligibility: Text = field("reference: stream", allowed=codes.ELIGIBILITIES)
    admits_cmg: bool = field("reference: stream")
    admits_img: bool = field("reference: stream")
    admits_motp: bool = field("reference: stream")
    home_province: Text = field("reference: stream", nullable=True, allowed=codes.PROVINCES)
    return_of_service: bool = field("reference: stream")
    is_indigenous: bool = field("reference: stream")
    is_competitive: bool = field("reference: stream")
    is_rural_generalist: bool = field("reference: stream")
    eligibility_rule: Text = field("reference: stream", pattern=".+")


@register(
    "silver",
    "site",
    key=("school", "site"),
    references={("school",): "school", ("site_province",): "province"},
)
class Site(Table):
    """One row per training site of a school; the same word may name two places for two schools."""

    school: Text = field("program_master.school_name", pattern=".+")
    site: Text = field("program_master.program_site", pattern=".+")
    site_province: Text = field("reference: site, else the school's province", allowed=codes.PROVINCES)
    site_province_reason: Text = field("reference: site, else 'province of the school'", pattern=".+")


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
)
class Program(Table):
    """One row per program: one school, discipline, site and stream of one release."""

    program_stream_id: Text = field("program_master.program_stream_id", pattern=_NUMBER)
    release_id: Text = field("release: release_id", pattern=".+")
    document_id: Text = field("page.document_id", unique=True, pattern=".+-[0-9]+")
    discipline: Text = field("program_master.discipline_name")
    school: Text = field("program_master.school_name")
    site: Text = field("program_master.program_site")
    stream: Text = field("program_master.program_stream")
    mailing_province: Text = field("page.mailing_province", nullable=True, allowed=codes.PROVINCES)
    language: Text = field("page.application_language", allowed=codes.LANGUAGES)
    page_language: Text = field("page.page_language", allowed=codes.PAGE_LANGUAGES)
    quota: int = field("page.quota", minimum=1)
    body_quota: OptionalInt = field("page.body_quota", nullable=True, minimum=0)
    accreditation: Text = field("page.accreditation", allowed=codes.ACCREDITATIONS)
    approval_date: Date = field("page.approval_date")
    program_length_years: OptionalInt = field("page.program_length", nullable=True, minimum=1, maximum=10)
    reference_letters: OptionalInt = field("page.reference_letters", nullable=True, minimum=0)
    personal_letter_words: OptionalInt = field("page.personal_letter_words", nullable=True, minimum=0)


@register(
    "silver",
    "band",
    key=("program_stream_id", "metric"),
    references={("program_stream_id",): "program"},
)
class Band(Table):
    """One row per program and metric: how many applied, and what share was interviewed, in bands."""

    program_stream_id: Text = field("page.program_stream_id", pattern=_NUMBER)
    metric: Text = field("page.applications_band or page.interview_band", allowed=codes.BAND_METRICS)
    band: Text = field(
        "page.applications_band or page.interview_band",
        allowed=codes.APPLICATIONS_BANDS + codes.INTERVIEW_BANDS,
    )
    band_lower: int = field("the band's label", minimum=0)
    band_upper: OptionalInt = field("the band's label", nullable=True, minimum=0)


@register(
    "silver",
    "section",
    key=("program_stream_id", "section_key"),
    references={("program_stream_id",): "program"},
)
class Section(Table):
    """One row per section that a program's page has: present, and whether it is filled."""

    program_stream_id: Text = field("section.document_id", pattern=_NUMBER)
    section_key: Text = field("section.section_key", allowed=codes.SECTION_KEYS)
    section_position: int = field("section.section_position", minimum=1)
    n_characters: int = field("section.n_characters", minimum=0)
    is_filled: bool = field("section.n_characters and section.text")


@register(
    "silver",
    "interview_date",
    key=("program_stream_id", "interview_date"),
    references={("program_stream_id",): "program"},
)
class InterviewDate(Table):
    """One row per program and day on which it interviews."""

    program_stream_id: Text = field("page.program_stream_id", pattern=_NUMBER)
    interview_date: Date = field("page.interview_dates")


@register(
    "silver",
    "exam",
    key=("program_stream_id", "exam"),
    references={("program_stream_id",): "program"},
)
class Exam(Table):
    """One row per program and examination that its page names."""

    program_stream_id: Text = field("page.program_stream_id", pattern=_NUMBER)
    exam: Text = field("page.exams", allowed=codes.EXAMS)
