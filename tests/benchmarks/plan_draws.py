"""What ten million draws would take, on paper, from the measured cost of one.

    python tests/benchmarks/plan_draws.py

Measures processor time and bytes of a national draw with the baseline and one scenario, and multiplies. Writes its
section of docs/performance.md.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import time

import carms_lib as carms
from _report import write_section

WANTED = 10_000_000
CORES = (2, 16, 64, 256, 1_024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=300, help="draws to measure")
    given = parser.parse_args()
    market = carms.Market.from_gold(carms.build(carms.load_release()).gold, carms.load_cohort("2025"))
    more = carms.Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")
    carms.simulate(market, more, n_draws=20, rng=1)  # compiles
    started = time.process_time()
    study = carms.simulate(market, more, n_draws=given.draws, rng=2025)
    seconds = (time.process_time() - started) / given.draws
    one = [study.outcomes_of(name, 0, 1) for name in study.scenarios]
    size = sum(array.nbytes for outcomes in one for array in outcomes[2:])
    travels = len(pickle.dumps(market))
    hours = [f"| {cores:,} | {WANTED * seconds / cores / 3_600:,.2f} |" for cores in CORES]
    total = f"{WANTED * seconds / 3_600:,.0f} processor hours and {WANTED * size / 1e9:,.0f} GB"
    cost = (
        f"A draw of the baseline and one scenario, measured over {given.draws:,}: {1_000 * seconds:,.1f} ms of "
        f"processor time, {size / 1_000:,.0f} kB of outcomes. The market that travels once to each worker: "
        f"{travels / 1e6:,.1f} MB. Ten million of them: {total}, which nobody would keep."
    )
    limit = (
        f"A block of ten draws takes {10 * seconds:,.2f} s, so that a scheduler that hands out a thousand tasks a "
        f"second keeps about {10_000 * seconds:,.0f} cores busy. Not run: the hours are a product, not a measurement."
    )
    table = "\n".join(["| cores | hours |", "| ---: | ---: |", *hours])
    section = f"## Ten million draws, on paper\n\n{cost}\n\n{table}\n\n{limit}"
    sys.stdout.write(f"{section}\nwritten: {write_section('ten-million-draws', section)}\n")


if __name__ == "__main__":
    main()
