"""Laws of seats: whole in every draw, every margin rounded, no bias, and nothing changes that nobody changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import CohortError, MarketError
from carms_lib.kernels.jit import from_python
from carms_lib.simulator.draw import whole_seats
from carms_lib.simulator.draw.quotas import draw_quota, draw_release, new_quota_space
from carms_lib.simulator.inputs.margins import raked
from carms_lib.simulator.inputs.rounding import largest_remainder
from carms_lib.simulator.inputs.seat_cells import seat_network
from carms_lib.simulator.study.replay import plan_blocks, replay
from hypothesis import given, settings
from hypothesis import strategies as st

round_seats = from_python(whole_seats.round_seats)

#: Sets whose totals are rounded whenever seats are scaled, added, moved or drift.
MARGINS = (
    ("discipline", "province", "eligibility"),
    ("discipline", "province"),
    ("discipline",),
    ("province", "eligibility"),
    ("province",),
    (),
)


def drawn(market: carms.Market, n: int, entropy: int = 5, drift: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Seats of the release and of the market in each draw, of shape (n, P)."""
    plan, theta = market.seat_plan, market.cohort.parameters["value"].to_numpy(float).copy()
    if drift is not None:
        theta[list(market.cohort.parameters.index).index("quota_drift")] = drift
    space = new_quota_space(plan)
    release, quota = (np.empty((n, market.n_programs), dtype=np.int64) for _ in range(2))
    with np.errstate(over="ignore"):
        for draw in range(n):
            draw_release(np.uint64(entropy), draw, theta, plan, space)
            draw_quota(np.uint64(entropy), draw, plan, plan.change, bool(plan.is_uneven[0]), space)
            release[draw], quota[draw] = space.release, space.quota
    return release, quota


def totals(seats: np.ndarray, programs: pd.DataFrame, by: Sequence[str]) -> np.ndarray:
    """Sums of the last axis by cell."""
    cell = programs.groupby(list(by)).ngroup().to_numpy() if by else np.zeros(len(programs), dtype=int)
    return np.stack([seats[..., cell == k].sum(axis=-1) for k in range(cell.max() + 1)], axis=-1)


def is_rounded(whole: np.ndarray, exact: np.ndarray, programs: pd.DataFrame, by: Sequence[str]) -> bool:
    got, want = totals(whole, programs, by), totals(exact, programs, by)
    return bool(((got >= np.floor(want + 1e-7)) & (got <= np.ceil(want - 1e-7))).all())


def change_of(market: carms.Market, made: carms.Market) -> np.ndarray:
    return made.tables.program_quota - market.tables.program_quota


LEVERS = {
    "+10 %": carms.Scenario("+10 %").scale_quota(1.10),
    "-30 %": carms.Scenario("-30 %").scale_quota(0.70),
    "Ontario FM": carms.Scenario("fm").scale_quota(1.10, province="ON", discipline="Family Medicine"),
    "+5 in NL": carms.Scenario("nl").add_seats(5, province="NL"),
    "-7 in surgery": carms.Scenario("gs").add_seats(-7, discipline="General Surgery"),
    "moved": carms.Scenario("m").move_seats(11, from_stream="CMG", to_stream="IMG", province="ON"),
}


@pytest.mark.parametrize("name", LEVERS)
def test_every_margin_of_a_change_is_rounded_in_every_draw(national: carms.Market, name: str) -> None:
    made = LEVERS[name].apply(national)
    exact = change_of(national, made)
    release, quota = drawn(made, 60)
    np.testing.assert_array_equal(release, drawn(national, 60)[0])  # what a lever leaves alone stays as it was
    change = quota - release
    for by in MARGINS:
        assert is_rounded(change, exact, national.programs, by), by
    assert (change.sum(axis=1) == round(exact.sum())).all()  # the total is whole, and kept
    assert (change[:, np.abs(exact) < 1e-12] == 0).all()  # nothing changes outside the selection


def test_rounding_is_not_biased(national: carms.Market) -> None:
    """Counted over 2,000 draws: the mean of each program is its exact number, as far as chance lets it be."""
    made = LEVERS["+10 %"].apply(national)
    exact = change_of(national, made)
    release, quota = drawn(made, 2_000, entropy=11)
    for whole, want in ((quota - release, exact), (release, national.seat_plan.known)):
        left = want % 1
        uneven = (left > 1e-6) & (left < 1 - 1e-6)
        z = (whole.mean(axis=0) - want)[uneven] / np.sqrt(left * (1 - left) / len(whole))[uneven]
        assert uneven.sum() > 400
        assert np.abs(z).max() < 4.5
        assert 0.85 < z.std() < 1.15


