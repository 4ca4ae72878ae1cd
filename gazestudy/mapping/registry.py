"""The mapping methods by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd

from gazestudy.errors import ParameterError

Function = TypeVar("Function", bound=Callable[..., pd.DataFrame])


@dataclass(frozen=True, slots=True)
class Mapper:
    """A mapping method.

    Attributes
    ----------
    name : str
        What the command line calls it.
    version : int
        Raised when the same recording is mapped differently.
    summary : str
        One line on what it does.
    parameters : type
        Its frozen parameter class.
    run : callable
        `run(frames, references, camera, parameters=..., ...)` gives a table with the contract `MAPPING`.
    """

    name: str
    version: int
    summary: str
    parameters: type[Any]
    run: Callable[..., pd.DataFrame]


_MAPPERS: dict[str, Mapper] = {}


def mapper(name: str, *, version: int, parameters: type[Any]) -> Callable[[Function], Function]:
    """Make a mapping function known under `name`."""

    def register(function: Function) -> Function:
        summary = (function.__doc__ or "").strip().partition("\n")[0]
        _MAPPERS[name] = Mapper(name, version, summary, parameters, function)
        return function

    return register


def list_mappers() -> list[Mapper]:
    """Return all mapping methods, by name.

    Returns
    -------
    list of Mapper
        In alphabetical order.
    """
    return [_MAPPERS[name] for name in sorted(_MAPPERS)]


def get_mapper(name: str) -> Mapper:
    """Return one mapping method.

    Parameters
    ----------
    name : str
        Its name.

    Returns
    -------
    Mapper
        The method.

    Raises
    ------
    ParameterError
        If there is none of that name.
    """
    if name not in _MAPPERS:
        raise ParameterError("mapping method", name, "one of " + ", ".join(sorted(_MAPPERS)))
    return _MAPPERS[name]
