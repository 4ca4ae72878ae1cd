"""Parameters of named methods, from what a user typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from gazestudy.errors import ParameterError


def make_parameters(kind: type[Any], values: Mapping[str, Any], *, method: str) -> Any:
    """Return a parameter object, refusing names the method does not know.

    Parameters
    ----------
    kind : type
        Frozen data class of the parameters; every field has a default.
    values : mapping
        What differs from the defaults.
    method : str
        Whose parameters they are, for the error text.

    Returns
    -------
    object
        An instance of `kind`.

    Raises
    ------
    ParameterError
        For an unknown name, or a value of the wrong type.
    """
    known = [item.name for item in fields(kind)]
    for name, value in values.items():
        if name not in known:
            raise ParameterError(name, value, f"a parameter of {method!r}: {', '.join(known)}")
    try:
        return kind(**values)
    except TypeError as error:
        raise ParameterError(
            f"parameters of {method!r}", dict(values), f"values of the right kind ({error})"
        ) from error
