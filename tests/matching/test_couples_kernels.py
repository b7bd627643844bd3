"""The kernels for couples against their plain twins, and every rung of the ladder against brute force."""

from __future__ import annotations

import carms_matching_instances as instances
import numpy as np
import pytest

# private: kernels have no public face; each is held against its plain twin
from carms_lib.matching import _blocking_pairs, _couple_market, _couples_search, _kojima_pathak_roth, _roth_peranson

# private: the exact search, which a solve reaches only where the others fail
from carms_lib.matching._integer_program import solve_exactly
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


def state_of(problem, match: list[int]) -> tuple[_couple_market.CoupleMarket, _couple_market.CoupleState]:
    """A matching as the kernels see it."""
    plain, market = PlainMarket.of(problem), _couple_market.to_market(problem)
    state = _couple_market.new_state(market)
    _couple_market.reset(market, state)
    for unit in plain.units:
        place = plain.place_of(unit, match)
        members = [unit] if unit < plain.n else list(plain.couples[unit - plain.n][:2])
        for member in members:
            state.match[member] = match[member]
            state.position[member] = place
            if match[member] >= 0:
                state.held_rank[member] = plain.orders[match[member]].index(member)
    _couple_market.seat_all(market, state)
    return market, state


@pytest.mark.parametrize("rule", RULES)
@instances.LAW
@given(instances.couples_markets(), st.data())
def test_who_blocks_equals_the_definition(rule, instance, data):
    problem = instance.problem
    plain = PlainMarket.of(problem)
    match = data.draw(st.sampled_from(list(matchings(plain))))
    market, state = state_of(problem, match)
    found = np.zeros((100, 2), np.int32)
    count = _blocking_pairs.find_blocking(market, state, _couple_market.RULES[rule], found)
    assert list(map(tuple, found[:count].tolist())) == blocking(plain, match, rule)
    for couple, (first, second, pairs) in enumerate(plain.couples):
        for place, pair in enumerate(pairs):
            if pair != (match[first], match[second]):
                option = int(market.pair_ptr[couple]) + place
                took = _couple_market.would_take(
                    market, state, _couple_market.RULES[rule], match[first], match[second], option
                )
                assert took == would_take(plain, match, rule, plain.n + couple, place)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("order", _couples_search.ORDERS)
@instances.FEW
@given(instances.couples_markets(most_singles=4))
def test_roth_peranson_equals_its_twin(rule, order, instance):
    problem = instance.problem
    plain, market = PlainMarket.of(problem), _couple_market.to_market(problem)
    state = _couple_market.new_state(market)
    _couple_market.reset(market, state)
    couples = np.arange(market.members.shape[0], dtype=np.int32)
    units = _couples_search.unit_order(market, couples, order, np.random.default_rng(1))
    singles = [unit for unit in plain.units if unit not in units.tolist()]
    start, _ = admit(plain, [-1] * plain.n, set(), singles, rule, 10_000)
    sent_away = 0
    if singles:
        _roth_peranson.admit(market, state, np.array(singles, np.int32), _couple_market.RULES[rule], 10_000, True)
    assert state.match.tolist() == start
    for budget, to_the_end in ((30, True), (1, True), (3, False)):  # low ones too, so that chains are cut
        sent_away = _roth_peranson.admit(market, state, units, _couple_market.RULES[rule], budget, to_the_end)
        match, sent_away_plainly = admit(plain, start, set(singles), units.tolist(), rule, budget, to_the_end)
        assert (state.match.tolist(), sent_away) == (match, sent_away_plainly)
        if not sent_away:
            assert not blocking(plain, match, rule)
        market, state = state_of(problem, start)
        state.admitted[singles] = True


@pytest.mark.parametrize("rule", RULES)
@instances.LAW
@given(instances.couples_markets(most_singles=4))
def test_kojima_pathak_roth_equals_its_twin(rule, instance):
    problem = instance.problem
    plain = PlainMarket.of(problem)
    market, state = state_of(problem, [-1] * plain.n)
    units = np.array(plain.units, np.int32)
    work = np.zeros(plain.n + 1, np.int32), np.zeros(plain.n + len(plain.couples), np.int32)
    rested = _kojima_pathak_roth.pass_over(market, state, units, _couple_market.RULES[rule], 20, *work)
    match, rested_plainly = pass_over(plain, [-1] * plain.n, units.tolist(), rule, 20)
    assert (state.match.tolist(), rested) == (match, rested_plainly)
    if rested:
        assert not blocking(plain, match, rule)


@pytest.mark.parametrize("rule", RULES)
@instances.FEW
@given(instances.couples_markets())
def test_the_exact_search_equals_brute_force(rule, instance):
    problem = instance.problem
    plain, market = PlainMarket.of(problem), _couple_market.to_market(problem)
    stable = stable_matchings(plain, rule)
    status, place = solve_exactly(market, rule, 10.0)
    assert status == ("stable" if stable else "none_exists")
    if place is None:
        fewest = min(len(blocking(plain, match, rule)) for match in matchings(plain))
        _, place = solve_exactly(market, rule, 10.0, fewest=True)
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
