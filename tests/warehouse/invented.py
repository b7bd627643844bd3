"""Invented releases of any size, built like the real ones; tests and benchmarks load this file by path.

Every value follows from the number of the program and of the release, so that two builds are equal. Disciplines,
schools and streams are those of the reviewed reference data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np
import pandas as pd
from carms_lib.schemas import TEXT, codes, contract, load_reference
from carms_lib.transforms import to_gold

KEY = "program_stream_id"
BANDS = {
    "applications": (codes.APPLICATIONS_BANDS, (0, 51, 201, 401, 601), (50, 200, 400, 600, None)),
    "interview": (codes.INTERVIEW_BANDS, (0, 26, 51, 76), (25, 50, 75, 100)),
}
SECTIONS = ("general_instructions", "review_process", "selection_criteria")
SENTENCES = {
    "en": "Residents rotate through palliative care and rural medicine; the committee reads every application.",
    "fr": "Les résidents font des stages en soins palliatifs et en médecine rurale; le comité lit chaque demande.",
}


@dataclass(frozen=True)
class Layers:
    """What the warehouse takes: mappings of frames."""

    bronze: Mapping[str, pd.DataFrame]
    silver: Mapping[str, pd.DataFrame]

    @cached_property
    def gold(self) -> Mapping[str, pd.DataFrame]:
        return to_gold(self.silver)


@cache
def invent(
    n_programs: int = 40,
    *,
    release_id: str = "9001",
    cycle: int = 2031,
    iteration: str = "first",
    first_program: int = 10_001,
    sections: bool = True,
    texts: bool = False,
) -> Layers:
    """Return the layers of an invented release; it is made once and must not be changed in place."""
    reference = load_reference()
    number = np.arange(n_programs)
    disciplines = reference.discipline.reset_index(drop=True)
    schools = reference.school.sort_values("school", ignore_index=True)
    streams = reference.stream.reset_index(drop=True)
    school = schools["school"].to_numpy()[number % len(schools)]
    language = np.array(["fr" if place % 7 == 3 else "en" for place in number])
    program = pd.DataFrame(
        {
            KEY: [str(first_program + place) for place in number],
            "release_id": release_id,
            "document_id": [f"{release_id}-{first_program + place}" for place in number],
            "discipline": disciplines["discipline"].to_numpy()[number * 5 % len(disciplines)],
            "school": school,
            "site": [f"Site {1 + place // len(schools) % 5}" for place in number],
            "stream": streams["stream"].to_numpy()[number // 3 % len(streams)],
            "mailing_province": schools["school_province"].to_numpy()[number % len(schools)],
            "language": np.where(language == "fr", "fr", np.where(number % 11 == 5, "either", "en")),
            "page_language": language,
            "quota": 1 + number % 9,
            "body_quota": pd.array([None if place % 4 else 2 for place in number], dtype="Int64"),
            "accreditation": codes.ACCREDITATIONS[0],
            "approval_date": pd.Timestamp(f"{cycle - 1}-09-01") + pd.to_timedelta(number % 60, unit="D"),
            "program_length_years": pd.array([2 if place % 2 else None for place in number], dtype="Int64"),
            "reference_letters": pd.array(3 * np.ones(n_programs, dtype=int), dtype="Int64"),
            "personal_letter_words": pd.array([500 if place % 3 else None for place in number], dtype="Int64"),
        }
    )
    program.loc[program[KEY].str.endswith("7"), "mailing_province"] = None
    site = program[["school", "site"]].drop_duplicates().merge(schools, on="school")
    silver = {
        "release": pd.DataFrame([(release_id, "R-1 Main Residency Match", cycle, iteration)]),
        "province": reference.province,
        "discipline": disciplines.assign(discipline_id=[str(1 + place) for place in range(len(disciplines))]),
        "school": schools,
        "stream": streams,
        "site": _placed(site),
        "program": program,
        "band": pd.concat([_bands(program[KEY], metric) for metric in BANDS], ignore_index=True),
        "section": _sections(program) if sections else _sections(program).head(0),
        "interview_date": pd.DataFrame(
            {
                KEY: program[KEY],
                "interview_date": pd.Timestamp(f"{cycle}-01-15") + pd.to_timedelta(number % 20, unit="D"),
            }
        ),
        "exam": pd.DataFrame({KEY: program[KEY], "exam": [codes.EXAMS[place % 4] for place in number]}).iloc[::2],
    }
    silver["release"].columns = contract("silver", "release").columns
    silver = {name: shape(frame, "silver", name) for name, frame in silver.items()}
    return Layers(_bronze(silver, release_id, texts=texts), silver)


def _placed(site: pd.DataFrame) -> pd.DataFrame:
    """Return the sites with where they are; every third has no single community."""
    number = np.arange(len(site))
    placed = pd.Series(number % 3 > 0, index=site.index)
    return site.assign(
        site_province=site["school_province"],
        site_province_reason="province of the school",
        community=("Town " + pd.Series(number, index=site.index).astype(str)).where(placed),
        site_class=pd.Series("rural", index=site.index).where(placed, "several"),
        site_latitude=pd.Series(45.1234 + number / 64, index=site.index).where(placed),
        site_longitude=pd.Series(-75.5 - number / 64, index=site.index).where(placed),
        site_population=pd.Series(1_000 + number, index=site.index).astype("Int64").where(placed),
        distance_km=pd.Series(10.1 * number, index=site.index).where(placed),
        distributed_campus=pd.Series("no", index=site.index),
    )


def _bands(keys: pd.Series, metric: str) -> pd.DataFrame:
    labels, lower, upper = BANDS[metric]
    place = np.arange(len(keys)) % len(labels)
    return pd.DataFrame(
        {
            KEY: keys,
            "metric": metric,
            "band": np.array(labels)[place],
            "band_lower": np.array(lower)[place],
            "band_upper": pd.array([upper[at] for at in place], dtype="Int64"),
        }
    )


def _sections(program: pd.DataFrame) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                KEY: program[KEY],
                "section_key": name,
                "section_position": place,
                "n_characters": 100 * place,
                "is_filled": (np.arange(len(program)) + place) % 3 > 0,
            }
        )
        for place, name in enumerate(SECTIONS, start=1)
    ]
    return pd.concat(parts, ignore_index=True)


def _bronze(silver: Mapping[str, pd.DataFrame], release_id: str, *, texts: bool) -> dict[str, pd.DataFrame]:
    program = silver["program"]
    page = pd.DataFrame(
        {
            "document_id": program["document_id"],
            "source_file": f"pages_{release_id}.zip",
            "source_sha256": "ab" * 32,
            "source_row": range(1, len(program) + 1),
        }
    )
    section = silver["section"].merge(program[[KEY, "document_id", "page_language"]], on=KEY)
    section = section.assign(text=section["page_language"].map(SENTENCES) if texts else None)
    return {"page": page, "section": section[["document_id", "section_key", "text"]].astype(TEXT)}


def shape(frame: pd.DataFrame, layer: str, table: str) -> pd.DataFrame:
    """Return the frame with the columns, order and types of its contract, sorted by key."""
    promise = contract(layer, table)
    kinds = {"str": TEXT, "date": "datetime64[us]"}
    types = {name: kinds.get(str(column.dtype), str(column.dtype)) for name, column in promise.schema.columns.items()}
    return frame[promise.columns].astype(types).sort_values(list(promise.key), ignore_index=True)


def edit(layers: Layers, table: str, where: Mapping[str, Any], **values: Any) -> Layers:
    """Return layers in which the rows of a silver table that match `where` have other values."""
    frame = layers.silver[table].copy()
    rows = np.logical_and.reduce([np.ones(len(frame), dtype=bool), *(frame[name] == to for name, to in where.items())])
    if not rows.any():
        raise AssertionError(f"no row of {table} matches {where}")
    for name, value in values.items():
        frame.loc[rows, name] = value
    return rebuild(layers, {**layers.silver, table: frame})


def drop(layers: Layers, *keys: str) -> Layers:
    """Return layers without these programs."""
    tables = ("program", "band", "section", "interview_date", "exam")
    kept = {name: layers.silver[name].loc[~layers.silver[name][KEY].isin(keys)] for name in tables}
    return rebuild(layers, {**layers.silver, **kept})


def rebuild(layers: Layers, silver: Mapping[str, pd.DataFrame]) -> Layers:
    """Return layers with other silver tables; gold follows from them."""
    silver = {name: frame.reset_index(drop=True) for name, frame in silver.items()}
    return replace(layers, silver=silver)
