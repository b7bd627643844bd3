"""Whole numbers in proportion, small enough to be shared out by hand."""

from __future__ import annotations

import pytest
from carms_lib.exceptions import ArgumentError
from carms_lib.simulator.inputs.rounding import half_up, largest_remainder


@pytest.mark.parametrize(
    ("weights", "total", "expected"),
    [
        ([3, 3, 1], 5, [2, 2, 1]),  # 2.14, 2.14, 0.71
        ([61, 29, 10], 10, [6, 3, 1]),  # the largest remainder, 0.9, is not that of the largest share
        ([1, 1, 1], 1, [1, 0, 0]),
        ([1, 1, 1], 2, [1, 1, 0]),
        ([2, 0, 2], 3, [2, 0, 1]),
        ([0.1, 0.2, 0.3], 6, [1, 2, 3]),  # exact in print, not in bits
        ([5], 7, [7]),
        ([1, 2], 0, [0, 0]),
        ([0, 0], 0, [0, 0]),
        ([], 0, []),
    ],
)
def test_units_left_go_to_the_largest_remainders(weights: list[float], total: int, expected: list[int]) -> None:
    assert largest_remainder(weights, total).tolist() == expected


@pytest.mark.parametrize(("weights", "total"), [([1, 2], -1), ([0, 0], 1), ([], 1)])
def test_what_cannot_be_shared_out_is_refused(weights: list[float], total: int) -> None:
    with pytest.raises(ArgumentError, match=f"total={total}"):
        largest_remainder(weights, total)


@pytest.mark.parametrize(("value", "expected"), [(0.0, 0), (0.49, 0), (0.5, 1), (1.5, 2), (2.5, 3), (-0.5, 0)])
def test_a_half_rounds_up(value: float, expected: int) -> None:
    assert half_up(value) == expected
