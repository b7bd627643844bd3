"""The exponential race against logarithms and a sort, and against the law of who wins."""

from __future__ import annotations

import numpy as np
import pytest
from carms_lib.kernels.jit import from_python
from carms_lib.kernels.lanes import LANES, padded
from carms_lib.kernels.noise import Purpose, bits_of, fold, halves, stream
from carms_lib.simulator.draw import exponential_race
from carms_lib.simulator.draw.exponential_race import (
    LONGEST_WAIT,
    MOST_RACES,
    PACES,
    Race,
    Runners,
    new_races,
    new_track,
)

lay_out, run_races, total_weight = map(
    from_python, (exponential_race.lay_out, exponential_race.run_races, exponential_race.total_weight)
)


@pytest.fixture(autouse=True)
def _wrap_around():  # type: ignore[no-untyped-def]
    with np.errstate(over="ignore"):  # a hash wraps around; only interpreted kernels would report it
        yield


def _state(draw: int) -> tuple[np.uint32, np.uint32]:
    low, high = halves(np.uint64(fold(np.uint64(stream(np.uint64(9), Purpose.TASTE, draw)), np.uint64(3))))
    return np.uint32(low), np.uint32(high)


def _keys(rng: np.random.Generator, runners: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(2**32, size=runners, dtype=np.uint32), rng.integers(2**32, size=runners, dtype=np.uint32)


def _times(low: np.uint32, high: np.uint32, keys_low: np.ndarray, keys_high: np.ndarray) -> np.ndarray:
    """Arrivals of runners of weight 1, in double precision."""
    bits = [int(bits_of(low, high, *key)) >> 1 for key in zip(keys_low, keys_high, strict=True)]
    return -np.log1p(-(np.array(bits) + 0.5) * 2.0**-31)


def _filled(values: np.ndarray, kind: type, filler: float) -> np.ndarray:
    """Values, and behind them what stands up to a multiple of 8."""
    return np.concatenate([values, np.full(padded(len(values)) - len(values), filler)]).astype(kind)


def _field(keys: tuple[np.ndarray, np.ndarray], waits: np.ndarray) -> Runners:
    """Three stretches, of which the second runs; who stands before or behind it would win."""
    runners = len(waits)
    stretches = [np.array([900], np.int32), np.arange(runners, dtype=np.int32), np.array([901], np.int32)]
    fast = np.full(LANES, 1e-9)
    return Runners(
        np.concatenate([_filled(one, np.int32, -7) for one in stretches]),
        np.concatenate([np.ones(LANES, np.uint32), _filled(keys[0], np.uint32, 5), np.ones(LANES, np.uint32)]),
        np.concatenate([np.ones(LANES, np.uint32), _filled(keys[1], np.uint32, 6), np.ones(LANES, np.uint32)]),
        np.concatenate([fast, _filled(waits, np.float32, np.inf), fast]).astype(np.float32),
    )


def _run_all(
    draws: list[int], keys: tuple[np.ndarray, np.ndarray], waits: np.ndarray, lengths: list[int], pace: float
) -> list[list[int]]:
    """Run one race for each draw, as they are laid out; look that nothing is written where it should not be."""
    runners, races = len(waits), new_races()
    field = _field(keys, waits)
    paces = np.full(PACES, pace)
    ends = 3 + np.cumsum(lengths)
    out = np.full(ends[-1] + 1, -9, dtype=np.int32)  # the last place takes whoever comes too late
    weight = total_weight(field, LANES, LANES + runners)
    whole, cut = 0, 0
    for draw, length, end in zip(draws, lengths, ends, strict=True):
        low, high = _state(draw)
        race = Race(
            low=low,
            high=high,
            begin=LANES,
            end=LANES + runners,
            weight=weight,
            wanted=length,
            kind=0,
            to=int(end) - length,
        )
        whole, cut = lay_out(races, whole, cut, race)
    assert whole + cut == len(draws)
    run_races(field, races, whole, cut, paces, new_track(runners), out)
    assert out[:3].tolist() == [-9] * 3
    assert (paces > 0).all()
    return [out[end - length : end].tolist() for length, end in zip(lengths, ends, strict=True)]


def _run(draw: int, keys: tuple[np.ndarray, np.ndarray], waits: np.ndarray, length: int, pace: float) -> list[int]:
    return _run_all([draw], keys, waits, [length], pace)[0]


def test_the_race_is_won_by_weight() -> None:
    """The first arrival is drawn in proportion to weight: the law on which wishes stand."""
    rates = np.array([1.0, 2.0, 5.0])
    keys = np.array([11, 12, 13], dtype=np.uint32), np.zeros(3, dtype=np.uint32)
    wins, seconds = np.zeros(3), np.zeros(3)
    for draw in range(8_000):
        order = _run(draw, keys, 1 / rates, 3, 1.0)
        wins[order[0]] += 1
        seconds[order[1]] += order[0] == 2
    # Standard error of a share near one half is 0.0056.
    np.testing.assert_allclose(wins / wins.sum(), rates / rates.sum(), atol=0.02)
    np.testing.assert_allclose(seconds / seconds.sum(), [1 / 3, 2 / 3, 0.0], atol=0.025)


@pytest.mark.parametrize("runners", [1, 2, 7, 8, 9, 40, 265])
@pytest.mark.parametrize("share", [0.01, 0.2, 0.6, 1.0])
def test_the_race_is_logarithms_and_a_sort_whatever_pace_is_guessed(runners: int, share: float) -> None:
    rng = np.random.default_rng(runners)
    keys, waits = _keys(rng, runners), 1 / rng.lognormal(size=runners)
    length = max(1, round(share * runners))
    for draw in range(30):
        times = _times(*_state(draw), *keys) * waits
        expected = np.argsort(times)[:length].tolist()
        for pace in (1e-60, 1e-9, 0.01, 1.0, 1e9):
            assert _run(draw, keys, waits, length, pace) == expected


def test_runners_who_arrive_together_are_told_apart_by_their_number() -> None:
    rng = np.random.default_rng(2)
    low, high = _keys(rng, 6)
    keys = np.tile(low, 3), np.tile(high, 3)  # each three times, at one moment
    waits = np.tile(1 / rng.lognormal(size=6), 3)
    for draw in range(50):
        times = _times(*_state(draw), *keys) * waits
        for length in (1, 5, 18):
            assert _run(draw, keys, waits, length, 0.05) == np.argsort(times, kind="stable")[:length].tolist()


def test_everybody_arrives_who_can_run_at_all() -> None:
    keys = _keys(np.random.default_rng(3), 12)
    waits = np.where(np.arange(12) < 6, 1.0, float(LONGEST_WAIT))
    for draw in range(50):
        order = _run(draw, keys, waits, 12, 1e-30)
        assert sorted(order) == list(range(12))
        assert sorted(order[:6]) == list(range(6))


def test_races_side_by_side_are_what_each_is_alone() -> None:
    """More than are taken abreast, some to the end and some cut short, of all lengths in turn."""
    rng = np.random.default_rng(6)
    keys, waits = _keys(rng, 90), 1 / rng.lognormal(size=90)
    draws = list(range(MOST_RACES))
    lengths = [int(length) for length in rng.choice([1, 2, 5, 9, 20, 44, 45, 60, 90], size=MOST_RACES)]
    for pace in (1e-3, 1.0, 30.0):
        together = _run_all(draws, keys, waits, lengths, pace)
        for draw, length, order in zip(draws, lengths, together, strict=True):
            times = _times(*_state(draw), *keys) * waits
            assert order == np.argsort(times)[:length].tolist()


def test_a_race_is_cut_short_where_many_run_and_few_are_wanted() -> None:
    races = new_races()
    counts = {}
    for runners, wanted in ((24, 1), (25, 1), (90, 44), (90, 45), (5, 5)):
        race = Race(
            low=np.uint32(1), high=np.uint32(2), begin=8, end=8 + runners, weight=2.5, wanted=wanted, kind=3, to=7
        )
        counts[runners, wanted] = lay_out(races, 0, 0, race)
    assert counts == {(24, 1): (1, 0), (25, 1): (0, 1), (90, 44): (0, 1), (90, 45): (1, 0), (5, 5): (1, 0)}
    assert (races.begin[0], races.end[0], races.to[0], races.wanted[0], races.weight[0]) == (8, 13, 7, 5, 2.5)
    assert (races.end[-1], races.wanted[-1], races.kind[-1]) == (98, 44, PACES * 3 + PACES - 1)


def test_the_weight_of_a_stretch_is_that_of_who_runs() -> None:
    waits = np.array([0.5, 2.0, 4.0, np.inf, 1.0], dtype=np.float32)
    keys = np.zeros(5, np.uint32), np.zeros(5, np.uint32)
    assert total_weight(_field(keys, waits), LANES, LANES + 5) == 2.0 + 0.5 + 0.25 + 1.0
