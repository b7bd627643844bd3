"""Bad input is refused by name, odd input gets the right answer, and nothing crashes the interpreter."""

from __future__ import annotations

import json

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import DroppedWarning
from carms_lib.matching import MatchingProblem, is_stable, solve

A = {"a": ["p"], "b": ["p"]}
P = {"p": ["a", "b"]}
Q = {"p": 1}


def lists(applicants=A, programs=P, quotas=Q, **options) -> MatchingProblem:
    return MatchingProblem.from_lists(applicants, programs, quotas, **options)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: lists({"a": ["x"]}), r"applicants\['a'\]='x' is unknown"),
        (lambda: lists(programs={"p": ["x"]}), r"programs\['p'\]='x' is unknown. Allowed|is unknown"),
        (lambda: lists({"a": ["p", "p"]}, {"p": ["a"]}), "Applicant 'a' ranks program 'p' twice"),
        (lambda: lists(programs={"p": ["a", "a"]}), "Program 'p' ranks applicant 'a' twice"),
        (lambda: lists(quotas={"p": -1}), r"quotas\['p'\]=-1"),
        (lambda: lists(quotas={"p": 1.5}), "whole number"),
        (lambda: lists(quotas={"p": True}), "whole number"),
        (lambda: lists(quotas={"p": 2**40}), "number of positions from 0"),
        (lambda: lists(quotas={}), "no number for program 'p'"),
        (lambda: lists(quotas={"p": 1, "x": 1}), "quotas='x' is unknown"),
        (lambda: lists({"a": "p"}), "a list of names"),
        (lambda: lists([("a", ["p"])]), "a dict from name to list"),
        (lambda: lists({"a": ["p"], "b": [["p"]]}, {"p": [["a", "b"]]}), "has equals"),
        (lambda: lists(ties="lottery"), "rng is missing"),
        (lambda: lists(rng=1), "rng is of use with a lottery only"),
        (lambda: lists(ties="any"), "ties='any' is unknown"),
        (lambda: lists({"a": ["p"]}, {"p": []}, one_sided="refuse"), "in the list of one side only"),
        (lambda: lists(couples={("a", "b"): [("p", "p")]}), "in couples and in applicants"),
        (lambda: lists({}, {"p": ["a"]}, couples={("a", "a"): [("p", "p")]}), "both members"),
        (lambda: lists({}, couples={("a", "b"): [("p", "p"), ("p", "p")]}), "ranks the pair"),
        (lambda: lists({}, couples={("a", "b"): [(None, None)]}), "no match, no match"),
        (lambda: lists({}, couples={("a", "b"): ["pp"]}), "a pair"),
        (lambda: lists({}, couples={"ab": [("p", "p")]}), "a pair of applicants"),
        (lambda: lists({}, {"p": ["b"]}, couples={("a", "b"): [], ("b", "c"): []}), "couples; an applicant may"),
        (lambda: lists(partners={"a": "x"}), "'x' is unknown"),
        (lambda: lists({"a": ["p"], "b": []}, partners={"a": "b"}), "disagree"),
        (lambda: lists({**A, "c": ["p"]}, {"p": ["a", "b", "c"]}, partners={"a": "b", "b": "c"}), "partners disagree"),
    ],
)  # fmt: skip
def test_lists_that_contradict_themselves_are_refused(make, message):
    with pytest.raises(carms.CarmsError, match=message):
        make()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"applicant_ptr": []}, "applicant_ptr is empty"),
        ({"applicant_ptr": [0, 5]}, "runs from 0 to 5"),
        ({"applicant_ptr": [1, 1]}, "runs from 1 to 1"),
        ({"applicant_ptr": [0, 2, 1]}, "falls from 2 to 1"),
        ({"applicant_ptr": [[0, 1]]}, "dimensions"),
        ({"applicant_idx": [2**31]}, "is no program"),
        ({"applicant_idx": [-1]}, "is no program"),
        ({"applicant_idx": [10**12]}, "is no program"),
        ({"applicant_idx": [0.5]}, "integers are needed"),
        ({"program_idx": [1]}, "is no applicant"),
        ({"program_idx": [2**62]}, "is no applicant"),
        ({"program_ptr": [0, 1, 1]}, "one of each for every program"),
        ({"quotas": [2**31]}, "from 0 to"),
        ({"quotas": [np.nan]}, "whole number"),
        ({"quotas": [[1]]}, "quotas has shape"),
        ({"couples": ([[0, 1]], [0, 0], [])}, "is no applicant"),
        ({"couples": ([[0]], [0, 0], [])}, "two columns"),
        ({"couples": ([[0, 0]], [0, 1], [[5, 0]])}, "is no program"),
    ],
)
def test_arrays_out_of_bounds_never_reach_a_kernel(change, message):
    given = {"applicant_ptr": [0, 1], "applicant_idx": [0], "program_ptr": [0, 1], "program_idx": [0], "quotas": [1]}
    with pytest.raises(carms.CarmsError, match=message):
        MatchingProblem.from_arrays(**{**given, **change})


