"""Instances for tests: small ones that hypothesis varies and brute force can solve, and random ones of any size."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from carms_lib.matching import MatchingProblem
from carms_lib.matching.scored import deferred_acceptance, vacancy_chains
from carms_lib.matching.scored.lists import ScoredLists, ScoredState, lists_of_singles, state_for
from hypothesis import settings
from hypothesis import strategies as st

#: Laws are tried on this many instances each; no deadline, for a kernel may compile at the first.
LAW = settings(deadline=None, max_examples=100, database=None, derandomize=True)
FEW = settings(LAW, max_examples=40)


@dataclass
class Instance:
    """Lists by name, as `MatchingProblem.from_lists` takes them."""

    applicants: dict[str, list[str]]
    programs: dict[str, list[str]]
    quotas: dict[str, int]
    couples: dict[tuple[str, str], list[tuple[str | None, str | None]]] = field(default_factory=dict)

    @property
    def problem(self) -> MatchingProblem:
        return MatchingProblem.from_lists(
            self.applicants, self.programs, self.quotas, couples=self.couples or None, one_sided="keep"
        )


@st.composite
def markets(draw, most_applicants: int = 5, most_programs: int = 4, most_quota: int = 2) -> Instance:
    """Singles only: any lists, incomplete and one-sided ones, empty ones, programs without seats."""
    applicants = [f"a{k}" for k in range(draw(st.integers(0, most_applicants)))]
    programs = [f"p{k}" for k in range(draw(st.integers(1, most_programs)))]
    return Instance(
        {name: _some(draw, programs) for name in applicants},
        {name: _some(draw, applicants) for name in programs},
        {name: draw(st.integers(0, most_quota)) for name in programs},
    )


@st.composite
def couples_markets(draw, most_singles: int = 3, most_couples: int = 2, most_programs: int = 3) -> Instance:
    """Singles and couples; pairs with "no match" sides and pairs at one program among them."""
    singles = [f"s{k}" for k in range(draw(st.integers(0, most_singles)))]
    names = [(f"c{k}", f"d{k}") for k in range(draw(st.integers(1, most_couples)))]
    programs = [f"p{k}" for k in range(draw(st.integers(1, most_programs)))]
    everybody = [*singles, *(name for couple in names for name in couple)]
    pairs = [(p, q) for p in [*programs, None] for q in [*programs, None] if (p, q) != (None, None)]
    return Instance(
        {name: _some(draw, programs) for name in singles},
        {name: _some(draw, everybody) for name in programs},
        {name: draw(st.integers(0, 2)) for name in programs},
        {couple: draw(st.lists(st.sampled_from(pairs), unique=True, max_size=6)) for couple in names},
    )


def _some(draw, names: list[str]) -> list[str]:
    return draw(st.lists(st.sampled_from(names), unique=True, max_size=len(names))) if names else []


@dataclass
class Scored:
    """A market in which programs rank by score, as arrays, with the state that `propose_scored` leaves."""

    ptr: np.ndarray
    idx: np.ndarray
    score: np.ndarray
    quota: np.ndarray

    @property
    def n(self) -> int:
        return self.ptr.size - 1

    def lists(self) -> tuple[list[list[int]], list[list[float]], list[int]]:
        cut = [slice(self.ptr[a], self.ptr[a + 1]) for a in range(self.n)]
        return [self.idx[c].tolist() for c in cut], [self.score[c].tolist() for c in cut], self.quota.tolist()

    def propose(self, quota: np.ndarray | None = None, score: np.ndarray | None = None) -> tuple[int, ScoredState]:
        """Return the number of proposals and the state that they leave."""
        given = self.arrays(score)
        state = state_for(given, self.quota if quota is None else quota)
        for array in (state.match, state.position, state.held_applicant, state.held_count):
            array[:] = -7
        return int(deferred_acceptance.propose_scored(given, state)), state

    def solve(self, quota: np.ndarray | None = None, score: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return match and position."""
        _, state = self.propose(quota, score)
        return state.match, state.position

    def arrays(self, score: np.ndarray | None = None) -> ScoredLists:
        return lists_of_singles(self.ptr, self.idx, self.score if score is None else score)

    def chain(self, position: np.ndarray) -> vacancy_chains.Chain:
        chain = vacancy_chains.new_chain(self.n, self.quota.size, self.idx.size)
        vacancy_chains.index_scored(self.ptr, self.idx, self.score, position, chain)
        return chain


def scored_market(
    rng: np.random.Generator, n_applicants: int, n_programs: int, *, ties: bool = False, most_quota: int = 3
) -> Scored:
    """Lists of every length; about one entry in ten is not ranked."""
    length = rng.integers(0, n_programs + 1, n_applicants)
    ptr = np.concatenate(([0], np.cumsum(length))).astype(np.int64)
    idx = np.concatenate([np.zeros(0), *(rng.permutation(n_programs)[:size] for size in length)]).astype(np.int32)
    score = rng.integers(0, 3, idx.size).astype(float) if ties else rng.random(idx.size)
    score[rng.random(idx.size) < 0.1] = -np.inf
    return Scored(ptr, idx, score, rng.integers(0, most_quota + 1, n_programs).astype(np.int32))
