"""Write docs/explanation/published-tables.md: simulated tables beside published ones that no fit was aimed at.

``python docs/make_published_tables.py`` with CARMS_DATA_DIR set. The cohorts 2016 and 2017 play the match of their year
with the seats of its tables; every figure stands beside its band, inside or not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import carms_lib as carms
import pandas as pd
from carms_lib.fitting.ensemble import template
from carms_lib.fitting.markets import PROVINCE, programs_of, seats_of
from carms_lib.fitting.published import Published, read_published
from markdown_tables import band, markdown_table, number

PAGE = Path(__file__).resolve().parent / "explanation" / "published-tables.md"
YEARS = (2016, 2017)
LEVEL = 0.90
CANADIAN = {"applicant_class": ["cmg_current", "cmg_prior"]}
FEWEST = 20  # seats of a discipline, or persons from a school in a province
_WORDS = {
    "choices": "Canadian graduates matched to a program of their list, share of participants",
    "schools": "Matched to the first program of the list, by school of graduation",
    "elsewhere": "Residents whose first choice was another discipline, by discipline",
    "moves": "Where graduates of a school train, persons by school and province of training",
}


def simulated(published: Published, year: int, n_draws: int) -> carms.Study:
    """Return the match of a year as its cohort plays it."""
    market = carms.Market.from_gold(programs_of(seats_of(published, year), template()), carms.load_cohort(str(year)))
    return carms.simulate(market, n_draws=n_draws, rng=year, progress=False)


def figures(published: Published, year: int, study: carms.Study) -> Iterator[dict[str, Any]]:
    """Go through every figure: table, cell, published value, and the row of the band beside it."""
    people = published.by_school(year, "2", "CMG", "participants")
    of_choice = {
        name: published.by_school(year, "15", "CMG", f"program_matched_to_choice_{name}")
        for name in ("1", "2", "3", "4", "5", "6", "7_or_lower")
    }
    lower = sum(of_choice[name].sum() for name in ("4", "5", "6", "7_or_lower"))
    told = {"second": of_choice["2"].sum(), "third": of_choice["3"].sum(), "lower": lower}
    national = by_metric(study.choices_obtained(where=CANADIAN, level=LEVEL))
    for name, persons in told.items():
        row = national[f"{name}_choice_obtained", ""]
        yield {"table": "choices", "cell": f"{name} choice", "published": persons / people.sum(), **row}
    first = by_metric(
        study.choices_obtained("graduation_school", metric="first_choice_obtained", where=CANADIAN, level=LEVEL)
    )
    for school in people.index:
        row = first["first_choice_obtained", school]
        yield {"table": "schools", "cell": school, "published": of_choice["1"][school] / people[school], **row}
    own, matched = (
        published.by_discipline(year, "CMG", name) for name in ("matched_as_discipline_choice_1", "matched")
    )
    quota = published.by_discipline(year, "CMG_stream", "quota_after_reversion")
    elsewhere = by_metric(
        study.choices_obtained("discipline", metric="first_choice_elsewhere", where=CANADIAN, level=LEVEL)
    )
    for name in quota.index[quota >= FEWEST]:
        row = elsewhere["first_choice_elsewhere", name]
        yield {"table": "elsewhere", "cell": name, "published": 1.0 - own[name] / matched[name], **row}
    to_province = published.mobility(year).T.groupby(PROVINCE).sum().T
    moves = study.outcomes(
        ["graduation_school", "school_province"], metric="matched_first_iteration", where=CANADIAN, level=LEVEL
    ).to_frame()
    rows = moves.set_index(["graduation_school", "school_province"])
    for school, of_school in to_province.iterrows():
        for province, persons in of_school.items():
            if persons >= FEWEST:
                row = rows.loc[(school, province), ["estimate", "lower", "upper"]].to_dict()
                yield {"table": "moves", "cell": f"{school} to {province}", "published": persons, **row}


def by_metric(bands: Any) -> dict[tuple[str, str], dict[str, float]]:
    """Return estimate and ends by metric and group."""
    frame = bands.to_frame()
    keys = list(bands.keys)
    return {
        (row["metric"], row[keys[0]] if keys else ""): {name: row[name] for name in ("estimate", "lower", "upper")}
        for row in frame.to_dict("records")
    }


def compare(published: Published, n_draws: int = 1_000) -> pd.DataFrame:
    """Return all figures of both years: year, table, cell, published, estimate, lower, upper, inside."""
    rows = [
        {"year": year, **row} for year in YEARS for row in figures(published, year, simulated(published, year, n_draws))
    ]
    frame = pd.DataFrame(rows).dropna(subset=["estimate"]).reset_index(drop=True)
    inside = (frame["published"] >= frame["lower"] - 1e-9) & (frame["published"] <= frame["upper"] + 1e-9)
    return frame.assign(inside=inside)


def page(frame: pd.DataFrame) -> str:
    """Return the page."""
    told = []
    for table, words in _WORDS.items():
        part = frame[frame["table"] == table]
        counts = ", ".join(
            f"{int(own['inside'].sum())} of {len(own)} in {year}" for year, own in part.groupby("year", sort=True)
        )
        told.append(f"## {words}\n\nInside their band: {counts}.\n")
        shown = pd.DataFrame(
            {
                "year": part["year"], "cell": part["cell"], "published": part["published"].map(number),
                "simulated": part["estimate"].map(number),
                "90 % band": [band(low, high) for low, high in zip(part["lower"], part["upper"], strict=True)],
                "inside": part["inside"].map({True: "yes", False: "**no**"}),
            }
        )  # fmt: skip
        told.append(markdown_table(shown) + "\n")
    inside, of = int(frame["inside"].sum()), len(frame)
    body = "\n".join(told)
    return f"""# Tables that no fit was aimed at

CaRMS published for 2016 and 2017 who matched to which choice, from which school to which province, and who trains in a
discipline that was not their first choice. The cohorts were fitted to sums of some of these tables, not to the figures
below one by one: the fit knew shares of first choices matched by group of disciplines, and how many graduates stay at
their school or in its province. Each year is simulated 1,000 times with the seats of its tables
(`docs/make_published_tables.py`).

**{inside} of {of} figures ({inside / of:.0%}) lie inside their {LEVEL:.0%} band.** Fewer than nine in ten means that
the model is surer of such details than it should be: read them as a pattern, not as a forecast of a school.

{body}"""


def main() -> None:
    """Simulate, compare and write the page."""
    frame = compare(read_published())
    PAGE.write_text(page(frame).rstrip() + "\n", encoding="utf-8", newline="\n")
    sys.stdout.write(frame.groupby(["table", "year"])["inside"].agg(["sum", "size"]).to_string() + "\n")


if __name__ == "__main__":
    main()
