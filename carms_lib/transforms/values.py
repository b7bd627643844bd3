"""How a printed value becomes a typed one: text, numbers, dates, bands, names of the match.

Belongs here: one small reader per kind of value; it returns the value, or a `Fault` that says why there is none.
Does not belong here: tables, and what happens to a row whose value cannot be read (`_layer`).
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import pandas as pd

from carms_lib.schemas import Field, Reference, codes, contract

__all__ = [
    "WAYS",
    "BandLimits",
    "Fault",
    "MatchName",
    "Names",
    "fold",
    "is_placeholder",
    "page_fields",
    "read_band",
    "read_count",
    "read_date",
    "read_id",
    "read_list",
    "read_listed_count",
    "read_match_name",
    "read_name",
    "read_positive",
    "read_text",
    "read_within",
    "read_word_limit",
    "read_years",
    "spellings",
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


def read_text(text: str) -> str | Fault:
    """Return tidy text."""
    return tidy(text) or Fault("empty")


def read_id(text: str) -> str | Fault:
    """Return a key made of digits only, as it is."""
    return text if re.fullmatch(r"[0-9]+", text) else Fault("not a number of digits only")


def read_within(text: str, minimum: int | None, maximum: int | None) -> int | Fault:
    """Return a whole number of at least 0 within inclusive limits, where there are any."""
    number = read_count(text)
    if isinstance(number, Fault):
        return number
    if minimum is not None and number < minimum:
        return Fault("zero" if minimum == 1 else f"below {minimum:,}")
    if maximum is not None and number > maximum:
        return Fault(f"above {maximum:,}")
    return number


def read_list(text: str, read: Callable[[str], Any]) -> tuple[Any, ...] | Fault:
    """Return the values of a list joined with semicolons: sorted, each once."""
    values = {read(part) for part in text.split(";") if part.strip()}
    faults = [value for value in values if isinstance(value, Fault)]
    return min(faults) if faults else tuple(sorted(values))


# --- names -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Names:
    """Look-ups from folded spelling to canonical name.

    Parameters
    ----------
    reference : Reference
        The reviewed reference data.
    stream, school, province, match, iteration : mapping of str to str
        One look-up per kind of name.
    """

    reference: Reference

    stream: Mapping[str, str]
    school: Mapping[str, str]
    province: Mapping[str, str]
    match: Mapping[str, str]
    iteration: Mapping[str, str]

    @classmethod
    def of(cls, reference: Reference) -> Names:
        """Read `reference`; canonical names are spellings of themselves."""
        return cls(
            reference,
            stream=_lookup(reference, "stream", reference.stream["stream"]),
            school=_lookup(reference, "school", reference.school["school"])
            | _pairs(reference.school["school_fr"], reference.school["school"]),
            province=_pairs(reference.province["province"], reference.province["province"])
            | _pairs(reference.province["province_name"], reference.province["province"])
            | _pairs(reference.province["province_name_fr"], reference.province["province"]),
            match=_lookup(reference, "match", ()),
            iteration=_lookup(reference, "iteration", codes.ITERATIONS),
        )

    def coded(self, field: Field) -> dict[str, str]:
        """Return the look-up of a `field` with a closed list: its values, and their other spellings."""
        return _lookup(self.reference, field.name, field.allowed or ())


def _lookup(reference: Reference, field: str, canonical: Iterable[str]) -> dict[str, str]:
    spelling = reference.spelling.loc[reference.spelling["field"] == field]
    return {fold(name): name for name in canonical} | _pairs(spelling["spelling"], spelling["canonical"])


def _pairs(spellings: pd.Series[str], names: pd.Series[str]) -> dict[str, str]:
    present = spellings.notna()
    return {fold(text): name for text, name in zip(spellings[present], names[present], strict=True)}


def spellings(values: Iterable[str]) -> dict[str, str]:
    """Return the look-up of names that have no other spelling."""
    return {fold(value): value for value in values}


# --- fields ----------------------------------------------------------------------------------------------

Reading: TypeAlias = Callable[[str], Any]

_NOUNS = {
    "accreditation": "accreditation status",
    "exam": "examination",
    "language": "language of application",
}


def _by_type(field: Field, names: Names) -> Reading:
    match field.type:
        case "integer":
            return lambda text: read_within(text, field.minimum, field.maximum)
        case "date":
            return read_date
        case "text" if field.allowed is not None:
            known, noun = names.coded(field), _NOUNS.get(field.name, field.name.replace("_", " "))
            return lambda text: read_name(text, known, noun)
        case "text":
            return read_text
    msg = f"{field.name}: no printed text becomes {field.type} by its type alone; its row must name a way to conform."
    raise TypeError(msg)


def _listed(read: Reading) -> Reading:
    return lambda text: read_list(text, read)


WAYS: Mapping[str, Callable[[Field, Names], Reading]] = {
    "": _by_type,
    "band": lambda field, _: lambda text: read_band(text, field.allowed or (), field.name.removesuffix("_band")),
    "listed count": lambda *_: read_listed_count,
    "listed dates": lambda *_: _listed(read_date),
    "listed names": lambda field, names: _listed(_by_type(field, names)),
    "province": lambda _, names: lambda text: read_name(text, names.province, "province"),
    "word limit": lambda *_: read_word_limit,
    "years": lambda *_: read_years,
}
"""How a printed text becomes the value of a field, by the name that its row gives (`conform`)."""


def page_fields() -> dict[str, Field]:
    """Return raw column -> field, of the fields of a page that silver takes from it as they are read.

    Raises
    ------
    TypeError
        If a row names a way to conform that is not there.
    """
    columns = contract("raw", "page").fields.items()
    fields = {name: column.field for name, column in columns if column.field.is_read_in_silver}
    unknown = [field.name for field in fields.values() if field.conform not in WAYS]
    if unknown:
        msg = f"The registry of fields names ways to conform that the transforms do not have: {', '.join(unknown)}."
        raise TypeError(msg)
    return fields
