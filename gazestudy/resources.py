"""Finds the folders that are shipped with the program, in a wheel and in a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent

Shipped = Literal["protocols", "sample_sessions"]


def find(name: Shipped) -> Path:
    """Return the shipped folder `name`.

    Parameters
    ----------
    name : {"protocols", "sample_sessions"}
        Which folder.

    Returns
    -------
    Path
        The folder; it may be read-only, so copy out of it and never write into it.

    Raises
    ------
    FileNotFoundError
        If the installation is incomplete.

    Examples
    --------
    >>> find("sample_sessions").name
    'sample_sessions'
    """
    for candidate in (_PACKAGE / "_shipped" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"the folder {name!r} was not installed with gazestudy; install gazestudy again")
