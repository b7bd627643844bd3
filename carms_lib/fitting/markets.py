"""Programs of years that have no program descriptions, built from the published quota tables.

Belongs here: tables of programs with the contract's columns, for 2013 to 2017. Does not belong here: applicants.

Seats of a school in a discipline are those matched plus those left (CaRMS tables 27, 28 and 48), split into streams by
who matched there and, for what was left, by the streams' own vacancies (tables 12, 14 and 39). The release of 2025 then
serves as a template: a school's seats in a discipline and stream are spread over the sites that it has there in 2025,
in proportion to their quotas, and take their language and interview band. A school without such a program in 2025
gets one program in the school's language with the discipline's usual band.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carms_lib.fitting.published import DISCIPLINES, SCHOOLS, Published
from carms_lib.simulator.inputs.rounding import largest_remainder

__all__ = ["COLUMNS", "PROVINCE", "programs_of", "seats_of"]

COLUMNS = [
    "program_stream_id",
    "discipline",
    "school",
    "site",
    "stream",
    "eligibility",
    "school_province",
    "site_province",
    "language",
    "quota",
    "applications_band",
    "interview_band",
]
PROVINCE = dict(
    zip(
        SCHOOLS.values(),
        ["AB", "AB", "NS", "QC", "MB", "QC", "ON", "NL", "QC", "ON", "ON", "ON", "SK", "QC", "ON", "BC", "ON"],
        strict=True,
    )
)
_FRENCH = {"Université Laval", "Université de Montréal", "Université de Sherbrooke"}
_OPEN_TO_ALL = {"QC"}  # one stream for Canadian and international graduates


def seats_of(published: Published, year: int) -> pd.DataFrame:
    """Return seats by school, discipline and stream in 2016 or 2017, after reversions.

    Parameters
    ----------
    published : Published
    year : int

    Returns
    -------
    pandas.DataFrame
        Columns school, discipline, eligibility, quota [seats].
    """
    canadian = published.school_by_discipline(year, "27", "CMG", "matched")
    abroad = published.school_by_discipline(year, "28", "IMG", "matched")
    left = published.school_by_discipline(year, "48", "all_streams", "positions_unfilled")
    left_img = published.by_discipline(year, "IMG_stream_dedicated", "quota_vacant")
    names = sorted({*canadian.columns, *abroad.columns, *left.columns})
    canadian, abroad, left = (f.reindex(columns=names).fillna(0.0) for f in (canadian, abroad, left))
    rows: list[tuple[str, str, str, int]] = []
    for name in names:
        parallel = [school for school in left.index if PROVINCE[school] not in _OPEN_TO_ALL]
        # Of the seats left in parallel streams, as many are of the IMG stream as the country's table says, and they
        # are taken to stand where international graduates matched.
        wanted = int(left_img.get(name, 0.0))
        share = left.loc[parallel, name].where(abroad.loc[parallel, name] > 0, 0.0)
        from_img = pd.Series(_shared_out(share.to_numpy(float), min(wanted, int(share.sum()))), index=parallel)
        for school in left.index:
            if school in parallel:
                more = int(from_img[school])
                rows.append((school, name, "CMG", int(canadian.loc[school, name] + left.loc[school, name] - more)))
                rows.append((school, name, "IMG", int(abroad.loc[school, name] + more)))
            else:
                seats = canadian.loc[school, name] + abroad.loc[school, name] + left.loc[school, name]
                rows.append((school, name, "ALL", int(seats)))
    frame = pd.DataFrame(rows, columns=["school", "discipline", "eligibility", "quota"])
    return _topped_up(frame, published.by_discipline(year, "CMG_stream", "quota_after_reversion"))


def _topped_up(seats: pd.DataFrame, quota: pd.Series) -> pd.DataFrame:
    """Add the seats that graduates of schools in the United States hold, which tables 27 and 28 leave out.

    They are what table 12's quota of a discipline has beyond the sum over schools, and go to the largest CMG streams.
    """
    open_to_cmg = seats[seats["eligibility"] != "IMG"].groupby("discipline")["quota"].sum()
    seats = seats.sort_values("quota", ascending=False, kind="stable").reset_index(drop=True)
    for name, total in quota.items():
        missing = int(total - open_to_cmg.get(name, 0))
        rows = seats.index[(seats["discipline"] == name) & (seats["eligibility"] == "CMG")]
        if missing > 0 and len(rows):
            seats.loc[rows, "quota"] += _shared_out(seats.loc[rows, "quota"].to_numpy(float), missing)
    return seats[seats["quota"] > 0].sort_values(["discipline", "school"], ignore_index=True)


def programs_of(seats: pd.DataFrame, template: pd.DataFrame) -> pd.DataFrame:
    """Return a table of programs for `seats`, spread as the programs of `template` are.

    Parameters
    ----------
    seats : pandas.DataFrame
        Columns school, discipline, eligibility, quota.
    template : pandas.DataFrame
        The release's programs.

    Returns
    -------
    pandas.DataFrame
        One row per program, with the columns `COLUMNS` that a market needs.
    """
    template = template.assign(group=template["eligibility"].replace({"MOTP": "CMG"}))
    bands = template.groupby(["discipline", "group"])["interview_band"].agg(lambda band: band.mode().iloc[0])
    usual = template.groupby("group")["interview_band"].agg(lambda band: band.mode().iloc[0])
    rows: list[tuple[Any, ...]] = []
    groups = dict(list(template.groupby(["school", "discipline", "group"])))
    for school, name, stream, quota in seats.itertuples(index=False):
        successor = DISCIPLINES.get(name, name)
        found = groups.get((school, successor, stream))
        if found is None and stream == "CMG":  # Saskatchewan and British Columbia also have streams for all
            found = groups.get((school, successor, "ALL"))
        band = bands.get((successor, stream), usual.get(stream, "51 - 75"))
        if found is None:
            language = "fr" if school in _FRENCH else "en"
            key = f"{school}/{name}/{stream}"
            rows.append((key, name, school, "", stream, PROVINCE[school], language, int(quota), band))
            continue
        shares = _shared_out(found["quota"].to_numpy(float), int(quota))
        for part, program in zip(shares, found.itertuples(), strict=True):
            if part:
                key = f"{program.program_stream_id}/{name}/{stream}"
                place = (program.site, stream, PROVINCE[school], program.language)
                rows.append((key, name, school, *place, int(part), program.interview_band))
    frame = pd.DataFrame(
        rows,
        columns=[
            "program_stream_id",
            "discipline",
            "school",
            "site",
            "eligibility",
            "school_province",
            "language",
            "quota",
            "interview_band",
        ],
    )
    frame = frame.assign(
        stream=frame["eligibility"], site_province=frame["school_province"], applications_band="51 - 200"
    )
    return frame[COLUMNS]


def _shared_out(weights: np.ndarray, total: int) -> np.ndarray:
    """Return `total` units in proportion to `weights`; none where nothing is to share or nobody has a weight."""
    if total <= 0 or weights.sum() <= 0:
        return np.zeros(len(weights), dtype=np.int64)
    return largest_remainder(weights, total)
