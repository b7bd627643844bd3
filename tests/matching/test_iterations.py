"""Seats that revert, and a second iteration."""

from __future__ import annotations

import carms_lib as carms
import pytest
from carms_lib.matching import MatchingProblem, second_iteration, solve, solve_with_reversions


@pytest.fixture
def problem() -> MatchingProblem:
    return MatchingProblem.from_lists(
        {"ana": ["p"], "ben": ["p"], "cy": ["p", "q"]},
        {"p": ["ana", "ben", "cy"], "q": ["cy"], "r": []},
        {"p": 1, "q": 1, "r": 2},
    )


def test_unfilled_seats_go_where_they_revert_to_until_they_rest(problem):
    found = solve_with_reversions(problem, {"r": "q", "q": "p"})
    # r gives 2 to q, q gives 2 to p, p then takes everybody and the seat of q is free and follows
    assert found.problem.quotas.tolist() == [4, 0, 0]
    assert found.n_matched == 3
    assert problem.quotas.tolist() == [1, 1, 2]
    assert solve_with_reversions(problem, {}).match.tolist() == solve(problem).match.tolist()


def test_reversions_in_a_circle_are_refused(problem):
    with pytest.raises(carms.CarmsError, match="in a circle through program"):
        solve_with_reversions(problem, {"p": "q", "q": "r", "r": "p"})
    with pytest.raises(carms.CarmsError, match="in a circle"):
        solve_with_reversions(problem, {"p": "p"})
    with pytest.raises(carms.CarmsError, match="unknown"):
        solve_with_reversions(problem, {"x": "p"})


def test_a_second_iteration_has_who_and_what_is_left(problem):
    first = solve(problem)
    second = second_iteration(first, {"ben": ["r"], "dee": ["r", "q"]}, {"r": ["dee", "ben"], "q": ["dee"]})
    assert dict(zip(second.programs, second.quotas.tolist(), strict=True)) == {"r": 2, "q": 0}
    assert solve(second).to_frame()["program"].tolist() == ["r", "r"]
    merged = second_iteration(first, {"ben": ["q"]}, {"q": ["ben"]}, merge={"r": "q"})
    assert merged.quotas.tolist() == [2]
    couple = second_iteration(first, {}, {"r": ["ben", "dee"]}, couples={("ben", "dee"): [("r", "r")]})
    assert solve(couple).n_matched == 2


def test_who_is_matched_may_not_take_part_again(problem):
    first = solve(problem)
    for lists, options in (({"ana": ["r"]}, {}), ({}, {"couples": {("ana", "ben"): [("r", "r")]}})):
        with pytest.raises(carms.CarmsError, match="'ana' matched in the first iteration"):
            second_iteration(first, lists, {"r": ["ana", "ben"]}, **options)
    with pytest.raises(carms.CarmsError, match="'x' is unknown"):
        second_iteration(first, {}, {"x": []})
    with pytest.raises(carms.CarmsError, match="leave it out of programs"):
        second_iteration(first, {}, {"r": []}, merge={"r": "q"})
