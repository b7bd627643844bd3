"""The compiled kernels against their plain twins."""

from __future__ import annotations

import carms_matching_instances as instances
import numba
import numpy as np
import pytest
from carms_lib.kernels.jit import from_python
from carms_lib.matching import MatchingProblem, solve
from carms_lib.matching.scored import deferred_acceptance

from oracles import singles as oracle

resume_scored = from_python(deferred_acceptance.resume_scored)


def scored_market(seed: int, *, ties: bool) -> instances.Scored:
    rng = np.random.default_rng(seed)
    return instances.scored_market(rng, int(rng.integers(0, 9)), int(rng.integers(1, 6)), ties=ties)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(100))
def test_propose_scored_equals_its_twin(seed: int, ties: bool) -> None:
    given = scored_market(seed, ties=ties)
    proposals, state = given.propose()
    assert (state.match.tolist(), state.position.tolist(), proposals) == oracle.propose_scored(*given.lists())


@pytest.mark.parametrize("seed", range(20))
def test_held_seats_agree_with_the_match(seed: int) -> None:
    given = scored_market(seed, ties=True)
    _, state = given.propose()
    _, scores, _ = given.lists()
    for program, count in enumerate(state.held_count):
        first = state.seat_ptr[program]
        holders, held = state.held_applicant[first : first + count], state.held_score[first : first + count]
        assert sorted(holders.tolist()) == np.flatnonzero(state.match == program).tolist()
        assert held.tolist() == [scores[a][state.position[a]] for a in holders]
        if count:  # the root is the worst: lowest score, then highest index
            assert (held[0], -holders[0]) == min(zip(held, -holders, strict=True))


def test_no_applicants_and_no_programs() -> None:
    nobody = instances.Scored(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0), np.zeros(0, np.int32))
    proposals, state = nobody.propose()
    assert state.match.size == state.position.size == proposals == 0


@pytest.mark.parametrize("seed", range(30))
def test_going_on_after_an_applicant_comes_equals_starting_afresh(seed: int) -> None:
    given = scored_market(seed, ties=seed % 2 == 0)
    if given.n == 0:
        return
    late = seed % given.n
    alone = given.score.copy()
    alone[given.ptr[late] : given.ptr[late + 1]] = -np.inf
    _, state = given.propose(score=alone)
    state.position[late] = 0
    state.waiting[0] = late
    resume_scored(given.arrays(), state, 1)
    _, afresh = given.propose()
    assert np.array_equal(state.match, afresh.match)
    assert np.array_equal(state.position, afresh.position)
    assert np.array_equal(state.held_count, afresh.held_count)


@pytest.mark.parametrize("compiled", [False, True])
def test_scores_that_are_asked_for_equal_scores_that_are_given(compiled: bool) -> None:
    rng = np.random.default_rng(3)
    lists = {a: rng.permutation(6)[: rng.integers(0, 7)].tolist() for a in range(40)}
    quotas = dict.fromkeys(range(6), 4)

    def score(applicant: int, program: int) -> float:
        return float((applicant * 7 + program * 13) % 29)

    table = [[score(a, p) for p in range(6)] for a in range(40)]
    asked = solve(MatchingProblem.from_scores(lists, numba.njit(score) if compiled else score, quotas))
    told = solve(MatchingProblem.from_scores(lists, table, quotas))
    assert np.array_equal(asked.match, told.match)
    assert asked.proposals == told.proposals
    assert asked.is_stable


def test_a_score_function_is_asked_only_where_an_applicant_proposes() -> None:
    asked: list[tuple[int, int]] = []

    def score(applicant: int, program: int) -> float:
        asked.append((applicant, program))
        return float(applicant)

    found = solve(MatchingProblem.from_scores({"a": ["p", "q"], "b": ["p", "q"]}, score, {"p": 1, "q": 1}))
    assert asked == [(0, 0), (1, 0), (0, 1)]
    assert found.proposals == 3
