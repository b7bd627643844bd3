"""The exponential race against logarithms and a sort, and against the law of who wins."""

from __future__ import annotations

import numpy as np
import pytest
from carms_lib.matching._jit import from_python
from carms_lib.simulator import _race
from carms_lib.simulator._lanes import LANES, padded
from carms_lib.simulator._noise import Purpose, bits_of, fold, halves, stream
from carms_lib.simulator._race import LONGEST_WAIT, Field, new_track

earliest, first_of, first_two = (from_python(race) for race in (_race.earliest, _race.first_of, _race.first_two))


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


def _run(draw: int, keys: tuple[np.ndarray, np.ndarray], waits: np.ndarray, length: int, pace: float) -> list[int]:
    """Run a race in the second of three stretches of a field, and look that it writes where it is told to."""
    runners, room = len(waits), padded(len(waits))
    stretches = [np.array([900], np.int32), np.arange(runners, dtype=np.int32), np.array([901], np.int32)]
    begin = LANES
    field = Field(
        np.concatenate([_filled(one, np.int32, -7) for one in stretches]),
        np.concatenate([np.ones(LANES, np.uint32), _filled(keys[0], np.uint32, 5), np.ones(LANES, np.uint32)]),
        np.concatenate([np.ones(LANES, np.uint32), _filled(keys[1], np.uint32, 6), np.ones(LANES, np.uint32)]),
        np.concatenate([np.full(LANES, 1e-9), _filled(waits, np.float32, np.inf), np.full(LANES, 1e-9)]).astype(
            np.float32
        ),
    )
    out = np.full(3 + room + LANES, -9, dtype=np.int32)
    count, _ = earliest(*_state(draw), field, begin, begin + runners, length, pace, new_track(runners), out, 3)
    assert out[:3].tolist() == [-9] * 3
    return out[3 : 3 + count].tolist()


def test_the_race_is_won_by_weight() -> None:
    """The first arrival is drawn in proportion to weight: the law on which wishes stand."""
    rates = np.array([1.0, 2.0, 5.0])
    keys = np.array([11, 12, 13], dtype=np.uint32), np.zeros(3, dtype=np.uint32)
    wins, seconds = np.zeros(3), np.zeros(3)
    for draw in range(8_000):
        order = _run(draw, keys, 1 / rates, 3, np.inf)
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
        for pace in (np.inf, 1e-60, 1e-9, 0.01, 1e9):
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


def test_no_race_is_run_for_nobody_or_for_no_place() -> None:
    keys = _keys(np.random.default_rng(4), 30)
    assert _run(1, keys, np.ones(30), 0, np.inf) == []
    assert _run(1, (keys[0][:0], keys[1][:0]), np.ones(0), 5, np.inf) == []


@pytest.mark.parametrize("runners", [1, 6, 37, 64, 65, 200])
def test_first_two_leaves_out_whom_it_is_told_and_who_cannot_run(runners: int) -> None:
    rng = np.random.default_rng(runners)
    keys = _filled(np.arange(runners), np.uint32, 0)
    waits = _filled(np.where(rng.random(runners) < 0.2, np.inf, rng.lognormal(size=runners)), np.float32, np.inf)
    waits[0] = 0.7
    track = new_track(len(keys))
    for draw in range(500):
        state = _state(draw)
        times = _times(*state, keys, np.zeros(len(keys), dtype=np.uint32)) * waits
        order = [int(k) for k in np.argsort(times) if np.isfinite(waits[k])]
        assert list(first_two(*state, keys, waits, -1, track)) == [*order, -1][:2]
        assert first_of(*state, keys, waits, track) == order[0]
        without = first_two(*state, keys, waits, order[0], track)
        assert list(without) == [*order[1:], -1, -1][:2]


def test_nobody_is_first_where_nobody_runs() -> None:
    keys, track = np.arange(8, dtype=np.uint32), new_track(8)
    nobody = np.full(8, np.inf, dtype=np.float32)
    assert first_two(*_state(1), keys, nobody, -1, track) == (-1, -1)
    assert first_of(*_state(1), keys, nobody, track) == -1


def test_of_two_who_arrive_together_the_lower_number_is_first() -> None:
    keys = np.zeros(16, dtype=np.uint32)
    waits = np.ones(16, dtype=np.float32)
    for draw in range(50):
        assert first_of(*_state(draw), keys, waits, new_track(16)) == 0
        assert first_two(*_state(draw), keys, waits, -1, new_track(16)) == (0, 1)
        assert first_two(*_state(draw), keys, waits, 0, new_track(16)) == (1, 2)
