"""Couples: who is half of one in a draw, and the pairs that partners list together.

Belongs here: choosing partners, and writing the pairs of a couple from the lists of both. Does not belong here: the
match that keeps couples together, which is `carms_lib.matching`.

Graduates of Canadian schools are in a couple by chance, each with the same probability. Partners are found within a
school where its number is even; who is left over there finds a partner at another school.

Partners write their own lists, are interviewed each by themselves, and then list pairs. Pair (i, j) of the i-th
program of one and the j-th of the other stands the higher, the smaller

    i + j + [the two programs are in different provinces] * nearness,

and behind all pairs of programs stand those in which one of the two goes unmatched. A list holds `MAX_PAIRS` pairs
at most. CaRMS lets one program stand in many pairs, lets one side be "no match", and does not tell programs who is in
a couple.

References
----------
CaRMS, *What is couples ranking?*, carms.zendesk.com/hc/en-us/articles/360002894552.
"""

from __future__ import annotations

import numpy as np

from carms_lib.kernels.jit import inner_kernel
from carms_lib.kernels.noise import Purpose, fold, stream, uniform
from carms_lib.simulator.draw.workspace import MAX_LIST, MAX_PAIRS, Space
from carms_lib.simulator.inputs.parameters import PARAMETERS
from carms_lib.simulator.inputs.tables import Tables

__all__ = ["choose_couples", "write_pairs"]

_AT = {name: i for i, name in enumerate(PARAMETERS)}
_SHARE, _NEARNESS = _AT["couples_share"], _AT["couple_nearness"]
_COUPLE = Purpose.COUPLE
_ONE = np.uint64(1)


@inner_kernel
def choose_couples(entropy: np.uint64, draw: int, theta: np.ndarray, tables: Tables, space: Space) -> int:
    """Write who is in a couple with whom.

    Parameters
    ----------
    space : Space
        `taking_part` is read. Written, of its `lists`: `couple_of`, `members`, the lower number first, and `n_couples`.

    Returns
    -------
    int
        Number of couples.
    """
    couple_of, members = space.lists.couple_of, space.lists.members
    state = stream(entropy, _COUPLE, draw)
    couple_of[:] = -1
    couples = np.int64(0)
    alone, left_over = np.int64(-1), np.int64(-1)  # who waits for a partner: at this school, and from those before
    for t in range(len(tables.type_class)):
        school = tables.type_school[t]
        if t > 0 and (school != tables.type_school[t - 1] or tables.type_class[t] != tables.type_class[t - 1]):
            if alone >= 0 and left_over >= 0:
                couples = _join(couple_of, members, couples, left_over, alone)
                left_over = np.int64(-1)
            elif alone >= 0:
                left_over = alone
            alone = np.int64(-1)
        if not tables.class_couples[tables.type_class[t]]:
            continue
        start = tables.type_start[t]
        for a in range(start, start + space.taking_part[t]):
            if uniform(fold(state, tables.applicant_key[a])) < theta[_SHARE]:
                if alone >= 0:
                    couples = _join(couple_of, members, couples, alone, a)
                    alone = np.int64(-1)
                else:
                    alone = np.int64(a)
    if alone >= 0 and left_over >= 0:
        couples = _join(couple_of, members, couples, left_over, alone)
    space.lists.n_couples[0] = couples
    return couples


@inner_kernel
def _join(couple_of: np.ndarray, members: np.ndarray, couples: int, one: int, other: int) -> int:
    couple_of[one] = couples
    couple_of[other] = couples
    members[couples, 0] = one
    members[couples, 1] = other
    return couples + 1


@inner_kernel
def write_pairs(theta: np.ndarray, tables: Tables, space: Space, couples: int) -> None:
    """Write the lists of pairs of all couples.

    Parameters
    ----------
    space : Space
        Of its `lists`, `ptr`, `idx` and `members` are read. Written: `pair_ptr` and `pairs`, most wanted first.
    couples : int
        How many couples there are.
    """
    lists = space.lists
    ptr, program, members, pair_ptr, pairs = lists.ptr, lists.idx, lists.members, lists.pair_ptr, lists.pairs
    nearness = min(round(theta[_NEARNESS]), 2 * MAX_LIST)  # more would change no order
    begins = space.begins[: 2 * MAX_LIST + nearness + 1]
    edge = 0
    for c in range(couples):
        pair_ptr[c] = edge
        first, second = members[c, 0], members[c, 1]
        own, others = ptr[first + 1] - ptr[first], ptr[second + 1] - ptr[second]
        alone = min(own + others, MAX_PAIRS // 2)
        room = min(own * others, MAX_PAIRS - alone)
        # Sort the pairs by counting: first how many there are of each sum of places, then each into its place.
        sums = own + others + nearness
        begins[:sums] = 0
        for i in range(own):
            for j in range(others):
                begins[_sum_of_places(tables, program, ptr[first], ptr[second], i, j, nearness) + _ONE] += 1
        for k in range(1, sums):
            begins[k] += begins[k - 1]
        for i in range(own):
            for j in range(others):
                k = _sum_of_places(tables, program, ptr[first], ptr[second], i, j, nearness)
                place = begins[k]
                begins[k] += 1
                if place < room:
                    pairs[edge + place, 0] = ptr[first] + i
                    pairs[edge + place, 1] = ptr[second] + j
        edge += room
        end = edge + alone
        for i in range(max(own, others)):
            if i < own and edge < end:
                pairs[edge, 0], pairs[edge, 1] = ptr[first] + i, -1
                edge += 1
            if i < others and edge < end:
                pairs[edge, 0], pairs[edge, 1] = -1, ptr[second] + i
                edge += 1
    pair_ptr[couples] = edge


@inner_kernel
def _sum_of_places(
    tables: Tables, program: np.ndarray, first: int, second: int, i: int, j: int, nearness: int
) -> np.uint64:
    one, other = np.uint64(program[np.uint64(first + i)]), np.uint64(program[np.uint64(second + j)])
    return np.uint64(i + j + nearness * (tables.program_province[one] != tables.program_province[other]))
