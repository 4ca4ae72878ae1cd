"""Loops over samples, compiled at their first call and kept on disk for the next process.

Detectors import these modules inside their functions: importing the compiler takes a third of a second, which
a command that detects nothing should not pay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def kernel(function: FunctionT) -> FunctionT:
    """Compile a function of arrays and numbers when it is first called.

    Parameters
    ----------
    function : callable
        Plain loops over NumPy arrays; division by zero gives infinity or NaN as in NumPy.

    Returns
    -------
    callable
        The compiled function, which other kernels may call.
    """
    return cast(FunctionT, njit(cache=True, nogil=True, error_model="numpy")(function))


def call(compiled: Callable[..., Any], *arguments: Any) -> Any:
    """Call a kernel with arrays in one layout, so that it is compiled for one kind of array only.

    Parameters
    ----------
    compiled : callable
        A kernel.
    *arguments : object
        Its arguments; it sees arrays read-only and in C order, except those in an `InPlace`.

    Returns
    -------
    object
        What the kernel returns.
    """
    return compiled(*(_as_kernel_wants(item) for item in arguments))


@dataclass(frozen=True, slots=True)
class InPlace:
    """An array in C order that the kernel may change."""

    array: NDArray[Any]


def _as_kernel_wants(item: Any) -> Any:
    if isinstance(item, InPlace):
        return item.array
    return _frozen(item) if isinstance(item, np.ndarray) else item


def _frozen(array: Any) -> Any:
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
