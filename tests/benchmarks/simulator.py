"""What a simulated match costs; writes the section `simulator` of docs/performance.md.

    python tests/benchmarks/simulator.py            # some minutes on two quiet cores
    python tests/benchmarks/simulator.py --full     # with the 10,000 draws of the claim, not a tenth of them

Costs of one core are CPU time, so that a busy machine disturbs them less; what is compared is measured in turns.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import carms_lib as carms
import numpy as np
from _report import write_section
from carms_lib.kernels.jit import from_python, kernel
from carms_lib.kernels.noise import Purpose, bits_of
from carms_lib.kernels.variates import logistic
from carms_lib.matching.scored.lists import new_scored_state
from carms_lib.simulator.draw import (
    block,
    couples,
    disciplines,
    exponential_race,
    first_iteration,
    interviews,
    participation,
    rank_lists,
    second_iteration,
    wishes,
)
from carms_lib.simulator.draw.workspace import new_space

BIG = ((1.0, 30), (100.0, 10))  # sizes, and draws that tell enough of their cost: whole blocks
MORE = carms.Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")
ENTROPY = np.uint64(2025)
STEPS = 30_000_000  # of a plain loop, to tell how fast the machine is

_who_takes_part, _first_of_list = from_python(participation.who_takes_part), from_python(rank_lists._first_of_list)
_choose_disciplines = from_python(disciplines.choose_disciplines)
_write_wishes, _read_files = from_python(wishes.write_wishes), from_python(interviews.read_files)
_interview = from_python(interviews.interview)
_choose_couples, _write_pairs = from_python(couples.choose_couples), from_python(couples.write_pairs)
_second_iteration = from_python(second_iteration.second_iteration)


_write_wish_lists = from_python(rank_lists.write_wish_lists)


@kernel
def _exact(low, high, key, wait, out):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        out[i] = exponential_race.arrival(bits_of(low[i], high[i], key[i], key[i]), wait[i])


@kernel
def _bounds(low, high, key, wait, out):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        out[i] = exponential_race._bound(bits_of(low[i], high[i], key[i], key[i]), wait[i])


@kernel
def _noise(low, high, key, wait, out):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        wait[i] += logistic(bits_of(low[i], high[i], key[i], key[i]))


@kernel
def _applicants(entropy, draw, theta, tables, space):  # type: ignore[no-untyped-def]
    """What a draw makes of each applicant alone."""
    wishes.draw_breadths(entropy, draw, theta, tables, space.breadth)
    interviews.draw_merit(entropy, draw, theta, tables, space.merit)


def national(cohort: carms.Cohort | None = None, size: float = 1.0) -> carms.Market:
    """The market of the bundled release; with `size`, as many times its applicants and seats."""
    cohort = cohort or carms.load_cohort("2025")
    programs = carms.build(carms.load_release()).gold["program"]
    if size != 1.0:
        classes = cohort.classes.copy()
        for column in ("size", "low", "high"):
            classes[column] = classes[column] * size
        cohort = replace(cohort, classes=classes)
        programs = programs.assign(quota=(programs["quota"] * size).astype(int))
    return carms.Market.from_gold(programs, cohort)


def with_lists(factor: float) -> carms.Cohort:
    """The bundled cohort with lists so many times as long."""
    cohort = carms.load_cohort("2025")
    for name in ("applications_first", "applications_behind"):
        value = float(cohort.parameters.loc[name, "value"]) * factor
        cohort = cohort.with_parameter(name, value, source="a benchmark")
    return cohort


class Case(NamedTuple):
    """What is asked for in one call."""

    market: carms.Market
    n_draws: int
    scenarios: tuple[carms.Scenario, ...] = ()


def cpu_of_draw(*cases: Case, rounds: int = 4) -> list[float]:
    """Least CPU time of one draw on one core in each case [s]; taken in turns, so that a slow moment meets them all."""
    least = [float("inf")] * len(cases)
    with ThreadPoolExecutor(1) as one:
        for turn in range(rounds + 1):
            for i, case in enumerate(cases):
                n_draws = case.n_draws if turn else 1  # the first compiles, and makes the work space
                start = time.process_time()
                carms.simulate(case.market, *case.scenarios, n_draws=n_draws, rng=1, executor=one)
                if turn:
                    least[i] = min(least[i], (time.process_time() - start) / n_draws)
    return least


class Phases:
    """The steps of a draw, one call each, on the national market."""

    def __init__(self, market: carms.Market) -> None:
        self.market, tables = market, market.tables
        self.theta = market.cohort.parameters["value"].to_numpy(float).copy()
        self.sizes = market.cohort.classes["size"].to_numpy(float).copy()
        n, programs = market.n_applicants, market.n_programs
        self.space = new_space(tables)
        self.wished, self.ranked = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
        self.state = new_scored_state(n, programs, 2 * market.seats, len(self.space.lists.idx))
        self.seats = first_iteration.Seats(stated=tables.program_quota, reverts_to=tables.reverts_to)
        self.spent: dict[str, list[float]] = {}

    def tick(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        start = time.process_time()
        result = function(*arguments)
        self.spent.setdefault(name, []).append(time.process_time() - start)
        return result

    def draw(self, number: int) -> None:
        tables, theta, space, state = self.market.tables, self.theta, self.space, self.state
        self.tick("weights of a block, a tenth", rank_lists.begin_block, ENTROPY, 0, theta, tables, space)
        _who_takes_part(ENTROPY, number, self.sizes, tables, space.taking_part)
        self.tick("merit and breadth", _applicants, ENTROPY, number, theta, tables, space)
        self.tick("disciplines", _choose_disciplines, ENTROPY, number, theta, tables, space)
        self.tick("programs wished for", _write_wishes, ENTROPY, number, theta, tables, space)
        _first_of_list(tables, space, self.wished)
        space.first_of[:] = np.where(self.wished >= 0, tables.program_discipline[self.wished], -1)
        self.tick(
            "files", _read_files, ENTROPY, Purpose.FILE, number, theta, tables, space,
            space.lists,
        )  # fmt: skip
        self.tick("interviews, and index by program", _interview, ENTROPY, number, theta, tables, space)
        couples = _choose_couples(ENTROPY, number, theta, tables, space)
        self.tick("lists of pairs", _write_pairs, theta, tables, space, couples)
        self.tick(
            "first iteration", first_iteration.first_iteration, ENTROPY, number, theta, tables, self.seats, space,
            state, couples,
        )  # fmt: skip
        self.tick("second iteration, lists and match", _second_iteration, ENTROPY, number, theta, tables,
                  tables.second_open, space, state)  # fmt: skip

    def lists_and_match(self, number: int) -> None:
        """All lists of a draw in one call, and the match of its first iteration in another."""
        tables, theta, space = self.market.tables, self.theta, self.space
        couples = self.tick(
            "lists",
            rank_lists.write_lists,
            ENTROPY,
            number,
            theta,
            self.sizes,
            tables,
            space,
            self.wished,
            self.ranked,
        )
        self.tick(
            "match", first_iteration.first_iteration, ENTROPY, number, theta, tables, self.seats, space, self.state,
            couples,
        )  # fmt: skip


def phases(market: carms.Market, draws: int) -> dict[str, float]:
    """Median CPU time of each step [s]."""
    steps = Phases(market)
    with np.errstate(over="ignore"):
        for number in range(draws + 1):
            steps.draw(number)
    found = {name: statistics.median(spent[1:]) for name, spent in steps.spent.items()}
    found["weights of a block, a tenth"] /= block.DRAWS_PER_INPUT
    return found


def lists_against_match(market: carms.Market, draws: int) -> tuple[float, float]:
    """Median CPU time of all lists of a draw, its share of the block's weights included, and of the match [s]."""
    steps = Phases(market)
    with np.errstate(over="ignore"):
        for number in range(draws + 1):
            if number % block.DRAWS_PER_INPUT == 0:
                steps.tick("block", rank_lists.begin_block, ENTROPY, number, steps.theta, market.tables, steps.space)
            steps.lists_and_match(number)
    of_block, lists, match = (statistics.median(steps.spent[name][1:]) for name in ("block", "lists", "match"))
    return of_block / block.DRAWS_PER_INPUT + lists, match


