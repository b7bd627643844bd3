"""One block of draws, for the baseline and every scenario side by side.

Belongs here: the order of steps within a draw, work space, and what is kept of a draw. Does not belong here: how
blocks are spread over workers.

Draws come in blocks of `DRAWS_PER_INPUT` that share one setting of the uncertain inputs. Within a block only chance
differs, between blocks the assumptions differ too: that is what tells an `input` band from an `outcome` band.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from carms_lib.matching._jit import allocating_kernel, kernel
from carms_lib.matching._paired import PairedLists, index_programs, new_paired_state
from carms_lib.simulator._couples import MAX_PAIRS, choose_couples, write_pairs
from carms_lib.simulator._funnel import interview, read_files
from carms_lib.simulator._iterations import draw_quota, first_iteration, second_iteration
from carms_lib.simulator._market import Market, Tables
from carms_lib.simulator._noise import Purpose, fold, stream, uniform
from carms_lib.simulator._parameters import PARAMETERS
from carms_lib.simulator._settings import NO_SHIFT, Shift, shifted
from carms_lib.simulator._space import Space, new_space
from carms_lib.simulator._wishes import taste_weights, write_wishes

__all__ = [
    "COUPLE_COUNTS",
    "DRAWS_PER_INPUT",
    "NOT_TAKING_PART",
    "UNMATCHED",
    "BlockInputs",
    "BlockResult",
    "interview_shares",
    "run_block",
    "who_takes_part",
]

#: Draws that share one setting of the uncertain inputs.
DRAWS_PER_INPUT = 10
#: What is counted of the couples of a draw, in its first iteration; see `Study.couples`.
COUPLE_COUNTS = ("couples", "both_matched", "one_matched", "orders_tried", "blocking_coalitions")
UNMATCHED = -1
NOT_TAKING_PART = -2

_PROGRAM, _SIZE, _FILE = Purpose.PROGRAM, Purpose.SIZE, Purpose.FILE


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


@kernel
def who_takes_part(entropy: np.uint64, draw: int, sizes: np.ndarray, tables: Tables, taking_part: np.ndarray) -> None:
    """Scale each type to the class sizes of the block; fractions are settled by chance."""
    state = stream(entropy, _SIZE, draw)
    for t in range(len(tables.type_class)):
        c = tables.type_class[t]
        places = tables.type_start[t + 1] - tables.type_start[t]
        wanted = places * sizes[c] / max(tables.type_capacity[c], 1)
        taking_part[t] = min(
            math.floor(wanted + uniform(fold(state, tables.applicant_key[tables.type_start[t]]))), places
        )


@kernel
def interview_shares(entropy: np.uint64, block: int, tables: Tables, share: np.ndarray) -> None:
    """Draw each program's share of applicants interviewed, evenly within the band that it publishes."""
    state = fold(stream(entropy, _PROGRAM, block), np.uint64(1))
    for p in range(len(share)):
        u = uniform(fold(state, tables.program_key[p]))
        own = tables.interview_low[p] + (tables.interview_high[p] - tables.interview_low[p]) * u
        share[p] = min(own * tables.interview_factor[p], 1.0)


@kernel
def _first_of_list(tables: Tables, space: Space, out: np.ndarray) -> None:
    """Write the first program of each list."""
    for t in range(len(tables.type_class)):
        for a in range(tables.type_start[t], tables.type_start[t + 1]):
            if a - tables.type_start[t] >= space.taking_part[t]:
                out[a] = NOT_TAKING_PART
            else:
                out[a] = space.program[space.ptr[a]] if space.ptr[a + 1] > space.ptr[a] else UNMATCHED


@kernel
def _count_couples(members: np.ndarray, match: np.ndarray, orders: int, blocking: int, out: np.ndarray) -> None:
    """Write COUPLE_COUNTS."""
    out[:] = 0
    out[0], out[3], out[4] = len(members), orders, blocking
    for c in range(len(members)):
        matched = (match[members[c, 0]] >= 0) + (match[members[c, 1]] >= 0)
        out[1] += matched == 2
        out[2] += matched == 1


