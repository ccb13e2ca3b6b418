"""How parts of kernels are compiled."""

from __future__ import annotations

from numba import njit

part = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""For functions that only compiled code calls: without the wrappers that Python would need, the
first call takes a fifth less time to compile."""

inlined = njit(
    nogil=True,
    error_model="numpy",
    no_cpython_wrapper=True,
    no_cfunc_wrapper=True,
    forceinline=True,
)
"""For small functions that are called for each deal of each path: their arguments are arrays, and
those are dozens of words to hand over."""
