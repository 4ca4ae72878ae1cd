"""Runs the steps of every recording whose results are missing or were made from something else."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pandas as pd

from gazestudy.model import StudyRecording, provenance_of
from gazestudy.model.wording import counted
from gazestudy.pipeline.analysis import Settings
from gazestudy.pipeline.steps import (
    STEPS,
    detect_recording,
    map_recording_of,
    measure_recording,
    step_keys,
)
from gazestudy.progress import SILENT, NoProgress, Progress, raise_if_cancelled
from gazestudy.store import Study, open_study

NO_LENS = (
    "NO LENS CALIBRATION: gaze is mapped as if the lens were without distortion; errors grow several times,"
    " most near the edges, and fewer placements are found. Import the recording with its calibration"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one step of one recording.

    Attributes
    ----------
    recording_id, step : str
        Which.
    made : bool
        False: it was up to date.
    summary : str
        What came out, in words.
    warning : str
        What makes it worse than it need be, in words; empty for nothing.
    """

    recording_id: str
    step: str
    made: bool
    summary: str
    warning: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "recording": self.recording_id,
            "step": self.step,
            "made": self.made,
            "summary": self.summary,
            "warning": self.warning,
        }


def run_study(
    study: Study, settings: Settings | None = None, *, jobs: int = 1, progress: Progress = SILENT
) -> list[Outcome]:
    """Bring the results of all recordings up to date.

    Parameters
    ----------
    study : Study
        Open for writing.
    settings : Settings, optional
        Methods and parameters; None: the documented defaults.
    jobs : int, optional
        Recordings mapped at the same time, each in a process of its own.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    list of Outcome
        One for each recording and step, in order.

    Raises
    ------
    Cancelled
        If the user asked to stop; finished steps stay.
    """
    settings = settings or Settings()
    outcomes: dict[tuple[str, str], Outcome] = {}
    recordings = study.recordings()
    keys = {recording.id: step_keys(study, recording.id, settings) for recording in recordings}
    stale = {
        recording.id: [
            step for step in STEPS if study.derived(recording.id, step, keys[recording.id][step]) is None
        ]
        for recording in recordings
    }
    for recording in recordings:
        for step in STEPS:
            if step not in stale[recording.id]:
                outcomes[recording.id, step] = Outcome(recording.id, step, False, "up to date")

    def keep(recording: StudyRecording, step: str, tables: dict[str, pd.DataFrame]) -> None:
        provenance = {"settings": settings.to_dict(), **(provenance_of(next(iter(tables.values()))) or {})}
        study.write_derived(recording.id, step, keys[recording.id][step], tables, provenance=provenance)
        outcomes[recording.id, step] = Outcome(recording.id, step, True, _summary(step, tables))

    for recording in recordings:
        raise_if_cancelled(progress)
        if "events" in stale[recording.id]:
            keep(
                recording,
                "events",
                {"events": detect_recording(study, recording.id, settings, progress=progress)},
            )
    to_map = [recording for recording in recordings if "mapping" in stale[recording.id]]
    for recording, mapping in _mapped(study, to_map, settings, jobs, progress):
        keep(recording, "mapping", {"mapping": mapping})
    for recording in recordings:
        raise_if_cancelled(progress)
        if "attention" in stale[recording.id]:
            tables = measure_recording(study, recording, keys[recording.id], settings, progress=progress)
            keep(recording, "attention", tables)
    for recording in recordings:
        warning = _lens_warning(study, recording.id)
        outcomes[recording.id, "mapping"] = replace(outcomes[recording.id, "mapping"], warning=warning)
    return [outcomes[recording.id, step] for recording in recordings for step in STEPS]


def _lens_warning(study: Study, recording_id: str) -> str:
    """Say that the lens of a recording with a scene video is not known."""
    if study.camera(recording_id) is not None or len(study.stream(recording_id, "frames")) == 0:
        return ""
    return NO_LENS


def _mapped(
    study: Study, recordings: list[StudyRecording], settings: Settings, jobs: int, progress: Progress
) -> Iterator[tuple[StudyRecording, pd.DataFrame]]:
    """Map recordings here, or in `jobs` processes; results come as they are ready."""
    if jobs == 1 or len(recordings) < 2:
        for recording in recordings:
            yield recording, map_recording_of(study, recording.id, settings, progress=progress)
        return
    progress.start("mapping recordings", len(recordings))
    with _workers(min(jobs, len(recordings))) as pool:
        waiting: dict[Future[pd.DataFrame], StudyRecording] = {
            pool.submit(_map_in_worker, study.path, recording.id, settings): recording
            for recording in recordings
        }
        while waiting:
            done, _ = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
            raise_if_cancelled(progress)
            for future in done:
                yield waiting.pop(future), future.result()
                progress.advance()


@contextmanager
def _workers(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Start processes that stop soon after the block is left in whatever way."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker, initargs=(stop, jobs))
    try:
        yield pool
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


class _WorkerProgress(NoProgress):
    """Asks to stop when the parent process does."""

    stop: Event | None = None

    @property
    def cancelled(self) -> bool:
        """True once the parent leaves."""
        return self.stop is not None and self.stop.is_set()


_progress = _WorkerProgress()


def _follow_parent() -> None:
    """End this process when its parent is gone; killed, it told nobody, and a worker would wait forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _start_worker(stop: Event, jobs: int) -> None:
    import signal

    from gazestudy._cv2 import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent, which tells us
    threading.Thread(target=_follow_parent, daemon=True).start()
    cv2.setNumThreads(max(1, (os.cpu_count() or 1) // jobs))
    _progress.stop = stop


def _map_in_worker(study_path: Path, recording_id: str, settings: Settings) -> pd.DataFrame:
    with open_study(study_path, read_only=True) as study:
        return map_recording_of(study, recording_id, settings, progress=_progress)


_MANY = {"loss": "losses", "unclassified": "unclassified"}


def _summary(step: str, tables: dict[str, pd.DataFrame]) -> str:
    if step == "events":
        counts = tables["events"]["kind"].value_counts(sort=False)
        words = [counted(n, str(kind), _MANY.get(str(kind), "")) for kind, n in counts.items() if n]
        return ", ".join(words) or "no gaze events"
    if step == "mapping":
        mapped = tables["mapping"].query("state == 'mapped'")
        frames, places = mapped["frame"].nunique(), mapped["placement_id"].nunique()
        return f"{counted(frames, 'frame')} with {counted(places, 'placement')}"
    metrics = tables["metrics"]
    whole = metrics[metrics["aoi_id"] == ""]
    seen = int((whole["exposure_count"] > 0).sum())
    return f"{counted(seen, 'placement')} in view, {int(whole['noticed'].sum())} noticed"
