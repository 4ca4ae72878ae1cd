"""Real recordings come out of a study as they went in."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gazestudy.importers import read_recording
from gazestudy.store import check_study, create_study, open_study

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "recordings"


@pytest.mark.parametrize("name", ["pupil_invisible_cloud", "generic_video_gaze_mobileGazeMapping"])
def test_real_recording_round_trip(tmp_path: Path, name: str) -> None:
    if not (DATA / name).is_dir():
        pytest.skip(f"the recording {name} is not here")
    recording = read_recording(DATA / name)
    before = {path: path.stat().st_mtime_ns for path in (DATA / name).rglob("*")}
    with create_study(tmp_path / "study", name=name) as study:
        stored = study.add_recording(recording, participant_id="P01")
    with open_study(tmp_path / "study", read_only=True) as study:
        assert list(study.streams(stored.id)) == recording.streams
        for stream in recording.streams:
            pd.testing.assert_frame_equal(
                study.stream(stored.id, stream), recording.stream(stream), check_exact=True
            )
        assert study.clock(stored.id) == recording.clock
        assert study.camera(stored.id) == recording.camera
        for kept, source in zip(study.media(stored.id), recording.videos, strict=True):
            assert kept.read_bytes() == source.read_bytes()
    assert check_study(tmp_path / "study", full=True) == []
    assert {path: path.stat().st_mtime_ns for path in (DATA / name).rglob("*")} == before
