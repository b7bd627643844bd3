"""Couples: who is in one, what they list, and a match that the checker of `matching` finds stable."""

from __future__ import annotations

import itertools

import carms_lib as carms
import numpy as np
import pytest
from carms_lib.kernels.jit import from_python
from carms_lib.kernels.noise import Purpose, stream
from carms_lib.matching import MatchingProblem, blocking_pairs
from carms_lib.matching.scored import blocking, roth_peranson
from carms_lib.matching.scored.lists import ScoredLists, ScoredState, index_programs, new_scored_state
from carms_lib.simulator import PARAMETERS
from carms_lib.simulator.draw import couples, first_iteration
from carms_lib.simulator.draw.block import COUPLE_COUNTS, BlockInputs, run_block
from carms_lib.simulator.draw.first_iteration import COUPLE_ROUNDS, COUPLE_STEPS
from carms_lib.simulator.draw.workspace import MAX_LIST, MAX_PAIRS, Space, new_space

from oracles.couples import PlainMarket, admit

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

match_in_order = from_python(roth_peranson.match_in_order)
count_blocking = from_python(blocking.count_blocking)
match_in_orders, shuffle = from_python(first_iteration._match), from_python(first_iteration._shuffle)
choose_couples, write_pairs = from_python(couples.choose_couples), from_python(couples.write_pairs)

AT = {name: i for i, name in enumerate(PARAMETERS)}


class Paired:
    """A market with couples on plain lists, matched by the kernel and checked by `MatchingProblem`."""

    def __init__(self, lists: list[list[int]], scores: list[list[float]], quota: list[int], couples: dict) -> None:
        self.lists, self.scores, self.quota, self.couples = lists, scores, quota, couples
        n, programs = len(lists), len(quota)
        ptr = np.concatenate([[0], np.cumsum([len(own) for own in lists])]).astype(np.int64)
        idx = np.array(list(itertools.chain(*lists)), dtype=np.int32)
        owner, application = np.empty_like(idx), np.empty_like(idx)
        program_ptr = np.empty(programs + 1, dtype=np.int64)
        index_programs(ptr, idx, owner, program_ptr, application)
        couple_of = np.full(n, -1, dtype=np.int32)
        pairs: list[tuple[int, int]] = []
        pair_ptr = [0]
        for c, ((a, b), wanted) in enumerate(couples.items()):
            couple_of[[a, b]] = c
            for p, q in wanted:
                pairs.append(
                    (
                        -1 if p is None else int(ptr[a]) + lists[a].index(p),
                        -1 if q is None else int(ptr[b]) + lists[b].index(q),
                    )
                )
            pair_ptr.append(len(pairs))
        self.arrays = ScoredLists(
            ptr=ptr,
            idx=idx,
            score=np.array(list(itertools.chain(*scores)), dtype=float),
            owner=owner,
            program_ptr=program_ptr,
            application=application,
            couple_of=couple_of,
            members=np.array(list(couples) or np.empty((0, 2)), dtype=np.int32).reshape(-1, 2),
            n_couples=np.array([len(couples)]),
            pair_ptr=np.array(pair_ptr, dtype=np.int64),
            pairs=np.array(pairs or np.empty((0, 2)), dtype=np.int32).reshape(-1, 2),
        )

    def run(
        self,
        order: list[int] | None = None,
        budget: int = 2_000,
        rounds: int = 0,
        state: ScoredState | None = None,
    ) -> tuple[int, ScoredState]:
        state = state or self.new_state()
        state.quota[:] = self.quota
        state.seat_ptr[1:] = np.cumsum(self.quota)
        turns = np.array(range(len(self.couples)) if order is None else order, dtype=np.int32)
        return match_in_order(self.arrays, state, turns, budget, rounds), state

    def new_state(self, spare: int = 0) -> ScoredState:
        """With room for so many seats more."""
        return new_scored_state(len(self.lists), len(self.quota), sum(self.quota) + spare, len(self.arrays.idx))

    def blocking(self, state: ScoredState) -> int:
        """How many coalitions block, by the checker of `matching`, which works on ranks and labels."""

        def ranks(a: int, p: int) -> bool:
            return self.scores[a][self.lists[a].index(p)] > -np.inf

        def label(p: int | None) -> str | None:
            return None if p is None else f"p{p}"

        applications = [
            (score, a, p) for a, own in enumerate(self.lists) for p, score in zip(own, self.scores[a], strict=True)
        ]
        members = {a for pair in self.couples for a in pair}
        problem = MatchingProblem.from_lists(
            applicants={
                f"a{a}": [f"p{p}" for p in own if ranks(a, p)] for a, own in enumerate(self.lists) if a not in members
            },
            programs={
                f"p{p}": [
                    f"a{a}"
                    for score, a, q in sorted(applications, key=lambda x: (-x[0], x[1]))
                    if q == p and score > -np.inf
                ]
                for p in range(len(self.quota))
            },
            quotas={f"p{p}": seats for p, seats in enumerate(self.quota)},
            couples={
                (f"a{a}", f"a{b}"): [
                    (label(p), label(q)) for p, q in wanted if (p is None or ranks(a, p)) and (q is None or ranks(b, q))
                ]
                for (a, b), wanted in self.couples.items()
            },
            one_sided="keep",  # a pair that is not listed leaves entries of one side
        )
        return len(blocking_pairs(problem, {f"a{a}": None if p < 0 else f"p{p}" for a, p in enumerate(state.match)}))


