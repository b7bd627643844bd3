from __future__ import annotations

import numpy as np
import pytest
from carms_lib.exceptions import ArgumentError
from carms_lib.simulator import _noise as noise


def test_numpy_and_compiled_noise_are_the_same_bits() -> None:
    table = noise.uniform_array(2025, noise.Purpose.INPUT, np.array([0, 7, 2**40]), 5)
    with np.errstate(over="ignore"):
        for row, draw in enumerate([0, 7, 2**40]):
            state = np.uint64(noise.stream(np.uint64(2025), noise.Purpose.INPUT, draw))
            for item in range(5):
                assert table[row, item] == noise.uniform(np.uint64(noise.fold(state, np.uint64(item))))


def test_uniforms_are_uniform_and_do_not_repeat() -> None:
    table = noise.uniform_array(1, noise.Purpose.TASTE, np.arange(200), 500)
    assert table.min() > 0.0
    assert table.max() < 1.0
    assert len(np.unique(table)) == table.size
    # 100,000 uniforms: the mean has standard error 0.0009, the correlation of neighbours 0.003.
    assert abs(table.mean() - 0.5) < 0.004
    assert abs(np.corrcoef(table[:-1].ravel(), table[1:].ravel())[0, 1]) < 0.015
    assert abs(np.corrcoef(table[:, :-1].ravel(), table[:, 1:].ravel())[0, 1]) < 0.015


def test_purposes_and_entropies_give_unrelated_numbers() -> None:
    draws = np.arange(300)
    one = noise.uniform_array(1, noise.Purpose.TASTE, draws, 100).ravel()
    for other in (
        noise.uniform_array(1, noise.Purpose.FILE, draws, 100).ravel(),
        noise.uniform_array(2, noise.Purpose.TASTE, draws, 100).ravel(),
    ):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.03


def test_normal_and_logistic_have_their_moments() -> None:
    with np.errstate(over="ignore"):
        state = np.uint64(noise.stream(np.uint64(3), noise.Purpose.MERIT, 0))
        keys = [np.uint64(noise.fold(state, np.uint64(i))) for i in range(40_000)]
    normal = np.array([noise.normal(key) for key in keys])
    logistic = np.array([noise.logistic(noise.uniform(key)) for key in keys])
    assert abs(normal.mean()) < 0.02
    assert abs(normal.std() - 1.0) < 0.02
    assert abs(logistic.mean()) < 0.04
    assert abs(logistic.var() - np.pi**2 / 3.0) < 0.12


def test_the_logarithm_is_right_to_ten_digits_also_where_it_is_near_zero() -> None:
    near = 1.0 - 2.0 ** -np.arange(2.0, 54.0)
    for x in np.concatenate([near, 1.0 / near, 10.0 ** np.arange(-300, 300, 7), np.linspace(0.5, 2.0, 301)]):
        np.testing.assert_allclose(noise.log_of(x), np.log(x), rtol=6e-11, atol=0.0)


def test_key_of_text_is_fnv_1a() -> None:
    # Values published with the algorithm for "" and "a".
    assert noise.key_of_text("") == 0xCBF29CE484222325
    assert noise.key_of_text("a") == 0xAF63DC4C8601EC8C


def test_entropy_round_trips() -> None:
    assert noise.entropy_from(2025) == 2025
    assert noise.entropy_from(np.int64(7)) == 7
    sequence = np.random.SeedSequence(11)
    assert noise.entropy_from(sequence) == noise.entropy_from(np.random.SeedSequence(11))
    generator = np.random.default_rng(5)
    first, second = noise.entropy_from(generator), noise.entropy_from(generator)
    assert first != second
    assert noise.entropy_from(first) == first
    assert 0 <= noise.entropy_from(None) < 2**63


@pytest.mark.parametrize("rng", [-1, 2**63, "2025", 1.5, True])
def test_entropy_refuses_what_it_does_not_know(rng: object) -> None:
    with pytest.raises(ArgumentError, match="rng"):
        noise.entropy_from(rng)
