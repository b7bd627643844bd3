"""The rank-order lists of a draw: every step before the match, in order.

Belongs here: the order of the steps, from who takes part to the pairs that couples rank. Does not belong here: the
steps, each of which has a file, and the iterations that follow.
"""

from __future__ import annotations

import numpy as np

from carms_lib.kernels.jit import inner_kernel, kernel
from carms_lib.kernels.noise import Purpose
from carms_lib.simulator.draw.couples import choose_couples, write_pairs
from carms_lib.simulator.draw.disciplines import choose_disciplines
from carms_lib.simulator.draw.interviews import (
    draw_interview_shares,
    draw_merit,
    interview,
    read_files,
)
from carms_lib.simulator.draw.participation import who_takes_part
from carms_lib.simulator.draw.wishes import draw_breadths, taste_weights, write_wishes
from carms_lib.simulator.draw.workspace import Space
from carms_lib.simulator.inputs.tables import Tables

__all__ = ["NOT_TAKING_PART", "UNMATCHED", "begin_block", "write_lists", "write_wish_lists"]

UNMATCHED = -1
NOT_TAKING_PART = -2

_FILE = Purpose.FILE


@kernel
def begin_block(entropy: np.uint64, block: int, theta: np.ndarray, tables: Tables, space: Space) -> None:
    """Write what the draws of a block share: how much types want programs and disciplines, and `share`."""
    taste_weights(entropy, block, theta, tables, space)
    draw_interview_shares(entropy, block, tables, space.share)


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
    read_files(entropy, _FILE, draw, theta, tables, space, space.lists)
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
def _first_of_list(tables: Tables, space: Space, out: np.ndarray) -> None:
    """Write the first program of each list."""
    lists = space.lists
    for t in range(len(tables.type_class)):
        for a in range(tables.type_start[t], tables.type_start[t + 1]):
            if a - tables.type_start[t] >= space.taking_part[t]:
                out[a] = NOT_TAKING_PART
            else:
                out[a] = lists.idx[lists.ptr[a]] if lists.ptr[a + 1] > lists.ptr[a] else UNMATCHED
