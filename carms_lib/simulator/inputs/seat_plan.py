"""What the seats of one market are in a draw, before chance rounds them.

Belongs here: the arrays from which `draw.quotas` draws whole seats, made once for a market. Does not belong here: how
levers change seats, and rounding itself.

A draw has whole seats of the release, drifted or raked to known margins. A scenario takes its share of those (all of
them, unless streams are split) and changes them by a number that need not be whole.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from carms_lib.simulator.inputs.margins import margins_hold, raked
from carms_lib.simulator.inputs.seat_cells import SeatNetwork, seat_network
from carms_lib.simulator.inputs.tables import Tables

__all__ = ["SeatPlan", "open_programs", "seat_plan", "shown_quota"]

_NEARLY = 1e-9


class SeatPlan(NamedTuple):
    """Seats of a market with P programs, before rounding."""

    base: np.ndarray  # float64[P]: seats of the release; 0 for a program that a lever added
    known: np.ndarray  # float64[P]: seats after the release as margins state them; nan where they drift
    source: np.ndarray  # int32[P]: the program whose seats of the release it has a share of
    share: np.ndarray  # float64[P]
    change: np.ndarray  # float64[P]: seats that levers add, exact; -inf for a program that is stated to have none
    is_split: np.ndarray  # bool[1]: whether some share is not all
    is_uneven: np.ndarray  # bool[1]: whether some change is not whole
    of_release: SeatNetwork
    of_split: SeatNetwork  # a program's seats are whole, and so are those of any set of programs: streams are left
    of_scenario: SeatNetwork


def seat_plan(tables: Tables, programs: pd.DataFrame, margins: pd.DataFrame) -> SeatPlan:
    """Return the plan of a market.

    Parameters
    ----------
    tables : Tables
    programs : pandas.DataFrame
        The market's own table.
    margins : pandas.DataFrame
        Of its cohort; they count only for the table of programs that they were published for.

    Returns
    -------
    SeatPlan
    """
    base, quota, share = tables.program_base_quota, tables.program_quota, tables.seats_share
    source = tables.seats_from
    holds = margins_hold(programs, base, margins)
    change = _snapped(quota - share * base[source])
    uneven, split = (quota > 0) & (change != np.rint(change)), (share != 0.0) & (share != 1.0)
    provinces = tables.program_province.astype(np.int64)
    in_province = tables.program_discipline * (provinces.max() + 1) + provinces
    cells = (source.astype(np.int64), in_province, tables.program_discipline.astype(np.int64))
    return SeatPlan(
        base=np.array(base),
        known=raked(programs, base, margins) if holds else np.full(len(base), np.nan),
        source=np.array(source),
        share=np.array(share),
        change=np.where(quota > 0, change, -np.inf),
        is_split=np.array([bool(split.any())]),
        is_uneven=np.array([bool(uneven.any())]),
        of_release=seat_network(cells, _by_stream(tables, tables.base_stream), tables.program_key.copy(), base > 0),
        of_split=seat_network(cells[:1], _within_stream(tables), tables.program_key.copy(), split),
        of_scenario=seat_network(
            cells, _by_stream(tables, tables.program_stream), tables.program_key.copy(), np.ones(len(base), bool)
        ),
    )


def _by_stream(tables: Tables, stream: np.ndarray) -> tuple[np.ndarray, ...]:
    """Discipline x province x stream, province x stream, province."""
    provinces, streams = tables.program_province.astype(np.int64), stream.astype(np.int64)
    by_stream = provinces * (streams.max() + 1) + streams
    return tables.program_discipline * (by_stream.max() + 1) + by_stream, by_stream, provinces


def _within_stream(tables: Tables) -> tuple[np.ndarray, ...]:
    """Discipline x province x stream, discipline x stream, stream: what a split is asked for by."""
    streams, disciplines = tables.program_stream.astype(np.int64), tables.program_discipline.astype(np.int64)
    by_discipline = streams * (disciplines.max() + 1) + disciplines
    provinces = tables.program_province.astype(np.int64)
    return by_discipline * (provinces.max() + 1) + provinces, by_discipline, streams


def _snapped(numbers: np.ndarray) -> np.ndarray:
    """Numbers that are nearly whole are whole."""
    whole: np.ndarray = np.rint(numbers)
    return np.where(np.abs(numbers - whole) < _NEARLY, whole, numbers)


def shown_quota(quota: np.ndarray) -> np.ndarray:
    """Return exact numbers of seats as a table shows them: int64 where all are whole, else float64."""
    exact = _snapped(quota)
    return exact.astype(np.int64) if (exact == np.rint(exact)).all() else exact


def open_programs(tables: Tables) -> dict[str, np.ndarray]:
    """Return who may apply where, and what reverts where, without the programs that have no seats.

    Parameters
    ----------
    tables : Tables

    Returns
    -------
    dict
        `first_open`, `second_open` and `reverts_to`: the same arrays where every program that is open has seats.
    """
    none = tables.program_quota <= 0
    if not none.any():
        return {name: getattr(tables, name) for name in ("first_open", "second_open", "reverts_to")}
    target = tables.reverts_to
    lost = none | ((target >= 0) & none[np.maximum(target, 0)])
    return {
        "first_open": np.where(none, np.uint8(0), tables.first_open),
        "second_open": np.where(none, np.uint8(0), tables.second_open),
        "reverts_to": np.where(lost, np.int32(-1), target).astype(np.int32),
    }
