"""Eight integers at a time: which lie below a limit, which is the first of a column, and how many others are less.

Belongs here: the comparisons that a processor makes of several numbers in one step, and what is made of their outcome.
Does not belong here: what the numbers are.

A compiler makes a loop that *writes* numbers do several at a time, and does badly by one that counts or searches: it
adds up lane by lane, and does what is left over of a multiple of 32 one by one. So here a comparison of eight numbers
gives eight bits, and to count them, or to write whom they mark side by side, is one step. Each function is written
twice: as Python, which says what it does and runs where kernels are interpreted, and as the instructions that kernels
are compiled to. Those are LLVM's own, not one processor's, and are compiled for any.
"""

# ruff: noqa: ARG001, PLW0108 - numba says which arguments these functions have, and takes no other kind of function

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

from carms_lib.kernels.jit import kernel

__all__ = ["LANES", "below", "how_many", "padded", "write_below", "write_firsts", "write_ranks"]

# Kernels call what it makes without the first argument, which its own type does not know.
_intrinsic: Callable[[Any], Any] = intrinsic
#: How many numbers are compared at a time.
LANES = 8
_ALIGNED = 4  # bytes: where an int32 may begin


@kernel
def padded(count: int) -> int:
    """Return the next multiple of 8: loops of such a length leave nothing to be dealt with one by one."""
    return (count + 7) & ~7


def below(codes: np.ndarray, at: int, limit: np.int32) -> np.uint64:
    """Tell which of eight int32 ``codes[at : at + 8]`` are less than `limit`: a bit for each, the first the lowest.

    All eight must lie in the array.
    """
    return np.uint64(sum(1 << lane for lane in range(LANES) if codes[at + lane] < limit))


def write_below(codes: np.ndarray, at: int, limit: np.int32, first: int, out: np.ndarray, to: int) -> int:
    """Write which of eight int32 ``codes[at : at + 8]`` are less than `limit`, in order; return how many they are.

    The first of the eight is called `first`, the next `first` + 1, and so on; int32, they are written to `out` from
    `to` on. All eight must lie in `codes`, and eight places in `out`: 0 is written behind the last.
    """
    found = [first + lane for lane in range(LANES) if codes[at + lane] < limit]
    out[to : to + LANES] = found + [0] * (LANES - len(found))
    return len(found)


def write_firsts(codes: np.ndarray, rows: int, width: int, at: int, limit: np.int32, firsts: np.ndarray) -> None:
    """Write which row of each of eight columns has the least number, the first of them if several do.

    `codes` holds `rows` rows of `width` int32 each, one behind the other; the columns are those from `at` on. To the
    same places of `firsts`, int32, the row is written, -1 where no number is less than `limit`.
    """
    for lane in range(at, at + LANES):
        column = codes[: rows * width].reshape(rows, width)[:, lane]
        firsts[lane] = column.argmin() if (column < limit).any() else -1


def write_ranks(codes: np.ndarray, begin: int, end: int, at: int, ranks: np.ndarray) -> None:
    """Write how many of ``codes[begin:end]`` are less than each of eight int32 ``codes[at : at + 8]``.

    All eight must lie in the array; they are written to the same places of `ranks`, int32.
    """
    for lane in range(LANES):
        ranks[at + lane] = (codes[begin:end] < codes[at + lane]).sum()


def how_many(bits: np.uint64) -> int:
    """Return how many bits are set."""
    return int(bits).bit_count()


_ONE = ir.IntType(32)
_EIGHT = ir.VectorType(_ONE, LANES)


def _place(context: Any, builder: Any, of: Any, array: Any, at: Any) -> Any:
    """Where a number of an array stands."""
    return builder.gep(context.make_array(of)(context, builder, array).data, [at])


