"""A data set in the Brain Imaging Data Structure, with eye tracking as of BIDS 1.11.

Every recording becomes a run of one task. Gaze in the scene image and gaze on the reference images are two
recordings of it, both in coordinate systems that the standard has no word for: they are declared as custom
and described. Times count from the first gaze sample.

References
----------
BIDS specification 1.11.1, "Physiological recordings", eye tracking (BEP 020).
"""

from __future__ import annotations

import gzip
import html
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.exporters.folders import new_folder, write_json
from gazestudy.exporters.tidy import safe_text
from gazestudy.model.tables import REASONS

BIDS_VERSION = "1.11.1"
TASK = "walk"

_SCENE = (
    "Gaze of both eyes in the image of a scene camera that moves with the head, in pixels of the distorted"
    " image. Origin: centre of the top left pixel; x to the right, y down. It says where the person looked in"
    " the view, not where in the world."
)
_REFERENCE = (
    "Gaze on flat reference images of advertising faces (placements), in pixels of that image. Origin: centre"
    " of the top left pixel; x to the right, y down. The column placement tells which image; samples that lie"
    " on no placement are n/a."
)
_OTHER_PUPILS = {
    "pupil_left_mm": "diameter of the left pupil",
    "pupil_right_mm": "diameter of the right pupil",
}

_README = """\
# {name}

Mobile eye tracking in the field: people wore glasses with a scene camera and passed advertising faces
(placements).

Each recording is a run of the task `{task}`. `recording-scene` holds gaze in the moving scene image,
`recording-reference` gaze on the flat reference images of the placements; `physioevents` holds fixations and
other gaze events, `events` what was written into the recording and when placements were in view. Times count
from the first gaze sample, in seconds. `TimeZeroNs` in the sidecars is that moment on the clock of the
recording.

Scene videos show bystanders; where they were asked for they are in `sourcedata/`, which is no part of the
standard. Text in tables that a spreadsheet would run as a formula (it begins with = + - or @) has an
apostrophe in front.

People are pseudonyms. Names that nobody entered into the study cannot be found in events and other free text:
read them before they leave your house.

Placements:

{faces}"""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BidsPlacement:
    """A placement, for describing columns: its name and the size of its reference image in px and mm."""

    id: str
    name: str
    size_px: tuple[int, int] | None = None
    size_mm: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True, slots=True, eq=False)
class BidsRecording:
    """A recording to write.

    Attributes
    ----------
    subject : str
        Label of the participant: letters and digits.
    run : int
        1, 2, ... of that participant.
    recording_id, device : str
        Id in the study; model of the eye tracker.
    rate_hz : float
        Usual sampling rate.
    gaze : DataFrame
        Contract `GAZE`; at least two samples.
    size_px : (int, int) or None
        Scene image.
    mapped_gaze : DataFrame or None
        Contract `MAPPED_GAZE`.
    gaze_events : DataFrame or None
        Contract `GAZE_EVENTS`, with `placement_id` where known.
    events : DataFrame
        `onset_ns`, `duration_ns`, `trial_type`, `placement_id`, `message`.
    videos : tuple of Path
        Scene videos to copy into sourcedata.
    """

    subject: str
    run: int
    recording_id: str
    device: str
    rate_hz: float
    gaze: pd.DataFrame
    size_px: tuple[int, int] | None
    mapped_gaze: pd.DataFrame | None
    gaze_events: pd.DataFrame | None
    events: pd.DataFrame
    videos: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class BidsStudy:
    """What a data set is about.

    Attributes
    ----------
    name, version : str
        Name of the study; version of this program.
    participants : sequence of (label, pseudonym, segment)
        Who is in it.
    placements : sequence of BidsPlacement
        What was looked at.
    facts : mapping
        More for dataset_description.json.
    """

    name: str
    version: str
    participants: Sequence[tuple[str, str, str]]
    placements: Sequence[BidsPlacement]
    facts: Mapping[str, Any] = field(default_factory=dict)


