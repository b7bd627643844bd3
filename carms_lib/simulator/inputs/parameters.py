"""The names of what a cohort holds: uncertain inputs, tables, and the cells that joint draws may move.

Belongs here: names, units and kinds. Does not belong here: any value.
"""

from __future__ import annotations

__all__ = ["COHORT_TABLES", "DRAWN", "MAY_BE_NEGATIVE", "PARAMETERS"]

#: Every uncertain input that the model knows, with its unit. The order is that of the kernels' parameter vector.
PARAMETERS: dict[str, str] = {
    "home_school": "log weight of a program of one's own school",
    "school_province": "log weight of another program in the province of one's school",
    "home_province": "log weight of a program in one's home province",
    "other_language": "log weight of a program that works in another language than one's first",
    "quota_appeal": "exponent of the quota in a program's appeal",
    "program_spread": "standard deviation of a program's own log appeal",
    "demand_spread": "standard deviation of a discipline's log popularity against the published year",
    "one_discipline": "log odds added to the published share of Canadian graduates who apply to one discipline alone",
    "third_discipline": "share of those with two disciplines who rank a third",
    "applications_first": "median number of programs applied to in the first discipline",
    "applications_behind": "median number of programs applied to in each discipline behind it",
    "applications_spread": "standard deviation of the log number of programs applied to",
    "merit": "weight of merit in what a program sees in a file",
    "first_discipline": "what a program adds for an applicant whose first discipline is its own",
    "home_candidate": "what a program adds for an applicant of its own school",
    "local_candidate": "what a program adds for an applicant from its province",
    "interview_noise": "standard deviation of what an interview adds, against the file's noise",
    "ranked_share": "share of its interviewed applicants that a program ranks",
    "ranked_share_abroad": "share of its interviewed applicants that a program for graduates from abroad alone ranks",
    "interviews_per_seat": "fewest interviews a program holds for each seat, if it has the applications",
    "quota_drift": "expected growth of a quota between the release and the end of the match",
    "reversion_share": "share of unfilled CMG seats that revert to the IMG stream where a province reverts",
    "second_applications": "median number of programs applied to in the second iteration",
    "second_ranked_share": "share of its second-iteration applicants that a program ranks",
    "couples_share": "share of the graduates of Canadian schools who apply as half of a couple",
    "couple_nearness": "places down their lists that partners give up to work in one province",
}

#: Table -> its key column, and its other columns with their kind. Provinces have a column for each rule besides, which
#: `rules` names.
COHORT_TABLES: dict[str, tuple[str, dict[str, type]]] = {
    "classes": (
        "applicant_class",
        {
            "name": str,
            "graduates_of": str,
            "stream": str,
            "size": float,
            "low": float,
            "high": float,
            "merit": float,
            "first_iteration": float,
            "second_iteration": float,
        },
    ),
    "schools": (
        "school",
        {
            "province": str,
            "graduates": float,
            "french": float,
            "bilingual": float,
            "local": float,
            "attachment": float,
        },
    ),
    "disciplines": (
        "discipline",
        {
            "cmg_first": float,
            "cmg_only": float,
            "cmg_behind": float,
            "img_first": float,
            "img_only": float,
            "img_behind": float,
        },
    ),
    "provinces": (
        "province",
        {
            "name": str,
            "population": float,
            "img_residents": float,
            "appeal": float,
            "attachment": float,
        },
    ),
}
MAY_BE_NEGATIVE = {
    ("classes", "merit"),
    ("provinces", "appeal"),
    ("provinces", "attachment"),
    ("schools", "attachment"),
}
#: Columns of tables whose cells joint draws may move, each named "table.column.item".
DRAWN = (
    ("classes", "merit"),
    ("provinces", "appeal"),
    ("provinces", "attachment"),
    ("schools", "attachment"),
    ("disciplines", "cmg_first"),
)
