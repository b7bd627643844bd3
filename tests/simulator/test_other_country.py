"""The same model for a country of one's own: here one with three schools, two provinces and three disciplines."""

from __future__ import annotations

from dataclasses import replace

import carms_lib as carms
import pandas as pd
import pytest

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

CONTRACT = [
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
SCHOOLS = ["Northport", "Southport", "Hilltown"]
DISCIPLINES = ["Bone setting", "Herbs", "Midwifery"]


@pytest.fixture(scope="module")
def country() -> carms.Cohort:
    """Three schools in two provinces, whose tables hold no name of the bundled cohort."""
    canada = carms.load_cohort("2025").without_draws()
    schools = canada.schools.iloc[:3].assign(
        province=["NO", "SO", "SO"], graduates=[0.5, 0.3, 0.2], french=0.0, bilingual=0.0, local=0.9
    )
    provinces = canada.provinces.iloc[:2].assign(
        name=["North", "South"], appeal=0.0, attachment=0.0, reverts=False, img_residents_only=False
    )
    disciplines = canada.disciplines.iloc[:3].assign(cmg_first=[0.5, 0.3, 0.2], img_first=[0.2, 0.4, 0.4])
    classes = canada.classes.loc[["cmg_current", "img"]].copy()
    for column in ("size", "low", "high"):
        classes[column] = [60.0, 40.0]
    return replace(
        canada,
        name="invented",
        schools=schools.set_axis(SCHOOLS),
        provinces=provinces.set_axis(["NO", "SO"]),
        disciplines=disciplines.set_axis(DISCIPLINES),
        classes=classes,
        tastes=pd.DataFrame(),
        class_schools=pd.DataFrame(),
    )


@pytest.fixture(scope="module")
def programs() -> pd.DataFrame:
    rows = [
        (
            f"{school[0]}{discipline[0]}{stream}",
            discipline,
            school,
            "main",
            stream,
            stream,
            province,
            province,
            "en",
            seats,
        )
        for school, province in zip(SCHOOLS, ["NO", "SO", "SO"], strict=True)
        for discipline in DISCIPLINES
        for stream, seats in (("CMG", 8), ("IMG", 2))
    ]
    frame = pd.DataFrame(rows, columns=CONTRACT[:10])
    return frame.assign(applications_band="51 - 200", interview_band="51 - 75")[CONTRACT]


def test_only_the_columns_of_the_contract_are_needed(country: carms.Cohort, programs: pd.DataFrame) -> None:
    market = carms.Market.from_gold(programs, country)
    study = carms.simulate(market, n_draws=100, rng=3)
    filled = study.outcomes(by="discipline").to_frame().query("metric == 'filled'").set_index("discipline")["estimate"]
    assert set(filled.index) == set(DISCIPLINES)
    assert 60 < filled.sum() <= 92  # 90 seats before quotas drift


def test_counts_of_the_country_decide_who_wants_what(country: carms.Cohort, programs: pd.DataFrame) -> None:
    counts = pd.DataFrame(
        [
            *(("cmg_current", school, "Herbs" if school == "Hilltown" else "Midwifery", 20) for school in SCHOOLS),
            ("img", None, None, 0),
        ],
        columns=["applicant_class", "school", "discipline", "size"],
    )
    market = carms.Market.from_gold(programs, country.with_classes(counts))
    study = carms.simulate(market, n_draws=100, rng=3)
    wanted = study.pressure(by="discipline").to_frame()
    ratio = wanted.query("metric == 'first_choice_ratio'").set_index("discipline")["estimate"]
    assert ratio["Midwifery"] == pytest.approx(40 / 30, rel=0.25)
    assert ratio["Herbs"] == pytest.approx(20 / 30, rel=0.25)
    assert ratio["Bone setting"] == 0.0


@pytest.mark.parametrize("column", ["discipline", "school", "eligibility", "language", "quota", "interview_band"])
def test_a_table_without_a_needed_column_says_which(column: str, country: carms.Cohort, programs: pd.DataFrame) -> None:
    with pytest.raises(carms.CarmsError, match=column):
        carms.Market.from_gold(programs.drop(columns=column), country)
