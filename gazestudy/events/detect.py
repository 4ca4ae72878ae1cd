"""Gaze in, events out: the one entrance to all detectors."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd

from gazestudy.events.registry import get_detector
from gazestudy.events.samples import prepare
from gazestudy.events.table import event_table
from gazestudy.model.camera import Camera
from gazestudy.model.parameters import make_parameters
from gazestudy.model.provenance import Provenance
from gazestudy.model.tables import GAZE_EVENTS


def detect_events(
    gaze: pd.DataFrame,
    method: str = "ivt",
    *,
    camera: Camera | None = None,
    head: pd.DataFrame | None = None,
    **parameters: Any,
) -> pd.DataFrame:
    """Find fixations, saccades, blinks and losses.

    Parameters
    ----------
    gaze : DataFrame
        One row per sample, in time order: `t_ns` (int64 ns), `valid` (bool), and either `x_deg`, `y_deg`
        (azimuth, right positive, and elevation, up positive, deg) or `x_px`, `y_px` (scene image) with a
        camera. Optional: `part` (nothing crosses parts) and `reason` ("blink" makes blinks).
    method : str
        Name of a detector; see `list_detectors`.
    camera : Camera, optional
        Scene camera that turns px into angles.
    head : DataFrame, optional
        How the head turns (contract `gazestudy.events.head_motion.HEAD_MOTION`), for detectors that use it.
    **parameters
        Parameters of the detector, for "ivt" those of `IvtParameters`. `threshold_px_s` allows data without
        angles, which the provenance then flags.

    Returns
    -------
    DataFrame
        Events that keep the contract `GAZE_EVENTS`, in time order; they cover every sample. All parameters
        and what was found out about the data are in `attrs["provenance"]`.

    Raises
    ------
    ParameterError
        If the method or a parameter is unknown or out of range, or if there is no way to get angles.
    TableError
        If the gaze table lacks columns, has wrong types or goes backwards in time.

    Examples
    --------
    >>> import numpy as np
    >>> x_deg = np.repeat([0.0, 8.0], 50)
    >>> gaze = pd.DataFrame({"t_ns": np.arange(100) * 5_000_000, "valid": True, "x_deg": x_deg, "y_deg": 0.0})
    >>> events = detect_events(gaze, threshold_deg_s=30)
    >>> events[["kind", "first_sample", "last_sample", "x_deg"]].round(3).iloc[1:-1].to_numpy().tolist()
    [['fixation', 2, 47, 0.0], ['saccade', 48, 51, 4.0], ['fixation', 52, 97, 8.0]]
    """
    found = get_detector(method)
    chosen = make_parameters(found.parameters, parameters, method=found.name)
    in_pixels = any(value is not None and "_px" in name for name, value in parameters.items())
    pixels_will_do = in_pixels or not found.angles
    samples = prepare(gaze, camera, pixels_will_do=pixels_will_do, head=head)
    detection = found.run(samples, chosen)
    table = event_table(samples, detection)
    facts = {**samples.facts, **detection.facts}
    if found.preset_of:
        facts["preset"] = found.name
    provenance = Provenance(f"events.{found.preset_of or found.name}", found.version, asdict(chosen), facts)
    return provenance.attach(GAZE_EVENTS.check(table))
