"""The form of a row of the registry: one field, from the place where it is printed to the tables that carry it.

Belongs here: what a row must say, and the error where it does not. Does not belong here: any row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

__all__ = [
    "LAYERS",
    "NO_UNIT",
    "Field",
    "FieldMeaning",
    "FieldType",
    "Printed",
    "in_disciplines",
    "in_master",
    "in_section",
    "on_page",
]

FieldType: TypeAlias = Literal["text", "integer", "number", "boolean", "date"]

LAYERS: Final = ("raw", "bronze", "silver", "gold", "audit")

NO_UNIT: Final = ""
"""The unit of names, codes, places in an order and truth values; every row says so, or names its unit."""

_PLACES: Final[Mapping[str, str]] = {
    "discipline": "discipline workbook",
    "program_master": "master workbook",
    "page": "page",
    "section": "page",
}


class FieldMeaning(NamedTuple):
    """What a column name means.

    Parameters
    ----------
    description : str
        One sentence.
    unit : str
        Unit of measurement; "" for names, codes and truth values.
    """

    description: str
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Printed:
    """Where the publisher prints a field.

    Parameters
    ----------
    table : str
        The raw table: "discipline", "program_master", "page" or "section".
    where : str
        The place in the workbook or on the page, in words.
    reader : str
        Who reads it there: for a page the name of a reader of the loaders (`carms_lib/loaders/page_readers.py`), else
        "workbook" or "sections".
    column : str, default ""
        Name of the raw column; "" where it is the name of the field.
    meaning : str, default ""
        What the raw column holds, in one sentence; needed where it has a name of its own.
    """

    table: str
    where: str
    reader: str
    column: str = ""
    meaning: str = ""

    @property
    def source(self) -> str:
        """The place, with the workbook or page before it."""
        return f"{_PLACES[self.table]}: {self.where}"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field, in every layer that has it.

    Parameters
    ----------
    name : str
        Its name in silver, gold and the warehouse; in raw and bronze too, unless `printed` gives another.
    meaning : str
        One sentence.
    unit : str
        Unit of measurement, or `NO_UNIT`.
    type : {"text", "integer", "number", "boolean", "date"}
        Its type in silver, gold and the audit; raw and bronze hold text as printed.
    optional : bool, default False
        A value may be missing.
    unique : bool, default False
        No value may occur twice.
    allowed : tuple of str, optional
        Every value that may occur.
    pattern : str, optional
        Regular expression that the whole value must match.
    minimum, maximum : int, optional
        Inclusive limits.
    rules_in : tuple of str, default ()
        The tables ("layer.table") that hold the field to `unique`, `allowed`, `pattern` and limits; by default every
        table of silver, gold and the audit. A table that refers to another by this field needs no rule of its own.
    printed : tuple of Printed, default ()
        Where the publisher prints it; empty for a field that the library makes.
    conform : str, default ""
        How the printed text becomes the typed value, by name (`carms_lib/transforms/values.py`); "" where the type
        says enough: a whole number within the limits, a day, one of the allowed values, or tidy text.
    silver, gold, audit : str or mapping of str to str, default ""
        The table that carries it; or, where it is not simply passed on, each table with the source of its values.
    lineage : str, default ""
        Source of its values where every table of bronze carries it.
    since : int, default 1
        Least version of the contracts that have it: a field that is added raises the version of each of its tables.

    Raises
    ------
    TypeError
        If the meaning is not a sentence, a number of a page has no unit, a place has no reader, a raw column of another
        name has no meaning, or a rule does not fit the type.
    """

    name: str
    meaning: str
    unit: str
    type: FieldType = "text"
    optional: bool = False
    unique: bool = False
    allowed: tuple[str, ...] | None = None
    pattern: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    rules_in: tuple[str, ...] = ()
    printed: tuple[Printed, ...] = ()
    conform: str = ""
    silver: str | Mapping[str, str] = ""
    gold: str | Mapping[str, str] = ""
    audit: str | Mapping[str, str] = ""
    lineage: str = ""
    since: int = 1

    def __post_init__(self) -> None:
        _require_sentence(self.name, self.meaning)
        for place in self.printed:
            if not place.reader:
                raise TypeError(f"{self.name}: the place {place.where!r} has no reader")
            if place.column:
                _require_sentence(place.column, place.meaning)
        if self.type in {"integer", "number"} and self.unit == NO_UNIT and any(p.table == "page" for p in self.printed):
            raise TypeError(f"{self.name}: a number that a page prints needs a unit")
        if (self.allowed or self.pattern) and self.type != "text":
            raise TypeError(f"{self.name}: allowed values and patterns are for text, not for {self.type}")
        if not (self.minimum is None and self.maximum is None) and self.type not in {"integer", "number"}:
            raise TypeError(f"{self.name}: limits are for numbers, not for {self.type}")
        if isinstance(self.silver, str) and self.silver and not self.printed:
            raise TypeError(f"{self.name}: nothing is printed, so its source in silver must be said: silver={{...}}")
        if self.conform and not self.printed:
            raise TypeError(f"{self.name}: conform={self.conform!r} reads a printed text, and nothing is printed")

    @property
    def is_read_in_silver(self) -> bool:
        """The printed text becomes a typed value in silver, by itself: by its type, or as `conform` says."""
        return bool(self.printed) and bool(self.conform or (isinstance(self.silver, str) and self.silver))

    @property
    def is_required_on_page(self) -> bool:
        """A page that does not print it is quarantined; a field with a table of its own may have no row there."""
        return self.is_read_in_silver and not self.optional and self.silver in ("program", "")

    def sources(self, layer: str) -> dict[str, str]:
        """Return table -> source of its values, for each table of `layer` ("silver", "gold", "audit") that has it."""
        carried: str | Mapping[str, str] = {"silver": self.silver, "gold": self.gold, "audit": self.audit}[layer]
        if not isinstance(carried, str):
            return dict(carried)
        if not carried:
            return {}
        if layer == "silver":
            first = self.printed[0]
            return {carried: f"{first.table}.{first.column or self.name}"}
        return {carried: f"silver {self.silver}" if layer == "gold" else "build"}

    def rules(self, layer: str, table: str) -> dict[str, Any]:
        """Return what a table holds the values of the field to.

        Parameters
        ----------
        layer, table : str
            Such as "gold" and "program".

        Returns
        -------
        dict of str to object
            Those of unique, allowed, pattern, minimum and maximum that hold there; empty where `rules_in` leaves the
            table out.
        """
        if self.rules_in and f"{layer}.{table}" not in self.rules_in:
            return {}
        names = ("unique", "allowed", "pattern", "minimum", "maximum")
        return {name: value for name in names if not ((value := getattr(self, name)) is None or value is False)}


def _require_sentence(name: str, meaning: str) -> None:
    if not (meaning[:1].isupper() and meaning.endswith(".")):
        raise TypeError(f"{name}: its meaning must be a sentence, is {meaning!r}")


def on_page(where: str, *, reader: str, column: str = "", meaning: str = "") -> tuple[Printed, ...]:
    """Return a place on a program page; parameters as in `Printed`."""
    return (Printed(table="page", where=where, reader=reader, column=column, meaning=meaning),)


def in_section(where: str) -> tuple[Printed, ...]:
    """Return a place in a section of a page; parameters as in `Printed`."""
    return (Printed(table="section", where=where, reader="sections"),)


def in_master(where: str, column: str = "", meaning: str = "") -> tuple[Printed, ...]:
    """Return a column of the master workbook; parameters as in `Printed`."""
    return (Printed(table="program_master", where=where, reader="workbook", column=column, meaning=meaning),)


def in_disciplines(where: str) -> tuple[Printed, ...]:
    """Return a column of the workbook of disciplines; parameters as in `Printed`."""
    return (Printed(table="discipline", where=where, reader="workbook"),)
