from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import CohortError, UnknownNameError
from carms_lib.simulator import PARAMETERS
from carms_lib.simulator._cohort import draw_parameters

TABLES = ("parameters", "classes", "schools", "disciplines", "provinces")


def test_toml_round_trip(tmp_path: Path) -> None:
    cohort = carms.load_cohort("2025")
    again = carms.Cohort.read(cohort.write(tmp_path / "cohort.toml"))
    for table in TABLES:
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
        ("streams_merge = true", "streams_merge = 1", "bool"),
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


def test_not_toml_and_not_there(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="not a TOML file"):
        carms.Cohort.from_toml("= nothing")
    with pytest.raises(CohortError, match="cannot be read"):
        carms.Cohort.read(tmp_path / "absent.toml")
