"""The kernels for couples against their plain twins, and every rung of the ladder against brute force."""

from __future__ import annotations

import carms_matching_instances as instances
import numpy as np
import pytest
from carms_lib.kernels.jit import from_python

# private: which orders the ladder admits in, and how
from carms_lib.matching._couples_search import ORDERS, admission, unit_order

# private: the exact search, which a solve reaches only where the others fail
from carms_lib.matching._integer_program import solve_exactly

# private: the door between ranks and scores
from carms_lib.matching._scored_problem import RULES as NUMBER_OF
from carms_lib.matching.scored import blocking as scored_blocking
from carms_lib.matching.scored import moves, roth_peranson
from carms_lib.matching.scored.kojima_pathak_roth import pass_over as pass_over_compiled
from carms_lib.matching.scored.lists import ScoredLists, ScoredState, state_for
from hypothesis import given
from hypothesis import strategies as st

from oracles.couples import (
    PlainMarket,
    admit,
    blocking,
    matchings,
    pass_over,
    stable_matchings,
    would_take,
)

RULES = ["BIS", "MM"]
admit_compiled, begin = from_python(roth_peranson.admit), from_python(moves.begin)
would_take_compiled = from_python(scored_blocking.would_take)


def state_of(problem, match: list[int]) -> tuple[ScoredLists, ScoredState]:
    """A matching as the kernels see it; `seat_and_find_blocking` fills the seats."""
    plain, lists = PlainMarket.of(problem), problem.scored
    state = state_for(lists, problem.lists.seats)
    for unit in plain.units:
        place = plain.place_of(unit, match)
        for member in [unit] if unit < plain.n else plain.couples[unit - plain.n][:2]:
            state.match[member] = match[member]
            state.position[member] = place
    return lists, state


@pytest.mark.parametrize("rule", RULES)
@instances.LAW
@given(instances.couples_markets(), st.data())
def test_who_blocks_equals_the_definition(rule, instance, data):
    problem = instance.problem
    plain = PlainMarket.of(problem)
    match = data.draw(st.sampled_from(list(matchings(plain))))
    lists, state = state_of(problem, match)
    found = np.zeros((100, 2), np.int32)
    count = scored_blocking.seat_and_find_blocking(lists, state, NUMBER_OF[rule], found)
    assert list(map(tuple, found[:count].tolist())) == blocking(plain, match, rule)
    for couple, (first, second, pairs) in enumerate(plain.couples):
        for place, pair in enumerate(pairs):
            if pair != (match[first], match[second]):
                option = int(lists.pair_ptr[couple]) + place
                took = would_take_compiled(lists, state, NUMBER_OF[rule], option)
                assert took == would_take(plain, match, rule, plain.n + couple, place)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("order", ORDERS)
@instances.FEW
@given(instances.couples_markets(most_singles=4))
def test_roth_peranson_equals_its_twin(rule, order, instance):
    problem = instance.problem
    plain, lists = PlainMarket.of(problem), problem.scored
    couples = np.arange(lists.members.shape[0], dtype=np.int32)
    units = unit_order(lists, couples, order, np.random.default_rng(1))
    in_order = (units + plain.n).tolist()
    singles = [unit for unit in plain.units if unit not in in_order]
    start, _ = admit(plain, [-1] * plain.n, set(), singles, rule, 10_000)
    for budget, to_the_end in ((30, True), (1, True), (3, False)):  # low ones too, so that chains are cut
        state = state_for(lists, problem.lists.seats)
        begin(lists, state, bool(singles))
        assert state.match.tolist() == start
        how = admission(rule, budget, order, to_the_end=to_the_end)
        sent_away = admit_compiled(lists, state, units, how)
        match, sent_away_plainly = admit(plain, start, set(singles), in_order, rule, budget, to_the_end)
        assert (state.match.tolist(), sent_away) == (match, sent_away_plainly)
        if not sent_away:
            assert not blocking(plain, match, rule)
        away, left = roth_peranson.admit_all(lists, state_for(lists, problem.lists.seats), units, how)
        assert (away, left) == (sent_away, -1 if sent_away < 0 else len(blocking(plain, match, rule)))


@pytest.mark.parametrize("rule", RULES)
@instances.LAW
@given(instances.couples_markets(most_singles=4))
def test_kojima_pathak_roth_equals_its_twin(rule, instance):
    problem = instance.problem
    plain, lists = PlainMarket.of(problem), problem.scored
    state = state_for(lists, problem.lists.seats)
    units = np.array(plain.units, np.int32)
    singles = [unit for unit in plain.units if unit < plain.n]
    start, _ = admit(plain, [-1] * plain.n, set(), singles, rule, 10_000)
    work = np.zeros((2, plain.n + len(plain.couples)), np.int32)
    rested, left = pass_over_compiled(lists, state, units, NUMBER_OF[rule], 20, work)
    match, rested_plainly = pass_over(plain, start, units.tolist(), rule, 20)
    assert (state.match.tolist(), rested, left) == (match, rested_plainly, len(blocking(plain, match, rule)))
    assert left == 0 or not rested


@pytest.mark.parametrize("rule", RULES)
@instances.FEW
@given(instances.couples_markets())
def test_the_exact_search_equals_brute_force(rule, instance):
    problem = instance.problem
    plain, lists, seats = PlainMarket.of(problem), problem.scored, problem.lists.seats
    stable = stable_matchings(plain, rule)
    status, place = solve_exactly(lists, seats, rule, 10.0)
    assert status == ("stable" if stable else "none_exists")
    if place is None:
        fewest = min(len(blocking(plain, match, rule)) for match in matchings(plain))
        _, place = solve_exactly(lists, seats, rule, 10.0, fewest=True)
        assert len(blocking(plain, seated(plain, place), rule)) == fewest > 0
    else:
        assert seated(plain, place) in stable


def seated(plain: PlainMarket, place: np.ndarray) -> list[int]:
    match = [-1] * plain.n
    for unit in plain.units:
        if place[unit] < plain.n_options(unit):
            for who, where in plain.seats_of(unit, place[unit]):
                match[who] = where
    return match
