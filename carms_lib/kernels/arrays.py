"""Array types that the kernels take, and arrays that are closed to writing.

Belongs here: aliases for annotations; `closed`. Does not belong here: what an array means.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bools", "Float64s", "Int32s", "Int64s", "UInt64s", "UInts", "closed"]

Bools: TypeAlias = NDArray[np.bool_]
Int32s: TypeAlias = NDArray[np.int32]
Int64s: TypeAlias = NDArray[np.int64]
Float64s: TypeAlias = NDArray[np.float64]
UInt64s: TypeAlias = NDArray[np.uint64]
UInts: TypeAlias = NDArray[np.uint32] | NDArray[np.uint64]


def closed(array: np.ndarray) -> np.ndarray:
    """Return `array` closed to writing and contiguous; what is so already stays the same array.

    numba compiles a kernel for every combination of kinds of arrays that it meets, which takes half a minute for a
    draw; arrays from pandas are often closed, computed and unpickled ones are not.
    """
    if not array.flags.writeable and array.flags.c_contiguous:
        return array
    view = np.ascontiguousarray(array).view()  # a view: who gave the array may go on writing to it
    view.flags.writeable = False
    return view
