"""The facts of silver: what each bronze column says, row by row, and the tables that come of it.

Belongs here: which reader reads which column, and the shape of the fact tables. Does not belong here: how a value
is read (`_values`), and dimensions (`_dimensions`).

The functions `read_…` take a sieve and return a frame with the index of the sieve's frame: values where they could
be read, missing where not; the sieve knows which rows to keep. The functions `…_table` take rows that passed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd

from carms_lib.schemas import TEXT, codes
from carms_lib.transforms._layer import shaped
from carms_lib.transforms._names import Names
from carms_lib.transforms._quarantine import Sieve
from carms_lib.transforms._values import (
    Fault,
    fold,
    is_placeholder,
    read_band,
    read_count,
    read_date,
    read_listed_count,
    read_match_name,
    read_name,
    read_positive,
    read_word_limit,
    read_years,
    tidy,
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

_BANDS = {"applications": codes.APPLICATIONS_BANDS, "interview": codes.INTERVIEW_BANDS}
_LONGEST_PLACEHOLDER = 300  # characters; the longest seen is a table's row of titles


def read_disciplines(discipline: Sieve) -> pd.DataFrame:
    """Read the workbook of disciplines: discipline_id, discipline."""
    values = pd.DataFrame(
        {
            "discipline_id": discipline.read("discipline_id", _read_id),
            "discipline": discipline.read("discipline", _read_text),
        }
    )
    discipline.fail_repeats("discipline_id")
    twice = discipline.passing & values["discipline"].duplicated(keep=False)
    discipline.fail(twice, "discipline", "the same name under two numbers")
    return values[discipline.passing].astype(TEXT)


def read_master(master: Sieve, disciplines: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Read the master: program_stream_id, discipline, school, site, stream."""
    known = {fold(name): name for name in disciplines["discipline"]}
    values = pd.DataFrame(
        {
            "program_stream_id": master.read("program_stream_id", _read_id),
            "discipline": master.read("discipline_name", _reader(known, "discipline")),
            "school": master.read("school_name", _reader(names.school, "school")),
            "site": master.read("program_site", _read_text),
            "stream": master.read("program_stream", _reader(names.stream, "stream")),
        }
    )
    master.fail_repeats("program_stream_id")
    ids = values["discipline"].map(disciplines.set_index("discipline")["discipline_id"])
    contradicts = ids.notna() & (master.frame["discipline_id"].fillna("") != ids)
    master.fail(contradicts, "discipline_id", "is not the number of the discipline named beside it")
    return values


def read_pages(page: Sieve, names: Names) -> pd.DataFrame:
    """Read the pages: every printed fact, typed; bands as `BandLimits`, lists as tuples."""
    frame = page.frame
    values = pd.DataFrame(
        {
            "program_stream_id": page.read("program_stream_id", _read_id),
            "document_id": page.read("document_id", _read_text),
            "release_id": frame["release_id"],
            "match_name": page.read("match_name", lambda text: read_match_name(text, names.match, names.iteration)),
            "stream": page.read("stream", _reader(names.stream, "stream")),
            "page_language": page.read("page_language", _reader(_self(codes.PAGE_LANGUAGES), "page language")),
            "language": page.read("application_language", _reader(names.language, "language of application")),
            "quota": page.read("quota", read_positive),
            "body_quota": page.read("body_quota", read_count, required=False),
            "accreditation": page.read("accreditation", _reader(names.accreditation, "accreditation status")),
            "approval_date": page.read("approval_date", read_date),
            "program_length_years": page.read("program_length", read_years, required=False),
            "applications_band": page.read(
                "applications_band", lambda text: read_band(text, _BANDS["applications"], "applications")
            ),
            "interview_band": page.read(
                "interview_band", lambda text: read_band(text, _BANDS["interview"], "interview")
            ),
            "reference_letters": page.read("reference_letters", read_listed_count, required=False),
            "personal_letter_words": page.read("personal_letter_words", read_word_limit, required=False),
            "interview_dates": page.read("interview_dates", _list_reader(read_date), required=False),
            "exams": page.read("exams", _list_reader(_reader(names.exam, "examination")), required=False),
            "mailing_province": page.read("mailing_province", _reader(names.province, "province"), required=False),
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


def read_sections(section: Sieve, page: Sieve) -> pd.DataFrame:
    """Read the sections: program_stream_id, section_key, section_position, n_characters, is_filled."""
    frame = section.frame
    values = pd.DataFrame(
        {
            "document_id": section.read("document_id", _read_text),
            "section_key": section.read("section_key", _reader(_self(codes.SECTION_KEYS), "section")),
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
    table["approval_date"] = pd.to_datetime(table["approval_date"])
    return shaped(table, "silver", "program")


def band_table(pages: pd.DataFrame) -> pd.DataFrame:
    """Return silver.band: two rows per program."""
    parts = []
    for metric in _BANDS:
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


def listed_table(pages: pd.DataFrame, table: str, column: str) -> pd.DataFrame:
    """Return a table with one row per program and listed value; the value's column is named like the table."""
    pairs = pages[["program_stream_id", column]].explode(column).dropna()
    listed = pairs.rename(columns={column: table})
    if table == "interview_date":
        listed[table] = pd.to_datetime(listed[table])
    return shaped(listed, "silver", table)


def section_table(sections: pd.DataFrame) -> pd.DataFrame:
    """Return silver.section."""
    return shaped(sections, "silver", "section")


def _read_text(text: str) -> str | Fault:
    return tidy(text) or Fault("empty")


def _read_id(text: str) -> str | Fault:
    return text if re.fullmatch(r"[0-9]+", text) else Fault("not a number of digits only")


def _self(values: Iterable[str]) -> dict[str, str]:
    return {fold(value): value for value in values}


def _reader(names: Mapping[str, str], kind: str) -> Callable[[str], str | Fault]:
    return lambda text: read_name(text, names, kind)


def _list_reader(read: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...] | Fault]:
    """Return a reader of lists joined with semicolons: sorted, each value once."""

    def reader(text: str) -> tuple[Any, ...] | Fault:
        values = {read(part) for part in text.split(";") if part.strip()}
        faults = [value for value in values if isinstance(value, Fault)]
        return min(faults) if faults else tuple(sorted(values))

    return reader