def labels_of(pseudonyms: Sequence[str]) -> dict[str, str]:
    """Return a label of letters and digits for each pseudonym, different also where case does not count.

    Parameters
    ----------
    pseudonyms : sequence of str
        In any script.

    Returns
    -------
    dict of str to str
        Pseudonym to label.

    Examples
    --------
    >>> labels_of(["P-01", "P01", "สมชาย", "p.01"])
    {'P-01': 'P01', 'P01': 'P01x2', 'สมชาย': 'n3', 'p.01': 'p01x3'}
    """
    labels: dict[str, str] = {}
    taken: set[str] = set()
    for number, one in enumerate(pseudonyms, start=1):
        stem = re.sub("[^A-Za-z0-9]", "", one) or f"n{number}"
        label, count = stem, 1
        while label.lower() in taken:
            count += 1
            label = f"{stem}x{count}"
        taken.add(label.lower())
        labels[one] = label
    return labels


def write_bids(study: BidsStudy, recordings: Iterable[BidsRecording], folder: Path) -> dict[str, list[str]]:
    """Write a data set, whole or not at all.

    Parameters
    ----------
    study : BidsStudy
        What it is about.
    recordings : iterable of BidsRecording
        Taken one after the other.
    folder : Path
        The folder to make; it must not exist or be empty.

    Returns
    -------
    dict of str to list of str
        Recording id to what of it is not in the data set, in words.

    Raises
    ------
    InputError
        If something is in the folder already, or a video cannot be copied.
    """
    lost = {}
    with new_folder(folder) as partial:
        _write_about(study, partial)
        for recording in recordings:
            lost[recording.recording_id] = _write_recording(recording, study, partial)
    return lost


def _write_about(study: BidsStudy, folder: Path) -> None:
    write_json(
        folder / "dataset_description.json",
        {
            "Name": study.name,
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "raw",
            "GeneratedBy": [{"Name": "gazestudy", "Version": study.version}],
            **study.facts,
        },
    )
    rows = [(f"sub-{label}", one, segment) for label, one, segment in study.participants]
    people = pd.DataFrame(rows, columns=["participant_id", "pseudonym", "segment"])
    for name in ("pseudonym", "segment"):
        people[name] = _texts(people, name)
    _write_tsv(folder / "participants.tsv", people)
    write_json(
        folder / "participants.json",
        {
            "participant_id": {"Description": "Label in this data set, made from the pseudonym"},
            "pseudonym": {"Description": "Pseudonym in the study; names of persons are not in this data set"},
            "segment": {"Description": "Group of the participant, such as regulars and visitors"},
        },
    )
    faces = "".join(f"* {one.id}: {html.escape(one.name)}\n" for one in study.placements) or "* none\n"
    text = _README.format(name=html.escape(study.name), task=TASK, faces=faces)
    (folder / "README.md").write_text(text, encoding="utf-8", newline="\n")


def _write_recording(recording: BidsRecording, study: BidsStudy, folder: Path) -> list[str]:
    home = folder / f"sub-{recording.subject}" / "beh"
    home.mkdir(parents=True, exist_ok=True)
    stem = f"sub-{recording.subject}_task-{TASK}_run-{recording.run}"
    zero = int(recording.gaze["t_ns"].iloc[0])
    _write_scene(recording, home / f"{stem}_recording-scene", zero)
    lost = _write_reference(recording, study, home / f"{stem}_recording-reference", zero)
    _write_gaze_events(recording, study, home / f"{stem}_recording-scene", zero)
    _write_events(recording, study, home / f"{stem}_events", zero)
    for number, video in enumerate(recording.videos):
        target = folder / "sourcedata" / f"sub-{recording.subject}" / f"{stem}_scene-{number}{video.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(video, target)
        except OSError as error:
            raise InputError(video, f"the scene video cannot be copied: {error.strerror}") from error
    return lost


def _about(recording: BidsRecording, columns: Sequence[str], meaning: str, zero: int) -> dict[str, Any]:
    return {
        "PhysioType": "eyetrack",
        "RecordedEye": "cyclopean",
        "SampleCoordinateSystem": "custom",
        "SampleCoordinateSystemDescription": meaning,
        "SamplingFrequency": round(recording.rate_hz, 6),
        "StartTime": 0,
        "TimeZeroNs": zero,
        "ManufacturersModelName": recording.device or "unknown",
        "TaskName": TASK,
        "Columns": list(columns),
        "timestamp": {"Description": "Time since the first gaze sample", "Units": "s"},
    }


