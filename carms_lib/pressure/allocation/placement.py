"""Seats placed one after another, each where it does most, and what a placement does on other draws.

Belongs here: the greedy placement and the counts by which placements are judged. Does not belong here: the chains
(`simulator.seats`), limits, the lottery, and bands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np

from carms_lib.matching.scored.vacancy_chains import Chain, add_seat, index_scored, keep, new_chain
from carms_lib.pressure.allocation.limits import SeatLimits
from carms_lib.pressure.allocation.objectives import Aim, weights_of, worth_of
from carms_lib.simulator import Market
from carms_lib.simulator.seats.seat_chains import weigh_every_seat
from carms_lib.simulator.seats.singles import match_singles
from carms_lib.simulator.seats.standing import MatchWeights, SinglesMatch
from carms_lib.simulator.study.replay import BlockPlan, replay

__all__ = ["PreparedDraw", "judge", "place_seats", "prepare"]

#: The seats of a placement, int of shape (P,), in the draw of a number.
Placement = Callable[[int], np.ndarray]


class PreparedDraw(NamedTuple):
    """A draw in which seats are placed."""

    singles: SinglesMatch
    chain: Chain
    before: np.ndarray  # int32[n]: each applicant's place without added seats


def prepare(market: Market, plan: BlockPlan) -> list[PreparedDraw]:
    """Return the draws of a block, ready for chains."""
    found = []
    for drawn in replay(market, plan):
        singles = match_singles(drawn)
        chain = new_chain(len(singles.match), market.n_programs, int(singles.position.sum()))
        index_scored(singles.ptr, singles.program, singles.score, singles.position, chain)
        found.append(PreparedDraw(singles, chain, singles.position.copy()))
    return found


def place_seats(
    draws: Sequence[PreparedDraw], weights: MatchWeights, limits: SeatLimits, pool: Executor, workers: int
) -> list[tuple[int, float]]:
    """Place seats one by one within limits.

    Parameters
    ----------
    draws : sequence of PreparedDraw
        Changed: the seats placed are kept.
    weights : MatchWeights
        Of the objective.
    limits : SeatLimits
    pool : concurrent.futures.Executor
    workers : int

    Returns
    -------
    list of (int, float)
        The program of each seat, and what it adds to the objective in an average draw, given those before.

    Notes
    -----
    A seat goes only where the seats left can still be placed within the limits. Equal values go to the seat that
    leaves more applicants better off, then to the first program.
    """
    placed, steps = np.zeros(limits.n_classes, dtype=np.int64), []
    parts = [draws[worker::workers] for worker in range(workers)]
    for _ in range(limits.k):
        gains = sum(pool.map(lambda part: _gains(part, weights, limits.eligible), parts))
        of_objective, of_all = np.asarray(gains) / len(draws)
        order = np.lexsort((np.arange(len(of_all)), -of_all, -of_objective))
        for best in order[limits.eligible[order]].tolist():
            placed[limits.class_of[best]] += 1
            if limits.can_complete(placed):
                break
            placed[limits.class_of[best]] -= 1
        steps.append((best, float(of_objective[best])))
        list(pool.map(_keep_seat, draws, [best] * len(draws)))
    return steps


def _gains(draws: Sequence[PreparedDraw], weights: MatchWeights, eligible: np.ndarray) -> np.ndarray:
    """Return, over the draws, what one more seat in each program does: objective and better off, float64 (2, P)."""
    total = np.zeros((2, len(eligible)))
    for draw in draws:
        weigh_every_seat(draw.singles, draw.chain, weights._replace(before=draw.before), eligible, total)
    return total


def _keep_seat(draw: PreparedDraw, program: int) -> None:
    """Add a seat and leave everybody where its chain puts them."""
    one = draw.singles
    add_seat(one.ptr, one.program, one.match, one.position, program, draw.chain)
    keep(one.ptr, one.program, one.position, draw.chain)


def judge(market: Market, plan: BlockPlan, placements: Mapping[str, Placement], aim: Aim) -> dict[str, np.ndarray]:
    """Return what each placement does against no seat, float64 of shape (draws, counts of the aim).

    Parameters
    ----------
    market : Market
    plan : BlockPlan
        Draws that did not choose the seats.
    placements : mapping of str to callable
        Draw -> seats of every program; a lottery gives other seats in every draw.
    aim : Aim

    Returns
    -------
    dict of str to ndarray
    """
    weights = [weights_of(market, aim, count) for count in aim.counts]
    found: dict[str, list[list[float]]] = {name: [] for name in placements}
    for drawn in replay(market, plan):
        before = match_singles(drawn)
        of_draw = [one._replace(before=before.position) for one in weights]
        base = [worth_of(one, before) for one in of_draw]
        for name, seats in placements.items():
            after = match_singles(drawn, seats(drawn.draw))
            found[name].append([worth_of(one, after) - less for one, less in zip(of_draw, base, strict=True)])
    return {name: np.array(rows, dtype=np.float64).reshape(-1, len(weights)) for name, rows in found.items()}
