"""All stable matchings, and every pair that one of them has."""

from __future__ import annotations

import carms_lib as carms
import carms_matching_instances as instances
import numpy as np
import pytest
from carms_lib.matching import MatchingProblem, solve, stable_pairs
from carms_lib.matching import stable_matchings as every
from hypothesis import given

from oracles.couples import PlainMarket
from oracles.couples import stable_matchings as by_trying


@instances.LAW
@given(instances.markets())
def test_all_stable_matchings_and_pairs_equal_trying_everything(instance):
    problem = instance.problem
    wanted = by_trying(PlainMarket.of(problem))
    found = every(problem)
    assert sorted(matching.match.tolist() for matching in found) == sorted(wanted)
    assert all(matching.is_stable for matching in found)
    assert found[0].match.tolist() == solve(problem).match.tolist()
    assert found[-1].match.tolist() == solve(problem, proposing="programs").match.tolist()
    pairs = {(problem.applicants[a], problem.programs[p]) for match in wanted for a, p in enumerate(match) if p >= 0}
    frame = stable_pairs(problem)
    assert len(frame) == len(pairs)
    assert set(zip(frame["applicant"], frame["program"], strict=True)) == pairs


def latin(n: int) -> MatchingProblem:
    """Everybody's first choice ranks them last: n stable matchings that are turns of one another, and more."""
    turn = (np.arange(n)[:, None] + np.arange(n)) % n
    ptr = np.arange(0, n * n + 1, n)
    back = (np.arange(n)[:, None] + 1 + np.arange(n)) % n
    return MatchingProblem.from_arrays(ptr, turn.ravel(), ptr, back.ravel(), np.ones(n, int))


def test_a_latin_square_has_every_pair_stable():
    assert len(stable_pairs(latin(6))) == 36
    assert [matching.proposing for matching in every(latin(4))] == ["applicants", "neither", "neither", "programs"]


def test_random_markets_have_the_pairs_of_both_ends():
    rng = np.random.default_rng(0)
    n = 60
    ptr = np.arange(0, n * n + 1, n)
    own = np.concatenate([rng.permutation(n) for _ in range(n)])
    other = np.concatenate([rng.permutation(n) for _ in range(n)])
    problem = MatchingProblem.from_arrays(ptr, own, ptr, other, np.ones(n, int))
    frame = stable_pairs(problem)
    ranks = frame.groupby("applicant")["applicant_rank"]
    assert (ranks.min().to_numpy() == solve(problem).position + 1).all()
    assert (ranks.max().to_numpy() == solve(problem, proposing="programs").position + 1).all()


def test_too_many_and_couples_are_refused():
    with pytest.raises(carms.CarmsError, match="limit=2 is passed"):
        every(latin(4), limit=2)
    couple = MatchingProblem.from_lists({}, {"p": ["a", "b"]}, {"p": 2}, couples={("a", "b"): [("p", "p")]})
    with pytest.raises(carms.CarmsError, match="couples"):
        stable_pairs(couple)
