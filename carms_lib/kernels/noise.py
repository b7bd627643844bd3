"""Keyed noise: every random number is a function of what it is for.

Belongs here: hashing a key to 64 or 32 bits, and a uniform number. Does not belong here: numbers of other shapes, which
are `variates`, and what the numbers are used for.

The key is (entropy, purpose, draw, applicant, program). Nothing is sequential, so a draw can be rerun alone, more
draws never change earlier ones, a scenario leaves all noise that it does not touch equal, and any number of
workers gives the same bits.

Most keys are folded to 64 bits. The last fold, by a program, is done hundreds of thousands of times in a draw; there
`bits_of` gives 32 bits, of which a processor makes several at a time.

References
----------
Appleby (2011), *MurmurHash3*, github.com/aappleby/smhasher: the 32-bit mixer.
Steele, Lea and Flood (2014), *Fast splittable pseudorandom number generators*, OOPSLA: the 64-bit mixer.
Salmon, Moraes, Dror and Shaw (2011), *Parallel random numbers: as easy as 1, 2, 3*, SC: counter-based noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from carms_lib.exceptions import ArgumentError
from carms_lib.kernels.jit import kernel

__all__ = [
    "Purpose",
    "bits_of",
    "entropy_from",
    "fold",
    "halves",
    "key_of_text",
    "stream",
    "uniform",
    "uniform_array",
]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S12, _S32 = (np.uint64(s) for s in (30, 27, 31, 12, 32))
_LOW32 = np.uint64(0xFFFFFFFF)
_TO_UNIT = 2.0**-52
_ONE = np.uint64(0x3FF0000000000000)  # the bits of 1.0: with 52 bits behind them, a number in [1, 2)
_BELOW_ONE = 1.0 - 2.0**-53
_FIRST_MIX, _SECOND_MIX, _THIRD_MIX = np.uint32(0x9E3779B1), np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
_T15, _T13, _T16 = (np.uint32(s) for s in (15, 13, 16))


_number = np.int64  # a kernel is compiled once for it, and for each Python constant anew


class Purpose:
    """What a number is for; the first part of its key. Numbers are never reused or renumbered."""

    INPUT = _number(1)  # the uncertain inputs of a block of draws
    PROGRAM = _number(2)  # a program's appeal and interview share in a block
    QUOTA = _number(3)  # rounding of the seats of the release, drifted or raked
    SIZE = _number(4)  # rounding of a class size
    MERIT = _number(5)
    DISCIPLINE = _number(6)  # which discipline is wanted first
    BREADTH = _number(7)  # how many disciplines are ranked
    BACKUP = _number(8)  # which disciplines stand behind the first
    LENGTH = _number(9)  # how many programs are applied to
    TASTE = _number(10)  # an applicant's taste for a program
    FILE = _number(11)  # what a program sees in a file
    INTERVIEW = _number(12)  # what an interview adds
    SECOND = _number(13)  # taking part in the second iteration
    SECOND_LENGTH = _number(14)
    SECOND_TASTE = _number(15)
    SECOND_FILE = _number(16)
    DEMAND = _number(17)  # how popular a discipline is in a block
    COUPLE = _number(18)  # being half of a couple, and of which
    COUPLE_ORDER = _number(19)  # the order in which couples are admitted to the match
    REVERSION = _number(20)  # rounding of the seats that revert
    SEATS = _number(24)  # rounding of the seats that a scenario adds
    SPLIT = _number(25)  # rounding of the seats that a stream takes from another
    SETTING = _number(40)  # which of the cohort's joint draws a block takes
    FIRST = _number(41)  # taking part in the first iteration
    LOTTERY = _number(60)  # which programs get seats that are placed in proportion


@kernel
def fold(state: np.uint64, part: np.uint64) -> np.uint64:
    """Return the 64-bit hash of `state` with one more part of the key."""
    x = (state ^ part) + _GOLDEN
    x = (x ^ (x >> _S30)) * _MIX_A
    x = (x ^ (x >> _S27)) * _MIX_B
    return x ^ (x >> _S31)


@kernel
def stream(entropy: np.uint64, purpose: np.int64, draw: int) -> np.uint64:
    """Return the state from which all noise of one purpose in one draw is folded."""
    return fold(fold(entropy, np.uint64(purpose)), np.uint64(draw))


@kernel
def uniform(state: np.uint64) -> float:
    """Return a number in (0, 1), never either end: the middle of one of 2**52 equal parts."""
    return np.uint64((state >> _S12) | _ONE).view(np.float64) - _BELOW_ONE


@kernel
def halves(state: np.uint64) -> tuple[np.uint32, np.uint32]:
    """Return the low and the high 32 bits of a state or key, as `bits_of` takes them."""
    return np.uint32(state & _LOW32), np.uint32(state >> _S32)


@kernel
def bits_of(low: np.uint32, high: np.uint32, part_low: np.uint32, part_high: np.uint32) -> np.uint32:
    """Return the 32-bit hash of a state with one more part of the key, both given by their halves.

    Every step is cut back to 32 bits, so that the compiler keeps to them and does several keys at a time.
    """
    x = np.uint32(np.uint32(low ^ part_low) * _FIRST_MIX)
    x = np.uint32(x ^ np.uint32(x >> _T15))
    x = np.uint32(x ^ np.uint32(high ^ part_high))
    x = np.uint32(x * _SECOND_MIX)
    x = np.uint32(x ^ np.uint32(x >> _T13))
    x = np.uint32(x * _THIRD_MIX)
    return np.uint32(x ^ np.uint32(x >> _T16))


def uniform_array(entropy: int, purpose: np.int64, draws: np.ndarray, items: int) -> np.ndarray:
    """Return uniforms of shape (len(draws), items), float64, one for each draw and item.

    The same numbers as `uniform(fold(stream(entropy, purpose, draw), item))`.
    """
    # One-element arrays, because numpy wraps arrays around 2**64 in silence, which is what a hash does, and
    # warns about scalars.
    state = _fold_array(np.array([entropy], dtype=np.uint64), np.array([purpose], dtype=np.uint64))
    states = _fold_array(state[:, None], np.asarray(draws, dtype=np.uint64)[:, None])
    hashed = _fold_array(states, np.arange(items, dtype=np.uint64)[None, :])
    unit: np.ndarray = ((hashed >> _S12).astype(np.float64) + 0.5) * _TO_UNIT
    return unit


def _fold_array(state: np.ndarray, part: np.ndarray) -> np.ndarray:
    """`fold` for arrays that broadcast."""
    x: np.ndarray = (state ^ part) + _GOLDEN
    x = (x ^ (x >> _S30)) * _MIX_A
    x = (x ^ (x >> _S27)) * _MIX_B
    hashed: np.ndarray = x ^ (x >> _S31)
    return hashed


def key_of_text(text: str) -> int:
    """Return a 64-bit key for a name or id: FNV-1a over its UTF-8 bytes, stable for ever."""
    key = 0xCBF29CE484222325
    for byte in text.encode():
        key = ((key ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return key


def entropy_from(rng: Any) -> int:
    """Return the entropy of `rng` as an integer in [0, 2**63).

    Parameters
    ----------
    rng : int, numpy.random.SeedSequence, numpy.random.Generator or None
        An int is taken as it is. A Generator is advanced, so that two studies from one generator differ. None asks
        the operating system.

    Returns
    -------
    int
        Passing it back as `rng` gives the same numbers.

    Raises
    ------
    ArgumentError
        For anything else, and for an int outside [0, 2**63).

    References
    ----------
    SPEC 7, Scientific Python: seeding pseudo-random number generation.
    """
    if isinstance(rng, bool):
        raise ArgumentError(f"rng={rng!r} is not allowed: give an int, SeedSequence, Generator or None.")
    if isinstance(rng, (int, np.integer)):
        if not 0 <= int(rng) < 2**63:
            raise ArgumentError(f"rng={int(rng)} is outside [0, 2**63): give an int in that range.")
        return int(rng)
    if rng is None:
        rng = np.random.SeedSequence()
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**63, dtype=np.uint64))
    if isinstance(rng, np.random.SeedSequence):
        return int(rng.generate_state(1, np.uint64)[0] >> np.uint64(1))
    raise ArgumentError(f"rng is a {type(rng).__name__}: give an int, SeedSequence, Generator or None.")