def test_fault_3_ten_percent_more_reaches_programs_with_one_to_three_seats(national: carms.Market) -> None:
    """Fault 3: the 493 programs with one to three seats got none of 394 seats."""
    small = national.programs["quota"].between(1, 3).to_numpy()
    release, quota = drawn(LEVERS["+10 %"].apply(national), 400)
    gained = (quota - release)[:, small].sum(axis=1)
    share = gained.mean() / national.programs["quota"][small].sum()
    assert 0.095 < share < 0.105
    assert gained.std() > 0  # and how many is part of the band


def test_fault_3_half_of_a_split_is_half_and_small_disciplines_are_split_too(national: carms.Market) -> None:
    """Fault 3: 53.8 % went to the IMG stream, and all three seats of Neurosurgery."""
    release, _ = drawn(national, 100)
    made = carms.Scenario("half").split_streams(0.5).apply(national)
    _, quota = drawn(made, 100)
    ids = made.programs["program_stream_id"]
    twin = ids.str.endswith("/IMG").to_numpy()
    parent = pd.Index(national.programs["program_stream_id"]).get_indexer(ids.str.removesuffix("/IMG"))
    pairs = np.stack([np.bincount(parent, weights=row, minlength=national.n_programs) for row in quota])
    np.testing.assert_array_equal(pairs, release)  # both together have what the program had, draw by draw
    both = np.isin(parent, parent[twin])
    assert (np.abs(quota[:, twin].sum(axis=1) - 0.5 * quota[:, both].sum(axis=1)) <= 1).all()
    neurosurgery = twin & (made.programs["discipline"] == "Neurosurgery").to_numpy()
    assert made.programs["quota"][neurosurgery].sum() == 1.5
    assert set(quota[:, neurosurgery].sum(axis=1)) == {1, 2}


def test_fault_13_known_margins_hold_in_every_draw(national: carms.Market) -> None:
    """Fault 13: Family Medicine came out at 1,839 to 1,843 against 1,821 on both bases."""
    study = carms.simulate(national, LEVERS["+5 in NL"], n_draws=10, rng=1)
    family = (national.programs["discipline"] == "Family Medicine").to_numpy()
    seats = study.outcomes_of("baseline").quota
    assert (seats.sum(axis=1) == 3_991).all()
    assert (seats[:, family].sum(axis=1) == 1_821).all()
    assert len(np.unique(seats, axis=0)) == 10  # where the 49 late seats are is drawn
    assert (study.outcomes_of("nl").quota.sum(axis=1) == 3_996).all()


def test_margins_are_of_one_match_and_one_table(national: carms.Market) -> None:
    cohort = national.cohort
    assert len(national.margins) == 2
    assert carms.load_cohort("2025").with_year(2025).margins.equals(cohort.margins)
    for name in ("2016", "2017", "2026", "2027"):
        assert carms.load_cohort(name).margins.empty  # a forecast knows no outcome
    assert cohort.with_year(2026).margins.empty
    with pytest.raises(CohortError, match="of the match of 2025, the cohort of 2026"):
        replace(cohort, year=2026)
    pd.testing.assert_frame_equal(carms.Cohort.from_toml(cohort.to_toml()).margins, cohort.margins)
    part = national.programs[national.programs["province"] == "ON"]
    ontario = carms.Market.from_gold(part, cohort)
    assert ontario.margins.empty
    assert drawn(ontario, 3, drift=0.0)[0].sum(axis=1).tolist() == [ontario.seats] * 3


@pytest.mark.parametrize(
    ("row", "said"), [({"seats": 1.5}, "int"), ({"discipline": "Famly"}, "is unknown"), ({"x": 1}, "x")]
)
def test_a_margin_is_read_with_care(national: carms.Market, row: dict[str, object], said: str) -> None:
    text = national.cohort.to_toml()
    line = next(line for line in text.splitlines() if line.startswith("total = "))
    ((name, value),) = row.items()
    told = f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
    changed = ", ".join(part for part in line[9:-2].split(", ") if not part.strip().startswith(name)) + ", " + told
    with pytest.raises(CohortError, match=said):
        carms.Cohort.from_toml(text.replace(line, f"total = {{ {changed} }}"))


