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

from carms_lib.kernels.jit import inner_kernel, kernel, prepare
from carms_lib.matching.scored.lists import ScoredState, new_scored_state
from carms_lib.simulator.draw.first_iteration import Seats, first_iteration
from carms_lib.simulator.draw.quotas import QuotaSpace, draw_quota, draw_release, most_seats, new_quota_space
from carms_lib.simulator.draw.rank_lists import NOT_TAKING_PART, UNMATCHED, begin_block, write_lists
from carms_lib.simulator.draw.second_iteration import second_iteration
from carms_lib.simulator.draw.settings import NO_SHIFT, Shift, shifted
from carms_lib.simulator.draw.workspace import Space, kept_space, kind_of_program, new_space
from carms_lib.simulator.inputs.market import Market
from carms_lib.simulator.inputs.seat_plan import SeatPlan, open_programs
from carms_lib.simulator.inputs.tables import Tables

__all__ = [
    "COUPLE_COUNTS",
    "DRAWS_PER_INPUT",
    "NOT_TAKING_PART",
    "UNMATCHED",
    "BlockInputs",
    "BlockResult",
    "compile_block",
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
    interviews: np.ndarray  # int16 [D, n]: programs that interviewed the applicant, which make the rank-order list
    place: np.ndarray  # int16 [D, n]: of `first` on the applicant's rank-order list, 1 for the top; 0 for no match


@inner_kernel
def _count_couples(members: np.ndarray, match: np.ndarray, orders: int, blocking: int, out: np.ndarray) -> None:
    """Write COUPLE_COUNTS."""
    out[:] = 0
    out[0], out[3], out[4] = len(members), orders, blocking
    for c in range(len(members)):
        matched = int(match[members[c, 0]] >= 0) + int(match[members[c, 1]] >= 0)
        out[1] += matched == 2
        out[2] += matched == 1


@inner_kernel
def _count_interviews(ptr: np.ndarray, ranked: np.ndarray, out: np.ndarray) -> None:
    """Write how long each rank-order list is; 0 for who does not take part."""
    for a in range(len(ranked)):
        out[a] = ptr[a + 1] - ptr[a] if ranked[a] >= 0 else 0


@inner_kernel
def _find_places(ptr: np.ndarray, idx: np.ndarray, first: np.ndarray, out: np.ndarray) -> None:
    """Write where on the own list each match stands."""
    for a in range(len(first)):
        out[a] = 0
        if first[a] >= 0:
            e = ptr[a]
            while idx[e] != first[a]:
                e += 1
            out[a] = e - ptr[a] + 1


class DrawKeys(NamedTuple):
    """What the noise of some draws of one block is keyed by."""

    entropy: np.uint64
    block: int
    draws: np.ndarray  # int64[D]


class Setting(NamedTuple):
    """The uncertain inputs of a block, as the steps of a draw read them."""

    theta: np.ndarray  # float64[len(PARAMETERS)]
    sizes: np.ndarray  # float64[C]: persons of each class


class Variants(NamedTuple):
    """What V scenarios on the same lists differ in; P programs."""

    change: np.ndarray  # float64[V, P]: seats that levers add; see `SeatPlan`
    is_uneven: np.ndarray  # bool[V]: whether seats need rounding
    reverts_to: np.ndarray  # int32[V, P]
    second_open: np.ndarray  # uint8[V, P]
    second_iteration: np.ndarray  # bool[V]: whether it is held


class Spaces(NamedTuple):
    """What the variants share besides lists, and what the steps of a draw write."""

    of_draw: Space
    plan: SeatPlan  # of the first variant
    of_seats: QuotaSpace


@kernel(what="the simulation", seconds=15)
def _run_draws(
    keys: DrawKeys,
    setting: Setting,
    tables: Tables,
    variants: Variants,
    spaces: Spaces,
    state: ScoredState,
    out: BlockResult,
) -> None:
    """Run draws for all variants; the arrays of `out` that are not shared have the variants as their first axis."""
    space, plan, seating = spaces.of_draw, spaces.plan, spaces.of_seats
    entropy, theta = keys.entropy, setting.theta
    begin_block(entropy, keys.block, theta, tables, space)
    for i in range(len(keys.draws)):
        draw = keys.draws[i]
        couples = write_lists(entropy, draw, theta, setting.sizes, tables, space, out.wished[i], out.ranked[i])
        _count_interviews(space.lists.ptr, out.ranked[i], out.interviews[i])
        draw_release(entropy, draw, theta, plan, seating)
        for v in range(len(variants.change)):
            draw_quota(entropy, draw, plan, variants.change[v], variants.is_uneven[v], seating)
            seats = Seats(drawn=seating.quota, reverts_to=variants.reverts_to[v])
            orders, blocking = first_iteration(entropy, draw, theta, tables, seats, space, state)
            first, final = out.first[v, i], out.final[v, i]
            for p in range(len(state.quota)):
                out.quota[v, i, p] = state.quota[p]
            for a in range(len(state.match)):
                first[a] = state.match[a] if out.ranked[i, a] > NOT_TAKING_PART else NOT_TAKING_PART
                final[a] = first[a]
            _find_places(space.lists.ptr, space.lists.idx, first, out.place[v, i])
            _count_couples(space.lists.members[:couples], state.match, orders, blocking, out.couples[v, i])
            if variants.second_iteration[v]:
                second_iteration(entropy, draw, theta, tables, variants.second_open[v], space, state)
                for a in range(len(state.match)):
                    if state.match[a] >= 0:
                        final[a] = state.match[a]


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
        One for each variant; they share `wished`, `ranked` and `interviews`.
    """
    keys = DrawKeys(entropy=np.uint64(entropy), block=block, draws=np.asarray(draws, dtype=np.int64))
    tables = shifted(market, inputs.shift)
    arguments = _arguments(market.n_applicants, variants, keys, inputs, kept_space(tables), tables)
    with np.errstate(over="ignore"):  # a hash wraps around 2**64; only interpreted kernels would report it
        _run_draws(*arguments)
    out = arguments[-1]
    return [
        out._replace(
            first=out.first[v], final=out.final[v], quota=out.quota[v], couples=out.couples[v], place=out.place[v]
        )
        for v in range(len(variants))
    ]


def compile_block(market: Market, variants: Sequence[Market], inputs: BlockInputs) -> None:
    """Compile, or load, what `run_block` runs; markets of the same kinds of arrays share it."""
    keys = DrawKeys(entropy=np.uint64(0), block=0, draws=np.zeros(0, dtype=np.int64))
    tables = shifted(market, inputs.shift)
    prepare(_run_draws, *_arguments(market.n_applicants, variants, keys, inputs, new_space(tables), tables))


def _arguments(
    n: int, variants: Sequence[Market], keys: DrawKeys, inputs: BlockInputs, space: Space, tables: Tables
) -> tuple[DrawKeys, Setting, Tables, Variants, Spaces, ScoredState, BlockResult]:
    """Return what `_run_draws` takes, with room for its results."""
    programs = len(tables.program_key)
    kind, each = kind_of_program(programs), (len(variants), len(keys.draws))
    out = BlockResult(
        wished=np.empty((len(keys.draws), n), dtype=kind),
        ranked=np.empty((len(keys.draws), n), dtype=kind),
        first=np.empty((*each, n), dtype=kind),
        final=np.empty((*each, n), dtype=kind),
        quota=np.empty((*each, programs), dtype=np.int32),
        couples=np.empty((*each, len(COUPLE_COUNTS)), dtype=np.int32),
        interviews=np.empty((len(keys.draws), n), dtype=np.int16),
        place=np.empty((*each, n), dtype=np.int16),
    )
    opened, plans = [open_programs(variant.tables) for variant in variants], [made.seat_plan for made in variants]
    differ = Variants(
        change=np.stack([plan.change for plan in plans]),
        is_uneven=np.concatenate([plan.is_uneven for plan in plans]),
        reverts_to=np.stack([given["reverts_to"] for given in opened]),
        second_open=np.stack([given["second_open"] for given in opened]),
        second_iteration=np.array([variant.second_iteration for variant in variants]),
    )
    # Copies: closed to writing, they would be of another kind.
    setting = Setting(theta=np.array(inputs.theta, dtype=np.float64), sizes=np.array(inputs.sizes, dtype=np.float64))
    state = new_scored_state(n, programs, most_seats(plans, inputs.theta), len(space.lists.idx))
    spaces = Spaces(of_draw=space, plan=plans[0], of_seats=new_quota_space(plans[0]))
    return keys, setting, tables, differ, spaces, state, out
