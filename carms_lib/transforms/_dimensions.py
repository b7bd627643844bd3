"""The dimensions of silver: the members that the programs of a release use, with what is known of each.

Belongs here: joining members with the reviewed reference data. Does not belong here: that data, and facts.
"""

from __future__ import annotations

import pandas as pd

from carms_lib.schemas import Reference
from carms_lib.transforms._layer import shaped

__all__ = [
    "discipline_table",
    "province_table",
    "release_table",
    "school_table",
    "site_table",
    "stream_table",
]

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
    return shaped(sites, "silver", "site")


def province_table(reference: Reference, *used: pd.Series[str]) -> pd.DataFrame:
    """Return silver.province: the provinces and territories that any of `used` names."""
    members = {province for series in used for province in series.dropna()}
    return shaped(reference.province[reference.province["province"].isin(members)], "silver", "province")