def arithmetic(market: carms.Market, draws: int) -> float:
    """CPU time of the hashes, bounds and logarithms that our way to the lists of a draw needs, in bare loops [s].

    An arrival of every discipline, for the first choice and again for those behind it; a bound of every runner in a
    race among programs, and an arrival of everyone who is wished for; a logistic number for each file and each
    interview.
    """
    steps, most = Phases(market), 1024  # places: five arrays of them are 20 kB, which the fastest cache holds
    tables, space = market.tables, steps.space
    kind, start = tables.applicant_type[:, None], space.stretch[:-1]
    wanted = dict.fromkeys((_exact, _bounds, _noise), 0.0)
    with np.errstate(over="ignore"):
        rank_lists.begin_block(ENTROPY, 0, steps.theta, tables, space)
        field = space.open_to - (np.arange(len(tables.type_class)) * space.stretch[-1])[:, None] - start
        for number in range(draws):
            _write_wish_lists(ENTROPY, number, steps.theta, steps.sizes, tables, space)
            wished, chosen = space.lists.ptr[-1], space.disciplines >= 0
            rank_lists.write_lists(ENTROPY, number, steps.theta, steps.sizes, tables, space, steps.wished, steps.ranked)
            wanted[_exact] += chosen[:, :2].sum() * len(tables.discipline_key) + wished
            wanted[_bounds] += field[np.broadcast_to(kind, chosen.shape)[chosen], space.disciplines[chosen]].sum()
            wanted[_noise] += wished + space.lists.ptr[-1]
        rng = np.random.default_rng(1)
        low, high, key = rng.integers(2**32, size=(3, most), dtype=np.uint32)
        wait, out = np.ones(most, dtype=np.float32), np.empty(most, dtype=np.int32)
        rounds = []
        for _ in range(9):
            total = 0.0
            for loop, count in wanted.items():
                loop(low, high, key, wait, out)
                begin = time.process_time()
                for _ in range(500):
                    loop(low, high, key, wait, out)
                total += (time.process_time() - begin) / (500 * most) * count / draws
            rounds.append(total)
    return statistics.median(rounds)


