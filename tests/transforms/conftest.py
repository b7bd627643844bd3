"""A release small enough to read, and the ways to damage it."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import pandas as pd
import pytest
from carms_lib.loaders import Release
from carms_lib.schemas import TEXT, contracts
from carms_lib.transforms import Layer, to_bronze, to_silver

DISCIPLINES = {"1": "Family Medicine", "2": "Psychiatry"}
# number, discipline, school, site, stream; what the page prints of them in its own language
PROGRAMS = (
    ("101", "1", "Queen’s University", "Kingston", "CMG Stream for CMG", {}),
    (
        "102",
        "1",
        "Université Laval",
        "Québec",
        "Regular Stream for All",
        {
            "page_language": "fr",
            "title": "Université Laval - Médecine familiale - Québec",
            "match_name": "Jumelage principal R-1 de 2025 - premier tour",
            "stream": "Groupe Régulier pour Tous",
            "approval_date": "September 3, 2024",
            "accreditation": "Agréé",
            "application_language": "Français",
            "program_length": "2 années",
            "interview_dates": "4 février 2025; 22 janvier 2025",
            "exams": "EACMC, partie I; CProMF",
            "mailing_province": "Québec",
            "personal_letter_words": "Aucun",
        },
    ),
    (
        "103",
        "1",
        "Dalhousie University",
        "Moncton",
        "New Brunswicker IMG Stream for IMG",
        {"quota": "1", "mailing_province": None, "application_language": "Either English or French"},
    ),
    ("104", "2", "University of British Columbia", "Vancouver", "Competitive RoS Stream for All", {}),
)
PAGE = {
    "page_language": "en",
    "match_name": "2025 R-1 Main Residency Match - first iteration",
    "approval_date": "September 10, 2024",
    "quota": "3",
    "accreditation": "Accredited",
    "application_language": "English",
    "program_length": "2 years",
    "applications_band": "51 - 200",
    "interview_band": "26 - 50",
    "reference_letters": "3",
    "personal_letter_words": "500",
    "interview_dates": "January 17, 2025; January 24, 2025",
    "exams": "Casper; NAC",
    "mailing_province": "Ontario",
}
SECTIONS = (
    ("program_contacts", "Program Contacts", "40", None),
    ("return_of_service", "Return of Service", "3", "S/O"),
    ("selection_criteria", "Selection Criteria", "35", "We look for the people we look for."),
)


def frame(records: list[dict[str, Any]], table: str) -> pd.DataFrame:
    return pd.DataFrame(records, columns=contracts()["raw"][table].columns).astype(TEXT)


def small_release() -> Release:
    master, pages, sections = [], [], []
    for position, (number, discipline, school, site, stream, printed) in enumerate(PROGRAMS):
        name = DISCIPLINES[discipline]
        master.append(
            {
                "row_number": str(position),
                "discipline_id": discipline,
                "discipline_name": name,
                "school_id": f"9{position}",
                "school_name": school,
                "program_stream_id": number,
                "program_stream_name": f"{site} - {stream}",
                "program_site": site,
                "program_stream": stream,
                "program_name": f"{school} / {name} / {site} / {stream}",
                "program_url": f"https://example.org/program/{number}",
            }
        )
        identity = {"document_id": f"9901-{number}", "program_stream_id": number}
        title = {"title": f"{school} - {name} - {site}", "stream": stream}
        pages.append(identity | title | PAGE | printed)
        for place, (key, heading, length, text) in enumerate(SECTIONS, start=1):
            sections.append(
                {
                    "document_id": f"9901-{number}",
                    "section_position": str(place),
                    "section_key": key,
                    "heading": heading,
                    "n_characters": length,
                    "text": text,
                }
            )
    disciplines = [{"discipline_id": number, "discipline": name} for number, name in DISCIPLINES.items()]
    sources = pd.DataFrame(
        {
            "file": ["9901_discipline.xlsx", "9901_program_master.xlsx", "program_descriptions.zip"],
            "role": ["discipline", "program_master", "pages"],
            "sha256": ["a" * 64, "b" * 64, "c" * 64],
            "n_bytes": [1, 2, 3],
        }
    )
    return Release(
        release_id="9901",
        origin="invented",
        tables={
            "discipline": frame(disciplines, "discipline"),
            "program_master": frame(master, "program_master"),
            "page": frame(pages, "page"),
            "section": frame(sections, "section"),
        },
        sources=sources,
    )


class Bench:
    """A release on the bench: each method returns a damaged copy."""

    def __init__(self, release: Release | None = None) -> None:
        self.release = release or small_release()

    def _with(self, table: str, changed: pd.DataFrame) -> Bench:
        tables = dict(self.release.tables) | {table: changed}
        return Bench(replace(self.release, tables=tables))

    def set(self, table: str, number: str, **values: str | None) -> Bench:
        """Change values of every row of a program (or discipline) number."""
        changed = self.release[table].copy()
        key = next(c for c in ("program_stream_id", "document_id", "discipline_id") if c in changed)
        rows = changed[key].str.endswith(number, na=False)
        assert rows.any()
        for column, value in values.items():
            changed.loc[rows, column] = value
        return self._with(table, changed)

    def set_row(self, table: str, position: int, **values: str | None) -> Bench:
        """Change values of one row."""
        changed = self.release[table].copy()
        for column, value in values.items():
            changed.loc[position, column] = value
        return self._with(table, changed)

    def drop(self, table: str, position: int) -> Bench:
        """Leave one row out."""
        return self._with(table, self.release[table].drop(index=position).reset_index(drop=True))

    def repeat(self, table: str, position: int, **values: str | None) -> Bench:
        """Add a copy of one row at the end, with some values changed."""
        row = self.release[table].iloc[[position]].assign(**values).astype(TEXT)
        return self._with(table, pd.concat([self.release[table], row], ignore_index=True))

    def shuffle(self, orders: dict[str, list[int]]) -> Bench:
        """Put the rows of tables in another order."""
        bench = self
        for table, order in orders.items():
            bench = bench._with(table, self.release[table].iloc[order].reset_index(drop=True))
        return bench

    @cached_property
    def _bronze(self) -> Layer:
        return to_bronze(self.release)

    @cached_property
    def _silver(self) -> Layer:
        return to_silver(self._bronze)

    def bronze(self) -> Layer:
        """Bronze of this release, made once: to read, not to change."""
        return self._bronze

    def silver(self) -> Layer:
        """Silver of this release, made once: to read, not to change."""
        return self._silver


@pytest.fixture(scope="session")
def bench() -> Bench:
    """A sound release; every method of the bench returns a copy."""
    return Bench()
