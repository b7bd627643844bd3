"""Where the next k seats should go: placement by seat value, beside a lottery in proportion, and a bound.

Seats are placed one after another, each where it does most for the objective on average over the draws, given those
placed before (greedy), within floors, ceilings and budgets. The chains of the seats already placed are kept in every
draw, so that each step costs one chain a program. What the placement is worth is judged on *other* draws, beside the
expectation over lotteries that place the same number of seats in proportion to the seats there are, both against no
seat, all on common draws: on the draws that chose them the chosen seats would look better than they are.

================= ===================================================================================
module            holds
================= ===================================================================================
`objectives`      what a placement serves: one registry of linear functions of the match
`limits`          floors, ceilings and budgets; whether a placement can be completed within them
`lottery`         seats in proportion: expected numbers, and whole seats drawn anew in every draw
`placement`       the greedy placement, and the counts that judge one
`moves`           the moves that added seats can set off in a draw, as rows of a linear program
`integer_program` the sample problem as one integer program
`relaxation`      the same relaxed and split by draws
`bound`           `SeatBound`: what no placement can exceed on a sample of draws
`result`          `Allocation`
`allocate`        `allocate_seats`
================= ===================================================================================

The chains belong to `carms_lib.matching`, what one seat does to `seat_values`. The rules are those of `seat_values`:
first iteration, lists as written; but couples hold their seats throughout, because many seats at once would let them
move from draw to draw by chance as much as by the seats.
"""

from __future__ import annotations

from carms_lib.pressure.allocation.allocate import allocate_seats
from carms_lib.pressure.allocation.bound import SeatBound
from carms_lib.pressure.allocation.objectives import OBJECTIVES, Objective
from carms_lib.pressure.allocation.result import Allocation

__all__ = ["OBJECTIVES", "Allocation", "Objective", "SeatBound", "allocate_seats"]
