"""Methods of one kind by name, so that the command line, the desktop and the docs can list what exists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from gazestudy.errors import ParameterError


class _Named(Protocol):
    @property
    def name(self) -> str: ...


MethodT = TypeVar("MethodT", bound=_Named)


class Methods(Generic[MethodT]):
    """Methods of one kind, such as event detectors.

    Parameters
    ----------
    what : str
        What a user calls the choice, for the error text.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._methods: dict[str, MethodT] = {}

    def add(self, method: MethodT) -> None:
        """Make a method known under its name."""
        self._methods[method.name] = method

    def all(self) -> tuple[MethodT, ...]:
        """Return the methods in alphabetical order."""
        return tuple(self._methods[name] for name in sorted(self._methods))

    def get(self, name: str) -> MethodT:
        """Return one method.

        Raises
        ------
        ParameterError
            If there is none of that name.
        """
        if name not in self._methods:
            raise ParameterError(self._what, name, "one of " + ", ".join(sorted(self._methods)))
        return self._methods[name]


def first_line(function: Callable[..., Any]) -> str:
    """Return the first line of a docstring, the summary of a method for people.

    Examples
    --------
    >>> first_line(first_line)
    'Return the first line of a docstring, the summary of a method for people.'
    """
    return (function.__doc__ or "").strip().partition("\n")[0]
