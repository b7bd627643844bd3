"""Measure the first answer after an install: ``python tests/benchmarks/cold_start.py [--against CHECKOUT]``.

Writes its section of docs/performance.md. Each run is a fresh process with a copy of the package in which nothing is
compiled; seconds are processor time of the process and its children, from its start. Where another checkout is given,
usually that of an earlier commit, the two take turns, so that both meet the machine in the same state.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from _report import write_section

HERE = Path(__file__).resolve().parents[2]
SIMULATE = """
import carms_lib as carms
market = carms.Market.from_gold(carms.build(carms.load_release()).gold, carms.load_cohort("2025"))
begin = spent()
carms.simulate(market, n_draws=10, rng=2025)
"""
COUPLES = """
from carms_lib.matching import MatchingProblem, solve
begin = spent()
problem = MatchingProblem.from_lists(
    applicants={"ana": ["p", "q"], "ben": ["q"]},
    programs={"p": ["ana", "cy"], "q": ["ben", "ana", "di"]},
    quotas={"p": 1, "q": 1},
    couples={("cy", "di"): [("p", "q"), ("p", None)]},
)
solve(problem).to_frame()
"""
SINGLES = """
from carms_lib.matching import MatchingProblem, solve
begin = spent()
applicants, programs = {"ana": ["p", "q"], "ben": ["q"]}, {"p": ["ana"], "q": ["ben", "ana"]}
solve(MatchingProblem.from_lists(applicants, programs, {"p": 1, "q": 1}))
"""
WARM = """
from concurrent.futures import ThreadPoolExecutor
import carms_lib as carms
market = carms.Market.from_gold(carms.build(carms.load_release()).gold, carms.load_cohort("2025"))
one = ThreadPoolExecutor(1)
carms.simulate(market, n_draws=20, rng=1, executor=one)
best = []
for _ in range(5):
    begin = spent()
    carms.simulate(market, n_draws=100, rng=2, executor=one)
    best.append(spent() - begin)
begin = spent() - sorted(best)[2] / 100
"""
#: Wraps numba, so that what a process does while it compiles is counted by what it is.
PROFILE = """
import functools, time
from collections import Counter
from llvmlite import binding, ir
from numba.core import codegen, compiler_machinery
seconds, calls, inner = Counter(), Counter(), []
def count(owner, name, what):
    work = getattr(owner, name)
    @functools.wraps(work)
    def counted(*given, **named):
        start = time.process_time()
        inner.append(0.0)
        try:
            return work(*given, **named)
        finally:
            took = time.process_time() - start
            label = what(given) if callable(what) else what
            seconds[label] += took - inner.pop()
            calls[label] += 1
            if inner:
                inner[-1] += took
    setattr(owner, name, counted)
def of_pass(given):
    known = {"nopython_type_inference": "types inferred", "native_lowering": "lowered"}
    return known.get(given[2].name(), "other passes of numba")
count(compiler_machinery.PassManager, "_runPass", of_pass)
count(binding.ModulePassManager, "run", "optimised by LLVM")
count(binding.FunctionPassManager, "run", "optimised by LLVM")
count(codegen.JitEngine, "finalize_object", "machine code emitted")
count(binding.ModuleRef, "link_in", "linked")
count(binding, "parse_assembly", "read by LLVM")
"""
ASK = """
import json, os, sys
def spent():
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
{profile}
{work}
report = {{"work": spent() - begin, "all": spent()}}
if "seconds" in globals():
    report |= {{"seconds": dict(seconds), "emitted": calls["machine code emitted"]}}
print(json.dumps(report))
"""


def clean_copy(checkout: Path, to: Path) -> Path:
    """Copy a checkout's package without anything compiled, and return the folder to import it from."""
    if to.exists():
        shutil.rmtree(to)
    shutil.copytree(checkout / "carms_lib", to / "carms_lib", ignore=shutil.ignore_patterns("__pycache__"))
    return to


