"""Printed values and what they mean."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from carms_lib.schemas import codes
from carms_lib.transforms.values import (
    Fault,
    fold,
    is_placeholder,
    read_band,
    read_count,
    read_date,
    read_listed_count,
    read_match_name,
    read_name,
    read_positive,
    read_word_limit,
    read_years,
    tidy,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("printed", "meant"),
    [
        ("Queen’s University", "Queen's University"),
        ("Quw‘utsun", "Quw'utsun"),
        ("Que\u0301bec", "Québec"),
        (" Toron\u00adto \u200b\n  West\u00a0", "Toronto West"),
        ("\ue000Halifax\x07", "Halifax"),
    ],
)
def test_tidy_makes_one_form_of_a_text(printed, meant):
    assert tidy(printed) == meant


def test_fold_forgets_accents_case_and_apostrophes():
    assert fold("Université d’Ottawa") == fold("UNIVERSITE D'OTTAWA")
    assert fold("Groupe Régulier") == fold("groupe régulier")


@given(st.text())
def test_tidy_and_fold_are_idempotent(text):
    assert tidy(tidy(text)) == tidy(text)
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "body",
    ["n/a", "N/A.", "S/O", "s/o", ".", "*", "\u200b", "** **", "---", "a | b | c\n---|---|---\n", "**n/a**"],
)
def test_placeholders_say_nothing(body):
    assert is_placeholder(body)


@pytest.mark.parametrize(
    "body", ["No", "a | b\n---|---\n1 | 2", "There is no return of service.", "Voir http", "n/a for CMG", "5"]
)
def test_short_statements_say_something(body):
    assert not is_placeholder(body)


@pytest.mark.parametrize(("printed", "number"), [("7", 7), (" 127 ", 127), ("1 200", 1200), ("\u200b3", 3)])
def test_counts(printed, number):
    assert read_count(printed) == number
    assert read_positive(printed) == number


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ("0", "zero"),
        ("-3", "negative"),
        ("three", "not a whole number"),
        ("2.5", "not a whole number"),
        ("4 to 6", "not a whole number"),
        ("", "not a whole number"),
        ("٣", "not a whole number"),
        ("9" * 30, "too large"),
        ("9" * 5_000, "too large"),
        ("-" + "9" * 5_000, "negative"),
        ("-0", "zero"),
    ],
)
def test_quotas_that_are_none(printed, reason):
    fault = read_positive(printed)
    assert isinstance(fault, Fault)
    assert reason in fault.reason


def test_listed_counts_add_up_and_one_bad_part_spoils_all():
    assert read_listed_count("1; 2") == 3
    assert read_listed_count("1; two") == Fault("not a whole number")


def test_a_word_limit_may_be_none():
    assert read_word_limit("Aucun") is None
    assert read_word_limit("None") is None
    assert read_word_limit("500") == 500


@pytest.mark.parametrize(
    ("printed", "years"), [("2 years", 2), ("5 années", 5), ("1 year", 1), ("5 ans (65 périodes)", 5), ("3 year(s)", 3)]
)
def test_lengths_of_training(printed, years):
    assert read_years(printed) == years


def test_a_length_in_another_unit_is_not_guessed():
    assert read_years("24 months") == Fault("not a number of years")


@pytest.mark.parametrize(
    ("printed", "day"),
    [
        ("February 04, 2025", dt.date(2025, 2, 4)),
        ("February 4, 2025", dt.date(2025, 2, 4)),
        ("4 février 2025", dt.date(2025, 2, 4)),
        ("1er août 2024", dt.date(2024, 8, 1)),
        ("2025-02-04", dt.date(2025, 2, 4)),
    ],
)
def test_dates(printed, day):
    assert read_date(printed) == day


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ("soon", "not a date"),
        ("Smarch 4, 2025", "unknown month"),
        ("February 30, 2025", "no such day"),
        ("04/02/2025", "not a date"),
    ],
)
def test_dates_that_are_none(printed, reason):
    assert read_date(printed) == Fault(reason)


@given(st.dates(min_value=dt.date(1990, 1, 1), max_value=dt.date(2100, 1, 1)))
def test_every_day_is_read_back_in_every_form(day):
    english = dt.date.strftime(day, "%B %d, %Y")
    assert read_date(english) == read_date(day.isoformat()) == day


@pytest.mark.parametrize("metric", codes.BAND_METRICS)
def test_every_band_is_read_with_its_limits(metric):
    labels = {"applications": codes.APPLICATIONS_BANDS, "interview": codes.INTERVIEW_BANDS}[metric]
    limits = [read_band(label, labels, metric) for label in labels]
    assert [limit.band for limit in limits] == list(labels)
    for below, above in itertools.pairwise(limits):
        assert below.upper + 1 == above.lower  # no gap, no overlap
    assert limits[0].lower == 0
    assert limits[-1].upper == (None if metric == "applications" else 100)


@pytest.mark.parametrize("printed", ["26-50", "26 – 50", "26 - 50 %", " 26 -50%"])
def test_a_band_may_be_spaced_otherwise(printed):
    assert read_band(printed, codes.INTERVIEW_BANDS, "interview").band == "26 - 50"


def test_an_unknown_band_names_those_allowed():
    fault = read_band("20 - 50", codes.INTERVIEW_BANDS, "interview")
    assert fault.reason == "unknown interview band; allowed: 0 - 25, 26 - 50, 51 - 75, 76 - 100"


MATCHES = {"jumelage principal r-1": "R-1 Main Residency Match"}
ITERATIONS = {"first iteration": "first", "premier tour": "first", "second iteration": "second"}


@pytest.mark.parametrize(
    ("printed", "meant"),
    [
        ("2025 R-1 Main Residency Match - first iteration", ("R-1 Main Residency Match", 2025, "first")),
        ("Jumelage principal R-1 de 2025 - premier tour", ("R-1 Main Residency Match", 2025, "first")),
        ("2024 R-1 Main Residency Match - second iteration", ("R-1 Main Residency Match", 2024, "second")),
    ],
)
def test_match_names(printed, meant):
    assert read_match_name(printed, MATCHES, ITERATIONS) == meant


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ("R-1 Main Residency Match - first iteration", "not the name of a match"),
        ("2025 R-1 Main Residency Match", "not the name of a match"),
        ("2025 R-1 Main Residency Match - third iteration", "unknown iteration; nearest known: 'first'"),
    ],
)
def test_match_names_that_are_none(printed, reason):
    assert reason in read_match_name(printed, MATCHES, ITERATIONS).reason


def test_a_name_is_found_or_the_nearest_is_told():
    names = {fold("CMG Stream for CMG"): "CMG Stream for CMG"}
    assert read_name("cmg  stream for CMG", names, "stream") == "CMG Stream for CMG"
    assert read_name("CMG Strem for CMG", names, "stream").reason == (
        "unknown stream; nearest known: 'CMG Stream for CMG'"
    )
    assert read_name("something else", names, "stream") == Fault("unknown stream")
