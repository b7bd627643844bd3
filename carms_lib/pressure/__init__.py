"""ANSWER: where the pressure is, what one more seat would do, and how sure we are.

Belongs here: metrics over the draws of a study, by any grouping of programs and class of applicant, and their bands;
ranks, preferences, seat values and where seats should go; the simple proxy; sensitivity; published counts and series.
Does not belong here: simulating (`carms_lib.simulator`) and drawing (`carms_lib.plotting`).
"""

from __future__ import annotations

from carms_lib.pressure._arguments import KINDS
from carms_lib.pressure._band_ends import quantiles
from carms_lib.pressure._bands import BAND_COLUMNS, Bands, Measure, summarise
from carms_lib.pressure._choices import choice_bands
from carms_lib.pressure._pressure import outcome_bands, preference_bands, pressure_bands
from carms_lib.pressure._published_rates import RATE_METHODS, published_rates
from carms_lib.pressure._seat_values import SeatValues, seat_values, seat_values_of
from carms_lib.pressure._sensitivity import Sensitivity, sensitivity_of
from carms_lib.pressure._sobol import find_sensitivity
from carms_lib.pressure._supply import Proxy, compare_supply, supply_score
from carms_lib.pressure.allocation import OBJECTIVES, Allocation, Objective, SeatBound, allocate_seats
from carms_lib.pressure.metric_views import COUNTS, METRIC_VIEWS
from carms_lib.pressure.metrics import (
    ALLOCATION_METRICS,
    CHOICE_METRICS,
    HEADLINES,
    METRICS,
    OUTCOME_METRICS,
    PLACEMENT_METRICS,
    PREFERENCE_METRICS,
    PRESSURE_METRICS,
    SEAT_METRICS,
    Metric,
    describe_metrics,
    metric_of,
    metrics_of,
)
from carms_lib.pressure.ranks import Ranks, rank_groups
from carms_lib.pressure.series import SERIES_MODELS, Projection, load_series, project_series

__all__ = [
    "ALLOCATION_METRICS",
    "BAND_COLUMNS",
    "CHOICE_METRICS",
    "COUNTS",
    "HEADLINES",
    "KINDS",
    "METRICS",
    "METRIC_VIEWS",
    "OBJECTIVES",
    "OUTCOME_METRICS",
    "PLACEMENT_METRICS",
    "PREFERENCE_METRICS",
    "PRESSURE_METRICS",
    "RATE_METHODS",
    "SEAT_METRICS",
    "SERIES_MODELS",
    "Allocation",
    "Bands",
    "Measure",
    "Metric",
    "Objective",
    "Projection",
    "Proxy",
    "Ranks",
    "SeatBound",
    "SeatValues",
    "Sensitivity",
    "allocate_seats",
    "choice_bands",
    "compare_supply",
    "describe_metrics",
    "find_sensitivity",
    "load_series",
    "metric_of",
    "metrics_of",
    "outcome_bands",
    "preference_bands",
    "pressure_bands",
    "project_series",
    "published_rates",
    "quantiles",
    "rank_groups",
    "seat_values",
    "seat_values_of",
    "sensitivity_of",
    "summarise",
    "supply_score",
]
