"""Time the match beside its peers: ``python tests/benchmarks/the_match.py`` writes its section of docs/performance.md.

Instances are random: lists of 15, seats 1.05 times the applicants, programs rank whoever ranks them in a random order.
Times are CPU seconds of one thread, each the median of several fresh instances, so that nothing is measured on data
that a processor has seen before.
"""

from __future__ import annotations

import io
import os
import statistics
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from time import process_time

import numba
import numpy as np
from _report import write_section

# private: parts of a solve are timed by themselves
from carms_lib.matching import MatchingProblem, _couples_search, _deferred_acceptance, add_seat, solve

# private: the lists alone, without a solve, are timed
from carms_lib.matching._packed_lists import new_seating
from carms_lib.matching.scored import blocking as scored_blocking
from carms_lib.matching.scored import deferred_acceptance, vacancy_chains
from carms_lib.matching.scored.lists import lists_of_singles, state_for

NATIONAL = 5_400, 815, 15
COMMAND = "`python tests/benchmarks/the_match.py`"


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Return the CPU seconds that some work took, and what it returned."""
    start = process_time()
    result = work()
    return process_time() - start, result


@numba.njit
def draw_lists(n: int, n_programs: int, length: int, seed: int, power: float) -> np.ndarray:
    """Draw lists without repeats; with a higher `power`, programs of low number are more sought after."""
    np.random.seed(seed)  # noqa: NPY002 - inside a kernel
    idx = np.empty(n * length, np.int32)
    for entry in range(idx.size):
        first = entry - entry % length
        fresh = False
        while not fresh:
            idx[entry] = int(n_programs * np.random.random() ** power)  # noqa: NPY002 - inside a kernel
            fresh = True
            for earlier in range(first, entry):
                fresh = fresh and idx[earlier] != idx[entry]
    return idx


def arrays(n: int, n_programs: int, length: int, seed: int, power: float = 1.0) -> tuple[np.ndarray, ...]:
    """Return the five arrays that `MatchingProblem.from_arrays` takes."""
    idx = draw_lists(n, n_programs, length, seed, power)
    order = np.lexsort((np.random.default_rng(seed).random(idx.size), idx))
    count = np.bincount(idx, minlength=n_programs)
    quotas = np.full(n_programs, int(1.05 * n) // n_programs)
    quotas[: int(1.05 * n) % n_programs] += 1
    ptr = np.arange(0, n * length + 1, length)
    return ptr, idx, np.concatenate(([0], np.cumsum(count))), (order // length).astype(np.int32), quotas


def dicts(given: tuple[np.ndarray, ...]) -> tuple[dict, dict, dict]:
    """Return the same as dicts of lists of names."""
    ptr, idx, program_ptr, program_idx, quotas = given
    residents, hospitals = [f"r{a}" for a in range(ptr.size - 1)], [f"h{p}" for p in range(quotas.size)]
    own = {name: [hospitals[p] for p in idx[ptr[a] : ptr[a + 1]]] for a, name in enumerate(residents)}
    ranked = {
        name: [residents[a] for a in program_idx[program_ptr[p] : program_ptr[p + 1]]]
        for p, name in enumerate(hospitals)
    }
    return own, ranked, dict(zip(hospitals, quotas.tolist(), strict=True))


def by_matching(own: dict, ranked: dict, quotas: dict) -> int:
    """Solve with `matching` 1.x."""
    from matching.games import HospitalResident

    sys.setrecursionlimit(1_000_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        game = HospitalResident.create_from_dictionaries(own, ranked, quotas)
        return sum(map(len, game.solve(optimal="resident").values()))


def by_algmatch(numbered: dict) -> int:
    """Solve with `algmatch`."""
    from algmatch import HospitalResidentsProblem

    with redirect_stdout(io.StringIO()):
        found = HospitalResidentsProblem(dictionary=numbered, optimised_side="residents").get_stable_matching()
    return sum(bool(hospital) for hospital in found["resident_sided"].values())


def numbered(given: tuple[np.ndarray, ...]) -> dict:
    """Return the input of `algmatch`."""
    ptr, idx, program_ptr, program_idx, quotas = given
    return {
        "residents": {a + 1: (idx[ptr[a] : ptr[a + 1]] + 1).tolist() for a in range(ptr.size - 1)},
        "hospitals": {
            p + 1: {
                "capacity": int(quotas[p]),
                "preferences": (program_idx[program_ptr[p] : program_ptr[p + 1]] + 1).tolist(),
            }
            for p in range(quotas.size)
        },
    }


def beside_peers() -> str:
    """Compare with what users can pick today, building included."""
    rows = []
    for n, n_programs, length in ((1_000, 200, 10), (5_000, 800, 15)):
        given = arrays(n, n_programs, length, 1)
        names, numbers_ = dicts(given), numbered(given)
        fresh = [arrays(n, n_programs, length, seed) for seed in range(2, 11)]
        ours = statistics.median(timed(lambda g=g: solve(MatchingProblem.from_arrays(*g)))[0] for g in fresh)
        named = statistics.median(
            timed(lambda g=g: solve(MatchingProblem.from_lists(*g)).to_frame())[0] for g in map(dicts, fresh[:3])
        )
        wanted = solve(MatchingProblem.from_arrays(*given)).n_matched
        peers = {}
        for peer, work in (("matching", partial(by_matching, *names)), ("algmatch", partial(by_algmatch, numbers_))):
            peers[peer], matched = timed(work)
            if matched != wanted:
                message = f"{peer} matches {matched} and we {wanted}"
                raise AssertionError(message)
        fastest = min(peers.values())
        build = statistics.median(timed(lambda g=g: MatchingProblem.from_arrays(*g))[0] for g in fresh)
        rows.append(
            f"| {n:,} x {n_programs:,} x {length} | {peers['matching'] * 1e3:,.0f} | {peers['algmatch'] * 1e3:,.0f} "
            f"| {ours * 1e3:.2f} | {fastest / ours:,.0f} | {named * 1e3:.1f} | {fastest / named:,.0f} |"
        )
    return (
        "From each library's own input to the outcome, building included [ms]; the outcomes agree. Ours from CSR "
        "arrays to a `Matching`, and from dicts of lists to a frame.\n\n"
        "| applicants x programs x list | `matching` | `algmatch` | ours, arrays | times faster | ours, dicts to frame "
        "| times faster |\n|---|---:|---:|---:|---:|---:|---:|\n"
        + "\n".join(rows)
        + f"\n\nOf our {ours * 1e3:.2f} ms from arrays in the last line, {build * 1e3:.2f} ms check the arrays and "
        "find each program's rank of each applicant, which reads every entry of both sides."
    )


def propose(problem: MatchingProblem) -> tuple[float, int]:
    """Return the CPU seconds of the kernel alone, with its empty seats, and the proposals."""
    lists, seating = problem.lists.packed, new_seating(problem.lists.packed)
    start = process_time()
    proposals = _deferred_acceptance.applicants_propose(lists, seating)
    return process_time() - start, int(proposals)


def _a_second_time(problem: MatchingProblem) -> float:
    """Return the seconds of a proposal when the instance was solved just before."""
    propose(problem)
    took, proposals = propose(problem)
    return took / proposals


def scaling() -> str:
    """Time a proposal as the market grows."""
    rows, seconds = [], []
    for n, n_programs, repeats, power in (
        (5_400, 815, 15, 2.0), (5_400, 815, 15, 1.0), (10_000, 1_500, 9, 1.0), (100_000, 5_000, 3, 1.0),
        (1_000_000, 20_000, 1, 1.0),
    ):  # fmt: skip
        problems = [MatchingProblem.from_arrays(*arrays(n, n_programs, 15, seed, power)) for seed in range(repeats)]
        times = [propose(problem) for problem in problems]
        per = statistics.median(took / proposals for took, proposals in times) * 1e9
        again = statistics.median(_a_second_time(problem) for problem in problems) * 1e9
        seconds.append(statistics.median(took for took, _ in times))
        rows.append(
            f"| {n:,} x {n_programs:,}{', some sought after' * (power > 1)} "
            f"| {statistics.median(p for _, p in times):,.0f} | {seconds[-1] * 1e3:,.2f} "
            f"| {per:.1f} | {again:.1f} |"
        )
    power = np.log(seconds[-1] / seconds[2]) / np.log(100)
    return (
        "Applicant-proposing deferred acceptance, the kernel alone, on fresh instances.\n\n"
        "| applicants x programs | proposals | ms | ns a proposal | ns when solved again |\n|---|---:|---:|---:|---:|\n"
        + "\n".join(rows)
        + f"\n\nFrom 10,000 to 1,000,000 applicants the time grows as n^{power:.2f}. A proposal reads an "
        "entry of a list and the worst held rank of its program; at a million applicants the lists no longer fit the "
        "processor's caches and memory is what is waited for. In these markets an applicant makes one or two "
        "proposals, so that the first reading of each list counts in full; the last column, the same instance solved "
        "again at once, shows what a proposal takes where a cache holds the lists."
    )


def with_couples(n_couples: int, seed: int) -> MatchingProblem:
    """Return a national market in which some applicants rank 15 pairs of their lists together."""
    n, n_programs, length = NATIONAL
    ptr, idx, program_ptr, program_idx, quotas = arrays(n, n_programs, length, seed)
    members = np.arange(2 * n_couples).reshape(-1, 2)
    pairs = idx[: 2 * n_couples * length].reshape(n_couples, 2, length).transpose(0, 2, 1).reshape(-1, 2)
    return MatchingProblem.from_arrays(
        np.concatenate((np.zeros(2 * n_couples, np.int64), ptr[2 * n_couples :] - ptr[2 * n_couples])),
        idx[2 * n_couples * length :], program_ptr, program_idx, quotas,
        couples=(members, np.arange(0, n_couples * length + 1, length), pairs), one_sided="keep",
    )  # fmt: skip


def couples() -> str:
    """Time Roth and Peranson's procedure and the check of stability."""
    rows = []
    for n_couples in (40, 95, 190):
        times, checks, rungs = [], [], []
        for seed in range(10):
            problem = with_couples(n_couples, seed)
            settings = _couples_search.SearchSettings(
                "BIS", "couples_last", 10, 20_000, 100, 0, 10.0, np.random.default_rng(0)
            )
            took, climb = timed(
                lambda p=problem, s=settings: _couples_search.climb(p.scored, p.lists.seats, s)  # ranks become scores
            )
            state = state_for(problem.scored, problem.lists.seats)._replace(match=climb.match, position=climb.position)
            found = np.zeros((0, 2), np.int32)
            looked, blocking = timed(
                lambda p=problem, s=state, f=found: scored_blocking.seat_and_find_blocking(p.scored, s, 0, f)
            )
            if (blocking == 0) != (climb.status == "stable"):
                raise AssertionError(blocking)
            if seed:  # the first compiles
                times.append(took)
                checks.append(looked)
                rungs.append(climb.rung)
        at_once = [took for took, rung in zip(times, rungs, strict=True) if rung == "roth_peranson"]
        first = f"{len(at_once)} of {len(rungs)}"
        rows.append(
            f"| {n_couples} | {statistics.median(times) * 1e3:.2f} | {max(times) * 1e3:.1f} "
            f"| {first} | {statistics.median(at_once or [np.nan]) * 1e3:.2f} | {statistics.median(checks) * 1e3:.3f} |"
        )
    return (
        "National size (5,400 applicants, 815 programs, lists and couples' lists of 15): from the problem's arrays to "
        "a matching that is checked to be stable, the ladder climbed where the first order of couples loops.\n\n"
        "| couples | median ms | slowest ms | first order was enough | median ms where it was "
        "| check of stability, ms |\n"
        "|---:|---:|---:|---:|---:|---:|\n"
        + "\n".join(rows)
        + "\n\nAn order is left after 1,000 steps for one couple, and another tried. The slowest are markets in which "
        "every order loops: the first is then gone through to its end, whole rounds of its loops left out, and Kojima, "
        "Pathak and Roth's passes follow."
    )


