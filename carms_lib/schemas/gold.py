"""The gold layer: analysis-ready tables, small, with no prose and no person.

Belongs here: what the simulator, the warehouse's readers and a planner start from. Does not belong here: a
column that no analysis uses, and lineage, which bronze holds under the same keys.
"""

from __future__ import annotations

from carms_lib.schemas import codes
from carms_lib.schemas._model import Date, OptionalInt, Table, Text, field, register

__all__ = ["GoldCell", "GoldProgram"]


@register("gold", "program", key=("program_stream_id",))
class GoldProgram(Table):
    """One row per program, sorted by program_stream_id; its quotas sum to those of silver."""

    program_stream_id: Text = field("silver program", pattern="[0-9]+")
    release_id: Text = field("silver program", pattern=".+")
    cycle: int = field("silver release", minimum=1900, maximum=2200)
    iteration: Text = field("silver release", allowed=codes.ITERATIONS)
    discipline: Text = field("silver program")
    school: Text = field("silver program")
    site: Text = field("silver program")
    stream: Text = field("silver program")
    eligibility: Text = field("silver stream", allowed=codes.ELIGIBILITIES)
    admits_cmg: bool = field("silver stream")
    admits_img: bool = field("silver stream")
    admits_motp: bool = field("silver stream")
    home_province: Text = field("silver stream", nullable=True, allowed=codes.PROVINCES)
    return_of_service: bool = field("silver stream")
    school_province: Text = field("silver school", allowed=codes.PROVINCES)
    site_province: Text = field("silver site", allowed=codes.PROVINCES)
    mailing_province: Text = field("silver program", nullable=True, allowed=codes.PROVINCES)
    language: Text = field("silver program", allowed=codes.LANGUAGES)
    page_language: Text = field("silver program", allowed=codes.PAGE_LANGUAGES)
    quota: int = field("silver program", minimum=1)
    applications_band: Text = field("silver band", allowed=codes.APPLICATIONS_BANDS)
    applications_lower: int = field("silver band", minimum=0)
    applications_upper: OptionalInt = field("silver band", nullable=True, minimum=0)
    interview_band: Text = field("silver band", allowed=codes.INTERVIEW_BANDS)
    interview_lower: int = field("silver band", minimum=0, maximum=100)
    interview_upper: int = field("silver band", minimum=0, maximum=100)
    accreditation: Text = field("silver program", allowed=codes.ACCREDITATIONS)
    approval_date: Date = field("silver program")
    program_length_years: OptionalInt = field("silver program", nullable=True, minimum=1, maximum=10)
    reference_letters: OptionalInt = field("silver program", nullable=True, minimum=0)
    personal_letter_words: OptionalInt = field("silver program", nullable=True, minimum=0)
    n_sections: int = field("silver section", minimum=0)
    n_sections_filled: int = field("silver section", minimum=0)


@register("gold", "cell", key=("release_id", "province", "discipline", "eligibility"))
class GoldCell(Table):
    """One row per release, province of the school, discipline and eligibility that has a program."""

    release_id: Text = field("gold program", pattern=".+")
    province: Text = field("gold program: school_province", allowed=codes.PROVINCES)
    discipline: Text = field("gold program")
    eligibility: Text = field("gold program", allowed=codes.ELIGIBILITIES)
    programs: int = field("gold program: count", minimum=1)
    seats: int = field("gold program: sum of quota", minimum=1)
