"""The data dictionary, generated from the contracts.

Belongs here: reading contracts into one flat table. Does not belong here: any fact about a column.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from carms_lib.exceptions import UnknownNameError
from carms_lib.schemas._model import LAYERS, contracts
from carms_lib.schemas.fields import FIELDS

__all__ = ["data_dictionary"]


def data_dictionary(layer: str | None = None) -> pd.DataFrame:
    """Return what every column of every table is.

    Parameters
    ----------
    layer : str, optional
        "raw", "bronze", "silver", "gold" or "audit"; all layers when it is not given.

    Returns
    -------
    DataFrame
        One row per layer, table and column: layer, table, version, column, position (1-based), dtype,
        nullable, key (part of the primary key), references ("table" for a foreign key, else ""), unit,
        description, source (raw table and column, or the rule that makes it), allowed (values, range or form;
        "" for none).

    Raises
    ------
    UnknownNameError
        If there is no such layer.

    Examples
    --------
    >>> from carms_lib import data_dictionary
    >>> gold = data_dictionary("gold")
    >>> gold.loc[gold["column"] == "quota", ["table", "unit", "allowed"]].to_dict("records")
    [{'table': 'program', 'unit': 'seats', 'allowed': '>= 1'}]
    """
    if layer is not None and layer not in LAYERS:
        raise UnknownNameError("layer", layer, LAYERS)
    rows = []
    for name, tables in contracts().items():
        if layer is not None and name != layer:
            continue
        for promise in tables.values():
            targets = {part: target for parts, target in promise.references.items() for part in parts}
            for position, (label, schema) in enumerate(promise.schema.columns.items(), start=1):
                meaning = FIELDS[label]
                rows.append(
                    {
                        "layer": name,
                        "table": promise.name,
                        "version": promise.version,
                        "column": label,
                        "position": position,
                        "dtype": str(schema.dtype),
                        "nullable": bool(schema.nullable),
                        "key": label in promise.key,
                        "references": targets.get(label, ""),
                        "unit": meaning.unit,
                        "description": meaning.description,
                        "source": (schema.metadata or {}).get("source", ""),
                        "allowed": "; ".join(_allowed(check.name, check.statistics) for check in schema.checks),
                    }
                )
    return pd.DataFrame(rows)


def _allowed(check: str, limits: dict[str, Any]) -> str:
    match check:
        case "isin":
            return " | ".join(str(value) for value in limits["allowed_values"])
        case "greater_than_or_equal_to":
            return f">= {limits['min_value']}"
        case "less_than_or_equal_to":
            return f"<= {limits['max_value']}"
        case "str_matches":
            form = limits["pattern"].removeprefix("^(?:").removesuffix(r")\Z")
            return "" if form == ".+" else f"form {form}"
        case _:
            return check