@pytest.mark.parametrize(
    ("scores", "options", "message"),
    [
        ([[np.nan], [1.0]], {}, r"scores\[0, 0\] is NaN"),
        ([[1.0]], {}, "scores has shape"),
        ([["x"], ["y"]], {}, "numbers are needed"),
        ([[1.0], [1.0]], {"ties": "refuse"}, "the same score"),
        (lambda a, p: 1.0, {"ties": "refuse"}, "needs scores as an array"),
        ([[1.0], [1.0]], {"ties": "lottery"}, "rng is missing"),
    ],
)
def test_scores_that_are_none_are_refused(scores, options, message):
    with pytest.raises(carms.CarmsError, match=message):
        MatchingProblem.from_scores(A, scores, Q, **options)


@pytest.mark.parametrize("value", [float("nan"), "high", None])
def test_a_score_function_must_give_numbers(value):
    problem = MatchingProblem.from_scores(A, lambda a, p: value, Q)
    for ask in (solve, lambda p: p.lists):
        with pytest.raises(carms.CarmsError, match="score function returned"):
            ask(problem)


def test_ties_are_broken_by_the_rule_asked_for():
    given = {"applicants": {"a": ["p"], "b": ["p"]}, "programs": {"p": [["b", "a"]]}, "quotas": {"p": 1}}
    assert solve(MatchingProblem.from_lists(**given, ties="first_given")).match.tolist() == [0, -1]
    drawn = {tuple(solve(MatchingProblem.from_lists(**given, ties="lottery", rng=s)).match.tolist()) for s in range(20)}
    assert drawn == {(0, -1), (-1, 0)}
    equal = [[1.0], [1.0]]
    assert solve(MatchingProblem.from_scores(A, equal, Q)).match.tolist() == [0, -1]
    drawn = {
        tuple(solve(MatchingProblem.from_scores(A, equal, Q, ties="lottery", rng=s)).match.tolist()) for s in range(20)
    }
    assert drawn == {(0, -1), (-1, 0)}


def test_one_sided_entries_are_dropped_and_counted_or_kept():
    one_sided = {"applicants": {"a": ["q", "p"], "b": ["p"]}, "programs": {"p": ["b", "a"], "q": ["b"]}}
    with pytest.warns(DroppedWarning, match="2 entries are in the list of one side only"):
        dropped = MatchingProblem.from_lists(**one_sided, quotas={"p": 2, "q": 1})
    kept = MatchingProblem.from_lists(**one_sided, quotas={"p": 2, "q": 1}, one_sided="keep")
    assert solve(dropped).to_frame()["program"].tolist() == solve(kept).to_frame()["program"].tolist() == ["p", "p"]
    assert solve(dropped).to_frame()["applicant_rank"].tolist() == [1, 1]
    assert solve(kept).to_frame()["applicant_rank"].tolist() == [2, 1]


@pytest.mark.parametrize("proposing", ["applicants", "programs"])
@pytest.mark.parametrize(
    "problem",
    [
        lists({}, {}, {}),
        lists({}, {"p": []}, {"p": 3}),
        lists({"a": []}, {}, {}),
        lists({"a": []}, {"p": []}, {"p": 0}),
        MatchingProblem.from_arrays([0], [], [0], [], []),
        MatchingProblem.from_scores({}, np.zeros((0, 0)), {}),
        MatchingProblem.from_choices({}, {}),
    ],
    ids=repr,
)
def test_nothing_is_a_problem_too(problem, proposing):
    found = solve(problem, proposing=proposing)
    assert found.n_matched == 0
    assert found.is_stable
    assert found.blocking_pairs().empty
    assert len(found.to_frame()) == problem.n_applicants
    assert found.rank_profile()["applicants"].sum() == problem.n_applicants
    assert "0 of" in found.summary()


def test_zero_quotas_match_nobody():
    found = solve(lists(quotas={"p": 0}))
    assert found.n_matched == 0
    assert found.is_stable


def test_a_million_applicants_with_lists_of_one():
    n = 1_000_000
    rng = np.random.default_rng(0)
    idx = rng.integers(0, 50, n)
    order = np.argsort(idx, kind="stable")
    ptr = np.concatenate(([0], np.cumsum(np.bincount(idx, minlength=50))))
    found = solve(MatchingProblem.from_arrays(np.arange(n + 1), idx, ptr, order, np.full(50, 10_000)))
    assert found.n_matched == 500_000
    assert found.proposals == n
    assert found.is_stable


