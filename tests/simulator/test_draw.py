"""One draw against the rules it must keep, and against a plain match of the same lists."""

from __future__ import annotations

from functools import partial

import carms_lib as carms
import numpy as np
import pytest
from carms_lib.kernels.jit import from_python, kernel
from carms_lib.kernels.lanes import LANES
from carms_lib.kernels.noise import Purpose
from carms_lib.simulator.draw import block
from carms_lib.simulator.draw.block import NOT_TAKING_PART, BlockInputs, run_block
from carms_lib.simulator.draw.disciplines import choose_disciplines
from carms_lib.simulator.draw.interviews import draw_merit, interview, keep_best, read_files
from carms_lib.simulator.draw.wishes import draw_breadths, taste_weights, write_wishes
from carms_lib.simulator.draw.workspace import MAX_LIST, Space, new_space
from carms_lib.simulator.inputs.tables import Tables

keep_the_best = from_python(keep_best)
FILE = int(Purpose.FILE)  # a number, as in the library: for an enumeration the kernel would be compiled anew


@kernel
def _step(number: int, entropy: np.uint64, draw: int, theta: np.ndarray, tables: Tables, space: Space) -> None:
    """Take one step of `_lists`. One entry from Python for all: each would take seconds to compile."""
    if number == 0:
        taste_weights(entropy, 0, theta, tables, space)
        draw_breadths(entropy, draw, theta, tables, space.breadth)
        draw_merit(entropy, draw, theta, tables, space.merit)
        choose_disciplines(entropy, draw, theta, tables, space)
        write_wishes(entropy, draw, theta, tables, space)
    elif number == 1:
        read_files(entropy, FILE, draw, theta, tables, space, space.lists)
    else:
        interview(entropy, draw, theta, tables, space)


def _inputs(market: carms.Market) -> BlockInputs:
    return BlockInputs(market.cohort.parameters["value"].to_numpy(float), market.cohort.classes["size"].to_numpy(float))


@pytest.fixture(scope="module")
def result(market: carms.Market):  # type: ignore[no-untyped-def]
    return run_block(market, [market], 5, 0, np.arange(10), _inputs(market))[0]


def test_nobody_matches_where_they_may_not(market: carms.Market, result) -> None:  # type: ignore[no-untyped-def]
    tables = market.tables
    cls = tables.type_class[tables.applicant_type]
    for match, openings in ((result.first, tables.first_open), (result.final, tables.second_open)):
        draw, applicant = np.nonzero(match >= 0)
        allowed = openings | tables.first_open
        assert (allowed[match[draw, applicant]] >> cls[applicant] & 1).all()


def test_nobody_matches_in_a_language_they_do_not_speak(market: carms.Market, result) -> None:  # type: ignore[no-untyped-def]
    tables = market.tables
    french = tables.type_french[tables.applicant_type]
    both = tables.type_bilingual[tables.applicant_type]
    draw, applicant = np.nonzero(result.final >= 0)
    language = tables.program_language[result.final[draw, applicant]]
    assert not ((language == 1) & ~french[applicant] & ~both[applicant]).any()
    assert not ((language == 0) & french[applicant] & ~both[applicant]).any()


def test_no_program_is_overfull(market: carms.Market, result) -> None:  # type: ignore[no-untyped-def]
    for match in (result.first, result.final):
        for d in range(len(match)):
            filled = np.bincount(match[d][match[d] >= 0], minlength=market.n_programs)
            assert (filled <= result.quota[d]).all()


def test_the_second_iteration_takes_nobody_from_a_seat(result) -> None:  # type: ignore[no-untyped-def]
    matched = result.first >= 0
    np.testing.assert_array_equal(result.first[matched], result.final[matched])
    away = result.first == NOT_TAKING_PART
    np.testing.assert_array_equal(away, result.final == NOT_TAKING_PART)
    np.testing.assert_array_equal(away, result.wished == NOT_TAKING_PART)


def test_a_draw_can_be_rerun_alone(market: carms.Market, result) -> None:  # type: ignore[no-untyped-def]
    alone = run_block(market, [market], 5, 0, np.array([7]), _inputs(market))[0]
    for whole, one in zip(result, alone, strict=True):
        np.testing.assert_array_equal(whole[7], one[0])


def littered_space(tables: Tables, *, number: int) -> Space:
    """Work space that an earlier draw has left full of `number`."""
    space = new_space(tables)
    kept = {"program_low", "program_high", "discipline_keys", "stretch", "every"}  # what is of the market
    for name, part in zip(space._fields, space, strict=True):
        for array in () if name in kept else (part if isinstance(part, tuple) else (part,)):
            array.fill(number)
    return space


