"""Equality with independent implementations from PyPI on random instances."""

from __future__ import annotations

import io
import warnings
from contextlib import redirect_stdout

import numpy as np
import pytest
from carms_lib.matching import MatchingProblem, solve


def market(seed: int) -> tuple[dict[str, list[str]], dict[str, list[str]], dict[str, int]]:
    """Mutual lists in which everybody ranks somebody: what the peers ask of their input."""
    rng = np.random.default_rng(seed)
    n, n_programs = int(rng.integers(4, 30)), int(rng.integers(2, 7))
    residents = {
        f"r{a}": [f"h{p}" for p in rng.permutation(n_programs)[: rng.integers(1, n_programs + 1)]] for a in range(n)
    }
    wanted = {f"h{p}": [r for r, own in residents.items() if f"h{p}" in own] for p in range(n_programs)}
    hospitals = {h: [own[k] for k in rng.permutation(len(own))] for h, own in wanted.items() if own}
    return residents, hospitals, {h: int(rng.integers(1, 6)) for h in hospitals}


def ours(lists, proposing: str) -> dict[str, str]:
    frame = solve(MatchingProblem.from_lists(*lists), proposing=proposing).to_frame().dropna(subset="program")
    return dict(zip(frame["applicant"], frame["program"], strict=True))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("proposing", "optimal"), [("applicants", "resident"), ("programs", "hospital")])
def test_matching(seed, proposing, optimal):
    from matching.games import HospitalResident

    lists = market(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = HospitalResident.create_from_dictionaries(*lists).solve(optimal=optimal)
    theirs = {str(resident): str(hospital) for hospital, residents in found.items() for resident in residents}
    assert ours(lists, proposing) == theirs


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("proposing", "optimal"), [("applicants", "residents"), ("programs", "hospitals")])
def test_algmatch(seed, proposing, optimal):
    with warnings.catch_warnings():
        # Of its own source, when it is first imported; Python 3.11 calls them DeprecationWarning.
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        from algmatch import HospitalResidentsProblem

    residents, hospitals, quotas = market(seed)
    number = {name: k + 1 for k, name in enumerate(residents)}
    place = {name: k + 1 for k, name in enumerate(hospitals)}
    dictionary = {
        "residents": {number[r]: [place[h] for h in own] for r, own in residents.items()},
        "hospitals": {
            place[h]: {"capacity": quotas[h], "preferences": [number[r] for r in own]} for h, own in hospitals.items()
        },
    }
    with redirect_stdout(io.StringIO()):
        found = HospitalResidentsProblem(dictionary=dictionary, optimised_side=optimal).get_stable_matching()
    sides = found["resident_sided"]
    name = {f"r{k}": resident for resident, k in number.items()} | {f"h{k}": hospital for hospital, k in place.items()}
    theirs = {name[r]: name[h] for r, h in sides.items() if h}
    assert ours((residents, hospitals, quotas), proposing) == theirs