def ask(folder: Path, work: str, profile: str = "") -> dict[str, Any]:
    """Run some work in a fresh process and return what it measured."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    ran = subprocess.run(
        [sys.executable, "-c", ASK.format(work=work, profile=profile)],
        env=kept | {"PYTHONPATH": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def measure(checkouts: list[Path], rounds: int) -> list[dict[str, list[float]]]:
    """Return seconds of each kind of start for each checkout, taking turns."""
    taken: list[dict[str, list[float]]] = [{} for _ in checkouts]
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(rounds):
            for place, checkout in enumerate(checkouts):
                for name, work in (("singles", SINGLES), ("couples", COUPLES), ("simulate", SIMULATE)):
                    folder = clean_copy(checkout, Path(scratch) / str(place))
                    taken[place].setdefault(f"{name}, cold", []).append(ask(folder, work)["work"])
                    taken[place].setdefault(f"{name}, cached", []).append(ask(folder, work)["work"])
            for _ in range(2):
                for place in range(len(checkouts)):
                    taken[place].setdefault("a draw", []).append(ask(Path(scratch) / str(place), WARM)["work"])
    return taken


def profiles(checkouts: list[Path]) -> list[dict[str, Any]]:
    """Return what a cold first simulation does, by what it is."""
    with tempfile.TemporaryDirectory() as scratch:
        return [ask(clean_copy(checkout, Path(scratch) / "one"), PROFILE_FIRST, PROFILE) for checkout in checkouts]


PROFILE_FIRST = SIMULATE.replace("begin = spent()", "seconds.clear(); calls.clear(); begin = spent()")
_INTRODUCTION = (
    "Processor seconds of fresh processes, imports before the call not counted; a warm draw in milliseconds. Compiled "
    "code is kept on disk and known by one hash over all kernel files, numba and the processor; `carms-lib warm` "
    "compiles everything at once."
)
_ROWS = {
    "singles, cold": "a first match without couples",
    "couples, cold": "a first match with couples",
    "simulate, cold": "a first simulation, ten draws",
    "singles, cached": "the same match, compiled code cached",
    "couples, cached": "the same match with couples, cached",
    "simulate, cached": "the same simulation, cached",
    "a draw": "a warm draw",
}


def main() -> None:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", type=Path, help="a checkout to compare with, such as that of an earlier commit")
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes of each kind")
    given = parser.parse_args()
    checkouts = [HERE, *([given.against.resolve()] if given.against else [])]
    taken, parts = measure(checkouts, given.rounds), profiles(checkouts)
    name = "now"
    before = ""
    if given.against:
        head = ["git", "-C", str(checkouts[1]), "rev-parse", "--short", "HEAD"]
        before = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()
    lines = [
        "## The first answer",
        "",
        f"{_INTRODUCTION} Medians of {given.rounds}.",
        "",
        f"| | {name} |" + (f" {before} | ratio |" if before else ""),
        "|---|---:|" + ("---:|---:|" if before else ""),
    ]
    for key, label in _ROWS.items():
        scale, digits = (1e3, 2) if key == "a draw" else (1.0, 2)
        figures = [scale * statistics.median(one[key]) for one in taken]
        row = f"| {label} | {figures[0]:.{digits}f} |"
        lines.append(row + (f" {figures[1]:.{digits}f} | {figures[0] / figures[1]:.2f} |" if before else ""))
    lines += ["", "What the first simulation does:", "", f"| | {name} |" + (f" {before} |" if before else "")]
    lines.append("|---|---:|" + ("---:|" if before else ""))
    kinds = sorted(
        set().union(*(part["seconds"] for part in parts)), key=lambda kind: -parts[-1]["seconds"].get(kind, 0)
    )
    for kind in kinds:
        lines.append(f"| {kind}, s | " + " | ".join(f"{part['seconds'].get(kind, 0.0):.1f}" for part in parts) + " |")
    lines.append("| modules of machine code | " + " | ".join(str(part["emitted"]) for part in parts) + " |")
    write_section("cold-start", "\n".join(lines))
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