@pytest.mark.parametrize("quota", [2**31 - 2, 10**6])
def test_quotas_far_beyond_the_applicants_cost_nothing(quota):
    for problem in (lists(quotas={"p": quota}), MatchingProblem.from_scores(A, [[1.0], [2.0]], {"p": quota})):
        found = solve(problem)
        assert found.n_matched == 2
        assert found.seats()["unfilled"].tolist() == [quota - 2]


def test_frames_and_files_give_what_lists_give(tmp_path):
    applicants = pd.DataFrame({"applicant": ["a", "a", "b"], "rank": [1, 2, 1], "program": ["p", "q", "p"]})
    programs = pd.DataFrame({"program": ["p", "p", "q"], "rank": [1, 2, 1], "applicant": ["b", "a", "a"]})
    quotas = pd.DataFrame({"program": ["p", "q"], "quota": [1, 1]})
    wanted = ["q", "p"]
    assert solve(MatchingProblem.from_frames(applicants, programs, quotas)).to_frame()["program"].tolist() == wanted
    names = []
    for name, frame in (("applicants", applicants), ("programs", programs), ("quotas", quotas)):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        names.append(tmp_path / f"{name}.csv")
    found = solve(MatchingProblem.from_csv(*names))
    assert found.to_frame()["program"].tolist() == wanted
    found.save(tmp_path / "match.csv")
    assert pd.read_csv(tmp_path / "match.csv")["program"].tolist() == wanted
    assert json.loads((tmp_path / "match.json").read_text("utf-8"))["status"] == "stable"
    with pytest.raises(carms.CarmsError, match="no column 'rank'"):
        MatchingProblem.from_frames(applicants.drop(columns="rank"), programs, quotas)
    with pytest.raises(carms.CarmsError, match="There is no file"):
        MatchingProblem.from_csv(tmp_path / "x.csv", *names[1:])
    for rank, message in (
        ([0, 1, 1], "ranks begin at 1"),
        ([1.5, 2, 1], "a whole number is needed"),
        ([1, 1, 1], "equals"),
    ):
        with pytest.raises(carms.CarmsError, match=message):
            MatchingProblem.from_frames(applicants.assign(rank=rank), programs, quotas)


def test_one_side_without_lists():
    quotas = {"p": 1, "q": 1}
    first = solve(MatchingProblem.from_choices({"a": ["p", "q"], "b": ["p"]}, quotas))
    assert first.to_frame()["program"].tolist()[0] == "p"
    named = solve(MatchingProblem.from_choices({"a": ["p", "q"], "b": ["p"]}, quotas, priority=["b", "a"]))
    assert named.to_frame()["program"].tolist() == ["q", "p"]
    drawn = {
        tuple(solve(MatchingProblem.from_choices(A, {"p": 1}, priority=how, rng=s)).match.tolist())
        for s in range(20) for how in ("lottery", "lotteries")
    }  # fmt: skip
    assert drawn == {(0, -1), (-1, 0)}
    programs = solve(MatchingProblem.from_choices({"p": ["a", "b"], "q": ["a"]}, quotas, held_by="programs"))
    assert programs.to_frame()["program"].tolist()[0] == "p"
    with pytest.raises(carms.CarmsError, match="does not name 'b'"):
        MatchingProblem.from_choices({"a": ["p"], "b": ["p"]}, {"p": 1}, priority=["a"])


@pytest.mark.parametrize(
    ("matching", "message"),
    [
        ({"a": "p", "b": "p"}, "which has 1 positions"),
        ({"x": "p"}, "'x' is unknown"),
        ({"a": "x"}, "'x' is unknown"),
        ([("a", "p")], "a dict from applicant to program"),
    ],
)
def test_what_is_no_matching_is_refused(matching, message):
    with pytest.raises(carms.CarmsError, match=message):
        is_stable(lists(), matching)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"proposing": "both"}, "proposing='both' is unknown"),
        ({"rule": "KPR"}, "rule='KPR' is unknown"),
        ({"proposing": "programs"}, "not possible with couples"),
        ({"order": "first"}, "order='first' is unknown"),
        ({"reshuffles": -1}, "reshuffles=-1"),
        ({"budget": 0}, "budget=0"),
        ({"passes": 1.5}, "passes=1.5"),
        ({"time_limit": 0}, "time_limit=0"),
        ({"time_limit": float("nan")}, "time_limit=nan"),
    ],
)
def test_options_that_are_not_allowed_are_refused(options, message):
    problem = lists({}, couples={("a", "b"): [("p", "p")]})
    with pytest.raises(carms.CarmsError, match=message):
        solve(problem, **options)
