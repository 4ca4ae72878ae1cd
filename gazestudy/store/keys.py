"""Cache keys: a result is found again by what it was made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np


def cache_key(step: str, version: int, parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    """Return the key of a result: equal when step, version, parameters and inputs are equal.

    Parameters
    ----------
    step : str
        Name of the step and its method.
    version : int
        Version of the step; a change of results raises it.
    parameters : mapping
        Everything the result depends on besides its inputs; numbers, text, lists, mappings, numpy values.
        1 and 1.0 are the same value.
    inputs : mapping
        Name to the key or hash of each input.

    Returns
    -------
    str
        16 hexadecimal digits: the start of the SHA-256 of the canonical JSON of all four.

    Raises
    ------
    TypeError
        For a value that has no canonical form, such as a path.

    Examples
    --------
    >>> key = cache_key("events.ivt", 1, {"threshold_deg_s": 30.0}, {"gaze": "ab12"})
    >>> key == cache_key("events.ivt", 1, {"threshold_deg_s": 30}, {"gaze": "ab12"}), len(key)
    (True, 16)
    """
    text = json.dumps(
        _whole_as_int(jsonable([step, version, parameters, inputs])),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    )
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def jsonable(value: Any) -> Any:
    """Return `value` as plain JSON types: numpy values become Python's, tuples and sets lists.

    Parameters
    ----------
    value : object
        Numbers, text, None, mappings with text keys, sequences, sets, numpy scalars and arrays.

    Returns
    -------
    object
        The same in dict, list, str, int, float, bool and None.

    Raises
    ------
    TypeError
        For anything else.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, Mapping):
        return {_text_key(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((jsonable(item) for item in value), key=repr)
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    hint = " (a path differs between computers; use a hash)" if isinstance(value, PurePath) else ""
    raise TypeError(f"{value!r} of type {type(value).__name__} cannot be stored as JSON{hint}")


def _text_key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} of a mapping must be text")
    return key


def _whole_as_int(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole_as_int(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole_as_int(item) for item in value]
    return value
