"""The checks that know this publication: page against master, header against body, review against release.

Belongs here: what may disagree inside one release of program descriptions. Does not belong here: general checks
(`_rows`, `_totals`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from carms_lib.quality._report import CheckResult, of_kind
from carms_lib.quality._rows import check_share, letters
from carms_lib.schemas import Reference

__all__ = ["check_body_quota", "check_corrections", "check_sites_reviewed", "check_titles", "count_csv_cells"]

Tables = Mapping[str, pd.DataFrame]


def count_csv_cells(bronze: Tables) -> int:
    """Return how many sections the publisher's CSV form of the same pages holds.

    Parameters
    ----------
    bronze : mapping of str to DataFrame
        Needs "page" and "section".

    Returns
    -------
    int
        Title and header block of each page, and every headed section but Important Information, for which that
        form has no column.
    """
    page, section = bronze["page"], bronze["section"]
    headed = int((section["section_key"] != "important_information").sum())
    return int(page["title"].notna().sum()) + int(page["match_name"].notna().sum()) + headed


@of_kind("agreement")
def check_titles(bronze: Tables, silver: Tables) -> CheckResult:
    """Check that a page's title names the school, discipline and site of its program.

    Parameters
    ----------
    bronze, silver : mapping of str to DataFrame
        Needs bronze "page" and silver "program", "school", "discipline".

    Returns
    -------
    CheckResult
        A warning. Compared without spaces, hyphens, accents and case, because titles are wrapped; a French page
        may use the French names. A title that the page does not have passes.
    """
    program = (
        silver["program"]
        .merge(silver["school"], on="school")
        .merge(silver["discipline"], on="discipline")
        .merge(bronze["page"][["document_id", "title"]].drop_duplicates("document_id"), on="document_id")
        .dropna(subset=["title"])
    )
    title = program["title"].map(letters)
    named = pd.Series(False, index=program.index)
    for school in ("school", "school_fr"):
        for discipline in ("discipline", "discipline_fr"):
            name = program[school] + program[discipline] + program["site"]
            named |= title == name.map(letters, na_action="ignore")
    differs = program.loc[~named, "program_stream_id"].tolist()
    return check_share(
        "silver", "title names the program", "page", differs, len(program), threshold=0, severity="warning"
    )


@of_kind("agreement")
def check_body_quota(silver: Tables, *, threshold: float = 0.05) -> CheckResult:
    """Check that header and body of a page rarely disagree on the quota.

    Parameters
    ----------
    silver : mapping of str to DataFrame
        Needs "program".
    threshold : float, default 0.05
        Largest share of programs that may disagree, 0 to 1.

    Returns
    -------
    CheckResult
        A warning. The header counts; the disagreement stays in silver.program as `body_quota`.
    """
    program = silver["program"]
    differs = program["body_quota"].notna() & (program["body_quota"] != program["quota"])
    keys = program.loc[differs.fillna(False).astype(bool), "program_stream_id"].tolist()
    return check_share(
        "silver",
        "header and body agree on quota",
        "program",
        keys,
        len(program),
        threshold=threshold,
        severity="warning",
    )


@of_kind("agreement")
def check_sites_reviewed(silver: Tables, reference: Reference) -> CheckResult:
    """Check that every site's province was reviewed, not assumed to be that of its school.

    Parameters
    ----------
    silver : mapping of str to DataFrame
        Needs "site".
    reference : Reference

    Returns
    -------
    CheckResult
        A warning.
    """
    site = silver["site"].merge(reference.site[["school", "site"]], how="left", indicator=True)
    new = site[site["_merge"] == "left_only"]
    keys = (new["school"] + " / " + new["site"]).tolist()
    return check_share("silver", "site is reviewed", "site", keys, len(site), threshold=0, severity="warning")


@of_kind("agreement")
def check_corrections(bronze: Tables, reference: Reference) -> CheckResult:
    """Check that each reviewed correction still meets the published value that it corrects.

    Parameters
    ----------
    bronze : mapping of str to DataFrame
        Needs "program_master".
    reference : Reference

    Returns
    -------
    CheckResult
        A warning; corrections of other releases are passed over.
    """
    master = bronze["program_master"]
    due = reference.correction[reference.correction["release_id"].isin(master["release_id"])]
    stale = []
    for row in due.to_dict("records"):
        program, column = row["program_stream_id"], row["column"]
        if not ((master["program_stream_id"] == program) & (master[column] == row["published"])).any():
            stale.append(f"{program} {column}")
    return check_share(
        "silver",
        "correction meets its value",
        "program_master",
        stale,
        len(due),
        threshold=0,
        severity="warning",
    )
