"""What views count in every draw: the ground on which metrics are registered.

Belongs here: the counts, in words, and which of them each view makes. Does not belong here: metrics (`metrics`), and
the counting (`_counts`, `_seat_values`, `allocation`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["COUNTS", "METRIC_VIEWS", "Count", "MetricView"]


class Count(NamedTuple):
    """A count that a view makes in every draw."""

    of: str  # "persons" or "seats"
    words: str  # as named where a group is too small


COUNTS: Mapping[str, Count] = MappingProxyType(
    {
        "applicants": Count("persons", "applicants"),
        "better_off": Count("persons", "applicants better off"),
        "chain_length": Count("persons", "applicants of a chain"),
        "couple_concerned": Count("seats", "seats that concern a couple"),
        "filled": Count("seats", "seats filled"),
        "filled_of_cell": Count("seats", "seats filled"),
        "filled_family_medicine": Count("seats", "Family Medicine seats filled"),
        "filled_in_discipline": Count("seats", "seats filled in the discipline"),
        "filled_first_iteration": Count("seats", "seats filled in the first iteration"),
        "first_choices": Count("persons", "first choices"),
        "first_choices_elsewhere": Count("persons", "first choices lost to another discipline"),
        "first_choices_lost": Count("persons", "first choices lost"),
        "first_choices_obtained": Count("persons", "applicants matched to their first choice"),
        "first_choices_of_class": Count("persons", "first choices"),
        "first_choices_unmatched": Count("persons", "first choices of unmatched applicants"),
        "interviews": Count("persons", "interviews held"),
        "lost_before_ranking": Count("persons", "first choices lost before ranking"),
        "lost_to_competition": Count("persons", "first choices lost to others"),
        "lost_to_scarcity": Count("persons", "first choices without a seat"),
        "matched": Count("persons", "matched applicants"),
        "matched_of_class": Count("persons", "matched applicants"),
        "matched_first_iteration": Count("persons", "applicants matched in the first iteration"),
        "matched_img": Count("persons", "international graduates matched"),
        "matched_to_any_choice": Count("persons", "applicants matched in the first iteration"),
        "matched_to_first_choice": Count("persons", "applicants matched to their first choice"),
        "matched_to_lower_choice": Count("persons", "applicants matched to their fourth choice or a lower one"),
        "matched_to_no_choice": Count("persons", "applicants who were interviewed and matched nowhere"),
        "matched_to_second_choice": Count("persons", "applicants matched to their second choice"),
        "matched_to_third_choice": Count("persons", "applicants matched to their third choice"),
        "not_interviewed": Count("persons", "applicants without an interview"),
        "need_met": Count("seats", "seats filled, each weighted by need"),
        "newly_matched": Count("persons", "applicants newly matched"),
        "newly_matched_cmg": Count("persons", "Canadian graduates newly matched"),
        "residents": Count("persons", "residents"),
        "residents_from_elsewhere": Count("persons", "residents whose first choice was elsewhere"),
        "seat_taken": Count("seats", "added seats taken"),
        "seats": Count("seats", "seats"),
        "seats_family_medicine": Count("seats", "Family Medicine seats"),
        "unmatched_cmg": Count("persons", "Canadian graduates unmatched"),
        "worse_off": Count("persons", "applicants worse off"),
    }
)


class MetricView(NamedTuple):
    """The counts that a view makes."""

    counts: tuple[str, ...]
    per: str | None = None  # a count by which the view divides every metric without a denominator of its own
    signed: tuple[str, ...] = ()  # those of them that count changes, which can be negative


METRIC_VIEWS: Mapping[str, MetricView] = MappingProxyType(
    {
        "pressure": MetricView(
            (
                "first_choices", "first_choices_lost", "first_choices_unmatched", "seats", "filled",
                "lost_before_ranking", "lost_to_scarcity", "lost_to_competition",
            )
        ),
        "outcomes": MetricView(
            (
                "seats", "filled", "filled_first_iteration", "first_choices",
                "applicants", "matched", "matched_first_iteration",
            )
        ),
        "placements": MetricView(
            ("matched", "matched_first_iteration", "first_choices", "matched_of_class", "filled_of_cell")
        ),
        "choices": MetricView(
            (
                "applicants", "matched_to_first_choice", "matched_to_second_choice", "matched_to_third_choice",
                "matched_to_lower_choice", "matched_to_any_choice", "matched_to_no_choice", "not_interviewed",
                "interviews", "residents", "residents_from_elsewhere",
            )
        ),
        "preferences": MetricView(("first_choices", "first_choices_of_class")),
        "seat_values": MetricView(
            (
                "better_off", "newly_matched", "chain_length", "seat_taken", "worse_off", "couple_concerned", "seats",
            ),
            per="seats",
        ),
        "gains": MetricView(("better_off", "seats"), per="seats"),
        "allocation": MetricView(
            (
                "newly_matched_cmg", "filled_family_medicine", "filled_in_discipline", "first_choices_obtained",
                "need_met", "better_off",
            ),
            signed=("newly_matched_cmg", "filled_family_medicine", "filled_in_discipline", "need_met"),
        ),
        "headlines": MetricView(
            (
                "unmatched_cmg", "matched_img", "seats", "filled", "seats_family_medicine", "filled_family_medicine",
                "first_choices", "first_choices_elsewhere",
            )
        ),
    }
)  # fmt: skip
