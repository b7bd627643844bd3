"""A small market that a person can follow, and the national one."""

from __future__ import annotations

from dataclasses import replace

import carms_lib as carms
import pandas as pd
import pytest


def small_programs() -> pd.DataFrame:
    rows = [
        ("10", "Family Medicine", "University of Toronto", "CMG", "ON", "en", 12, "76 - 100"),
        ("11", "Family Medicine", "University of Toronto", "IMG", "ON", "en", 3, "0 - 25"),
        ("12", "Family Medicine", "Université Laval", "ALL", "QC", "fr", 8, "76 - 100"),
        ("13", "Psychiatry", "University of Toronto", "CMG", "ON", "en", 4, "26 - 50"),
        ("14", "Psychiatry", "Université Laval", "ALL", "QC", "fr", 2, "51 - 75"),
        ("15", "Dermatology", "University of Calgary", "CMG", "AB", "either", 1, "0 - 25"),
        ("16", "Family Medicine", "University of Calgary", "CMG", "AB", "en", 5, "76 - 100"),
        ("17", "Family Medicine", "University of Calgary", "IMG", "AB", "en", 1, "0 - 25"),
        ("18", "Family Medicine", "University of Calgary", "MOTP", "AB", "en", 2, "51 - 75"),
    ]
    columns = ["program_stream_id", "discipline", "school", "eligibility", "school_province", "language", "quota"]
    return pd.DataFrame(rows, columns=[*columns, "interview_band"])


@pytest.fixture(scope="session")
def programs() -> pd.DataFrame:
    return small_programs()


@pytest.fixture(scope="session")
def cohort() -> carms.Cohort:
    """The bundled cohort, a hundred times smaller."""
    national = carms.load_cohort("2025")
    classes = national.classes.copy()
    for column, share in (("size", 1.0), ("low", 0.9), ("high", 1.1)):
        classes[column] = (national.classes["size"] / 100.0).clip(lower=2.0) * share
    return replace(national, classes=classes)


@pytest.fixture(scope="session")
def market(programs: pd.DataFrame, cohort: carms.Cohort) -> carms.Market:
    return carms.Market.from_gold(programs, cohort)
