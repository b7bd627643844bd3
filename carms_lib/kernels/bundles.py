"""Named tuples of arrays that kernels take as one pointer.

Belongs here: the one place that makes such a pointer, and what kernels read through it. Does not belong here: which
arrays belong together.

numba passes a named tuple of 60 arrays as 420 words, and does so again at every call of every inner kernel:
that text was most of what a compiler read. Here the arrays' descriptors (length, place, shape, strides) are written
side by side into one block of memory, and the kernel gets its address. The source of a kernel does not change:
``space.score`` reads the descriptor of `score`. Descriptors do not change while a kernel runs, and their loads say so
(``!invariant.load``): without it each is read again after every number that is written.

A pointer keeps nothing alive. So only `bundle` makes one; a `Bundle` holds its arrays for as long as it lives, cannot
be changed, copied or sent to another process, and lives as long as the call of a kernel (`jit`) that it was made for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NoReturn

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import NativeValue, infer_getattr, lower_getattr_generic, models, register_model, unbox
from numba.np.arrayobj import populate_array

__all__ = ["Bundle", "bundle"]

_WORD = 8  # bytes


class _BundleType(types.Type):
    """A named tuple class and the type of each of its members: arrays, and named tuples of arrays."""

    def __init__(self, made_from: type, members: tuple[tuple[str, Any], ...]) -> None:
        self.made_from = made_from
        self.members = members
        self.of = dict(members)
        self.places: dict[str, int] = {}
        self.words: int = 0
        for name, kind in members:
            self.places[name] = self.words
            self.words += kind.words if isinstance(kind, _BundleType) else 1 + 2 * kind.ndim
        # Short: numba writes the name of a type into the name of every function that takes it.
        digest = hashlib.blake2b(repr(members).encode(), digest_size=4).hexdigest()
        super().__init__(name=f"{made_from.__name__}_{digest}")

    @property
    def key(self) -> tuple[type, tuple[tuple[str, Any], ...]]:
        """What tells two of them apart."""
        return self.made_from, self.members

    def __repr__(self) -> str:
        return self.name


class Bundle:
    """Arrays of a named tuple behind one address."""

    __slots__ = ("_kept", "_numba_type_", "address")

    def __init__(self, arrays: Any, kind: _BundleType) -> None:
        block = np.fromiter(_words(arrays), dtype=np.int64, count=kind.words)
        put = object.__setattr__
        put(self, "_kept", (arrays, block))
        put(self, "_numba_type_", kind)
        put(self, "address", block.ctypes.data)

    def __setattr__(self, name: str, value: object = None) -> NoReturn:
        raise AttributeError(f"{name}: a bundle does not change; make another one of the changed named tuple.")

    __delattr__ = __setattr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("A bundle holds an address of this process and cannot be copied or sent; send the arrays.")


def bundle(arrays: Any) -> Bundle:
    """Return a named tuple of arrays, and of such named tuples, as one pointer for kernels."""
    return Bundle(arrays, _type_of(arrays))


def is_bundled(argument: object) -> bool:
    """Say whether an argument is a named tuple of arrays, and of such named tuples."""
    return (
        isinstance(argument, tuple)
        and hasattr(argument, "_fields")
        and all(isinstance(member, np.ndarray) or is_bundled(member) for member in argument)
    )


def _words(arrays: Any) -> Iterator[int]:
    """Yield place, shape and strides of each array."""
    for member in arrays:
        if isinstance(member, np.ndarray):
            yield member.__array_interface__["data"][0]
            yield from member.shape
            yield from member.strides
        else:
            yield from _words(member)


_TYPES: dict[Any, _BundleType] = {}
_ARRAY_TYPES: dict[Any, Any] = {}


def _type_of(arrays: Any) -> _BundleType:
    kinds = []
    for member in arrays:
        if isinstance(member, np.ndarray):
            flags = member.flags
            looks = (member.dtype, member.ndim, flags.c_contiguous, flags.f_contiguous, flags.writeable, flags.aligned)
            kind = _ARRAY_TYPES.get(looks)
            if kind is None:
                kind = _ARRAY_TYPES[looks] = numba.typeof(member)
        else:
            kind = _type_of(member)
        kinds.append(kind)
    key = (type(arrays), *kinds)
    found = _TYPES.get(key)
    if found is None:
        members = tuple(zip(type(arrays)._fields, kinds, strict=True))
        found = _TYPES[key] = _BundleType(type(arrays), members)
    return found


@register_model(_BundleType)
class _BundleModel(models.PrimitiveModel):
    """In machine code: the address."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, ir.IntType(8).as_pointer())


@infer_getattr
class _BundleAttribute(AttributeTemplate):
    key = _BundleType

    def generic_resolve(self, kind: _BundleType, name: str) -> Any:
        """Return the type of a member."""
        return kind.of.get(name)


@unbox(_BundleType)
def _unbox(kind: _BundleType, given: Any, c: Any) -> NativeValue:  # noqa: ARG001 - numba's convention
    number = c.pyapi.object_getattr_string(given, "address")
    address = c.pyapi.long_as_voidptr(number)
    c.pyapi.decref(number)
    return NativeValue(address, is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))


@lower_getattr_generic(_BundleType)
def _member(context: Any, builder: Any, kind: _BundleType, address: Any, name: str) -> Any:
    """Read the descriptor of a member."""
    of, begin = kind.of[name], kind.places[name]
    if isinstance(of, _BundleType):
        return builder.gep(address, [ir.Constant(ir.IntType(64), begin * _WORD)])
    unchanging = builder.module.add_metadata([])
    word = ir.IntType(64)
    words = builder.bitcast(address, word.as_pointer())

    def read(at: int) -> Any:
        loaded = builder.load(builder.gep(words, [ir.Constant(ir.IntType(64), at)]))
        loaded.set_metadata("invariant.load", unchanging)
        return loaded

    array = context.make_array(of)(context, builder)
    item = context.get_data_type(of.dtype)
    populate_array(
        array,
        data=builder.inttoptr(read(begin), item.as_pointer()),
        shape=[read(begin + 1 + axis) for axis in range(of.ndim)],
        strides=[read(begin + 1 + of.ndim + axis) for axis in range(of.ndim)],
        itemsize=ir.Constant(word, context.get_abi_sizeof(item)),
        meminfo=None,
    )
    return array._getvalue()
