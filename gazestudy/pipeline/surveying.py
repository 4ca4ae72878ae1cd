"""What lies in some folders, who it seems to be, and when: looked at before anything is imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gazestudy.errors import Cancelled, GazestudyError, InputError
from gazestudy.importers import Candidate, Place, ReadOptions, read_candidate, survey_places
from gazestudy.importers.time_marks import read_time_marks
from gazestudy.model import Recording
from gazestudy.pipeline.aligning import AlignOptions, align_read, align_recording
from gazestudy.pipeline.importing import import_candidate
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store import Study


@dataclass(frozen=True, slots=True)
class Found:
    """A recording that lies somewhere, or a place where none was recognised. It can be sent to a process.

    Attributes
    ----------
    path, inner, selection : str
        What was given, the folder in it, and which of several recordings of one file.
    importers : tuple of str
        Who knows it: nobody, one, or several to choose from.
    name, device, reason : str
        As the importer says; the reason is what it was recognised by, or why nobody knows it.
    label : str
        The person as the device names them; may be a real name, and is shown to the person importing only.
    start_unix_ns : int or None
        When it began.
    duration_s : float
        From the first sample to the last, -1 if not known.
    clock : str
        What its times count from.
    events : tuple of str
        Names of events in it, by which clocks can be aligned.
    error : str
        What is wrong with it, empty if nothing.
    is_table : bool
        A column mapping may make it readable.
    """

    path: str
    inner: str = ""
    selection: str = ""
    importers: tuple[str, ...] = ()
    name: str = ""
    device: str = ""
    reason: str = ""
    label: str = ""
    start_unix_ns: int | None = None
    duration_s: float = -1.0
    clock: str = ""
    events: tuple[str, ...] = ()
    error: str = ""
    is_table: bool = False

    @property
    def place(self) -> str:
        """Where it lies, for people."""
        where = f"{self.path}/{self.inner}" if self.inner else self.path
        return f"{where} ({self.selection})" if self.selection else where


@dataclass(frozen=True, slots=True)
class Wish:
    """A recording that a person wants to have, and as what. It can be sent to a process.

    Attributes
    ----------
    path, inner, selection, importer, name, device : str
        Which one, as in `Found`.
    participant_id, segment, daypart : str
        Whose it is, and when in the day.
    columns : str
        File with a column mapping, empty for none.
    copy_video, salvage : bool
        As in `import_path`.
    marks : str
        Table with times of another clock to align with, empty for none.
    target : str
        Name of that clock.
    method : str
        How the clocks are aligned, as for `align_recording`; empty: by events where there are `marks`, else
        not at all.
    aligning : mapping
        Options of that, as for `AlignOptions`.
    """

    path: str
    importer: str
    inner: str = ""
    selection: str = ""
    name: str = ""
    device: str = ""
    participant_id: str = ""
    segment: str = ""
    daypart: str = ""
    columns: str = ""
    copy_video: bool = True
    salvage: bool = False
    marks: str = ""
    target: str = ""
    method: str = ""
    aligning: Mapping[str, Any] = field(default_factory=dict)

    def candidate(self) -> Candidate:
        """Return it as importers want it."""
        return Candidate(
            self.importer, self.name, Path(self.path), self.inner, self.device, "", self.selection
        )

    def options(self) -> ReadOptions:
        """Return how to read it."""
        return ReadOptions(columns=Path(self.columns) if self.columns else None)

    def alignment(self) -> dict[str, Any] | None:
        """Return the arguments of `align_recording` but for the clocks; None: they stay apart."""
        if not (self.method or self.marks):
            return None
        marks = read_time_marks(Path(self.marks)) if self.marks else None
        options = AlignOptions(**self.aligning)
        return {"method": self.method or "events", "marks": marks, "options": options}


def survey(paths: Sequence[Path], *, columns: Path | None = None, progress: Progress = SILENT) -> list[Found]:
    """Look for recordings; nothing is written, and sources are only read.

    Parameters
    ----------
    paths : sequence of Path
        Folders, zips, tables.
    columns : Path, optional
        Column mapping for plain tables.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    list of Found
        Recordings first, then places with files that nobody knows.
    """
    options = ReadOptions(columns=columns)
    recordings: list[Found] = []
    unknown: list[Found] = []
    for path in paths:
        progress.start(f"looking at {path.name}", None)
        try:
            places = []
            for place in survey_places(path, options=options):
                raise_if_cancelled(progress)
                places.append(place)
                progress.advance()
        except InputError as error:
            unknown.append(Found(str(path), reason=str(error), error=str(error), is_table=_is_table(path)))
            continue
        recordings += _recordings(places, options, progress)
        unknown += _unknown(places)
    return recordings + unknown


def import_wish(study: Study, wish: Wish, *, progress: Progress = SILENT) -> dict[str, Any]:
    """Import one recording and align its clock; what is wrong with it is returned, not raised.

    Parameters
    ----------
    study : Study
        Open for writing.
    wish : Wish
        Which one, as what.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    dict
        "name", "recording" (id, empty if it failed), "participant", "text" (report or error) and "report".

    Raises
    ------
    Cancelled
        If the person asked to stop.
    """
    row: dict[str, Any] = {"name": wish.name, "recording": "", "participant": "", "text": "", "report": {}}
    try:
        done = import_candidate(
            study,
            wish.candidate(),
            participant_id=wish.participant_id,
            segment=wish.segment,
            daypart=wish.daypart,
            options=wish.options(),
            copy_video=wish.copy_video,
            salvage=wish.salvage,
            progress=progress,
        )
        row |= {
            "recording": done.recording.id,
            "participant": done.recording.participant_id,
            "text": done.text,
            "report": done.report,
        }
        how = wish.alignment()
        if how is not None:
            target = wish.target or Path(wish.marks).stem
            alignment = align_recording(study, done.recording.id, target=target, **how)
            study.add_alignment(done.recording.id, target, alignment)
    except Cancelled:
        raise
    except GazestudyError as error:
        row["text"] = f"{row['text']}\n{error}".strip()
    return row


def preview_alignment(wish: Wish) -> dict[str, Any]:
    """Say how the clock of a recording would relate to another one; nothing is kept.

    Parameters
    ----------
    wish : Wish
        With `method` or `marks`.

    Returns
    -------
    dict
        "offset_s", "uncertainty_ms", "drift_ppm", "pairs", "residuals_ms" of the pairs, and
        "uncertainty_end_ms" at the last sample.

    Raises
    ------
    InputError
        If recording or table cannot be read.
    ParameterError
        If their events do not tell the alignment.
    """
    recording = read_candidate(wish.candidate(), options=wish.options())
    found = align_read(recording, **(wish.alignment() or {}))
    gaze = recording.gaze["t_ns"].to_numpy(np.int64)
    ends = np.array([gaze[0], gaze[-1]]) if len(gaze) else np.array([found.reference_ns] * 2)
    first_ms, last_ms = found.uncertainty_at(ends).tolist()
    return {
        "offset_s": found.offset_ns / 1e9,
        "uncertainty_ms": first_ms,
        "uncertainty_end_ms": last_ms,
        "drift_ppm": found.drift_ppm,
        "pairs": len(found.residuals_ms),
        "residuals_ms": [float(one) for one in found.residuals_ms],
    }


def _recordings(places: Sequence[Place], options: ReadOptions, progress: Progress) -> list[Found]:
    found = []
    for place in places:
        if place.error is not None and not place.candidates:
            continue
        for one in place.candidates:
            raise_if_cancelled(progress)
            known = Found(
                str(one.path),
                one.inner,
                one.selection,
                tuple(place.importers),
                one.name,
                one.device,
                one.reason,
            )
            found.append(_with_facts(known, one, options))
            progress.advance()
    return found


def _with_facts(known: Found, candidate: Candidate, options: ReadOptions) -> Found:
    try:
        recording = read_candidate(candidate, options=options)
        return Found(**{**asdict(known), **_facts(recording)})
    except GazestudyError as error:
        return Found(**{**asdict(known), "error": str(error)})


def _facts(recording: Recording) -> dict[str, Any]:
    gaze = recording.gaze["t_ns"]
    names = dict.fromkeys(recording.events["name"].astype(str))
    return {
        "device": recording.meta.device,
        "label": recording.meta.participant_label,
        "start_unix_ns": recording.meta.start_unix_ns,
        "duration_s": float(gaze.iloc[-1] - gaze.iloc[0]) / 1e9 if len(gaze) else 0.0,
        "clock": recording.clock.base,
        "events": tuple(names)[:20],
    }


def _unknown(places: Sequence[Place]) -> list[Found]:
    known = [place.inner for place in places if place.candidates]
    found = []
    for place in places:
        if place.candidates or (place.error is None and _holds_one_of(place.inner, known)):
            continue
        reasons: dict[str, list[str]] = {}
        for importer, reason in place.refusals.items():
            reasons.setdefault(reason, []).append(importer)
        text = "; ".join(f"{reason} ({', '.join(names)})" for reason, names in reasons.items())
        error = "" if place.error is None else str(place.error)
        where = place.path / place.inner
        found.append(
            Found(str(place.path), place.inner, reason=error or text, error=error, is_table=_is_table(where))
        )
    return found


def _holds_one_of(folder: str, found: Sequence[str]) -> bool:
    """Say whether a recording was found below a folder: then the folder itself need not be one."""
    prefix = f"{folder}/" if folder else ""
    return any(inner != folder and inner.startswith(prefix) for inner in found)


def _is_table(path: Path) -> bool:
    endings = {".csv", ".tsv", ".txt"}
    if path.is_file():
        return path.suffix.lower() in endings
    return path.is_dir() and any(entry.suffix.lower() in endings for entry in path.iterdir())
