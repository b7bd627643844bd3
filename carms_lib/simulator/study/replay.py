"""Draws again, with their lists: what a study does not keep.

Belongs here: one draw's lists, scores, seats and first match, made anew from the keys of its noise. Does not belong
here: what is done with them. A study keeps four program numbers an applicant and no list; because all noise is keyed,
the lists of any draw come back to the bit when they are needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from carms_lib.exceptions import ArgumentError
from carms_lib.matching._paired import PairedLists, new_paired_state
from carms_lib.simulator._draw import DRAWS_PER_INPUT, BlockInputs
from carms_lib.simulator._iterations import first_iteration, most_seats
from carms_lib.simulator._lists import begin_block, write_lists
from carms_lib.simulator._market import Market
from carms_lib.simulator._noise import entropy_from
from carms_lib.simulator._settings import draw_settings, shifted
from carms_lib.simulator._simulate import _check_draws as check_draws
from carms_lib.simulator._space import kind_of_program, new_space

__all__ = ["BlockPlan", "DrawnMatch", "PairedMatch", "plan_blocks", "replay"]


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
        `market` is no Market, n_draws is not a positive whole number, or rng is of no known kind.
    """
    if not isinstance(market, Market):
        raise ArgumentError(f"market={type(market).__name__} is no Market. Make one: Market.from_gold(gold, cohort).")
    n_draws, entropy = check_draws(n_draws), entropy_from(rng)
    theta, sizes, shifts = draw_settings(market.cohort, entropy, -(-n_draws // DRAWS_PER_INPUT))
    sizes = sizes * market.class_factors
    plans = []
    for block in range(len(theta)):
        draws = np.arange(block * DRAWS_PER_INPUT, min((block + 1) * DRAWS_PER_INPUT, n_draws))
        plans.append(BlockPlan(entropy, block, draws, BlockInputs(theta[block], sizes[block], shifts[block])))
    return entropy, plans


class PairedMatch(NamedTuple):
    """How a draw with C couples came to its first match; arrays are the caller's, as in `DrawnMatch`."""

    lists: PairedLists
    position: np.ndarray  # int32[n]: place in the own list, of pairs for a member of a couple; its length for none
    order: np.ndarray  # int32[C]: the order in which couples were admitted
    is_stable: bool


class DrawnMatch(NamedTuple):
    """One draw up to the end of its first iteration; n applicants, P programs. Arrays are the caller's to change.

    Lists are those written after interviews: entries of applicant a are ``ptr[a] .. ptr[a + 1] - 1``, best first.
    """

    draw: int
    ptr: np.ndarray  # int64[n + 1]
    program: np.ndarray  # int32[E]
    score: np.ndarray  # float64[E]: what the program ranks by, -inf where it does not rank the applicant
    quota: np.ndarray  # int32[P]: seats after drift and reversions
    match: np.ndarray  # int32[n]: -1 for none
    couple_of: np.ndarray  # int32[n]: the number of an applicant's couple, -1 for a single
    paired: PairedMatch | None = None  # what it takes to match everybody again, couples too; None without couples


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
    n, quota, reverts_to = market.n_applicants, tables.program_quota.copy(), tables.reverts_to.copy()
    space = new_space(tables)
    state = new_paired_state(n, market.n_programs, most_seats(quota, theta), len(space.program))
    wished, ranked = (np.empty(n, dtype=kind_of_program(market.n_programs)) for _ in range(2))
    begin_block(key, block, theta, tables, space)
    for draw in plan.draws.tolist():
        couples = write_lists(key, draw, theta, sizes, tables, space, wished, ranked)
        _, blocking = first_iteration(key, draw, theta, tables, quota, reverts_to, space, state, couples)
        ptr, program, score = space.ptr, space.program, space.score
        edge = ptr[n]
        drawn = DrawnMatch(
            draw,
            ptr.copy(),
            program[:edge].copy(),
            score[:edge].copy(),
            state.quota.copy(),
            state.match.copy(),
            space.couple_of.copy(),
        )
        if couples:
            own = PairedLists(
                drawn.ptr,
                drawn.program,
                drawn.score,
                space.owner[:edge].copy(),
                space.program_ptr.copy(),
                space.application[:edge].copy(),
                drawn.couple_of,
                space.members[:couples].copy(),
                space.pair_ptr[: couples + 1].copy(),
                space.pairs[: space.pair_ptr[couples]].copy(),
            )
            drawn = drawn._replace(
                paired=PairedMatch(own, state.position.copy(), space.order[:couples].copy(), blocking == 0)
            )
        yield drawn
