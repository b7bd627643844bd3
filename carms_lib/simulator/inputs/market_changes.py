"""Markets made from markets: other programs, other schools, everything else as it was.

Belongs here: putting new or changed rows into a market's table and arrays, and laying its applicants out anew. Does not
belong here: what a scenario asks for, and markets made from tables alone.

A market carries what levers have done to it in its arrays, so it is not built again from its table: rows that are new
or changed are built, and put among the others.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from carms_lib.simulator.inputs.applicants import build_roster
from carms_lib.simulator.inputs.market import Market, assemble
from carms_lib.simulator.inputs.program_table import check_programs
from carms_lib.simulator.inputs.rules import reversion_targets
from carms_lib.simulator.inputs.tables import AXES

__all__ = ["reverting", "with_programs", "with_schools"]

# Numbers of programs and of disciplines change with the table: built anew, never carried over.
_NUMBERED = {"program_discipline", "discipline_start", "reverts_to"}
_OF_PROGRAMS = tuple(name for name, axis in AXES.items() if axis == "program" and name not in _NUMBERED)
_OF_DISCIPLINES = tuple(name for name, axis in AXES.items() if axis == "discipline" and name not in _NUMBERED)

# Arrays that say what the words of a row say: stream, language, place, school, band. A changed row has them anew; all
# others stay as levers have left them.
_FROM_WORDS = {
    "first_open",
    "second_open",
    "only_abroad",
    "residence",
    "interview_low",
    "interview_high",
    "program_language",
    "program_school",
    "program_province",
}


def with_programs(market: Market, rows: pd.DataFrame) -> Market:
    """Return a market with some programs added or changed.

    Parameters
    ----------
    market : Market
    rows : pandas.DataFrame
        One row per program with the columns of the market's own table. A row whose program_stream_id the market has
        takes the place of that program; appeal, quotas and interviews stay as levers have left them.

    Returns
    -------
    Market
    """
    fresh = check_programs(rows, market.cohort)
    kept = market.programs[~market.programs["program_stream_id"].isin(fresh["program_stream_id"])]
    table = pd.concat([kept, fresh]).sort_values(["discipline", "program_stream_id"], ignore_index=True)
    built = assemble(table, market.cohort, market.provenance, {}).tables
    before = pd.Index(market.programs["program_stream_id"]).get_indexer(pd.Index(table["program_stream_id"]))
    known = before >= 0
    unchanged = known & ~table["program_stream_id"].isin(fresh["program_stream_id"]).to_numpy()
    arrays: dict[str, np.ndarray] = {}
    for name in _OF_PROGRAMS:
        arrays[name] = getattr(built, name).copy()
        stays = unchanged if name in _FROM_WORDS else known
        arrays[name][stays] = getattr(market.tables, name)[before[stays]]
    names = pd.Index(market.programs["discipline"].unique())
    place = names.get_indexer(pd.Index(table["discipline"].unique()))
    for name in _OF_DISCIPLINES:
        arrays[name] = getattr(built, name).copy()
        arrays[name][..., place >= 0] = getattr(market.tables, name)[..., place[place >= 0]]
    arrays["program_discipline"], arrays["discipline_start"] = built.program_discipline, built.discipline_start
    tables = market.tables._replace(**arrays, reverts_to=np.full(len(table), -1, dtype=np.int32))
    made = replace(market, programs=table.assign(quota=tables.program_quota.astype(np.int64)), tables=tables)
    if (market.tables.reverts_to >= 0).any():
        made = made.with_tables(reverts_to=reverting(made))
    return made


def reverting(market: Market) -> np.ndarray:
    """Return which program takes each one's unfilled seats by the cohort's rules; -1 for none, and for the closed."""
    where = market.cohort.provinces["reverts"].reindex(market.programs["school_province"]).to_numpy(bool)
    target = reversion_targets(market.programs, where)
    closed = market.tables.first_open == 0
    target[closed] = -1
    target[(target >= 0) & closed[np.maximum(target, 0)]] = -1
    return target


def with_schools(market: Market, schools: pd.DataFrame) -> Market:
    """Return a market whose graduates come from other schools, or in another mix."""
    cohort = replace(market.cohort, schools=schools)
    roster = build_roster(cohort, market.size_factor)
    tables = market.tables._replace(**roster.arrays)
    return replace(market, cohort=cohort, tables=tables, applicants=roster.applicants)
