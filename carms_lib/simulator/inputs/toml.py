"""Writing TOML: the few kinds of value that cohorts and scenarios hold.

Belongs here: text, numbers, truth values, lists of these, and tables of tables. Does not belong here: reading,
which the standard library does.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["dump_toml"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dump_toml(record: Mapping[str, Any]) -> str:
    """Return `record` as TOML text.

    Parameters
    ----------
    record : mapping
        Values are str, bool, int, float, lists of these, or mappings. A mapping whose values are plain is written
        as one inline table a line, so that a table of numbers reads like a table.

    Returns
    -------
    str
        `tomllib.loads` gives `record` back.
    """
    lines: list[str] = []
    _write_table(record, (), lines)
    return "\n".join(lines).strip() + "\n"


def _write_table(record: Mapping[str, Any], path: tuple[str, ...], lines: list[str]) -> None:
    tables = {key: value for key, value in record.items() if _is_deep(value)}
    if path and len(tables) < len(record):
        lines += ["", f"[{'.'.join(map(_key, path))}]"]
    for key, value in record.items():
        if key not in tables:
            lines.append(f"{_key(key)} = {_value(value)}")
    for key, value in tables.items():
        _write_table(value, (*path, key), lines)


def _is_deep(value: Any) -> bool:
    """A mapping that gets a heading of its own: top-level tables, and tables that hold tables."""
    return isinstance(value, Mapping) and (
        not value or any(isinstance(v, Mapping) for v in value.values()) or _is_flat_top(value)
    )


def _is_flat_top(value: Mapping[str, Any]) -> bool:
    # A mapping of short name -> text, such as `sources`, or of name -> list, such as `draws`, reads better as a table
    # than on one line.
    return all(isinstance(v, str) for v in value.values()) or all(isinstance(v, list) for v in value.values())


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    # JSON's escapes of a string are TOML's.
    return json.dumps(value, ensure_ascii=False)


def _value(value: Any) -> str:
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return {math.inf: "inf", -math.inf: "-inf"}.get(value, "nan")
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    msg = f"{type(value).__name__} has no TOML form"
    raise TypeError(msg)
