"""The bound on placements beside every placement tried, in small random markets.

As a script (`python tests/oracles/allocation_bound.py`) it takes 500 markets; the suite asks fewer. Deferred acceptance
here is plain Python and shares no line with the library's.
"""

from __future__ import annotations

import sys
import time
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
from carms_lib.pressure.allocation.bound import Sample
from carms_lib.pressure.allocation.integer_program import solve_whole
from carms_lib.pressure.allocation.limits import SeatLimits
from carms_lib.pressure.allocation.moves import moves_of
from carms_lib.pressure.allocation.relaxation import relax
from carms_lib.simulator.draw.first_iteration import DrawnMatch
from carms_lib.simulator.seats.standing import MatchWeights


class Compared(NamedTuple):
    """One market: the optimum over all placements, and what the library says."""

    optimum: float
    of_first: float  # what the first placement allowed reaches
    sample_of_first: float  # the same by the library
    whole: float  # the bound of the integer program
    whole_reaches: float  # what its placement reaches
    relaxed: float
    relaxed_best: float


def random_market(rng: np.random.Generator, draw: int, applicants: int, quota: np.ndarray) -> DrawnMatch:
    """Lists of random length, a program not ranking one entry in ten; scores hold ties."""
    lists = [rng.permutation(len(quota))[: rng.integers(0, len(quota) + 1)] for _ in range(applicants)]
    ptr = np.concatenate([[0], np.cumsum([len(one) for one in lists])]).astype(np.int64)
    program = np.concatenate([*lists, np.zeros(0, int)]).astype(np.int32)
    score = np.where(rng.random(len(program)) < 0.1, -np.inf, np.round(rng.random(len(program)), 1))
    nobody = np.full(applicants, -1, dtype=np.int32)
    return DrawnMatch(draw, ptr, program, score, quota.astype(np.int32), nobody, nobody.copy())


def deferred_acceptance(market: DrawnMatch, extra: np.ndarray) -> tuple[list[int], list[int]]:
    """Return program (-1 for none) and place in the list (its length for none) of each applicant."""
    quota = (market.quota + extra).tolist()
    lists = [range(market.ptr[a], market.ptr[a + 1]) for a in range(len(market.ptr) - 1)]
    at: list[int] = [0] * len(lists)
    held: dict[int, list[tuple[float, int]]] = {p: [] for p in range(len(quota))}
    waiting = list(range(len(lists)))
    while waiting:
        a = waiting.pop()
        if at[a] == len(lists[a]):
            continue
        entry = lists[a][at[a]]
        p = int(market.program[entry])
        if market.score[entry] == -np.inf:
            at[a] += 1
            waiting.append(a)
            continue
        held[p].append((-market.score[entry], a))
        held[p].sort()
        if len(held[p]) > quota[p]:
            _, out = held[p].pop()
            at[out] += 1
            waiting.append(out)
    got = [int(market.program[lists[a][at[a]]]) if at[a] < len(lists[a]) else -1 for a in range(len(lists))]
    return got, at


def worth(weights: MatchWeights, market: DrawnMatch, extra: np.ndarray) -> float:
    """Return what a placement adds to the weighted sum, matched by the deferred acceptance above."""
    none = np.zeros_like(extra)
    before = deferred_acceptance(market, none)[1]
    total = []
    for seats in (none, extra):
        got, at = deferred_acceptance(market, seats)
        total.append(
            sum(
                weights.of_matched[a]
                + weights.of_program[p]
                + weights.of_place[0] * (at[a] == 0)
                + weights.of_place[1] * (at[a] < before[a])
                for a, p in enumerate(got)
                if p >= 0
            )
        )
    return float(total[1] - total[0])


def compare(seed: int) -> Compared:
    """Compare the bounds with every placement in one random market; each seed in turn serves another objective."""
    rng = np.random.default_rng(seed)
    programs, applicants = int(rng.integers(2, 6)), int(rng.integers(4, 13))
    draws, k = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    quota = rng.integers(0, 4, programs)
    quota[0] = max(quota[0], 1)
    drawn = [random_market(rng, d, applicants, quota) for d in range(draws)]
    kind = seed % 5
    weights = MatchWeights(
        of_matched=(rng.random(applicants) < 0.6).astype(float) if kind in (0, 4) else np.zeros(applicants),
        of_program=rng.integers(0, 3, programs).astype(float) if kind in (1, 4) else np.zeros(programs),
        of_place=np.array([kind == 2, kind == 3], dtype=float),
        before=np.zeros(applicants, dtype=np.int32),
    )
    eligible = quota > 0
    limits = SeatLimits(
        k=k,
        eligible=eligible,
        words=("ceiling",),
        lower=np.array([0]),
        upper=np.array([int(rng.integers(0, k + 1)) if eligible[1:].any() and rng.random() < 0.5 else k]),
        class_of=np.where(eligible, np.cumsum(eligible) - 1, -1),
        member=np.arange(eligible.sum())[None, :] == 0.0,
    )
    allowed = [
        placed
        for chosen in combinations_with_replacement(range(programs), k)
        if limits.is_obeyed(placed := np.bincount(chosen, minlength=programs))
    ]
    reached = [float(np.mean([worth(weights, one, extra) for one in drawn])) for extra in allowed]
    sample = Sample(drawn, weights)
    moves = [moves_of(before, own, programs) for before, own in zip(sample.before, sample.weights, strict=True)]
    end = time.monotonic() + 60
    whole, found = solve_whole(moves, limits, counts_seats=bool(weights.of_program.any()), end=end)
    assert found is not None
    assert limits.is_obeyed(found)
    relaxed, best = relax(moves, limits, allowed[0], sample.mean, end)
    return Compared(
        max(reached), reached[0], sample.mean(allowed[0]), whole, sample.mean(found), relaxed, best
    )  # fmt: skip


def main(markets: int = 500) -> None:
    """Write how the bounds compare with the optimum, over many markets."""
    found = [compare(seed) for seed in range(markets)]
    optimum = np.array([one.optimum for one in found])
    whole, relaxed = np.array([one.whole for one in found]), np.array([one.relaxed for one in found])
    reaches = np.array([one.whole_reaches for one in found])
    below = int((np.minimum(whole, relaxed) < optimum - 1e-6).sum())
    exact = int((np.abs([whole, reaches] - optimum) < 1e-6).all(axis=0).sum())
    near = int((np.abs(relaxed - optimum) < 1e-6).sum())
    lines = [
        f"{markets} markets; a bound is below the optimum in {below}",
        f"integer program: bound and placement are the optimum in {exact}",
        f"relaxation: the optimum in {near}, {(relaxed - optimum).mean():.4f} above {optimum.mean():.3f} on average",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
