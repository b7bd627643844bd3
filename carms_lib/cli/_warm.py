"""``carms-lib warm``: compile every kernel once, for an image, an installer or a class.

Belongs here: the choice of processor, and a little work of each kind, which reaches every kernel that Python calls.
Does not belong here: how kernels are compiled and where they are kept (`carms_lib.kernels`).
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Hashable
from pathlib import Path
from typing import NamedTuple

from carms_lib.exceptions import ArgumentError, CarmsWarning

__all__ = ["PROCESSORS", "Warmed", "warm"]

#: What `cpu` may be: the processor at hand, or what every processor of its kind can do.
PROCESSORS = ("native", "generic")


class Warmed(NamedTuple):
    """What was compiled, and where it is kept."""

    kernels: int  # that Python calls
    compiled: int  # of them, here and now; the others were compiled before
    folders: tuple[Path, ...]  # where they lie


def warm(cpu: str = "native") -> Warmed:
    """Compile, or load, every kernel that Python calls, for the kinds of arrays that the library passes.

    Parameters
    ----------
    cpu : {"native", "generic"}, default "native"
        "generic" is for an image that will run on processors other than this one: the same numbers, a slower draw.
        Kernels for the processor at hand are preferred where there are any.

    Returns
    -------
    Warmed

    Raises
    ------
    ArgumentError
        `cpu` is none of the two, or kernels were loaded already and "generic" comes too late.
    """
    if cpu not in PROCESSORS:
        raise ArgumentError(f"cpu={cpu!r}: choose from {', '.join(PROCESSORS)}.")
    if cpu == "generic":
        if "numba" in sys.modules:
            raise ArgumentError("cpu='generic' must be asked for in a fresh process: run carms-lib warm --cpu generic.")
        os.environ |= {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CarmsWarning)  # few draws, and no stable matching: as meant
        _match()
        _simulate()
    from carms_lib.kernels.jit import package_kernels

    kernels = [kernel.stats for kernel in package_kernels()]
    folders = {Path(stats.cache_path) for stats in kernels if stats.cache_path}
    return Warmed(len(kernels), sum(bool(stats.cache_misses) for stats in kernels), tuple(sorted(folders)))


def _match() -> None:
    """Match lists of each kind, with and without couples, from either side."""
    from carms_lib import matching

    applicants: dict[Hashable, list[str]] = {"ana": ["p", "q"], "ben": ["q", "p"], "cy": ["q"]}
    programs: dict[Hashable, list[str]] = {"p": ["ben", "ana"], "q": ["ana", "cy", "ben"]}
    quotas: dict[Hashable, int] = {"p": 1, "q": 1}
    singles = matching.MatchingProblem.from_lists(applicants, programs, quotas)
    scored = matching.MatchingProblem.from_scores(applicants, [[1.0, 2.0], [2.0, 0.0], [0.0, 1.0]], quotas)
    listed = matching.MatchingProblem.from_scores(applicants, [1.0, 2.0, 0.0, 2.0, 1.0], quotas)
    for problem in (singles, scored, listed):
        for proposing in ("applicants", "programs"):
            matching.solve(problem, proposing=proposing)
    matched = matching.solve(singles)
    matching.add_applicant(matched, "di", ["p"], {"p": 1})
    matching.remove_applicant(matched, "ana")
    matching.remove_seat(matching.add_seat(matched, "p").after, "p")
    two_cycles = matching.MatchingProblem.from_lists(
        {"ana": ["p", "q"], "ben": ["q", "p"], "cy": ["r", "s"], "di": ["s", "r"]},
        {"p": ["ben", "ana"], "q": ["ana", "ben"], "r": ["di", "cy"], "s": ["cy", "di"]},
        dict.fromkeys("pqrs", 1),
    )
    matching.stable_matchings(two_cycles)
    matching.stable_pairs(two_cycles)
    couples = matching.MatchingProblem.from_lists(  # no stable matching exists: every rung is tried
        {"ana": ["p", "q"]}, {"p": ["cy", "ana"], "q": ["ana", "di"]}, quotas, couples={("cy", "di"): [("p", "q")]}
    )
    for rule in ("BIS", "MM"):
        matching.solve(couples, rule=rule).blocking_pairs()


def _simulate() -> None:
    """Draw the bundled market, ask what one more seat does, and count what a fit counts."""
    import numpy as np

    from carms_lib.fitting.moments import simulated_moments
    from carms_lib.loaders import load_release
    from carms_lib.pressure import seat_values
    from carms_lib.simulator import Market, Scenario, load_cohort, simulate
    from carms_lib.simulator.draw.block import BlockInputs, run_block
    from carms_lib.simulator.draw.settings import draw_settings
    from carms_lib.transforms import build

    market = Market.from_gold(build(load_release()).gold, load_cohort("2025"))
    more = Scenario("more").scale_quota(1.1, province="ON")
    study = simulate(market, more, n_draws=10, rng=1)
    study.pressure(by=["province", "discipline"])
    study.outcomes(by="discipline")
    study.choices_obtained(by="discipline")
    study.outcomes(by="applicant_class")
    study.outcomes(by=["applicant_class", "province"])
    seat_values(market, n_draws=10, rng=1).gains(to="applicant_class")
    theta, sizes, shifts = draw_settings(market.cohort, 1, 1)
    inputs = BlockInputs(theta[0], sizes[0], shifts[0])
    simulated_moments(market, inputs, run_block(market, [market], 1, 0, np.arange(1), inputs)[0], 1, 0)
