"""Held seats as bits: each program's rank order is a row of bits, and a set bit is a seat that is taken.

Belongs here: laying out the rows, and one seat going from hand to hand. Does not belong here: who proposes.

The row of program `p` begins at word ``row_ptr[p]`` and has one bit for each rank of its list, best first, then
one for each of its seats: an empty seat is held by a stand-in whom everybody beats. So a program always holds
exactly as many bits as it has seats, "a free seat or better than the worst held" is one comparison, and nothing
is counted. Within a word a better rank is a higher bit: the worst held of a word is its lowest set bit, which a
processor finds in one instruction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, overload

from carms_lib.kernels.jit import inner_kernel

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import UInt64s
    from carms_lib.matching._linked_lists import PackedLists, Seating

__all__ = ["empty_rows", "exchange", "lowest_bit"]

_ONE = np.uint64(1)
_SIX = np.uint64(6)
_TOP = np.uint64(63)
_ALL = np.uint64(2**64 - 1)


def lowest_bit(word: Any) -> Any:
    """Return the place of the lowest set bit of a 64-bit `word` that is not zero."""
    value = int(word)
    return (value & -value).bit_length() - 1


@intrinsic
def _trailing_zeros(typing_context: Any, word: Any) -> Any:  # noqa: ARG001 - numba's calling convention
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@overload(lowest_bit)
def _lowest_bit_compiled(word: Any) -> Any:  # noqa: ARG001 - numba asks by type
    def implementation(word: Any) -> Any:
        return _trailing_zeros(word)

    return implementation


@inner_kernel
def empty_rows(lists: PackedLists, seating: Seating) -> None:
    """Lay out every row with all seats empty: the stand-ins' bits are set, `worst` is the last of them.

    `worst` is a rank, 0-based; 0 for a program without seats, which nobody beats.
    """
    seating.words[:] = 0
    for program in range(lists.seats.size):
        length = lists.program_ptr[program + 1] - lists.program_ptr[program]
        last = length + lists.seats[program] - 1
        seating.worst[program] = 0
        if lists.seats[program] > 0:
            row = lists.row_ptr[program]
            seating.worst[program] = last
            for word in range(row + (length >> 6), row + (last >> 6) + 1):
                seating.words[word] = _ALL
            seating.words[row + (length >> 6)] &= _ALL >> np.uint64(length & 63)
            seating.words[row + (last >> 6)] &= _ALL << np.uint64(63 - (last & 63))


@inner_kernel
def exchange(words: UInt64s, row: int, worst: int, rank: int) -> int:
    """Let `rank` take the seat of `worst`, the worst held of the row, and return who is the worst now."""
    first = np.uint64(row)
    place = np.uint64(rank)
    words[first + (place >> _SIX)] |= _ONE << (_TOP - (place & _TOP))
    word = first + (np.uint64(worst) >> _SIX)
    bits = words[word]
    bits &= bits - _ONE  # the worst held is the lowest set bit of its word
    words[word] = bits
    while bits == 0:  # `rank` itself is set: the search ends at the latest there
        word -= _ONE
        bits = words[word]
    return np.int64((word - first) << _SIX) + 63 - np.int64(lowest_bit(bits))
