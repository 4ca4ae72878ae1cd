"""Recordings written in each layout: complete, exact, or not at all; and read back by the importers."""

from __future__ import annotations

import json

import av
import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import InputError, ParameterError
from gazestudy.exporters import LAYOUTS, VideoSettings, export_recording, write_video
from gazestudy.importers import read_recording
from gazestudy.simulate import build_station, neon_camera, simulate_walk

TOBII = ("tobii_glasses2", "tobii_glasses3")  # in test_tobii.py: they have another camera and fewer digits
WIDE = [layout for layout in LAYOUTS if layout not in TOBII]


@pytest.fixture(scope="module")
def walk():
    station = build_station(np.random.default_rng(5), reference_long_px=120, people=3)
    return simulate_walk(
        station, rng=np.random.default_rng(6), duration_s=2.5, camera=neon_camera(320, 240), filler_s=0.2
    )


@pytest.fixture(scope="module")
def pictures(walk):
    return list(walk.frames())


@pytest.fixture(scope="module")
def folders(walk, pictures, tmp_path_factory):
    root = tmp_path_factory.mktemp("layouts")
    return {
        layout: export_recording(
            walk.recording("Zoë's walk"),
            root / layout,
            layout=layout,
            frames=pictures,
            events=walk.truth.events,
            video=VideoSettings(preset="ultrafast"),
        )
        for layout in WIDE
    }


@pytest.mark.parametrize("layout", WIDE)
def test_importers_read_back_what_was_written(walk, folders, layout):
    recording = read_recording(folders[layout])
    offset = {"glassestools": -int(walk.frame_table["t_ns"][0]), "generic_table": None}.get(layout, 0)
    written = walk.gaze[np.isfinite(walk.gaze["x_px"])]
    read = recording.gaze
    read = read[np.isfinite(read["x_px"])]
    if layout == "glassestools":
        written = written[written["valid"]]
    assert len(read) == len(written)
    if offset is not None:
        assert (read["t_ns"].to_numpy() == written["t_ns"].to_numpy() + offset).all()
    else:  # the table keeps 0.1 us
        gap = (read["t_ns"].to_numpy() - read["t_ns"].iloc[0]) - (
            written["t_ns"].to_numpy() - written["t_ns"].iloc[0]
        )
        assert np.abs(gap).max() <= 100
    assert np.abs(read[["x_px", "y_px"]].to_numpy() - written[["x_px", "y_px"]].to_numpy()).max() < 0.001
    kinds = recording.frames["kind"].astype(str).to_list()
    if layout.startswith("pupil_cloud"):
        assert kinds == walk.frame_table["kind"].astype(str).to_list()
        assert (recording.frames["t_ns"].to_numpy() == walk.frame_table["t_ns"].to_numpy()).all()
        both = read["reason"].astype(str).to_numpy(), written["reason"].astype(str).to_numpy()
        assert (both[0] == both[1]).all()
    assert len(kinds) == len(walk.frame_table)
    assert np.allclose(recording.camera.matrix, walk.camera.matrix)
    assert recording.camera.coefficients == pytest.approx(walk.camera.coefficients)
    assert not [finding for finding in recording.findings() if finding.severity == "problem"]


def test_cloud_tables_have_the_real_headers(folders):
    headers = {
        "gaze.csv": "section id,recording id,timestamp [ns],gaze x [px],gaze y [px],worn,fixation id,blink id,"
        "azimuth [deg],elevation [deg]",
        "world_timestamps.csv": "section id,recording id,timestamp [ns]",
        "fixations.csv": "section id,recording id,fixation id,start timestamp [ns],end timestamp [ns],duration [ms],"
        "fixation x [px],fixation y [px],azimuth [deg],elevation [deg]",
        "blinks.csv": "section id,recording id,blink id,start timestamp [ns],end timestamp [ns],duration [ms]",
        "events.csv": "recording id,timestamp [ns],name,type",
    }
    for layout in ("pupil_cloud_neon", "pupil_cloud_invisible"):
        for name, header in headers.items():
            first = (folders[layout] / name).read_text(encoding="utf-8").splitlines()[0]
            assert first == header, (layout, name)
    info = json.loads((folders["pupil_cloud_invisible"] / "info.json").read_text(encoding="utf-8"))
    assert info["template_data"]["recording_name"] == "Zoë's walk"


def test_fixation_ids_point_to_their_rows(folders):
    gaze = pd.read_csv(folders["pupil_cloud_neon"] / "gaze.csv")
    fixations = pd.read_csv(folders["pupil_cloud_neon"] / "fixations.csv").set_index("fixation id")
    named = gaze.dropna(subset=["fixation id"])
    assert len(named) > 50
    rows = fixations.loc[named["fixation id"].astype(int)]
    assert (named["timestamp [ns]"].to_numpy() >= rows["start timestamp [ns]"].to_numpy()).all()
    assert (named["timestamp [ns]"].to_numpy() < rows["end timestamp [ns]"].to_numpy()).all()


def test_video_shows_each_picture_at_its_time(pictures, tmp_path):
    t_ns = np.cumsum(np.random.default_rng(1).integers(20_000_000, 60_000_000, len(pictures)))
    path = write_video(tmp_path / "ánh.mp4", pictures, t_ns, settings=VideoSettings(crf=18))
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        times = np.array([float(frame.pts * frame.time_base) for frame in frames])
        decoded = [frame.to_ndarray(format="bgr24") for frame in frames]
    assert len(decoded) == len(pictures)
    assert np.abs(times - times[0] - (t_ns - t_ns[0]) / 1e9).max() < 1e-6
    assert times[0] == 0
    for got, wanted in zip(decoded[5::17], pictures[5::17], strict=True):
        assert np.abs(got.astype(int) - wanted).mean() < 6  # chroma subsampling and compression


def test_nothing_stays_when_writing_fails(walk, pictures, tmp_path):
    def broken():
        yield pictures[0]
        raise RuntimeError("lamp fell")

    with pytest.raises(RuntimeError, match="lamp fell"):
        export_recording(walk.recording(), tmp_path / "walk", layout="generic_table", frames=broken())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="pictures and times"):
        write_video(tmp_path / "a.mp4", pictures[:3], np.arange(5) * 10**7)
    with pytest.raises(ParameterError, match="ascending"):
        write_video(tmp_path / "a.mp4", pictures[:2], np.array([5, 5]))
    assert list(tmp_path.iterdir()) == []


def test_a_full_folder_is_left_alone(walk, tmp_path):
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / "thesis.txt").write_text("do not lose", encoding="utf-8")
    with pytest.raises(InputError, match="something is there"):
        export_recording(walk.recording(), tmp_path / "walk", layout="glassestools")
    assert [path.name for path in (tmp_path / "walk").iterdir()] == ["thesis.txt"]
    with pytest.raises(ParameterError, match="layout"):
        export_recording(walk.recording(), tmp_path / "other", layout="betamax")
