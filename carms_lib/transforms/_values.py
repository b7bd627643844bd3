"""How a printed value becomes a typed one: text, numbers, dates, bands, names of the match.

Belongs here: one small reader per kind of value; it returns the value, or a `Fault` that says why there is none.
Does not belong here: tables, and what happens to a row whose value cannot be read (`_quarantine`).
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from carms_lib.schemas import codes

__all__ = [
    "BandLimits",
    "Fault",
    "MatchName",
    "fold",
    "is_placeholder",
    "read_band",
    "read_count",
    "read_date",
    "read_listed_count",
    "read_match_name",
    "read_name",
    "read_positive",
    "read_word_limit",
    "read_years",
    "tidy",
]

_APOSTROPHES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u00b4": "'", "`": "'"})
_INVISIBLE = {"Cf", "Cc", "Co", "Cs"}  # soft hyphen, zero width, control, private use, surrogate
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "janvier"),
            ("february", "fevrier"),
            ("march", "mars"),
            ("april", "avril"),
            ("may", "mai"),
            ("june", "juin"),
            ("july", "juillet"),
            ("august", "aout"),
            ("september", "septembre"),
            ("october", "octobre"),
            ("november", "novembre"),
            ("december", "decembre"),
        ),
        start=1,
    )
    for name in names
}


class Fault(NamedTuple):
    """A printed value that means nothing to us, and why."""

    reason: str


class BandLimits(NamedTuple):
    """A band: canonical label, inclusive limits, None above where it is open."""

    band: str
    lower: int
    upper: int | None


class MatchName(NamedTuple):
    """What the name of a match says: the match, its year, and which iteration."""

    match: str
    cycle: int
    iteration: str


def tidy(text: str) -> str:
    """Return `text` in one Unicode form, with plain apostrophes, single spaces and nothing invisible."""
    text = unicodedata.normalize("NFC", text).translate(_APOSTROPHES)
    text = "".join(char for char in text if char in "\t\n\r\x0b\x0c" or unicodedata.category(char) not in _INVISIBLE)
    return " ".join(text.split())


def fold(text: str) -> str:
    """Return `tidy(text)` without accents and case, for comparing names as people do."""
    plain = unicodedata.normalize("NFKD", tidy(text).casefold())
    return tidy("".join(char for char in plain if not unicodedata.combining(char))).casefold()


def is_placeholder(text: str) -> bool:
    """Tell whether the body of a section says nothing: a mark, a word such as n/a, or a table without rows."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) == 2 and re.fullmatch(r"[\s|:-]*-[\s|:-]*", lines[1]):
        return True  # column titles and their rule, and no row under them
    body = fold(text).strip(" .*_#|-")
    return not re.search(r"\w", body) or body in codes.PLACEHOLDER_BODIES


def read_name(text: str, names: Mapping[str, str], kind: str) -> str | Fault:
    """Return the canonical name for a printed one.

    Parameters
    ----------
    text : str
        As printed.
    names : mapping of str to str
        Folded spelling -> canonical name.
    kind : str
        What is named, for the reason.
    """
    name = names.get(fold(text))
    if name is None:
        near = difflib.get_close_matches(fold(text), names, n=1, cutoff=0.6)
        hint = f"; nearest known: {names[near[0]]!r}" if near else ""
        return Fault(f"unknown {kind}{hint}")
    return name


def read_count(text: str) -> int | Fault:
    """Return a whole number of at least 0."""
    digits = tidy(text).replace(" ", "")
    if not re.fullmatch(r"[+-]?[0-9]+", digits):
        return Fault("not a whole number")
    if digits.startswith("-") and digits.strip("-0"):
        return Fault("negative")
    if len(digits.lstrip("+-0")) > 9:  # before int(), which refuses thousands of digits
        return Fault("too large to be a count")
    return int(digits)


def read_positive(text: str) -> int | Fault:
    """Return a whole number of at least 1."""
    return read_count(text) or Fault("zero")


def read_listed_count(text: str) -> int | Fault:
    """Return the sum of the whole numbers that a list joined with semicolons holds."""
    total = 0
    for part in text.split(";"):
        number = read_count(part)
        if isinstance(number, Fault):
            return number
        total += number
    return total


def read_word_limit(text: str) -> int | Fault | None:
    """Return a word limit; None where the page says that there is none."""
    return None if fold(text) in {"none", "aucun"} else read_count(text)


def read_years(text: str) -> int | Fault:
    """Return the number of years that a statement on the length of training opens with."""
    found = re.match(r"([0-9]{1,2}) (?:years?|year\(s\)|annees?|ans?)\b", fold(text))
    if not found:
        return Fault("not a number of years")
    return int(found[1])


def read_date(text: str) -> dt.date | Fault:
    """Return a day printed as "February 4, 2025", "4 février 2025" or "2025-02-04"."""
    words = fold(text).replace(",", " ")
    if found := re.fullmatch(r"([a-z]+) ([0-9]{1,2}) +([0-9]{4})", words):
        month, day, year = found.groups()
    elif found := re.fullmatch(r"([0-9]{1,2})(?:er)? ([a-z]+) ([0-9]{4})", words):
        day, month, year = found.groups()
    elif found := re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", words):
        year, month, day = found.groups()
    else:
        return Fault("not a date")
    number = int(month) if month.isdigit() else _MONTHS.get(month)
    if number is None:
        return Fault("unknown month")
    try:
        return dt.date(int(year), number, int(day))
    except ValueError:
        return Fault("no such day")


def read_band(text: str, allowed: Sequence[str], metric: str) -> BandLimits | Fault:
    """Return label and limits of a band; the label must be one of `allowed` but for spaces, dashes and "%"."""
    plain = re.sub(r"[\s%]", "", tidy(text)).replace("\u2013", "-").replace("\u2014", "-")
    for label in allowed:
        if label.replace(" ", "") == plain:
            lower, _, upper = label.partition(" - ")
            return BandLimits(label, int(lower.removesuffix(" +")), int(upper) if upper else None)
    return Fault(f"unknown {metric} band; allowed: {', '.join(allowed)}")


def read_match_name(text: str, matches: Mapping[str, str], iterations: Mapping[str, str]) -> MatchName | Fault:
    """Return match, year and iteration of a name such as "2025 R-1 Main Residency Match - first iteration"."""
    name, _, iteration = tidy(text).rpartition(" - ")
    year = re.search(r"\b(?:de )?((?:19|20)[0-9]{2})\b", name)
    if not name or not year:
        return Fault("not the name of a match with year and iteration")
    match = tidy(name[: year.start()] + name[year.end() :])
    which = read_name(iteration, iterations, "iteration")
    if isinstance(which, Fault):
        return which
    return MatchName(matches.get(fold(match), match), int(year[1]), which)
