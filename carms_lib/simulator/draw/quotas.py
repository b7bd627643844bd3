"""The seats of a draw: whole numbers from what the release, the published outcome and a scenario say.

Belongs here: the two steps in which whole seats are drawn. Does not belong here: rounding (`whole_seats`), and seats
that revert (`first_iteration`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from carms_lib.kernels.jit import kernel
from carms_lib.kernels.noise import Purpose, stream
from carms_lib.simulator.draw.whole_seats import RoundingSpace, new_rounding_space, round_seats
from carms_lib.simulator.inputs.parameters import PARAMETERS
from carms_lib.simulator.inputs.seat_plan import SeatPlan

__all__ = ["QuotaSpace", "draw_quota", "draw_release", "most_seats", "new_quota_space"]

_DRIFT = list(PARAMETERS).index("quota_drift")
_QUOTA, _SEATS, _SPLIT = Purpose.QUOTA, Purpose.SEATS, Purpose.SPLIT


class QuotaSpace(NamedTuple):
    """What the steps write; P programs."""

    exact: np.ndarray  # float64[P]
    release: np.ndarray  # int32[P]: seats of the release in this draw, whatever the scenario
    quota: np.ndarray  # int32[P]: seats of this draw, before reversions
    of_release: RoundingSpace
    of_split: RoundingSpace
    of_scenario: RoundingSpace


def new_quota_space(plan: SeatPlan) -> QuotaSpace:
    """Return work space for the seats of a market and of the scenarios that share its lists."""
    programs = len(plan.base)
    return QuotaSpace(
        exact=np.zeros(programs),
        release=np.zeros(programs, np.int32),
        quota=np.zeros(programs, np.int32),
        of_release=new_rounding_space(plan.of_release),
        of_split=new_rounding_space(plan.of_split),
        of_scenario=new_rounding_space(plan.of_scenario),
    )


@kernel
def draw_release(entropy: np.uint64, draw: int, theta: np.ndarray, plan: SeatPlan, space: QuotaSpace) -> None:
    """Write the seats of the release in one draw: what it says is approximate.

    A quota q becomes q (1 + drift), which may be less, or what known margins make of it; `whole_seats` rounds. It is
    the same in every scenario.
    """
    for p in range(len(plan.base)):
        known = plan.known[p]
        space.exact[p] = max(plan.base[p] * (1.0 + theta[_DRIFT]), 0.0) if np.isnan(known) else known
    round_seats(stream(entropy, _QUOTA, draw), space.exact, plan.of_release, space.of_release, space.release)


@kernel
def draw_quota(
    entropy: np.uint64, draw: int, plan: SeatPlan, change: np.ndarray, is_uneven: bool, space: QuotaSpace
) -> None:
    """Write the seats of one market in one draw, after `draw_release`.

    A program has its share of the seats of the release, and what levers add, each rounded by `whole_seats`; none where
    it is stated to have none. `plan` may be that of another market with the same lists: the market's own `change` and
    `is_uneven` are given beside it.
    """
    exact, quota = space.exact, space.quota
    for p in range(len(exact)):
        exact[p] = plan.share[p] * space.release[plan.source[p]]
    if plan.is_split[0]:
        round_seats(stream(entropy, _SPLIT, draw), exact, plan.of_split, space.of_split, quota)
        for p in range(len(exact)):
            exact[p] = quota[p]
    for p in range(len(exact)):
        exact[p] = max(exact[p] + change[p], 0.0)
    if is_uneven:
        round_seats(stream(entropy, _SEATS, draw), exact, plan.of_scenario, space.of_scenario, quota)
    else:
        for p in range(len(exact)):
            quota[p] = np.int32(exact[p])


def most_seats(plans: Sequence[SeatPlan], theta: np.ndarray) -> int:
    """Return how many seats a draw has at most under any of the plans, and one more."""
    most = 0.0
    for plan in plans:
        drifted = np.where(np.isnan(plan.known), plan.base * (1.0 + theta[_DRIFT]), plan.known)
        of_release = np.ceil(np.maximum(drifted, 0.0))
        seats = np.ceil(np.maximum(np.ceil(plan.share * of_release[plan.source]) + plan.change, 0.0))
        most = max(most, float(seats.sum()))
    return int(most) + 1
