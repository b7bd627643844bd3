"""Coverage of the bands that are not views of a study: seat values, allocation, shares, series, shares of variance.

    python docs/make_coverage_others.py            # the long study; writes docs/explanation/coverage-others.csv
    python docs/make_coverage_others.py --quick    # fewer repetitions; prints and writes nothing

Seat values and allocation are counted on the real cohort, as `make_coverage_national` counts views: a study is drawn
from a pool, and its truth is one that it did not see. The others have truths that are made: shares of a beta
distribution, series of a law, results of given inputs. Their scripts lie in ``tests/benchmarks``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import carms_lib as carms
import pandas as pd
from carms_lib.simulator.draw.settings import joint_rows
from make_coverage_national import ENTROPY, SETTINGS, Piece, Pool, cover

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "explanation" / "coverage-others.csv"
SEATS = 5  # placed by the allocation


def seat_pieces(market: carms.Market, draws: int) -> Iterator[Piece]:
    """Go through every metric of one more seat, by discipline and for the country."""
    values = carms.seat_values(market, n_draws=draws, rng=ENTROPY, progress=False)
    for view, by in {"seat values": "discipline", "seat values, country": None}.items():
        for measure in values.measures(by)[0]:
            yield Piece(view, measure, None)


def allocation_pieces(market: carms.Market, draws: int) -> Iterator[Piece]:
    """Go through every metric of a placement, of the lottery beside it and of their difference."""
    placed = carms.allocate_seats(market, SEATS, n_draws=20, n_check=draws, rng=ENTROPY).measures()
    by_value, in_proportion = placed.values()
    for first, second in zip(by_value, in_proportion, strict=True):
        yield Piece("allocation, by seat value", first, None)
        yield Piece("allocation, in proportion", second, None)
        yield Piece("allocation, difference", first, second)


def made_up(repetitions: int) -> Iterator[dict[str, Any]]:
    """Go through shares, series and shares of variance whose truth is made."""
    sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
    import rates_coverage  # noqa: PLC0415
    import sensitivity_coverage  # noqa: PLC0415
    import series_coverage  # noqa: PLC0415

    for groups in (8, 20, 37):
        for spread in rates_coverage.SPREADS:
            row = rates_coverage.count(groups, spread, "mixed", repetitions)
            for view, name in {"published rates, shrunk": "shrunk", "published rates, alone": "alone (wilson)"}.items():
                yield told(view, f"{groups} groups that differ {spread}", row[name], repetitions)
    for length in series_coverage.LENGTHS:
        for law in series_coverage.LAWS:
            row = series_coverage.count(law, length, repetitions)
            for name in ("one year", "three years"):
                yield told("series", f"{law}, {length} values, {name} ahead", row[name], repetitions)
    every = sensitivity_coverage.population("2025")
    four = sensitivity_coverage.population("2025", sensitivity_coverage.FOUR)
    for truth, curved, settings in sensitivity_coverage.CELLS:
        people = four if settings < 70 else every
        row = sensitivity_coverage.count(people, truth, curved, settings, 0.1, repetitions)
        what = f"{truth}{', curved' if curved else ''}, {settings} settings"
        yield told("sensitivity, all groups together", what, row["together"], repetitions)
        yield told("sensitivity, largest among the leading", what, row["largest in set"], repetitions)


def told(view: str, metric: str, coverage: float, repetitions: int) -> dict[str, Any]:
    """Return one row of the table for a truth that is made."""
    return {"view": view, "metric": metric, "kind": "known truth", "repetitions": repetitions, "coverage": coverage}


def study(market: carms.Market, *, settings: int, repetitions: int, size: int) -> pd.DataFrame:
    """Return the coverage of every band that is not a view of a study."""
    pool = Pool(None, joint_rows(ENTROPY, settings, max(len(market.cohort.draws), 1)))
    draws = settings * 10
    of_seats = cover(seat_pieces(market, draws), pool, repetitions, size)
    of_allocation = cover(allocation_pieces(market, draws), pool, repetitions, size)
    return pd.concat([of_seats, of_allocation, pd.DataFrame(list(made_up(repetitions)))], ignore_index=True)


def main() -> None:
    """Run the study, print it and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions; print and write nothing")
    given = parser.parse_args()
    market = carms.Market.from_gold(carms.build(carms.load_release()).gold, carms.load_cohort("2025"))
    quick = {"settings": 60, "repetitions": 10, "size": 40}
    long = {"settings": 1_000, "repetitions": 400, "size": SETTINGS}
    frame = study(market, **(quick if given.quick else long))
    sys.stdout.write(frame.to_string(float_format=lambda share: f"{share:.3f}") + "\n")
    if not given.quick:
        frame.to_csv(TABLE, index=False, lineterminator="\n", float_format="%.4f")


if __name__ == "__main__":
    main()
