"""Draws again, with their lists: what a study does not keep.

Belongs here: one draw's lists, scores, seats and first match, made anew from the keys of its noise. Does not belong
here: what is done with them. A study keeps six numbers an applicant and no list; because all noise is keyed,
the lists of any draw come back to the bit when they are needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from carms_lib.exceptions import ArgumentError
from carms_lib.kernels.noise import entropy_from
from carms_lib.matching.scored.lists import ScoredLists, new_scored_state
from carms_lib.simulator.draw.block import DRAWS_PER_INPUT, BlockInputs
from carms_lib.simulator.draw.first_iteration import CouplesMatch, DrawnMatch, Seats, first_iteration
from carms_lib.simulator.draw.quotas import draw_quota, draw_release, most_seats, new_quota_space
from carms_lib.simulator.draw.rank_lists import begin_block, write_lists
from carms_lib.simulator.draw.settings import check_draws, draw_settings, shifted
from carms_lib.simulator.draw.workspace import kind_of_program, new_space
from carms_lib.simulator.inputs.market import Market

__all__ = ["BlockPlan", "plan_blocks", "replay"]


class BlockPlan(NamedTuple):
    """Some draws of one block, and its uncertain inputs."""

    entropy: int
    block: int
    draws: np.ndarray  # int64[D]
    inputs: BlockInputs


def plan_blocks(market: Market, n_draws: int, rng: Any) -> tuple[int, list[BlockPlan]]:
    """Lay out the draws that `simulate` would make of one market, a scenario applied or not.

    Parameters
    ----------
    market : Market
    n_draws : int
    rng : int, numpy.random.SeedSequence, numpy.random.Generator or None

    Returns
    -------
    entropy : int
    plans : list of BlockPlan

    Raises
    ------
    ArgumentError
        `market` is not a Market, n_draws is not a positive whole number, or rng is of no known kind.
    """
    if not isinstance(market, Market):
        raise ArgumentError(
            f"market={type(market).__name__} must be a Market. Make one: Market.from_gold(gold, cohort)."
        )
    n_draws, entropy = check_draws(n_draws), entropy_from(rng)
    theta, sizes, shifts = draw_settings(market.cohort, entropy, -(-n_draws // DRAWS_PER_INPUT))
    sizes = sizes * market.class_factors
    plans = []
    for block in range(len(theta)):
        draws = np.arange(block * DRAWS_PER_INPUT, min((block + 1) * DRAWS_PER_INPUT, n_draws))
        inputs = BlockInputs(theta=theta[block], sizes=sizes[block], shift=shifts[block])
        plans.append(BlockPlan(entropy=entropy, block=block, draws=draws, inputs=inputs))
    return entropy, plans


def replay(market: Market, plan: BlockPlan) -> Iterator[DrawnMatch]:
    """Run some draws of one block as `run_block` does, and yield each with its lists.

    Parameters
    ----------
    market : Market
        Its lists, seats, reversions and rules; a scenario applied or not.
    plan : BlockPlan

    Yields
    ------
    DrawnMatch
    """
    tables, key, block = shifted(market, plan.inputs.shift), np.uint64(plan.entropy), plan.block
    # Of the same kinds as in `run_block`, so that nothing is compiled for a replay alone.
    theta, sizes = np.array(plan.inputs.theta, dtype=np.float64), np.array(plan.inputs.sizes, dtype=np.float64)
    n, stated, space = market.n_applicants, market.seat_plan, new_space(tables)
    seating = new_quota_space(stated)
    seats = Seats(drawn=seating.quota, reverts_to=tables.reverts_to.copy())
    state = new_scored_state(n, market.n_programs, most_seats([stated], theta), len(space.lists.idx))
    wished, ranked = (np.empty(n, dtype=kind_of_program(market.n_programs)) for _ in range(2))
    begin_block(key, block, theta, tables, space)
    for draw in plan.draws.tolist():
        couples = write_lists(key, draw, theta, sizes, tables, space, wished, ranked)
        with np.errstate(over="ignore"):
            draw_release(key, draw, theta, stated, seating)
            draw_quota(key, draw, stated, stated.change, bool(stated.is_uneven[0]), seating)
        _, blocking = first_iteration(key, draw, theta, tables, seats, space, state)
        ptr, program, score = space.lists.ptr, space.lists.idx, space.lists.score
        edge = ptr[n]
        drawn = DrawnMatch(
            draw=draw,
            ptr=ptr.copy(),
            program=program[:edge].copy(),
            score=score[:edge].copy(),
            quota=state.quota.copy(),
            match=state.match.copy(),
            couple_of=space.lists.couple_of.copy(),
        )
        if couples:
            own = ScoredLists(
                ptr=drawn.ptr,
                idx=drawn.program,
                score=drawn.score,
                owner=space.lists.owner[:edge].copy(),
                program_ptr=space.lists.program_ptr.copy(),
                application=space.lists.application[:edge].copy(),
                couple_of=drawn.couple_of,
                members=space.lists.members[:couples].copy(),
                n_couples=space.lists.n_couples.copy(),
                pair_ptr=space.lists.pair_ptr[: couples + 1].copy(),
                pairs=space.lists.pairs[: space.lists.pair_ptr[couples]].copy(),
            )
            order, is_stable = space.order[:couples].copy(), blocking == 0
            drawn = drawn._replace(
                couples=CouplesMatch(lists=own, position=state.position.copy(), order=order, is_stable=is_stable)
            )
        yield drawn
