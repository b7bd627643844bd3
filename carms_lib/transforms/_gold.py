"""Silver to gold: one wide row per program, and the cells that a planner reads.

Belongs here: joins and sums. Does not belong here: any judgement on a value; silver has made them all.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from carms_lib.schemas import codes
from carms_lib.transforms._layer import Layer, empty_quarantine, held, provenance_of, shaped, step_row, steps_frame

__all__ = ["to_gold"]


def to_gold(silver: Mapping[str, pd.DataFrame]) -> Layer:
    """Join facts with their dimensions, and sum seats by cell.

    Parameters
    ----------
    silver : mapping of str to DataFrame
        What `to_silver` returned.

    Returns
    -------
    Layer
        "program", one row per program sorted by program_stream_id; and "cell", one row per release, province of
        the school, discipline and eligibility. Programs and seats [seats] sum to those of silver.

    Raises
    ------
    SchemaError
        If a table breaks its contract; a program without a band or a dimension member does.
    ArgumentError, UnknownNameError
        If another layer is given, or a table is not there.
    """
    provenance = provenance_of(silver)
    silver = held(silver, "silver")
    program = _program(silver)
    tables = {"program": program, "cell": _cell(program)}
    seats = int(silver["program"]["quota"].sum()), int(program["quota"].sum())
    n_read, n_kept = len(silver["program"]), len(program)
    steps = steps_frame([step_row("gold", "program", n_read, n_kept, 0, (*seats, 0))])
    return Layer("gold", tables, quarantine=empty_quarantine(), steps=steps, provenance=provenance)


def _program(silver: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    key = "program_stream_id"
    sections = silver["section"].groupby(key)["is_filled"].agg(n_sections="size", n_sections_filled="sum")
    program = (
        silver["program"]
        .merge(silver["release"], on="release_id", how="left", validate="many_to_one")
        .merge(silver["stream"], on="stream", how="left", validate="many_to_one")
        .merge(silver["school"], on="school", how="left", validate="many_to_one")
        .merge(silver["site"], on=["school", "site"], how="left", validate="many_to_one")
        .merge(_wide_bands(silver["band"]), on=key, how="left", validate="one_to_one")
        .merge(sections, on=key, how="left", validate="one_to_one")
        .fillna({"n_sections": 0, "n_sections_filled": 0})
    )
    return shaped(program, "gold", "program")


def _wide_bands(band: pd.DataFrame) -> pd.DataFrame:
    """Return one row per program: label and limits of each metric's band, named after the metric."""
    parts = {"band": "band", "band_lower": "lower", "band_upper": "upper"}
    wide = [
        band[band["metric"] == metric]
        .set_index("program_stream_id")[list(parts)]
        .rename(columns={column: f"{metric}_{part}" for column, part in parts.items()})
        for metric in codes.BAND_METRICS
    ]
    return pd.concat(wide, axis="columns").reset_index()


def _cell(program: pd.DataFrame) -> pd.DataFrame:
    keys = ["release_id", "province", "discipline", "eligibility"]
    cells = (
        program.rename(columns={"school_province": "province"})
        .groupby(keys)["quota"]
        .agg(programs="size", seats="sum")
        .reset_index()
    )
    return shaped(cells, "gold", "cell")
