"""How strongly each type is drawn to each program, against the formula written out, and where it is at home."""

from __future__ import annotations

import carms_lib as carms
import numpy as np
import pytest
from carms_lib.kernels.jit import from_python
from carms_lib.kernels.noise import Purpose, fold, stream
from carms_lib.kernels.variates import normal
from carms_lib.simulator.draw import wishes
from carms_lib.simulator.draw.workspace import Space, new_space
from carms_lib.simulator.inputs.parameters import PARAMETERS
from carms_lib.simulator.inputs.program_table import LANGUAGES

taste_weights, noise = from_python(wishes.taste_weights), from_python(normal)
ENTROPY, BLOCK = np.uint64(7), 3


@pytest.fixture(scope="module")
def placed(market: carms.Market) -> carms.Market:
    """The nine programs, one of them at the first school of the cohort, which has the number 0."""
    first = market.cohort.schools.iloc[0]
    at = market.programs["program_stream_id"] == "15"
    programs = market.programs.drop(columns="province")
    programs.loc[at, ["school", "school_province"]] = [first.name, first["province"]]
    return carms.Market.from_gold(programs, market.cohort)


def _weighed(market: carms.Market) -> tuple[dict[str, float], Space]:
    value = market.cohort.parameters["value"].astype(float)
    theta = dict(zip(PARAMETERS, value, strict=True)) | {"program_spread": 0.5}
    space = new_space(market.tables)
    with np.errstate(over="ignore"):
        taste_weights(ENTROPY, BLOCK, np.array(list(theta.values())), market.tables, space)
    return theta, space


def test_a_program_weighs_what_the_formula_says(placed: carms.Market) -> None:
    theta, space = _weighed(placed)
    tables, classes = placed.tables, placed.cohort.classes
    with np.errstate(over="ignore"):
        state = np.uint64(stream(ENTROPY, Purpose.PROGRAM, BLOCK))
        own = np.array([noise(np.uint64(fold(state, key))) for key in tables.program_key])
    appeal = tables.program_appeal + theta["program_spread"] * own
    appeal = appeal + theta["quota_appeal"] * np.log(np.maximum(tables.program_demand_quota, 1))
    seen = set()
    for t, school in enumerate(tables.type_school):
        abroad = classes["graduates_of"].iloc[tables.type_class[t]] == "abroad"
        for p in range(placed.n_programs):
            utility, home = appeal[p], tables.type_home[t]
            if school >= 0 and tables.program_school[p] == school:
                utility += theta["home_school"] + tables.school_attachment[school]
            elif tables.program_province[p] == tables.type_school_province[t]:
                utility += theta["school_province"]
            if tables.program_province[p] == home:
                utility += theta["home_province"] + tables.province_attachment[home]
            spoken = LANGUAGES[tables.program_language[p]]
            closed = abroad and tables.residence[p] >= 0 and tables.residence[p] != home
            if spoken not in {"either", "fr" if tables.type_french[t] else "en"}:
                closed = closed or not tables.type_bilingual[t]
                utility += theta["other_language"]
            seen.add((bool(abroad), bool(closed), spoken))
            expected = np.inf if closed else np.exp(-utility)
            assert space.wait[t, p] == pytest.approx(expected, rel=1e-5), (t, p)
    assert len(seen) >= 8


def test_near_is_the_own_school_then_where_one_lives_or_studied(placed: carms.Market) -> None:
    _, space = _weighed(placed)
    tables = placed.tables
    assert {0, 1, 2} == set(np.unique(space.near))
    assert (tables.program_school == 0).any()
    for t, school in enumerate(tables.type_school):
        own = (tables.program_school == school) & (school >= 0)
        where = np.isin(tables.program_province, [tables.type_home[t], tables.type_school_province[t]])
        np.testing.assert_array_equal(space.near[t], np.where(own, 2, where))
