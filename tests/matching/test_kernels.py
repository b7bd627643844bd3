"""The compiled kernels against their plain twins."""

from __future__ import annotations

import carms_matching_instances as instances
import numpy as np
import pytest
from carms_lib.matching import _reference


def scored_market(seed: int, *, ties: bool) -> instances.Scored:
    rng = np.random.default_rng(seed)
    return instances.scored_market(rng, int(rng.integers(0, 9)), int(rng.integers(1, 6)), ties=ties)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(100))
def test_propose_scored_equals_its_twin(seed: int, ties: bool) -> None:
    given = scored_market(seed, ties=ties)
    match, position, proposals, *_ = given.solve()
    assert (match.tolist(), position.tolist(), int(proposals)) == _reference.propose_scored(*given.lists())


@pytest.mark.parametrize("seed", range(20))
def test_held_seats_agree_with_the_match(seed: int) -> None:
    given = scored_market(seed, ties=True)
    match, position, _, held_applicant, held_score, held_count, seat_ptr = given.solve()
    _, scores, _ = given.lists()
    for program, count in enumerate(held_count):
        seats = slice(seat_ptr[program], seat_ptr[program] + count)
        holders = held_applicant[seats].tolist()
        assert sorted(holders) == np.flatnonzero(match == program).tolist()
        assert held_score[seats].tolist() == [scores[a][position[a]] for a in holders]
        if count:  # the root is the worst: lowest score, then highest index
            root = (held_score[seat_ptr[program]], -held_applicant[seat_ptr[program]])
            assert root == min(zip(held_score[seats], -held_applicant[seats], strict=True))


def test_no_applicants_and_no_programs() -> None:
    nobody = instances.Scored(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0), np.zeros(0, np.int32))
    match, position, proposals, *_ = nobody.solve()
    assert match.size == position.size == int(proposals) == 0
