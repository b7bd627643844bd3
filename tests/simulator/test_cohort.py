from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import CohortError, UnknownNameError
from carms_lib.simulator import PARAMETERS
from carms_lib.simulator.draw.settings import draw_parameters, draw_settings, joint_rows

COHORT_TABLES = ("parameters", "classes", "schools", "disciplines", "provinces")


def test_toml_round_trip(tmp_path: Path) -> None:
    cohort = carms.load_cohort("2025")
    again = carms.Cohort.read(cohort.write(tmp_path / "cohort.toml"))
    for table in COHORT_TABLES:
        pd.testing.assert_frame_equal(getattr(again, table), getattr(cohort, table))
    assert again.to_toml() == cohort.to_toml()
    assert (again.name, again.year, again.sources) == (cohort.name, cohort.year, cohort.sources)


def test_every_number_has_a_source_and_a_unit() -> None:
    table = carms.load_cohort("2025").to_frame()
    assert table["source"].notna().all()
    assert table["unit"].notna().all()
    assert set(table["source"]) <= set(carms.load_cohort("2025").sources)


def test_unknown_cohort_is_answered_with_near_names() -> None:
    with pytest.raises(UnknownNameError, match="'2025'"):
        carms.load_cohort("20225")


def test_drawn_parameters_keep_median_and_range() -> None:
    cohort = carms.load_cohort("2025")
    unit = np.linspace(0.0005, 0.9995, 1_000)[:, None].repeat(len(PARAMETERS), axis=1)
    drawn = draw_parameters(cohort, unit)
    np.testing.assert_allclose(np.median(drawn, axis=0), cohort.parameters["value"], rtol=1e-9, atol=5e-3)
    assert (drawn >= cohort.parameters["low"].to_numpy() - 1e-12).all()
    assert (drawn <= cohort.parameters["high"].to_numpy() + 1e-12).all()
    assert (np.diff(drawn, axis=0) >= -1e-12).all()


def test_with_parameter_needs_a_known_name_and_keeps_the_rest() -> None:
    cohort = carms.load_cohort("2025")
    changed = cohort.with_parameter("merit", 2.0, 1.0, 3.0, source="my study")
    assert changed.parameters.loc["merit", ["value", "low", "high"]].tolist() == [2.0, 1.0, 3.0]
    pd.testing.assert_frame_equal(changed.parameters.drop("merit"), cohort.parameters.drop("merit"))
    with pytest.raises(UnknownNameError, match="'merit'"):
        cohort.with_parameter("merrit", 1.0, source="x")


def _edit(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name = ", "nome = ", "lacks"),
        ("[parameters]", "[parametres]", "parameters"),
        ("merit = {", "merit_of_file = {", "merit_of_file"),
        ("size = 1800.0", "size = -5.0", "negative"),
        ("size = 1800.0", "size = 9000.0", "low <= size <= high"),
        ("size = 1800.0", "size = nan", "negative"),
        ("size = 1800.0", 'size = "many"', "should be a float"),
        ('stream = "IMG"', 'stream = "IMGS"', "stream must be"),
        ('graduates_of = "abroad"', 'graduates_of = "nowhere"', "graduates_of"),
        ('province = "MB"', 'province = "ZZ"', "provinces"),
        ("reverts = true", "reverts = 1", "bool"),
    ],
)
def test_broken_cohort_files_are_refused(old: str, new: str, message: str) -> None:
    text = carms.load_cohort("2025").to_toml()
    with pytest.raises(CohortError, match=message):
        carms.Cohort.from_toml(_edit(text, old, new))


def test_unsourced_number_is_refused() -> None:
    cohort = carms.load_cohort("2025")
    parameters = cohort.parameters.copy()
    parameters["source"] = [*parameters["source"][:-1], "hearsay"]
    with pytest.raises(CohortError, match="hearsay"):
        replace(cohort, parameters=parameters)
    columns = {key: about for key, about in cohort.columns.items() if key != "schools.french"}
    with pytest.raises(CohortError, match=r"schools\.french"):
        replace(cohort, columns=columns)


def _with_draws(cohort: carms.Cohort, draws: pd.DataFrame) -> carms.Cohort:
    columns = {**cohort.columns, "draws": {"unit": "as the inputs", "source": "a test", "fitted": True}}
    return replace(cohort, draws=draws, columns=columns, sources={**cohort.sources, "a test": "invented here"})


