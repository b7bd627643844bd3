"""A check as a value, what it may look at, and how checks are run.

Belongs here: the seam at which a user's own checks join those of the library. Does not belong here: which checks a
build runs by default (`_defaults`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd
import pandera.pandas as pa

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.quality._report import CHECK_KINDS, CheckResult
from carms_lib.quality._rows import Tables, check_share, keys_of
from carms_lib.schemas import LAYERS, Reference, contract, load_reference

if TYPE_CHECKING:
    from typing import Self

__all__ = ["STEPS", "Check", "Evidence", "Found", "run_checks"]

STEPS = LAYERS[:4]
"""The steps of a build, after each of which checks run."""

Found: TypeAlias = CheckResult | Iterable[CheckResult]


@dataclass(frozen=True)
class Evidence:
    """What a check may look at: the layers built so far, the last release, and the day.

    Parameters
    ----------
    layers : mapping of str to mapping of str to DataFrame
        Layer -> table -> frame. When the checks of a step run, its layer and those before it are there; "raw" holds
        the tables as the loader returned them.
    previous : mapping of str to mapping of str to DataFrame, optional
        The same of the last release, as far as it is at hand; the layers of an earlier build will do, and so will
        ``{"gold": {"program": frame}}`` from a warehouse. Empty where nothing is to be compared with.
    as_of : date, optional
        The day on which freshness is judged; None where it is not judged.
    steps : DataFrame, optional
        Rows and seats of each step so far (contract audit.step).
    quarantine : DataFrame, optional
        What was set aside so far (contract audit.quarantine).
    expected : DataFrame, optional
        The reviewed figures of the release, as `load_expected` returns them.
    reference : Reference, optional
        The reviewed reference data; by default that which ships with the library.
    """

    layers: Mapping[str, Tables]
    previous: Mapping[str, Tables] = field(default_factory=dict)
    as_of: dt.date | None = None
    steps: pd.DataFrame | None = None
    quarantine: pd.DataFrame | None = None
    expected: pd.DataFrame | None = None
    reference: Reference = field(default_factory=load_reference)

    def __getitem__(self, layer: str) -> Tables:
        """Return the tables of a layer; UnknownNameError if it is not built yet."""
        if layer not in self.layers:
            raise UnknownNameError("layer", layer, self.layers)
        return self.layers[layer]

    def had(self, layer: str, table: str) -> bool:
        """Answer whether the last release has the `table` of this `layer`, so that it can be compared with."""
        return layer in self.previous and table in self.previous[layer]


@dataclass(frozen=True)
class Check:
    """One check, or a group of checks of one origin, that runs after one step of a build.

    Parameters
    ----------
    step : str
        "raw", "bronze", "silver" or "gold".
    name : str
        What it is called, among those that run after the step.
    look : callable
        Takes `Evidence` and returns a `CheckResult`, or several.

    Raises
    ------
    ArgumentError
        If `step` is no step, or `name` is empty.

    Examples
    --------
    >>> import carms_lib as carms
    >>> from carms_lib.quality import Check
    >>> large = Check.of_rows(
    ...     "no program above 100 seats", "gold.program", lambda program: program["quota"] > 100, threshold=0.01
    ... )
    >>> layers = carms.build(carms.load_release(), checks=[large])
    >>> print(next(r for r in layers.report.results if r.check == "no program above 100 seats").line())
    ok   warning  no program above 100 seats (program): 1 of 815 (0.1%); allowed: at most 1.0%; 27587
    """

    step: str
    name: str
    look: Callable[[Evidence], Found]

    def __post_init__(self) -> None:
        if self.step not in STEPS:
            raise UnknownNameError("step", self.step, STEPS)
        if not self.name:
            msg = "name='' is empty: name the check, so that a report can tell which one failed."
            raise ArgumentError(msg)

    @classmethod
    def of_rows(
        cls,
        name: str,
        table: str,
        failing: Callable[[pd.DataFrame], pd.Series[bool]],
        *,
        severity: str = "warning",
        threshold: float = 0.0,
        columns: Sequence[str] = (),
        kind: str = "own",
    ) -> Self:
        """Make a check of a rule about rows.

        Parameters
        ----------
        name : str
            What it is called.
        table : str
            Layer and table, such as "gold.program"; it runs after the step of that layer.
        failing : callable
            Takes the frame and returns a truth value per row: true where the row fails.
        severity : str, default "warning"
            "critical" stops the build.
        threshold : float, default 0.0
            Largest share of rows that may fail, 0 to 1.
        columns : sequence of str
            The columns that it looks at, for the record.
        kind : str, default "own"
            One of `CHECK_KINDS`.

        Returns
        -------
        Check

        Raises
        ------
        UnknownNameError
            If there is no such table or kind.
        """
        layer, short = _layer_and_table(table)
        if kind not in CHECK_KINDS:
            raise UnknownNameError("kind", kind, CHECK_KINDS)

        def look(evidence: Evidence) -> CheckResult:
            frame = evidence[layer][short]
            rows: object = failing(frame)
            if not isinstance(rows, pd.Series) or len(rows) != len(frame):
                msg = (
                    f"The check {name!r} returned {type(rows).__name__} for the {len(frame):,} rows of {table}. Return "
                    "a Series with one truth value per row, true where the row fails."
                )
                raise ArgumentError(msg)
            keys = _row_keys(frame, rows.fillna(False).astype(bool), layer, short)
            result = check_share(
                layer, name, short, keys, len(frame), threshold=threshold, severity=severity, columns=columns
            )
            return CheckResult(**(vars(result) | {"kind": kind}))

        return cls(layer, name, look)

    @classmethod
    def of_schema(
        cls,
        name: str,
        table: str,
        schema: pa.DataFrameSchema,
        *,
        severity: str = "warning",
        threshold: float = 0.0,
    ) -> Self:
        """Make a check of a pandera schema.

        Parameters
        ----------
        name : str
            What it is called.
        table : str
            Layer and table, such as "silver.program".
        schema : pandera.DataFrameSchema
            Whatever pandera can ask of a frame; columns that it does not name are free.
        severity : str, default "warning"
            "critical" stops the build.
        threshold : float, default 0.0
            Largest share of rows that may fail, 0 to 1. A fault of the whole table (a column that is missing or of
            another type) fails at any threshold.

        Returns
        -------
        Check

        Raises
        ------
        UnknownNameError
            If there is no such table.
        """
        layer, short = _layer_and_table(table)

        def look(evidence: Evidence) -> CheckResult:
            frame = evidence[layer][short].reset_index(drop=True)
            cases = _failure_cases(frame, schema)
            # Of another type is the whole column, also where pandas asks pyarrow and pandera lists every row.
            is_whole = cases["index"].isna() | cases["check"].astype("string").str.startswith("dtype(")
            at = cases.loc[~is_whole, "index"].astype(int)
            rows = pd.Series(frame.index.isin(at), index=frame.index)
            whole = cases.loc[is_whole, "check"].astype("string").unique().tolist()
            told = ", ".join([*whole, *sorted({str(check) for check in cases.loc[at.index, "check"]})])
            keys = _row_keys(frame, rows, layer, short)
            columns = tuple(str(column) for column in schema.columns)
            result = check_share(
                layer, name, short, keys, len(frame), threshold=threshold, severity=severity, columns=columns, note=told
            )
            if not whole:
                return result
            return CheckResult(**(vars(result) | {"passed": False, "observed": f"the table fails: {told}"}))

        return cls(layer, name, look)


def run_checks(checks: Iterable[Check], evidence: Evidence, step: str) -> list[CheckResult]:
    """Run the checks of one step.

    Parameters
    ----------
    checks : iterable of Check
        Those of other steps are passed over.
    evidence : Evidence
    step : str

    Returns
    -------
    list of CheckResult
        In the order of `checks`.

    Raises
    ------
    ArgumentError
        If a check returns no result, one of another step, or one that is named like another of the same table.
    UnknownNameError
        If there is no such step.

    Notes
    -----
    What a check raises goes through, with a note that names the check: a check that cannot look is a fault of the
    check, and no finding about the data.
    """
    if step not in STEPS:
        raise UnknownNameError("step", step, STEPS)
    results: list[CheckResult] = []
    seen: set[tuple[str, str]] = set()
    for check in checks:
        if check.step != step:
            continue
        try:
            found = check.look(evidence)
            given: list[Any] = [found] if isinstance(found, CheckResult) else list(found)
        except Exception as error:
            error.add_note(f"raised by the check {check.name!r} after step {step!r}")
            raise
        for result in given:
            _require_result(result, check, seen)
            seen.add((result.check, result.table))
            results.append(result)
    return results


def _require_result(result: object, check: Check, seen: set[tuple[str, str]]) -> None:
    if not isinstance(result, CheckResult):
        msg = f"The check {check.name!r} returned {type(result).__name__}. Return a CheckResult, or a list of them."
        raise ArgumentError(msg)
    if result.step != check.step:
        msg = f"The check {check.name!r} runs after step {check.step!r} and returned a result of {result.step!r}."
        raise ArgumentError(msg)
    if (result.check, result.table) in seen:
        msg = (
            f"Two checks after step {check.step!r} are called {result.check!r} and look at {result.table!r}. "
            "Give one of them another name."
        )
        raise ArgumentError(msg)


def _failure_cases(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases: pd.DataFrame = errors.failure_cases
        return cases
    return pd.DataFrame({"index": pd.Series(dtype="Int64"), "check": pd.Series(dtype="object")})


def _layer_and_table(table: str) -> tuple[str, str]:
    layer, _, short = table.partition(".")
    contract(layer, short)  # raises for what is not there
    return layer, short


def _row_keys(frame: pd.DataFrame, rows: pd.Series[bool], layer: str, table: str) -> tuple[str, ...]:
    parts = [keys_of(frame, rows, column) for column in contract(layer, table).key]
    return tuple(" / ".join(key) for key in zip(*parts, strict=True))
