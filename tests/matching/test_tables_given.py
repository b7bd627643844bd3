"""Problems from tables and files that contradict themselves, matchings of couples that are none, and what a matching
answers in words and as a picture."""

from __future__ import annotations

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, CorruptSourceError, ProblemError, UnknownNameError
from carms_lib.matching import MatchingProblem, is_stable, solve
from matplotlib.figure import Figure

APPLICANTS = pd.DataFrame({"applicant": ["a", "a", "b"], "rank": [1, 2, 1], "program": ["p", "q", "p"]})
PROGRAMS = pd.DataFrame({"program": ["p", "p", "q"], "rank": [1, 2, 1], "applicant": ["b", "a", "a"]})
QUOTAS = pd.DataFrame({"program": ["p", "q"], "quota": [1, 1]})
PARTNERS = pd.DataFrame({"applicant": ["a"], "partner": ["b"]})
SIDE_BY_SIDE = APPLICANTS.assign(applicant=["a", "b", "b"], rank=[1, 1, 2], program=["p", "q", None])


def frames(applicants=APPLICANTS, programs=PROGRAMS, quotas=QUOTAS, partners=None) -> MatchingProblem:
    return MatchingProblem.from_frames(applicants, programs, quotas, partners=partners)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"applicants": [("a", 1, "p")]}, "applicants is a list; a DataFrame with the columns"),
        ({"quotas": QUOTAS.assign(program=["p", None])}, r"quotas has no program in row 1 \(1 such rows\)"),
        ({"quotas": QUOTAS.assign(program=["p", "p"])}, "quotas has more than one row for program 'p'"),
        ({"quotas": QUOTAS.assign(quota=[1, "many"])}, "quotas has quota='many' in row 1; a whole number"),
        ({"quotas": QUOTAS.assign(quota=[1, None])}, "quotas has quota=nan in row 1"),
        ({"applicants": APPLICANTS.assign(program=["p", None, "p"])}, "a rank and no program in row 1; only couples"),
        ({"programs": PROGRAMS.assign(program=["p", None, "q"])}, "programs has no program in row 1"),
        ({"partners": PARTNERS.assign(partner=[None])}, "partners has no partner in row 0"),
        ({"partners": pd.concat([PARTNERS, PARTNERS])}, "partners has more than one row for applicant 'a'"),
        (
            {"partners": PARTNERS, "applicants": SIDE_BY_SIDE.assign(rank=[1, 1, 3])},
            r"gives 'b', a member of a couple, the ranks .*1.* 3.*must run 1, 2, 3",
        ),
    ],
)
def test_tables_that_contradict_themselves_are_refused(tables, message):
    with pytest.raises(ProblemError, match=message):
        frames(**tables)


def test_an_applicant_without_a_rank_takes_part_and_stays_unmatched():
    more = pd.concat([APPLICANTS, pd.DataFrame({"applicant": ["c"], "rank": [None], "program": [None]})])
    found = solve(frames(more.reset_index(drop=True))).to_frame()
    assert found.set_index("applicant")["program"].isna()["c"]


def test_couples_in_tables_are_read_line_by_line(tmp_path):
    applicants = pd.DataFrame(
        {"applicant": ["a", "a", "b", "b"], "rank": [1, 2, 1, 2], "program": ["p", "q", "q", None]}
    )
    programs = pd.DataFrame({"program": ["p", "q", "q"], "rank": [1, 1, 2], "applicant": ["a", "b", "a"]})
    problem = frames(applicants, programs, QUOTAS, PARTNERS)
    assert solve(problem).to_frame().set_index("applicant")["program"].to_dict() == {"a": "p", "b": "q"}
    paths = {}
    tables = {"applicants": applicants, "programs": programs, "quotas": QUOTAS, "partners": PARTNERS}
    for name, table in tables.items():
        paths[name] = tmp_path / f"{name}.csv"
        table.to_csv(paths[name], index=False)
    again = solve(MatchingProblem.from_csv(**paths))
    assert again.to_frame()["program"].tolist() == ["p", "q"]


@pytest.mark.parametrize("content", [b"", b'applicant,rank\n"a,1\n', b"\xff\xfe\x00"])
def test_a_file_that_is_no_table_is_named(tmp_path, content):
    path = tmp_path / "applicants.csv"
    path.write_bytes(content)
    with pytest.raises(CorruptSourceError, match=r"applicants\.csv cannot be read as a CSV file"):
        MatchingProblem.from_csv(path, path, path)


