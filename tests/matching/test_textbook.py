"""Cases from books and papers, typed in by hand and named after where they stand."""

from __future__ import annotations

import pytest
from carms_lib.exceptions import StabilityWarning
from carms_lib.matching import MatchingProblem, is_stable, solve


def outcome(matching) -> dict[str, str | None]:
    frame = matching.to_frame()
    return dict(
        zip(frame["applicant"], frame["program"].astype(object).where(frame["program"].notna(), None), strict=True)
    )


def marriage(men: dict[str, str], women: dict[str, str]) -> MatchingProblem:
    """One to one, each list written as a word of one-letter names."""
    return MatchingProblem.from_lists(
        {name: list(own) for name, own in men.items()},
        {name: list(own) for name, own in women.items()},
        dict.fromkeys(women, 1),
    )


class TestGaleAndShapley1962:
    """College admissions and the stability of marriage, American Mathematical Monthly 69, 9-15."""

    # Example 1: three stable marriages; each man's first choice ranks him last.
    example_1 = marriage({"a": "ABC", "b": "BCA", "c": "CAB"}, {"A": "bca", "B": "cab", "C": "abc"})

    def test_example_1_men_propose(self):
        assert outcome(solve(self.example_1)) == {"a": "A", "b": "B", "c": "C"}

    def test_example_1_women_propose(self):
        assert outcome(solve(self.example_1, proposing="programs")) == {"a": "C", "b": "A", "c": "B"}

    def test_example_1_everybody_gets_the_second_choice(self):
        assert is_stable(self.example_1, {"a": "B", "b": "C", "c": "A"})
        assert not is_stable(self.example_1, {"a": "A", "b": "C", "c": "B"})

    # Example 2: only one set of marriages is stable, and nobody has a first choice.
    example_2 = marriage(
        {"a": "ABCD", "b": "ADCB", "c": "BACD", "d": "DBCA"}, {"A": "dcab", "B": "bdac", "C": "dabc", "D": "cbad"}
    )

    @pytest.mark.parametrize("proposing", ["applicants", "programs"])
    def test_example_2(self, proposing):
        assert outcome(solve(self.example_2, proposing=proposing)) == {"a": "C", "b": "D", "c": "A", "d": "B"}


class TestRothAndSotomayor1990:
    """Two-sided matching, Cambridge University Press, example 2.17 (after Knuth): ten stable matchings."""

    problem = MatchingProblem.from_lists(
        {"m1": ["w1", "w2", "w3", "w4"], "m2": ["w2", "w1", "w4", "w3"],
         "m3": ["w3", "w4", "w1", "w2"], "m4": ["w4", "w3", "w2", "w1"]},
        {"w1": ["m4", "m3", "m2", "m1"], "w2": ["m3", "m4", "m1", "m2"],
         "w3": ["m2", "m1", "m4", "m3"], "w4": ["m1", "m2", "m3", "m4"]},
        dict.fromkeys(["w1", "w2", "w3", "w4"], 1),
    )  # fmt: skip

    def test_both_ends(self):
        assert outcome(solve(self.problem)) == {"m1": "w1", "m2": "w2", "m3": "w3", "m4": "w4"}
        assert outcome(solve(self.problem, proposing="programs")) == {"m1": "w4", "m2": "w3", "m3": "w2", "m4": "w1"}


class TestNrmpExample:
    """The match algorithm as the NRMP tells it: five applicants, three programs with two positions each."""

    problem = MatchingProblem.from_lists(
        {"Arthur": ["City"], "Sunny": ["City", "Mercy"], "Joseph": ["City", "General", "Mercy"],
         "Latha": ["Mercy", "City", "General"], "Darrius": ["City", "Mercy", "General"]},
        {"Mercy": ["Darrius", "Latha", "Joseph"], "City": ["Darrius", "Arthur", "Sunny", "Latha", "Joseph"],
         "General": ["Darrius", "Arthur", "Joseph", "Latha"]},
        {"Mercy": 2, "City": 2, "General": 2},
        one_sided="keep",
    )  # fmt: skip

    @pytest.mark.parametrize("proposing", ["applicants", "programs"])
    def test_the_outcome(self, proposing):
        assert outcome(solve(self.problem, proposing=proposing)) == {
            "Arthur": "City", "Sunny": None, "Joseph": "General", "Latha": "Mercy", "Darrius": "City",
        }  # fmt: skip


class TestKlausAndKlijn2005:
    """Stable matchings and preferences of couples, Journal of Economic Theory 121, 75-106; first in Roth (1984)."""

    @pytest.mark.parametrize("rule", ["BIS", "MM"])
    def test_the_smallest_market_without_a_stable_matching(self, rule):
        problem = MatchingProblem.from_lists(
            {"s": ["h1", "h2"]}, {"h1": ["c1", "s"], "h2": ["s", "c2"]}, {"h1": 1, "h2": 1},
            couples={("c1", "c2"): [("h1", "h2")]},
        )  # fmt: skip
        with pytest.warns(StabilityWarning, match="there is none"):
            matching = solve(problem, rule=rule)
        assert matching.status == "none_exists"
        assert len(matching.blocking_pairs()) == 1
        assert not matching.is_stable