def test_a_file_keeps_draws_tastes_and_classes_by_school() -> None:
    cohort = carms.load_cohort("2025").without_draws()
    cohort = _with_draws(cohort, pd.DataFrame({"merit": [0.9, 1.0], "provinces.appeal.ON": [-0.5, 0.25]}))
    counts = pd.DataFrame(
        {
            "school": ["McGill University", "Western University", "Western University"],
            "discipline": ["Psychiatry", "Psychiatry", "Dermatology"],
            "size": [7, 2, 4],
        }
    )
    cohort = cohort.with_classes(counts, source="a count")
    again = carms.Cohort.from_toml(cohort.to_toml())
    for table in ("draws", "tastes", "class_schools"):
        pd.testing.assert_frame_equal(getattr(again, table), getattr(cohort, table), check_names=False)
    assert again.to_toml() == cohort.to_toml()


@pytest.mark.parametrize(
    ("draws", "message"),
    [
        ({"merrit": [1.0]}, "'merit'"),
        ({"provinces.appeal.OM": [1.0]}, "'OM' is unknown"),
        ({"provinces.population.ON": [1.0]}, "is unknown"),
        ({"merit": [1e9]}, "beyond the range"),
        ({"merit": [float("nan")]}, "finite"),
        ({"disciplines.cmg_first.Psychiatry": [-0.1]}, "negative"),
    ],
)
def test_draws_that_contradict_the_cohort_are_refused(draws: dict[str, list[float]], message: str) -> None:
    with pytest.raises(CohortError, match=message):
        _with_draws(carms.load_cohort("2025"), pd.DataFrame(draws))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[provinces]", "[draws]\nmerit = [1.0, 2.0]\ninterview_noise = [1.0]\n\n[provinces]", "equally long"),
        ("[provinces]", "[draws]\nmerit = 1.0\n\n[provinces]", "list of numbers"),
        ("[provinces]", "[tests]\n\n[provinces]", "table='tests' is unknown"),
        ("[provinces]", '[tastes]\n"McGill University" = { Psychiatry = "high" }\n\n[provinces]', "should be a float"),
        ("[provinces]", '[tastes]\n"Mc Gill" = { Psychiatry = 0.1 }\n\n[provinces]', "McGill University"),
        ("[provinces]", '[class_schools]\n"McGill University" = { img = 3.0 }\n\n[provinces]', "does not graduate"),
    ],
)
def test_broken_tables_that_a_cohort_may_lack_are_refused(old: str, new: str, message: str) -> None:
    cohort = carms.load_cohort("2025").without_draws()
    text = replace(cohort, tastes=pd.DataFrame(), class_schools=pd.DataFrame()).to_toml()
    with pytest.raises(CohortError, match=message):
        carms.Cohort.from_toml(_edit(text, old, new))


def test_a_study_takes_joint_draws_whole_and_all_of_them_before_any_again() -> None:
    cohort = carms.load_cohort("2025").without_draws()
    low, high = cohort.parameters.loc["merit", ["low", "high"]]
    merit = np.linspace(low, high, 7)
    cohort = _with_draws(cohort, pd.DataFrame({"merit": merit, "provinces.appeal.ON": 2.0 * merit}))
    theta, _, shifts = draw_settings(cohort, 5, 14)
    drawn = theta[:, list(PARAMETERS).index("merit")]
    assert sorted(drawn[:7]) == pytest.approx(list(merit)) == sorted(drawn[7:])
    assert list(drawn[:7]) != list(drawn[7:])
    ontario = cohort.provinces.index.get_loc("ON")
    stated = cohort.provinces.loc["ON", "appeal"]
    assert [shift.appeal[ontario] + stated for shift in shifts] == pytest.approx(list(2.0 * drawn))
    np.testing.assert_array_equal(draw_settings(cohort, 5, 5)[0], theta[:5])
    np.testing.assert_array_equal(joint_rows(5, 14, 7), joint_rows(5, 21, 7)[:14])


