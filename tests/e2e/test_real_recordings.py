"""Real recordings from the command line to the result, compared with independent answers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import gazestudy as gs
from gazestudy._cv2 import cv2
from gazestudy.importers import SceneVideo


@pytest.fixture
def clip(shared_data):
    return shared_data / "recordings" / "generic_video_gaze_mobileGazeMapping"


def warp_ncc(frame: np.ndarray, reference: np.ndarray, homography: np.ndarray) -> float:
    """Normalised correlation of the frame, warped back onto the reference, with the part of it in the image."""
    height, width = reference.shape
    to_reference = np.linalg.inv(homography)
    warped = cv2.warpPerspective(frame, to_reference, (width, height), flags=cv2.INTER_LINEAR)
    inside = (
        cv2.warpPerspective(np.full_like(frame, 255), to_reference, (width, height), flags=cv2.INTER_NEAREST)
        == 255
    )
    return float(np.corrcoef(warped[inside], reference[inside])[0, 1])


def test_video_and_gaze_of_a_painting_from_import_to_heatmap(clip, gazestudy, tmp_path, capsys):
    study = tmp_path / "study"
    picture = clip / "referenceImage.jpg"
    for words in (
        ["new", study],
        ["placement", "add", study, "painting", picture],
        ["import", study, clip],
        ["run", study],
        ["heatmap", study, "--out", tmp_path / "maps"],
    ):
        result = gazestudy(*words)
        assert result.code == 0, result.err
    assert (tmp_path / "maps" / "painting.png").stat().st_size > 100_000
    with gs.open_study(study, read_only=True) as opened:
        mapping = opened.current("p01-1", "mapping").table("mapping").query("state == 'mapped'")
        fixations = opened.current("p01-1", "attention").table("mapped_fixations")
        video = opened.media("p01-1")
    assert len(mapping) >= 0.95 * 50
    reference = cv2.imdecode(np.frombuffer(picture.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    homographies = mapping.set_index("frame")[[f"h{r}{c}" for r in range(3) for c in range(3)]]
    with SceneVideo(video) as scene:
        scores = [
            warp_ncc(luma, reference, homographies.loc[index].to_numpy().reshape(3, 3))
            for index, luma in scene.frames()
            if index in homographies.index
        ]
    with capsys.disabled():
        print(f"\n{len(mapping)} of 50 frames mapped, mean normalised correlation {np.mean(scores):.3f}")
    assert np.mean(scores) > 0.8
    assert len(fixations) >= 1


def test_invisible_export_equals_the_answer_of_another_tool(shared_data, gazestudy, tmp_path, capsys):
    folder = shared_data / "recordings" / "pupil_invisible_cloud"
    study = tmp_path / "study"
    assert gazestudy("new", study).code == 0
    imported = gazestudy("import", study, folder, "--json")
    assert imported.code == 0, imported.err
    (item,) = json.loads(imported.out)
    with gs.open_study(study, read_only=True) as opened:
        gaze = opened.stream(item["recording"], "gaze")
        frames = opened.stream(item["recording"], "frames")
    peer = pd.read_csv(folder / "peer_glassesTools" / "invisible_cloud" / "gazeData.tsv", sep="\t")
    assert len(gaze) == len(peer) == 3385
    start_ns = frames["t_ns"].iloc[0]
    both = gaze["valid"].to_numpy() & peer["gaze_pos_vid_x"].notna().to_numpy()
    off_px = np.abs(
        gaze[["x_px", "y_px"]].to_numpy() - peer[["gaze_pos_vid_x", "gaze_pos_vid_y"]].to_numpy()
    )[both].max()
    off_us = np.abs((gaze["t_ns"].to_numpy() - start_ns) / 1e3 - peer["timestamp"].to_numpy() * 1e3).max()
    with capsys.disabled():
        print(f"\n{both.sum()} samples valid in both: at most {off_px:.2g} px and {off_us:.2g} us apart")
    assert off_px < 0.01
    assert off_us < 1.0
    source = pd.read_csv(folder / "gaze.csv")
    blinking, removed = source["blink id"].notna().to_numpy(), source["worn"].to_numpy() != 1
    assert (gaze["reason"].to_numpy()[blinking & ~removed] == "blink").all()
    assert (gaze["reason"].to_numpy()[removed] == "not_worn").all()
    assert not gaze["valid"].to_numpy()[blinking | removed].any()


def test_the_five_lines_of_the_readme(clip):
    recording = gs.read_recording(clip)
    mapped = gs.map_recording(recording, {"poster": clip / "referenceImage.jpg"})
    metrics = gs.attention_metrics(mapped)
    density = gs.density_map(
        mapped.fixations[["x_ref_px", "y_ref_px"]], mapped.size_px("poster"), sigma_px=20
    )
    assert metrics["noticed"].tolist() == [True]
    assert density.shape == mapped.size_px("poster")[::-1]
    assert density.sum() == pytest.approx(len(mapped.fixations), rel=0.02)
