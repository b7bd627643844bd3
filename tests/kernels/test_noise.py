from __future__ import annotations

import numpy as np
import pytest
from carms_lib.exceptions import ArgumentError
from carms_lib.kernels import noise


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


def test_short_hashes_are_uniform_and_unrelated() -> None:
    """Of neighbouring states, of neighbouring keys, and of keys that differ in one half only."""
    rng = np.random.default_rng(1)
    states = rng.integers(2**64, size=400, dtype=np.uint64)
    keys = [(np.uint32(k), np.uint32(0)) for k in range(40)] + [(np.uint32(7), np.uint32(k)) for k in range(1, 41)]
    with np.errstate(over="ignore"):
        table = np.array([[noise.bits_of(*noise.halves(s), *key) for key in keys] for s in states]) / 2.0**32
    assert abs(table.mean() - 0.5) < 0.006  # 32,000 numbers: standard error 0.0016
    assert abs(table.var() - 1 / 12) < 0.002
    between = np.corrcoef(table.T)[np.triu_indices(80, 1)]  # standard error of each 0.05, of their square 0.0025
    assert np.abs(between).max() < 0.25
    assert abs((between**2).mean() - 1 / 400) < 0.0003
    # Nearness as well as order: a quarter of all pairs of numbers lies in one quarter of both.
    quarters = np.floor(4 * table).astype(int)
    together = (quarters[:, :-1] == quarters[:, 1:]).mean()
    assert abs(together - 0.25) < 0.01


def test_a_purpose_keeps_its_number() -> None:
    """Numbers are never reused or renumbered: another number is another draw, in every study that was ever made."""
    numbers = {name: int(number) for name, number in vars(noise.Purpose).items() if name.isupper()}
    assert numbers == {
        "INPUT": 1, "PROGRAM": 2, "QUOTA": 3, "SIZE": 4, "MERIT": 5, "DISCIPLINE": 6, "BREADTH": 7, "BACKUP": 8,
        "LENGTH": 9, "TASTE": 10, "FILE": 11, "INTERVIEW": 12, "SECOND": 13, "SECOND_LENGTH": 14, "SECOND_TASTE": 15,
        "SECOND_FILE": 16, "DEMAND": 17, "COUPLE": 18, "COUPLE_ORDER": 19, "REVERSION": 20, "SEATS": 24, "SPLIT": 25,
        "SETTING": 40, "FIRST": 41, "LOTTERY": 60,
    }  # fmt: skip


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
