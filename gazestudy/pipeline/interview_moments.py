"""Where in the recording of a walk the words of a text belong, by its time marks alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazestudy.model.interview import Interviews
from gazestudy.store import Study


@dataclass(frozen=True, slots=True)
class Moments:
    """Time marks of the texts of a study, and the walks they are about.

    Attributes
    ----------
    walks : mapping of str to str
        Recording of the walk of each interview; "" where it is not known.
    video_ns : mapping of str to (int, int)
        Times of the first and the last scene frame of each recording, ns.
    marks : mapping of str to (positions, times)
        Time marks of each document: code points and times of the scene video from 0, ns.
    talks : mapping of str to str
        Interview of each document.
    """

    walks: Mapping[str, str]
    video_ns: Mapping[str, tuple[int, int]]
    marks: Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]]
    talks: Mapping[str, str]

    def of_text(self, document_id: str, position: int) -> tuple[str, int] | None:
        """Return the moment of a place in a text.

        Parameters
        ----------
        document_id : str
            Which text.
        position : int
            Code point in it.

        Returns
        -------
        (str, int) or None
            Recording and time on its clock, ns; None where the text has no mark before that place, the walk
            is not known, or the mark is after the end of the video.
        """
        recording_id = self.walks.get(self.talks.get(document_id, ""), "")
        positions, times_ns = self.marks.get(document_id, (np.zeros(0, np.int64), np.zeros(0, np.int64)))
        row = int(np.searchsorted(positions, position, side="right")) - 1
        if row < 0 or recording_id not in self.video_ns:
            return None
        first_ns, last_ns = self.video_ns[recording_id]
        t_ns = first_ns + int(times_ns[row])
        return (recording_id, t_ns) if t_ns <= last_ns else None


def moments_of(study: Study, talks: Interviews) -> Moments:
    """Return the moments of all texts of a study; nothing has to be run for it.

    Parameters
    ----------
    study : Study
        The study.
    talks : Interviews
        Its interviews.

    Notes
    -----
    A mark holds from its place in the text to the next one; marks are times of the scene video, which
    begins with its first frame at 0:00.
    """
    only = only_recordings(study)
    heads = talks.interviews
    walks = {
        str(talk): str(recording) or only.get(str(person), "")
        for talk, person, recording in zip(
            heads["interview_id"], heads["participant_id"], heads["recording_id"], strict=True
        )
    }
    video_ns = {}
    known = {recording.id for recording in study.recordings()}
    for recording_id in sorted(set(walks.values()) & known):
        t_ns = study.stream(recording_id, "frames")["t_ns"].to_numpy(np.int64)
        if len(t_ns):
            video_ns[recording_id] = (int(t_ns[0]), int(t_ns[-1]))
    marks = {
        str(name): (
            rows["position"].to_numpy(np.int64),
            rows["t_ns"].to_numpy(np.int64),
        )
        for name, rows in talks.transcript_marks.sort_values("position", kind="stable").groupby("document_id")
    }
    documents = talks.documents
    of_talk = dict(
        zip(documents["document_id"].astype(str), documents["interview_id"].astype(str), strict=True)
    )
    return Moments(walks, video_ns, marks, of_talk)


def only_recordings(study: Study) -> dict[str, str]:
    """Return the recording of each participant who has just one."""
    walks: dict[str, list[str]] = {}
    for recording in study.recordings():
        walks.setdefault(recording.participant_id, []).append(recording.id)
    return {person: own[0] for person, own in walks.items() if len(own) == 1}
