"""Numbers of every shape from hashed bits: normal, exponential, logistic.

Belongs here: turning uniform bits into such a number, and the logarithm and exponential that this takes. Does not
belong here: where the bits come from, which is `noise`.

No function here has a branch or a call, so that a loop over it is compiled to do several numbers at a time, which the
mathematical library's functions prevent; and the bits are the same on every machine. Double precision where there is a
number for each applicant, single where there is one for each of their programs.

References
----------
Box and Muller (1958), *A note on the generation of random normal deviates*, Annals of Mathematical Statistics 29.
"""

from __future__ import annotations

import math

import numpy as np

from carms_lib.kernels.jit import kernel

__all__ = ["exp_of", "exponential", "log_of", "logistic", "normal"]

_S20, _S32, _S52 = (np.uint64(s) for s in (20, 32, 52))
_LOW32 = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(0x3FF0000000000000)  # the bits of 1.0
_BELOW_ONE = 1.0 - 2.0**-33
_SQRT_HALF = np.uint64(0x3FE6A09E667F3BCD)  # the bits of sqrt(1/2)
_BIAS = np.uint64(1024 << 52)
_EXPONENT = np.uint64(0xFFF0000000000000)
_COUNT = np.uint64(0x4330000000000000)  # the bits of 2**52: with an integer behind them, 2**52 and that integer
_COUNT_AND_BIAS = 2.0**52 + 1024.0
_LN2 = 0.6931471805599453
_LN2_HIGH, _LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10  # their sum is log 2 to 2**-86
_INV_LN2 = 1.4426950408889634
_TO_INTEGER = 1.5 * 2.0**52  # added to a number it leaves the nearest integer in the lowest bits

_F0, _F1, _F2 = np.float32(0.0), np.float32(1.0), np.float32(2.0)
_HALF, _TO_UNIT31 = np.float32(0.5), np.float32(2.0**-31)
_THIRD, _FIFTH, _SEVENTH = np.float32(1 / 3), np.float32(1 / 5), np.float32(1 / 7)
_LN2_32 = np.float32(_LN2)
_SQRT_HALF_32 = np.int32(0x3F3504F3)
_T1, _T2, _T31 = np.uint32(1), np.uint32(2), np.uint32(31)
_T23, _ZERO = np.int32(23), np.int32(0)


@kernel
def log_of(x: float) -> float:
    """Return the natural logarithm of a positive, normal number.

    Notes
    -----
    With x = 2^e m and m in [sqrt(1/2), sqrt(2)), log x = e log 2 + 2 artanh(r), r = (m - 1) / (m + 1); six terms of
    the series leave a relative error below 6e-11, also for x near 1.
    """
    bits = np.float64(x).view(np.uint64)
    biased = bits - _SQRT_HALF + _BIAS
    exponent = np.uint64((biased >> _S52) | _COUNT).view(np.float64) - _COUNT_AND_BIAS
    m = np.uint64(bits - (biased & _EXPONENT) + _BIAS).view(np.float64)
    r = (m - 1.0) / (m + 1.0)
    r2 = r * r
    series = 1.0 + r2 * (1 / 3 + r2 * (1 / 5 + r2 * (1 / 7 + r2 * (1 / 9 + r2 * (1 / 11)))))
    return exponent * _LN2 + 2.0 * r * series


@kernel
def exp_of(x: float) -> float:
    """Return e to the power of a number between -700 and 700.

    Notes
    -----
    With x = k log 2 + r and |r| at most log(2) / 2, e^x = 2^k e^r; twelve terms of Taylor's series leave a relative
    error below 1e-14.
    """
    shifted = x * _INV_LN2 + _TO_INTEGER
    k = shifted - _TO_INTEGER
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    series = 1 / 5040 + r * (1 / 40320 + r * (1 / 362880 + r * (1 / 3628800 + r * (1 / 39916800))))
    series = 1.0 + r * (1.0 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * series))))))
    return series * np.uint64((np.float64(shifted).view(np.uint64) << _S52) + _ONE).view(np.float64)


@kernel
def normal(state: np.uint64) -> float:
    """Return a standard normal number, by Box and Muller from the two halves of one hash.

    Notes
    -----
    cos(2 pi v) is sin(2 pi y) with y = |v - 1/2| - 1/4, at most 1/4 away from 0; eight terms of Taylor's series leave
    an error below 1e-11.
    """
    u = np.uint64(((state >> _S32) << _S20) | _ONE).view(np.float64) - _BELOW_ONE
    v = np.uint64(((state & _LOW32) << _S20) | _ONE).view(np.float64) - 1.0
    x = 2.0 * math.pi * (abs(v - 0.5) - 0.25)
    x2 = x * x
    series = 1 / 362880 - x2 * (1 / 39916800 - x2 * (1 / 6227020800 - x2 * (1 / 1307674368000)))
    sine = x * (1.0 - x2 * (1 / 6 - x2 * (1 / 120 - x2 * (1 / 5040 - x2 * series))))
    return math.sqrt(-2.0 * log_of(u)) * sine


@kernel
def exponential(bits: np.uint32) -> np.float32:
    """Return an exponential number of mean 1 from 31 of the bits given, with the digits of single precision.

    Notes
    -----
    -log(1 - v), v the middle of one of 2^31 equal parts of (0, 1). As in `log_of`, 1 - v = 2^e m; where e is 0, m - 1
    is -v, which keeps all digits of a small v; a v near 1 has lost them, and one rounded to 1 gives 88.
    """
    v = np.float32(np.float32(np.float32(np.int32(np.uint32(bits >> _T1))) + _HALF) * _TO_UNIT31)
    left = np.float32(_F1 - v).view(np.int32)
    e = np.int32(np.int32(left - _SQRT_HALF_32) >> _T23)
    m = np.int32(left - np.int32(e << _T23)).view(np.float32)
    return np.float32(-_log_from(e, np.float32(-v) if e == _ZERO else np.float32(m - _F1)))


@kernel
def logistic(bits: np.uint32) -> np.float32:
    """Return a standard logistic number (mean 0, variance pi^2 / 3) from the bits given.

    Notes
    -----
    log(v / (1 - v)), v the middle of one of 2^30 equal parts of (0, 1/2), and the sign by one bit more: so the far ends
    on both sides keep their digits.
    """
    v = np.float32(np.float32(np.float32(np.int32(np.uint32(bits >> _T2))) + _HALF) * _TO_UNIT31)
    odds = np.float32(v / np.float32(_F1 - v)).view(np.int32)
    e = np.int32(np.int32(odds - _SQRT_HALF_32) >> _T23)
    m = np.int32(odds - np.int32(e << _T23)).view(np.float32)
    below = np.float32(_log_from(e, np.float32(m - _F1)))
    return np.uint32(np.float32(below).view(np.uint32) ^ np.uint32(bits << _T31)).view(np.float32)


@kernel
def _log_from(e: np.int32, f: np.float32) -> np.float32:
    """Return e log 2 + log(1 + f), 1 + f between sqrt(1/2) and sqrt(2)."""
    r = np.float32(f / np.float32(f + _F2))
    r2 = np.float32(r * r)
    series = np.float32(_FIFTH + np.float32(r2 * _SEVENTH))
    series = np.float32(_THIRD + np.float32(r2 * series))
    series = np.float32(_F1 + np.float32(r2 * series))
    return np.float32(np.float32(np.float32(e) * _LN2_32) + np.float32(np.float32(_F2 * r) * series))
