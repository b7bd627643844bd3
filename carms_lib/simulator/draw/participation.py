"""Who takes part in a draw.

Belongs here: the number of applicants of each type who take part. Does not belong here: what they want (`disciplines`,
`wishes`); who of them applies in the first iteration is decided where disciplines are chosen.
"""

from __future__ import annotations

import math

import numpy as np

from carms_lib.kernels.jit import inner_kernel
from carms_lib.kernels.noise import Purpose, fold, stream, uniform
from carms_lib.simulator.inputs.tables import Tables

__all__ = ["who_takes_part"]

_SIZE = Purpose.SIZE


@inner_kernel
def who_takes_part(entropy: np.uint64, draw: int, sizes: np.ndarray, tables: Tables, taking_part: np.ndarray) -> None:
    """Scale each type to the class sizes of the block; fractions are settled by chance."""
    state = stream(entropy, _SIZE, draw)
    for t in range(len(tables.type_class)):
        c = tables.type_class[t]
        places = tables.type_start[t + 1] - tables.type_start[t]
        wanted = places * sizes[c] / max(tables.type_capacity[c], 1)
        taking_part[t] = min(
            math.floor(wanted + uniform(fold(state, tables.applicant_key[tables.type_start[t]]))), places
        )
