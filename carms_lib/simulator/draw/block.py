"""One block of draws, for the baseline and every scenario side by side.

Belongs here: one match after another, and what is kept of a draw. Does not belong here: how its lists come about
(`rank_lists`), and how blocks are spread over workers.

Draws come in blocks of `DRAWS_PER_INPUT` that share one setting of the uncertain inputs. Within a block only chance
differs, between blocks the assumptions differ too: that is what tells an `input` band from an `outcome` band.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from carms_lib.kernels.jit import inner_kernel, kernel
from carms_lib.matching.scored.lists import ScoredState, new_scored_state
from carms_lib.simulator.draw.first_iteration import first_iteration, most_seats
from carms_lib.simulator.draw.rank_lists import NOT_TAKING_PART, UNMATCHED, begin_block, write_lists
from carms_lib.simulator.draw.second_iteration import second_iteration
from carms_lib.simulator.draw.settings import NO_SHIFT, Shift, shifted
from carms_lib.simulator.draw.workspace import Space, kept_space, kind_of_program
from carms_lib.simulator.inputs.market import Market
from carms_lib.simulator.inputs.tables import Tables

__all__ = [
    "COUPLE_COUNTS",
    "DRAWS_PER_INPUT",
    "NOT_TAKING_PART",
    "UNMATCHED",
    "BlockInputs",
    "BlockResult",
    "run_block",
]

#: Draws that share one setting of the uncertain inputs.
DRAWS_PER_INPUT = 10
#: What is counted of the couples of a draw, in its first iteration; see `Study.couples`.
COUPLE_COUNTS = ("couples", "both_matched", "one_matched", "orders_tried", "blocking_coalitions")


class BlockInputs(NamedTuple):
    """The uncertain inputs of one block of draws."""

    theta: np.ndarray  # float64[len(PARAMETERS)]
    sizes: np.ndarray  # float64[C]: persons of each class
    shift: Shift = NO_SHIFT  # how far the setting lies from the cohort's tables


class BlockResult(NamedTuple):
    """What is kept of one block of draws for one scenario; D draws, n applicants, P programs.

    Program numbers are places in the market's table; UNMATCHED and NOT_TAKING_PART stand for no program.
    """

    wished: np.ndarray  # int16 or int32 [D, n]: the program wanted most, before interviews
    ranked: np.ndarray  # [D, n]: the first program of the rank-order list, after interviews; -1 for an empty list
    first: np.ndarray  # [D, n]: the program matched to in the first iteration
    final: np.ndarray  # [D, n]: the program matched to after both iterations
    quota: np.ndarray  # int32 [D, P]: seats after reversions
    couples: np.ndarray  # int32 [D, len(COUPLE_COUNTS)]


@inner_kernel
def _count_couples(members: np.ndarray, match: np.ndarray, orders: int, blocking: int, out: np.ndarray) -> None:
    """Write COUPLE_COUNTS."""
    out[:] = 0
    out[0], out[3], out[4] = len(members), orders, blocking
    for c in range(len(members)):
        matched = int(match[members[c, 0]] >= 0) + int(match[members[c, 1]] >= 0)
        out[1] += matched == 2
        out[2] += matched == 1


@kernel
def _run_draws(
    entropy: np.uint64,
    block: int,
    draws: np.ndarray,
    theta: np.ndarray,
    sizes: np.ndarray,
    tables: Tables,
    variant_quota: np.ndarray,
    variant_reverts: np.ndarray,
    variant_second: np.ndarray,
    variant_open: np.ndarray,
    space: Space,
    state: ScoredState,
    wished: np.ndarray,
    ranked: np.ndarray,
    first: np.ndarray,
    final: np.ndarray,
    seats: np.ndarray,
    couple_counts: np.ndarray,
) -> None:
    begin_block(entropy, block, theta, tables, space)
    for i in range(len(draws)):
        draw = draws[i]
        couples = write_lists(entropy, draw, theta, sizes, tables, space, wished[i], ranked[i])
        for v in range(len(variant_second)):
            orders, blocking = first_iteration(
                entropy, draw, theta, tables, variant_quota[v], variant_reverts[v], space, state, couples
            )
            for p in range(len(state.quota)):
                seats[v, i, p] = state.quota[p]
            for a in range(len(state.match)):
                first[v, i, a] = state.match[a] if ranked[i, a] > NOT_TAKING_PART else NOT_TAKING_PART
                final[v, i, a] = first[v, i, a]
            _count_couples(space.members[:couples], state.match, orders, blocking, couple_counts[v, i])
            if variant_second[v]:
                second_iteration(entropy, draw, theta, tables, variant_open[v], space, state)
                for a in range(len(state.match)):
                    if state.match[a] >= 0:
                        final[v, i, a] = state.match[a]


def run_block(
    market: Market,
    variants: Sequence[Market],
    entropy: int,
    block: int,
    draws: np.ndarray,
    inputs: BlockInputs,
) -> list[BlockResult]:
    """Run some draws of one block.

    Parameters
    ----------
    market : Market
        The lists of applicants and programs come from here, once for all variants.
    variants : sequence of Market
        Markets with the same lists that differ in seats, reversions and second iteration (held or not, and open to
        whom) alone: rematched, not drawn anew. `market` itself is usually the first.
    entropy : int
    block : int
        draw // DRAWS_PER_INPUT of every draw given.
    draws : ndarray of shape (D,), int64
    inputs : BlockInputs
        The block's uncertain inputs.

    Returns
    -------
    list of BlockResult
        One for each variant; they share `wished` and `ranked`.
    """
    tables = shifted(market, inputs.shift)
    n, programs, count = market.n_applicants, market.n_programs, len(draws)
    kind = kind_of_program(programs)
    wished, ranked = np.empty((count, n), dtype=kind), np.empty((count, n), dtype=kind)
    first, final = (np.empty((len(variants), count, n), dtype=kind) for _ in range(2))
    quota = np.empty((len(variants), count, programs), dtype=np.int32)
    couples = np.empty((len(variants), count, len(COUPLE_COUNTS)), dtype=np.int32)
    space = kept_space(tables)
    variant_quota = np.stack([variant.tables.program_quota for variant in variants])
    with np.errstate(over="ignore"):  # a hash wraps around 2**64; only interpreted kernels would report it
        _run_draws(
            np.uint64(entropy),
            block,
            np.asarray(draws, dtype=np.int64),
            np.array(inputs.theta, dtype=np.float64),  # copies: closed to writing, they would be of another kind
            np.array(inputs.sizes, dtype=np.float64),
            tables,
            variant_quota,
            np.stack([variant.tables.reverts_to for variant in variants]),
            np.array([variant.second_iteration for variant in variants]),
            np.stack([variant.tables.second_open for variant in variants]),
            space,
            new_scored_state(n, programs, most_seats(variant_quota, inputs.theta), len(space.program)),
            wished,
            ranked,
            first,
            final,
            quota,
            couples,
        )
    return [BlockResult(wished, ranked, first[v], final[v], quota[v], couples[v]) for v in range(len(variants))]
