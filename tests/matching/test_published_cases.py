"""Every case of the folder matching_cases, solved as its file says."""

from __future__ import annotations

import json
import os
import warnings
from math import prod
from pathlib import Path

import pytest
from carms_lib.exceptions import StabilityWarning
from carms_lib.matching import MatchingProblem, is_stable, solve

from oracles.couples import PlainMarket, stable_matchings

pytestmark = pytest.mark.release

FOLDER = Path(os.environ.get("CARMS_DATA_DIR", "nowhere")) / "matching_cases"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != "theory_numbers") or ["none"]
MOST_COMBINATIONS = 2_000


def case_of(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def problem_of(case: dict) -> MatchingProblem:
    programs = case["programs"]
    return MatchingProblem.from_lists(
        case["applicants"],
        {name: program["rank"] for name, program in programs.items()},
        {name: program["quota"] for name, program in programs.items()},
        couples={(a, b): [tuple(pair) for pair in pairs] for a, b, pairs in case.get("couples", [])} or None,
        one_sided="keep",
    )


def outcome(matching) -> dict:
    frame = matching.to_frame()
    return dict(
        zip(frame["applicant"], frame["program"].astype(object).where(frame["program"].notna(), None), strict=True)
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_case_is_solved_as_its_file_says(name):
    case = case_of(name)
    problem, expected = problem_of(case), case.get("expected", {})
    if problem.n_couples == 0:
        assert outcome(solve(problem)) == expected["applicant_optimal"]
        by_programs = outcome(solve(problem, proposing="programs"))
        assert by_programs == expected.get("program_optimal", by_programs)
        return
    for rule in ("BIS", "MM"):
        if expected.get("stable_matchings") == 0:
            with pytest.warns(StabilityWarning):
                assert solve(problem, rule=rule).status == "none_exists"
            continue
        matching = solve(problem, rule=rule)
        assert (matching.status, matching.is_stable) == ("stable", True)
        for key in ("a_stable_matching", "an_optimal_mm_stable_matching"):
            if key in expected:
                assert is_stable(problem, expected[key], rule=rule) == expected.get("stable_under", {}).get(rule, True)
        if expected.get("number_of_stable_matchings", {}).get(rule) == 1:
            assert outcome(matching) == expected["a_stable_matching"]
        if "min_unmatched_applicants_over_stable" in expected:
            fewest = expected["min_unmatched_applicants_over_stable"][rule]
            assert problem.n_applicants - matching.n_matched >= fewest


def is_small(name: str) -> bool:
    """Whether every combination of choices can be tried."""
    plain = PlainMarket.of(problem_of(case_of(name)))
    return prod(plain.n_options(unit) + 1 for unit in plain.units) <= MOST_COMBINATIONS


def test_small_cases_agree_with_trying_everything():
    small = [name for name in NAMES if is_small(name)]
    assert len(small) >= 10
    for name in small:
        problem = problem_of(case_of(name))
        for rule in ("BIS", "MM"):
            every = stable_matchings(PlainMarket.of(problem), rule)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", StabilityWarning)
                matching = solve(problem, rule=rule)
            assert (matching.match.tolist() in every) == bool(every) == (matching.status == "stable")
            wanted = case_of(name).get("expected", {}).get("number_of_stable_matchings")
            assert len(every) == (wanted[rule] if wanted else len(every))


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("pyhrtc")])
def test_what_is_stable_is_told_from_what_is_not(name):
    problem = problem_of(case_of(name))
    for line in case_of(name)["stability"]:
        for rule in ("BIS", "MM"):
            assert is_stable(problem, line["matching"], rule=rule) == line["stable"][rule]


@pytest.mark.parametrize("name", ["bacchus_try3", "minizinc_hrc_exp1_1_5145", "minizinc_hrc_exp2_1_4795"])
def test_where_roth_peranson_loops_a_later_rung_answers(name):
    matching = solve(problem_of(case_of(name)))
    assert matching.attempts[0][0] == "roth_peranson"
    assert matching.attempts[-1] == (matching.rung, 0)
