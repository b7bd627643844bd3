"""Names of the array types that the kernels take.

Belongs here: aliases for annotations. Does not belong here: anything that runs.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bools", "Float64s", "Int32s", "Int64s", "UInt64s", "UInts"]

Bools: TypeAlias = NDArray[np.bool_]
Int32s: TypeAlias = NDArray[np.int32]
Int64s: TypeAlias = NDArray[np.int64]
Float64s: TypeAlias = NDArray[np.float64]
UInt64s: TypeAlias = NDArray[np.uint64]
UInts: TypeAlias = NDArray[np.uint32] | NDArray[np.uint64]
