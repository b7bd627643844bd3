"""Numbers of every shape against the mathematical library's, and against their moments."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from carms_lib.kernels import noise, variates

ENDS = [0, 1, 2, 3, 4, 5, 2**31 - 1, 2**31, 2**32 - 129, 2**32 - 2, 2**32 - 1]
BITS = np.append(ENDS, np.random.default_rng(1).integers(2**32, size=3_000)).astype(np.uint32)


@pytest.fixture(autouse=True)
def _wrap_around():  # type: ignore[no-untyped-def]
    with np.errstate(over="ignore"):  # whole numbers wrap around; only interpreted kernels would report it
        yield


def test_the_logarithm_is_right_to_ten_digits_also_where_it_is_near_zero() -> None:
    near = 1.0 - 2.0 ** -np.arange(2.0, 54.0)
    for x in np.concatenate([near, 1.0 / near, 10.0 ** np.arange(-300, 300, 7), np.linspace(0.5, 2.0, 301)]):
        np.testing.assert_allclose(variates.log_of(x), np.log(x), rtol=6e-11, atol=0.0)


def test_the_exponential_function_is_right_to_thirteen_digits() -> None:
    for x in np.linspace(-700.0, 700.0, 2_001):
        np.testing.assert_allclose(variates.exp_of(x), np.exp(x), rtol=2e-14, atol=0.0)
    assert variates.exp_of(0.0) == 1.0


def test_normal_is_box_and_muller() -> None:
    states = np.append(np.random.default_rng(2).integers(2**64, size=20_000, dtype=np.uint64), [np.uint64(0)])
    states = np.append(states, [np.uint64(2**64 - 1)])
    made = np.array([variates.normal(state) for state in states])
    u = ((states >> np.uint64(32)).astype(float) + 0.5) * 2.0**-32
    v = (states & np.uint64(0xFFFFFFFF)).astype(float) * 2.0**-32
    np.testing.assert_allclose(made, np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * math.pi * v), rtol=0, atol=1e-10)
    assert abs(made.mean()) < 0.03
    assert abs(made.std() - 1.0) < 0.02


def test_exponential_keeps_its_digits_and_its_order() -> None:
    units = ((BITS >> np.uint32(1)).astype(float) + 0.5) * 2.0**-31
    made = np.array([variates.exponential(bits) for bits in BITS], dtype=float)
    exact = -np.log1p(-units)
    near = units < 1.0 - 2e-6  # nearer to 1 than single precision is
    assert (np.abs(made - exact)[near] < (4e-7 * exact + 1e-7 / (1.0 - units))[near]).all()
    # Never early by more than the slack with which a race is cut short.
    assert (made * (1.0 + 1e-5) > units).all()
    assert (np.diff(made[np.argsort(BITS)]) >= 0.0).all()
    assert abs(made[len(ENDS) :].mean() - 1.0) < 0.06


def test_logistic_is_the_log_of_odds_on_both_sides() -> None:
    units = ((BITS >> np.uint32(2)).astype(float) + 0.5) * 2.0**-31
    sign = np.where(BITS & np.uint32(1), -1.0, 1.0)
    made = np.array([variates.logistic(bits) for bits in BITS], dtype=float)
    np.testing.assert_allclose(made, sign * np.log(units / (1.0 - units)), rtol=0, atol=4e-6)
    assert abs(made[len(ENDS) :].mean()) < 0.12
    assert abs(made[len(ENDS) :].var() - np.pi**2 / 3.0) < 0.4


def test_interpreted_and_compiled_numbers_are_the_same_bits() -> None:
    for bits in BITS[:300]:
        state = np.uint64(noise.fold(np.uint64(bits), np.uint64(5)))
        for function, value in (
            (variates.normal, state),
            (variates.exponential, bits),
            (variates.logistic, bits),
            (variates.log_of, float(bits) + 0.5),
            (variates.exp_of, float(bits) * 2.0**-31),
        ):
            plain = getattr(function, "py_func", function)
            assert plain(value) == function(value)


def test_the_bits_are_those_of_every_other_machine() -> None:
    """A checksum from a processor that does eight numbers at a time, and the same from one that does four."""
    digest = hashlib.sha256()
    state = np.uint64(noise.stream(np.uint64(2025), noise.Purpose.TASTE, 3))
    for part in range(500):
        own = np.uint64(noise.fold(state, np.uint64(part)))
        bits = np.uint32(noise.bits_of(*(np.uint32(half) for half in noise.halves(own)), BITS[0], BITS[1]))
        for number in (
            np.float64(variates.normal(own)),
            np.float64(variates.exp_of(variates.normal(own))),
            np.float64(noise.uniform(own)),
            np.float32(variates.exponential(bits)),
            np.float32(variates.logistic(bits)),
        ):
            digest.update(number.tobytes())
    assert digest.hexdigest()[:16] == "26963185558560d8"
