"""The market as integer arrays, and what each array is about.

Belongs here: the arrays that the kernels read, the axis of each, and which of them decide rank-order lists. Does not
belong here: how they are computed from tables of programs and applicants, which is `market`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carms_lib.kernels import arrays

__all__ = ["AXES", "MOST_PROGRAMS", "NOT_IN_LISTS", "Tables", "closed"]

#: The most programs that a market may have; the kernels number them with 16 bits.
MOST_PROGRAMS = 2**16


class Tables(NamedTuple):
    """The market as the kernels see it; n applicants, P programs, K disciplines, T types, C classes."""

    applicant_type: np.ndarray  # int32[n]
    applicant_key: np.ndarray  # uint64[n]
    type_start: np.ndarray  # int64[T + 1]: applicants of a type stand together
    type_class: np.ndarray  # int32[T]
    type_school: np.ndarray  # int32[T], -1 for graduates of schools abroad
    type_school_province: np.ndarray  # int32[T], -1 likewise
    type_home: np.ndarray  # int32[T], a province
    type_french: np.ndarray  # bool[T]: French is the first language
    type_bilingual: np.ndarray  # bool[T]
    type_capacity: np.ndarray  # int64[C]: applicants laid out for each class
    class_abroad: np.ndarray  # bool[C]: whether the class wants what graduates from abroad want
    class_img: np.ndarray  # bool[C]: whether the class applies to the IMG stream; US graduates do not
    class_couples: np.ndarray  # bool[C]: whether some apply in couples
    class_merit: np.ndarray  # float64[C]
    class_first: np.ndarray  # float64[C]: share who take part in the first iteration
    class_second: np.ndarray  # float64[C]: share of the unmatched who take part in the second iteration
    program_discipline: np.ndarray  # int32[P]; programs stand sorted by discipline
    program_school: np.ndarray  # int32[P], -1 where the cohort does not know the school
    program_province: np.ndarray  # int32[P]
    program_language: np.ndarray  # int8[P]: 0 en, 1 fr, 2 either
    program_key: np.ndarray  # uint64[P]
    program_quota: np.ndarray  # float64[P], of the scenario: exact, rounded anew in each draw
    program_base_quota: np.ndarray  # float64[P], of the release; 0 for a program that a lever added
    seats_from: np.ndarray  # int32[P]: the program of whose seats of the release it has a share
    seats_share: np.ndarray  # float64[P]
    program_stream: np.ndarray  # int8[P]: place in ELIGIBILITY
    base_stream: np.ndarray  # int8[P]: the same in the release
    program_appeal: np.ndarray  # float64[P]: log appeal that does not depend on the applicant
    province_attachment: np.ndarray  # float64[provinces]: log weight that a province adds for those who live there
    program_demand_quota: (
        np.ndarray
    )  # float64[P]: the quota that applicants saw; demand does not follow a lever on quota
    interview_low: np.ndarray  # float64[P], share
    interview_high: np.ndarray  # float64[P], share
    interview_factor: np.ndarray  # float64[P]: by which levers have multiplied interviews
    only_abroad: np.ndarray  # bool[P]: open to no Canadian graduate in the first iteration
    first_open: np.ndarray  # uint8[P]: bit c says that class c may apply in the first iteration
    second_open: np.ndarray  # uint8[P]: the same in the second
    residence: np.ndarray  # int32[P]: the province where graduates from abroad need to live, -1 for anywhere
    schooling: (
        np.ndarray
    )  # int32[P]: the province where classes of the IMG stream need schooling for the first iteration
    reverts_to: np.ndarray  # int32[P]: the program that takes unfilled seats, -1 for none
    discipline_start: np.ndarray  # int64[K + 1]
    discipline_key: np.ndarray  # uint64[K]
    first_weight: np.ndarray  # float64[2, K]: Canadian, international
    only_share: np.ndarray  # float64[2, K]
    behind_weight: np.ndarray  # float64[2, K]
    discipline_row: np.ndarray  # int64[K]: the discipline's row in the cohort's table
    school_taste: np.ndarray  # float64[schools, K]: factor on first choices of a school's graduates
    school_attachment: np.ndarray  # float64[schools]: log weight that a school adds for its own graduates


#: What each array has a row for: how a change of programs, disciplines or applicants carries it over. Arrays of
#: disciplines that have two axes have disciplines on the last.
AXES: dict[str, str] = {
    "applicant_type": "applicant",
    "applicant_key": "applicant",
    "type_start": "type",
    "type_class": "type",
    "type_school": "type",
    "type_school_province": "type",
    "type_home": "type",
    "type_french": "type",
    "type_bilingual": "type",
    "type_capacity": "class",
    "class_abroad": "class",
    "class_img": "class",
    "class_couples": "class",
    "class_merit": "class",
    "class_first": "class",
    "class_second": "class",
    "program_discipline": "program",
    "program_school": "program",
    "program_province": "program",
    "program_language": "program",
    "program_key": "program",
    "program_quota": "program",
    "program_base_quota": "program",
    "seats_from": "program",
    "seats_share": "program",
    "program_stream": "program",
    "base_stream": "program",
    "program_appeal": "program",
    "province_attachment": "province",
    "program_demand_quota": "program",
    "interview_low": "program",
    "interview_high": "program",
    "interview_factor": "program",
    "only_abroad": "program",
    "first_open": "program",
    "second_open": "program",
    "residence": "program",
    "schooling": "program",
    "reverts_to": "program",
    "discipline_start": "discipline",
    "discipline_key": "discipline",
    "first_weight": "discipline",
    "only_share": "discipline",
    "behind_weight": "discipline",
    "discipline_row": "discipline",
    "school_taste": "discipline",
    "school_attachment": "school",
}

#: Arrays that do not decide the rank-order lists of the first iteration: two markets that differ in these alone share
#: the lists of a draw. The second iteration, which is run anew for each market, reads `second_open`.
NOT_IN_LISTS = frozenset({"program_quota", "second_open", "reverts_to"})


def closed(tables: Tables) -> Tables:
    """Return the tables with all arrays closed to writing and contiguous; see `carms_lib.kernels.arrays.closed`."""
    return Tables(**{name: arrays.closed(array) for name, array in tables._asdict().items()})
