"""One draw of a small market, step by step: what each step has written, for the page that follows an applicant.

The steps are called one after another, as `rank_lists.write_lists` and `block.run_block` do, so that what each of them
has written can be looked at; `check` compares the outcome with that of `simulate`.
"""

from __future__ import annotations

import itertools
import warnings
from dataclasses import replace
from typing import NamedTuple

import carms_lib as carms
import numpy as np
import pandas as pd
from carms_lib.exceptions import StabilityWarning
from carms_lib.kernels.jit import from_python
from carms_lib.kernels.noise import Purpose
from carms_lib.matching.scored.lists import new_scored_state
from carms_lib.simulator.draw import couples, interviews, rank_lists
from carms_lib.simulator.draw import second_iteration as second
from carms_lib.simulator.draw.block import DRAWS_PER_INPUT
from carms_lib.simulator.draw.first_iteration import Seats, first_iteration
from carms_lib.simulator.draw.quotas import draw_quota, draw_release, most_seats, new_quota_space
from carms_lib.simulator.draw.settings import draw_settings, shifted
from carms_lib.simulator.draw.workspace import Space, new_space
from carms_lib.simulator.inputs.tables import Tables

ENTROPY = 2025
#: Kernels that other kernels call, opened for a look.
write_wish_lists = from_python(rank_lists.write_wish_lists)
draw_merit, read_files = from_python(interviews.draw_merit), from_python(interviews.read_files)
interview, choose_couples = from_python(interviews.interview), from_python(couples.choose_couples)
write_pairs, second_iteration = from_python(couples.write_pairs), from_python(second.second_iteration)


def small_market() -> carms.Market:
    """Return eleven programs of three schools, and the applicants of 2025 with classes a hundred times smaller."""
    rows = [
        ("FM Toronto", "Family Medicine", "University of Toronto", "CMG", "ON", "en", 6, "76 - 100"),
        ("FM Toronto IMG", "Family Medicine", "University of Toronto", "IMG", "ON", "en", 2, "0 - 25"),
        ("FM Calgary", "Family Medicine", "University of Calgary", "CMG", "AB", "en", 5, "76 - 100"),
        ("FM Calgary IMG", "Family Medicine", "University of Calgary", "IMG", "AB", "en", 1, "0 - 25"),
        ("FM McGill", "Family Medicine", "McGill University", "ALL", "QC", "either", 6, "76 - 100"),
        ("PSY Toronto", "Psychiatry", "University of Toronto", "CMG", "ON", "en", 3, "26 - 50"),
        ("PSY Calgary", "Psychiatry", "University of Calgary", "CMG", "AB", "en", 2, "26 - 50"),
        ("PSY McGill", "Psychiatry", "McGill University", "ALL", "QC", "either", 2, "26 - 50"),
        ("IM Toronto", "Internal Medicine", "University of Toronto", "CMG", "ON", "en", 5, "26 - 50"),
        ("IM Calgary", "Internal Medicine", "University of Calgary", "CMG", "AB", "en", 3, "26 - 50"),
        ("IM McGill", "Internal Medicine", "McGill University", "ALL", "QC", "either", 4, "51 - 75"),
    ]
    columns = ["program_stream_id", "discipline", "school", "eligibility", "school_province", "language", "quota"]
    national = carms.load_cohort("2025")
    classes = national.classes.copy()
    for column, share in (("size", 1.0), ("low", 0.9), ("high", 1.1)):
        classes[column] = (national.classes["size"] / 100.0).clip(lower=2.0) * share
    programs = pd.DataFrame(rows, columns=[*columns, "interview_band"])
    return carms.Market.from_gold(programs, replace(national, classes=classes))


class Walk(NamedTuple):
    """What the steps of one draw have written; lists are of program numbers."""

    theta: np.ndarray
    sizes: np.ndarray
    tables: Tables
    space: Space
    wishes: list[np.ndarray]
    files: list[np.ndarray]  # the score of each wish
    asked: np.ndarray  # [P]: how many files each program received
    ranked: list[np.ndarray]
    scores: list[np.ndarray]  # what each program ranks by, -inf where it does not rank
    pairs: dict[int, np.ndarray]  # applicant -> pairs of program numbers of the own couple, the own first
    drawn_quota: np.ndarray
    quota: np.ndarray
    first: np.ndarray
    blocking: int  # coalitions that block the first match
    second_lists: list[np.ndarray]
    second_scores: list[np.ndarray]
    final: np.ndarray


