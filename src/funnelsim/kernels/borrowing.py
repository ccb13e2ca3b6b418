"""Arrays that are used without being counted.

Compiled code counts the uses of each array, by an operation that locks the processor's bus, each
time that one is taken out of a tuple or handed to a part that is not inlined. Where a part takes
twenty nanoseconds that is most of its time. A borrowed array has no counter. Whoever borrows it out
keeps it: the caller of a kernel, or a kernel whose own tuple is used afterwards.
"""

from __future__ import annotations

from typing import Any

from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array


def _uncounted(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """Return code for the same arrays without their counters, in tuples of whatever depth."""
    if isinstance(kind, types.Array):
        array = make_array(kind)(context, builder, value)
        array.meminfo = cgutils.get_null_value(array.meminfo.type)
        array.parent = cgutils.get_null_value(array.parent.type)
        return array._getvalue()  # noqa: SLF001  that is how Numba's structures are read
    if isinstance(kind, types.BaseTuple):
        parts = [
            _uncounted(context, builder, one, builder.extract_value(value, place))
            for place, one in enumerate(kind)
        ]
        return context.make_tuple(builder, kind, parts)
    return value


def _borrowed(_typing: Any, arrays: Any) -> Any:
    """Return arrays, or tuples of them, that are not counted."""

    def code(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _uncounted(context, builder, arrays, arguments[0])

    return arrays(arrays), code


def _same(arrays: Any) -> Any:
    return arrays


borrowed = _same if config.DISABLE_JIT else intrinsic(_borrowed)
