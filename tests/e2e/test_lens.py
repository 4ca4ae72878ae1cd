"""A recording whose lens is not known is mapped, and that is said loudly."""

from __future__ import annotations

import json

from .small_study import write_picture, write_recording


def test_a_missing_calibration_is_said_whenever_the_study_is_run(tmp_path, gazestudy):
    study = tmp_path / "study"
    picture, recording = (
        write_picture(tmp_path / "1.png", 1),
        write_recording(tmp_path / "walk", 1, n_frames=12),
    )
    assert gazestudy("new", study).code == 0
    assert gazestudy("placement", "add", study, "poster", picture).code == 0
    assert gazestudy("import", study, recording, "--participant", "P01").code == 0
    for _ in range(2):  # made, then up to date
        run = gazestudy("run", study)
        assert run.code == 0
        assert "warning" in run.err
        assert "NO LENS CALIBRATION" in run.err
    said = {item["step"]: item["warning"] for item in json.loads(gazestudy("run", study, "--json").out)}
    assert said["events"] == "" != said["mapping"]
