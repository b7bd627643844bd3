"""Who would rather be elsewhere and could: blocking pairs and blocking coalitions, found by a kernel.

Belongs here: the search. Does not belong here: the table in which a user reads it (`_stability`), the predicate
(`_market`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.matching._jit import kernel
from carms_lib.matching._market import would_take

if TYPE_CHECKING:
    from carms_lib.matching._market import Market, State
    from carms_lib.matching._types import Int32s

__all__ = ["find_blocking"]


@kernel
def find_blocking(market: Market, state: State, rule: int, found: Int32s) -> int:
    """Write the blocking coalitions of a matching as rows (unit, place in its list).

    Parameters
    ----------
    market, state
        A matching with its seats filled (`carms_lib.matching._market.seat_all`).
    rule : int
        When a program takes a couple.
    found : ndarray of int32, shape (capacity, 2), out
        By unit, then place; no more rows than fit.

    Returns
    -------
    int
        How many there are, also where they do not all fit.
    """
    n = state.match.size
    capacity = found.shape[0]
    unranked = (1 << market.shift) - 1
    count = 0
    for applicant in range(n):
        if market.couple_of[applicant] >= 0:
            continue
        start = market.ptr[applicant]
        for entry in range(start, start + state.position[applicant]):
            packed = np.int64(market.entries[entry])
            if (packed & unranked) < state.worst[packed >> market.shift]:
                if count < capacity:
                    found[count, 0] = applicant
                    found[count, 1] = entry - start
                count += 1
    for couple in range(market.members.shape[0]):
        first = market.members[couple, 0]
        second = market.members[couple, 1]
        start = market.pair_ptr[couple]
        for option in range(start, start + state.position[first]):
            if would_take(market, state, rule, state.match[first], state.match[second], option):
                if count < capacity:
                    found[count, 0] = n + couple
                    found[count, 1] = option - start
                count += 1
    return count
