"""The mapping methods by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd

from gazestudy.model.methods import Methods, first_line

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


_MAPPERS: Methods[Mapper] = Methods("mapping method")

list_mappers, get_mapper = _MAPPERS.all, _MAPPERS.get


def mapper(name: str, *, version: int, parameters: type[Any]) -> Callable[[Function], Function]:
    """Make a mapping function known under `name`."""

    def register(function: Function) -> Function:
        _MAPPERS.add(Mapper(name, version, first_line(function), parameters, function))
        return function

    return register
