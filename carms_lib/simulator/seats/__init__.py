"""What one more seat in each program does in one draw.

=============== =========================================================================================
module          holds
=============== =========================================================================================
`standing`      the named groups of arrays that the kernels here read and write
`singles`       the match of single applicants, with couples held in their seats
`seat_chains`   a seat added to every program in turn, and the chain it sets off
`rematch`       everybody matched again, for seats that a couple might have moved for
`added_seat`    which of the two answers for a seat, and the result of a draw
=============== =========================================================================================

What a planner makes of the counts belongs to `carms_lib.pressure`.
"""