def _write_scene(recording: BidsRecording, stem: Path, zero: int) -> None:
    gaze = recording.gaze
    columns: dict[str, Any] = {
        "timestamp": _seconds(gaze["t_ns"].to_numpy(np.int64) - zero),
        "x_coordinate": _numbers(gaze["x_px"]),
        "y_coordinate": _numbers(gaze["y_px"]),
        "valid": gaze["valid"].to_numpy(bool).astype(np.int64),
        "reason": np.array([REASONS.index(one) for one in gaze["reason"].astype(str)], dtype=np.int64),
        "part": gaze["part"].to_numpy(np.int64),
    }
    meanings: dict[str, Any] = {
        "x_coordinate": {"LongName": "Gaze position (x)", "Description": "To the right", "Units": "pixel"},
        "y_coordinate": {"LongName": "Gaze position (y)", "Description": "Downwards", "Units": "pixel"},
        "valid": {
            "Description": "Whether the sample may be used; others keep the coordinates that were recorded",
            "Levels": {"0": "no", "1": "yes"},
        },
        "reason": {
            "Description": "Why a sample may not be used",
            "Levels": {str(number): one.replace("_", " ") for number, one in enumerate(REASONS)},
        },
        "part": {"Description": "Part of the recording; nothing may be computed across parts"},
    }
    if gaze["confidence"].notna().any():
        columns["confidence"] = _numbers(gaze["confidence"])
        meanings["confidence"] = {"Description": "Confidence of the device, 0 to 1"}
    for name, meaning in _OTHER_PUPILS.items():
        if name in gaze:
            columns[name] = _numbers(gaze[name])
            meanings[name] = {"Description": meaning, "Units": "mm"}
    about = _about(recording, list(columns), _SCENE, zero)
    if recording.size_px is not None:
        about["SceneImageSize"] = list(recording.size_px)
    _write_tsv(Path(f"{stem}_physio.tsv.gz"), pd.DataFrame(columns), header=False)
    write_json(Path(f"{stem}_physio.json"), about | meanings)


def _write_reference(recording: BidsRecording, study: BidsStudy, stem: Path, zero: int) -> list[str]:
    mapped = recording.mapped_gaze
    if mapped is None:
        return ["gaze on reference images: the recording has no results yet"]
    mapped = mapped[mapped["placement_id"].isin([one.id for one in study.placements])]
    once = mapped.drop_duplicates("sample")
    rows = once["sample"].to_numpy(np.int64)
    t_ns = recording.gaze["t_ns"].to_numpy(np.int64)
    numbers = {one.id: number for number, one in enumerate(study.placements, start=1)}
    whole = pd.DataFrame(
        {
            "timestamp": _seconds(t_ns - zero),
            "x_coordinate": np.nan,
            "y_coordinate": np.nan,
            "placement": np.zeros(len(t_ns), dtype=np.int64),
            "copy": np.full(len(t_ns), -1, dtype=np.int64),
            "x_mm": np.nan,
            "y_mm": np.nan,
        }
    )
    for name, source in (("x_coordinate", "x_ref_px"), ("y_coordinate", "y_ref_px"), *((n, n) for n in _MM)):
        whole.loc[rows, name] = _numbers(once[source]).to_numpy()
    whole.loc[rows, "placement"] = [numbers[one] for one in once["placement_id"]]
    whole.loc[rows, "copy"] = once["copy"].to_numpy(np.int64)
    about = _about(recording, list(whole.columns), _REFERENCE, zero)
    images = {
        one.id: {"SizePixel": one.size_px, "SizeMillimetre": one.size_mm}
        for one in study.placements
        if one.size_px
    }
    about |= {
        "ReferenceImages": images,
        "x_coordinate": {"LongName": "Gaze on the image (x)", "Description": "Right", "Units": "pixel"},
        "y_coordinate": {"LongName": "Gaze on the image (y)", "Description": "Down", "Units": "pixel"},
        "placement": {
            "Description": "On which placement",
            "Levels": {"0": "none"} | {str(numbers[one.id]): one.id for one in study.placements},
        },
        "copy": {"Description": "Which of the places where the picture hangs, -1 where not known"},
        "x_mm": {"Description": "From the left edge of the placement", "Units": "mm"},
        "y_mm": {"Description": "From its top edge", "Units": "mm"},
    }
    _write_tsv(Path(f"{stem}_physio.tsv.gz"), whole, header=False)
    write_json(Path(f"{stem}_physio.json"), about)
    more = len(mapped) - len(once)
    return [f"{more} samples that lie on a second placement or copy too: the first is kept"] if more else []


_MM = ("x_mm", "y_mm")


