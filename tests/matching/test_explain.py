"""Why this outcome: words and tables for applicants, couples and programs."""

from __future__ import annotations

import carms_lib as carms
import pytest
from carms_lib.matching import Matching, MatchingProblem, check_matching, solve


@pytest.fixture(scope="module")
def problem() -> MatchingProblem:
    return MatchingProblem.from_lists(
        applicants={"ana": ["p", "q"], "ben": ["q", "p"], "eve": ["r", "s", "p"]},
        programs={"p": ["ana", "cy", "di", "ben", "eve"], "q": ["ben", "ana", "di", "cy"], "r": ["ana"], "s": ["eve"]},
        quotas={"p": 2, "q": 1, "r": 1, "s": 0},
        couples={("cy", "di"): [("p", "p"), ("p", "q"), ("p", None)]},
        one_sided="keep",
    )


@pytest.fixture(scope="module")
def matching(problem: MatchingProblem) -> Matching:
    return solve(problem)


def rows(matching: Matching, name: str, *columns: str) -> list[tuple]:
    return list(matching.explain(name).to_frame()[list(columns)].itertuples(index=False, name=None))


def test_a_first_choice_needs_no_reasons(matching: Matching) -> None:
    explanation = matching.explain("ana")
    assert str(explanation) == "ana is at p: choice 1 of 2; the program ranks ana 1. There is no better one."
    assert explanation.summary() == str(explanation) == repr(explanation)
    assert rows(matching, "ana", "program", "outcome", "holders") == [("p", "matched", ("ana", "cy"))]


def test_each_better_choice_says_what_happened_there(matching: Matching) -> None:
    frame = matching.explain("eve").to_frame()
    assert frame["outcome"].tolist() == ["not_ranked", "no_positions", "full"]
    assert frame["program"].tolist() == ["r", "s", "p"]
    assert frame["program_rank"].isna().tolist() == [True, False, False]
    assert frame["last_rank"].tolist()[2] == 2
    assert frame["holders"].tolist()[2] == ("ana", "cy")
    text = str(matching.explain("eve"))
    assert text.splitlines() == [
        "eve is unmatched: none of 3 choices could be had.",
        "  choice 1, r: it does not rank eve.",
        "  choice 2, s: it has no positions.",
        "  choice 3, p: it ranks eve 5; its 2 positions: ana (1), cy (2), all ranked better.",
    ]


def test_a_couple_is_told_both_parts_of_each_pair(matching: Matching) -> None:
    wanted = [
        (1, "cy", "stays"), (1, "di", "full"),
        (2, "cy", "stays"), (2, "di", "full"),
        (3, "cy", "matched"), (3, "di", "no_match"),
    ]  # fmt: skip
    assert rows(matching, "cy", "applicant_rank", "applicant", "outcome") == wanted
    assert rows(matching, "di", "applicant_rank", "applicant", "outcome") == wanted
    assert matching.explain("di").summary() == "di is unmatched, with cy at p: pair 3 of 3."


def test_a_program_is_told_where_everybody_it_ranks_is(matching: Matching) -> None:
    assert rows(matching, "p", "applicant", "outcome") == [
        ("ana", "matched"), ("cy", "matched"), ("di", "full"), ("ben", "prefers"), ("eve", "full"),
    ]  # fmt: skip
    assert rows(matching, "q", "applicant", "outcome")[-1] == ("cy", "not_listed")
    assert rows(matching, "r", "applicant", "outcome") == [("ana", "not_listed")]
    assert matching.explain("q").summary() == (
        "q has 1 position, 1 filled: ben (1). It ranks 4. Would come, but ranked below the last: 1."
    )
    assert "rank 2: ana is at p, choice 1; q is choice 2 of ana." in str(matching.explain("q"))


def test_what_blocks_is_said_on_both_sides(problem: MatchingProblem) -> None:
    unstable = check_matching(problem, {"ana": "q", "cy": "p"})
    assert rows(unstable, "ana", "program", "outcome") == [("p", "blocks"), ("q", "matched")]
    assert rows(unstable, "cy", "applicant", "outcome")[:2] == [("cy", "stays"), ("di", "blocks")]
    assert dict(rows(unstable, "p", "applicant", "outcome"))["di"] == "blocks"
    assert "this blocks the matching" in str(unstable.explain("ben"))
    blocking = unstable.blocking_pairs()
    explained = {
        name for name in problem.applicants if "blocks" in unstable.explain(name).to_frame()["outcome"].tolist()
    }
    assert explained == {*blocking["applicant"], *blocking["partner"].dropna()}


def test_a_pair_that_one_program_will_not_take_whole() -> None:
    problem = MatchingProblem.from_lists(
        applicants={"s": ["p"]},
        programs={"p": ["a", "s", "b"]},
        quotas={"p": 2},
        couples={("a", "b"): [("p", "p")]},
    )
    alone = {"s": "p"}  # one seat free, and b is ranked below s
    assert rows(check_matching(problem, alone), "a", "outcome") == [("not_both",), ("not_both",)]
    assert rows(check_matching(problem, alone, rule="MM"), "a", "outcome") == [("blocks",), ("blocks",)]
    narrow = MatchingProblem.from_lists(
        applicants={"s": ["p"]}, programs={"p": ["a", "b", "s"]}, quotas={"p": 1}, couples={("a", "b"): [("p", "p")]}
    )
    assert rows(check_matching(narrow, {"s": "p"}), "b", "outcome") == [("not_both",), ("not_both",)]
    assert rows(check_matching(narrow, {"s": "p"}), "p", "outcome") == [("partner",), ("partner",), ("matched",)]


def test_names_that_both_sides_have_need_a_side() -> None:
    matching = solve(MatchingProblem.from_arrays([0, 1], [0], [0, 1], [0], [1]))
    with pytest.raises(carms.CarmsError, match="side='applicant' or side='program'"):
        matching.explain(0)
    assert matching.explain(0, side="applicant").side == "applicant"
    assert matching.explain(0, side="program").to_frame()["outcome"].tolist() == ["matched"]


@pytest.mark.parametrize("name", ["anna", None, ["ana"], 3])
def test_unknown_names_are_refused(matching: Matching, name: object) -> None:
    with pytest.raises(carms.CarmsError, match="is unknown"):
        matching.explain(name)
    with pytest.raises(carms.CarmsError, match="side='programme' is unknown"):
        matching.explain("ana", side="programme")


def test_an_empty_list_and_a_program_that_ranks_nobody() -> None:
    matching = solve(MatchingProblem.from_lists(applicants={"a": []}, programs={"p": []}, quotas={"p": 2}))
    assert str(matching.explain("a")) == "a is unmatched: there is nothing in the list."
    assert matching.explain("a").to_frame().empty
    assert str(matching.explain("p")) == "p has 2 positions, none filled. It ranks 0."
    assert matching.explain("p").to_frame().empty


def test_scores_explain_as_lists_do() -> None:
    matching = solve(MatchingProblem.from_scores({"a": ["p"], "b": ["p"]}, [[1.0], [2.0]], {"p": 1}))
    assert rows(matching, "a", "outcome", "program_rank", "holders") == [("full", 2, ("b",))]


def test_long_reasons_are_cut_in_words_and_whole_in_the_table() -> None:
    names = [f"a{k}" for k in range(30)]
    problem = MatchingProblem.from_lists(
        applicants={name: ["q"] for name in names},
        programs={"p": names, "q": names},
        quotas={"p": 1, "q": 30},
        one_sided="keep",
    )
    explanation = solve(problem).explain("p")
    assert str(explanation).endswith("… and 10 more; see to_frame()")
    assert len(explanation.to_frame()) == 30
