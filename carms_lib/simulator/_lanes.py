"""Eight integers at a time: the least of them, which lie below a limit, and how many others are less than each.

Belongs here: the comparisons that a processor makes of several numbers in one step, and counting and finding the bits
that tell their outcome. Does not belong here: what the numbers are.

A compiler makes a loop that *writes* numbers do several at a time, and does badly by one that counts or searches: it
adds up lane by lane, and does what is left over of a multiple of 32 one by one. So here a comparison of eight numbers
gives eight bits, and a count or a search is one step on them. Each function is written twice: as Python, which says
what it does and runs where kernels are interpreted, and as the instructions that kernels are compiled to. Those are
LLVM's own, not one processor's, and are compiled for any.
"""

# ruff: noqa: ARG001, PLW0108 - numba says which arguments these functions have, and takes no other kind of function

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

from carms_lib.matching._jit import kernel

__all__ = ["LANES", "below", "how_many", "least", "lowest", "padded", "write_ranks"]

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


def least(codes: np.ndarray, at: int) -> np.int32:
    """Return the least of eight int32 ``codes[at : at + 8]``; all eight must lie in the array."""
    return codes[at : at + LANES].min()  # type: ignore[no-any-return]


def write_ranks(codes: np.ndarray, begin: int, end: int, at: int, ranks: np.ndarray) -> None:
    """Write how many of ``codes[begin:end]`` are less than each of eight int32 ``codes[at : at + 8]``.

    All eight must lie in the array; they are written to the same places of `ranks`, int32.
    """
    for lane in range(LANES):
        ranks[at + lane] = (codes[begin:end] < codes[at + lane]).sum()


def how_many(bits: np.uint64) -> int:
    """Return how many bits are set."""
    return int(bits).bit_count()


def lowest(bits: np.uint64) -> int:
    """Return the place of the lowest bit set; there must be one."""
    return (int(bits) & -int(bits)).bit_length() - 1


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
def _least(typingctx: Any, codes: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        numbers = _load(context, builder, signature.args[0], given[0], given[1])
        shape = ir.FunctionType(_ONE, [_EIGHT])
        name = f"llvm.vector.reduce.smin.v{LANES}i32"
        reduce = cgutils.get_or_insert_function(builder.module, shape, name)  # type: ignore[no-untyped-call]
        return builder.call(reduce, [numbers])

    return types.int32(codes, types.intp), generate


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


@_intrinsic
def _lowest(typingctx: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.cttz(given[0], cgutils.true_bit)

    return types.uint64(types.uint64), generate


@overload(below, strict=False)
def _compiled_below(codes: Any, at: Any, limit: Any) -> Any:
    return lambda codes, at, limit: _below(codes, at, limit)


@overload(least, strict=False)
def _compiled_least(codes: Any, at: Any) -> Any:
    return lambda codes, at: _least(codes, at)


@overload(write_ranks, strict=False)
def _compiled_ranks(codes: Any, begin: Any, end: Any, at: Any, ranks: Any) -> Any:
    return lambda codes, begin, end, at, ranks: _write_ranks(codes, begin, end, at, ranks)


@overload(how_many, strict=False)
def _compiled_how_many(bits: Any) -> Any:
    return lambda bits: _how_many(bits)


@overload(lowest, strict=False)
def _compiled_lowest(bits: Any) -> Any:
    return lambda bits: _lowest(bits)