@pytest.mark.parametrize(
    ("matching", "message"),
    [
        ({"a": "q", "b": "p"}, r"puts the couple .* into \('q', 'p'\), a pair it does not rank"),
        ({"a": "p"}, r"into \('p', None\), a pair it does not rank"),
        ({"a": "p", "b": "q"}, "not both programs rank their member"),
        ({"c": "q"}, "puts 'c' into 'q'; they do not both list each other"),
    ],
)
def test_what_is_no_matching_of_couples_is_refused(matching, message):
    problem = MatchingProblem.from_lists(
        {"c": ["p"]}, {"p": ["a", "c"], "q": ["a"]}, {"p": 1, "q": 1}, one_sided="keep",
        couples={("a", "b"): [("p", "q"), ("q", None)]},
    )  # fmt: skip
    with pytest.raises(ProblemError, match=message):
        is_stable(problem, matching)
    assert is_stable(problem, {"c": "p", "a": "q"}) in {True, False}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: MatchingProblem.from_scores({"a": ["p"]}, lambda a, p: 1.0, {"p": 1}, ties="refuse"),
            ArgumentError,
            "ties='refuse' needs scores as an array",
        ),
        (
            lambda: MatchingProblem.from_scores({"a": ["p"]}, [[1.0]], {"p": 1}, couples={("a", "b"): [("p", "p")]}),
            ProblemError,
            "'a' is in couples and in applicants",
        ),
        (
            lambda: MatchingProblem.from_choices(
                {"p": ["a"]}, {"p": 1}, held_by="programs", couples={("a", "b"): [("p", "p")]}
            ),
            ArgumentError,
            "give held_by='applicants'",
        ),
        (
            lambda: MatchingProblem.from_choices({"x": ["a"]}, {"p": 1}, held_by="programs"),
            UnknownNameError,
            "lists='x' is unknown",
        ),
        (
            lambda: MatchingProblem.from_choices({"a": ["p"], "b": ["p"]}, {"p": 1}, priority=["a", "x"]),
            UnknownNameError,
            "priority='x' is unknown",
        ),
        (
            lambda: MatchingProblem.from_choices({"a": ["p"], "b": ["p"]}, {"p": 1}, priority=["a", "a"]),
            ProblemError,
            "priority names 'a' twice",
        ),
    ],
)
def test_scores_and_choices_that_cannot_be_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_lists_held_by_programs_may_have_a_lottery_each():
    lists, quotas = {"p": ["a", "b"], "q": ["a", "b"]}, {"p": 1, "q": 1}
    first = {
        solve(
            MatchingProblem.from_choices(lists, quotas, held_by="programs", priority="lotteries", rng=seed)
        ).to_frame()["program"].iloc[0]
        for seed in range(20)
    }  # fmt: skip
    assert first == {"p", "q"}


def test_names_may_be_tuples():
    problem = MatchingProblem.from_lists({("a", 1): [("p", 2)]}, {("p", 2): [("a", 1)]}, {("p", 2): 1})
    assert solve(problem).to_frame()["program"].tolist() == [("p", 2)]


class TestWhatAMatchingAnswers:
    @pytest.fixture
    def matching(self):
        lists = {"a": ["p", "q"], "b": ["p", "q"], "c": ["p"]}
        return solve(MatchingProblem.from_lists(lists, {"p": ["a", "b", "c"], "q": ["b", "a"]}, {"p": 1, "q": 2}))

    def test_in_words(self, matching):
        assert repr(matching) == "Matching(2 of 3 applicants matched, stable)"
        assert matching.summary().splitlines()[:2] == [
            "applicants  2 of 3 matched, 1 to a first choice",
            "positions   2 of 3 filled",
        ]

    def test_in_words_with_couples(self):
        problem = MatchingProblem.from_lists(
            {}, {"p": ["a"], "q": ["b"]}, {"p": 1, "q": 1}, couples={("a", "b"): [("p", "q")]}
        )
        assert "couples     1, 2 of their members matched; rule BIS" in solve(problem).summary()

    def test_as_a_picture(self, matching):
        ax = matching.plot(ax=Figure().add_subplot())
        assert [bar.get_height() for bar in ax.patches] == [1, 1, 1]
        assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "none"]

    def test_in_a_new_figure(self, matching):
        from matplotlib import pyplot as plt

        assert np.sum([bar.get_height() for bar in matching.plot().patches]) == 3
        plt.close("all")


def test_errors_are_of_the_library():
    assert issubclass(ProblemError, carms.CarmsError)
