"""How far each recording of a study is, for lists and trees; cheap enough to be asked after every edit."""

from __future__ import annotations

from dataclasses import dataclass

from gazestudy.store import Study
from gazestudy.store.listing import Listing, RecordingEntry


@dataclass(frozen=True, slots=True)
class RecordingState:
    """How far a recording is.

    Attributes
    ----------
    imported : str
        When it came in, UTC.
    synced, detected, mapped, measured : bool
        A clock alignment, gaze events, a mapping, attention tables are there.
    reviewed : int
        Stretches of time that a person has judged.
    answers, coded : int
        Interview answers of its participant about it, and how many of them have a code.
    problems, warnings : tuple of str
        What the import found wrong, and doubtful.
    """

    imported: str
    synced: bool
    detected: bool
    mapped: bool
    measured: bool
    reviewed: int
    answers: int
    coded: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def states(listing: Listing) -> dict[str, RecordingState]:
    """Return how far each recording of a listing is.

    Parameters
    ----------
    listing : Listing
        From `Study.listing`.

    Returns
    -------
    dict of str to RecordingState
        By recording id.
    """
    return {entry.id: _state(entry, listing) for entry in listing.recordings}


def located_share(study: Study, recording_id: str) -> tuple[int, int] | None:
    """Return in how many frames placements were located, of those in which they were looked for in earnest.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.

    Returns
    -------
    tuple of (int, int) or None
        Sightings of placements located with confidence, and all sightings; None if it was not mapped yet.
    """
    derived = study.current(recording_id, "mapping")
    if derived is None:
        return None
    state = derived.table("mapping", columns=["state"])["state"]
    return int((state == "mapped").sum()), len(state)


def _state(entry: RecordingEntry, listing: Listing) -> RecordingState:
    own = [
        talk
        for talk in listing.interviews
        if talk.recording_id == entry.id
        or (not talk.recording_id and talk.participant_id == entry.participant_id)
    ]
    return RecordingState(
        entry.imported_utc,
        entry.alignments > 0,
        "events" in entry.steps,
        "mapping" in entry.steps,
        "attention" in entry.steps,
        entry.answers,
        sum(talk.answers for talk in own),
        sum(talk.coded for talk in own),
        tuple(text for severity, text in entry.findings if severity == "problem"),
        tuple(text for severity, text in entry.findings if severity == "warning"),
    )
