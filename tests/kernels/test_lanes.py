"""Eight at a time: what kernels are compiled to against the Python that says what it does."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from carms_lib.kernels import lanes
from carms_lib.kernels.jit import from_python
from carms_lib.kernels.lanes import LANES


def _below(codes, at, limit):  # type: ignore[no-untyped-def]
    return lanes.below(codes, at, limit)


def _write_below(codes, at, limit, first, out, to):  # type: ignore[no-untyped-def]
    return lanes.write_below(codes, at, limit, first, out, to)


def _write_firsts(codes, rows, width, at, limit, firsts):  # type: ignore[no-untyped-def]
    lanes.write_firsts(codes, rows, width, at, limit, firsts)


def _how_many(bits):  # type: ignore[no-untyped-def]
    return lanes.how_many(bits)


def _write_ranks(codes, begin, end, at, ranks):  # type: ignore[no-untyped-def]
    lanes.write_ranks(codes, begin, end, at, ranks)


below, write_below, write_firsts = map(numba.njit, (_below, _write_below, _write_firsts))
how_many, write_ranks = map(numba.njit, (_how_many, _write_ranks))
EXTREMES = np.array([-(2**31), -1, 0, 1, 2**31 - 1], dtype=np.int32)


@pytest.fixture
def codes() -> np.ndarray:
    rng = np.random.default_rng(8)
    return np.concatenate([EXTREMES, rng.integers(-5, 5, 30), rng.integers(-(2**31), 2**31, 30)]).astype(np.int32)


def test_below_is_less_than_and_never_equal(codes: np.ndarray) -> None:
    for at in range(len(codes) - LANES + 1):
        for limit in (*EXTREMES, *codes[at : at + LANES]):
            expected = sum(1 << lane for lane in range(LANES) if codes[at + lane] < limit)
            assert below(codes, at, limit) == lanes.below(codes, at, limit) == expected


def test_those_below_are_written_one_behind_the_other(codes: np.ndarray) -> None:
    for at in range(len(codes) - LANES + 1):
        for limit in (*EXTREMES, *codes[at : at + LANES]):
            compiled, plain = (np.full(LANES + 5, -1, dtype=np.int32) for _ in range(2))
            count = write_below(codes, at, limit, 100, compiled, 3)
            assert count == lanes.write_below(codes, at, limit, 100, plain, 3)
            expected = [100 + lane for lane in range(LANES) if codes[at + lane] < limit]
            assert compiled.tolist() == plain.tolist() == [-1] * 3 + expected + [0] * (LANES - count) + [-1] * 2


@pytest.mark.parametrize(("rows", "width", "at"), [(1, 8, 0), (8, 8, 0), (3, 16, 8), (2, 32, 16)])
def test_the_first_row_of_a_column_has_the_least_number(codes: np.ndarray, rows: int, width: int, at: int) -> None:
    table = np.random.default_rng(rows).choice(codes, size=rows * width)  # with ties
    for limit in (*EXTREMES, *table[:8]):
        compiled, plain = (np.full(width + 1, -7, dtype=np.int32) for _ in range(2))
        write_firsts(table, rows, width, at, limit, compiled)
        lanes.write_firsts(table, rows, width, at, limit, plain)
        columns = table.reshape(rows, width)[:, at : at + LANES]
        expected = [int(column.argmin()) if column.min() < limit else -1 for column in columns.T]
        assert compiled[at : at + LANES].tolist() == expected
        assert compiled.tolist() == plain.tolist()
        assert (np.delete(compiled, range(at, at + LANES)) == -7).all()


@pytest.mark.parametrize("bits", [1, 2, 3, 0x80, 2**63, 2**64 - 1, 0xF0F0, 2**40 + 2**17])
def test_bits_are_counted(bits: int) -> None:
    assert how_many(np.uint64(bits)) == lanes.how_many(np.uint64(bits)) == bits.bit_count()
    assert how_many(np.uint64(0)) == lanes.how_many(np.uint64(0)) == 0


@pytest.mark.parametrize(("begin", "end"), [(0, 0), (3, 4), (0, 8), (5, 29), (0, 65)])
def test_a_rank_is_how_many_are_less(codes: np.ndarray, begin: int, end: int) -> None:
    for at in (0, 7, 40, len(codes) - LANES):
        compiled, plain = (np.full(len(codes), -1, dtype=np.int32) for _ in range(2))
        write_ranks(codes, begin, end, at, compiled)
        lanes.write_ranks(codes, begin, end, at, plain)
        assert compiled.tolist() == plain.tolist()
        assert compiled[at : at + LANES].tolist() == [
            int((codes[begin:end] < own).sum()) for own in codes[at : at + LANES]
        ]
        assert (np.delete(compiled, range(at, at + LANES)) == -1).all()


def test_padded_is_the_next_multiple() -> None:
    assert [from_python(lanes.padded)(count) for count in (0, 1, 7, 8, 9)] == [0, 8, 8, 8, 16]