def walk(market: carms.Market, draw: int) -> Walk:
    """Return one draw, step by step."""
    block, key = draw // DRAWS_PER_INPUT, np.uint64(ENTROPY)
    thetas, sizes, shifts = draw_settings(market.cohort, ENTROPY, block + 1)
    theta, size, tables = thetas[block].copy(), sizes[block].copy(), shifted(market, shifts[block])
    space, n = new_space(tables), market.n_applicants
    with np.errstate(over="ignore"):
        rank_lists.begin_block(key, block, theta, tables, space)
        write_wish_lists(key, draw, theta, size, tables, space)
        wishes = lists_of(space.lists.ptr, space.lists.idx)
        space.first_of[:] = [tables.program_discipline[wish[0]] if len(wish) else -1 for wish in wishes]
        draw_merit(key, draw, theta, tables, space.merit)
        read_files(key, Purpose.FILE, draw, theta, tables, space, space.lists)
        files = lists_of(space.lists.ptr, space.lists.score)
        asked = np.bincount(np.concatenate(wishes), minlength=market.n_programs)
        interview(key, draw, theta, tables, space)
        ranked, scores = lists_of(space.lists.ptr, space.lists.idx), lists_of(space.lists.ptr, space.lists.score)
        paired = choose_couples(key, draw, theta, tables, space)
        write_pairs(theta, tables, space, paired)
        plan = market.seat_plan
        seating = new_quota_space(plan)
        draw_release(key, draw, theta, plan, seating)
        draw_quota(key, draw, plan, plan.change, bool(plan.is_uneven[0]), seating)
        drawn_quota = seating.quota.copy()
        state = new_scored_state(n, market.n_programs, most_seats([plan], theta), len(space.lists.idx))
        seats = Seats(drawn=drawn_quota.copy(), reverts_to=tables.reverts_to.copy())
        _, blocking = first_iteration(key, draw, theta, tables, seats, space, state)
        quota, first = state.quota.copy(), state.match.copy()
        second_iteration(key, draw, theta, tables, tables.second_open, space, state)
    return Walk(
        theta=theta,
        sizes=size,
        tables=tables,
        space=space,
        wishes=wishes,
        files=files,
        asked=asked,
        ranked=ranked,
        scores=scores,
        pairs=pairs_of(space, paired),
        drawn_quota=drawn_quota,
        quota=quota,
        first=first,
        blocking=int(blocking),
        second_lists=lists_of(space.second_lists.ptr, space.second_lists.idx),
        second_scores=lists_of(space.second_lists.ptr, space.second_lists.score),
        final=np.where(state.match >= 0, state.match, first),
    )


def lists_of(ptr: np.ndarray, entries: np.ndarray) -> list[np.ndarray]:
    """Return the entries of each applicant."""
    return [entries[begin:end].copy() for begin, end in itertools.pairwise(ptr)]


def pairs_of(space: Space, paired: int) -> dict[int, np.ndarray]:
    """Return the list of pairs of each member of a couple, as program numbers; -1 is "no match"."""
    found = {}
    for c, members in enumerate(space.lists.members[:paired].tolist()):
        entries = space.lists.pairs[space.lists.pair_ptr[c] : space.lists.pair_ptr[c + 1]]
        pairs = np.where(entries >= 0, space.lists.idx[np.maximum(entries, 0)], -1)
        found[members[0]], found[members[1]] = pairs, pairs[:, ::-1]
    return found


def check(market: carms.Market, walked: Walk, draw: int) -> None:
    """Raise where the steps, called one by one, come to another outcome than `simulate`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StabilityWarning)
        outcomes = carms.simulate(market, n_draws=draw + 1, rng=ENTROPY).outcomes_of(start=draw)
    part = np.asarray(outcomes.first[0]) > rank_lists.NOT_TAKING_PART
    for name in ("first", "final"):
        theirs = np.asarray(getattr(outcomes, name))[0]
        if not np.array_equal(getattr(walked, name)[part], theirs[part]):
            message = f"{name}: the steps, called one by one, differ from simulate"
            raise SystemExit(message)
