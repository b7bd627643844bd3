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
from carms_lib.simulator.seats.standing import Gains, Standing, new_chain_ends

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
    found = new_chain_ends(programs)
    movers = follow_every_seat(one, chain, found)
    gains = Gains(
        length=found.length.astype(np.int16),
        newly=(found.newly >= 0).astype(np.int16),
        worse=np.zeros(programs, dtype=np.int16),
        mover_ptr=found.mover_ptr,
    )
    concerned, unsettled = found.touched, int(found.touched.sum())
    couples = drawn.couples
    if unsettled and couples is not None and couples.is_stable:
        state = new_scored_state(len(drawn.match), programs, int(drawn.quota.sum()) + 1, len(drawn.program))
        before = Standing(quota=drawn.quota, match=drawn.match, position=couples.position)
        movers, unsettled = match_concerned_again(couples.lists, state, couples.order, before, concerned, gains, movers)
    return FollowedDraw(**gains._asdict(), concerned=concerned, movers=movers, unsettled=unsettled)
