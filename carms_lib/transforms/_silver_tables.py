"""The tables of silver: facts as each bronze column gives them, and the dimensions that they refer to.

Belongs here: which reader reads which column, the shape of the fact tables, and joining the members of a dimension
with the reviewed reference data. Does not belong here: how a value is read (`values`), and that data.

The functions `read_…` take a screening and return a frame with the index of its frame: values where they could be
read, missing where not; the screening knows which rows to keep. The functions `…_table` take rows that passed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import pandas as pd

from carms_lib.schemas import TEXT, Reference, codes
from carms_lib.transforms._layer import Screening, shaped
from carms_lib.transforms.values import (
    WAYS,
    Fault,
    Names,
    fold,
    is_placeholder,
    page_fields,
    read_count,
    read_id,
    read_match_name,
    read_name,
    read_positive,
    read_text,
    spellings,
)

__all__ = [
    "band_table",
    "discipline_table",
    "listed_table",
    "program_table",
    "province_table",
    "read_disciplines",
    "read_master",
    "read_pages",
    "read_sections",
    "release_table",
    "school_table",
    "section_table",
    "site_table",
    "stream_table",
]

_PLACE_NUMBERS = ("site_latitude", "site_longitude", "site_population", "distance_km")
_PLACE = ("community", "site_class", "distributed_campus", *_PLACE_NUMBERS)
_LONGEST_PLACEHOLDER = 300  # characters; the longest seen is a table's row of titles


def read_disciplines(discipline: Screening) -> pd.DataFrame:
    """Read the workbook of disciplines: discipline_id, discipline."""
    values = pd.DataFrame(
        {
            "discipline_id": discipline.read("discipline_id", read_id),
            "discipline": discipline.read("discipline", read_text),
        }
    )
    discipline.fail_repeats("discipline_id")
    twice = discipline.passing & values["discipline"].duplicated(keep=False)
    discipline.fail(twice, "discipline", "the same name under two numbers")
    return values[discipline.passing].astype(TEXT)


def read_master(master: Screening, disciplines: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Read the master: program_stream_id, discipline, school, site, stream."""
    known = {fold(name): name for name in disciplines["discipline"]}
    values = pd.DataFrame(
        {
            "program_stream_id": master.read("program_stream_id", read_id),
            "discipline": master.read("discipline_name", _named(known, "discipline")),
            "school": master.read("school_name", _named(names.school, "school")),
            "site": master.read("program_site", read_text),
            "stream": master.read("program_stream", _named(names.stream, "stream")),
        }
    )
    master.fail_repeats("program_stream_id")
    ids = values["discipline"].map(disciplines.set_index("discipline")["discipline_id"])
    contradicts = ids.notna() & (master.frame["discipline_id"].fillna("") != ids)
    master.fail(contradicts, "discipline_id", "is not the number of the discipline named beside it")
    return values


def read_pages(page: Screening, names: Names) -> pd.DataFrame:
    """Read the pages: every field that the registry takes to silver, typed; bands as `BandLimits`, lists as tuples."""
    frame = page.frame
    values = pd.DataFrame(
        {
            "program_stream_id": page.read("program_stream_id", read_id),
            "release_id": frame["release_id"],
            "match_name": page.read("match_name", lambda text: read_match_name(text, names.match, names.iteration)),
            "stream": page.read("stream", _named(names.stream, "stream")),
            **{
                field.name: page.read(column, WAYS[field.conform](field, names), required=field.is_required_on_page)
                for column, field in page_fields().items()
            },
        }
    )
    page.fail_repeats("program_stream_id")
    foreign = frame["document_id"].fillna("") != frame["release_id"] + "-" + frame["program_stream_id"].fillna("")
    page.fail(foreign & page.passing, "document_id", "is not of this release and program")
    matches = Counter(values.loc[page.passing, "match_name"])
    if len(matches) > 1:
        of_release = min(matches, key=lambda name: (-matches[name], name))
        other = values["match_name"].map(lambda name: name is not None and name != of_release)
        page.fail(other, "match_name", "is not the match that most pages name")
    return values


