"""From the registry of fields to the contract of a table: column types, model, pandera schema.

Belongs here: what every table shares. Does not belong here: any one field (`fields`) or table (`raw`, `bronze`,
`silver`, `gold`, `audit`).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera import dtypes
from pandera.engines import pandas_engine

from carms_lib.schemas.fields import ROWS
from carms_lib.schemas.fields.row import LAYERS, Field, Printed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["LAYERS", "TEXT", "Column", "Table", "TableContract", "columns_of", "contracts", "register"]

_inferred = pd.Series(["text"]).dtype
TEXT: Final = _inferred if isinstance(_inferred, pd.StringDtype) else pd.StringDtype()
"""The string dtype of this pandas: `str` from version 3, `string` before; missing stays missing."""

OptionalInt: TypeAlias = pd.Int64Dtype
"""Whole numbers or missing."""

_CONTRACTS: dict[str, dict[str, TableContract]] = {layer: {} for layer in LAYERS}


@pandas_engine.Engine.register_dtype
@dtypes.immutable
class Text(pandas_engine.DataType):
    """Strings or missing, whichever way this pandas stores them."""

    type = pd.StringDtype()

    def check(self, pandera_dtype: Any, data_container: Any = None) -> bool:
        """Accept every string dtype, and object columns that hold strings only."""
        given = getattr(pandera_dtype, "type", None)
        if isinstance(given, pd.StringDtype):
            return True
        if given != np.dtype(object) or data_container is None:
            return False
        return pd.api.types.infer_dtype(data_container, skipna=True) in {"string", "empty"}

    def __str__(self) -> str:
        return "str"


@pandas_engine.Engine.register_dtype
@dtypes.immutable
class Date(pandas_engine.DataType):
    """Calendar days, stored as `datetime64[us]` without a zone."""

    type = np.dtype("datetime64[us]")

    def check(self, pandera_dtype: Any, data_container: Any = None) -> bool:
        """Accept exactly `datetime64[us]`: one resolution makes equal frames equal bytes."""
        given = getattr(data_container, "dtype", getattr(pandera_dtype, "type", None))
        return bool(given == self.type)

    def __str__(self) -> str:
        return "date"


class Table(pa.DataFrameModel):
    """Base of every table model: exact columns and types."""

    class Config:
        """Nothing extra, nothing missing, nothing converted."""

        strict = True
        coerce = False

    @classmethod
    def column_names(cls) -> tuple[str, ...]:
        """Return the names of the columns, in order."""
        return tuple(cls.to_schema().columns)


@dataclass(frozen=True)
class Column:
    """One column of one table: a field as this table holds it.

    Parameters
    ----------
    field : Field
        The row of the registry.
    source : str
        Where its values come from: "table.column" of the raw layer, or the rule that makes them.
    optional : bool
        A value may be missing.
    type : type
        Of its values, as pandera names it.
    rules : mapping of str to object
        What the values are held to: unique, allowed, pattern, minimum, maximum.
    place : Printed, optional
        Where it is printed and who reads it, in raw and bronze; None for lineage and in other layers.
    """

    field: Field
    source: str
    optional: bool
    type: Any
    rules: Mapping[str, Any]
    place: Printed | None = None

    def declared(self) -> Any:
        """Return the column as pandera has it, with its source in the metadata."""
        rules = dict(self.rules)
        pattern, allowed = rules.get("pattern"), rules.get("allowed")
        return pa.Field(
            nullable=self.optional,
            unique=rules.get("unique", False),
            isin=list(allowed) if allowed is not None else None,
            str_matches=rf"^(?:{pattern})\Z" if pattern is not None else None,
            ge=rules.get("minimum"),
            le=rules.get("maximum"),
            metadata={"source": self.source},
        )


def columns_of(layer: str, table: str) -> dict[str, Column]:
    """Return the columns of a table as the rows of the registry give them, in the order of the rows.

    Parameters
    ----------
    layer, table : str
        A raw table has a column for each field printed there, all of it text that may be missing. A table of bronze
        has these, then those of its lineage. Every other table has the fields that name it.

    Returns
    -------
    dict of str to Column
        Column name -> field, source, type and rules.
    """
    columns = {}
    for row in ROWS:
        if layer in {"raw", "bronze"}:
            for place in row.printed:
                if place.table == table:
                    name = place.column or row.name
                    columns[name] = Column(row, place.source, optional=True, type=Text, rules={}, place=place)
        elif table in (sources := row.sources(layer)):
            rules = row.rules(layer, table)
            columns[row.name] = Column(row, sources[table], row.optional, _type(row), rules)
    if layer == "bronze":
        stamps = (row for row in ROWS if row.lineage)
        columns |= {
            row.name: Column(row, row.lineage, row.optional, _type(row), row.rules(layer, table)) for row in stamps
        }
    return columns


def _type(row: Field) -> Any:
    match row.type:
        case "integer":
            return OptionalInt if row.optional else int
        case "number":
            return float
        case "boolean":
            return bool
        case "date":
            return Date
        case "text":
            return Text


@dataclass(frozen=True)
class TableContract:
    """What one table of one layer promises.

    Parameters
    ----------
    layer, name : str
        Where the table belongs and what it is called.
    version : int
        Raised whenever a column, type, key or rule changes; a field that is added raises it by its row (`since`).
    model : type of Table
        The pandera model.
    key : tuple of str
        Primary key: unique together, never missing.
    references : mapping of tuple of str to str
        Foreign keys: columns -> table of the same layer whose primary key they are.
    schema : pandera.DataFrameSchema
        The model, with the uniqueness of its key. A raw table has none: a key that a publication repeats is a
        fact about it, and its rows are quarantined with a reason later.
    fields : mapping of str to Column
        The columns as the registry of fields gives them, in order.
    """

    layer: str
    name: str
    version: int
    model: type[Table]
    key: tuple[str, ...]
    references: Mapping[tuple[str, ...], str]
    schema: pa.DataFrameSchema
    fields: Mapping[str, Column]

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        return list(self.schema.columns)

    @property
    def dtypes(self) -> dict[str, Any]:
        """The pandas dtype of each column, for making a frame of this table."""
        return {
            name: TEXT if isinstance(rule.dtype, Text) else rule.dtype.type
            for name, rule in self.schema.columns.items()
        }

    @property
    def row(self) -> str:
        """What one row is: the opening sentence of the model's docstring."""
        return (self.model.__doc__ or "").strip().splitlines()[0]