@allocating_kernel
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
    seats: int,
    wished: np.ndarray,
    ranked: np.ndarray,
    first: np.ndarray,
    final: np.ndarray,
    seats_out: np.ndarray,
    couples_out: np.ndarray,
) -> None:
    n, programs = len(tables.applicant_type), len(tables.program_key)
    space, state = new_space(tables), new_paired_state(n, programs, seats)
    longest = len(space.program)
    owner, application = np.empty(longest, dtype=np.int32), np.empty(longest, dtype=np.int32)
    program_ptr = np.empty(programs + 1, dtype=np.int64)
    couple_of, members = np.empty(n, dtype=np.int32), np.empty((n // 2, 2), dtype=np.int32)
    pair_ptr, order = np.empty(n // 2 + 1, dtype=np.int64), np.empty(n // 2, dtype=np.int32)
    pairs = np.empty((0, 2), dtype=np.int32)
    reverted = np.empty(programs, dtype=np.int32)

    taste_weights(entropy, block, theta, tables, space)
    interview_shares(entropy, block, tables, space.share)
    for i in range(len(draws)):
        draw = draws[i]
        who_takes_part(entropy, draw, sizes, tables, space.taking_part)
        write_wishes(entropy, draw, theta, tables, space)
        _first_of_list(tables, space, wished[i])
        for a in range(n):
            space.first_of[a] = tables.program_discipline[wished[i, a]] if wished[i, a] >= 0 else -1
        read_files(entropy, _FILE, draw, theta, tables, space.first_of, space.ptr, space.program, space.score)
        interview(entropy, draw, theta, tables, space)
        _first_of_list(tables, space, ranked[i])
        index_programs(space.ptr, space.program, owner, program_ptr, application)
        couples = choose_couples(entropy, draw, theta, tables, space.taking_part, couple_of, members)
        if couples * MAX_PAIRS > len(pairs):
            pairs = np.empty((2 * couples * MAX_PAIRS, 2), dtype=np.int32)
        write_pairs(theta, tables, space.ptr, space.program, members[:couples], pair_ptr, pairs)
        lists = PairedLists(
            space.ptr, space.program, space.score, owner, program_ptr, application, couple_of, members[:couples],
            pair_ptr, pairs,
        )  # fmt: skip
        for v in range(len(variant_second)):
            draw_quota(entropy, draw, theta, tables, variant_quota[v], state.quota)
            orders, blocking = first_iteration(
                entropy, draw, theta, tables, variant_reverts[v], lists, state, order[:couples], reverted
            )
            for p in range(programs):
                seats_out[v, i, p] = state.quota[p]
            for a in range(n):
                first[v, i, a] = state.match[a] if ranked[i, a] > NOT_TAKING_PART else NOT_TAKING_PART
                final[v, i, a] = first[v, i, a]
            _count_couples(members[:couples], state.match, orders, blocking, couples_out[v, i])
            if variant_second[v]:
                second_iteration(entropy, draw, theta, tables, space, state)
                for a in range(n):
                    if space.second[a] >= 0:
                        final[v, i, a] = space.second[a]


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
        Markets with the same lists that differ in seats, reversions and second iteration alone: rematched, not
        drawn anew. `market` itself is usually the first.
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
    kind = np.int16 if programs < 2**15 else np.int32
    wished, ranked = np.empty((count, n), dtype=kind), np.empty((count, n), dtype=kind)
    first, final = (np.empty((len(variants), count, n), dtype=kind) for _ in range(2))
    quota = np.empty((len(variants), count, programs), dtype=np.int32)
    couples = np.empty((len(variants), count, len(COUPLE_COUNTS)), dtype=np.int32)
    variant_quota = np.stack([variant.tables.program_quota for variant in variants])
    drift = inputs.theta[list(PARAMETERS).index("quota_drift")]
    with np.errstate(over="ignore"):  # a hash wraps around 2**64; only interpreted kernels would report it
        _run_draws(
            np.uint64(entropy),
            block,
            np.asarray(draws, dtype=np.int64),
            np.ascontiguousarray(inputs.theta, dtype=np.float64),
            np.ascontiguousarray(inputs.sizes, dtype=np.float64),
            tables,
            variant_quota,
            np.stack([variant.tables.reverts_to for variant in variants]),
            np.array([variant.second_iteration for variant in variants]),
            int((variant_quota * (1.0 + drift) + 1.0).sum(axis=1).max()) + 1,
            wished,
            ranked,
            first,
            final,
            quota,
            couples,
        )
    return [BlockResult(wished, ranked, first[v], final[v], quota[v], couples[v]) for v in range(len(variants))]
