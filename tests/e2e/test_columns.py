"""From a table that nobody explained to a recording in a study, from the command line."""

from __future__ import annotations

import json

from tests.e2e.small_study import write_recording


def test_propose_answer_check_import(tmp_path, gazestudy):
    folder = write_recording(tmp_path / "walk", 1)
    (folder / "columns.json").unlink()
    text = (folder / "gaze.csv").read_text(encoding="utf-8")
    (folder / "gaze.csv").write_text(text.replace("time_ms", "when"), encoding="utf-8")
    preset = tmp_path / "lab.json"
    shown = gazestudy("columns", "propose", folder)
    assert shown.code == 0 and "1 open:" in shown.out and "--set time=when" in shown.out
    refused = gazestudy("columns", "propose", folder, "--out", preset)
    assert refused.code == 1 and "no column of gaze.csv is named like a time" in refused.err
    words = ("columns", "propose", folder, "--set", "time=when", "--set", "time_unit=ms", "--out", preset)
    told = gazestudy(*words, "--json")
    assert told.code == 0, told.err
    document = json.loads(told.out)
    assert document["questions"] == [] and document["mapping"]["time"] == "when"
    assert {"field", "value", "confidence", "reason", "alternatives"} == set(document["choices"][0])
    checked = gazestudy("columns", "check", preset, folder / "gaze.csv", "--rows", 3)
    assert checked.code == 0, checked.err
    assert "90 samples in 1.780 s, 50.0 Hz: 90 ok" in checked.out
    assert checked.out.splitlines()[1].split() == ["0.000000", "179.50", "219.50", "yes", "ok"]
    assert gazestudy("new", tmp_path / "study", "--name", "s").code == 0
    other = write_recording(tmp_path / "another walk", 2, n_frames=30)
    (other / "columns.json").unlink()
    (other / "gaze.csv").write_text(
        (other / "gaze.csv").read_text(encoding="utf-8").replace("time_ms", "when"), encoding="utf-8"
    )
    (other / "gaze.csv").rename(other / "p2.csv")
    (other / "scene.mp4").rename(other / "p2.mp4")
    done = gazestudy("import", tmp_path / "study", folder, other, "--columns", preset)
    assert done.code == 0, done.err
    assert "imported p01-1" in done.out and "imported p02-1" in done.out
    assert gazestudy("check", tmp_path / "study").code == 0


def test_the_words_of_the_command(tmp_path, gazestudy):
    missing = gazestudy("columns", "propose", tmp_path / "nothing.csv")
    assert missing.code == 1 and "no such file" in missing.err
    assert gazestudy("columns", "check", tmp_path / "nothing.json", tmp_path).code == 1
    (tmp_path / "t.csv").write_text("t,x,y\n1,2,3\n", encoding="utf-8")
    wrong = gazestudy("columns", "propose", tmp_path / "t.csv", "--set", "colour=red")
    assert wrong.code == 1 and "colour" in wrong.err
