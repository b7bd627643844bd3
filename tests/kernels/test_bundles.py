"""Named tuples of arrays as one pointer: what kernels read through it, and attempts to make it dangle."""

from __future__ import annotations

import copy
import gc
import pickle
from typing import NamedTuple

import numba
import numpy as np
import pytest
from carms_lib.kernels.bundles import Bundle, bundle, is_bundled
from carms_lib.kernels.jit import kernel

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="NUMBA_DISABLE_JIT is set: kernels are Python functions"
)


class Inner(NamedTuple):
    """Two arrays."""

    codes: np.ndarray
    table: np.ndarray


class Outer(NamedTuple):
    """An array, a named tuple of arrays, and an array behind it."""

    first: np.ndarray
    inner: Inner
    last: np.ndarray


@kernel
def _read(given: Outer, out: np.ndarray) -> None:
    out[0] = given.first[-1]
    out[1] = given.inner.codes.sum()
    out[2] = given.inner.table[1, 2]
    out[3] = given.inner.table.shape[1]
    out[4] = given.last[0]
    out[5] = len(given.inner.codes)
    row = given.inner.table[1]
    out[6] = row[0]


@kernel
def _write(given: Outer, value: float) -> None:
    given.first[:] = value
    given.inner.table[0, :] = value


@kernel
def _write_to_what_is_open(given: Inner) -> None:
    given.codes[0] = 1


@kernel
def _first(given: Inner) -> int:
    return given.codes[0]


def _outer() -> Outer:
    return Outer(
        np.array([1.5, 2.5]),
        Inner(np.array([3, 4], dtype=np.int32), np.arange(6.0).reshape(2, 3)),
        np.array([True]),
    )


def test_members_of_all_kinds_are_read_and_written_where_they_lie() -> None:
    given, out = _outer(), np.zeros(7)
    _read(given, out)
    assert out.tolist() == [2.5, 7.0, 5.0, 3.0, 1.0, 2.0, 3.0]
    _write(given, 9.0)
    assert given.first.tolist() == [9.0, 9.0]
    assert given.inner.table.tolist() == [[9.0, 9.0, 9.0], [3.0, 4.0, 5.0]]


def test_layouts_that_are_not_contiguous_are_read_right() -> None:
    table = np.arange(12.0).reshape(3, 4)
    out = np.zeros(7)
    for layout in (table.T, table[::-1, ::2], np.asfortranarray(table)):
        given = Outer(np.arange(10.0)[::3], Inner(np.arange(8, dtype=np.int32)[1::3], layout), np.array([False]))
        _read(given, out)
        assert out.tolist()[:3] == [9.0, 12.0, layout[1, 2] if layout.shape[1] > 2 else out[2]]
        assert out[3] == layout.shape[1]
        assert out[6] == layout[1, 0]


def test_an_array_that_is_closed_stays_closed() -> None:
    codes = np.zeros(1, dtype=np.int32)
    codes.flags.writeable = False
    with pytest.raises(numba.TypingError, match=r"[Cc]annot modify readonly|No conversion|setitem"):
        _write_to_what_is_open(Inner(codes, np.zeros((1, 1))))


def test_a_name_that_is_not_there_is_an_error_while_compiling() -> None:
    @kernel
    def asks(given: Inner) -> int:
        return given.no_such_array[0]  # type: ignore[attr-defined]

    with pytest.raises(numba.TypingError, match="no_such_array"):
        asks(_outer().inner)


def test_a_bundle_keeps_its_arrays_alive() -> None:
    held = bundle(Inner(np.full(100_000, 7, dtype=np.int32), np.zeros((1, 1))))
    gc.collect()
    [np.full(100_000, -1, dtype=np.int32) for _ in range(20)]  # would lie where the array lay
    assert _first(held) == 7


def test_a_temporary_is_alive_while_the_kernel_runs() -> None:
    for value in range(200):
        assert _first(Inner(np.full(50_000, value, dtype=np.int32), np.zeros((1, 1)))) == value


def test_a_bundle_cannot_be_changed_copied_or_sent() -> None:
    held = bundle(_outer())
    for name in ("address", "_kept", "_numba_type_"):
        with pytest.raises(AttributeError, match="does not change"):
            setattr(held, name, 0)
        with pytest.raises(AttributeError, match="does not change"):
            delattr(held, name)
    with pytest.raises(AttributeError):
        held.more = 1  # type: ignore[attr-defined]
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="address of this process"):
            way(held)


def test_an_address_made_by_hand_is_not_taken() -> None:
    class Forged:
        address = 4096

    with pytest.raises((TypeError, numba.TypingError)):
        _first(Forged())  # type: ignore[arg-type]
    with pytest.raises((TypeError, numba.TypingError)):
        _first(4096)  # type: ignore[arg-type]


def test_what_is_bundled() -> None:
    class Mixed(NamedTuple):
        numbers: np.ndarray
        size: int

    outer = _outer()
    assert is_bundled(outer)
    assert is_bundled(outer.inner)
    assert not is_bundled(tuple(outer.inner))
    assert not is_bundled(Mixed(outer.first, 3))
    assert not is_bundled(outer.first)
    assert isinstance(bundle(outer), Bundle)


def test_equal_kinds_share_a_type_and_others_do_not() -> None:
    one, other = bundle(_outer()), bundle(_outer())
    narrow = bundle(_outer()._replace(last=np.array([1], dtype=np.int8)))
    assert one._numba_type_ == other._numba_type_
    assert hash(one._numba_type_) == hash(other._numba_type_)
    assert one._numba_type_ != narrow._numba_type_
    assert pickle.loads(pickle.dumps(one._numba_type_)) == one._numba_type_  # noqa: S301 - made in this line
