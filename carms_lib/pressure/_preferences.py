"""Preferences: what applicants of a class want first, by discipline and place.

Belongs here: shares of first choices with bands. Does not belong here: what becomes of them (`_pressure`).

The metrics are `PREFERENCE_METRICS`; `describe_metrics` defines them.

Rank lists are modelled, so these shares show what the cohort assumes of applicants together with what programs,
languages and interviews leave of it: ``first_choice="wished"`` before interviews, ``"ranked"`` after them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from carms_lib.pressure._bands import Bands, Measure, summarise
from carms_lib.pressure._counts import measures_of
from carms_lib.pressure._pressure import measure_pressure, wanted_metrics
from carms_lib.pressure.metrics import PREFERENCE_METRICS
from carms_lib.simulator import BASELINE, Study

__all__ = ["measure_preferences", "preference_bands"]


def preference_bands(
    study: Study,
    by: str | Sequence[str] = "discipline",
    *,
    level: float = 0.90,
    kind: str = "outcome",
    metric: str | Sequence[str] | None = None,
    first_choice: str = "wished",
    scenario: str | None = None,
) -> Bands:
    """Return what applicants want first, with bands.

    Parameters
    ----------
    study : Study
    by : str or sequence of str, default "discipline"
        Columns of the programs make the cells; columns of the applicants, such as "applicant_class", make the
        classes. Over the cells, the shares of each class add up to 1.
    level, kind, scenario
        As in `pressure_bands`.
    metric : str or sequence of str, optional
        Some of `PREFERENCE_METRICS`; by default both.
    first_choice : {"wished", "ranked"}, default "wished"
        Before or after interviews.

    Returns
    -------
    Bands

    Raises
    ------
    UnknownNameError, ArgumentError
        As in `pressure_bands`.
    """
    measures, keys = measure_preferences(study, by, metric=metric, first_choice=first_choice, scenario=scenario)
    return summarise(
        measures,
        keys,
        level=level,
        kind=kind,
        draws_per_input=study.draws_per_input,
        headline=next(iter(measures.values()))[0].metric,
        provenance=study.provenance.with_settings(first_choice=first_choice),
    )


def measure_preferences(
    study: Study,
    by: str | Sequence[str],
    *,
    metric: str | Sequence[str] | None,
    first_choice: str,
    scenario: str | None,
) -> tuple[dict[str, list[Measure]], pd.DataFrame]:
    """Return the preferences of every draw, by scenario, and the key columns of their groups."""
    wanted = wanted_metrics(metric, PREFERENCE_METRICS)
    found, keys = measure_pressure(
        study, by, metric="pressure", first_choice=first_choice, iteration="final", scenario=scenario, against=None,
        fewest=0.0,
    )  # fmt: skip
    of_applicants = [name for name in keys.columns if name in study.outcomes_of(BASELINE, 0, 0).applicants.columns]
    number = keys.groupby(of_applicants, sort=False).ngroup().to_numpy() if of_applicants else np.zeros(len(keys), int)
    measures = {}
    for name, (pressure,) in found.items():
        choosing = pressure.bottom
        if choosing is None:  # pressure is a share of first choices
            raise AssertionError
        of_class = np.zeros((len(choosing), int(number.max()) + 1), dtype=np.int64)
        for group in range(choosing.shape[1]):
            of_class[:, number[group]] += choosing[:, group]
        counts = {"first_choices": choosing, "first_choices_of_class": of_class[:, number]}
        measures[name] = measures_of("preferences", wanted, counts)
    return measures, keys