def peer_draw(market: carms.Market) -> tuple[float, float]:
    """One draw as numpy and objects would do it [s]: lists by Gumbel noise and argpartition; `matching`'s players."""
    from matching.games import HospitalResident

    rng = np.random.default_rng(1)
    tables = market.tables
    n, length = int(market.cohort.classes["size"].sum()), 15
    types = tables.applicant_type[rng.permutation(market.n_applicants)[:n]]
    start = time.process_time()
    theta = market.cohort.parameters["value"].to_numpy(float)
    space = new_space(tables)
    with np.errstate(over="ignore"):
        rank_lists.begin_block(ENTROPY, 0, theta, tables, space)
    weight = 1.0 / space.wait
    bits = (1 << tables.type_class).astype(np.uint8)
    weight[(tables.first_open[None, :] & bits[:, None]) == 0] = 0.0
    with np.errstate(divide="ignore"):
        utility = np.log(weight)[types] + rng.gumbel(size=(n, market.n_programs))
    best = np.argpartition(-utility, length, axis=1)[:, :length]
    best = np.take_along_axis(best, np.argsort(-np.take_along_axis(utility, best, axis=1), axis=1), axis=1)
    applicants = {a: [int(p) for p in best[a] if np.isfinite(utility[a, p])] for a in range(n)}
    applicants = {a: own for a, own in applicants.items() if own}
    score = rng.normal(size=n)
    programs: dict[int, list[int]] = {}
    for a in sorted(applicants, key=lambda a: -score[a]):
        for p in applicants[a]:
            programs.setdefault(p, []).append(a)
    lists = time.process_time() - start
    quota = {p: max(int(market.tables.program_quota[p]), 1) for p in programs}
    start = time.process_time()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    HospitalResident.create_from_dictionaries(applicants, programs, quota).solve(optimal="resident")
    sys.setrecursionlimit(limit)
    return lists, time.process_time() - start


# The peak of the process itself: what `resource` tells counts the parent too, until the child begins its own program.
MEMORY = """
import sys
sys.path.insert(0, {folder!r})
import carms_lib as carms
from simulator import MORE, national
study = carms.simulate(national(), MORE, n_draws=int(sys.argv[1]), rng=1)
study.pressure(by=["province", "discipline"]).to_frame()
print(next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024)
"""