def register(
    layer: str,
    name: str,
    *,
    version: int = 1,
    key: tuple[str, ...],
    references: Mapping[tuple[str, ...], str] | None = None,
    first: tuple[str, ...] = (),
) -> Callable[[type[Table]], type[Table]]:
    """Register a model as the contract of one table; its columns follow from the registry of fields.

    Parameters
    ----------
    layer, name, version, key, references
        As in `TableContract`.
    first : tuple of str
        Columns that come first, in this order; all others follow in the order of the registry.

    Returns
    -------
    callable
        A decorator: takes a class that says in its docstring what one row is, returns it with its columns.

    Raises
    ------
    TypeError
        If no field names the table, or `first` or `key` names a column that it does not have.
    """
    columns = columns_of(layer, name)
    unknown = [label for label in (*first, *key) if label not in columns]
    if unknown or not columns:
        raise TypeError(f"{layer}.{name}: {unknown or 'its columns'} are not in the registry of fields")
    ordered = {label: columns[label] for label in dict.fromkeys((*first, *columns))}

    def decorate(model: type[Table]) -> type[Table]:
        body = {label: column.declared() for label, column in ordered.items()}
        types = {label: column.type for label, column in ordered.items()}
        about = {"__doc__": model.__doc__, "__module__": model.__module__, "__annotations__": types}
        whole: type[Table] = type(model.__name__, (model,), {**body, **about})
        schema = copy.copy(whole.to_schema())  # pandera keeps one per model; ours carries the key as well
        if layer != "raw":
            schema.unique = list(key)
        raised = max(version, *(column.field.since for column in ordered.values()))
        _CONTRACTS[layer][name] = TableContract(
            layer, name, raised, whole, key, dict(references or {}), schema, ordered
        )
        return whole

    return decorate


def contracts() -> dict[str, dict[str, TableContract]]:
    """Return every contract: layer -> table -> contract, in the order of declaration."""
    return {layer: dict(tables) for layer, tables in _CONTRACTS.items()}
