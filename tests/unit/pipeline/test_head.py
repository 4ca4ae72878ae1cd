"""Where a recording's head motion is taken from, and that it is not computed twice."""

import numpy as np
import pandas as pd
import pytest

from gazestudy.importers import read_recording
from gazestudy.model import Camera, provenance_of
from gazestudy.pipeline import steps
from gazestudy.pipeline.analysis import DETECTOR, Settings, detect, measure
from gazestudy.pipeline.head import head_of, head_of_recording, scene_of
from gazestudy.resources import find
from gazestudy.store import create_study, open_study


@pytest.fixture(scope="module")
def recordings():
    folder = find("sample_sessions") / "recordings"
    return {path.name[:3]: read_recording(path) for path in sorted(folder.iterdir())}


def facts(table):
    return provenance_of(table)["facts"]


def true_kinds(name, gaze):
    truth = find("sample_sessions") / "truth"
    true = pd.read_csv(truth / f"{name}-events.csv")
    offset_ns = int(pd.read_csv(truth / "clocks.csv").set_index("recording").loc[name, "offset_ns"])
    kind = np.full(len(gaze), "", dtype=object)
    for row in true.itertuples():
        low, high = np.searchsorted(gaze["t_ns"], [row.onset_ns + offset_ns, row.offset_ns + offset_ns])
        kind[low:high] = row.kind
    return kind


def kappa(kind, gaze, events):
    told = np.full(len(gaze), "", dtype=object)
    for first, last, name in zip(events["first_sample"], events["last_sample"], events["kind"], strict=True):
        told[first : last + 1] = name
    judged = np.isin(kind, ["fixation", "pursuit", "saccade"]) & gaze["valid"].to_numpy()
    true, ours = (kind != "saccade")[judged], np.isin(told, ["fixation", "pursuit"])[judged]
    chance = true.mean() * ours.mean() + (1 - true.mean()) * (1 - ours.mean())
    return ((true == ours).mean() - chance) / (1 - chance)


def test_a_study_fits_the_gyroscope_to_its_video_once(recordings, tmp_path, monkeypatch):
    with create_study(tmp_path / "study", name="x") as study:
        added = study.add_recording(recordings["p01"], participant_id="P01")
        events = steps.detect_recording(study, added.id, Settings())
        found = facts(events)
        assert provenance_of(events)["step"] == f"events.{DETECTOR}"
        assert (found["head_motion_from"], found["gyroscope_fitted_to"]) == ("gyroscope", "scene image")
        assert found["gyroscope_axes"].startswith("Pupil Labs Neon")
        # the simulated gyroscope sits at 90 degrees where Neon's sits at 102
        assert found["gyroscope_off_deg"] == pytest.approx(12.0, abs=1.5)
        assert abs(found["gyroscope_delay_ms"]) < 6
        assert found["head_motion_quality"] > 0.9
        assert study.current(added.id, steps.ROTATION) is not None

        def never(*given, **more):
            raise AssertionError("computed again")

        monkeypatch.setattr(steps, "scene_of", never)
        again = steps.detect_recording(study, added.id, Settings())
        pd.testing.assert_frame_equal(events, again)
    kind = true_kinds("p01-pupil-cloud-neon", recordings["p01"].gaze)
    assert kappa(kind, recordings["p01"].gaze, events) > 0.88


def test_keys_know_the_head(recordings, tmp_path):
    with create_study(tmp_path / "study", name="x") as study:
        one = study.add_recording(recordings["p01"], participant_id="P01")
        keys = steps.step_keys(study, one.id, Settings())
        plain = steps.step_keys(study, one.id, Settings(detector="ivt"))
        assert keys["events"] != plain["events"]
    with open_study(tmp_path / "study", read_only=True) as study:
        assert steps.step_keys(study, one.id, Settings()) == keys


def test_without_a_gyroscope_the_image_tells(recordings):
    recording = recordings["p03"]
    head = head_of_recording(recording)
    assert facts(head)["head_motion_from"] == "scene image"
    assert facts(head)["head_motion_quality"] > 0.4
    events = detect(recording.gaze, recording.camera, DETECTOR, {}, head)
    assert facts(events)["frame_of_reference"] == "world"
    assert facts(events)["share_with_head_motion"] > 0.9
    kind = true_kinds("p03-generic-table", recording.gaze)
    assert kappa(kind, recording.gaze, events) > 0.8  # twelve seconds at 120 Hz
    blind = detect(recording.gaze, recording.camera, DETECTOR, {})
    assert facts(blind)["frame_of_reference"] == "head"
    assert kappa(kind, recording.gaze, blind) < kappa(kind, recording.gaze, events)


def test_excerpts_are_spread_over_the_recording(recordings, monkeypatch):
    class Blank:
        """Pictures without looking."""

        def __init__(self, videos, frames):
            self.t_ns = frames["t_ns"].tolist()

        def __len__(self):
            return len(self.t_ns)

        def __iter__(self):
            return ((n, t_ns, np.zeros((48, 64), np.uint8)) for n, t_ns in enumerate(self.t_ns))

    monkeypatch.setattr("gazestudy.pipeline.head.Pictures", Blank)
    frames = pd.DataFrame({"t_ns": np.arange(3000) * 33_000_000, "kind": "real"})
    camera = Camera(64, 48, 60.0, 60.0, 31.5, 23.5, "none", ())
    table = scene_of((), frames, camera, whole=False)
    assert len(table) == 4 * 149
    assert np.diff(table["t_ns"]).max() > 300 * 33_000_000
    assert table["t_ns"].iloc[0] > 300 * 33_000_000
    assert len(scene_of((), frames[:640], camera, whole=True)) == 639
    assert len(scene_of((), frames[:300], camera, whole=False)) == 299


def test_without_a_calibration_studies_work_in_pixels(recordings):
    gaze = recordings["p03"].gaze.drop(columns=["azimuth_deg", "elevation_deg"], errors="ignore")
    assert head_of(gaze, None, None, "") is None
    events = detect(gaze, None, DETECTOR, {})
    assert provenance_of(events)["step"] == "events.ivt"
    assert provenance_of(events)["parameters"]["threshold_deg_s"] == 100.0
    assert "pixels" in facts(events)["warning"]


def test_pursuits_are_dwell(recordings):
    """A look that follows somebody, or that slides along a poster while the wearer walks by, is a look."""
    recording = recordings["p03"]
    gaze, frames, camera = recording.gaze, recording.frames, recording.camera
    events = detect(gaze, camera, DETECTOR, {})
    given = {"placements": (), "aois": (), "gaze": gaze, "frames": frames, "camera": camera, "parameters": {}}
    assert (events["kind"] == "fixation").any()
    seen = {}

    def looks(table, *rest, **more):
        seen["kinds"] = set(table["kind"])
        raise StopIteration

    import gazestudy.mapping as mapping

    patched = pytest.MonkeyPatch()
    patched.setattr(mapping, "map_fixations", looks)
    from gazestudy.model.tables import MAPPING

    with pytest.raises(StopIteration):
        changed = events.assign(kind=events["kind"].where(events["kind"] != "fixation", "pursuit"))
        measure("r", "p", events=changed, mapping=MAPPING.empty(), **given)
    patched.undo()
    assert "fixation" in seen["kinds"] and "pursuit" not in seen["kinds"]
