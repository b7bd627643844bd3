"""Settings of the uncertain inputs: one for each block of draws.

Belongs here: drawing them, jointly where the cohort carries joint draws and independently from ranges elsewhere, and
moving a market's arrays to a setting. Does not belong here: anything that differs between draws of one block.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError
from carms_lib.kernels.noise import Purpose, uniform_array
from carms_lib.simulator.inputs.cohort import Cohort
from carms_lib.simulator.inputs.cohort_tables import cell_of
from carms_lib.simulator.inputs.market import Market
from carms_lib.simulator.inputs.parameters import PARAMETERS
from carms_lib.simulator.inputs.seat_plan import open_programs
from carms_lib.simulator.inputs.tables import Tables, closed

__all__ = [
    "NO_SHIFT",
    "Shift",
    "check_draws",
    "draw_parameters",
    "draw_settings",
    "input_moments",
    "inputs_of_settings",
    "joint_rows",
    "shifted",
    "split_uniform",
]


class Shift(NamedTuple):
    """How far a setting lies from the cohort's tables; empty arrays for not at all."""

    merit: np.ndarray  # float64[C]: added to the merit of a class
    appeal: np.ndarray  # float64[provinces]
    attachment: np.ndarray  # float64[provinces]
    own: np.ndarray  # float64[schools]: added to the attachment of a school's graduates
    popularity: np.ndarray  # float64[the cohort's disciplines]: log factor on first choices of Canadian graduates


NO_SHIFT = Shift(**{name: np.empty(0) for name in Shift._fields})


def check_draws(n_draws: Any) -> int:
    """Return a number of draws, or raise ArgumentError where it is not a positive whole number."""
    if isinstance(n_draws, bool) or not isinstance(n_draws, (int, np.integer)) or n_draws < 1:
        raise ArgumentError(f"n_draws={n_draws!r} must be a whole number of at least 1.")
    return int(n_draws)


def draw_parameters(cohort: Cohort, unit: np.ndarray) -> np.ndarray:
    """Return uncertain inputs for given uniforms, median at `value`.

    Parameters
    ----------
    unit : ndarray of shape (n, len(PARAMETERS)), float64
        Uniform numbers in (0, 1).

    Returns
    -------
    ndarray of shape (n, len(PARAMETERS)), float64

    Notes
    -----
    The quantile function is linear from low to value on the lower half of the probability, and from value to high
    on the upper half, so that the stated value is the median and the stated range is never left.
    """
    numbers = cohort.parameters[["value", "low", "high"]].to_numpy(dtype=float)
    return split_uniform(unit, numbers[:, 0], numbers[:, 1], numbers[:, 2])


