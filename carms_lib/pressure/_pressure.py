"""Pressure, outcomes and preferences of a study, with bands.

Belongs here: `pressure_bands`, `outcome_bands` and `preference_bands`: checks of the arguments, counts, bands. Does not
belong here: the definitions (`metrics`), how draws are counted (`_counts`) and the formulas of bands (`_bands`).

A share of persons is suppressed where fewer than `fewest` of them are behind it in an average draw: its estimate is
missing and `Bands.sizes` gives the reason. Five is the size under which official tables suppress a cell.

Preferences are the shares of first choices. Rank lists are modelled, so these shares show what the cohort assumes of
applicants together with what programs, languages and interviews leave of it: ``first_choice="wished"`` before
interviews, ``"ranked"`` after them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError
from carms_lib.pressure._arguments import check_fewest, check_name, check_names
from carms_lib.pressure._bands import Bands, Measure, summarise
from carms_lib.pressure._counts import count_outcomes, count_pressure, measures_of
from carms_lib.pressure._groups import Groups, Where, group_all, is_applicants
from carms_lib.pressure.metrics import OUTCOME_METRICS, PLACEMENT_METRICS, PREFERENCE_METRICS, PRESSURE_METRICS
from carms_lib.simulator import BASELINE, Study

__all__ = [
    "FEWEST",
    "measure_outcomes",
    "measure_preferences",
    "measure_pressure",
    "outcome_bands",
    "preference_bands",
    "pressure_bands",
    "wanted_metrics",
]

#: Persons in an average draw below which a share of them is suppressed.
FEWEST = 5.0
_ITERATIONS = ("final", "first")  # fields of `Outcomes`
_CHOICES = ("wished", "ranked")


def pressure_bands(
    study: Study,
    by: str | Sequence[str] | None = None,
    *,
    level: float = 0.90,
    kind: str = "outcome",
    metric: str | Sequence[str] | None = None,
    first_choice: str = "wished",
    iteration: str = "final",
    scenario: str | Sequence[str] | None = None,
    against: str | None = None,
    where: Where | None = None,
    fewest: float = FEWEST,
    simultaneous: bool = False,
) -> Bands:
    """Return the pressure metrics with bands.

    Parameters
    ----------
    study : Study
    by : str or sequence of str, optional
        Columns of the programs, which make the cells, and of the applicants, which make the classes. Without any,
        the cell is the country.
    level : float, default 0.90
        Of the band, in (0, 1).
    kind : {"outcome", "mean", "input"}, default "outcome"
    metric : str or sequence of str, optional
        Some of `PRESSURE_METRICS`; by default all that the grouping allows. Seats have no class of applicant, so
        `fill_rate`, `unfilled` and `first_choice_ratio` are left out when `by` names one.
    first_choice : {"wished", "ranked"}, default "wished"
        Before or after interviews.
    iteration : {"final", "first"}, default "final"
        After both iterations or after the first.
    scenario : str or sequence of str, optional
        Only these scenarios; by default all of them.
    against : str, optional
        Give differences from this scenario, paired draw by draw.
    where : mapping of str to str or sequence of str, optional
        Only programs, or applicants, with these values, such as ``{"province": ["ON", "QC"]}``.
    fewest : float, default 5
        `pressure` and `unmatched_risk` of a group with fewer first choices than this in an average draw are too
        small to say: the estimate is missing, and `Bands.sizes` says why. 0 shows every group.
    simultaneous : bool, default False
        Of kind "mean": all groups of a metric and scenario hold together with probability `level`.

    Returns
    -------
    Bands

    Raises
    ------
    UnknownNameError
        An unknown column, metric, kind, choice, iteration or scenario.
    ArgumentError
        A level outside (0, 1), a negative `fewest`, or a metric that the grouping does not allow.
    """
    measures, keys = measure_pressure(
        study, by, metric=metric, first_choice=first_choice, iteration=iteration, scenario=scenario,
        against=against, fewest=fewest, where=where,
    )  # fmt: skip
    return summarise(
        measures,
        keys,
        level=level,
        kind=kind,
        draws_per_input=study.draws_per_input,
        headline=next(iter(measures.values()))[0].metric,
        provenance=study.provenance.with_settings(first_choice=first_choice, iteration=iteration, fewest=fewest),
        against=against,
        simultaneous=simultaneous,
    )


def measure_pressure(
    study: Study,
    by: str | Sequence[str] | None,
    *,
    metric: str | Sequence[str] | None,
    first_choice: str,
    iteration: str,
    scenario: str | Sequence[str] | None,
    against: str | None,
    where: Where | None = None,
    fewest: float,
) -> tuple[dict[str, list[Measure]], pd.DataFrame]:
    """Return the metrics of every draw, by scenario, and the key columns of their groups; see `pressure_bands`."""
    match_field = check_name("iteration", iteration, _ITERATIONS)
    choice_field = check_name("first_choice", first_choice, _CHOICES)
    wanted = wanted_metrics(metric, PRESSURE_METRICS)
    fewest = check_fewest(fewest)
    measures = {}
    for name, groups in group_all(study, chosen_scenarios(study, scenario, against), by, where).items():
        counts = count_pressure(study, name, groups, choice_field, match_field)
        measures[name] = measures_of("pressure", wanted, counts, fewest=fewest)
        lacking = [] if metric is None else [each for each in wanted if each not in {m.metric for m in measures[name]}]
        if lacking:
            raise ArgumentError(
                f"metric={lacking!r} counts seats, which have no class of applicant: group by, and choose with where, "
                "columns of the programs alone."
            )
    return measures, groups.keys


def outcome_bands(
    study: Study,
    by: str | Sequence[str] | None = None,
    *,
    level: float = 0.90,
    kind: str = "outcome",
    metric: str | Sequence[str] | None = None,
    scenario: str | Sequence[str] | None = None,
    against: str | None = None,
    where: Where | None = None,
    simultaneous: bool = False,
) -> Bands:
    """Return match outcomes of seats and applicants, with bands.

    Parameters
    ----------
    study, by, level, kind, scenario, against, where, simultaneous
        As in `pressure_bands`.
    metric : str or sequence of str, optional
        Some of `OUTCOME_METRICS` or `PLACEMENT_METRICS`. By columns of programs, those of seats and first choices; by
        columns of applicants, those of applicants; for the country, both. By columns of both, who is matched where:
        `matched`, `matched_first_iteration`, `first_choices`, `destination_share` and `share_of_filled`
        (`describe_metrics`).

    Returns
    -------
    Bands

    Raises
    ------
    UnknownNameError, ArgumentError
        As in `pressure_bands`.
    """
    measures, groups = measure_outcomes(study, by, metric=metric, scenario=scenario, against=against, where=where)
    return summarise(
        measures,
        groups.keys,
        level=level,
        kind=kind,
        draws_per_input=study.draws_per_input,
        headline=_headline(measures, groups),
        provenance=study.provenance,
        against=against,
        simultaneous=simultaneous,
    )


def measure_outcomes(
    study: Study,
    by: str | Sequence[str] | None,
    *,
    metric: str | Sequence[str] | None,
    scenario: str | Sequence[str] | None,
    against: str | None,
    where: Where | None = None,
) -> tuple[dict[str, list[Measure]], Groups]:
    """Return match outcomes in every draw, by scenario, and their groups; see `outcome_bands`."""
    measures = {}
    for name, groups in group_all(study, chosen_scenarios(study, scenario, against), by, where).items():
        counts = count_outcomes(study, name, groups)
        view, allowed = ("placements", PLACEMENT_METRICS) if groups.is_crossed else ("outcomes", OUTCOME_METRICS)
        found = measures_of(view, allowed, counts, fewest=FEWEST)
        chosen = wanted_metrics(metric, [measure.metric for measure in found])
        measures[name] = [measure for measure in found if measure.metric in chosen]
    return measures, groups


def wanted_metrics(metric: str | Sequence[str] | None, allowed: Sequence[str]) -> list[str]:
    """Return the names in `metric`, all allowed ones for None."""
    names = list(allowed) if metric is None else check_names("metric", metric, allowed)
    if not names:
        raise ArgumentError(f"metric={metric!r} names none. Give some of {list(allowed)}, or None for all of them.")
    return names


def _headline(measures: Mapping[str, Sequence[Measure]], groups: Groups) -> str:
    first = "matched" if groups.is_crossed else "unmatched" if groups.by_applicant else "unfilled"
    shown = [measure.metric for measure in next(iter(measures.values()))]
    return first if first in shown else shown[0]


def chosen_scenarios(study: Study, scenario: str | Sequence[str] | None, against: str | None) -> list[str]:
    """Return the scenarios to count, the one that is subtracted first."""
    if against is not None:
        check_name("against", against, study.scenarios)
    wanted = list(study.scenarios) if scenario is None else check_names("scenario", scenario, study.scenarios)
    others = [name for name in wanted if name != against]
    if not others or (against is not None and scenario is not None and against in wanted):
        raise ArgumentError(
            f"scenario={scenario!r}, against={against!r} leave no scenario to show, or one against itself. The study "
            f"holds {list(study.scenarios)}."
        )
    return wanted if against is None else [against, *others]


def preference_bands(
    study: Study,
    by: str | Sequence[str] = "discipline",
    *,
    level: float = 0.90,
    kind: str = "outcome",
    metric: str | Sequence[str] | None = None,
    first_choice: str = "wished",
    scenario: str | Sequence[str] | None = None,
    where: Where | None = None,
) -> Bands:
    """Return what applicants want first, with bands.

    Parameters
    ----------
    study : Study
    by : str or sequence of str, default "discipline"
        Columns of the programs make the cells; columns of the applicants, such as "applicant_class", make the
        classes. Over the cells, the shares of each class add up to 1.
    level, kind, scenario, where
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
    measures, keys = measure_preferences(
        study, by, metric=metric, first_choice=first_choice, scenario=scenario, where=where
    )
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
    scenario: str | Sequence[str] | None,
    where: Where | None = None,
) -> tuple[dict[str, list[Measure]], pd.DataFrame]:
    """Return the preferences of every draw, by scenario, and the key columns of their groups."""
    wanted = wanted_metrics(metric, PREFERENCE_METRICS)
    found, keys = measure_pressure(
        study, by, metric="pressure", first_choice=first_choice, iteration="final", scenario=scenario, against=None,
        fewest=0.0, where=where,
    )  # fmt: skip
    of_applicants = [name for name in keys if is_applicants(str(name), study.outcomes_of(BASELINE, 0, 0).applicants)]
    number = keys.groupby(of_applicants, sort=False).ngroup().to_numpy() if of_applicants else np.zeros(len(keys), int)
    measures = {}
    for name, (pressure,) in found.items():
        choosing = pressure.bottom
        if choosing is None:  # pressure is a share of first choices
            raise AssertionError
        of_class = np.zeros((len(choosing), int(number.max()) + 1), dtype=np.int64)
        for cell in range(choosing.shape[1]):
            of_class[:, number[cell]] += choosing[:, cell]
        counts = {"first_choices": choosing, "first_choices_of_class": of_class[:, number]}
        measures[name] = measures_of("preferences", wanted, counts)
    return measures, keys