@numba.njit
def one_seat(ptr, idx, match, position, program, chain, repeats):
    """Add a seat and take it back, many times."""
    moved = 0
    for _ in range(repeats):
        moved = vacancy_chains.add_seat(ptr, idx, match, position, program, chain)
        vacancy_chains.undo(match, position, chain)
    return moved


def seats() -> str:
    """Time one seat more in every program of one draw."""
    n, n_programs, length = NATIONAL
    rng = np.random.default_rng(0)
    ptr, idx, *_, quotas = arrays(n, n_programs, length, 0)
    quota = np.maximum(quotas - 1, 0).astype(np.int32)  # fewer than applicants, so that a seat is wanted
    score = np.repeat(rng.normal(size=n), length) + rng.normal(size=idx.size)
    lists = lists_of_singles(ptr, idx, score)
    state = state_for(lists, quota)
    deferred_acceptance.propose_scored(lists, state)
    match, position = state.match, state.position
    chain = vacancy_chains.new_chain(n, n_programs, idx.size)
    vacancy_chains.index_scored(ptr, idx, score, position, chain)
    index = statistics.median(
        timed(lambda: vacancy_chains.index_scored(ptr, idx, score, position, chain))[0] for _ in range(9)
    )
    one_seat(ptr, idx, match, position, 0, chain, 1)
    times, moved = [], []
    for program in range(n_programs):
        took, length_of_chain = timed(lambda p=program: one_seat(ptr, idx, match, position, p, chain, 50))
        times.append(took / 50 * 1e6)
        moved.append(length_of_chain)
    matching = solve(MatchingProblem.from_arrays(*arrays(n, n_programs, length, 0)))
    add_seat(matching, 0)
    call = statistics.median(timed(lambda p=p: add_seat(matching, p))[0] for p in range(40))
    low, middle, high = np.quantile(times, [0.1, 0.5, 0.9])
    return (
        f"One seat more in each of the {n_programs} programs of one national draw with fewer seats than applicants, "
        f"followed to its end and undone: median {middle:.1f} µs (10 % under {low:.1f}, 10 % over {high:.1f}); "
        f"{np.mean(moved):.1f} applicants move on average, {max(moved)} at most. The index that it needs is built once "
        f"a draw in {index * 1e3:.2f} ms. `add_seat` from Python, with a new `Matching` and the table's arrays: "
        f"{call * 1e3:.2f} ms."
    )


