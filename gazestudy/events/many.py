"""Events of many recordings in one call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.events.detect import detect_events
from gazestudy.events.registry import get_detector
from gazestudy.events.table import empty_events
from gazestudy.model.camera import Camera
from gazestudy.model.parameters import make_parameters
from gazestudy.model.provenance import provenance_of

Named = Mapping[str, pd.DataFrame] | Iterable[tuple[str, pd.DataFrame]]


def detect_events_many(
    recordings: Named,
    method: str = "ivt",
    *,
    cameras: Mapping[str, Camera] | Camera | None = None,
    heads: Mapping[str, pd.DataFrame] | None = None,
    **parameters: Any,
) -> pd.DataFrame:
    """Find the events of a batch of recordings.

    Parameters
    ----------
    recordings : mapping of str to DataFrame, or iterable of pairs
        Gaze tables by recording, as `detect_events` takes them. An iterable is asked for one at a time, so
        that a generator that reads files needs the memory of the longest recording only.
    method : str
        Name of a detector or preset.
    cameras : mapping of str to Camera, or Camera, optional
        Scene cameras by recording, or one for all.
    heads : mapping of str to DataFrame, optional
        Head motion by recording.
    **parameters
        Parameters of the detector.

    Returns
    -------
    DataFrame
        All events, in the order of the recordings, with `recording_id` before the columns of `detect_events`;
        `event_id` counts within a recording. `attrs["provenance"]` maps each recording to its provenance.

    Raises
    ------
    ParameterError
        If the method or a parameter is unknown or out of range, before any recording is read; if a recording
        comes twice.
    TableError
        If a gaze table cannot be used; its recording is in the note of the error.

    Examples
    --------
    >>> import numpy as np
    >>> def gaze(to_deg):
    ...     x_deg = np.repeat([0.0, to_deg], 50)
    ...     t_ns = np.arange(100) * 5_000_000
    ...     return pd.DataFrame({"t_ns": t_ns, "valid": True, "x_deg": x_deg, "y_deg": 0.0})
    >>> events = detect_events_many({"one": gaze(5.0), "two": gaze(0.1)}, "tobii-fixation")
    >>> events.loc[events["kind"] == "fixation", "recording_id"].tolist()
    ['one', 'one', 'two']
    """
    make_parameters(get_detector(method).parameters, parameters, method=method)
    pairs = recordings.items() if isinstance(recordings, Mapping) else recordings
    tables: dict[str, pd.DataFrame] = {}
    for name, gaze in pairs:
        if name in tables:
            raise ParameterError("recordings", name, "each recording once")
        camera = cameras.get(name) if isinstance(cameras, Mapping) else cameras
        head = None if heads is None else heads.get(name)
        try:
            tables[name] = detect_events(gaze, method, camera=camera, head=head, **parameters)
        except Exception as error:
            error.add_note(f"in recording {name!r}")
            raise
    return _stacked(tables)


def _stacked(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    provenance = {name: provenance_of(table) for name, table in tables.items()}
    for table in tables.values():
        table.attrs = {}  # each its own: they cannot all be those of the stack
    parts = [table for table in tables.values() if len(table)] or [empty_events()]
    stacked = pd.concat(parts, ignore_index=True)
    counts = [len(table) for table in tables.values()]
    names = pd.Series(np.repeat(np.array(list(tables), dtype=object), counts), dtype="str")
    stacked.insert(0, "recording_id", names)
    stacked.attrs["provenance"] = provenance
    return stacked