def test_raking_meets_margins_that_overlap_and_refuses_those_that_cannot_be() -> None:
    programs = pd.DataFrame({"discipline": list("aabb"), "school_province": ["ON", "QC"] * 2})
    margins = pd.DataFrame(
        {"discipline": ["a", ""], "province": ["", "QC"], "seats": [12, 9], "released": [10, 10], "source": "s"}
    )
    base = np.array([4.0, 6.0, 3.0, 4.0])
    seats = raked(programs, base, margins)
    assert seats[:2].sum() == pytest.approx(12)
    assert seats[[1, 3]].sum() == pytest.approx(9)
    assert np.isnan(seats[2])  # no margin counts it: it drifts
    with pytest.raises(MarketError, match="contradict"):
        raked(programs, base, pd.concat([margins, margins.assign(seats=13)], ignore_index=True))


@pytest.mark.parametrize("drift", [-0.25, -0.01, 0.0, 0.07])
def test_quotas_fall_as_well_as_rise(market: carms.Market, drift: float) -> None:
    quota = market.programs["quota"].to_numpy(float)
    release, seats = drawn(market, 400, drift=drift)
    np.testing.assert_array_equal(release, seats)
    for by in MARGINS:
        assert is_rounded(release, quota * (1 + drift), market.programs, by)
    assert release.mean(axis=0) == pytest.approx(quota * (1 + drift), abs=0.12)


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, pd.DataFrame]:
    """Exact seats, some whole and some not, of programs in few cells."""
    n = draw(st.integers(1, 14))
    seats = draw(
        st.lists(st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 0.5, 0.9, 1.0, 1.1, 2.75, 7.0]), min_size=n, max_size=n)
    )
    columns = {
        name: draw(st.lists(st.integers(0, most), min_size=n, max_size=n))
        for name, most in (("pair", n), ("discipline", 2), ("province", 2), ("eligibility", 1))
    }
    return np.array(seats), pd.DataFrame(columns)


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(0, 2**32))
def test_both_hierarchies_are_rounded_in_any_table(given_table: tuple[np.ndarray, pd.DataFrame], seed: int) -> None:
    exact, table = given_table
    table["pair"] += 100 * (3 * table["discipline"] + table["province"])  # a pair is in one cell
    levels = [
        [table.groupby(list(by)).ngroup().to_numpy() for by in family]
        for family in ((("pair",), ("discipline", "province"), ("discipline",)), MARGINS[:1] + MARGINS[3:5])
    ]
    keys = np.arange(1, len(exact) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    network = seat_network(levels[0], levels[1], keys, np.ones(len(exact), dtype=bool))
    space, whole = whole_seats.new_rounding_space(network), np.empty(len(exact), dtype=np.int32)
    with np.errstate(over="ignore"):
        round_seats(np.uint64(seed), exact, network, space, whole)
    for by in (("pair",), *MARGINS):
        assert is_rounded(whole[None], exact, table, by), by
    assert (np.abs(whole - exact) < 1).all()


def test_cells_that_share_no_total_are_rounded_alike_whatever_the_others_are(national: carms.Market) -> None:
    """Common noise: a scenario alone, and with a change of whole seats elsewhere, gives the same seats there."""
    one = LEVERS["Ontario FM"].apply(national)
    two = (LEVERS["Ontario FM"] + carms.Scenario("q").set_quota(9, province="QC")).apply(national)
    there = (national.programs["province"] == "ON").to_numpy()
    np.testing.assert_array_equal(drawn(one, 20)[1][:, there], drawn(two, 20)[1][:, there])


def test_a_replayed_draw_has_the_seats_of_the_study(market: carms.Market) -> None:
    made = carms.Scenario("x").scale_quota(1.3, province="ON").apply(market)
    entropy, plans = plan_blocks(made, 12, 3)
    again = [one.quota for plan in plans for one in replay(made, plan)]
    study = carms.simulate(market, carms.Scenario("x").scale_quota(1.3, province="ON"), n_draws=12, rng=entropy)
    np.testing.assert_array_equal(np.stack(again), study.outcomes_of("x").quota)


def test_fault_19_largest_remainder_goes_by_remainder_not_by_size() -> None:
    """Fault 19: the largest get their seats by what is left of them, though others are larger."""
    assert largest_remainder([10, 1.9, 1.1], 13).tolist() == [10, 2, 1]
    assert largest_remainder([60.2, 20.7, 9.1], 90).tolist() == [60, 21, 9]
    assert largest_remainder([3, 30], 11).tolist() == [1, 10]
