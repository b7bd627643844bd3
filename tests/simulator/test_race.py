"""The exponential race against logarithms and a sort, and against the law of who wins."""

from __future__ import annotations

import numpy as np
import pytest
from carms_lib.matching._jit import from_python
from carms_lib.simulator import _race
from carms_lib.simulator._noise import Purpose, bits_of, fold, halves, stream
from carms_lib.simulator._race import LONGEST_WAIT, new_track

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


def _run(draw: int, keys: tuple[np.ndarray, np.ndarray], waits: np.ndarray, length: int, pace: float) -> list[int]:
    out = np.empty(len(waits), dtype=np.int32)
    candidates = np.arange(len(waits), dtype=np.int32)
    count, _ = earliest(
        *_state(draw), candidates, *keys, waits.astype(np.float32), length, pace, new_track(len(waits)), out
    )
    return out[:count].tolist()


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


def test_first_two_leaves_out_whom_it_is_told_and_who_cannot_run() -> None:
    keys = np.arange(6, dtype=np.uint32)
    waits = np.array([1.0, np.inf, 1.0, 3.0, np.inf, 0.5], dtype=np.float32)
    track = new_track(6)
    for draw in range(500):
        state = _state(draw)
        first, second = first_two(*state, keys, waits, -1, track)
        times = _times(*state, keys, np.zeros(6, dtype=np.uint32)) * waits
        order = [k for k in np.argsort(times) if np.isfinite(waits[k])]
        assert [first, second] == order[:2]
        assert first_of(*state, keys, waits, track) == first
        without = first_two(*state, keys, waits, first, track)
        assert list(without) == [k for k in order if k != first][:2]
    nobody = np.array([np.inf], dtype=np.float32)
    assert first_two(*state, keys[:1], nobody, -1, track) == (-1, -1)
    assert first_of(*state, keys[:1], nobody, track) == -1
