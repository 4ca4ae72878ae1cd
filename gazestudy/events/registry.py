"""The detectors that exist, and what their parameters mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, make_dataclass, replace
from typing import Any, TypeVar

from gazestudy.errors import ParameterError
from gazestudy.events.samples import Samples
from gazestudy.events.table import Detection
from gazestudy.model.methods import Methods, first_line

Run = Callable[[Samples, Any], Detection]
RunT = TypeVar("RunT", bound=Run)


@dataclass(frozen=True, slots=True)
class Detector:
    """One event detector.

    Attributes
    ----------
    name : str
        What `detect_events(method=...)` takes.
    version : int
        Raised when the same data give other events.
    summary : str
        One line for people.
    parameters : type
        Frozen data class of its parameters; every field has a default and says what it means.
    run : callable
        Takes `Samples` and parameters, returns a `Detection`.
    angles : bool
        Whether it cannot work in pixels, unless a parameter in px says how.
    preset_of : str
        Name of the detector this is a preset of, empty for detectors.
    uses_head : bool
        Whether the head's motion makes a difference to it.
    """

    name: str
    version: int
    summary: str
    parameters: type
    run: Run
    angles: bool = True
    preset_of: str = ""
    uses_head: bool = False

    def describe(self) -> list[dict[str, Any]]:
        """Return name, default, meaning, allowed values and source of each parameter."""
        return [
            {"name": item.name, "default": None if item.default is MISSING else item.default, **item.metadata}
            for item in fields(self.parameters)
        ]


_DETECTORS: Methods[Detector] = Methods("method")

list_detectors, get_detector = _DETECTORS.all, _DETECTORS.get


def detector(
    name: str, *, version: int, parameters: type, angles: bool = True, uses_head: bool = False
) -> Callable[[RunT], RunT]:
    """Register the decorated function as an event detector.

    Parameters
    ----------
    name : str
        Its name.
    version : int
        Raised when the same data give other events.
    parameters : type
        Frozen data class of its parameters.
    angles : bool
        Whether it cannot work in pixels, unless a parameter in px says how.
    uses_head : bool
        Whether the head's motion makes a difference to it.

    Returns
    -------
    callable
        A decorator that returns the function unchanged; the first line of its docstring is the summary.
    """

    def register(run: RunT) -> RunT:
        _DETECTORS.add(Detector(name, version, first_line(run), parameters, run, angles, uses_head=uses_head))
        return run

    return register


def preset(name: str, of: str, summary: str, *, source: str, **values: Any) -> None:
    """Register a detector under another name and with other defaults.

    Parameters
    ----------
    name : str
        Name of the preset.
    of : str
        The detector.
    summary : str
        One line for people.
    source : str
        Where the values come from.
    **values : object
        What differs from the defaults of the detector.
    """
    base = get_detector(of)
    changed = [
        (item.name, item.type, field(default=values[item.name], metadata={**item.metadata, "source": source}))
        for item in fields(base.parameters)
        if item.name in values
    ]
    kind = make_dataclass(
        base.parameters.__name__,
        changed,
        bases=(base.parameters,),
        frozen=True,
    )
    kind.__doc__ = base.parameters.__doc__
    _DETECTORS.add(replace(base, name=name, summary=summary, parameters=kind, preset_of=of))


def parameter(
    default: Any,
    meaning: str,
    *,
    source: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Any, ...] = (),
) -> Any:
    """Return a data class field that knows its meaning, range and source.

    Parameters
    ----------
    default : object
        Value if none is given; a default of None allows None.
    meaning : str
        What it does.
    source : str
        Where the default comes from.
    low, high : float, optional
        Allowed range, both ends included.
    choices : tuple, optional
        Allowed values.

    Returns
    -------
    dataclasses.Field
        The field.
    """
    metadata = {"meaning": meaning, "source": source, "low": low, "high": high, "choices": choices}
    return field(default=default, metadata=metadata)


def check_parameters(parameters: Any) -> None:
    """Raise `ParameterError` for the first parameter outside its range.

    Parameters
    ----------
    parameters : object
        Instance of a data class whose fields were made by `parameter`.

    Raises
    ------
    ParameterError
        If a value is not allowed.
    """
    for item in fields(parameters):
        value, rules = getattr(parameters, item.name), item.metadata
        if value is None and item.default is None:
            continue
        if rules["choices"]:
            if value not in rules["choices"]:
                raise ParameterError(item.name, value, "one of " + ", ".join(map(str, rules["choices"])))
            continue
        low, high = rules["low"], rules["high"]
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or (low is not None and not value >= low) or (high is not None and not value <= high):
            limits = f"a number from {low:g}" + ("" if high is None else f" to {high:g}")
            raise ParameterError(item.name, value, limits)
