"""The metrics: what is counted, and of whom.

Belongs here: the definitions, as counts per draw and group. Does not belong here: bands (`_bands`) and loops
(`_counts`).

======================= ============================================================================ =============
metric                  definition                                                                   unit
======================= ============================================================================ =============
pressure                applicants whose first choice lies in the cell and who end outside it,        share, 0 to 1
                        per applicant whose first choice lies in the cell
first_choice_ratio      applicants whose first choice lies in the cell, per seat there                applicants per
                                                                                                     seat
unmatched_risk          of the applicants whose first choice lies in the cell, those who end          share, 0 to 1
                        unmatched
fill_rate               seats filled, per seat                                                       share, 0 to 1
unfilled                seats left                                                                   seats
======================= ============================================================================ =============

A share of persons is too small to say where fewer than `fewest` of them stand behind it in an average draw: its
estimate is missing and `Bands.sizes` gives the reason. Five is the size under which official tables leave a cell out.

"First choice" is the program wanted most before interviews (``first_choice="wished"``), or the first program of the
rank-order list that was written after them (``"ranked"``). The two differ because nobody ranks a program that did
not interview them; the share who match to what they ranked first flatters the match.

References
----------
Echenique, González, Wilson and Yariv (2022), *Top of the batch: interviews and the match*, AER: Insights 4(2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError
from carms_lib.pressure._arguments import check_fewest, check_name, check_names
from carms_lib.pressure._bands import Bands, Measure, summarise
from carms_lib.pressure._counts import count_applicants, count_first_choices, count_seats
from carms_lib.pressure._groups import Groups, group
from carms_lib.simulator import Outcomes, Study

__all__ = [
    "FEWEST",
    "PRESSURE_METRICS",
    "measure_outcomes",
    "measure_pressure",
    "outcome_bands",
    "pressure_bands",
    "wanted_metrics",
]

PRESSURE_METRICS = ("pressure", "first_choice_ratio", "unmatched_risk", "fill_rate", "unfilled")
#: Persons in an average draw below which a share of them is too small to say.
FEWEST = 5.0
_ITERATIONS = ("final", "first")  # fields of `Outcomes`
_OF_PERSONS = ("pressure", "unmatched_risk")
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
    scenario: str | None = None,
    against: str | None = None,
    fewest: float = FEWEST,
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
    scenario : str, optional
        Only this scenario; by default all of them.
    against : str, optional
        Give differences from this scenario, paired draw by draw.
    fewest : float, default 5
        `pressure` and `unmatched_risk` of a group with fewer first choices than this in an average draw are too
        small to say: the estimate is missing, and `Bands.sizes` says why. 0 shows every group.

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
        against=against, fewest=fewest,
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
    )


def measure_pressure(
    study: Study,
    by: str | Sequence[str] | None,
    *,
    metric: str | Sequence[str] | None,
    first_choice: str,
    iteration: str,
    scenario: str | None,
    against: str | None,
    fewest: float,
) -> tuple[dict[str, list[Measure]], pd.DataFrame]:
    """Return the metrics of every draw, by scenario, and the key columns of their groups; see `pressure_bands`."""
    match_field = check_name("iteration", iteration, _ITERATIONS)
    choice_field = check_name("first_choice", first_choice, _CHOICES)
    wanted = wanted_metrics(metric, PRESSURE_METRICS)
    fewest = check_fewest(fewest)
    measures = {}
    for name in _scenarios(study, scenario, against):
        groups = group(study.outcomes_of(name, 0, 0), by)
        found = _pressure(study, name, groups, choice_field, match_field, wanted)
        measures[name] = [
            measure._replace(fewest=fewest) if measure.metric in _OF_PERSONS else measure for measure in found
        ]
    return measures, groups.keys


def outcome_bands(
    study: Study,
    by: str | Sequence[str] | None = None,
    *,
    level: float = 0.90,
    kind: str = "outcome",
    metric: str | Sequence[str] | None = None,
    scenario: str | None = None,
    against: str | None = None,
) -> Bands:
    """Return what came of seats and applicants with bands.

    Parameters
    ----------
    study, by, level, kind, scenario, against
        As in `pressure_bands`; `by` names columns of the programs or of the applicants, not both.
    metric : str or sequence of str, optional
        By columns of programs: seats, filled, unfilled, filled_first_iteration, unfilled_first_iteration [seats],
        first_choices [applicants]. By columns of applicants: applicants, matched, unmatched,
        matched_first_iteration, unmatched_first_iteration [applicants]. For the country: all of them.

    Returns
    -------
    Bands

    Raises
    ------
    UnknownNameError, ArgumentError
        As in `pressure_bands`.
    """
    measures, groups = measure_outcomes(study, by, metric=metric, scenario=scenario, against=against)
    return summarise(
        measures,
        groups.keys,
        level=level,
        kind=kind,
        draws_per_input=study.draws_per_input,
        headline="unmatched" if groups.by_applicant else "unfilled",
        provenance=study.provenance,
        against=against,
    )


def measure_outcomes(
    study: Study,
    by: str | Sequence[str] | None,
    *,
    metric: str | Sequence[str] | None,
    scenario: str | None,
    against: str | None,
) -> tuple[dict[str, list[Measure]], Groups]:
    """Return what came of seats and applicants in every draw, by scenario, and their groups; see `outcome_bands`."""
    measures = {}
    for name in _scenarios(study, scenario, against):
        groups = group(study.outcomes_of(name, 0, 0), by)
        if groups.by_program and groups.by_applicant:
            raise ArgumentError(
                f"by={by!r} mixes columns of programs and of applicants: seats have no class of applicant. "
                "Ask for one kind at a time, or for study.pressure(by=…), which crosses them."
            )
        found = [] if groups.by_applicant else _of_seats(study, name, groups)
        found += [] if groups.by_program else _of_applicants(study, name, groups)
        chosen = wanted_metrics(metric, [measure.metric for measure in found])
        measures[name] = [measure for measure in found if measure.metric in chosen]
    return measures, groups


def wanted_metrics(metric: str | Sequence[str] | None, allowed: Sequence[str]) -> list[str]:
    """Return the names in `metric`, all allowed ones for None."""
    names = list(allowed) if metric is None else check_names("metric", metric, allowed)
    if not names:
        raise ArgumentError(f"metric={metric!r} names none. Give some of {list(allowed)}, or None for all of them.")
    return names


def _scenarios(study: Study, scenario: str | None, against: str | None) -> list[str]:
    if against is not None:
        check_name("against", against, study.scenarios)
    if scenario is not None:
        check_name("scenario", scenario, study.scenarios)
    if against is not None and (scenario == against or len(study.scenarios) == 1):
        raise ArgumentError(
            f"against={against!r} leaves no other scenario to compare. The study holds {list(study.scenarios)}."
        )
    if scenario is None:
        return list(study.scenarios)
    return [scenario] if against is None else [against, scenario]


def _pressure(
    study: Study, scenario: str, groups: Groups, choice_field: str, match_field: str, wanted: Sequence[str]
) -> list[Measure]:
    shape = (study.n_draws, groups.cells * groups.classes)
    choosing, outside, unmatched = (np.zeros(shape, dtype=np.int32) for _ in range(3))
    of_cells = (study.n_draws, 0 if groups.by_applicant else groups.cells)
    seats, filled = (np.zeros(of_cells, dtype=np.int32) for _ in range(2))
    for rows, outcomes in study.chunks(scenario):
        match = getattr(outcomes, match_field)
        count_first_choices(
            getattr(outcomes, choice_field),
            match,
            groups.cell,
            groups.applicant_class,
            groups.cells,
            choosing[rows],
            outside[rows],
            unmatched[rows],
        )
        if not groups.by_applicant:
            seats[rows] = _seats(outcomes, groups)
            count_seats(match, groups.cell, filled[rows])
    found = [
        Measure("pressure", outside, choosing, "first choices"),
        Measure("unmatched_risk", unmatched, choosing, "first choices"),
    ]
    if not groups.by_applicant:
        found += [
            Measure("first_choice_ratio", choosing, seats, "seats"),
            Measure("fill_rate", filled, seats, "seats"),
            Measure("unfilled", seats - filled),
        ]
    by_name = {measure.metric: measure for measure in found}
    chosen = [name for name in wanted if name in by_name]
    if not chosen:
        raise ArgumentError(
            f"metric={list(wanted)!r} counts seats, which have no class of applicant: group by columns of the "
            "programs alone."
        )
    return [by_name[name] for name in chosen]


def _seats(outcomes: Outcomes, groups: Groups) -> np.ndarray:
    """Return seats in every draw and cell, int64 of shape (D, cells)."""
    seats = np.zeros((len(outcomes.quota), groups.cells), dtype=np.int64)
    order = np.argsort(groups.cell, kind="stable")
    starts = np.searchsorted(groups.cell[order], np.arange(groups.cells))
    np.add.reduceat(outcomes.quota[:, order], starts, axis=1, out=seats)
    return seats


def _of_seats(study: Study, scenario: str, groups: Groups) -> list[Measure]:
    shape = (study.n_draws, groups.cells)
    seats, first, final, choices = (np.zeros(shape, dtype=np.int32) for _ in range(4))
    for rows, outcomes in study.chunks(scenario):
        seats[rows] = _seats(outcomes, groups)
        for match, counted in ((outcomes.first, first), (outcomes.final, final), (outcomes.wished, choices)):
            count_seats(match, groups.cell, counted[rows])
    return [
        Measure("seats", seats),
        Measure("filled", final),
        Measure("unfilled", seats - final),
        Measure("filled_first_iteration", first),
        Measure("unfilled_first_iteration", seats - first),
        Measure("first_choices", choices),
    ]


def _of_applicants(study: Study, scenario: str, groups: Groups) -> list[Measure]:
    shape = (study.n_draws, groups.classes)
    taking_part, first, final, again = (np.zeros(shape, dtype=np.int32) for _ in range(4))
    for rows, outcomes in study.chunks(scenario):
        count_applicants(outcomes.final, groups.applicant_class, taking_part[rows], final[rows])
        count_applicants(outcomes.first, groups.applicant_class, again[rows], first[rows])
    return [
        Measure("applicants", taking_part),
        Measure("matched", final),
        Measure("unmatched", taking_part - final),
        Measure("matched_first_iteration", first),
        Measure("unmatched_first_iteration", taking_part - first),
    ]
