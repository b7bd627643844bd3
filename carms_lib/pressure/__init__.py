"""ANSWER: where the pressure is, and how sure we are.

Belongs here: metrics over the draws of a study, by any grouping of programs and class of applicants, and their
bands. Does not belong here: simulating (`carms_lib.simulator`) and drawing (`carms_lib.plotting`).
"""

from __future__ import annotations

from carms_lib.pressure._bands import KINDS, Bands, Measure, summarise
from carms_lib.pressure._metrics import PRESSURE_METRICS, outcome_bands, pressure_bands
from carms_lib.pressure._seat_values import SEAT_METRICS, SeatValues, seat_values

__all__ = [
    "KINDS",
    "PRESSURE_METRICS",
    "SEAT_METRICS",
    "Bands",
    "Measure",
    "SeatValues",
    "outcome_bands",
    "pressure_bands",
    "seat_values",
    "summarise",
]
