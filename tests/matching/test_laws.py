"""Laws of the match without couples, tried on instances small enough to know every stable matching."""

from __future__ import annotations

from itertools import permutations

import carms_matching_instances as instances
import numpy as np
import pandas as pd
from carms_lib.matching import MatchingProblem, blocking_pairs, is_stable, solve
from hypothesis import given
from hypothesis import strategies as st

from oracles.couples import PlainMarket, blocking, matchings, stable_matchings


def places(plain: PlainMarket, match: list[int]) -> list[int]:
    return [plain.place_of(applicant, match) for applicant in range(plain.n)]


@instances.LAW
@given(instances.markets())
def test_each_side_gets_its_best_when_it_proposes(instance):
    problem = instance.problem
    plain = PlainMarket.of(problem)
    every = stable_matchings(plain)
    best = np.min([places(plain, match) for match in every], axis=0)
    worst = np.max([places(plain, match) for match in every], axis=0)
    by_applicants, by_programs = solve(problem), solve(problem, proposing="programs")
    assert by_applicants.match.tolist() in every
    assert by_programs.match.tolist() in every
    assert by_applicants.position.tolist() == best.tolist()
    assert by_programs.position.tolist() == worst.tolist()
    assert by_applicants.is_stable
    assert by_programs.blocking_pairs().empty


@instances.LAW
@given(instances.markets())
def test_rural_hospitals(instance):
    plain = PlainMarket.of(instance.problem)
    first, *others = stable_matchings(plain)
    for other in others:
        assert [program >= 0 for program in other] == [program >= 0 for program in first]
        for program, quota in enumerate(plain.quotas):
            assert other.count(program) == first.count(program)
            if first.count(program) < quota:
                assert [p == program for p in other] == [p == program for p in first]


@instances.LAW
@given(instances.markets(), st.data())
def test_the_order_of_names_changes_nothing(instance, data):
    shuffled = instances.Instance(
        {name: instance.applicants[name] for name in data.draw(st.permutations(list(instance.applicants)))},
        {name: instance.programs[name] for name in data.draw(st.permutations(list(instance.programs)))},
        instance.quotas,
    )
    for proposing in ("applicants", "programs"):
        one = solve(instance.problem, proposing=proposing).to_frame().set_index("applicant")
        other = solve(shuffled.problem, proposing=proposing).to_frame().set_index("applicant").loc[one.index]
        assert one.astype(object).where(one.notna(), None).equals(other.astype(object).where(other.notna(), None))


@instances.FEW
@given(instances.markets(most_applicants=4, most_programs=3))
def test_no_other_list_gets_an_applicant_more_than_the_truth(instance):
    match = solve(instance.problem)
    for number, (name, truth) in enumerate(instance.applicants.items()):
        for size in range(len(instance.programs) + 1):
            for lie in permutations(instance.programs, size):
                told = instances.Instance({**instance.applicants, name: list(lie)}, instance.programs, instance.quotas)
                got = solve(told.problem).to_frame()["program"].iloc[number]
                place = truth.index(got) if got in truth else len(truth)
                assert place >= match.position[number]


@instances.LAW
@given(instances.markets(), st.data())
def test_one_seat_more_hurts_no_applicant_and_one_applicant_more_helps_no_other(instance, data):
    before = solve(instance.problem)
    program = data.draw(st.sampled_from(list(instance.programs)))
    more = {**instance.quotas, program: instance.quotas[program] + 1}
    after = solve(instances.Instance(instance.applicants, instance.programs, more).problem)
    assert (after.position <= before.position).all()
    newcomer = instances.Instance(
        {**instance.applicants, "new": list(instance.programs)},
        {p: data.draw(st.permutations([*order, "new"])) for p, order in instance.programs.items()},
        instance.quotas,
    )
    # the newcomer may change the order of others: put them back in theirs
    for program, order in newcomer.programs.items():
        others = iter(instance.programs[program])
        newcomer.programs[program] = [name if name == "new" else next(others) for name in order]
    crowded = solve(newcomer.problem)
    assert (crowded.position[:-1] >= before.position).all()


@instances.LAW
@given(instances.markets())
def test_proposals_are_no_more_than_entries_and_counted_by_places(instance):
    found = solve(instance.problem)
    wanted = int((found.position + (found.match >= 0)).sum())
    assert found.proposals == wanted <= instance.problem.applicant_idx.size


@instances.LAW
@given(instances.markets())
def test_cutting_a_list_below_the_match_changes_nothing(instance):
    found = solve(instance.problem)
    cut = {name: own[: found.position[number] + 1] for number, (name, own) in enumerate(instance.applicants.items())}
    again = solve(instances.Instance(cut, instance.programs, instance.quotas).problem)
    assert again.match.tolist() == found.match.tolist()


@instances.LAW
@given(instances.markets(), st.data())
def test_the_checker_and_the_table_agree_on_any_matching(instance, data):
    problem = instance.problem
    plain = PlainMarket.of(problem)
    match = data.draw(st.sampled_from(list(matchings(plain))))
    given_match = {problem.applicants[a]: None if p < 0 else problem.programs[p] for a, p in enumerate(match)}
    blocks = blocking(plain, match, "BIS")
    table = blocking_pairs(problem, given_match)
    assert is_stable(problem, given_match) == (not blocks)
    assert len(table) == len(blocks)
    for (applicant, place), row in zip(blocks, table.itertuples(), strict=True):
        program = plain.lists[applicant][place]
        assert row.applicant == problem.applicants[applicant]
        assert row.program == problem.programs[program]
        assert (row.applicant_rank, row.program_rank) == (place + 1, plain.orders[program].index(applicant) + 1)
        held = [a for a in plain.orders[program] if match[a] == program]
        goes = problem.applicants[held[-1]] if len(held) == plain.quotas[program] else None
        assert (None if pd.isna(row.displaces) else row.displaces) == goes


def test_random_markets_of_some_size_are_stable_both_ways():
    rng = np.random.default_rng(5)
    n, n_programs = 400, 60
    lists = [rng.choice(n_programs, 8, replace=False) for _ in range(n)]
    problem = MatchingProblem.from_scores(
        {a: row.tolist() for a, row in enumerate(lists)},
        rng.random((n, n_programs)),
        dict.fromkeys(range(n_programs), 6),
    )
    by_applicants, by_programs = solve(problem), solve(problem, proposing="programs")
    assert by_applicants.is_stable
    assert by_programs.is_stable
    assert (by_applicants.position <= by_programs.position).all()
    assert np.array_equal(by_applicants.filled, by_programs.filled)
