"""Loops over numbers, compiled at their first call and kept on disk for the next process.

Modules of kernels are imported inside functions: importing the compiler takes a third of a second, which a
command that needs no loop should not pay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

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
