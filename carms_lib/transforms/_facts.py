"""The facts of silver: what each bronze column says, row by row, and the tables that come of it.

Belongs here: which reader reads which column, and the shape of the fact tables. Does not belong here: how a value
is read (`values`), and dimensions (`_dimensions`).

The functions `read_…` take a screening and return a frame with the index of its frame: values where they could be
read, missing where not; the screening knows which rows to keep. The functions `…_table` take rows that passed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import pandas as pd

from carms_lib.schemas import TEXT, codes
from carms_lib.transforms._layer import shaped
from carms_lib.transforms._quarantine import Screening
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
    "listed_table",
    "program_table",
    "read_disciplines",
    "read_master",
    "read_pages",
    "read_sections",
    "section_table",
]

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
