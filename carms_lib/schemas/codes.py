"""The closed vocabularies: every value that a coded column may hold.

Belongs here: short lists that change only when the match itself changes. Does not belong here: what is
known of a single school, stream or site; that is data (`carms_lib.schemas.reference`).
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ACCREDITATIONS",
    "APPLICATIONS_BANDS",
    "BAND_METRICS",
    "ELIGIBILITIES",
    "EXAMS",
    "FAILURE_CLASSES",
    "INTERVIEW_BANDS",
    "ITERATIONS",
    "JURISDICTION_KINDS",
    "LANGUAGES",
    "PAGE_LANGUAGES",
    "PLACEHOLDER_BODIES",
    "PROVINCES",
    "SECTION_KEYS",
    "SEVERITIES",
    "SITE_CLASSES",
    "SITE_CLASS_LIMITS",
    "YES_NO",
]

PROVINCES: Final = ("AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT")
"""Two-letter codes of the ten provinces and three territories."""

SITE_CLASS_LIMITS: Final = {"urban": 100_000, "regional": 30_000, "rural": 0}
"""Class of a community -> least population: the limits of Statistics Canada's size groups of population centres (large
urban, medium; small and rural areas are one class here). Statistics Canada, Dictionary, Census of Population, 2021:
population centre; https://www.statcan.gc.ca/pub/92-195-x/2011001/geo/pop/p1-eng.htm."""

SITE_CLASSES: Final = (*SITE_CLASS_LIMITS, "several")
"""Classes of training sites; "several" is a site without a single community."""

YES_NO: Final = ("yes", "no")

JURISDICTION_KINDS: Final = ("province", "territory")

ELIGIBILITIES: Final = ("CMG", "IMG", "ALL", "MOTP")
"""Who may apply: Canadian graduates, international graduates, both, or military applicants only."""

ITERATIONS: Final = ("first", "second")

LANGUAGES: Final = ("en", "fr", "either")
"""Language in which an application is written."""

PAGE_LANGUAGES: Final = ("en", "fr")

BAND_METRICS: Final = ("applications", "interview")

APPLICATIONS_BANDS: Final = ("0 - 50", "51 - 200", "201 - 400", "401 - 600", "601 +")

INTERVIEW_BANDS: Final = ("0 - 25", "26 - 50", "51 - 75", "76 - 100")

ACCREDITATIONS: Final = (
    "Accredited",
    "Accredited through joint institutional agreement",
    "Notice of intent to withdraw accreditation",
)

EXAMS: Final = (
    "Casper",
    "FMProC",
    "MCCQE Part I",
    "MCCQE Part II",
    "NAC",
    "USMLE Step 1",
    "USMLE Step 2 CK",
    "USMLE Step 2 CS",
    "USMLE Step 3",
)

SECTION_KEYS: Final = (
    "program_contacts",
    "important_information",
    "return_of_service",
    "general_instructions",
    "supporting_documentation_information",
    "review_process",
    "interviews",
    "selection_criteria",
    "program_highlights",
    "program_curriculum",
    "training_sites",
    "additional_information",
    "faq",
    "summary_of_changes",
)
"""Canonical keys of the sections of a page, English and French, in the order in which pages print them."""

PLACEHOLDER_BODIES: Final = ("n/a", "na", "s/o", "so", "sans objet", "not applicable", "none", "aucun")
"""Section bodies, in lower case, that stand for "nothing to say": the section is present and not filled."""

SEVERITIES: Final = ("critical", "warning")

FAILURE_CLASSES: Final = ("source", "contract", "data", "infrastructure", "code")
"""Whose turn it is when a run fails: the publisher's files, a table's promise, the facts, the machine, or us."""
