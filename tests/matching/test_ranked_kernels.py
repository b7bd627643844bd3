"""Rows of bits, linked lists and both kinds of proposing, against their plain twins."""

from __future__ import annotations

import carms_matching_instances as instances
import numpy as np
import pytest
from carms_lib.kernels.jit import from_python

# private: kernels have no public face; each is held against its plain twin
from carms_lib.matching import MatchingProblem, _held_seats, _linked_lists, _linking, solve
from hypothesis import given
from hypothesis import strategies as st

from oracles import singles as oracle
from oracles.couples import PlainMarket


empty_rows, exchange = from_python(_held_seats.empty_rows), from_python(_held_seats.exchange)


@instances.LAW
@given(st.integers(0, 200), st.integers(0, 200), st.randoms(use_true_random=False))
def test_rows_of_bits_hold_what_a_list_holds(length, seats, random):
    seats = min(seats, length)
    lists = _linked_lists.LinkedLists(
        applicant_ptr=np.zeros(1, np.int64), entries=np.zeros(0, np.uint32), shift=16, places=None,
        program_ptr=np.array([0, length]), program_idx=np.zeros(length, np.int32), seats=np.array([seats], np.int32),
    )  # fmt: skip
    seating = _linked_lists.new_seating(lists)
    seating.words[:], seating.worst[:] = 7, 9
    empty_rows(lists.packed, seating)
    twin = oracle.HeldSeats(length, seats)
    assert seating.worst[0] == twin.worst
    for rank in random.sample(range(length), length):
        if rank < seating.worst[0]:
            seating.worst[0] = exchange(seating.words, 0, seating.worst[0], rank)
            assert seating.worst[0] == twin.exchange(rank)
    assert [rank for rank in range(length + seats) if _is_set(seating.words, rank)] == sorted(twin.held)


def _is_set(words: np.ndarray, rank: int) -> bool:
    return bool(int(words[rank // 64]) >> (63 - rank % 64) & 1)


@pytest.mark.parametrize("place", [0, 1, 31, 32, 62, 63])
def test_lowest_bit_without_a_compiler(place):
    assert _held_seats.lowest_bit((1 << 63) | (1 << place)) == place


@instances.LAW
@given(instances.markets())
def test_linking_equals_its_twin(instance):
    problem = instance.problem
    plain, lists = PlainMarket.of(problem), problem.lists
    ranks = [None if rank == lists.unranked else rank for rank in lists.ranks.tolist()]
    assert ranks == [rank for own in oracle.link(plain.lists, plain.orders) for rank in own]
    places = [None if place == _linked_lists.NOT_LISTED else place for place in lists.program_pos.tolist()]
    assert places == [place for own in oracle.places_of_programs(plain.lists, plain.orders) for place in own]


@instances.LAW
@given(instances.markets(most_applicants=7))
def test_both_kinds_of_proposing_equal_their_twins(instance):
    problem = instance.problem
    plain = PlainMarket.of(problem)
    for proposing, twin in (("applicants", oracle.applicants_propose), ("programs", oracle.programs_propose)):
        found = solve(problem, proposing=proposing)
        assert (found.match.tolist(), found.position.tolist(), found.proposals) == twin(
            plain.lists, plain.orders, plain.quotas
        )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("longest", [40, 40_000])  # packed in four bytes, and in eight
def test_long_and_short_lists_pack_alike(longest, seed):
    rng = np.random.default_rng(seed)
    n_programs = 8
    ranked = [rng.permutation(60) for _ in range(n_programs)]
    extra = np.arange(60, 60 + longest - 40)  # applicants who list nothing make the orders long
    ranked[0] = np.concatenate((ranked[0], extra))
    lists = [rng.permutation(n_programs)[: rng.integers(0, 9)] for _ in range(60)]
    quotas = rng.integers(0, 6, n_programs)
    problem = MatchingProblem.from_arrays(
        np.concatenate(([0], np.cumsum([*map(len, lists)]), np.full(extra.size, sum(map(len, lists))))),
        np.concatenate(lists), np.concatenate(([0], np.cumsum([*map(len, ranked)]))), np.concatenate(ranked), quotas,
        one_sided="keep",
    )  # fmt: skip
    assert problem.lists.entries.dtype == (np.uint32 if longest == 40 else np.uint64)
    own = [row.tolist() for row in lists]
    match, position, proposals = oracle.applicants_propose(own, [row.tolist() for row in ranked], quotas.tolist())
    found = solve(problem)
    assert found.match[:60].tolist() == match
    assert found.position[:60].tolist() == position
    assert found.proposals == proposals


@pytest.mark.parametrize("seed", range(20))
def test_ranking_by_score_equals_its_twin(seed):
    rng = np.random.default_rng(seed)
    market = instances.scored_market(rng, int(rng.integers(0, 150)), 4, ties=seed % 2 == 0)
    lists, scores, _ = market.lists()
    ptr, order = np.empty(5, np.int64), np.full(market.idx.size, -7)
    upto = np.diff(market.ptr).astype(np.int32)
    _linking.rank_by_score(market.ptr, market.idx, market.score, upto, ptr, order)
    owner = np.repeat(np.arange(market.n), upto)
    found = [owner[order[ptr[p] : ptr[p + 1]]].tolist() for p in range(4)]
    assert found == oracle.rank_by_score(lists, scores, 4)
