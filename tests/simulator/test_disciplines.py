"""Which disciplines are wanted, against races run one by one in double precision."""

from __future__ import annotations

from dataclasses import replace

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.kernels.jit import from_python
from carms_lib.kernels.noise import Purpose, bits_of, fold, halves, stream, uniform
from carms_lib.simulator.draw import disciplines
from carms_lib.simulator.draw.block import begin_block
from carms_lib.simulator.draw.workspace import MANY, Space, new_space

ENTROPY = np.uint64(11)
choose_disciplines = from_python(disciplines.choose_disciplines)


@pytest.fixture(autouse=True)
def _wrap_around():  # type: ignore[no-untyped-def]
    with np.errstate(over="ignore"):  # a hash wraps around; only interpreted kernels would report it
        yield


@pytest.fixture(scope="module")
def market(programs: pd.DataFrame, cohort: carms.Cohort) -> carms.Market:
    """The nine programs, and so many applicants that more of a type choose than stand abreast."""
    classes = cohort.classes.assign(**{column: cohort.classes[column] * 15 for column in ("size", "low", "high")})
    return carms.Market.from_gold(programs, replace(cohort, classes=classes))


def _chosen(market: carms.Market, draw: int, taking_part: np.ndarray) -> Space:
    tables, theta = market.tables, market.cohort.parameters["value"].to_numpy(float).copy()
    space = new_space(tables)
    begin_block(ENTROPY, 0, theta, tables, space)
    space.taking_part[:] = taking_part
    space.runs.fill(np.iinfo(np.int32).max)  # nobody has such a number: who runs is written before it is read
    choose_disciplines(ENTROPY, draw, theta, tables, space)
    return space


def _state(purpose: np.int64, draw: int, key: np.uint64) -> np.uint64:
    return np.uint64(fold(np.uint64(stream(ENTROPY, purpose, draw)), key))


def _order(market: carms.Market, purpose: np.int64, draw: int, a: int, waits: np.ndarray) -> list[int]:
    """Disciplines in order of arrival, those that never do left out."""
    low, high = halves(_state(purpose, draw, market.tables.applicant_key[a]))
    bits = [
        int(bits_of(np.uint32(low), np.uint32(high), np.uint32(k), np.uint32(0))) >> 1
        for k in market.tables.discipline_key
    ]
    times = -np.log1p(-(np.array(bits) + 0.5) * 2.0**-31) * waits
    return [int(k) for k in np.argsort(times) if np.isfinite(times[k])]


@pytest.mark.parametrize("draw", [0, 7])
def test_disciplines_are_the_first_to_arrive(market: carms.Market, draw: int) -> None:
    tables = market.tables
    laid_out = np.diff(tables.type_start)
    assert laid_out.max() > MANY + 1  # more than stand abreast, and no multiple of it
    space = _chosen(market, draw, laid_out)
    theta = market.cohort.parameters["value"]
    more_alone, third = np.exp(theta["one_discipline"]), theta["third_discipline"]
    seen = set()
    for a, t in enumerate(tables.applicant_type):
        c, key = tables.type_class[t], tables.applicant_key[a]
        expected: list[int] = []
        if uniform(_state(Purpose.FIRST, draw, key)) < tables.class_first[c]:
            expected = _order(market, Purpose.DISCIPLINE, draw, a, space.wait_first[t])[:1]
        if expected:
            abroad = bool(tables.class_abroad[c])
            only = tables.only_share[int(abroad), expected[0]]
            only = only if abroad else only * more_alone / (1.0 - only + only * more_alone)
            breadth = uniform(_state(Purpose.BREADTH, draw, key))
            if breadth >= only:
                behind = _order(market, Purpose.BACKUP, draw, a, space.wait_behind[t])
                behind = [k for k in behind if k != expected[0]]
                expected += behind[: 2 if breadth >= only + (1.0 - only) * (1.0 - third) else 1]
        seen.add(len(expected))
        assert space.disciplines[a].tolist() == (expected + [-1] * 3)[:3]
    assert seen >= {1, 2, 3}


def test_who_does_not_take_part_wants_nothing(market: carms.Market) -> None:
    laid_out = np.diff(market.tables.type_start)
    space = _chosen(market, 3, laid_out // 2)
    for start, count, all_of_them in zip(market.tables.type_start, laid_out // 2, laid_out, strict=False):
        assert (space.disciplines[start + count : start + all_of_them] == -1).all()
    whole = _chosen(market, 3, laid_out)
    for start, count in zip(market.tables.type_start, laid_out // 2, strict=False):  # of the others nothing changes
        np.testing.assert_array_equal(
            space.disciplines[start : start + count], whole.disciplines[start : start + count]
        )
