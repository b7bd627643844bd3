"""The lists of one draw: everything up to the match.

Belongs here: the order of steps from who takes part to whom a couple lists together. Does not belong here: the steps,
and the iterations that follow.
"""

from __future__ import annotations

import math

import numpy as np

from carms_lib.matching._jit import inner_kernel, kernel
from carms_lib.simulator._couples import choose_couples, write_pairs
from carms_lib.simulator._disciplines import choose_disciplines
from carms_lib.simulator._funnel import draw_merit, interview, read_files
from carms_lib.simulator._market import Tables
from carms_lib.simulator._noise import Purpose, fold, stream, uniform
from carms_lib.simulator._space import Space
from carms_lib.simulator._wishes import draw_breadths, taste_weights, write_wishes

__all__ = ["NOT_TAKING_PART", "UNMATCHED", "begin_block", "who_takes_part", "write_lists", "write_wish_lists"]

UNMATCHED = -1
NOT_TAKING_PART = -2

_PROGRAM, _SIZE, _FILE = Purpose.PROGRAM, Purpose.SIZE, Purpose.FILE


@kernel
def begin_block(entropy: np.uint64, block: int, theta: np.ndarray, tables: Tables, space: Space) -> None:
    """Write what the draws of a block share: how much types want programs and disciplines, and `share`."""
    taste_weights(entropy, block, theta, tables, space)
    interview_shares(entropy, block, tables, space.share)


@kernel
def write_lists(
    entropy: np.uint64,
    draw: int,
    theta: np.ndarray,
    sizes: np.ndarray,
    tables: Tables,
    space: Space,
    wished: np.ndarray,
    ranked: np.ndarray,
) -> int:
    """Write the lists of one draw, and its couples.

    Parameters
    ----------
    sizes : ndarray of shape (C,), float64
        Persons of each class.
    space : Space
        As `begin_block` left it. Written: everything that its section "of one draw" names.
    wished, ranked : ndarray of shape (n,), int
        Written: the first program of each list before and after interviews; UNMATCHED for an empty list,
        NOT_TAKING_PART for who does not take part.

    Returns
    -------
    int
        Number of couples.
    """
    write_wish_lists(entropy, draw, theta, sizes, tables, space)
    _first_of_list(tables, space, wished)
    for a in range(len(wished)):
        space.first_of[a] = tables.program_discipline[wished[a]] if wished[a] >= 0 else -1
    draw_merit(entropy, draw, theta, tables, space.merit)
    read_files(entropy, _FILE, draw, theta, tables, space, space.ptr, space.program, space.score)
    interview(entropy, draw, theta, tables, space)
    _first_of_list(tables, space, ranked)
    couples = choose_couples(entropy, draw, theta, tables, space)
    write_pairs(theta, tables, space, couples)
    return couples


@inner_kernel
def write_wish_lists(
    entropy: np.uint64, draw: int, theta: np.ndarray, sizes: np.ndarray, tables: Tables, space: Space
) -> None:
    """Write who takes part in one draw, and what they want before interviews; as `write_lists`."""
    who_takes_part(entropy, draw, sizes, tables, space.taking_part)
    draw_breadths(entropy, draw, theta, tables, space.breadth)
    choose_disciplines(entropy, draw, theta, tables, space)
    write_wishes(entropy, draw, theta, tables, space)


@inner_kernel
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


@inner_kernel
def interview_shares(entropy: np.uint64, block: int, tables: Tables, share: np.ndarray) -> None:
    """Draw each program's share of applicants interviewed, evenly within the band that it publishes."""
    state = fold(stream(entropy, _PROGRAM, block), np.uint64(1))
    for p in range(len(share)):
        u = uniform(fold(state, tables.program_key[p]))
        own = tables.interview_low[p] + (tables.interview_high[p] - tables.interview_low[p]) * u
        share[p] = min(own * tables.interview_factor[p], 1.0)


@inner_kernel
def _first_of_list(tables: Tables, space: Space, out: np.ndarray) -> None:
    """Write the first program of each list."""
    for t in range(len(tables.type_class)):
        for a in range(tables.type_start[t], tables.type_start[t + 1]):
            if a - tables.type_start[t] >= space.taking_part[t]:
                out[a] = NOT_TAKING_PART
            else:
                out[a] = space.program[space.ptr[a]] if space.ptr[a + 1] > space.ptr[a] else UNMATCHED
