"""State hash of a match with couples, for cycle detection in rejection chains.

Belongs here: the hash of one fact about a state. Does not belong here: what a procedure does when the state recurs.

The hash of a state is the exclusive or of the codes of all its facts, so that one operation adds a fact or takes
it out. It is counted from wherever it stood: only whether two of them are equal says anything.

What a chain does next depends on the state alone, so a state that comes back comes back for ever. One is remembered at
steps 1, 2, 4, 8 and so on, and where it is met again the rest of the budget of steps is not walked: only what is left
of it after whole rounds.

References
----------
Brent, R. P. (1980). An improved Monte Carlo factorization algorithm. BIT 20, 176-184: finding a cycle.
"""

from __future__ import annotations

import numpy as np

from carms_lib.kernels.jit import inner_kernel

__all__ = ["SITS", "STATE_HASH", "VACATED", "WAITING", "code_of"]

#: Kinds of facts: a unit stands at a height of the applicant stack, a program at one of the program stack, an
#: applicant sits at a program. The first two are also the places of the heights in the states' `count`.
WAITING, VACATED, SITS = np.int64(0), np.int64(1), np.int64(2)
#: The place of the fingerprint in the states' `count`.
STATE_HASH = np.int64(2)
_LOW = np.int64(0x7FFFFFFF)
_MIX = (np.int64(0x45D9F3B3), np.int64(0x3C6EF373), np.int64(0x2545F491), np.int64(0x5BD1E995))


@inner_kernel
def code_of(kind: int, one: int, other: int) -> int:
    """Return the code of one fact: a kind and two numbers below 2^31, hashed to 62 bits.

    Different states have one fingerprint by chance in one of 2^62 pairs. No product leaves 63 bits, so that the
    interpreted kernel does the same.
    """
    x = ((one + 1) * _MIX[0]) ^ ((3 * other + kind + 1) * _MIX[1])
    for _ in range(2):
        x ^= x >> 29
        x = ((x & _LOW) * _MIX[2]) ^ (((x >> 31) & _LOW) * _MIX[3])
    return x ^ (x >> 29)
