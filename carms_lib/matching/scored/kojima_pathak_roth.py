"""Kojima, Pathak and Roth's procedure: passes over everybody until one changes nothing.

Belongs here: the procedure. Does not belong here: the predicate (`blocking`), the moves (`moves`), when it is tried
(`carms_lib.matching._couples_search`).

A pass visits every unit in turn. A unit that would get something better than it has moves there; whoever it
displaces goes on from below its last choice, in the order in which they were displaced. Vacancies are not
followed up: the next pass finds who would use them. A pass in which nobody moves shows a stable matching.

References
----------
Kojima, F., Pathak, P. A. and Roth, A. E. (2013). Matching with couples: stability and incentives in large markets.
Quarterly Journal of Economics 128, 1585-1632, appendix B.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.kernels.jit import inner_kernel, kernel
from carms_lib.matching.scored.blocking import find_blocking, first_to_take
from carms_lib.matching.scored.lists import NOBODY, WAITING, ScoredLists, ScoredState
from carms_lib.matching.scored.moves import begin, n_options, seat_unit, vacate_unit

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Int32s

__all__ = ["pass_over"]

_QUEUE, _LAST = np.int64(0), np.int64(1)


@inner_kernel
def _move(lists: ScoredLists, state: ScoredState, rule: int, unit: int, places: tuple[int, int], last: Int32s) -> bool:
    """Let a unit move to the first of some places of its list whose programs would take it; tell whether there is one.

    `last` is written: the place that each unit had last.
    """
    place = first_to_take(lists, state, rule, unit, places[0], places[1])
    if place == NOBODY:
        return False
    vacate_unit(lists, state, unit)
    seat_unit(lists, state, unit, place)
    last[unit] = place
    return True


@inner_kernel
def _line_up(state: ScoredState, queue: Int32s, tail: int) -> int:
    """Let those who wait stand at the end of the queue, who was displaced first before the others; return its end."""
    for height in range(state.count[WAITING]):
        queue[(tail + height) % queue.size] = state.waiting[height]
    tail += state.count[WAITING]
    state.count[WAITING] = 0
    return tail


@kernel
def pass_over(
    lists: ScoredLists, state: ScoredState, order: Int32s, rule: int, passes: int, work: Int32s
) -> tuple[bool, int]:
    """Match singles, then make passes over everybody until one changes nothing.

    Parameters
    ----------
    lists : ScoredLists
    state : ScoredState
        `quota` and `seat_ptr` are given; everything else is written.
    order : ndarray of int32
        All units, in the order of each pass.
    rule : int
        When a program takes a couple.
    passes : int
        How many passes to make at most; within a pass, everybody goes down its list once.
    work : ndarray of int32, shape (2, n_units), work

    Returns
    -------
    tuple of (bool, int)
        Whether the last pass changed nothing: the matching is stable. How many coalitions block.
    """
    n, rested = state.match.size, False
    queue, last = work[_QUEUE], work[_LAST]
    begin(lists, state, True)
    for single in range(n):
        last[single] = state.position[single]
    for _ in range(passes):
        rested = True
        for turn in range(order.size):
            unit = np.int64(order[turn])
            place = np.int64(state.position[unit if unit < n else lists.members[unit - n, 0]])
            head, tail = np.int64(0), np.int64(0)
            if _move(lists, state, rule, unit, (np.int64(0), place), last):
                rested, tail = False, _line_up(state, queue, tail)
            while head < tail:
                unit = np.int64(queue[head % queue.size])
                head += 1
                state.is_waiting[unit] = False
                end = np.int64(n_options(lists, unit if unit < n else np.int64(lists.members[unit - n, 0])))
                if _move(lists, state, rule, unit, (np.int64(last[unit] + 1), end), last):
                    tail = _line_up(state, queue, tail)
        if rested:
            break
    return rested, find_blocking(lists, state, rule, lists.members[:0])
