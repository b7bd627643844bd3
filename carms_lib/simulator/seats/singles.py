"""The single applicants of a draw over the seats that couples do not hold.

Belongs here: setting couples aside, and matching the others or leaving them where the draw has them. Does not belong
here: adding seats (`seat_chains`).
"""

from __future__ import annotations

import numpy as np

from carms_lib.matching.scored.deferred_acceptance import propose_scored
from carms_lib.matching.scored.lists import lists_of_singles, state_for
from carms_lib.simulator.draw.first_iteration import DrawnMatch
from carms_lib.simulator.seats.seat_chains import best_of_couples, best_of_pairs, hold_couples
from carms_lib.simulator.seats.standing import SinglesMatch

__all__ = ["leave_singles", "match_singles"]


def match_singles(drawn: DrawnMatch, extra: np.ndarray | None = None) -> SinglesMatch:
    """Match the single applicants of a draw, couples holding the seats they got.

    Parameters
    ----------
    drawn : DrawnMatch
        Not changed.
    extra : ndarray of shape (P,), int, optional
        Seats to add before matching.

    Returns
    -------
    SinglesMatch
        The outcome that single applicants like best. Without couples it is the draw's own first match.
    """
    score, quota, best = _set_couples_aside(drawn)
    if extra is not None:
        quota += extra.astype(np.int32)
    lists = lists_of_singles(drawn.ptr, drawn.program, score)
    state = state_for(lists, quota, reads=False)
    propose_scored(lists, state)
    match, position = state.match, state.position
    position[drawn.couple_of >= 0] = 0
    return _singles(drawn, score, quota, best, match, position)


def leave_singles(drawn: DrawnMatch) -> SinglesMatch:
    """Return the single applicants of a draw where its own match, couples and all, has put them.

    With couples that need not be the outcome that singles like best over the other seats; it is stable all the same.
    """
    if drawn.couples is None:
        return match_singles(drawn)
    score, quota, best = _set_couples_aside(drawn)
    single = drawn.couple_of < 0
    match = np.where(single, drawn.match, -1).astype(np.int32)
    position = np.where(single, drawn.couples.position, 0).astype(np.int32)
    return _singles(drawn, score, quota, best, match, position)


def _singles(
    drawn: DrawnMatch,
    score: np.ndarray,
    quota: np.ndarray,
    best: np.ndarray,
    match: np.ndarray,
    position: np.ndarray,
) -> SinglesMatch:
    return SinglesMatch(
        ptr=drawn.ptr,
        program=drawn.program,
        score=score,
        quota=quota,
        match=match,
        position=position,
        couple_best=best,
    )


def _set_couples_aside(drawn: DrawnMatch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores and seats without couples, and what programs would give for a couple."""
    score, quota, best = drawn.score.copy(), drawn.quota.astype(np.int32), np.empty((2, len(drawn.quota)))
    if drawn.couples is None:
        best_of_couples(drawn.ptr, drawn.program, score, drawn.match, drawn.couple_of, best)
    else:
        best_of_pairs(drawn.couples.lists, drawn.match, drawn.couples.position, quota, best)
    hold_couples(drawn.ptr, score, drawn.match, quota, drawn.couple_of)
    return score, quota, best
