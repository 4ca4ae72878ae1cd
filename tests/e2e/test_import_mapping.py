"""Gaze mapped by Pupil Cloud in a study: used in place of our own mapping, which is kept."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import gazestudy as gs
from gazestudy._cv2 import cv2
from gazestudy.errors import StudyError
from gazestudy.exporters import export_recording
from gazestudy.model import Camera, Clock, Recording, RecordingMeta, Stream, categorical
from gazestudy.model.tables import FRAME_KINDS, REASONS
from tests.e2e.small_study import poster, write_picture

START_NS = 1_700_000_000_000_000_007
N_FRAMES, FRAME_NS, SAMPLE_NS = 60, 33_333_333, 5_000_000
LEFT, TOP = 150, 60  # of the poster of 240 x 360 px in the scene of 640 x 480
CAMERA = Camera(640, 480, 500.0, 500.0, 319.5, 239.5, "opencv8", (-0.1, 0.02, 0, 0, 0, 0, 0, 0))
SURFACE = (
    "section id,recording id,timestamp [ns],gaze detected on surface,"
    "gaze position on surface x [normalized],gaze position on surface y [normalized],fixation id,blink id"
)
IMAGE = (
    "section id,recording id,timestamp [ns],gaze detected in reference image,"
    "gaze position in reference image x [px],gaze position in reference image y [px],fixation id,blink id"
)
CORNERS = ",".join(f"{corner} {axis} [px]" for corner in ("tl", "tr", "br", "bl") for axis in "xy")


@pytest.fixture(scope="module")
def cloud_folder(tmp_path_factory):
    """A recording of 2 s of a poster that hangs still; gaze moves over it and, in the last half second, away."""
    rng = np.random.default_rng(1)
    wall = cv2.resize(rng.integers(90, 160, (24, 32, 3), dtype=np.uint8), (640, 480))
    wall[TOP : TOP + 360, LEFT : LEFT + 240] = poster(1)
    frame_ns = START_NS + np.arange(N_FRAMES) * FRAME_NS
    t_ns = START_NS + 1_000 + np.arange(390) * SAMPLE_NS
    x = np.where(t_ns < t_ns[290], LEFT + 60.0, 40.0)
    y = np.full(len(t_ns), TOP + 90.0)
    gaze = pd.DataFrame(
        {
            "t_ns": t_ns,
            "x_px": x,
            "y_px": y,
            "valid": True,
            "reason": categorical(["ok"] * len(t_ns), REASONS),
            "confidence": np.nan,
            "part": 0,
        }
    )
    frames = pd.DataFrame(
        {
            "t_ns": frame_ns,
            "kind": categorical(["real"] * N_FRAMES, FRAME_KINDS),
            "part": 0,
            "video": 0,
            "index": np.arange(N_FRAMES),
        }
    )
    folder = tmp_path_factory.mktemp("cloud") / "walk"
    recording = Recording(
        RecordingMeta("walk", "Neon", "test", 1, folder, participant_label="Erika Mustermann"),
        clock=Clock("unix_utc", 0),
        camera=CAMERA,
        videos=(),
        loaders={"gaze": lambda: Stream(gaze), "frames": lambda: Stream(frames)},
    )
    export_recording(recording, folder, layout="pupil_cloud_neon", frames=[wall] * N_FRAMES)
    return folder, t_ns


@pytest.fixture
def study(tmp_path, gazestudy, cloud_folder):
    path = tmp_path / "study"
    assert gazestudy("new", path, "--name", "s").code == 0
    for seed in (1, 2):
        picture = write_picture(tmp_path / f"{seed}.png", seed)
        words = ("--width-mm", 800, "--height-mm", 1200)
        assert gazestudy("placement", "add", path, f"poster-{seed}", picture, *words).code == 0
    assert gazestudy("import", path, cloud_folder[0]).code == 0
    with gs.open_study(path, read_only=True) as opened:
        vendor_id = opened.meta("p01-1")["extra"]["recording_id"]
    return path, vendor_id


def write_marker(folder, vendor_id, t_ns, *, flip=False, positions=True):
    """Gaze at (0.3, 0.7) of the surface, which is not where the scene has it, so that the source shows.

    With positions it is where the corners have it: (0.25, 0.25).
    """
    folder.mkdir()
    x, y = (60.5 / 240, 90.5 / 360) if positions else (0.3, 0.7)
    rows = [f"s,{vendor_id},{t},True,{x},{1 - y if flip else y},," for t in t_ns[:290]]
    rows += [f"s,{vendor_id},{t},False,-0.4,0.2,," for t in t_ns[290:]]
    (folder / "gaze.csv").write_text("\n".join([SURFACE, *rows]) + "\n", encoding="utf-8")
    sections = "section id,recording id,section start time [ns],section end time [ns]"
    (folder / "sections.csv").write_text(
        f"{sections}\ns,{vendor_id},{t_ns[0]},{t_ns[-1]}\n", encoding="utf-8"
    )
    if positions:
        right, bottom = LEFT + 239.5, TOP + 359.5
        quad = f"{LEFT - 0.5},{TOP - 0.5},{right},{TOP - 0.5},{right},{bottom},{LEFT - 0.5},{bottom}"
        lines = [f's,{START_NS + FRAME_NS * n},"""0;1""",{quad}' for n in range(30)]
        lines += [f's,{START_NS + FRAME_NS * n},"""""",,,,,,,,' for n in range(30, N_FRAMES)]
        (folder / "surface_positions.csv").write_text(
            "\n".join([f"section id,timestamp [ns],detected markers,{CORNERS}", *lines]) + "\n",
            encoding="utf-8",
        )
    return folder


def attention(path, name, placement="poster-1"):
    with gs.open_study(path, read_only=True) as opened:
        table = opened.current("p01-1", "attention").table(name)
    return table[table["placement_id"] == placement]


def run(gazestudy, path, *words):
    result = gazestudy("run", path, "--json", *words)
    assert result.code == 0, result.err
    return {item["step"] for item in json.loads(result.out) if item["made"]}


def test_imported_mapping_replaces_ours_and_both_are_kept(study, tmp_path, gazestudy, cloud_folder):
    path, vendor_id = study
    assert run(gazestudy, path) == {"events", "mapping", "attention"}
    ours = attention(path, "mapped_gaze")
    np.testing.assert_allclose(ours[["x_ref_px", "y_ref_px"]], [[60.0, 90.0]] * len(ours), atol=1)
    export = write_marker(tmp_path / "mm", vendor_id, cloud_folder[1], positions=False)
    done = gazestudy("import-mapping", path, export, "--placement", "poster-1")
    assert done.code == 0, done.err
    assert "390 mapped samples, 290 on poster-1; 390 of our samples have the same time" in done.out
    assert "documents the format" in done.out
    assert gazestudy("check", path).code == 1  # the attention is out of date
    assert run(gazestudy, path) == {"attention"}
    theirs = attention(path, "mapped_gaze")
    np.testing.assert_allclose(
        theirs[["x_ref_px", "y_ref_px", "x_mm", "y_mm"]], [[71.5, 251.5, 240.0, 840.0]] * 290, atol=1e-9
    )
    assert theirs["t_ns"].tolist() == cloud_folder[1][:290].tolist()
    metrics = attention(path, "metrics").iloc[0]
    assert metrics["noticed"] and np.isnan(metrics["visible_share_mean"])
    assert metrics["gaze_ms"] == pytest.approx(290 * 5)
    # in view while the vendor located the surface: wherever it has coordinates
    assert metrics["exposure_ms"] == pytest.approx(390 * 5, abs=40)
    with gs.open_study(path, read_only=True) as opened:
        provenance = opened.imported_mapping("p01-1", "poster-1").provenance
        assert provenance["facts"]["vendor_recording_id"] == vendor_id
        assert {file["path"] for file in provenance["facts"]["files"]} == {"gaze.csv", "sections.csv"}
        facts = opened.current("p01-1", "attention").table("mapped_gaze").attrs["provenance"]["facts"]
        assert facts["imported"]["poster-1"]["samples_exact"] == 390
        assert len(opened.current("p01-1", "mapping").table("mapping")) > 0
    assert gazestudy("check", path).code == 0
    assert run(gazestudy, path) == set()
    assert run(gazestudy, path, "--own-mapping") == {"attention"}
    pd.testing.assert_frame_equal(attention(path, "mapped_gaze"), ours)


def test_corners_of_the_surface_give_time_in_view(study, tmp_path, gazestudy, cloud_folder):
    path, vendor_id = study
    export = write_marker(tmp_path / "mm", vendor_id, cloud_folder[1])
    done = gazestudy("import-mapping", path, export, "--placement", "poster-1")
    assert done.code == 0, done.err
    assert "agree with the corners of the surface within 0.0" in done.out
    run(gazestudy, path)
    exposures = attention(path, "exposures")
    assert exposures["duration_ms"].tolist() == [pytest.approx(30 * FRAME_NS / 1e6)]
    assert exposures["visible_share_mean"].tolist() == [1.0]
    # 800 mm wide, 240 px wide through 500 px of focal length, undistorted: about 1.7 m away
    assert exposures["distance_mm_min"].iloc[0] == pytest.approx(500 * 800 / 240, rel=0.03)
    second = attention(path, "metrics", "poster-2").iloc[0]
    assert second["exposure_count"] == 0


def test_origin_at_the_bottom_is_refused(study, tmp_path, gazestudy, cloud_folder):
    path, vendor_id = study
    export = write_marker(tmp_path / "mm", vendor_id, cloud_folder[1], flip=True)
    done = gazestudy("import-mapping", path, export, "--placement", "poster-1")
    assert done.code == 1
    assert "y of recording 'p01-1' count from the other side" in done.err
    with gs.open_study(path, read_only=True) as opened:
        assert opened.imported_placements("p01-1") == {}


def write_image(folder, vendor_id, t_ns, size):
    folder.mkdir()
    rows = [f"s,{vendor_id},{t},True,{500 + 59.5},{100 + 89.5},," for t in t_ns[:100]]
    (folder / "gaze.csv").write_text("\n".join([IMAGE, *rows]) + "\n", encoding="utf-8")
    picture = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    (folder / "reference_image.jpeg").write_bytes(cv2.imencode(".jpeg", picture)[1].tobytes())
    return folder


def test_photograph_that_shows_more_than_the_placement(study, tmp_path, gazestudy, cloud_folder):
    path, vendor_id = study
    export = write_image(tmp_path / "rim", vendor_id, cloud_folder[1], (1200, 800))
    words = ("import-mapping", path, export, "--placement", "poster-1")
    refused = gazestudy(*words)
    assert refused.code == 1 and "other proportions" in refused.err and "--corners" in refused.err
    # the poster, upright and of half its size, at (500, 100) of the photograph
    corners = "499.5,99.5 619.5,99.5 619.5,279.5 499.5,279.5"
    done = gazestudy(*words, "--corners", corners)
    assert done.code == 0, done.err
    run(gazestudy, path)
    mapped = attention(path, "mapped_gaze")
    np.testing.assert_allclose(mapped[["x_ref_px", "y_ref_px"]], [[119.5, 179.5]] * 100, atol=1e-6)
    assert gazestudy(*words, "--corners", "0,0 1,0").code == 1
    assert "clockwise" in gazestudy(*words, "--corners", "0,0 0,9 9,9 9,0").err


def test_recordings_are_matched_by_id_or_told(study, tmp_path, gazestudy, cloud_folder):
    path, _vendor_id = study
    export = write_marker(tmp_path / "mm", "other-id", cloud_folder[1], positions=False)
    words = ("import-mapping", path, export, "--placement", "poster-1")
    assert "none of the recordings" in gazestudy(*words).err
    assert "begin with 'x'" in gazestudy(*words, "--recording", "p01-1=x").err
    assert "no recording 'p09-1'" in gazestudy(*words, "--recording", "p09-1").err
    assert gazestudy(*words, "--recording", "p01-1=oth").code == 0
    assert gazestudy(*words, "--recording", "p01-1").code == 0  # replaces the first one
    with gs.open_study(path, read_only=True) as opened:
        streams = list((path / "recordings" / "p01-1" / "streams").glob("imported-*"))
        assert len(streams) == 3 and len(opened.imported_placements("p01-1")) == 1
    assert gazestudy("check", path).code == 0


def test_times_of_another_recording_are_refused(study, tmp_path, gazestudy, cloud_folder):
    path, vendor_id = study
    export = write_marker(tmp_path / "mm", vendor_id, cloud_folder[1] + 1_234_567, positions=False)
    done = gazestudy("import-mapping", path, export, "--placement", "poster-1")
    assert done.code == 1 and "has the time of a sample" in done.err


def test_removed_mapping_and_removed_placement(study, tmp_path, gazestudy, cloud_folder):
    path, vendor_id = study
    export = write_marker(tmp_path / "mm", vendor_id, cloud_folder[1], positions=False)
    assert gazestudy("import-mapping", path, export, "--placement", "poster-1").code == 0
    with gs.open_study(path) as opened:
        opened.remove_imported_mapping("p01-1", "poster-1")
        assert opened.imported_placements("p01-1") == {}
        with pytest.raises(StudyError, match="no mapping"):
            opened.remove_imported_mapping("p01-1", "poster-1")
    assert gazestudy("import-mapping", path, export, "--placement", "poster-1").code == 0
    with gs.open_study(path) as opened:
        mapping = opened.imported_mapping("p01-1", "poster-1")
        with pytest.raises(StudyError, match="no placement 'gone'"):
            opened.add_imported_mapping("p01-1", replace(mapping, placement_id="gone"))
        assert not list((path / "recordings" / "p01-1" / "streams").glob("imported-gone*"))
        opened.remove_placement("poster-1")
        opened.add_placement("poster-1", [write_picture(tmp_path / "3.png", 3)])
    done = gazestudy("run", path)
    assert done.code == 1 and "another picture" in done.err


def test_rank_of_the_vendor_and_removal_on_the_command_line(study, tmp_path, gazestudy, cloud_folder):
    path, vendor_id = study
    export = write_marker(tmp_path / "mm", vendor_id, cloud_folder[1], positions=False)
    assert gazestudy("import-mapping", path, export, "--placement", "poster-1").code == 0
    run(gazestudy, path)
    assert set(attention(path, "mapped_gaze")["source"]) == {"vendor"}
    assert set(attention(path, "mapped_fixations")["source"]) == {"vendor"}
    assert gazestudy("mapping", "vendor", path, "after").code == 0
    assert run(gazestudy, path) == {"attention"}
    assert set(attention(path, "mapped_gaze")["source"]) == {"automatic"}
    # an answer beats the vendor, too
    assert gazestudy("mapping", "vendor", path, "instead").code == 0
    words = ("p01-1", "--at-s", 0.5, "--until-s", 0.6, "--placement", "poster-1", "--point", "10,20")
    assert gazestudy("mapping", "answer", "add", path, *words).code == 0
    run(gazestudy, path)
    gaze = attention(path, "mapped_gaze")
    assert gaze["source"].value_counts().to_dict() == {"vendor": 270, "manual": 20}
    assert (
        gaze.loc[gaze["source"] == "manual", ["x_ref_px", "y_ref_px"]].to_numpy().tolist()
        == [[10.0, 20.0]] * 20
    )
    done = gazestudy("mapping", "remove-import", path, "p01-1", "poster-1")
    assert done.code == 0, done.err
    run(gazestudy, path)
    assert set(attention(path, "mapped_gaze")["source"]) == {"automatic", "manual"}
