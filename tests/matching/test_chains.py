"""Vacancy chains on score-ranked markets: exactly what solving afresh gives, and nothing left behind by an undo."""

from __future__ import annotations

import carms_matching_instances as instances
import numpy as np
import pytest
from carms_lib.matching.scored import vacancy_chains

from oracles import singles as oracle

SIZES = [(1, 1), (4, 3), (8, 4), (13, 7), (40, 9)]


def market(seed: int, size: tuple[int, int]) -> instances.Scored:
    return instances.scored_market(np.random.default_rng(seed), *size, ties=seed % 2 == 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(12))
def test_adding_a_seat_is_solving_afresh(seed: int, size: tuple[int, int]) -> None:
    given = market(seed, size)
    match, position = given.solve()
    before = match.copy(), position.copy()
    chain = given.chain(position)
    for program in range(given.quota.size):
        moved = vacancy_chains.add_seat(given.ptr, given.idx, match, position, program, chain)
        more = given.quota.copy()
        more[program] += 1
        afresh = given.solve(more)
        assert np.array_equal(match, afresh[0])
        assert np.array_equal(position, afresh[1])
        assert sorted(chain.moved[:moved].tolist()) == np.flatnonzero(match != before[0]).tolist()
        assert np.array_equal(chain.old_match[:moved], before[0][chain.moved[:moved]])
        assert np.array_equal(chain.old_position[:moved], before[1][chain.moved[:moved]])
        vacancy_chains.undo(match, position, chain)
        assert np.array_equal(match, before[0])
        assert np.array_equal(position, before[1])
        assert not chain.is_moved.any()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(6))
def test_removing_an_applicant_is_solving_without(seed: int, size: tuple[int, int]) -> None:
    given = market(seed, size)
    match, position = given.solve()
    chain = given.chain(position)
    for applicant in range(given.n):
        moved = vacancy_chains.remove_applicant(given.ptr, given.idx, match, position, applicant, chain)
        assert chain.moved[0] == applicant
        score = given.score.copy()
        score[given.ptr[applicant] : given.ptr[applicant + 1]] = -np.inf
        without = given.solve(score=score)
        without[1][applicant] = 0
        assert np.array_equal(match, without[0])
        assert np.array_equal(position, without[1])
        assert moved >= 1
        vacancy_chains.undo(match, position, chain)


@pytest.mark.parametrize("seed", range(20))
def test_chains_that_are_kept_add_up(seed: int) -> None:
    given = market(seed, (13, 6))
    match, position = given.solve()
    chain = given.chain(position)
    quota = given.quota.copy()
    for program in np.random.default_rng(seed).integers(0, quota.size, 8):
        vacancy_chains.add_seat(given.ptr, given.idx, match, position, program, chain)
        vacancy_chains.keep(given.ptr, given.idx, position, chain)
        quota[program] += 1
        assert np.array_equal(match, given.solve(quota)[0])


def test_a_room_is_used_again_for_another_draw() -> None:
    chain = vacancy_chains.new_chain(20, 5, 100)
    for seed in range(10):
        given = market(seed, (int(np.random.default_rng(seed).integers(1, 20)), 5))
        match, position = given.solve()
        vacancy_chains.index_scored(given.ptr, given.idx, given.score, position, chain)
        vacancy_chains.add_seat(given.ptr, given.idx, match, position, 2, chain)
        more = given.quota + np.array([0, 0, 1, 0, 0], np.int32)
        assert np.array_equal(match, given.solve(more)[0])


def test_a_plain_vacancy_chain_would_not_be_enough() -> None:
    # y has no seats. a takes its new one, and only then do a and b see that they had rather change places.
    given = instances.Scored(
        np.array([0, 2, 4]),
        np.array([1, 0, 0, 1], np.int32),
        np.array([1.0, 2.0, 1.0, 2.0]),
        np.array([0, 1], np.int32),
    )
    match, position = given.solve()
    assert match.tolist() == [-1, 1]
    moved = vacancy_chains.add_seat(given.ptr, given.idx, match, position, 0, given.chain(position))
    assert (match.tolist(), moved) == ([1, 0], 2)


@pytest.mark.parametrize("seed", range(30))
def test_chains_equal_their_plain_twin(seed: int) -> None:
    given = market(seed, (9, 5))
    match, position = given.solve()
    chain = given.chain(position)
    lists, scores, _ = given.lists()
    for program in range(given.quota.size):
        moved = vacancy_chains.add_seat(given.ptr, given.idx, match, position, program, chain)
        order = chain.moved[:moved].tolist()
        after = match.tolist()
        vacancy_chains.undo(match, position, chain)
        assert (order, after) == oracle.add_seat(lists, scores, match.tolist(), program)
