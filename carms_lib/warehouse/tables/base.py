"""What every table of the warehouse shares: the naming of constraints, the types, the wording of checks.

Belongs here: conventions. Does not belong here: any one table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Double,
    Integer,
    MetaData,
    Text,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from carms_lib.schemas import Column as FieldColumn

__all__ = [
    "Base",
    "Key",
    "UtcDateTime",
    "at_least",
    "at_most",
    "column_of",
    "is_bool",
    "matches_all_or_none",
    "not_empty",
    "one_of",
    "rules_of",
]

# Every constraint has a name that follows from what it constrains, so that a migration can drop it by name and
# `check` can miss it by name.
_NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}

Key = BigInteger().with_variant(Integer, "sqlite")
"""A surrogate key; SQLite stores a row under it only when it is called INTEGER."""


class UtcDateTime(TypeDecorator[dt.datetime]):
    """A moment in UTC; given with a zone, returned with UTC, on every engine."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Convert a moment to UTC; SQLite keeps no zone, so there it is left off."""
        if value is None:
            return None
        moment = value.astimezone(dt.UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Return the moment with the zone UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    """Base of every table: text is unlimited, moments are UTC, constraints are named."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: Text, float: Double, dt.datetime: UtcDateTime}


def _spelt(limit: int) -> str:
    """Return a limit as a name holds it: without a sign."""
    return str(limit).replace("-", "minus_")


def at_least(column: str, minimum: int) -> CheckConstraint:
    """Require `column` to be at least `minimum` where it is given."""
    return CheckConstraint(f"{column} >= {minimum}", name=f"{column}_at_least_{_spelt(minimum)}")


def at_most(column: str, maximum: int) -> CheckConstraint:
    """Require `column` to be at most `maximum` where it is given."""
    return CheckConstraint(f"{column} <= {maximum}", name=f"{column}_at_most_{_spelt(maximum)}")


def is_bool(column: str) -> CheckConstraint:
    """Require `column` to be true or false; SQLite would take any number."""
    return CheckConstraint(f"{column} IN (TRUE, FALSE)", name=f"{column}_is_bool")


def one_of(column: str, allowed: Iterable[str]) -> CheckConstraint:
    """Require `column` to hold one of the `allowed` values where it is given."""
    values = ", ".join("'" + value.replace("'", "''") + "'" for value in allowed)
    return CheckConstraint(f"{column} IN ({values})", name=f"{column}_known")


def not_empty(column: str) -> CheckConstraint:
    """Require text of at least one character in `column`."""
    return CheckConstraint(f"\"{column}\" <> ''", name=f"{column}_not_empty")  # "check" and "match" are words of SQL


def matches_all_or_none(name: str, *columns: str) -> CheckConstraint:
    """Require `columns` to be given together or not at all, as the constraint `name`."""
    first, *others = (f"({column} IS NULL)" for column in columns)
    return CheckConstraint(" AND ".join(f"{first} = {other}" for other in others), name=name)


# --- from the registry of fields -------------------------------------------------------------------------

_TYPES: dict[str, Any] = {"text": Text, "integer": Integer, "number": Double, "boolean": Boolean, "date": Date}


def column_of(name: str, column: FieldColumn) -> Column[Any]:
    """Return the column of SQL for a column of a contract, called `name`."""
    return Column(name, _TYPES[column.field.type], nullable=column.optional)


def rules_of(name: str, column: FieldColumn) -> list[CheckConstraint]:
    """Return the rules of SQL for a column of a contract, called `name`; of a pattern, that the text is not empty."""
    wordings: dict[str, Callable[[str, Any], CheckConstraint]] = {
        "allowed": one_of,
        "pattern": lambda text, _: not_empty(text),
        "minimum": at_least,
        "maximum": at_most,
    }
    rules = [wordings[rule](name, value) for rule, value in column.rules.items()]
    return [*rules, is_bool(name)] if column.field.type == "boolean" else rules
