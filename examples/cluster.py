"""A study on a cluster: the same numbers as on one machine, from any number of worker processes.

    python examples/cluster.py --workers 4 --draws 2000 --out study.npz

starts a cluster of worker processes on this machine and runs the draws on it; ``--scheduler tcp://host:8786`` uses a
cluster that is there already. The library knows nothing of Dask: it hands blocks of draws to the executor that a Dask
client gives, as it would to a pool of processes.

A worker that dies costs only the blocks that it had at hand, which the cluster gives to another; a run that is killed
altogether goes on where it stopped when it is started again with the same ``--checkpoint``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import carms_lib as carms
from distributed import Client, LocalCluster


def run(
    market: carms.Market,
    *scenarios: carms.Scenario,
    n_draws: int,
    rng: int,
    workers: int = 2,
    scheduler: str | None = None,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> carms.Study:
    """Simulate on the cluster at `scheduler`, or on a new one of `workers` processes with one thread each."""
    if scheduler is not None:
        with Client(scheduler) as client:
            return carms.simulate(
                market,
                *scenarios,
                n_draws=n_draws,
                rng=rng,
                executor=client.get_executor(),
                checkpoint=checkpoint,
                progress=progress,
            )
    with (
        # No dashboard: a run that nobody watches needs no port.
        LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        return carms.simulate(
            market,
            *scenarios,
            n_draws=n_draws,
            rng=rng,
            executor=client.get_executor(),
            checkpoint=checkpoint,
            progress=progress,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", help="folder of the published files; by default the bundled facts of 1503")
    parser.add_argument("--draws", type=int, default=1_000)
    parser.add_argument("--rng", type=int, default=2025, help="entropy; the same one gives the same numbers")
    parser.add_argument("--workers", type=int, default=2, help="processes of a new cluster on this machine")
    parser.add_argument("--scheduler", help="address of a cluster that is there already")
    parser.add_argument("--checkpoint", type=Path, help="a file to keep draws in, and to go on from")
    parser.add_argument("--out", type=Path, help="where to save the study")
    given = parser.parse_args()

    gold = carms.build(carms.load_release(given.release)).gold
    market = carms.Market.from_gold(gold, carms.load_cohort("2025"))
    more = carms.Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")
    study = run(
        market,
        more,
        n_draws=given.draws,
        rng=given.rng,
        workers=given.workers,
        scheduler=given.scheduler,
        checkpoint=given.checkpoint,
    )
    print(study.summary())
    if given.out is not None:
        print(f"written: {study.save(given.out)}")


if __name__ == "__main__":  # worker processes import this file
    main()
