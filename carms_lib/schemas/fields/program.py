"""The fields that name and place a program: keys, disciplines, schools, sites, streams, provinces, match, lineage.

Belongs here: rows of the registry that more than one table has, and those of the dimensions and of the facts that the
library makes. Does not belong here: what a page alone prints, which is in `page`.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from carms_lib.schemas import codes
from carms_lib.schemas.fields.row import NO_UNIT, Field, in_disciplines, in_master, in_section, on_page

__all__ = ["BANDS", "CELL", "KEYS", "PLACES", "STREAM"]

_NUMBER = "[0-9]+"

KEYS: Final = (
    Field(
        name="program_stream_id",
        meaning="Key of a program: the publisher's number of one program stream.",
        unit=NO_UNIT,
        pattern=_NUMBER,
        printed=(
            *in_master("program_stream_id"),
            *on_page("number after the hyphen of document_id", reader="program_stream_id"),
        ),
        silver={
            "program": "program_master.program_stream_id",
            "band": "page.program_stream_id",
            "section": "section.document_id",
            "interview_date": "page.program_stream_id",
            "exam": "page.program_stream_id",
        },
        gold={"program": "silver program"},
    ),
    Field(
        name="release_id",
        meaning="The publication that the row comes from.",
        unit=NO_UNIT,
        pattern=".+",
        rules_in=("silver.release", "silver.program", "gold.program", "gold.cell"),
        lineage="release: release_id",
        silver={"release": "release: release_id", "program": "release: release_id"},
        gold={"program": "silver program", "cell": "gold program"},
    ),
    Field(
        name="document_id",
        meaning="Key of a page: release number, hyphen, program stream number.",
        unit=NO_UNIT,
        unique=True,
        pattern=".+-[0-9]+",
        printed=(
            *on_page("last line, or the file's name", reader="document_id"),
            *in_section("last line, or the file's name"),
        ),
        silver="program",
    ),
    Field(
        name="source_file",
        meaning="Published file that the row was read from.",
        unit=NO_UNIT,
        lineage="release: sources.file",
    ),
    Field(
        name="source_row",
        meaning="Position of the row in its raw table, from 1.",
        unit=NO_UNIT,
        type="integer",
        minimum=1,
        lineage="position in the raw table",
        audit={"quarantine": "bronze: source_row"},
    ),
    Field(
        name="source_sha256",
        meaning="SHA-256 of the published file, hexadecimal.",
        unit=NO_UNIT,
        optional=True,
        pattern="[0-9a-f]{64}",
        lineage="release: sources.sha256",
    ),
    Field(
        name="match",
        meaning="Name of the match.",
        unit=NO_UNIT,
        pattern=".+",
        silver={"release": "page.match_name"},
    ),
    Field(
        name="cycle",
        meaning="Year of the match.",
        unit="year",
        type="integer",
        minimum=1900,
        maximum=2200,
        silver={"release": "page.match_name"},
        gold={"program": "silver release"},
    ),
    Field(
        name="iteration",
        meaning="First or second iteration of the match.",
        unit=NO_UNIT,
        allowed=codes.ITERATIONS,
        silver={"release": "page.match_name"},
        gold={"program": "silver release"},
    ),
)
"""Keys, lineage and the match."""

_OfSite: TypeAlias = tuple[
    str, str, str, Literal["text", "integer", "number"], tuple[str, ...] | None, int | None, int | None
]
_NO_ONE = "missing for a site without a single community and one that no one reviewed"
#: Name, meaning, unit, type, values allowed, limits: where a site is, as reviewed.
_OF_SITES: Final[tuple[_OfSite, ...]] = (
    ("community", f"Town or city that the training site is based in; {_NO_ONE}.", NO_UNIT, "text", None, None, None),
    (
        "site_class",
        (
            "Class of the community by population: urban (100,000 or more, or inside such a built-up area), regional "
            "(30,000 to 99,999), rural (fewer); several for a site without a single community, missing where no one "
            "reviewed it."
        ),
        NO_UNIT, "text", codes.SITE_CLASSES, None, None,
    ),
    ("site_latitude", f"Latitude of the community, north positive; {_NO_ONE}.", "degrees", "number", None, 41, 84),
    ("site_longitude", f"Longitude of the community, east positive; {_NO_ONE}.", "degrees", "number", None, -142, -52),
    ("site_population", f"Inhabitants of the community; {_NO_ONE}.", "persons", "integer", None, 0, None),
    (
        "distance_km",
        f"Great-circle distance from the community to the main campus of the school, the nearest of two; {_NO_ONE}.",
        "km", "number", None, 0, None,
    ),
    (
        "distributed_campus",
        (
            "Whether the community has a distributed (regional, satellite) campus of the site's school; missing where "
            "no one reviewed the site."
        ),
        NO_UNIT, "text", codes.YES_NO, None, None,
    ),
)  # fmt: skip

PLACES: Final = (
    Field(
        name="row_number",
        meaning="Row number that the workbook carries in its nameless first column.",
        unit=NO_UNIT,
        printed=in_master("first column, which has no name"),
    ),
    Field(
        name="discipline_id",
        meaning="The publisher's number of a discipline.",
        unit=NO_UNIT,
        unique=True,
        pattern=_NUMBER,
        printed=(*in_disciplines("discipline_id"), *in_master("discipline_id")),
        silver="discipline",
    ),
    Field(
        name="discipline",
        meaning="Medical discipline, English name as published.",
        unit=NO_UNIT,
        pattern=".+",
        rules_in=("silver.discipline",),
        printed=(
            *in_disciplines("discipline"),
            *in_master("discipline_name", "discipline_name", "Discipline as the master workbook prints it."),
        ),
        silver={"discipline": "discipline.discipline", "program": "program_master.discipline_name"},
        gold={"program": "silver program", "cell": "gold program"},
    ),
    Field(
        name="discipline_fr",
        meaning="Medical discipline, French name; missing where no French page prints one.",
        unit=NO_UNIT,
        optional=True,
        silver={"discipline": "reference: discipline"},
    ),
    Field(
        name="school_id",
        meaning="Number of one pair of school and discipline; it does not identify a school.",
        unit=NO_UNIT,
        printed=in_master("school_id"),
    ),
    Field(
        name="school",
        meaning="Medical school, name as published with plain apostrophes; 18 of them.",
        unit=NO_UNIT,
        pattern=".+",
        rules_in=("silver.school", "silver.site"),
        printed=in_master("school_name", "school_name", "School as the master workbook prints it."),
        silver={
            "school": "program_master.school_name",
            "site": "program_master.school_name",
            "program": "program_master.school_name",
        },
        gold={"program": "silver program"},
    ),
    Field(
        name="school_short",
        meaning="Medical school, short name as used in published outcome tables.",
        unit=NO_UNIT,
        unique=True,
        pattern=".+",
        silver={"school": "reference: school"},
    ),
    Field(
        name="school_fr",
        meaning="Medical school, French name; missing where no French page prints one.",
        unit=NO_UNIT,
        optional=True,
        silver={"school": "reference: school"},
    ),
    Field(
        name="school_province",
        meaning="Province of the medical school.",
        unit=NO_UNIT,
        allowed=codes.PROVINCES,
        silver={"school": "reference: school"},
        gold={"program": "silver school"},
    ),
    Field(
        name="program_stream_name",
        meaning="Site and stream as the master workbook prints them.",
        unit=NO_UNIT,
        printed=in_master("program_stream_name"),
    ),
    Field(
        name="site",
        meaning="Training site, free text within its school; not always a city.",
        unit=NO_UNIT,
        pattern=".+",
        rules_in=("silver.site",),
        printed=in_master("program_site", "program_site", "Site as the master workbook prints it."),
        silver={"site": "program_master.program_site", "program": "program_master.program_site"},
        gold={"program": "silver program"},
    ),
    Field(
        name="site_province",
        meaning="Province in which the seat trains.",
        unit=NO_UNIT,
        allowed=codes.PROVINCES,
        silver={"site": "reference: site, else the school's province"},
        gold={"program": "silver site"},
    ),
    Field(
        name="site_province_reason",
        meaning="Why the site has this province.",
        unit=NO_UNIT,
        pattern=".+",
        silver={"site": "reference: site, else 'province of the school'"},
    ),
    *(
        Field(
            name=name,
            meaning=meaning,
            unit=unit,
            type=kind,
            optional=True,
            allowed=allowed,
            minimum=minimum,
            maximum=maximum,
            silver={"site": "reference: site"},
            gold={"program": "silver site"},
            since=2,
        )
        for name, meaning, unit, kind, allowed, minimum, maximum in _OF_SITES
    ),
    Field(
        name="province",
        meaning="Province or territory, two-letter code.",
        unit=NO_UNIT,
        allowed=codes.PROVINCES,
        silver={"province": "reference: province"},
        gold={"cell": "gold program: school_province"},
    ),
    Field(
        name="province_name",
        meaning="Province or territory, English name.",
        unit=NO_UNIT,
        unique=True,
        silver={"province": "reference: province"},
    ),
    Field(
        name="province_name_fr",
        meaning="Province or territory, French name.",
        unit=NO_UNIT,
        unique=True,
        silver={"province": "reference: province"},
    ),
    Field(
        name="jurisdiction_kind",
        meaning="Province or territory.",
        unit=NO_UNIT,
        allowed=codes.JURISDICTION_KINDS,
        silver={"province": "reference: province"},
    ),
)
"""Disciplines, schools, sites and provinces."""

STREAM: Final = (
    Field(
        name="stream",
        meaning="Stream of the program (who may apply), canonical English spelling.",
        unit=NO_UNIT,
        pattern=".+",
        rules_in=("silver.stream",),
        printed=(
            *in_master("program_stream", "program_stream", "Stream as the master workbook prints it."),
            *on_page("line under the second heading", reader="stream"),
        ),
        silver={"stream": "program_master.program_stream", "program": "program_master.program_stream"},
        gold={"program": "silver program"},
    ),
    Field(
        name="program_name",
        meaning="School, discipline, site and stream as the master workbook prints them.",
        unit=NO_UNIT,
        printed=in_master("program_name"),
    ),
    Field(
        name="program_url",
        meaning="Address of the program's page at the publisher.",
        unit=NO_UNIT,
        printed=in_master("program_url"),
    ),
    Field(
        name="eligibility",
        meaning="Class of applicants that may apply.",
        unit=NO_UNIT,
        allowed=codes.ELIGIBILITIES,
        silver={"stream": "reference: stream"},
        gold={"program": "silver stream", "cell": "gold program"},
    ),
    Field(
        name="admits_cmg",
        meaning="Graduates of Canadian and accredited US schools may apply.",
        unit=NO_UNIT,
        type="boolean",
        silver={"stream": "reference: stream"},
        gold={"program": "silver stream"},
    ),
    Field(
        name="admits_img",
        meaning="Graduates of other international schools may apply.",
        unit=NO_UNIT,
        type="boolean",
        silver={"stream": "reference: stream"},
        gold={"program": "silver stream"},
    ),
    Field(
        name="admits_motp",
        meaning="Military applicants (MOTP/MMTP) may apply.",
        unit=NO_UNIT,
        type="boolean",
        silver={"stream": "reference: stream"},
        gold={"program": "silver stream"},
    ),
    Field(
        name="home_province",
        meaning="Applicants must come from this province; missing where the stream has no such rule.",
        unit=NO_UNIT,
        optional=True,
        allowed=codes.PROVINCES,
        silver={"stream": "reference: stream"},
        gold={"program": "silver stream"},
    ),
    Field(
        name="return_of_service",
        meaning="The stream's name itself obliges to a return of service; false says only that the name does not.",
        unit=NO_UNIT,
        type="boolean",
        silver={"stream": "reference: stream"},
        gold={"program": "silver stream"},
    ),
    Field(
        name="is_indigenous",
        meaning="The stream is for training with and for Indigenous communities.",
        unit=NO_UNIT,
        type="boolean",
        silver={"stream": "reference: stream"},
    ),
    Field(
        name="is_competitive",
        meaning="Canadian and international graduates compete for the same seats by name.",
        unit=NO_UNIT,
        type="boolean",
        silver={"stream": "reference: stream"},
    ),
    Field(
        name="is_rural_generalist",
        meaning="The stream belongs to a rural generalist pathway.",
        unit=NO_UNIT,
        type="boolean",
        silver={"stream": "reference: stream"},
    ),
    Field(
        name="eligibility_rule",
        meaning="Who may apply, in one sentence.",
        unit=NO_UNIT,
        pattern=".+",
        silver={"stream": "reference: stream"},
    ),
)
"""Streams and who may apply."""

BANDS: Final = (
    Field(
        name="metric",
        meaning="What the band measures: applications received, or share of applicants interviewed.",
        unit=NO_UNIT,
        allowed=codes.BAND_METRICS,
        silver={"band": "page.applications_band or page.interview_band"},
    ),
    Field(
        name="band",
        meaning="Label of the band.",
        unit=NO_UNIT,
        allowed=codes.APPLICATIONS_BANDS + codes.INTERVIEW_BANDS,
        silver={"band": "page.applications_band or page.interview_band"},
    ),
    Field(
        name="band_lower",
        meaning="Lower limit of the band, inclusive.",
        unit="applications or %",
        type="integer",
        minimum=0,
        silver={"band": "the band's label"},
    ),
    Field(
        name="band_upper",
        meaning="Upper limit of the band, inclusive; missing where the band is open.",
        unit="applications or %",
        type="integer",
        optional=True,
        minimum=0,
        silver={"band": "the band's label"},
    ),
    Field(
        name="applications_lower",
        meaning="Lower limit of the applications band, inclusive.",
        unit="applications",
        type="integer",
        minimum=0,
        gold={"program": "silver band"},
    ),
    Field(
        name="applications_upper",
        meaning="Upper limit of the applications band, inclusive; missing where the band is open.",
        unit="applications",
        type="integer",
        optional=True,
        minimum=0,
        gold={"program": "silver band"},
    ),
    Field(
        name="interview_lower",
        meaning="Lower limit of the interview band, inclusive.",
        unit="%",
        type="integer",
        minimum=0,
        maximum=100,
        gold={"program": "silver band"},
    ),
    Field(
        name="interview_upper",
        meaning="Upper limit of the interview band, inclusive.",
        unit="%",
        type="integer",
        minimum=0,
        maximum=100,
        gold={"program": "silver band"},
    ),
)
"""The bands of a page as facts, and their limits in gold."""

CELL: Final = (
    Field(
        name="programs",
        meaning="Number of programs.",
        unit="programs",
        type="integer",
        minimum=1,
        gold={"cell": "gold program: count"},
    ),
    Field(
        name="seats",
        meaning="Sum of quotas.",
        unit="seats",
        type="integer",
        minimum=1,
        gold={"cell": "gold program: sum of quota"},
    ),
)
"""What gold sums by cell."""
