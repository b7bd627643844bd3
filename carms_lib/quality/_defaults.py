"""The checks that every build runs, step by step.

Belongs here: which question is put to which table, with which threshold and severity. Does not belong here: how a
question is answered.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from carms_lib.exceptions import ArgumentError
from carms_lib.quality._publication import (
    check_body_quota,
    check_corrections,
    check_sites_reviewed,
    check_source_schema,
    check_titles,
)
from carms_lib.quality._reconciliation import (
    check_expected,
    check_no_quarantine,
    check_not_empty,
    check_quarantine_share,
    check_same_rows,
    check_same_total,
    check_steps_conserve,
)
from carms_lib.quality._releases import check_distribution, check_freshness, check_row_count_change
from carms_lib.quality._report import CheckResult, of_kind
from carms_lib.quality._rows import (
    Tables,
    check_allowed,
    check_not_null,
    check_range,
    check_references,
    check_share,
    check_unique,
    keys_of,
)
from carms_lib.quality._suite import Check, Evidence
from carms_lib.schemas import codes, contract

__all__ = ["DISTRIBUTIONS", "OPTIONAL", "REQUIRED", "Limits", "check_pairs", "default_checks"]

_PAGE = contract("raw", "page").fields.items()

REQUIRED = {
    "program_master": ("program_stream_id", "discipline_name", "school_name", "program_site", "program_stream"),
    "page": tuple(
        dict.fromkeys(
            (
                *("document_id", "program_stream_id", "match_name", "stream", "page_language", "application_language"),
                *("quota", "accreditation", "approval_date"),
                *(name for name, column in _PAGE if column.field.is_required_on_page),
            )
        )
    ),
}
"""Columns of bronze without which a row cannot become a program; of a page, those that the registry requires."""

OPTIONAL = ("program_length", "reference_letters", "personal_letter_words", "interview_dates", "mailing_province")
"""Columns of bronze.page that most pages fill."""

DISTRIBUTIONS = (
    *("discipline", "school", "school_province", "site_province", "eligibility", "stream", "language", "page_language"),
    *("applications_band", "interview_band", "accreditation", "quota", "n_sections_filled"),
)
"""Columns of gold.program whose distribution is held against that of the last release."""


@dataclass(frozen=True)
class Limits:
    """The thresholds of the checks that every build runs.

    Parameters
    ----------
    optional_missing : float, default 0.25
        Largest share of pages without one of the facts that most pages state; a warning.
    max_quota : int, default 300
        Largest quota that is believed [seats]; a warning. The largest of release 1503 is 127.
    max_age_days : float, default 400
        Largest age of the newest approval [days]; a warning. Descriptions are approved once a year.
    rows_change, seats_change : float, default 0.10
        Largest change of rows and of seats against the last release, as a share; a warning.
    rows_lost : float, default 0.50
        Change of the rows published, as a share, above which the build stops.
    stability : float, default 0.25
        Largest population stability index; a warning. Below 0.10 is usually called stable, above 0.25 shifted.
    distance : float, default 0.15
        Largest Kolmogorov-Smirnov distance, 0 to 1; a warning.

    Raises
    ------
    ArgumentError
        If a limit is negative or missing.
    """

    optional_missing: float = 0.25
    max_quota: int = 300
    max_age_days: float = 400.0
    rows_change: float = 0.10
    seats_change: float = 0.10
    rows_lost: float = 0.50
    stability: float = 0.25
    distance: float = 0.15

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value >= 0:
                msg = f"{name}={value!r} is no limit. Give a number that is not negative."
                raise ArgumentError(msg)


def default_checks(*, max_set_aside: float = 0.05, limits: Limits | None = None) -> tuple[Check, ...]:
    """Return the checks that every build runs.

    Parameters
    ----------
    max_set_aside : float, default 0.05
        Largest share of the rows of a table, 0 to 1, that may lack what makes them usable. More, and the source has
        changed its form: critical.
    limits : Limits, optional
        The other thresholds.

    Returns
    -------
    tuple of Check
        Those of the steps "raw", "bronze", "silver" and "gold". Checks against the last release run where there is
        one, freshness where a day is given.

    Raises
    ------
    ArgumentError
        If `max_set_aside` is not between 0 and 1.
    """
    if not 0 <= max_set_aside <= 1:
        msg = f"max_set_aside={max_set_aside!r} is not a share: a threshold is a number from 0 to 1."
        raise ArgumentError(msg)
    limits = limits or Limits()
    return (
        Check("raw", "source schema", _source_schema),
        *_bronze_checks(max_set_aside, limits),
        *_silver_checks(max_set_aside, limits),
        *_gold_checks(limits),
    )


@of_kind("reference")
def check_pairs(bronze: Tables, *, threshold: float) -> list[CheckResult]:
    """Check that master rows, pages and sections belong together.

    Parameters
    ----------
    bronze : mapping of str to DataFrame
        Needs "program_master", "page" and "section".
    threshold : float
        Largest share of rows without their other half, 0 to 1.

    Returns
    -------
    list of CheckResult
        Critical: a row in the master has a page, a page has a row in the master, a section has a page.
    """
    master, page, section = bronze["program_master"], bronze["page"], bronze["section"]
    sides = (
        ("program_stream_id has a page", "program_master", master, "program_stream_id", page),
        ("program_stream_id has a row in the master", "page", page, "program_stream_id", master),
        ("document_id has a page", "section", section, "document_id", page),
    )
    results = []
    for name, table, frame, column, other in sides:
        lonely = frame[column].notna() & ~frame[column].isin(other[column])
        keys = keys_of(frame, lonely, column)
        results.append(
            check_share(
                "bronze", name, table, keys, len(frame), threshold=threshold, severity="critical", columns=[column]
            )
        )
    return results


def _source_schema(evidence: Evidence) -> list[CheckResult]:
    before = next((evidence.previous[layer] for layer in ("raw", "bronze") if layer in evidence.previous), None)
    return check_source_schema(evidence["raw"], evidence.reference, before)


def _steps(evidence: Evidence, step: str) -> pd.DataFrame:
    assert evidence.steps is not None  # noqa: S101 - a build always counts
    return evidence.steps[evidence.steps["step"] == step]


def _conserved(step: str) -> Check:
    return Check(step, "rows and seats conserved", lambda evidence: check_steps_conserve(_steps(evidence, step)))


def _expected(step: str) -> Check:
    def look(evidence: Evidence) -> list[CheckResult]:
        return [] if evidence.expected is None else check_expected(step, evidence[step], evidence.expected)

    return Check(step, "reviewed figures", look)


def _changes(step: str, tables: tuple[str, ...], limits: Limits) -> Check:
    def look(evidence: Evidence) -> list[CheckResult]:
        results = []
        for table in tables:
            if evidence.had(step, table):
                both = (step, evidence[step], evidence.previous[step], table)
                found = [check_row_count_change(*both, threshold=limits.rows_change)]
                if step == "bronze":
                    found.append(check_row_count_change(*both, threshold=limits.rows_lost, severity="critical"))
                # at one limit the warning says nothing more, and two checks of one name would be refused
                results += found if len({result.check for result in found}) == len(found) else found[1:]
        return results

    return Check(step, "rows as in the last release", look)


def _bronze_checks(share: float, limits: Limits) -> list[Check]:
    def filled(evidence: Evidence) -> list[CheckResult]:
        tables = evidence["bronze"]
        keys = {"program_master": "source_row", "page": "document_id"}
        required = [
            check_not_null(
                "bronze",
                tables,
                table,
                column,
                key="source_row" if column == keys[table] else keys[table],
                threshold=share,
            )
            for table, columns in REQUIRED.items()
            for column in columns
        ]
        optional = [
            check_not_null(
                *("bronze", tables, "page", column),
                key="document_id",
                threshold=limits.optional_missing,
                severity="warning",
            )
            for column in OPTIONAL
        ]
        return required + optional

    def unique(evidence: Evidence) -> list[CheckResult]:
        keys = {"discipline": "discipline_id", "program_master": "program_stream_id", "page": "document_id"}
        return [
            check_unique("bronze", evidence["bronze"], table, [key], key=key, threshold=share)
            for table, key in keys.items()
        ]

    def known(evidence: Evidence) -> list[CheckResult]:
        look = {"page": ("page_language", codes.PAGE_LANGUAGES), "section": ("section_key", codes.SECTION_KEYS)}
        return [
            check_allowed(
                *("bronze", evidence["bronze"], table, column, allowed), key="document_id", severity="warning"
            )
            for table, (column, allowed) in look.items()
        ]

    return [
        _conserved("bronze"),
        Check("bronze", "rows kept", lambda evidence: check_same_rows(
            "bronze", {name: evidence["raw"][name] for name in evidence["bronze"]}, evidence["bronze"]
        )),
        Check("bronze", "filled", filled),
        Check("bronze", "unique", unique),
        Check("bronze", "known", known),
        Check("bronze", "pairs", lambda evidence: check_pairs(evidence["bronze"], threshold=share)),
        _changes("bronze", ("discipline", "program_master", "page", "section"), limits),
        _expected("bronze"),
    ]  # fmt: skip


def _silver_checks(share: float, limits: Limits) -> list[Check]:
    def kept(evidence: Evidence) -> list[CheckResult]:
        silver, steps = (
            evidence["silver"],
            _steps(evidence, "silver").set_index("table")[["rows_kept", "seats_kept"]].to_dict("index"),
        )
        program = silver["program"]
        return [
            check_not_empty("silver", silver, "program"),
            check_same_total(
                "silver",
                "programs kept",
                {
                    "program_master": int(steps["program_master"]["rows_kept"]),
                    "page": int(steps["page"]["rows_kept"]),
                    "program": len(program),
                },
            ),
            check_same_total(
                "silver",
                "seats kept",
                {"page": int(steps["page"]["seats_kept"]), "program": int(program["quota"].sum())},
            ),
            check_same_total(
                "silver",
                "sections kept",
                {"section read": int(steps["section"]["rows_kept"]), "section": len(silver["section"])},
            ),
        ]

    def plausible(evidence: Evidence) -> list[CheckResult]:
        silver, key = evidence["silver"], "program_stream_id"
        limits_of = {"quota": (1, limits.max_quota), "reference_letters": (0, 10), "personal_letter_words": (0, 5_000)}
        results = [
            check_range(*("silver", silver, "program", column), key=key, minimum=low, maximum=high, severity="warning")
            for column, (low, high) in limits_of.items()
        ]
        if len(silver["release"]):
            cycle = int(silver["release"]["cycle"].iloc[0])
            for table, column, first, last in (
                ("program", "approval_date", f"{cycle - 2}-01-01", f"{cycle}-06-30"),
                ("interview_date", "interview_date", f"{cycle - 1}-07-01", f"{cycle}-06-30"),
            ):
                results.append(
                    check_range(
                        *("silver", silver, table, column),
                        key=key,
                        minimum=pd.Timestamp(first),
                        maximum=pd.Timestamp(last),
                        severity="warning",
                    )
                )
        return results

    def aside(evidence: Evidence) -> list[CheckResult]:
        assert evidence.quarantine is not None  # noqa: S101 - a build always keeps one
        rows = evidence.quarantine[evidence.quarantine["step"] == "silver"]
        return [
            *check_quarantine_share(_steps(evidence, "silver"), rows, threshold=share),
            check_no_quarantine("silver", rows),
        ]

    def reviewed(evidence: Evidence) -> list[CheckResult]:
        known = evidence.reference.discipline["discipline"]
        return [
            check_titles(evidence["bronze"], evidence["silver"]),
            check_body_quota(evidence["silver"]),
            check_sites_reviewed(evidence["silver"], evidence.reference),
            check_corrections(evidence["bronze"], evidence.reference),
            check_allowed(
                *("silver", evidence["silver"], "discipline", "discipline", known), key="discipline", severity="warning"
            ),
        ]

    def fresh(evidence: Evidence) -> list[CheckResult]:
        if evidence.as_of is None:
            return []
        return [
            check_freshness(
                *("silver", evidence["silver"], "program", "approval_date"),
                as_of=evidence.as_of,
                key="program_stream_id",
                max_age_days=limits.max_age_days,
            )
        ]

    identity = ["school", "discipline", "site", "stream"]
    return [
        _conserved("silver"),
        Check("silver", "kept", kept),
        Check("silver", "references", lambda evidence: check_references("silver", evidence["silver"])),
        Check("silver", "one program each", lambda evidence: check_unique(
            "silver", evidence["silver"], "program", identity, key="program_stream_id", severity="warning"
        )),
        Check("silver", "set aside", aside),
        Check("silver", "plausible", plausible),
        Check("silver", "reviewed", reviewed),
        Check("silver", "fresh", fresh),
        _changes("silver", ("discipline", "school", "site", "stream", "program"), limits),
        _expected("silver"),
    ]  # fmt: skip


def _gold_checks(limits: Limits) -> list[Check]:
    def conserved(evidence: Evidence) -> list[CheckResult]:
        silver, program, cell = evidence["silver"]["program"], evidence["gold"]["program"], evidence["gold"]["cell"]
        sums = {
            "programs conserved": {
                "silver.program": len(silver),
                "gold.program": len(program),
                "gold.cell": int(cell["programs"].sum()),
            },
            "seats conserved": {
                "silver.program": int(silver["quota"].sum()),
                "gold.program": int(program["quota"].sum()),
                "gold.cell": int(cell["seats"].sum()),
            },
        }
        return [check_same_total("gold", name, totals) for name, totals in sums.items()]

    def drift(evidence: Evidence) -> list[CheckResult]:
        if not evidence.had("gold", "program"):
            return []
        both = (evidence["gold"], evidence.previous["gold"])
        columns = [name for name in DISTRIBUTIONS if all(name in side["program"] for side in both)]
        results = [
            check_row_count_change(*("gold", *both, "program"), weight="quota", threshold=limits.seats_change),
            check_row_count_change("gold", *both, "program", threshold=limits.rows_change),
        ]
        for column in columns:
            numeric = pd.api.types.is_numeric_dtype(both[0]["program"][column].dtype)
            limit = limits.distance if numeric else limits.stability
            results.append(check_distribution("gold", *both, "program", column, threshold=limit))
        return results

    return [
        _conserved("gold"),
        Check("gold", "conserved", conserved),
        Check("gold", "as in the last release", drift),
        _expected("gold"),
    ]
