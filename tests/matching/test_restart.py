"""One seat or one applicant more or less: exactly what solving the changed problem afresh gives, and who moved."""

from __future__ import annotations

import carms_lib as carms
import carms_matching_instances as instances
import numpy as np
import pytest
from carms_lib.matching import (
    Matching,
    MatchingProblem,
    add_applicant,
    add_seat,
    check_matching,
    remove_applicant,
    remove_seat,
    solve,
)
from hypothesis import given
from hypothesis import strategies as st


def same(after: Matching, afresh: Matching) -> bool:
    return np.array_equal(after.match, afresh.match) and np.array_equal(after.position, afresh.position)


@instances.LAW
@given(instances.markets(most_applicants=7), st.integers(1, 3), st.data())
def test_seats_more_and_less_equal_solving_afresh(instance, n, data):
    before = solve(instance.problem)
    program = data.draw(st.sampled_from(list(instance.quotas)))
    more = add_seat(before, program, n)
    quotas = {**instance.quotas, program: instance.quotas[program] + n}
    assert same(more.after, solve(instances.Instance(instance.applicants, instance.programs, quotas).problem))
    assert more.after.problem.quotas.tolist() == list(quotas.values())
    assert more.after.is_stable
    back = remove_seat(more.after, program, n)
    assert same(back.after, before)
    assert back.moved.tolist() == more.moved.tolist()
    assert more.moved.tolist() == np.flatnonzero(more.after.match != before.match).tolist()


@instances.LAW
@given(instances.markets(most_applicants=7), st.data())
def test_applicants_more_and_less_equal_solving_afresh(instance, data):
    before = solve(instance.problem)
    choices = data.draw(st.permutations(list(instance.quotas)))[: data.draw(st.integers(0, 3))]
    ranks = {
        program: data.draw(st.integers(1, len(order) + 1))
        for program, order in instance.programs.items()
        if data.draw(st.booleans())
    }
    more = add_applicant(before, "new", choices, ranks)
    programs = {
        p: [*o[: ranks[p] - 1], "new", *o[ranks[p] - 1 :]] if p in ranks else o for p, o in instance.programs.items()
    }
    whole = instances.Instance({**instance.applicants, "new": choices}, programs, instance.quotas)
    assert same(more.after, solve(whole.problem))
    assert more.after.to_frame().equals(solve(whole.problem).to_frame())
    gone = remove_applicant(more.after, "new")
    assert gone.after.match[:-1].tolist() == before.match.tolist()
    assert same(gone.after, solve(gone.after.problem))
    for name in instance.applicants:
        less = remove_applicant(before, name)
        assert same(less.after, solve(less.after.problem))
        assert less.after.problem.n_applicants == before.problem.n_applicants


@pytest.fixture
def matching() -> Matching:
    return solve(
        MatchingProblem.from_lists(
            {"ana": ["p", "q"], "ben": ["p", "q"], "cy": ["p", "q"]},
            {"p": ["ana", "ben", "cy"], "q": ["ana", "ben", "cy"]},
            {"p": 1, "q": 1},
        )
    )


def test_who_moved_is_a_table_and_a_line(matching):
    change = add_seat(matching, "p")
    assert change.summary() == "2 applicants moved; 3 matched (+1)"
    assert repr(change) == f"Change({change.summary()})"
    frame = change.to_frame()
    assert frame["applicant"].tolist() == ["ben", "cy"]
    assert frame["to_program"].tolist() == ["p", "q"]
    assert frame["from_program"].iloc[0] == "q"
    assert frame["from_program"].isna().tolist() == [False, True]
    assert frame["from_rank"].isna().tolist() == [False, True]
    assert frame["to_rank"].tolist() == [1, 2]
    assert add_seat(change.after, "q").moved.size == 0


def test_a_newcomer_is_in_the_table(matching):
    frame = add_applicant(matching, "di", ["p"], {"p": 1}).to_frame()
    assert frame["applicant"].tolist() == ["ana", "ben", "di"]
    assert frame["from_program"].isna().tolist() == [False, False, True]
    assert frame["to_program"].tolist()[0] == "q"


def test_scores_restart_too():
    rng = np.random.default_rng(1)
    problem = MatchingProblem.from_scores(
        {a: rng.permutation(6)[:4].tolist() for a in range(30)}, rng.random((30, 6)), dict.fromkeys(range(6), 3)
    )
    before = solve(problem)
    for program in range(6):
        after = add_seat(before, program).after
        assert same(after, solve(problem.with_quotas({program: 4})))
        assert same(remove_seat(after, program).after, before)
    assert same(remove_applicant(before, 3).after, solve(remove_applicant(before, 3).after.problem))


def test_numbered_applicants_stay_numbered():
    before = solve(MatchingProblem.from_arrays([0, 1], [0], [0, 1], [0], [1]))
    more = add_applicant(before, 1, [0], {0: 1})
    assert more.after.match.tolist() == [-1, 0]
    with pytest.raises(carms.CarmsError, match="the next one is 1"):
        add_applicant(before, 7, [0], {0: 1})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: add_seat(m, "r"), "program='r' is unknown"),
        (lambda m: add_seat(m, "p", 0), "n=0 is not allowed"),
        (lambda m: remove_seat(m, "p", 2), "program 'p' has 1 seats"),
        (lambda m: remove_applicant(m, "anna"), "Did you mean 'ana'"),
        (lambda m: add_applicant(m, "ana", [], {}), "there is an applicant of that name"),
        (lambda m: add_applicant(m, "di", ["x"], {}), "'x' is unknown"),
        (lambda m: add_applicant(m, "di", ["p", "p"], {"p": 1}), "ranks program 'p' twice"),
        (lambda m: add_applicant(m, "di", ["p"], {"p": 5}), "that order has 3 names"),
        (lambda m: add_applicant(m, "di", ["p"], {"p": 0}), "is not allowed"),
    ],
)
def test_what_is_not_allowed_is_said(matching, change, message):
    with pytest.raises(carms.CarmsError, match=message):
        change(matching)


def test_only_the_applicants_best_matching_has_chains(matching):
    with pytest.raises(carms.CarmsError, match="best stable matching"):
        add_seat(solve(matching.problem, proposing="programs"), "p")
    with pytest.raises(carms.CarmsError, match="best stable matching"):
        add_seat(check_matching(matching.problem, {"ana": "p"}), "p")
    couple = MatchingProblem.from_lists({}, {"p": ["a", "b"]}, {"p": 2}, couples={("a", "b"): [("p", "p")]})
    with pytest.raises(carms.CarmsError, match="couples"):
        add_seat(solve(couple), "p")


def test_other_quotas_share_the_lists(matching):
    other = matching.problem.with_quotas({"q": 2})
    assert other.quotas.tolist() == [1, 2]
    assert other.lists.program_idx is matching.problem.lists.program_idx
    assert matching.problem.quotas.tolist() == [1, 1]
    with pytest.raises(carms.CarmsError, match="quotas"):
        matching.problem.with_quotas({"q": -1})
    with pytest.raises(carms.CarmsError, match="quotas has shape"):
        matching.problem.with_quotas([1])
