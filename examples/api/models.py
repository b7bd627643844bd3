"""What goes over the wire. These are the service's own promise: a column that the library adds changes nothing here."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(min_length=1, max_length=200)]
Metric = Literal["pressure", "unmatched_risk", "first_choice_ratio", "fill_rate", "unfilled"]
Grouping = Literal["country", "province", "discipline", "province,discipline"]


class Program(BaseModel):
    """A program of a release, as its page says."""

    program_stream_id: str
    discipline: str
    school: str
    site: str
    stream: str
    eligibility: str
    school_province: str
    site_province: str
    language: str
    quota: int
    applications_band: str
    interview_band: str
    accreditation: str
    approval_date: dt.date
    program_length_years: int | None
    reference_letters: int | None


class ProgramPage(BaseModel):
    release: str
    items: list[Program]
    next_after: str | None = Field(description="Give it as `after` for the next page; null on the last.")


class Version(BaseModel):
    """What a program was in a release from one moment to another."""

    release: str
    valid_from: dt.datetime
    valid_to: dt.datetime | None
    quota: int
    stream: str


class ProgramDetail(Program):
    release: str
    return_of_service: bool
    mailing_province: str | None
    personal_letter_words: int | None
    interviews_note: str = "Bands are as published: averages over five years, by the office that answered."
    versions: list[Version]


class Hit(BaseModel):
    program_stream_id: str
    discipline: str
    school: str
    site: str
    stream: str
    section: str
    language: str
    score: float
    snippet: str


class Discipline(BaseModel):
    discipline: str
    discipline_fr: str | None
    programs: int
    seats: int


class Band(BaseModel):
    """An estimate with its band; missing where no draw had anything to measure."""

    metric: str
    scenario: str
    cell: dict[str, str]
    estimate: float | None
    lower: float | None
    upper: float | None
    level: float
    kind: str
    n_draws: int


class Place(BaseModel):
    """A province or territory of the map."""

    province: str
    name: str
    name_fr: str
    programs: int = Field(description="Programs of the schools there.")
    seats: int = Field(description="Seats of these programs.")
    seats_at_sites: int = Field(description="Seats whose training site is there; some leave the school's province.")
    pressure: Band | None


class Map(BaseModel):
    release: str
    study: int
    places: list[Place]


class BandPage(BaseModel):
    release: str
    study: int = Field(description="The study that the bands are of; a page and its next are of the same.")
    by: list[str]
    items: list[Band]
    next_after: str | None


class Preference(BaseModel):
    """What applicants of a class want most, before interviews."""

    release: str
    study: int
    items: list[Band]


class Lever(BaseModel):
    """One change to the market; `where` selects programs, or classes of applicants, by column values."""

    model_config = ConfigDict(extra="forbid")

    action: Literal[
        "scale_quota", "set_quota", "add_seats", "close_programs", "scale_demand", "shift_preference", "scale_class"
    ]
    value: Annotated[float, Field(ge=-1_000, le=1_000)] | None = None
    where: dict[
        Literal["province", "discipline", "school", "eligibility", "stream", "program_stream_id", "applicant_class"],
        Annotated[list[Text], Field(min_length=1, max_length=50)],
    ] = {}


class ScenarioRequest(BaseModel):
    """A question: what would these levers change?"""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Ontario FM +10 %",
                    "levers": [
                        {
                            "action": "scale_quota",
                            "value": 1.1,
                            "where": {"province": ["ON"], "discipline": ["Family Medicine"]},
                        }
                    ],
                    "draws": 200,
                    "entropy": 2025,
                }
            ]
        },
    )

    name: Text
    levers: Annotated[list[Lever], Field(min_length=1, max_length=20)]
    draws: Annotated[int, Field(ge=1)] = 200
    entropy: Annotated[int, Field(ge=0, lt=2**63)] = 2025


class ScenarioResult(BaseModel):
    """Scenario minus baseline, paired draw by draw, with bands."""

    outcomes: list[Band]
    pressure_by_province: list[Band]


class Job(BaseModel):
    job_id: str
    status: Literal["waiting", "running", "done", "failed"]
    request: ScenarioRequest
    release: str
    submitted_at: dt.datetime
    started_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    result: ScenarioResult | None = None
    error: str | None = None


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    request_id: str
    suggestions: list[str] = Field(default=[], description="Near names, where a name was unknown.")
    fields: list[str] = Field(default=[], description="Where in the request it was found.")


class Health(BaseModel):
    status: Literal["alive", "ready"]
    release: str | None = None
    study: int | None = None