def test_no_step_reads_what_none_has_written(market: carms.Market, result, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    for number in (0, 7):  # a program of this market, and a factor that would be seen
        monkeypatch.setattr(block, "kept_space", partial(littered_space, number=number))
        littered = run_block(market, [market], 5, 0, np.arange(10), _inputs(market))[0]
        for expected, found in zip(result, littered, strict=True):
            np.testing.assert_array_equal(found, expected)


def _lists(market: carms.Market, entropy: int, draw: int):  # type: ignore[no-untyped-def]
    """The rank-order lists of one draw, with everybody laid out taking part."""
    tables, theta = market.tables, _inputs(market).theta.copy()
    n, space = market.n_applicants, new_space(tables)
    ptr, program, score = space.lists.ptr, space.lists.idx, space.lists.score
    with np.errstate(over="ignore"):
        space.taking_part[:] = np.diff(tables.type_start)
        _step(0, np.uint64(entropy), draw, theta, tables, space)
        wishes = [program[ptr[a] : ptr[a + 1]].copy() for a in range(n)]
        space.first_of[:] = [tables.program_discipline[wish[0]] if len(wish) else -1 for wish in wishes]
        _step(1, np.uint64(entropy), draw, theta, tables, space)
        files = [dict(zip(program[ptr[a] : ptr[a + 1]], score[ptr[a] : ptr[a + 1]], strict=True)) for a in range(n)]
        space.share[:] = 0.5
        _step(2, np.uint64(entropy), draw, theta, tables, space)
    return space.wait, wishes, files, [program[ptr[a] : ptr[a + 1]].copy() for a in range(n)]


def test_wish_lists_hold_each_program_once_and_only_open_ones(market: carms.Market) -> None:
    wait, wishes, _, _ = _lists(market, 3, 4)
    for a, wish in enumerate(wishes):
        t = market.tables.applicant_type[a]
        assert len(set(wish)) == len(wish) <= MAX_LIST
        assert np.isfinite(wait[t, wish]).all()
        bit = market.tables.type_class[t]
        assert (market.tables.first_open[wish] >> bit & 1).all()


def test_interviews_keep_the_order_of_wishes_and_the_best_files(market: carms.Market) -> None:
    _, wishes, files, ranked = _lists(market, 3, 4)
    applied: dict[int, list[float]] = {}
    invited: dict[int, list[float]] = {}
    for wish, file, rank in zip(wishes, files, ranked, strict=True):
        assert [p for p in wish if p in set(rank)] == list(rank)
        for p in wish:
            applied.setdefault(p, []).append(file[p])
        for p in rank:
            invited.setdefault(p, []).append(file[p])
    per_seat = _inputs(market).theta[list(carms.simulator.PARAMETERS).index("interviews_per_seat")]
    for p, scores in applied.items():
        fewest = max(np.ceil(0.5 * len(scores)), np.floor(per_seat * market.tables.program_demand_quota[p]))
        expected = sorted(scores, reverse=True)[: int(fewest)]
        assert sorted(invited[p], reverse=True) == expected


@pytest.mark.parametrize("seed", range(8))
def test_keep_best_is_a_sort(seed: int) -> None:
    rng = np.random.default_rng(seed)
    programs, edges = 7, 200
    program = rng.integers(programs - 1, size=edges).astype(np.int32)  # the last program has no applications
    score = rng.normal(size=edges) * 10.0 ** rng.integers(-3, 4)
    if seed % 2:
        score = score.round(1)  # with ties
    share, fewest = rng.random(programs), rng.integers(0, 9, size=programs).astype(float)
    share[0] = 0.0
    threshold, codes = np.empty(programs, dtype=np.float32), np.empty(edges + LANES, dtype=np.int32)
    offset = np.append(0, np.bincount(program, minlength=programs))
    keep_the_best(program, score, share, fewest, threshold, offset, codes)
    assert offset.tolist() == np.append(0, np.bincount(program, minlength=programs).cumsum()).tolist()
    assert threshold[-1] == np.inf
    for p in range(programs - 1):
        own = np.sort(np.float32(score[program == p]))[::-1]
        kept = min(int(max(np.ceil(share[p] * len(own)), fewest[p])), len(own))
        expected = own[own >= own[kept - 1]] if kept else own[:0]  # all who are equal to the last kept
        np.testing.assert_array_equal(own[own >= threshold[p]], expected)
