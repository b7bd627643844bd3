"""Laws of placing seats: limits are obeyed, the comparator is an expectation, no placement exceeds the bound."""

from __future__ import annotations

import os
import time
from itertools import combinations_with_replacement

import carms_lib as carms
import numpy as np
import pytest
from carms_lib.exceptions import ArgumentError
from carms_lib.pressure import allocate_seats
from carms_lib.pressure.allocation.bound import moves_of, solve_whole
from carms_lib.pressure.allocation.limits import Limits, read_limits
from carms_lib.pressure.allocation.lottery import new_lottery
from carms_lib.simulator.seats.standing import MatchWeights, SinglesMatch

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

Draw = tuple[list[list[int]], np.ndarray, list[int], list[int]]


def match_plainly(lists: list[list[int]], score: np.ndarray, quota: np.ndarray) -> tuple[list[int], list[int]]:
    """Deferred acceptance in the plainest way: programs, -1 for none, and places in the own lists."""
    at, match = [0] * len(lists), [-1] * len(lists)
    waiting = list(range(len(lists)))
    while waiting:
        a = waiting.pop()
        if at[a] == len(lists[a]):
            continue
        p = lists[a][at[a]]
        held = [b for b, q in enumerate(match) if q == p]
        held += [a] if score[a, p] > -np.inf else []
        held.sort(key=lambda b: (-score[b, p], b))
        match[a] = p
        for b in {a, *held} - set(held[: quota[p]]):
            match[b] = -1
            at[b] += 1
            waiting.append(b)
    return match, at


def count(weights: MatchWeights, match: list[int], at: list[int], before: list[int]) -> float:
    return sum(
        weights.of_matched[a]
        + weights.of_program[p]
        + weights.of_place[0] * (at[a] == 0)
        + weights.of_place[1] * (at[a] < before[a])
        for a, p in enumerate(match)
        if p >= 0
    )


def small_market(seed: int) -> tuple[float, float]:
    """The best of all placements of a random market, tried one by one, and the bound."""
    rng = np.random.default_rng(seed)
    programs, people, k = int(rng.integers(2, 6)), int(rng.integers(3, 12)), int(rng.integers(1, 4))
    quota = rng.integers(0, 4, programs)
    quota[0] = max(quota[0], 1)
    none = MatchWeights(np.zeros(people), np.zeros(programs), np.zeros(2), np.zeros(people, np.int32))
    weights = [
        none._replace(of_matched=(rng.random(people) < 0.5).astype(float)),
        none._replace(of_program=rng.random(programs).round(2)),
        none._replace(of_place=np.array([1.0, 0.0])),
        none._replace(of_place=np.array([0.0, 1.0])),
    ][seed % 4]
    draws, moves = [], []
    for _ in range(int(rng.integers(1, 4))):
        lists = [rng.permutation(programs)[: rng.integers(0, programs + 1)].tolist() for _ in range(people)]
        score = np.where(rng.random((people, programs)) < 0.1, -np.inf, rng.random((people, programs)).round(1))
        match, before = match_plainly(lists, score, quota)
        draws.append((lists, score, match, before))
        one = SinglesMatch(
            ptr=np.append(0, np.cumsum([len(own) for own in lists])).astype(np.int64),
            program=np.array([p for own in lists for p in own], dtype=np.int32),
            score=np.array([score[a, p] for a, own in enumerate(lists) for p in own], dtype=np.float64),
            quota=quota.astype(np.int32),
            match=np.array(match, dtype=np.int32),
            position=np.array(before, dtype=np.int32),
            couple_best=np.full((2, programs), -np.inf),
        )
        moves.append(moves_of(one, weights._replace(before=one.position), programs))
    open_ = quota > 0
    limits = Limits(
        k=k, eligible=open_, words=(), lower=np.zeros(0, np.int64), upper=np.zeros(0, np.int64),
        class_of=np.where(open_, 0, -1), member=np.zeros((0, 1)),
    )  # fmt: skip
    best = max(
        np.mean(
            [
                count(weights, *match_plainly(lists, score, quota + np.bincount(where, minlength=programs)), before)
                - count(weights, match, before, before)
                for lists, score, match, before in draws
            ]
        )
        for where in combinations_with_replacement(np.flatnonzero(open_), k)
    )
    counts_seats = bool(weights.of_program.any())
    return float(best), solve_whole(moves, limits, counts_seats=counts_seats, end=time.monotonic() + 30)[0]


