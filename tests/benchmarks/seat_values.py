"""Measure seat value: one more seat in every program of the release, on many draws, against matching afresh.

Run it from the root of the project: ``python tests/benchmarks/seat_values.py [--draws 1000]``.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import resource
import statistics
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import carms_lib as carms
import numpy as np
from carms_lib.matching.scored.lists import new_scored_state
from carms_lib.matching.scored.vacancy_chains import index_scored, new_chain
from carms_lib.simulator.seats.added_seat import FollowedDraw, follow_draw
from carms_lib.simulator.seats.rematch import match_concerned_again
from carms_lib.simulator.seats.seat_chains import follow_every_seat
from carms_lib.simulator.seats.singles import match_singles
from carms_lib.simulator.seats.standing import Gains, Standing, new_chain_ends
from carms_lib.simulator.study.replay import DrawnMatch, plan_blocks, replay

HERE = Path(__file__).resolve().parent
OBJECTIVE = 60.0  # stated: seconds for all programs and 1,000 draws on two cores


def report() -> ModuleType:
    spec = importlib.util.spec_from_file_location("carms_benchmark_report", HERE / "_report.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def follow(drawn, programs: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Return seconds for a seat in every program of one draw, and who moves."""
    singles = match_singles(drawn)
    start = time.perf_counter()
    chain = new_chain(len(singles.match), programs, int(singles.position.sum()))
    index_scored(singles.ptr, singles.program, singles.score, singles.position, chain)
    found = new_chain_ends(programs)
    movers = follow_every_seat(singles, chain, found)
    return time.perf_counter() - start, found.mover_ptr, movers


def afresh(drawn, programs: int, mover_ptr: np.ndarray, movers: np.ndarray) -> float:
    """Match everybody again for a seat in every program; return seconds, and fail where the movers differ."""
    before, spent = match_singles(drawn), 0.0
    for p in range(programs):
        extra = np.zeros(programs, dtype=np.int32)
        extra[p] = 1
        start = time.perf_counter()
        after = match_singles(drawn, extra)
        spent += time.perf_counter() - start
        better = set(np.flatnonzero(after.position < before.position).tolist())
        if better != set(movers[mover_ptr[p] : mover_ptr[p + 1]].tolist()):
            message = f"draw {drawn.draw}, program {p}: the chain and matching afresh differ"
            raise SystemExit(message)
    return spent


class Couples(NamedTuple):
    """Seats of one draw, with couples: as they are followed, with couples who stay, and all solved afresh."""

    concerned: float  # share of the programs
    apart: float  # share of the programs in which solving afresh moves others than we say
    apart_if_held: float  # the same, had couples held their seats
    value: tuple[float, float, float]  # mean seat value: ours, couples held, afresh; a seat in proportion to seats
    seconds: float  # of one fresh match with couples


def with_couples(drawn: DrawnMatch, weight: np.ndarray) -> Couples:
    """Solve one draw afresh, couples and all, for a seat in every program."""
    programs, paired = len(drawn.quota), drawn.couples
    ours = follow_draw(drawn)
    held = follow_draw(drawn._replace(couples=paired._replace(is_stable=False)))
    state = new_scored_state(len(drawn.match), programs, int(drawn.quota.sum()) + 1, len(drawn.program))
    again = Gains(**{name: getattr(held, name).copy() for name in Gains._fields})
    before = Standing(quota=drawn.quota, match=drawn.match, position=paired.position)
    start = time.process_time()
    movers, unsettled = match_concerned_again(
        paired.lists, state, paired.order, before, np.ones(programs, dtype=bool), again, held.movers
    )
    seconds = (time.process_time() - start) / programs
    fresh = FollowedDraw(**again._asdict(), concerned=held.concerned, movers=movers, unsettled=unsettled)
    value = [float(weight @ np.diff(one.mover_ptr)) for one in (ours, held, fresh)]
    return Couples(float(ours.concerned.mean()), differ(ours, fresh), differ(held, fresh), tuple(value), seconds)