def peak_memory(n_draws: int) -> float:
    """Peak memory of a process that simulates two scenarios and asks for pressure by province and discipline [MB]."""
    script = MEMORY.format(folder=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", script, str(n_draws)], capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def wall(market: carms.Market, threads: int, n_draws: int) -> float:
    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        carms.simulate(market, n_draws=n_draws, rng=1, executor=pool)
        return time.perf_counter() - start


@kernel
def burn(rounds: int) -> float:
    """Work that shares nothing, to see what two threads of this machine can gain at all."""
    total = 0.0
    for i in range(rounds):
        total += (i % 7) * 0.5
    return total


def yardstick() -> float:
    """How long a plain loop takes at this moment [ms]: cores are lent, and some moments are slower."""
    burn(1)
    start = time.process_time()
    burn(STEPS)
    return (time.process_time() - start) * 1e3


def gain_of_threads(work: Callable[[int], float]) -> float:
    return statistics.median(work(1) / work(2) for _ in range(9))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="10,000 draws where the claim is of 10,000")
    parser.add_argument("--print", action="store_true", help="print the section and write nothing")
    given = parser.parse_args()
    warnings.simplefilter("ignore", carms.exceptions.StabilityWarning)  # of runs of one draw, or of ten
    market = national()
    yardsticks = [yardstick()]
    alone, both = cpu_of_draw(Case(market, 100), Case(market, 100, (MORE,)), rounds=20)  # slow moments last seconds
    yardsticks.append(yardstick())
    steps = phases(market, 30)
    yardsticks.append(yardstick())
    generation, matching = lists_against_match(market, 60)
    bare = arithmetic(market, 10)
    many = 10_000 if given.full else 1_000
    start = time.perf_counter()
    carms.simulate(market, MORE, n_draws=many, rng=1)
    seconds = time.perf_counter() - start
    yardsticks.append(yardstick())
    lists, objects = peer_draw(market)
    small, large = 500, 10_000 if given.full else 2_000
    memory = [peak_memory(n_draws) for n_draws in (small, large)]
    few, many_draws = cpu_of_draw(Case(market, 20), Case(market, 80))
    twice_the_size, eight_times = cpu_of_draw(Case(national(size=2.0), 20), Case(national(size=8.0), 10))
    half, as_they_are, doubled = cpu_of_draw(*(Case(national(with_lists(factor)), 30) for factor in (0.5, 1.0, 2.0)))
    single = carms.load_cohort("2025").with_parameter("couples_share", 0.0, source="a benchmark")
    big, without = (
        cpu_of_draw(*(Case(national(cohort, size), n_draws) for size, n_draws in BIG)) for cohort in (None, single)
    )
    growth, growth_without = (large / (small * BIG[1][0]) for small, large in (big, without))
    gain = gain_of_threads(lambda threads: wall(market, threads, 160))

    def twice(threads: int) -> float:
        with ThreadPoolExecutor(threads) as pool:
            begin = time.perf_counter()
            list(pool.map(burn, [STEPS] * 8))
            return time.perf_counter() - begin

    possible = gain_of_threads(twice)
    yardsticks.append(yardstick())
    profile = "\n".join(
        f"| {name} | {spent * 1e3:.2f} |" for name, spent in sorted(steps.items(), key=lambda step: -step[1])
    )
    text = f"""## The simulator

The national market: {market.n_programs} programs, {market.seats:,} seats, about
{market.cohort.classes["size"].sum():,.0f} applicants, couples, both iterations, interviews; every list and every score
is made anew in every draw.

| what | measured | claim |
| --- | --- | --- |
| one draw, one core | {alone * 1e3:.1f} ms | at most 6 ms |
| one draw of the baseline and a quota scenario, one core | {both * 1e3:.1f} ms | |
| lists, against the match of the first iteration | {generation / matching:.1f} times | at most 4 |
| {many:,} draws of both, all cores | {seconds:.0f} s | 45 s for 10,000 |
| one draw with numpy lists and the objects of `matching` | {(lists + objects) * 1e3:,.0f} ms | |
| … against ours | {(lists + objects) / alone:,.0f} times | at least 30 |
| peak memory, {small:,} draws of both and a view | {memory[0]:.0f} MB | |
| peak memory, {large:,} draws of both and a view | {memory[1]:.0f} MB | under 600 MB for 10,000 |
| one draw when 80 are asked for, against 20 | {many_draws / few:.2f} times | 1 |
| one applicant at 8 times the size, against 2 times | {eight_times / twice_the_size / 4.0:.2f} times | 1 |
| one applicant at 100 times the size, against 1 | {growth:.2f} times | at most 1.5 |
| … where nobody is in a couple | {growth_without:.2f} times | |
| lists half as long, against as they are | {half / as_they_are:.2f} times | |
| lists twice as long, against as they are | {doubled / as_they_are:.2f} times | at most 2 |
| two threads against one | {gain:.2f} times | at least 1.8 |
| … and what two threads gain here on work that shares nothing | {possible:.2f} times | |

A market of 100 times the size has 100 times the applicants and seats, in as many programs. What lies in the caches at
national size is then fetched from memory, and a program's heap of those it holds is deeper. And a chain that a couple
sets off looks through the applications of every program that it frees a seat in, 100 times as many for each of 100
times the couples: that part of a draw grows with the square.

Where the time of a draw goes, one core, median of 30 draws, each step called from Python:

| step | ms |
| --- | --- |
{profile}

For every discipline that an applicant wants, every open program in it is given a hash, a product and a comparison,
several at a time, and the few that may come early a logarithm and a place; a race or two among all disciplines go
before, and every file that is sent is read, cut and ranked. Lists take {generation * 1e3:.1f} ms and the match
{matching * 1e3:.2f}; that lists should take at most four times the match is
{"met" if generation <= 4.0 * matching else "not met"}. A draw of 6 ms in that proportion would leave 4.8 and 1.2 to
them. The hashes, bounds and logarithms of the lists alone take {bare * 1e3:.1f} ms, measured in bare loops; the rest is
to choose, order, cut and index.

Seconds depend on the processor, above all on how many 32-bit numbers it does at a time, and on who else uses it: as a
yardstick, {STEPS / 1e6:.0f} million turns of a loop that adds one number took from {min(yardsticks):.0f} to
{max(yardsticks):.0f} ms at {len(yardsticks)} moments of this run.
"""
    if given.print:
        sys.stdout.write(text)
    else:
        sys.stdout.write(f"{write_section('simulator', text)}\n")


if __name__ == "__main__":
    main()