def _everywhere(builder: Any, number: Any) -> Any:
    """Eight times the same number."""
    undefined = ir.Constant(_EIGHT, ir.Undefined)
    first = builder.insert_element(undefined, number, ir.Constant(_ONE, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(_EIGHT, [0] * LANES))


def _load(context: Any, builder: Any, of: Any, array: Any, at: Any) -> Any:
    """Eight numbers of an array."""
    first = builder.bitcast(_place(context, builder, of, array, at), _EIGHT.as_pointer())
    return builder.load(first, align=_ALIGNED)


@_intrinsic
def _below(typingctx: Any, codes: Any, at: Any, limit: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        numbers = _load(context, builder, signature.args[0], given[0], given[1])
        less = builder.icmp_signed("<", numbers, _everywhere(builder, given[2]))
        bits = builder.bitcast(less, ir.IntType(LANES))
        return builder.zext(bits, ir.IntType(64))

    return types.uint64(codes, types.intp, types.int32), generate


@_intrinsic
def _write_below(typingctx: Any, codes: Any, at: Any, limit: Any, first: Any, out: Any, to: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        own, (array, at, limit, first, out, to) = signature.args, given
        less = builder.icmp_signed("<", _load(context, builder, own[0], array, at), _everywhere(builder, limit))
        names = builder.add(_everywhere(builder, builder.trunc(first, _ONE)), ir.Constant(_EIGHT, list(range(LANES))))
        shape = ir.FunctionType(_EIGHT, [_EIGHT, less.type, _EIGHT])
        name = f"llvm.experimental.vector.compress.v{LANES}i32"
        compress = cgutils.get_or_insert_function(builder.module, shape, name)  # type: ignore[no-untyped-call]
        found = builder.call(compress, [names, less, ir.Constant(_EIGHT, [0] * LANES)])
        there = builder.bitcast(_place(context, builder, own[4], out, to), _EIGHT.as_pointer())
        builder.store(found, there, align=_ALIGNED)
        bits = builder.bitcast(less, ir.IntType(LANES))
        return builder.ctpop(builder.zext(bits, ir.IntType(64)))

    return types.intp(codes, types.intp, types.int32, types.intp, out, types.intp), generate


@_intrinsic
def _write_firsts(typingctx: Any, codes: Any, rows: Any, width: Any, at: Any, limit: Any, firsts: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        own, (array, rows, width, at, limit, firsts) = signature.args, given
        least = cgutils.alloca_once_value(builder, _everywhere(builder, limit))  # type: ignore[no-untyped-call]
        first = cgutils.alloca_once_value(builder, ir.Constant(_EIGHT, [-1] * LANES))  # type: ignore[no-untyped-call]
        with cgutils.for_range(builder, rows) as loop:
            numbers = _load(context, builder, own[0], array, builder.add(builder.mul(loop.index, width), at))
            less = builder.icmp_signed("<", numbers, builder.load(least))
            row = _everywhere(builder, builder.trunc(loop.index, _ONE))
            builder.store(builder.select(less, numbers, builder.load(least)), least)
            builder.store(builder.select(less, row, builder.load(first)), first)
        there = builder.bitcast(_place(context, builder, own[5], firsts, at), _EIGHT.as_pointer())
        builder.store(builder.load(first), there, align=_ALIGNED)
        return context.get_dummy_value()

    return types.none(codes, types.intp, types.intp, types.intp, types.int32, firsts), generate


@_intrinsic
def _write_ranks(typingctx: Any, codes: Any, begin: Any, end: Any, at: Any, ranks: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        own, (array, begin, end, at, ranks) = signature.args, given
        numbers = _load(context, builder, own[0], array, at)
        none = ir.Constant(_EIGHT, [0] * LANES)
        count = cgutils.alloca_once_value(builder, none)  # type: ignore[no-untyped-call]
        with cgutils.for_range_slice(builder, begin, end, ir.Constant(begin.type, 1), inc=True) as (i, _):
            other = _everywhere(builder, builder.load(_place(context, builder, own[0], array, i)))
            less = builder.sext(builder.icmp_signed("<", other, numbers), _EIGHT)  # -1 where it is
            builder.store(builder.sub(builder.load(count), less), count)
        there = builder.bitcast(_place(context, builder, own[4], ranks, at), _EIGHT.as_pointer())
        builder.store(builder.load(count), there, align=_ALIGNED)
        return context.get_dummy_value()

    return types.none(codes, types.intp, types.intp, types.intp, ranks), generate


@_intrinsic
def _how_many(typingctx: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.ctpop(given[0])

    return types.uint64(types.uint64), generate


@overload(below, strict=False)
def _compiled_below(codes: Any, at: Any, limit: Any) -> Any:
    return lambda codes, at, limit: _below(codes, at, limit)


@overload(write_below, strict=False)
def _compiled_write_below(codes: Any, at: Any, limit: Any, first: Any, out: Any, to: Any) -> Any:
    return lambda codes, at, limit, first, out, to: _write_below(codes, at, limit, first, out, to)


@overload(write_firsts, strict=False)
def _compiled_firsts(codes: Any, rows: Any, width: Any, at: Any, limit: Any, firsts: Any) -> Any:
    return lambda codes, rows, width, at, limit, firsts: _write_firsts(codes, rows, width, at, limit, firsts)


@overload(write_ranks, strict=False)
def _compiled_ranks(codes: Any, begin: Any, end: Any, at: Any, ranks: Any) -> Any:
    return lambda codes, begin, end, at, ranks: _write_ranks(codes, begin, end, at, ranks)


@overload(how_many, strict=False)
def _compiled_how_many(bits: Any) -> Any:
    return lambda bits: _how_many(bits)