def differ(one: FollowedDraw, other: FollowedDraw) -> float:
    """Return the share of programs for which a seat moves others, or leaves others worse off."""
    own, theirs = (
        [frozenset(each.movers[low:high].tolist()) for low, high in itertools.pairwise(each.mover_ptr)]
        for each in (one, other)
    )
    apart = np.array([a != b for a, b in zip(own, theirs, strict=True)]) | (one.worse != other.worse)
    return float(apart.mean())


def main() -> None:
    """Measure and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1_000)
    parser.add_argument("--check", type=int, default=4, help="draws that are matched afresh for every program")
    parser.add_argument("--couples", type=int, default=30, help="draws that are matched afresh with couples")
    asked = parser.parse_args()
    market = carms.Market.from_gold(carms.build(carms.load_release()).gold, carms.load_cohort("2025"))
    carms.seat_values(market, n_draws=20, rng=1)  # compile
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    values = carms.seat_values(market, n_draws=asked.draws, rng=2025)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    _, plans = plan_blocks(market, max(asked.check, 2), 2025)
    chained, again = [], []
    for plan in plans:
        for drawn in replay(market, plan):
            seconds, mover_ptr, movers = follow(drawn, market.n_programs)
            chained.append(seconds)
            again.append(afresh(drawn, market.n_programs, mover_ptr, movers))
    weight = market.programs["quota"].to_numpy(float) / market.seats
    _, more = plan_blocks(market, max(asked.couples * 10, 20), 2025)
    firsts = (next(replay(market, plan)) for plan in more)  # one draw a setting of the inputs
    pairs = [with_couples(one, weight) for one in firsts if one.couples is not None and one.couples.is_stable]
    ours, held, afresh_value = np.mean([one.value for one in pairs], axis=0)
    mean = {name: float(np.mean([getattr(one, name) for one in pairs])) for name in ("concerned", "apart")}
    if_held = float(np.mean([one.apart_if_held for one in pairs]))
    match = statistics.median(one.seconds for one in pairs)
    each, fresh = statistics.median(chained), statistics.median(again)
    start = time.perf_counter()
    values.bands("discipline")
    view = time.perf_counter() - start
    figures = {
        "all programs, all draws": f"{wall:.1f} s wall, {cpu:.1f} s of CPU "
        f"(objective for 1,000 draws on two cores: {OBJECTIVE:.0f} s)",
        "chains of one draw, all programs": f"{1e3 * each:.2f} ms, {1e6 * each / market.n_programs:.1f} µs a seat",
        "the same by matching singles afresh": f"{1e3 * fresh:.0f} ms: {fresh / each:.0f} times as long, and the "
        f"same movers for every program of {len(again)} draws",
        "bands by discipline from what was kept": f"{1e3 * view:.0f} ms",
        "seats that concern a couple, solved afresh": f"{mean['concerned']:.1%} of {len(pairs)} draws' seats, at "
        f"{1e3 * match:.2f} ms a match with couples",
        "seats for which solving all afresh moves others": f"{mean['apart']:.2%}; were couples to hold their seats "
        f"{if_held:.1%}",
        "mean seat value, in proportion to seats": f"{ours:.3f}; all solved afresh {afresh_value:.3f}, couples held "
        f"{held:.3f}",
        "peak memory of the process": f"{after.ru_maxrss / 1024:.0f} MB",
    }
    head = (
        f"## Seat value\n\nOne more seat in each of {market.n_programs} programs on {asked.draws:,} draws, lists made "
        "anew, everybody matched again where a couple might move. Chains are of single applicants.\n\n"
        "| what | measured |\n| --- | --- |\n"
    )
    text = head + "\n".join(f"| {what} | {measured} |" for what, measured in figures.items())
    sys.stdout.write(f"{text}\n")
    report().write_section("seat-value", text)


if __name__ == "__main__":
    main()