def split_uniform(unit: np.ndarray, value: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return quantiles at `unit` of the law that is uniform on each side of its median `value`."""
    below = low + (value - low) * 2.0 * unit
    above = value + (high - value) * (2.0 * unit - 1.0)
    out: np.ndarray = np.where(unit < 0.5, below, above)
    return out


def joint_rows(entropy: int, blocks: int, rows: int) -> np.ndarray:
    """Return which of `rows` joint draws each block takes: all of them, in a keyed order, before any comes again."""
    order = [
        np.argsort(uniform_array(entropy, Purpose.SETTING, np.array([cycle]), rows)[0], kind="stable")
        for cycle in range(-(-blocks // rows))
    ]
    return np.concatenate(order)[:blocks] if order else np.empty(0, dtype=np.int64)


def draw_settings(cohort: Cohort, entropy: int, blocks: int) -> tuple[np.ndarray, np.ndarray, list[Shift]]:
    """Draw the uncertain inputs of each block.

    Parameters
    ----------
    cohort : Cohort
    entropy : int
    blocks : int

    Returns
    -------
    theta : ndarray of shape (blocks, len(PARAMETERS)), float64
    sizes : ndarray of shape (blocks, classes), float64
        Persons.
    shifts : list of Shift

    Notes
    -----
    What the cohort's joint draws name comes from one row of them, so that inputs that the published figures tie
    together stay tied. Every other input is drawn from its own range.
    """
    unit = uniform_array(entropy, Purpose.INPUT, np.arange(blocks), len(PARAMETERS) + len(cohort.classes))
    theta = draw_parameters(cohort, unit[:, : len(PARAMETERS)])
    size, low, high = (cohort.classes[name].to_numpy(float) for name in ("size", "low", "high"))
    sizes = split_uniform(unit[:, len(PARAMETERS) :], size, low, high)
    if cohort.draws.empty:
        return theta, sizes, [NO_SHIFT] * blocks
    draws = cohort.draws.iloc[joint_rows(entropy, blocks, len(cohort.draws))]
    merit = np.zeros((blocks, len(cohort.classes)))
    appeal, attachment = (np.zeros((blocks, len(cohort.provinces))) for _ in range(2))
    own = np.zeros((blocks, len(cohort.schools)))
    popularity = np.zeros((blocks, len(cohort.disciplines)))
    moved = {
        ("classes", "merit"): merit,
        ("provinces", "appeal"): appeal,
        ("provinces", "attachment"): attachment,
        ("schools", "attachment"): own,
    }
    at = {name: i for i, name in enumerate(PARAMETERS)}
    for name in draws.columns:
        column = draws[name].to_numpy(dtype=float)
        if name in at:
            theta[:, at[name]] = column
            continue
        table, quantity, item = cell_of(str(name))
        frame = getattr(cohort, table)
        place = frame.index.get_loc(item)
        stated = float(frame[quantity].iloc[place])
        if table == "disciplines":
            popularity[:, place] = np.log(np.maximum(column, 1e-12) / max(stated, 1e-12))
        else:
            moved[table, quantity][:, place] = column - stated
    of_blocks = {"merit": merit, "appeal": appeal, "attachment": attachment, "own": own, "popularity": popularity}
    shifts = [Shift(**{name: rows[block] for name, rows in of_blocks.items()}) for block in range(blocks)]
    return theta, sizes, shifts


def inputs_of_settings(cohort: Cohort, entropy: int, theta: np.ndarray, sizes: np.ndarray) -> pd.DataFrame:
    """Return every uncertain input of each block, as `draw_settings` drew them.

    Parameters
    ----------
    cohort : Cohort
    entropy : int
    theta : ndarray of shape (blocks, len(PARAMETERS)), float64
    sizes : ndarray of shape (blocks, classes), float64

    Returns
    -------
    pandas.DataFrame
        One row per block: `PARAMETERS`; the other cells of the cohort's joint draws, "table.column.item"; and
        "size of CLASS" [persons], before any scenario changes it.
    """
    frame = pd.DataFrame(theta, columns=list(PARAMETERS))
    cells = [name for name in cohort.draws.columns if name not in PARAMETERS]
    if cells:
        rows = joint_rows(entropy, len(theta), len(cohort.draws))
        frame = frame.join(cohort.draws[cells].iloc[rows].astype(float).reset_index(drop=True))
    frame = frame.join(pd.DataFrame(sizes, columns=[f"size of {name}" for name in cohort.classes.index]))
    frame.index.name = "setting"
    return frame


#: Settings that tell how inputs vary and go together; they are drawn and never matched.
_POOL = 4_000


def input_moments(cohort: Cohort, entropy: int) -> pd.DataFrame:
    """Return how the uncertain inputs vary and go together, over many more settings than a study has.

    Parameters
    ----------
    cohort : Cohort
    entropy : int
        Of the study.

    Returns
    -------
    pandas.DataFrame
        One column per input of `inputs_of_settings`; rows "mean", "sd", then the correlation with each input by name
        (0 with one that does not vary).
    """
    theta, sizes, _ = draw_settings(cohort, entropy, _POOL)
    frame = inputs_of_settings(cohort, entropy, theta, sizes)
    x = frame.to_numpy(float)
    mean, sd = x.mean(axis=0), x.std(axis=0)
    varies = sd > 1e-12 * np.maximum(np.abs(mean), 1.0)
    z = np.where(varies, (x - mean) / np.where(varies, sd, 1.0), 0.0)
    together = z.T @ z / _POOL
    np.fill_diagonal(together, 1.0)
    rows = np.vstack([mean, np.where(varies, sd, 0.0), together])
    return pd.DataFrame(rows, index=["mean", "sd", *frame.columns], columns=frame.columns)


def shifted(market: Market, shift: Shift) -> Tables:
    """Return the market's arrays as a setting has them; what a scenario changed stays changed.

    Nobody may apply to a program without seats, which therefore interviews nobody.
    """
    tables = closed(market.tables._replace(**open_programs(market.tables)))
    if not len(shift.merit):
        return tables
    first = tables.first_weight.copy()
    first[0] *= np.exp(shift.popularity[tables.discipline_row])
    moved = tables._replace(
        class_merit=tables.class_merit + shift.merit,
        program_appeal=tables.program_appeal + shift.appeal[tables.program_province],
        province_attachment=tables.province_attachment + shift.attachment,
        school_attachment=tables.school_attachment + shift.own,
        first_weight=first,
    )
    return closed(moved)
