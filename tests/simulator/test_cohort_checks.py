"""A cohort that contradicts itself is refused with the place of the contradiction."""

from __future__ import annotations

from dataclasses import replace

import carms_lib as carms
import pandas as pd
import pytest
from carms_lib.exceptions import CohortError


@pytest.fixture(scope="module")
def cohort() -> carms.Cohort:
    return carms.load_cohort("2025").without_draws()


def with_cell(cohort, table, row, **values):
    frame = getattr(cohort, table).copy()
    for column, value in values.items():
        frame.loc[row, column] = value
    return replace(cohort, **{table: frame})


@pytest.mark.parametrize(
    ("table", "row", "values", "message"),
    [
        ("parameters", "merit", {"low": 9.0}, r"parameters\.merit: need finite low <= value <= high"),
        ("parameters", "merit", {"high": float("inf")}, r"parameters\.merit: need finite"),
        ("parameters", "ranked_share", {"high": 1.2}, r"parameters\.ranked_share is a share: .* \[0, 1\]"),
        (
            "parameters",
            "couple_nearness",
            {"low": -1.0},
            r"parameters\.couple_nearness must not be negative; low is -1",
        ),
        ("schools", "McGill University", {"french": 1.5}, r"schools\.'McGill University'\.french is a share"),
        ("classes", "img", {"first_iteration": 1.01}, r"classes\.'img'\.first_iteration is a share"),
        ("disciplines", "Psychiatry", {"img_only": 2.0}, r"disciplines\.'Psychiatry'\.img_only is a share"),
    ],
)
def test_a_number_out_of_its_range_is_named(cohort, table, row, values, message):
    with pytest.raises(CohortError, match=message):
        with_cell(cohort, table, row, **values)


def test_parameters_stand_in_their_order(cohort):
    with pytest.raises(CohortError, match="exactly the names of PARAMETERS"):
        replace(cohort, parameters=cohort.parameters.iloc[::-1])


def test_tables_without_rows_or_with_one_twice(cohort):
    with pytest.raises(CohortError, match="provinces is empty"):
        replace(cohort, provinces=cohort.provinces.iloc[:0])
    with pytest.raises(CohortError, match=r"provinces: .* 'AB' appears twice"):
        replace(cohort, provinces=pd.concat([cohort.provinces, cohort.provinces.loc[["AB"]]]))


def test_more_classes_than_the_kernels_hold(cohort):
    more = pd.concat([cohort.classes.iloc[[0]].rename(index=lambda name, n=n: f"{name} {n}") for n in range(9)])
    with pytest.raises(CohortError, match="at most 8 classes of applicants, got 9"):
        replace(cohort, classes=more)


def test_schools_that_nobody_leaves(cohort):
    with pytest.raises(CohortError, match="nobody could graduate"):
        replace(cohort, schools=cohort.schools.assign(graduates=0.0))


@pytest.mark.parametrize(
    ("table", "frame", "message"),
    [
        ("tastes", pd.DataFrame({"Psychatry": [0.1]}, index=["McGill University"]), "'Psychiatry'"),
        ("tastes", pd.DataFrame({"Psychiatry": [float("nan")]}, index=["McGill University"]), "must be finite"),
        ("class_schools", pd.DataFrame({"cmg_prior": [-1.0]}, index=["McGill University"]), "negative number"),
        ("class_schools", pd.DataFrame({"cmg_prior": [0.0]}, index=["McGill University"]), "nobody of that class"),
    ],
)
def test_tables_by_school_fit_the_others(cohort, table, frame, message):
    with pytest.raises(CohortError, match=message):
        replace(cohort, **{table: frame})
