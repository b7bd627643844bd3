"""The registry of metrics: one row a metric, read by counting, bands, figures and documentation alike.

Belongs here: what each metric is called, counts, divides by and is measured in, and which views show it. Does not
belong here: making the counts (`_counts`, `_seat_values`, `allocation`, `_sensitivity`) and bands (`_bands`).

A view makes counts in every draw, such as seats and filled positions by cell. A metric is one of these counts, or one
minus another, divided by a third where it has a denominator. A new metric of counts that a view already makes is a new
row of `METRICS` and nothing else: the view, its figures and `describe_metrics` follow. A row without
a unit or label, or with a count that its view does not make, is refused when the package is imported.

"First choice" is the program wanted most before interviews (``first_choice="wished"``), or the first program of the
rank-order list written after them (``"ranked"``). The two differ because nobody ranks a program that did not interview
them; the share who match to the program they ranked first flatters the match.

References
----------
Echenique, González, Wilson and Yariv (2022), *Top of the batch: interviews and the match*, AER: Insights 4(2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.pressure.metric_views import COUNTS, METRIC_VIEWS

__all__ = [
    "ALLOCATION_METRICS",
    "CHOICE_METRICS",
    "HEADLINES",
    "METRICS",
    "OUTCOME_METRICS",
    "PLACEMENT_METRICS",
    "PREFERENCE_METRICS",
    "PRESSURE_METRICS",
    "SEAT_METRICS",
    "Metric",
    "describe_metrics",
    "metric_of",
    "metrics_of",
]

_FORMS = ("share", "ratio", "count")  # printed as per cent, with two decimals, as a whole number
_ITERATIONS = ("both", "first", "second")


@dataclass(frozen=True)
class Metric:
    """One row of the registry.

    Parameters
    ----------
    name : str
        As in the column ``metric`` of a band frame.
    unit : str
        Such as "share, 0 to 1", "seats" or "applicants per seat".
    form : {"share", "ratio", "count"}
        How a number is printed: as per cent, with two decimals, or as a whole number.
    numerator : str
        One of `COUNTS`, or one minus another: "seats - filled".
    denominator : str or None
        One of `COUNTS`; None for a plain count.
    views : tuple of str
        The keys of `METRIC_VIEWS` that show it.
    iterations : {"both", "first", "second"}
        After which iterations of the match it is counted; `pressure` can be asked for the first alone.
    label : str
        In words, as on an axis.
    definition : str
        What is counted, and of whom.

    Raises
    ------
    ArgumentError
        A field is empty or has an unknown value, a view does not make a count, or a share has no denominator.
    """

    name: str
    unit: str
    form: str
    numerator: str
    denominator: str | None
    views: tuple[str, ...]
    iterations: str
    label: str
    definition: str

    def __post_init__(self) -> None:
        for name in ("name", "label", "definition", "unit", "numerator", "views"):
            if not getattr(self, name):
                raise ArgumentError(f"The metric {self.name!r} has no {name}.")
        self._check("form", self.form, _FORMS)
        self._check("iterations", self.iterations, _ITERATIONS)
        for view in self.views:
            self._check("view", view, METRIC_VIEWS)
            for count in self.counts:
                self._check(f"count of {view!r}", count, METRIC_VIEWS[view].counts)
        if self.form == "share" and any(self.denominator_in(view) is None for view in self.views):
            raise ArgumentError(f"The metric {self.name!r} is a share without a denominator.")

    def _check(self, what: str, value: str, allowed: Iterable[str]) -> None:
        if value not in (names := list(allowed)):
            raise ArgumentError(f"The metric {self.name!r} has the unknown {what} {value!r}: {names}.")

    @property
    def terms(self) -> tuple[str, ...]:
        """The counts of the numerator: the first, minus the second where there is one."""
        return tuple(self.numerator.split(" - "))

    @property
    def counts(self) -> tuple[str, ...]:
        """All counts that the metric is made of."""
        return self.terms if self.denominator is None else (*self.terms, self.denominator)

    @property
    def of(self) -> str:
        """Whether "persons" or "seats" are counted."""
        return COUNTS[self.terms[0]].of

    @property
    def is_share_of_persons(self) -> bool:
        """Whether it is a share of persons, which is suppressed where few persons are behind it."""
        return self.form == "share" and self.denominator is not None and COUNTS[self.denominator].of == "persons"

    def scale_in(self, view: str) -> str:
        """Return what values the metric can take in `view`: "share", "positive" or "real"."""
        if self.form == "share":
            return "share"
        return "real" if set(self.terms) & set(METRIC_VIEWS[view].signed) else "positive"

    def denominator_in(self, view: str) -> str | None:
        """Return the count by which `view` divides the metric, None for a plain count."""
        return self.denominator or METRIC_VIEWS[view].per


def _register(rows: Iterable[Metric]) -> Mapping[str, Metric]:
    """Return the rows by name; a name given twice is refused."""
    registry: dict[str, Metric] = {}
    for row in rows:
        if row.name in registry:
            raise ArgumentError(f"The metric {row.name!r} is registered twice.")
        registry[row.name] = row
    return MappingProxyType(registry)


# fmt: off
#: Every metric: name, unit, form, numerator, denominator, views, iterations; label; definition. A view shows its
#: metrics in the order of these rows.
METRICS: Mapping[str, Metric] = _register(
    [
        Metric(
            "pressure", "share, 0 to 1", "share", "first_choices_lost", "first_choices", ("pressure",), "both",
            "Pressure: first choices that end elsewhere",
            "share of applicants whose first choice lies in the cell who end outside it",
        ),
        Metric(
            "pressure_funnel", "share, 0 to 1", "share", "lost_before_ranking", "first_choices", ("pressure",), "both",
            "Pressure from the funnel: no interview or not ranked",
            "part of pressure: applicants who end outside the cell and whose rank-order list, written after "
            "interviews, is empty or headed by a program outside it",
        ),
        Metric(
            "pressure_scarcity", "share, 0 to 1", "share", "lost_to_scarcity", "first_choices", ("pressure",), "both",
            "Pressure from scarcity: more first choices than seats",
            "part of pressure: applicants who head their list with the cell beyond the number of its seats",
        ),
        Metric(
            "pressure_competition", "share, 0 to 1", "share", "lost_to_competition", "first_choices", ("pressure",),
            "both",
            "Pressure from competition: seats filled by others, or left",
            "part of pressure: all other applicants who end outside the cell",
        ),
        Metric(
            "first_choice_ratio", "applicants per seat", "ratio", "first_choices", "seats", ("pressure",), "both",
            "First choices per seat",
            "applicants whose first choice lies in the cell, per seat there",
        ),
        Metric(
            "unmatched_risk", "share, 0 to 1", "share", "first_choices_unmatched", "first_choices", ("pressure",),
            "both",
            "Risk of ending unmatched, by first choice",
            "share of applicants whose first choice lies in the cell who end unmatched",
        ),
        Metric(
            "fill_rate", "share, 0 to 1", "share", "filled", "seats", ("pressure",), "both",
            "Seats filled, share",
            "seats filled, per seat",
        ),
        Metric(
            "first_choice_share", "share, 0 to 1", "share", "first_choices", "first_choices_of_class",
            ("preferences",), "both",
            "Share of first choices",
            "applicants of the class whose first choice lies in the cell, per applicant of the class who has a "
            "first choice",
        ),
        *(
            Metric(
                f"{name}_choice_obtained", "share, 0 to 1", "share", f"matched_to_{name}_choice", "applicants",
                ("choices",), "first",
                f"Matched to their {words}, share",
                f"applicants matched to the {words} of their rank-order list, per applicant",
            )
            for name, words in {
                "first": "first choice", "second": "second choice", "third": "third choice",
                "lower": "fourth choice or a lower one", "any": "first, second, third or a lower choice",
            }.items()
        ),
        Metric(
            "no_choice_obtained", "share, 0 to 1", "share", "matched_to_no_choice", "applicants", ("choices",), "first",
            "Interviewed and unmatched, share",
            "applicants who had an interview and no match, per applicant",
        ),
        Metric(
            "no_interview", "share, 0 to 1", "share", "not_interviewed", "applicants", ("choices",), "first",
            "Without an interview, share",
            "applicants whom no program interviewed, and who therefore rank none, per applicant",
        ),
        Metric(
            "interviews_held", "interviews per applicant", "ratio", "interviews", "applicants", ("choices",), "first",
            "Interviews held per applicant",
            "programs that interviewed the applicant, which make the rank-order list",
        ),
        Metric(
            "first_choice_elsewhere", "share, 0 to 1", "share", "residents_from_elsewhere", "residents", ("choices",),
            "first",
            "Residents whose first choice was elsewhere, share",
            "applicants matched to the cell whose rank-order list another cell heads, per applicant matched to it",
        ),
        Metric(
            "unmatched_cmg", "applicants", "count", "unmatched_cmg", None, ("headlines",), "both",
            "Canadian graduates unmatched",
            "graduates of Canadian schools unmatched",
        ),
        Metric(
            "matched_img", "applicants", "count", "matched_img", None, ("headlines",), "both",
            "International graduates matched",
            "international graduates matched",
        ),
        Metric(
            "seats", "seats", "count", "seats", None, ("outcomes",), "both",
            "Seats",
            "seats after drift and reversions",
        ),
        Metric(
            "filled", "seats", "count", "filled", None, ("outcomes",), "both",
            "Seats filled",
            "seats filled",
        ),
        Metric(
            "unfilled", "seats", "count", "seats - filled", None, ("pressure", "outcomes", "headlines"), "both",
            "Seats left unfilled",
            "seats left",
        ),
        Metric(
            "filled_first_iteration", "seats", "count", "filled_first_iteration", None, ("outcomes",), "first",
            "Seats filled in the first iteration",
            "seats filled in the first iteration",
        ),
        Metric(
            "unfilled_first_iteration", "seats", "count", "seats - filled_first_iteration", None, ("outcomes",),
            "first",
            "Seats left unfilled after the first iteration",
            "seats left after the first iteration",
        ),
        Metric(
            "first_choices", "applicants", "count", "first_choices", None, ("outcomes", "placements", "preferences"),
            "both",
            "Applicants whose first choice lies here",
            "applicants whose first choice lies in the cell",
        ),
        Metric(
            "applicants", "applicants", "count", "applicants", None, ("outcomes",), "both",
            "Applicants",
            "applicants who take part",
        ),
        Metric(
            "matched", "applicants", "count", "matched", None, ("outcomes", "placements"), "both",
            "Matched applicants",
            "applicants matched",
        ),
        Metric(
            "destination_share", "share, 0 to 1", "share", "matched", "matched_of_class", ("placements",), "both",
            "Where matched applicants train, share",
            "matched applicants of the class who train in the cell, per matched applicant of the class",
        ),
        Metric(
            "share_of_filled", "share, 0 to 1", "share", "matched", "filled_of_cell", ("placements",), "both",
            "Who fills the seats, share",
            "seats of the cell that the class fills, per seat filled there",
        ),
        Metric(
            "unmatched", "applicants", "count", "applicants - matched", None, ("outcomes",), "both",
            "Unmatched applicants",
            "applicants unmatched",
        ),
        Metric(
            "matched_first_iteration", "applicants", "count", "matched_first_iteration", None,
            ("outcomes", "placements"), "first",
            "Applicants matched in the first iteration",
            "applicants matched in the first iteration",
        ),
        Metric(
            "unmatched_first_iteration", "applicants", "count", "applicants - matched_first_iteration", None,
            ("outcomes",), "first",
            "Applicants unmatched after the first iteration",
            "applicants unmatched after the first iteration",
        ),
        Metric(
            "unfilled_family_medicine", "seats", "count", "seats_family_medicine - filled_family_medicine", None,
            ("headlines",), "both",
            "Family Medicine seats left unfilled",
            "Family Medicine seats left",
        ),
        Metric(
            "first_choice_lost", "share, 0 to 1", "share", "first_choices_elsewhere", "first_choices", ("headlines",),
            "both",
            "First choices lost to another discipline",
            "share of applicants who end outside the discipline of their first choice",
        ),
        Metric(
            "seat_value", "applicants per seat", "ratio", "better_off", None, ("seat_values",), "first",
            "One more seat: applicants better off",
            "applicants in the whole country who end at a program that they like better; both partners where a "
            "couple ends at a pair of programs that it likes better",
        ),
        Metric(
            "newly_matched", "applicants per seat", "ratio", "newly_matched", None, ("seat_values",), "first",
            "One more seat: applicants newly matched",
            "applicants who had no seat in the first iteration and have one",
        ),
        Metric(
            "chain_length", "applicants per seat", "ratio", "chain_length", None, ("seat_values",), "first",
            "One more seat: length of the chain",
            "applicants who move up one after another, each into the seat before; all who move up where a couple "
            "is concerned",
        ),
        Metric(
            "seat_taken", "share, 0 to 1", "share", "seat_taken", None, ("seat_values",), "first",
            "One more seat: probability that it is taken",
            "whether anybody moves up",
        ),
        Metric(
            "worse_off", "applicants per seat", "ratio", "worse_off", None, ("seat_values",), "first",
            "One more seat: applicants worse off",
            "applicants who end at a program that they like less, or at none: only couples can cause this",
        ),
        Metric(
            "couple_concerned", "share, 0 to 1", "share", "couple_concerned", None, ("seat_values",), "first",
            "One more seat: a couple might have moved",
            "whether a program on the way would rather have had a member of a couple",
        ),
        Metric(
            "newly_matched_cmg", "applicants", "count", "newly_matched_cmg", None, ("allocation",), "first",
            "Canadian graduates newly matched",
            "graduates of Canadian schools newly matched, fewer those newly unmatched",
        ),
        Metric(
            "filled_family_medicine", "seats", "count", "filled_family_medicine", None, ("allocation",), "first",
            "Family Medicine seats filled",
            "Family Medicine seats filled, more than without the seats placed",
        ),
        Metric(
            "filled_in_discipline", "seats", "count", "filled_in_discipline", None, ("allocation",), "first",
            "Seats of the discipline filled",
            "seats filled in the discipline that the objective names, more than without the seats placed",
        ),
        Metric(
            "first_choices_obtained", "applicants", "count", "first_choices_obtained", None, ("allocation",), "first",
            "Applicants matched to their first choice",
            "applicants matched to the first program of their rank-order list, more than without the seats placed",
        ),
        Metric(
            "need_met", "seats weighted by need", "ratio", "need_met", None, ("allocation",), "first",
            "Need met: seats filled, weighted",
            "seats filled, each times the need of its program, more than without the seats placed",
        ),
        Metric(
            "better_off", "applicants", "ratio", "better_off", None, ("gains", "allocation"), "first",
            "Applicants better off",
            "applicants who end at a program that they like better; in `gains`, per seat added",
        ),
    ]
)
# fmt: on


def metric_of(name: str) -> Metric:
    """Return the row of the registry with this name.

    Parameters
    ----------
    name : str

    Returns
    -------
    Metric

    Raises
    ------
    UnknownNameError
        No metric has the name.
    """
    given: Any = name
    if not isinstance(given, str) or name not in METRICS:
        raise UnknownNameError("metric", name, METRICS)
    return METRICS[name]


def metrics_of(view: str) -> tuple[str, ...]:
    """Return the names of the metrics that a view shows, in the order of the registry.

    Parameters
    ----------
    view : str
        A key of `METRIC_VIEWS`.

    Returns
    -------
    tuple of str

    Raises
    ------
    UnknownNameError
        No view has the name.
    """
    given: Any = view
    if not isinstance(given, str) or view not in METRIC_VIEWS:
        raise UnknownNameError("view", view, METRIC_VIEWS)
    return tuple(name for name, metric in METRICS.items() if view in metric.views)


def describe_metrics(view: str | None = None) -> pd.DataFrame:
    """Return the registry as a table.

    Parameters
    ----------
    view : str, optional
        Only the metrics of one view: pressure, outcomes, placements, choices, preferences, seat_values, gains,
        allocation or headlines.

    Returns
    -------
    pandas.DataFrame
        One row per metric: metric, label, definition, unit, of ("persons" or "seats"), numerator, denominator (empty
        for a plain count), iterations, views.

    Raises
    ------
    UnknownNameError
        No view has the name.
    """
    names = tuple(METRICS) if view is None else metrics_of(view)
    rows = [
        {
            "metric": row.name,
            "label": row.label,
            "definition": row.definition,
            "unit": row.unit,
            "of": row.of,
            "numerator": row.numerator,
            "denominator": row.denominator_in(view or row.views[0]) or "",
            "iterations": row.iterations,
            "views": ", ".join(row.views),
        }
        for row in (METRICS[name] for name in names)
    ]
    return pd.DataFrame(rows)


PRESSURE_METRICS = metrics_of("pressure")
OUTCOME_METRICS = metrics_of("outcomes")
#: Who is matched where: outcomes by columns of programs and of applicants.
PLACEMENT_METRICS = metrics_of("placements")
CHOICE_METRICS = metrics_of("choices")
PREFERENCE_METRICS = metrics_of("preferences")
SEAT_METRICS = metrics_of("seat_values")
#: What a placement of seats is judged by.
ALLOCATION_METRICS = metrics_of("allocation")
#: Headline results of a whole match, each with its definition.
HEADLINES = {name: METRICS[name].definition for name in metrics_of("headlines")}