def starting() -> str:
    """Time the import and the first solve, compiled and from the cache."""
    code = (
        "import time; start = time.perf_counter(); import carms_lib.matching as m; imported = time.perf_counter()\n"
        "import numpy, pandas\n"
        "ready = time.perf_counter()\n"
        "m.solve(m.MatchingProblem.from_lists({'a': ['p']}, {'p': ['a']}, {'p': 1})).to_frame()\n"
        "print(imported - start, time.perf_counter() - ready)"
    )
    with tempfile.TemporaryDirectory() as cache:
        runs = []
        for _ in range(3):
            done = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True,
                env={**os.environ, "NUMBA_CACHE_DIR": cache},
            )  # fmt: skip
            runs.append([float(word) for word in done.stdout.split()])
    imported = min(run[0] for run in runs)
    return (
        f"`import carms_lib.matching` takes {imported * 1e3:.0f} ms. The first match after an install, numba's import "
        f"and compilation included, takes {runs[0][1]:.1f} s; when compiled code is cached, "
        f"{min(r[1] for r in runs[1:]):.2f} s, most of it numba's own import (wall clock)."
    )


def main() -> None:
    """Measure and write."""
    solve(MatchingProblem.from_lists({"a": ["p"]}, {"p": ["a"]}, {"p": 1})).to_frame()
    parts = [
        "## The match",
        f"Random instances, seats 1.05 times the applicants; CPU time of one thread, medians; {COMMAND}.",
        "### Beside its peers", beside_peers(),
        "### As the market grows", scaling(),
        "### With couples", couples(),
        "### One seat more", seats(),
        "### Starting", starting(),
    ]  # fmt: skip
    print(write_section("matching", "\n\n".join(parts)).read_text(encoding="utf-8"))  # noqa: T201 - a script


if __name__ == "__main__":
    main()