def _write_gaze_events(recording: BidsRecording, study: BidsStudy, stem: Path, zero: int) -> None:
    events = recording.gaze_events
    if events is None or len(events) == 0:
        return
    onset = events["onset_ns"].to_numpy(np.int64)
    table = pd.DataFrame(
        {
            "onset": _seconds(onset - zero),
            "duration": _seconds(events["offset_ns"].to_numpy(np.int64) - onset),
            "trial_type": events["kind"].astype(str),
            "x_coordinate": _numbers(events["x_px"]),
            "y_coordinate": _numbers(events["y_px"]),
            "placement": _texts(events, "placement_id"),
        }
    )
    _write_tsv(Path(f"{stem}_physioevents.tsv.gz"), table, header=False)
    write_json(
        Path(f"{stem}_physioevents.json"),
        {
            "Columns": list(table.columns),
            "Description": "Gaze events found in the gaze of the recording of the same name",
            "OnsetSource": "timestamp",
            "TaskName": TASK,
            "TimeZeroNs": zero,
            "onset": {"Description": "Start, in the time of the column timestamp", "Units": "s"},
            "duration": {"Description": "End minus start", "Units": "s"},
            "trial_type": {
                "Description": "Kind of gaze event",
                "Levels": {one: one for one in sorted(set(table["trial_type"]))},
            },
            "x_coordinate": {"Description": "Centroid in the scene image", "Units": "pixel"},
            "y_coordinate": {"Description": "Centroid in the scene image", "Units": "pixel"},
            "placement": _placement_column(study),
        },
    )


_TRIAL_TYPES = {
    "recording_event": "written into the recording by the device or a person",
    "exposure": "a placement was in view",
    "interview_mark": "a moment that was coded in the interview",
}


def _write_events(recording: BidsRecording, study: BidsStudy, stem: Path, zero: int) -> None:
    events = recording.events.sort_values("onset_ns", kind="stable")
    table = pd.DataFrame(
        {
            "onset": _seconds(events["onset_ns"].to_numpy(np.int64) - zero),
            "duration": _seconds(events["duration_ns"].to_numpy(np.int64)),
            "trial_type": events["trial_type"].astype(str),
            "placement": _texts(events, "placement_id"),
            "message": _texts(events, "message"),
        }
    )
    _write_tsv(Path(f"{stem}.tsv"), table)
    write_json(
        Path(f"{stem}.json"),
        {
            "TaskName": TASK,
            "TaskDescription": "A walk past advertising faces with mobile eye tracking glasses",
            "TimeZeroNs": zero,
            "onset": {"Description": "Start, since the first gaze sample", "Units": "s"},
            "duration": {"Description": "0 for a point in time", "Units": "s"},
            "trial_type": {"Description": "Kind of event", "Levels": _TRIAL_TYPES},
            "placement": _placement_column(study),
            "message": {"Description": "Its text"},
        },
    )


def _placement_column(study: BidsStudy) -> dict[str, Any]:
    levels = {safe_text(one.id): one.name for one in study.placements}
    return {"Description": "Which placement", **({"Levels": levels} if levels else {})}


def _seconds(t_ns: Ints) -> list[str]:
    """Return exact seconds: floats would round."""
    return [f"{'-' if one < 0 else ''}{abs(one) // 10**9}.{abs(one) % 10**9:09d}" for one in t_ns.tolist()]


def _numbers(values: pd.Series) -> pd.Series:
    return values.astype(np.float64).round(4)


def _texts(table: pd.DataFrame, name: str) -> list[str | None]:
    """Return texts on one line that no spreadsheet runs, None for empty ones."""
    if name not in table:
        return [None] * len(table)
    found = (re.sub(r"[\s\0]+", " ", str(one)).strip() for one in table[name].fillna(""))
    return [safe_text(one) or None for one in found]


def _write_tsv(path: Path, table: pd.DataFrame, *, header: bool = True) -> None:
    """Write tab-separated values with n/a for what is not known; without a header for physio files."""
    cells = table.replace("", None) if header else table
    text = cells.to_csv(sep="\t", index=False, header=header, na_rep="n/a", lineterminator="\n", quoting=3)
    if path.suffix != ".gz":
        path.write_text(text, encoding="utf-8", newline="\n")
        return
    with path.open("wb") as target, gzip.GzipFile("", "wb", 6, target, 0) as out:
        out.write(text.encode("utf-8"))
