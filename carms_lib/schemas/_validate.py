"""Validation of a frame against its contract, and the one screen that lists its faults.

Belongs here: running pandera to the end and turning its failures into one readable error, and the redaction of contact
details in the values that it shows. Does not belong here: rules, which are in the registry of fields; references of
tables, which `carms_lib.quality` checks; the removal of contacts from pages, which the loaders do before any table
exists.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import pandera.pandas as pa

from carms_lib.argument_checks import check_instance, check_text, check_whole
from carms_lib.exceptions import SchemaError, UnknownNameError
from carms_lib.schemas._model import Text, contracts

if TYPE_CHECKING:
    from carms_lib.schemas._model import TableContract

__all__ = ["CONTACT", "contract", "redact_contacts", "show_value", "validate"]

_SHOWN = 5


class _Fault(NamedTuple):
    column: str
    rule: str
    n_rows: int
    examples: tuple[str, ...]


def contract(layer: str, table: str) -> TableContract:
    """Return the contract of one table.

    Parameters
    ----------
    layer : str
        "raw", "bronze", "silver", "gold" or "audit".
    table : str
        Name of the table.

    Returns
    -------
    TableContract

    Raises
    ------
    UnknownNameError
        If there is no such layer, or no such table in it.
    """
    for argument, value in {"layer": layer, "table": table}.items():
        check_text(argument, value, "gold" if argument == "layer" else "program")
    known = contracts()
    if layer not in known:
        raise UnknownNameError("layer", layer, known)
    if table not in known[layer]:
        raise UnknownNameError("table", table, known[layer])
    return known[layer][table]


def validate(frame: pd.DataFrame, layer: str, table: str) -> pd.DataFrame:
    """Hold a frame against its contract.

    Parameters
    ----------
    frame : DataFrame
        The table to check.
    layer : str
        Its layer.
    table : str
        Its name.

    Returns
    -------
    DataFrame
        The same rows; a raw table has its columns put in the contract's order.

    Raises
    ------
    SchemaError
        If a column is missing, extra, renamed, out of order or of another type, or if a value, a missing
        value or a repeated key breaks a rule. All faults are collected; each names table, column, rule and
        the first five offending rows by key.
    UnknownNameError
        If there is no such layer or table.
    """
    check_instance("frame", frame, pd.DataFrame, "gold['program']")
    promise = contract(layer, table)
    faults = _column_faults(frame, promise)
    if not faults:
        frame = frame[promise.columns]
        faults = _value_faults(frame.reset_index(drop=True), promise)
    if faults:
        raise SchemaError(_screen(faults, promise))
    return frame


def _column_faults(frame: pd.DataFrame, promise: TableContract) -> list[_Fault]:
    given = [str(name) for name in frame.columns]
    missing = [name for name in promise.columns if name not in given]
    extra = [name for name in given if name not in promise.columns]
    faults = []
    for name in missing:
        near = difflib.get_close_matches(name, extra, n=1, cutoff=0.6)
        if near:
            extra.remove(near[0])
            rule = f"is missing; the table has {near[0]!r} instead: was it renamed?"
        else:
            rule = "is missing"
        faults.append(_Fault(name, rule, 0, ()))
    faults += [_Fault(name, "is not part of the contract", 0, ()) for name in extra]
    faults += [_Fault(name, "stands more than once", 0, ()) for name in dict.fromkeys(given) if given.count(name) > 1]
    if not faults and promise.layer != "raw" and given != promise.columns:
        name = next(ours for ours, theirs in zip(promise.columns, given, strict=True) if ours != theirs)
        faults.append(_Fault(name, f"is out of order; expected: {', '.join(promise.columns)}", 0, ()))
    return faults


def _holds(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> bool:
    """Answer whether a frame certainly keeps a schema, in a fraction of the time that pandera needs to say so.

    False is no verdict: it sends the frame to pandera, which alone words the faults. So does whatever is not
    understood here, such as a kind of check that no contract had when this was written.
    """
    if schema.checks or schema.index is not None:
        return False
    for name, rule in schema.columns.items():
        column = frame[name]
        if isinstance(rule.dtype, Text):
            right_type = isinstance(column.dtype, pd.StringDtype)
        else:
            right_type = column.dtype == rule.dtype.type
        if not right_type or (rule.unique and not column.is_unique):
            return False
        if column.hasnans and not rule.nullable:
            return False
        given = column.dropna() if rule.checks and column.hasnans else column
        for check in rule.checks:
            match check.name:
                case "greater_than_or_equal_to":
                    kept = given >= check.statistics["min_value"]
                case "less_than_or_equal_to":
                    kept = given <= check.statistics["max_value"]
                case "isin":
                    kept = given.isin(check.statistics["allowed_values"])
                case "str_matches":
                    kept = given.str.match(check.statistics["pattern"])
                case _:
                    return False
            if not kept.all():
                return False
    return not (schema.unique and frame.duplicated(subset=list(schema.unique)).any())


def _value_faults(frame: pd.DataFrame, promise: TableContract) -> list[_Fault]:
    if _holds(frame, promise.schema):
        return []
    try:
        promise.schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return []
    labels = _row_labels(frame, promise)
    wrong_type = set(cases.loc[cases["check"].str.startswith("dtype("), "column"])
    faults = []
    for (name, check), group in cases.groupby(["column", "check"], sort=False):
        is_type = check.startswith("dtype(")
        if name in wrong_type and not is_type:
            continue  # a rule on values means nothing where the type is wrong
        if is_type:
            wanted = check[len("dtype('") : -len("')")]
            faults.append(_Fault(name, f"must be of type {wanted}, is {frame[name].dtype}", 0, ()))
            continue
        keyed = check == "multiple_fields_uniqueness"
        group = group.sort_values("index", kind="stable")  # pandera's own order differs between its releases
        rows = group["index"].dropna().astype(int).drop_duplicates()
        values = [None if keyed else value for value in group["failure_case"]]
        examples = tuple(_example(labels[row], value) for row, value in zip(rows, values, strict=False))
        column = "+".join(promise.key) if keyed else str(name)
        fault = _Fault(column, _rule(check), len(rows), examples[:_SHOWN])
        if fault not in faults:  # a composite key fails once for each of its columns
            faults.append(fault)
    return faults


def _row_labels(frame: pd.DataFrame, promise: TableContract) -> list[str]:
    parts = [frame[name].map(show_value, na_action="ignore").fillna("missing") for name in promise.key]
    return [" / ".join(key) for key in zip(*parts, strict=True)]


def _example(label: str, value: Any) -> str:
    return label if value is None or pd.isna(value) else f"{label} ({show_value(value)!r})"


_RULES = (
    (r"greater_than_or_equal_to\((.*)\)", r"must be at least \1"),
    (r"less_than_or_equal_to\((.*)\)", r"must be at most \1"),
    (r"isin\(\[(.*)\]\)", r"must be one of \1"),
    (r"str_matches\('\^\(\?:(.*)\)\\+Z'\)", r"must have the form \1"),
    (r"not_nullable", "must not be missing"),
    (r"field_uniqueness|multiple_fields_uniqueness", "must be unique"),
)


def _rule(check: str) -> str:
    for pattern, wording in _RULES:
        found = re.fullmatch(pattern, check, flags=re.DOTALL)
        if found:
            return found.expand(wording)
    return f"must satisfy {check}"


def _screen(faults: list[_Fault], promise: TableContract) -> str:
    count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
    lines = [f"{promise.layer}.{promise.name} breaks its contract (version {promise.version}): {count}."]
    for fault in faults:
        lines.append(f"  {fault.column}: {fault.rule}")
        if fault.n_rows:
            more = f" and {fault.n_rows - _SHOWN} more" if fault.n_rows > _SHOWN else ""
            lines.append(f"    rows by {'+'.join(promise.key)}: {', '.join(fault.examples)}{more}")
    lines.append(
        f"Compare with carms_lib.data_dictionary({promise.layer!r}); "
        "correct the source, or raise the contract's version if the publication has changed."
    )
    return "\n".join(lines)


# --- values that may be shown ----------------------------------------------------------------------------

CONTACT = re.compile(
    r"[\w.+'’-]+\s?@\s?[\w-]+(?:\.[\w-]+)+"  # e-mail address
    r"|(?<![\d-])(?:\+?1[ .-]?)?\(?\d{3}\)?[ .-]{0,2}\d{3}[ .-]\d{4}(?!\d)"  # ten-digit telephone number
    r"|(?<![\d-])\d{3}[-.]\d{4}(?![\d-])"  # seven-digit telephone number
)
"""An e-mail address or a North American telephone number."""


def redact_contacts(text: str) -> str:
    """Return `text` with every e-mail address and telephone number replaced by "[contact]"."""
    check_instance("text", text, str, "str(value)")
    return CONTACT.sub("[contact]", text)


def show_value(value: object, width: int = 60) -> str:
    """Return `value` as text that may be shown to anyone: no contact detail, at most `width` characters."""
    check_whole("width", width, 60)
    text = redact_contacts(str(value))
    return text if len(text) <= width else text[: width - 1] + "…"