def test_another_value_for_a_parameter_replaces_its_joint_draws() -> None:
    cohort = carms.load_cohort("2025").without_draws()
    cohort = _with_draws(cohort, pd.DataFrame({"merit": [0.9, 1.0], "provinces.appeal.ON": [0.0, 1.0]}))
    changed = cohort.with_parameter("merit", 2.0, source="my study")
    assert list(changed.draws.columns) == ["provinces.appeal.ON"]
    theta, _, _ = draw_settings(changed, 1, 4)
    assert set(theta[:, list(PARAMETERS).index("merit")]) == {2.0}


def test_with_classes_replaces_sizes_schools_and_first_choices() -> None:
    cohort = carms.load_cohort("2025")
    counts = pd.DataFrame(
        [
            ("cmg_current", "McGill University", "Psychiatry", 30),
            ("cmg_current", "McGill University", "Family Medicine", 10),
            ("cmg_current", "Western University", "Family Medicine", 60),
            ("cmg_prior", "Western University", "Psychiatry", 5),
            ("img", None, None, 400),
        ],
        columns=["applicant_class", "school", "discipline", "size"],
    )
    changed = cohort.with_classes(counts, source="a count")
    assert changed.classes.loc["cmg_current", ["size", "low", "high"]].tolist() == [100.0, 100.0, 100.0]
    assert changed.classes.loc["img", "size"] == 400.0
    assert changed.classes.loc["usmg", "size"] == cohort.classes.loc["usmg", "size"]
    first = changed.disciplines["cmg_first"]
    assert first[["Family Medicine", "Psychiatry"]].tolist() == [70.0, 35.0]
    assert first.drop(["Family Medicine", "Psychiatry"]).sum() == 0.0
    pd.testing.assert_series_equal(changed.disciplines["img_first"], cohort.disciplines["img_first"])
    taste = changed.tastes["Psychiatry"]
    assert taste["McGill University"] > 0 > taste["Western University"]
    assert changed.to_frame()["source"].isin(list(changed.sources)).all()
    programs = pd.DataFrame(
        {
            "program_stream_id": ["1", "2"],
            "discipline": ["Family Medicine", "Psychiatry"],
            "school": ["McGill University", "Western University"],
            "eligibility": ["ALL", "CMG"],
            "school_province": ["QC", "ON"],
            "language": ["en", "en"],
            "quota": [10, 10],
            "interview_band": ["76 - 100", "76 - 100"],
        }
    )
    applicants = carms.Market.from_gold(programs, changed).applicants
    current = applicants[applicants["applicant_class"] == "cmg_current"]["graduation_school"]
    assert (current == "Western University").mean() == pytest.approx(0.6, abs=0.01)
    prior = applicants[applicants["applicant_class"] == "cmg_prior"]["graduation_school"]
    assert set(prior) == {"Western University"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"school": ["McGil University"], "size": [3]}, "'McGill University'"),
        ({"applicant_class": ["cmg_curent"], "school": ["McGill University"], "size": [3]}, "'cmg_current'"),
        ({"school": ["McGill University"], "discipline": ["Psychiatri"], "size": [3]}, "'Psychiatry'"),
        ({"schol": ["McGill University"], "size": [3]}, "'school'"),
        ({"school": ["McGill University"]}, "lacks the column 'size'"),
        ({"school": ["McGill University"], "size": [-3]}, "not negative"),
        ({"school": ["McGill University"], "size": ["many"]}, "'many'"),
        ({"school": ["McGill University"], "size": [0]}, "nobody would apply"),
        ({"school": [], "size": []}, "empty"),
        ({"size": [3]}, "name the school"),
        ({"applicant_class": ["img"], "school": ["McGill University"], "size": [3]}, "leave the school empty"),
        (
            {"school": ["McGill University"] * 2, "discipline": ["Psychiatry", None], "size": [3, 3]},
            "counted twice",
        ),
    ],
)
def test_counts_that_make_no_sense_are_refused(rows: dict[str, list[object]], message: str) -> None:
    with pytest.raises((CohortError, UnknownNameError), match=message):
        carms.load_cohort("2025").with_classes(pd.DataFrame(rows))


def test_not_toml_and_not_there(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="not a TOML file"):
        carms.Cohort.from_toml("= nothing")
    with pytest.raises(CohortError, match="cannot be read"):
        carms.Cohort.read(tmp_path / "absent.toml")