def read_sections(section: Screening, page: Screening) -> pd.DataFrame:
    """Read the sections: program_stream_id, section_key, section_position, n_characters, is_filled."""
    frame = section.frame
    values = pd.DataFrame(
        {
            "document_id": section.read("document_id", read_text),
            "section_key": section.read("section_key", _named(spellings(codes.SECTION_KEYS), "section")),
            "section_position": section.read("section_position", read_positive),
            "n_characters": section.read("n_characters", read_count),
        }
    )
    kept = page.kept.set_index("document_id")["program_stream_id"]
    values["program_stream_id"] = frame["document_id"].map(kept)
    lonely = section.passing & values["program_stream_id"].isna()
    known = frame["document_id"].isin(page.frame["document_id"])
    section.fail(lonely & ~known, "document_id", "has no page")
    section.fail(lonely & known, "document_id", "its page was set aside")
    ordered = values.sort_values(["section_position", "n_characters"], kind="stable")
    again = ordered.duplicated(["document_id", "section_key"]).reindex(values.index)
    section.fail(section.passing & again, "section_key", "second section with this key on its page")
    # Only a short body can be a placeholder; a missing text (contacts, or the bundle) is judged by its length.
    short = frame["text"].where(frame["text"].str.len() <= _LONGEST_PLACEHOLDER)
    says_nothing = short.map(is_placeholder, na_action="ignore").fillna(False).astype(bool)
    values["is_filled"] = values["n_characters"].map(bool) & ~says_nothing
    return values


def program_table(programs: pd.DataFrame, pages: pd.DataFrame) -> pd.DataFrame:
    """Return silver.program: each master row joined with its page."""
    table = programs.merge(pages.drop(columns="stream"), on="program_stream_id", validate="one_to_one")
    return shaped(table, "silver", "program")


def band_table(pages: pd.DataFrame) -> pd.DataFrame:
    """Return silver.band: two rows per program."""
    parts = []
    for metric in codes.BAND_METRICS:
        bands = pages[f"{metric}_band"]
        parts.append(
            pd.DataFrame(
                {
                    "program_stream_id": pages["program_stream_id"],
                    "metric": metric,
                    "band": [limits.band for limits in bands],
                    "band_lower": [limits.lower for limits in bands],
                    "band_upper": [limits.upper for limits in bands],
                }
            )
        )
    return shaped(pd.concat(parts, ignore_index=True), "silver", "band")


def listed_table(pages: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return a table with one row per program and listed value; the field is named like the table."""
    listed = pages[["program_stream_id", table]].explode(table).dropna()
    return shaped(listed, "silver", table)


def section_table(sections: pd.DataFrame) -> pd.DataFrame:
    """Return silver.section."""
    return shaped(sections, "silver", "section")


def _named(names: Mapping[str, str], kind: str) -> Callable[[str], str | Fault]:
    return lambda text: read_name(text, names, kind)


NOT_REVIEWED = "province of the school, assumed: the site is not reviewed"


def release_table(pages: pd.DataFrame) -> pd.DataFrame:
    """Return silver.release from pages that passed: one row, or none where no page passed."""
    names = pages[["release_id", "match_name"]].drop_duplicates()
    parts = pd.DataFrame(
        {
            "release_id": names["release_id"],
            "match": [name.match for name in names["match_name"]],
            "cycle": [name.cycle for name in names["match_name"]],
            "iteration": [name.iteration for name in names["match_name"]],
        }
    )
    return shaped(parts, "silver", "release")


def discipline_table(disciplines: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """Return silver.discipline: every discipline of the workbook, with its French name where one is printed."""
    return shaped(disciplines.merge(reference.discipline, on="discipline", how="left"), "silver", "discipline")


def school_table(program: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """Return silver.school: the schools of the programs."""
    return shaped(reference.school[reference.school["school"].isin(program["school"])], "silver", "school")


def stream_table(program: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """Return silver.stream: the streams of the programs, who may apply as data."""
    return shaped(reference.stream[reference.stream["stream"].isin(program["stream"])], "silver", "stream")


def site_table(program: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """Return silver.site: the sites of the programs; a site that no one reviewed has its school's province."""
    sites = program[["school", "site"]].drop_duplicates()
    sites = sites.merge(reference.site, on=["school", "site"], how="left")
    sites = sites.merge(reference.school[["school", "school_province"]], on="school", how="left")
    sites["site_province"] = sites["site_province"].fillna(sites["school_province"])
    sites["site_province_reason"] = sites["reason"].fillna(NOT_REVIEWED)
    for name in _PLACE:
        if name not in sites:  # reviewed data of a user's own may say the province alone
            sites[name] = pd.Series(pd.NA, index=sites.index, dtype=TEXT)
        if name in _PLACE_NUMBERS:
            sites[name] = pd.to_numeric(sites[name])
    return shaped(sites, "silver", "site")


def province_table(reference: Reference, *used: pd.Series[str]) -> pd.DataFrame:
    """Return silver.province: the provinces and territories that any of `used` names."""
    members = {province for series in used for province in series.dropna()}
    return shaped(reference.province[reference.province["province"].isin(members)], "silver", "province")
