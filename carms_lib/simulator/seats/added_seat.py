"""One more seat in every program of one draw.

Belongs here: which seats are followed along chains and which are matched afresh, and what comes of each. Does not
belong here: the chains (`seat_chains`), the fresh match (`rematch`), and metrics over many draws (`_seat_values`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carms_lib.matching.scored.lists import new_scored_state
from carms_lib.matching.scored.vacancy_chains import index_scored, new_chain
from carms_lib.simulator.draw.first_iteration import DrawnMatch
from carms_lib.simulator.seats.rematch import match_concerned_again
from carms_lib.simulator.seats.seat_chains import follow_every_seat
from carms_lib.simulator.seats.singles import leave_singles

__all__ = ["FollowedDraw", "follow_draw"]


class FollowedDraw(NamedTuple):
    """What one more seat in each program does; P programs."""

    length: np.ndarray  # int16[P]: applicants who move up one after another; all who do where matched afresh
    newly: np.ndarray  # int16[P]: applicants who had no seat and have one
    worse: np.ndarray  # int16[P]: applicants worse off
    concerned: np.ndarray  # bool[P]: whether a couple might have moved
    mover_ptr: np.ndarray  # int32[P + 1]: where in `movers` each program's begin
    movers: np.ndarray  # int32: everybody who is better off, program after program
    unsettled: int  # seats that concern a couple and were not matched afresh


def follow_draw(drawn: DrawnMatch) -> FollowedDraw:
    """Add a seat to each program of a draw in turn, and say who moves.

    Parameters
    ----------
    drawn : DrawnMatch
        Not changed. Where it has no couples, or its match is not stable, couples hold their seats for all programs.

    Returns
    -------
    FollowedDraw
    """
    programs, one = len(drawn.quota), leave_singles(drawn)
    chain = new_chain(len(one.match), programs, int(one.position.sum()))
    index_scored(one.ptr, one.program, one.score, one.position, chain)
    length, who, ends = (np.empty(programs, dtype=np.int32) for _ in range(3))
    concerned, mover_ptr = np.empty(programs, dtype=bool), np.empty(programs + 1, dtype=np.int32)
    movers = follow_every_seat(
        one.ptr, one.program, one.score, one.match, one.position, chain, one.couple_best,
        length, who, ends, concerned, mover_ptr,
    )  # fmt: skip
    length = length.astype(np.int16)
    newly, worse, unsettled = (who >= 0).astype(np.int16), np.zeros(programs, dtype=np.int16), int(concerned.sum())
    couples = drawn.couples
    if unsettled and couples is not None and couples.is_stable:
        state = new_scored_state(len(drawn.match), programs, int(drawn.quota.sum()) + 1, len(drawn.program))
        movers, unsettled = match_concerned_again(
            couples.lists, state, couples.order, drawn.quota, drawn.match, couples.position, concerned,
            length, newly, worse, mover_ptr, movers,
        )  # fmt: skip
    return FollowedDraw(length, newly, worse, concerned, mover_ptr, movers, unsettled)
