"""The compiled kernels against their plain twins."""

from __future__ import annotations

import numpy as np
import pytest
from carms_lib.matching import _kernels, _reference


def scored_market(rng: np.random.Generator, *, ties: bool) -> tuple[list[list[int]], list[list[float]], list[int]]:
    n_applicants, n_programs = int(rng.integers(0, 9)), int(rng.integers(1, 6))
    lists, scores = [], []
    for _ in range(n_applicants):
        own = rng.permutation(n_programs)[: rng.integers(0, n_programs + 1)].tolist()
        value = rng.integers(0, 3, len(own)).astype(float) if ties else rng.random(len(own))
        value[rng.random(len(own)) < 0.2] = -np.inf
        lists.append(own)
        scores.append(value.tolist())
    return lists, scores, rng.integers(0, 4, n_programs).tolist()


def solve_scored(lists: list[list[int]], scores: list[list[float]], quotas: list[int]) -> tuple[np.ndarray, ...]:
    n = len(lists)
    ptr = np.concatenate(([0], np.cumsum([len(own) for own in lists], dtype=np.int64))).astype(np.int64)
    idx = np.array([program for own in lists for program in own], np.int32)
    score = np.array([value for own in scores for value in own], np.float64)
    quota = np.array(quotas, np.int32)
    seat_ptr = np.concatenate(([0], np.cumsum(quota))).astype(np.int64)
    seats = int(seat_ptr[-1])
    match, position = np.full(n, -7, np.int32), np.full(n, -7, np.int32)
    held = np.full(seats, -7, np.int32), np.full(seats, np.nan), np.full(quota.size, 9, np.int32)
    proposals = _kernels.propose_scored(ptr, idx, score, quota, seat_ptr, match, position, *held, np.empty(n, np.int32))
    return match, position, np.array(proposals), *held, seat_ptr


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(100))
def test_propose_scored_equals_its_twin(seed: int, ties: bool) -> None:
    lists, scores, quotas = scored_market(np.random.default_rng(seed), ties=ties)
    match, position, proposals, *_ = solve_scored(lists, scores, quotas)
    assert (match.tolist(), position.tolist(), int(proposals)) == _reference.propose_scored(lists, scores, quotas)


@pytest.mark.parametrize("seed", range(20))
def test_held_seats_agree_with_the_match(seed: int) -> None:
    lists, scores, quotas = scored_market(np.random.default_rng(seed), ties=True)
    match, position, _, held_applicant, held_score, held_count, seat_ptr = solve_scored(lists, scores, quotas)
    for program, count in enumerate(held_count):
        seats = slice(seat_ptr[program], seat_ptr[program] + count)
        holders = held_applicant[seats].tolist()
        assert sorted(holders) == np.flatnonzero(match == program).tolist()
        assert held_score[seats].tolist() == [scores[a][position[a]] for a in holders]
        if count:  # the root is the worst: lowest score, then highest index
            root = (held_score[seat_ptr[program]], -held_applicant[seat_ptr[program]])
            assert root == min(zip(held_score[seats], -held_applicant[seats], strict=True))


def test_no_applicants_and_no_programs() -> None:
    match, position, proposals, *_ = solve_scored([], [], [])
    assert match.size == position.size == int(proposals) == 0
