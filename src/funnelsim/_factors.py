"""What the deals of a path share: scrambled low-discrepancy points, and the factors made of them.

Only ``+ - * / sqrt``, compares, exact scaling by powers of two and integer words are used, so the
factors are the same bits on every machine.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

REPLICATES = 64
"""Independent scrambles; path ``i`` is point ``i // 64`` of scramble ``i % 64``. The spread of
their means is the standard error of an answer."""

MARKET, CYCLE, SIZE, DRAW = range(4)
BITS = 32

# Primitive polynomials (inner coefficients) and first direction numbers of Joe and Kuo (2008).
_JOE_KUO: tuple[tuple[int, tuple[int, ...]], ...] = ((0, (1,)), (1, (1, 3)), (1, (1, 3, 1)))


def direction_numbers(dimension: int) -> NDArray[np.uint32]:
    """Return the 32 direction numbers of one dimension of Sobol's sequence, first bit first."""
    if dimension == 0:
        return np.uint32(1) << np.arange(BITS - 1, -1, -1, dtype=np.uint32)
    inner, first = _JOE_KUO[dimension - 1]
    degree = len(first)
    odd = list(first)
    for j in range(degree, BITS):
        new = odd[j - degree] ^ (odd[j - degree] << degree)
        for i in range(1, degree):
            if inner >> (degree - 1 - i) & 1:
                new ^= odd[j - i] << i
        odd.append(new)
    return np.array([m << (BITS - 1 - j) for j, m in enumerate(odd)], dtype=np.uint32)


def _stream(seed: int, stream: int) -> np.random.Philox:
    """Return NumPy's Philox under a key of ours; its raw words are a stable promise of NumPy's."""
    return np.random.Philox(key=np.array([seed, stream], dtype=np.uint64))


@functools.lru_cache(maxsize=8)
def _scramble(seed: int, dimension: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return scrambled direction numbers (replicates, 32) and digital shifts (replicates,).

    Affine matrix scrambling (Matousek 1998): a random lower triangular matrix over two elements,
    then a random shift.
    """
    words = _stream(seed, dimension).random_raw(REPLICATES * (BITS + 1)).astype(np.uint32)
    words = words.reshape(REPLICATES, BITS + 1)
    place = np.arange(BITS, dtype=np.uint32)
    above = ~(np.uint32(0xFFFFFFFF) >> place)  # bits that come before this one
    mask = (words[:, 1:] & above) | (np.uint32(1) << (BITS - 1 - place))
    parity = mask[:, None, :] & direction_numbers(dimension)[None, :, None]
    for half in (16, 8, 4, 2, 1):
        parity ^= parity >> np.uint32(half)
    bits = (parity & np.uint32(1)) << (BITS - 1 - place)
    return np.bitwise_or.reduce(bits, axis=2), words[:, 0]


def points(seed: int, dimension: int, first: int, paths: int) -> NDArray[np.float64]:
    """Return the coordinates in (0, 1) of ``paths`` paths from ``first`` on, in one dimension.

    Both numbers are multiples of `REPLICATES`. Coordinates are multiples of 2**-32 plus 2**-33,
    so neither 0 nor 1.
    """
    directions, shift = _scramble(seed, dimension)
    index = np.arange(first // REPLICATES, (first + paths) // REPLICATES, dtype=np.uint64)
    digits = np.tile(shift, (len(index), 1))
    for bit in range(int(index[-1]).bit_length() if len(index) else 0):
        odd = (index >> np.uint64(bit) & np.uint64(1)).astype(bool)
        digits[odd] ^= directions[:, bit]
    return np.asarray((digits.ravel() + 0.5) * 2.0**-BITS, dtype=np.float64)


def plain_points(seed: int, stream: int, first: int, paths: int) -> NDArray[np.float64]:
    """Return pseudo-random coordinates in (0, 1), for one of any number of named factors."""
    generator = _stream(seed, stream)
    generator.advance(first // 4)  # type: ignore[no-untyped-call,unused-ignore]
    words = generator.random_raw(paths) >> np.uint64(11)
    return (words.astype(np.float64) + 0.5) * 2.0**-53


def logarithm(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the natural logarithm of positive numbers within 1e-15 of its size, plus 1e-16."""
    part, power = np.frexp(x)
    small = part < 0.7071067811865476  # noqa: PLR2004  sqrt(1/2)
    part = np.where(small, 2.0 * part, part)
    power = power - small
    y = (part - 1.0) / (part + 1.0)
    square = y * y
    series = np.zeros_like(y)
    for odd in range(23, 0, -2):
        series = series * square + 1.0 / odd
    return power * 0.6931471805599453 + 2.0 * y * series


def exponential(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return e to the x within 1e-15 of its size."""
    power = np.rint(x * 1.4426950408889634)
    rest = (x - power * 0.693145751953125) - power * 1.4286068203094172321e-6  # ln 2 in two parts
    series = np.ones_like(rest)
    for term in range(16, 0, -1):
        series = 1.0 + rest * series / term
    return np.ldexp(series, power.astype(np.int64))


# Wichura, algorithm AS 241 (1988), PPND16: numerators and denominators, highest power first.
_CENTRE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
_MIDDLE = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
     1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
     4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
     0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
     2.05319162663775882187, 1.0),
)  # fmt: skip
_FAR = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
     0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358,
     5.4637849111641143699, 6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
     7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
     0.59983220655588793769, 1.0),
)  # fmt: skip


def _ratio(
    coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: NDArray[np.float64]
) -> NDArray[np.float64]:
    above, below = np.zeros_like(x), np.zeros_like(x)
    for up, down in zip(*coefficients, strict=True):
        above, below = above * x + up, below * x + down
    return above / below


def normal_quantile(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard normal quantile of numbers in (0, 1), within 1e-15 of its size."""
    q = u - 0.5
    result = q * _ratio(_CENTRE, 0.180625 - q * q)
    tail = np.abs(q) > 0.425  # noqa: PLR2004  the border of the algorithm
    r = np.sqrt(-logarithm(np.minimum(u, 1.0 - u)[tail]))
    size = np.where(r <= 5.0, _ratio(_MIDDLE, r - 1.6), _ratio(_FAR, r - 5.0))  # noqa: PLR2004
    result[tail] = np.where(q[tail] < 0.0, -size, size)
    return result
