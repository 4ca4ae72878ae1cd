"""Gaze events of one table, without a study."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from gazestudy.errors import InputError
from gazestudy.events import detect_events
from gazestudy.events.registry import get_detector
from gazestudy.importers import read_recording
from gazestudy.importers.camera_files import camera_from_json
from gazestudy.importers.sources import source_at
from gazestudy.importers.text_tables import read_table, sniff_header
from gazestudy.model import Camera, Recording, categorical, provenance_of
from gazestudy.model.tables import REASONS
from gazestudy.pipeline.head import head_of_recording
from gazestudy.progress import SILENT, Progress
from gazestudy.store.atomic import write_bytes

_TABLES = {".csv", ".tsv", ".txt", ".parquet"}
_TRUE = {"1", "1.0", "true", "yes"}


def detect_in_file(
    path: Path,
    *,
    method: str = "ivt",
    camera_path: Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    name: str | None = None,
    progress: Progress = SILENT,
) -> pd.DataFrame:
    """Detect gaze events in a table or in a recording.

    Parameters
    ----------
    path : Path
        CSV, TSV or Parquet with `t_ns`, `valid` and `x_deg`, `y_deg` (or `x_px`, `y_px`), or anything an
        importer knows.
    method : str
        Detector.
    camera_path : Path, optional
        Calibration of the scene camera (JSON as Pupil Cloud writes it).
    parameters : mapping, optional
        Parameters of the detector that differ from the defaults.
    name : str, optional
        Which recording, where there are several.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    DataFrame
        Gaze events with all parameters in the provenance.

    Raises
    ------
    InputError
        If the file cannot be used.
    """
    gaze, recording = load_gaze(path, name)
    camera = recording.camera if recording is not None else None
    if camera_path is not None:
        camera = _read_camera(camera_path)
    head = None
    if recording is not None and get_detector(method).uses_head:
        head = head_of_recording(recording, camera, progress=progress)
    return detect_events(gaze, method, camera=camera, head=head, **dict(parameters or {}))


def _read_camera(path: Path) -> Camera:
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InputError(path, "is no readable calibration", found=str(error), expected="JSON") from error
    if not isinstance(values, dict):
        raise InputError(path, "is no calibration", expected="a JSON object", found=type(values).__name__)
    return camera_from_json(values, None, source="user")


def load_gaze(path: Path, name: str | None = None) -> tuple[pd.DataFrame, Recording | None]:
    """Read gaze from a table, or a recording.

    Parameters
    ----------
    path : Path
        A table with `t_ns`, or anything an importer knows.
    name : str, optional
        Which recording, where there are several.

    Returns
    -------
    gaze : DataFrame
        Samples.
    recording : Recording or None
        What they are from; None for a table.

    Raises
    ------
    InputError
        If the file cannot be used.
    """
    if path.is_file() and path.suffix.lower() in _TABLES and (table := _plain_table(path)) is not None:
        return table, None
    recording = read_recording(path, name=name)
    return recording.gaze, recording


def _plain_table(path: Path) -> pd.DataFrame | None:
    """Read a table that has a column `t_ns`; None if it has not."""
    if path.suffix.lower() == ".parquet":
        try:
            table = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise InputError(path, "is no readable Parquet table", found=str(error).split(".")[0]) from error
        return table if "t_ns" in table.columns else None
    source = source_at(path, "")
    header = sniff_header(source, path.name)
    if header is None or "t_ns" not in header[0]:
        return None
    text = read_table(source, path.name, "gaze")
    columns: dict[str, Any] = {"t_ns": text.times_ns("t_ns")}
    for name in header[0]:
        if name == "valid":
            columns[name] = text.text(name).str.strip().str.lower().isin(_TRUE).to_numpy()
        elif name == "part":
            columns[name] = text.ints(name)
        elif name == "reason":
            columns[name] = categorical(text.text(name).to_numpy(), REASONS)
        elif name.endswith(("_px", "_deg")):
            columns[name] = text.floats(name)
    return pd.DataFrame(columns)


def write_events(events: pd.DataFrame, path: Path) -> None:
    """Write gaze events as CSV, and every parameter beside it as JSON.

    Parameters
    ----------
    events : DataFrame
        Gaze events.
    path : Path
        The CSV file; the parameters go into the same name with `.json`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, events.to_csv(index=False, lineterminator="\n").encode("utf-8"))
    provenance = json.dumps(provenance_of(events), ensure_ascii=False, indent=2)
    write_bytes(path.with_suffix(".json"), (provenance + "\n").encode("utf-8"))
