"""The checks that know this publication: the form of its files, and what may disagree inside one release.

Belongs here: page against master, header against body, review against release; drift of the source (columns, what is
printed in them, headings, streams), reported before anything is shaped. Does not belong here: general checks (`_rows`,
`_reconciliation`); refusing a table (its contract does that) and quarantining a row (`carms_lib.transforms`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

import pandas as pd

from carms_lib.quality._report import CheckResult, of_kind
from carms_lib.quality._rows import Tables, check_share, letters
from carms_lib.schemas import Field, Reference, codes, contracts, show_value

__all__ = [
    "check_body_quota",
    "check_corrections",
    "check_sites_reviewed",
    "check_source_schema",
    "check_titles",
    "count_csv_cells",
    "printed_as",
]


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
            # As text: a column without any value is one of numbers, which pyarrow does not join with words.
            first, second, third = (program[column].astype("str") for column in (school, discipline, "site"))
            name = first + second + third
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
    keys = (new["school"].astype("str") + " / " + new["site"].astype("str")).tolist()
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


# What columns can be printed as; the others hold free text, or lists of several things.
_FORMS = {
    "whole number": re.compile(r"\d+"),
    "date": re.compile(r"\w+ \d{1,2}, \d{4}|\d{1,2} \w+ \d{4}|\d{4}-\d\d-\d\d"),
    "address": re.compile(r"https?://\S+"),
    "band": re.compile(r"\d+ ?- ?\d+ ?%?|\d+ ?\+"),
}
_PRINTED_AS = {"school_id": "whole number", "program_url": "address", "source_url": "address"}  # their type says less
_LINEAGE = {"release_id", "source_file", "source_row", "source_sha256"}


@of_kind("source_schema")
def check_source_schema(raw: Tables, reference: Reference, previous: Tables | None = None) -> list[CheckResult]:
    """Check that the published files have the form that is promised, and that they had in the last release.

    Parameters
    ----------
    raw : mapping of str to DataFrame
        The raw tables of a release, or its bronze.
    reference : Reference
        Whose streams are known.
    previous : mapping of str to DataFrame, optional
        The same of the release before; columns, streams and section headings are then compared with it too.

    Returns
    -------
    list of CheckResult
        For each table "columns" (critical: added, missing, renamed) and "forms" (a warning: what most values of a
        column are printed as); then "known headings" and "known streams" (warnings). With `previous`, for each table
        "columns and forms as in the last release", and "headings …" and "streams as in the last release" (warnings).
        The failing keys name what differs, such as ``renamed: quota -> quotas``.
    """
    results = []
    for name, promise in contracts()["raw"].items():
        if name not in raw:
            results.append(_differences("columns", name, [f"missing: table {name}"], "critical"))
            continue
        given = _columns(raw[name])
        results.append(_differences("columns", name, _changed_columns(promise.columns, given), "critical"))
        forms = [
            f"retyped: {column} is a {wanted} no more but a {found}"
            for column, promised in promise.fields.items()
            if (wanted := _promised_form(column, promised.field)) and column in raw[name]
            if (found := printed_as(raw[name][column])) not in (None, wanted)
        ]
        results.append(_differences("forms", name, forms, "warning"))
    results += [
        _differences("known headings", "section", _new_headings(raw), "warning"),
        _differences("known streams", "program_master", _new_streams(raw, reference), "warning"),
    ]
    return results + ([] if previous is None else _against(raw, previous))


def _promised_form(name: str, field: Field) -> str | None:
    """Return what a raw column is printed as, as its row in the registry of fields has it; None for other texts."""
    if name in _PRINTED_AS:
        return _PRINTED_AS[name]
    if field.conform:
        return "band" if field.conform == "band" else None
    if field.type == "date":
        return "date"
    return "whole number" if field.type == "integer" or field.pattern == "[0-9]+" else None


def printed_as(values: pd.Series[str]) -> str | None:
    """Return what most values of a column are printed as: "whole number", "date", "address", "band" or "text".

    Parameters
    ----------
    values : Series of str
        As published; missing values do not count.

    Returns
    -------
    str or None
        None where nothing is printed.
    """
    present = values.dropna()
    if present.empty:
        return None
    for form, pattern in _FORMS.items():
        if present.map(lambda text, pattern=pattern: bool(pattern.fullmatch(str(text).strip()))).mean() > 0.5:
            return form
    return "text"


def _against(raw: Tables, previous: Tables) -> list[CheckResult]:
    results = []
    for name in contracts()["raw"]:
        if name not in raw or name not in previous:
            continue
        now, before = raw[name], previous[name]
        found = _changed_columns(_columns(before), _columns(now))
        for column in _columns(before):
            forms = [printed_as(side[column]) for side in (before, now) if column in side]
            if len(set(forms)) == 2 and None not in forms:
                found.append(f"retyped: {column} from {forms[0]} to {forms[1]}")
        results.append(_differences("columns and forms as in the last release", name, found, "warning"))
    for what, table, column in (
        ("headings", "section", "section_key"),
        ("streams", "program_master", "program_stream"),
    ):
        if all(table in side and column in side[table] for side in (raw, previous)):
            before_values, now_values = (set(side[table][column].dropna()) for side in (previous, raw))
            found = [f"gone: {show_value(value)}" for value in sorted(before_values - now_values)]
            found += [f"new: {show_value(value)}" for value in sorted(now_values - before_values)]
            results.append(_differences(f"{what} as in the last release", table, found, "warning"))
    return results


def _differences(check: str, table: str, found: list[str], severity: str) -> CheckResult:
    return CheckResult(
        step="raw",
        check=check,
        table=table,
        severity=severity,
        passed=not found,
        observed=f"{len(found):,} differences" if found else "no difference",
        expected="none",
        failing_keys=tuple(found),
        measured=float(len(found)),
        threshold=0.0,
    )


def _columns(frame: pd.DataFrame) -> list[str]:
    return [str(column) for column in frame.columns if column not in _LINEAGE]


def _changed_columns(before: Iterable[str], now: Iterable[str]) -> list[str]:
    """Tell what was renamed, is missing or was added; a column at another place is none of these."""
    given, wanted = list(now), list(before)
    extra = [name for name in given if name not in wanted]
    found = []
    for name in (name for name in wanted if name not in given):
        near = difflib.get_close_matches(name, extra, n=1, cutoff=0.6)
        if near:
            extra.remove(near[0])
            found.append(f"renamed: {name} -> {near[0]}")
        else:
            found.append(f"missing: {name}")
    found += [f"added: {name}" for name in extra]
    return found + [f"twice: {name}" for name in dict.fromkeys(given) if given.count(name) > 1]


def _new_headings(raw: Tables) -> list[str]:
    if "section" not in raw or not {"section_key", "heading"} <= set(raw["section"]):
        return []
    section = raw["section"]
    unknown = section[~section["section_key"].isin(codes.SECTION_KEYS)]
    printed = unknown["heading"].fillna(unknown["section_key"]).fillna("no heading")
    return [f"new: {show_value(heading)} ({count:,} pages)" for heading, count in printed.value_counts().items()]


def _new_streams(raw: Tables, reference: Reference) -> list[str]:
    spelt = reference.spelling.loc[reference.spelling["field"] == "stream", "spelling"]
    known = {letters(name) for name in [*reference.stream["stream"], *spelt]}
    corrected = set(reference.correction.loc[reference.correction["column"] == "program_stream", "published"])
    found = []
    for table, column in (("program_master", "program_stream"), ("page", "stream")):
        if table in raw and column in raw[table]:
            counts = raw[table][column].dropna().value_counts()
            found += [
                f"new: {show_value(name)} ({count:,} rows of {table})"
                for name, count in counts.items()
                if letters(str(name)) not in known and name not in corrected
            ]
    return found