def _random(seed: int, n: int = 24, programs: int = 8, in_couples: int = 8, ties: bool = False) -> Paired:
    rng = np.random.default_rng(seed)
    lists = [[int(p) for p in rng.permutation(programs)[: rng.integers(1, 6)]] for _ in range(n)]
    scores = [[float(-np.inf if rng.random() < 0.1 else rng.normal()) for _ in own] for own in lists]
    if ties:
        scores = [[float(np.round(score)) for score in own] for own in scores]
    couples = {}
    for a in range(0, in_couples, 2):
        pairs: list = list(itertools.product(lists[a], lists[a + 1]))
        rng.shuffle(pairs)
        couples[a, a + 1] = [*map(tuple, pairs[:12]), (lists[a][0], None), (None, lists[a + 1][0])]
    return Paired(lists, scores, [int(q) for q in rng.integers(0, 5 * n // 24, size=programs)], couples)


def _plain(market: Paired) -> PlainMarket:
    """The same market as lists of ranks, for the slow twin."""
    singles = [a for a in range(len(market.lists)) if all(a not in pair for pair in market.couples)]
    score = [dict(zip(own, scores, strict=True)) for own, scores in zip(market.lists, market.scores, strict=True)]
    ranked = [
        sorted((a for a in range(len(score)) if score[a].get(p, -np.inf) > -np.inf), key=lambda a: (-score[a][p], a))
        for p in range(len(market.quota))
    ]
    return PlainMarket(
        [[p for p in own if score[a][p] > -np.inf] if a in singles else [] for a, own in enumerate(market.lists)],
        ranked,
        market.quota,
        [(a, b, [tuple(-1 if p is None else p for p in pair) for pair in w]) for (a, b), w in market.couples.items()],
    )


@pytest.mark.parametrize("rounds", [0, 1, 3])
@pytest.mark.parametrize("budget", [3, 8, 21, 50, 130, 2_000])
def test_it_does_what_its_plain_twin_does_step_by_step(budget: int, rounds: int) -> None:
    """Where a chain walks in a circle, too: there the kernel leaves out whole rounds, and its twin walks them."""
    assert sum(_as_its_twin(_random(seed), [2, 0, 3, 1], budget, rounds) for seed in range(60)) > 0


@pytest.mark.parametrize("ties", [False, True])
def test_it_does_so_in_larger_markets_and_where_priorities_are_equal(ties: bool) -> None:
    for seed in range(25):
        market = _random(seed, 150, 6, 40, ties)
        _as_its_twin(market, np.random.default_rng(seed).permutation(20).tolist(), 400, rounds=3)
    for seed in range(60):
        _as_its_twin(_random(seed, ties=ties), [2, 0, 3, 1], 50, rounds=0)


def _as_its_twin(market: Paired, turns: list[int], budget: int, rounds: int) -> int:
    """Hold the kernel against its twin, and return how many couples stayed away."""
    plain = _plain(market)
    n = len(market.lists)
    singles = [unit for unit in plain.units if unit < n]
    match, _ = admit(plain, [-1] * n, set(), singles, "BIS", 10_000)
    match, expected = admit(plain, match, set(singles), [n + c for c in turns], "BIS", budget, rounds=rounds)
    sent_away, state = market.run(turns, budget, rounds)
    assert (state.match.tolist(), sent_away) == (match, expected)
    return sent_away


def test_what_a_program_read_of_its_applications_serves_the_next_match_of_the_same_lists() -> None:
    """The simulator matches again after seats have reverted, and a seat's value is found by matching with one more."""
    kept = 0
    for seed in range(40):
        market = _random(seed, 60, 6, 16)
        state = market.new_state(spare=1)
        market.run(budget=200, rounds=1, state=state)
        had_read = state.is_read.copy()
        market.quota[seed % 6] += 1
        again, _ = market.run(budget=200, rounds=1, state=state)
        afresh, other = market.run(budget=200, rounds=1)
        assert (again, state.match.tolist()) == (afresh, other.match.tolist())
        assert (state.is_read >= had_read).all()
        kept += had_read.sum()
    assert kept > 0


def test_what_comes_to_rest_is_stable_by_another_checker() -> None:
    rested = 0
    for seed in range(150):
        market = _random(seed)
        sent_away, state = market.run()
        found = market.blocking(state)  # it raises where a quota or a list is broken
        assert count_blocking(market.arrays, state) == found
        if sent_away == 0:
            rested += 1
            assert found == 0
        np.testing.assert_array_equal(
            np.bincount(state.match[state.match >= 0], minlength=len(market.quota)), state.held_count
        )
    assert rested > 100  # the rest of these small and crowded markets needs another order, or has no stable matching


def test_those_who_were_sent_away_often_stay_when_they_come_again() -> None:
    away = [sum(_random(seed).run(budget=200, rounds=rounds)[0] for seed in range(150)) for rounds in (0, 1, 3)]
    assert away[0] > away[1] >= away[2]


def test_a_market_without_a_stable_matching_is_said_to_be_blocked() -> None:
    """Single s: h0, h1; couple (c1, c2): (h0, h1); h0: c1, s; h1: s, c2: every matching is blocked by someone."""
    market = Paired([[0, 1], [0], [1]], [[1.0, 2.0], [2.0], [1.0]], [1, 1], {(1, 2): [(0, 1)]})
    sent_away, state = market.run()
    assert sent_away == 1
    assert count_blocking(market.arrays, state) == market.blocking(state) > 0


def test_the_first_of_the_best_orders_is_kept() -> None:
    """Three of many markets in which each of four orders of eight couples fails, and equally good ones differ."""
    chance, order = np.uint64(stream(np.uint64(5), Purpose.COUPLE_ORDER, 0)), np.zeros(8, dtype=np.int32)
    for seed in (392, 568, 1247):
        market, found = _random(seed, in_couples=16), []
        for attempt in range(4):
            with np.errstate(over="ignore"):
                shuffle(chance, attempt, order)
            away, state = market.run(order.tolist(), COUPLE_STEPS, COUPLE_ROUNDS)
            assert away > 0
            found.append((int(count_blocking(market.arrays, state)), state.match.tolist()))
        fewest = min(blocking for blocking, _ in found)
        best = [match for blocking, match in found if blocking == fewest]
        assert best[0] != best[-1]
        state = market.new_state()
        state.quota[:] = market.quota
        with np.errstate(over="ignore"):
            assert match_in_orders(np.uint64(5), 0, market.arrays, state, order) == (4, fewest)
        assert state.match.tolist() == best[0]


def test_without_couples_it_is_deferred_acceptance() -> None:
    for seed in range(20):
        market = _random(seed)
        single = Paired(market.lists, market.scores, market.quota, {})
        sent_away, state = single.run()
        assert sent_away == 0
        assert single.blocking(state) == 0


def _couples(market: carms.Market, share: float, draw: int = 0):  # type: ignore[no-untyped-def]
    theta = market.cohort.parameters["value"].to_numpy(float).copy()
    theta[AT["couples_share"]] = share
    space = new_space(market.tables)
    space.taking_part[:] = np.diff(market.tables.type_start)
    with np.errstate(over="ignore"):
        count = choose_couples(np.uint64(7), draw, theta, market.tables, space)
    return space.lists.couple_of, space.lists.members[:count]


def _pairs_of(market: carms.Market, theta: np.ndarray, own: list[int], others: list[int]) -> tuple[np.ndarray, Space]:
    """The pairs that the first two applicants list together, given their own lists."""
    space = new_space(market.tables)
    space.lists.ptr[:3] = 0, len(own), len(own) + len(others)
    space.lists.idx[: len(own) + len(others)] = own + others
    space.lists.members[0] = 0, 1
    write_pairs(theta, market.tables, space, 1)
    return space.lists.pairs[: space.lists.pair_ptr[1]], space


def test_couples_are_graduates_of_canadian_schools_each_in_one_couple(market: carms.Market) -> None:
    couple_of, members = _couples(market, 0.5)
    classes = market.applicants["applicant_class"].to_numpy()
    assert len(members) > 3
    assert len(np.unique(members)) == members.size
    assert set(classes[members.ravel()]) <= {"cmg_current", "cmg_prior"}
    for c, pair in enumerate(members):
        np.testing.assert_array_equal(couple_of[pair], c)
    assert (couple_of >= 0).sum() == members.size


def test_the_share_of_couples_is_kept_on_average(market: carms.Market) -> None:
    eligible = market.tables.class_couples[market.tables.type_class[market.tables.applicant_type]].sum()
    found = [2 * len(_couples(market, 0.3, draw)[1]) for draw in range(400)]
    # One in each draw may go without a partner; the standard error of the mean is about 0.13.
    assert 0.3 * eligible - 1.0 < np.mean(found) < 0.3 * eligible + 0.5


def test_pairs_stand_in_the_order_of_their_sum_and_near_ones_first(market: carms.Market) -> None:
    province = market.tables.program_province
    own, others = [0, 3, 8, 5], [2, 0, 7]
    theta = market.cohort.parameters["value"].to_numpy(float).copy()
    for nearness in (0.0, 2.0, 9.0, 1e6):
        theta[AT["couple_nearness"]] = nearness
        listed, space = _pairs_of(market, theta, own, others)
        program = space.lists.idx
        both = listed[(listed >= 0).all(axis=1)]
        assert len(both) == 12
        assert len(listed) == 12 + 7
        assert (listed[:12] >= 0).all()  # "no match" for one stands behind all pairs
        apart = province[program[both[:, 0]]] != province[program[both[:, 1]]]
        sums = both[:, 0] + (both[:, 1] - 4) + nearness * apart
        assert (np.diff(sums) >= 0).all()
        assert len({tuple(pair) for pair in listed}) == len(listed)


def test_lists_of_pairs_are_bounded(market: carms.Market) -> None:
    theta = market.cohort.parameters["value"].to_numpy(float).copy()
    pairs, _ = _pairs_of(market, theta, [0] * MAX_LIST, [0] * MAX_LIST)
    assert len(pairs) == MAX_PAIRS
    assert (pairs >= 0).all(axis=1).sum() == MAX_PAIRS // 2


@pytest.fixture(scope="module")
def paired(market: carms.Market) -> carms.Market:
    """The small market with half of its graduates in couples."""
    cohort = market.cohort.with_parameter("couples_share", 0.5, source="a test")
    return carms.Market.from_gold(market.programs, cohort)


def test_a_draw_does_not_depend_on_what_programs_read_in_the_draw_before(paired: carms.Market) -> None:
    inputs = BlockInputs(
        paired.cohort.parameters["value"].to_numpy(float), paired.cohort.classes["size"].to_numpy(float)
    )
    draws = np.arange(10)
    (together,) = run_block(paired, [paired], 1, 0, draws, inputs)
    for draw in draws:
        (alone,) = run_block(paired, [paired], 1, 0, draws[[draw]], inputs)
        np.testing.assert_array_equal(together.first[draw], alone.first[0])
        np.testing.assert_array_equal(together.couples[draw], alone.couples[0])


@pytest.mark.filterwarnings("ignore::carms_lib.exceptions.StabilityWarning")
@pytest.mark.filterwarnings("ignore::carms_lib.exceptions.LargeChangeWarning")
def test_a_study_counts_its_couples(paired: carms.Market) -> None:
    study = carms.simulate(paired, carms.Scenario("none").scale_quota(0.0), n_draws=60, rng=1)
    table = study.couples().set_index("scenario")
    assert list(table.index) == ["baseline", "none"]
    assert table.loc["baseline", "couples"] > 5
    assert table.loc["baseline", "both_matched"] > table.loc["baseline", "one_matched"] > 0
    assert table.loc["none", "both_matched"] == table.loc["none", "one_matched"] == 0
    counts = study.outcomes_of().couples
    assert counts.shape == (60, len(COUPLE_COUNTS))
    assert (counts[:, 1] + counts[:, 2] <= counts[:, 0]).all()


@pytest.mark.filterwarnings("ignore::carms_lib.exceptions.StabilityWarning")
def test_a_study_says_how_often_no_stable_matching_was_found(paired: carms.Market) -> None:
    study = carms.simulate(paired, n_draws=300, rng=1)
    counts = study.outcomes_of().couples
    table = study.couples().iloc[0]
    unstable = counts[:, 4] > 0
    assert unstable.any()  # half of everybody in couples, in a market of fifty
    assert table["draws_unstable"] == unstable.mean()
    assert table["blocking_coalitions"] == counts[unstable, 4].mean()
    assert "without a stable matching" in study.summary()


def test_no_couples_no_difference_in_order(market: carms.Market) -> None:
    cohort = market.cohort.with_parameter("couples_share", 0.0, source="a test")
    counts = carms.simulate(carms.Market.from_gold(market.programs, cohort), n_draws=10, rng=1).outcomes_of().couples
    assert (counts[:, [0, 1, 2, 4]] == 0).all()
    assert (counts[:, 3] == 1).all()
