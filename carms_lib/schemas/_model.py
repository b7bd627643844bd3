"""How a table model is written: its base class, its column types and the registry of all models.

Belongs here: what every model shares. Does not belong here: any one table.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera import dtypes
from pandera.engines import pandas_engine

from carms_lib.schemas.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "LAYERS",
    "TEXT",
    "Date",
    "OptionalInt",
    "Table",
    "TableContract",
    "Text",
    "contracts",
    "field",
    "register",
]

LAYERS: Final = ("raw", "bronze", "silver", "gold", "audit")

_inferred = pd.Series(["text"]).dtype
TEXT: Final = _inferred if isinstance(_inferred, pd.StringDtype) else pd.StringDtype()
"""The string dtype of this pandas: `str` from version 3, `string` before; missing stays missing."""

OptionalInt: TypeAlias = pd.Int64Dtype
"""Whole numbers or missing."""

T = TypeVar("T", bound="Table")

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


def field(
    source: str,
    *,
    nullable: bool = False,
    unique: bool = False,
    allowed: tuple[Any, ...] | None = None,
    pattern: str | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    r"""Declare one column of a table model.

    Parameters
    ----------
    source : str
        Where its values come from: "table.column" of the raw layer, or the rule that makes them.
    nullable : bool, default False
        Missing values are allowed.
    unique : bool, default False
        No value may occur twice.
    allowed : tuple, optional
        Every value that may occur.
    pattern : str, optional
        Regular expression that the whole value must match.
    minimum, maximum : float, optional
        Inclusive limits.

    Returns
    -------
    pandera.Field
        With `source` in its metadata; `carms_lib.schemas.fields` has meaning and unit by name.
    """
    return pa.Field(
        nullable=nullable,
        unique=unique,
        isin=list(allowed) if allowed is not None else None,
        str_matches=rf"^(?:{pattern})\Z" if pattern is not None else None,
        ge=minimum,
        le=maximum,
        metadata={"source": source},
    )


class Table(pa.DataFrameModel):
    """Base of every table model: exact columns and types."""

    class Config:
        """Nothing extra, nothing missing, nothing converted."""

        strict = True
        coerce = False


@dataclass(frozen=True)
class TableContract:
    """What one table of one layer promises.

    Parameters
    ----------
    layer, name : str
        Where the table belongs and what it is called.
    version : int
        Raised whenever a column, type, key or rule changes.
    model : type of Table
        The pandera model.
    key : tuple of str
        Primary key: unique together, never missing.
    references : mapping of tuple of str to str
        Foreign keys: columns -> table of the same layer whose primary key they are.
    schema : pandera.DataFrameSchema
        The model, with the uniqueness of its key. A raw table has none: a key that a publication repeats is a
        fact about it, and its rows are set aside with a reason later.
    """

    layer: str
    name: str
    version: int
    model: type[Table]
    key: tuple[str, ...]
    references: Mapping[tuple[str, ...], str]
    schema: pa.DataFrameSchema

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
) -> Callable[[type[T]], type[T]]:
    """Register a model as the contract of one table; parameters as in `TableContract`."""

    def decorate(model: type[T]) -> type[T]:
        schema = copy.copy(model.to_schema())  # pandera keeps one per model; ours carries the key as well
        if layer != "raw":
            schema.unique = list(key)
        contract = TableContract(layer, name, version, model, key, dict(references or {}), schema)
        unknown = [name for name in contract.columns if name not in FIELDS]
        if unknown:
            msg = f"{layer}.{name}: {unknown} are not in the catalogue of fields"
            raise TypeError(msg)
        _CONTRACTS[layer][name] = contract
        return model

    return decorate


def contracts() -> dict[str, dict[str, TableContract]]:
    """Return every contract: layer -> table -> contract, in the order of declaration."""
    return {layer: dict(tables) for layer, tables in _CONTRACTS.items()}
