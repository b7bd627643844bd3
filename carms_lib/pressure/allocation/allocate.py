"""The verb `allocate_seats`.

Belongs here: reading what is asked, and the order of the steps. Does not belong here: each step, which is a module.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError
from carms_lib.pressure._arguments import check_count, check_name, check_names
from carms_lib.pressure.allocation.limits import SeatLimits, read_limits
from carms_lib.pressure.allocation.lottery import new_lottery
from carms_lib.pressure.allocation.objectives import province_need, read_aim, weights_of
from carms_lib.pressure.allocation.placement import judge, place_seats, prepare
from carms_lib.pressure.allocation.result import BY_VALUE, IN_PROPORTION, Allocation
from carms_lib.simulator import Market
from carms_lib.simulator.inputs.program_table import unknown_value
from carms_lib.simulator.study.replay import plan_blocks

__all__ = ["allocate_seats"]

_Cells = Mapping[str, Mapping[str, int]] | pd.DataFrame


def allocate_seats(
    market: Market,
    k: int | None = None,
    *,
    objective: str = "fewest_unmatched_cmg",
    discipline: str | None = None,
    need: str | pd.Series | None = None,
    among: Mapping[str, str | Sequence[str]] | None = None,
    floors: _Cells | None = None,
    ceilings: _Cells | None = None,
    budgets: _Cells | None = None,
    bound: bool = False,
    n_draws: int = 100,
    n_check: int = 500,
    rng: Any = None,
) -> Allocation:
    """Place k more seats where they do most for an objective, beside a lottery in proportion to the seats there are.

    Parameters
    ----------
    market : Market
    k : int, optional
        Seats to place, at least 1. None is the sum of `budgets`.
    objective : str, default "fewest_unmatched_cmg"
        One of `OBJECTIVES`: "fewest_unmatched_cmg", "most_filled_family_medicine", "most_filled",
        "most_first_choices", "most_better_off", "least_served_province" or "most_need_met".
    discipline : str, optional
        Of "most_filled": whose seats are counted.
    need : str or pandas.Series, optional
        Of "most_need_met": the weight of a filled seat in each program, a column of the market's programs or a
        Series by program_stream_id; not negative.
    among : mapping of str to str or sequence of str, optional
        Only programs with these values, such as ``{"province": "ON"}``. Programs without a seat are closed and get
        none.
    floors, ceilings : mapping or pandas.DataFrame, optional
        Fewest and most added seats of groups of programs, by columns of the programs:
        ``{"province": {"NL": 2}, "discipline": {"Psychiatry": 1}}``. A frame with key columns and a column seats
        limits cells of several columns.
    budgets : mapping or pandas.DataFrame, optional
        Seats available to each group, in the same form: a ceiling each, and nothing for groups that are not named.
    bound : bool, default False
        Whether to find what no placement can exceed; see `Allocation.find_bound`.
    n_draws : int, default 100
        Draws that choose the places.
    n_check : int, default 500
        Other draws that judge them.
    rng : int, numpy.random.SeedSequence, numpy.random.Generator or None
        As in `simulate`.

    Returns
    -------
    Allocation

    Raises
    ------
    UnknownNameError
        An unknown objective, discipline, column or value.
    ArgumentError
        k, n_draws or n_check is not a positive whole number, k is more than the seats there are, no program with a
        seat is selected, an argument does not belong to the objective, or the limits cannot hold together: the
        message names those that must give way.

    Notes
    -----
    Equal values go to the seat that leaves more applicants better off, then to the first program in the market's
    table. Memory grows with n_draws: about one megabyte a national draw.

    The need of "least_served_province" is first choices in the province over those that it would have if each of its
    seats had as many as seats of its kind (CMG, IMG, …) have in the country: 1 is the average.
    """
    n_draws, n_check = check_count("n_draws", n_draws), check_count("n_check", n_check)
    k = None if k is None else check_count("k", k)
    entropy, choosing = plan_blocks(market, n_draws, rng)
    aim = read_aim(market, objective, discipline, need)
    if not isinstance(bound, (bool, np.bool_)):
        raise ArgumentError(f"bound={bound!r} must be True or False.")
    given = {"floors": floors, "ceilings": ceilings, "budgets": budgets}
    limits = _limits(market, {} if among is None else among, k, given)
    # The draws that judge are keyed by another entropy, which is a function of the first.
    other = int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> np.uint64(1))
    _, judging = plan_blocks(market, n_check, other)
    lottery = new_lottery(market, limits)
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        draws = [draw for block in pool.map(lambda plan: prepare(market, plan), choosing) for draw in block]
        if objective == "least_served_province":
            aim = replace(aim, need=province_need(market, [draw.singles for draw in draws]))
        steps = place_seats(draws, weights_of(market, aim, aim.metric), limits, pool, workers)
        placed = np.bincount([program for program, _ in steps], minlength=market.n_programs)
        placements = {BY_VALUE: lambda _: placed, IN_PROPORTION: lambda draw: lottery.draw(other, draw)}
        parts = list(pool.map(lambda plan: judge(market, plan, placements, aim), judging))
    gains_of = {name: np.concatenate([part[name] for part in parts]) for name in placements}
    ids = market.programs["program_stream_id"]
    frame = market.programs[[c for c in ("discipline", "school", "site", "program_stream_id") if c in market.programs]]
    frame = frame.assign(by_seat_value=placed, in_proportion=lottery.expected)
    if aim.need is not None:
        frame["need"] = aim.need
    first = {program: step for step, (program, _) in reversed(list(enumerate(steps, 1)))}
    frame["first_step"] = pd.array([first.get(p) for p in range(len(frame))], dtype="Int64")
    table = pd.DataFrame(
        {
            "step": np.arange(1, len(steps) + 1),
            "program_stream_id": ids.iloc[[program for program, _ in steps]].to_numpy(),
            "value": [value for _, value in steps],
        }
    )
    settings: dict[str, Any] = {"k": limits.k, "objective": objective, "among": dict(among or {})}
    settings |= {"discipline": discipline} if discipline is not None else {}
    settings |= {"need": need if isinstance(need, str) else "given"} if need is not None else {}
    settings |= {"limits": list(limits.words)} if limits.words else {}
    provenance = market.provenance.with_settings(entropy=entropy, n_draws=n_draws, n_check=n_check, **settings)
    made = Allocation(
        frame[limits.eligible].reset_index(drop=True), table, limits.k, objective, provenance,
        _gains=gains_of, _market=market, _aim=aim, _lottery=lottery, _among=dict(among or {}),
    )  # fmt: skip
    return replace(made, bound=made.find_bound()) if bound else made


def _limits(market: Market, among: Mapping[str, Any], k: int | None, given: Mapping[str, Any]) -> SeatLimits:
    """Return the limits of a placement, checked, with the programs that `among` selects."""
    limits = read_limits(market, _select(market, among), k, given)
    if limits.k > market.seats:
        raise ArgumentError(
            f"k={limits.k} is more than the {market.seats} seats that there are, and seats are placed one by one. For "
            "so many, simulate a scenario with scale_quota."
        )
    return limits


def _select(market: Market, among: Mapping[str, str | Sequence[str]]) -> np.ndarray:
    """Return which programs may get a seat, bool of shape (P,)."""
    programs = market.programs
    eligible = (programs["quota"] > 0).to_numpy(bool)
    if not isinstance(among, Mapping):
        raise ArgumentError(f"among={among!r} must map columns to values, such as {{'province': 'ON'}}.")
    for column, values in among.items():
        check_name("among", column, programs.columns)
        wanted, texts = check_names(column, values), programs[column].astype(str)
        for value in wanted:
            if not (texts == value).any():
                raise unknown_value(programs, column, value)
        eligible = eligible & texts.isin(wanted).to_numpy()
    if not eligible.any():
        raise ArgumentError(f"among={dict(among)!r} selects no program that has a seat.")
    return eligible