def test_the_bound_is_the_proven_optimum_of_small_markets() -> None:
    """The short form; CARMS_SMALL_MARKETS=500 is the study."""
    for seed in range(int(os.environ.get("CARMS_SMALL_MARKETS", "24"))):
        best, bound = small_market(seed)
        assert bound == pytest.approx(best, abs=1e-6), seed


def test_random_limits_are_obeyed_or_refused(market: carms.Market) -> None:
    programs = market.programs
    eligible, rng, held = (programs["quota"] > 0).to_numpy(), np.random.default_rng(5), 0
    refused: list[str] = []
    for _ in range(25):
        given: dict[str, dict[str, dict[str, int]]] = {"floors": {}, "ceilings": {}}
        for column in ("province", "discipline", "school"):
            values = sorted(programs[column].astype(str).unique())
            for name, most in (("floors", 2), ("ceilings", 4)):
                given[name][column] = {str(v): int(rng.integers(most)) for v in rng.choice(values, 1)}
        k = int(rng.integers(1, 9))
        try:
            limits = read_limits(market, eligible, k, given)
        except ArgumentError as error:
            refused.append(str(error))
            continue
        held += 1
        lottery = new_lottery(market, limits)
        assert lottery.expected.sum() == pytest.approx(k)
        assert all(limits.is_obeyed(lottery.draw(7, draw)) for draw in range(20))
    assert held >= 5
    assert all("must give way" in message for message in refused)


def test_a_lottery_is_in_exact_proportion_on_average(market: carms.Market) -> None:
    eligible = (market.programs["quota"] > 0).to_numpy()
    lottery = new_lottery(market, read_limits(market, eligible, 5, {}))
    quota = market.programs["quota"].to_numpy(float)
    assert lottery.expected == pytest.approx(5 * quota / quota.sum())
    drawn = np.array([lottery.draw(11, draw) for draw in range(4000)])
    assert (drawn.sum(axis=1) == 5).all()
    part = lottery.expected % 1
    assert np.abs(drawn.mean(axis=0) - lottery.expected) == pytest.approx(0, abs=4.5 * np.sqrt(part.max() / 4000))
    assert ((drawn == np.floor(lottery.expected)) | (drawn == np.ceil(lottery.expected))).all()


def test_by_value_obeys_budgets_and_beats_the_lottery(market: carms.Market) -> None:
    provinces = market.programs.groupby("province")["quota"].sum().sort_values().index[-2:].tolist()
    budgets = {"province": {provinces[0]: 1, provinces[1]: 2}}
    made = allocate_seats(market, budgets=budgets, objective="most_better_off", n_draws=60, n_check=60, rng=4)
    assert made.k == 3
    got = made.to_frame().merge(market.programs[["program_stream_id", "province"]], on="program_stream_id")
    sums = got.groupby("province")[["by_seat_value", "in_proportion"]].sum()
    for province, seats in budgets["province"].items():
        assert sums.loc[province].tolist() == pytest.approx([seats, seats])
    paired = made.bands(against="in proportion", kind="mean").to_frame().set_index("metric").loc["better_off"]
    assert paired["upper"] >= 0


def test_what_nobody_needs_is_worth_nothing(market: carms.Market) -> None:
    programs = market.programs.assign(nothing=0.0)
    made = allocate_seats(
        carms.Market.from_gold(programs.drop(columns="province"), market.cohort), 2, objective="most_need_met",
        need="nothing", n_draws=10, n_check=10, rng=1,
    )  # fmt: skip
    assert made.steps["value"].tolist() == [0.0, 0.0]


def test_limits_that_cannot_hold_are_named(market: carms.Market) -> None:
    with pytest.raises(ArgumentError, match=r"floors of province .*: 3"):
        allocate_seats(market, 1, floors={"province": {market.programs["province"].iloc[0]: 3}}, n_draws=2, rng=1)
