from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from gazestudy.errors import Cancelled, InputError, ParameterError, StudyDamagedError, StudyError
from gazestudy.model import CONTRACTS, Recording, SourceFile, Stream
from gazestudy.store import PersonalData, Study, check_study, open_study
from gazestudy.store.intake import without_name

Recordings = Callable[..., Recording]


def files_of(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name != "study.lock"
    }


class Counting:
    """A progress that can stop after some steps."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.total, self.done, self.stop_after = 0, 0, stop_after

    def start(self, label: str, total: int | None) -> None:
        self.total = total or 0

    def advance(self, count: int = 1) -> None:
        self.done += count

    @property
    def cancelled(self) -> bool:
        return self.done >= self.stop_after


def test_everything_comes_back_after_opening_again(study: Study, recording: Recordings) -> None:
    source, progress = recording(1, name="เดิน 1"), Counting()
    added = study.add_recording(
        source,
        participant_id="P01",
        segment="regular",
        daypart="morning peak",
        report={"rows": 50},
        progress=progress,
    )
    assert progress.done == progress.total == 4
    study.close()
    with open_study(study.path) as again:
        assert again.recordings() == (added,)
        assert again.recording("p01-1") == added
        assert (added.id, added.name, added.device, added.daypart) == (
            "p01-1",
            "เดิน 1",
            "Neon",
            "morning peak",
        )
        assert again.participants()[0].segment == "regular"
        assert again.streams("p01-1") == ("gaze", "frames", "ป้าย labels")
        for name in again.streams("p01-1"):
            pd.testing.assert_frame_equal(again.stream("p01-1", name), source.stream(name), check_exact=True)
        assert again.camera("p01-1") == source.camera
        assert again.clock("p01-1") == source.clock
        assert again.report("p01-1") == {"rows": 50}
        assert again.meta("p01-1")["start_unix_ns"] == source.meta.start_unix_ns
        assert again.media("p01-1")[0].read_bytes() == source.videos[0].read_bytes()
    assert check_study(study.path, full=True) == []


def test_streams_the_recording_lacks(study: Study, recording: Recordings) -> None:
    study.add_recording(recording(1, camera=None), participant_id="P01")
    assert not study.has_stream("p01-1", "imu")
    pd.testing.assert_frame_equal(study.stream("p01-1", "imu"), CONTRACTS["imu"].empty())
    assert study.camera("p01-1") is None
    with pytest.raises(StudyError, match="no stream 'blinks'; it has gaze, frames"):
        study.stream("p01-1", "blinks")


def test_unknown_recording_names_those_there_are(study: Study, recording: Recordings) -> None:
    study.add_recording(recording(1), participant_id="P01")
    for call in (study.recording, study.camera, study.clock, study.media, study.remove_recording):
        with pytest.raises(StudyError, match="no recording 'x'; the study has p01-1"):
            call("x")


def test_ids_are_safe_and_never_used_twice_over(study: Study, recording: Recordings) -> None:
    ids = [
        study.add_recording(recording(number), participant_id=name).id
        for number, name in enumerate(["P01", "P01", "คุณ", "P 01", "P01"])
    ]
    assert ids == ["p01-1", "p01-2", "recording-1", "p-01-1", "p01-3"]
    for number in range(10, 18):
        study.add_recording(recording(number), participant_id="P01")
    assert [found.id for found in study.recordings() if found.participant_id == "P01"] == [
        f"p01-{number}" for number in range(1, 12)
    ]


def test_same_source_twice_names_the_one_that_is_there(study: Study, recording: Recordings) -> None:
    study.add_recording(recording(1), participant_id="P01")
    before = files_of(study.path)
    with pytest.raises(StudyError, match=r"already as 'p01-1' \(participant 'P01'"):
        study.add_recording(recording(1), participant_id="P02")
    # the same files listed in another order under another folder
    files = (SourceFile("a", 1, "aa"), SourceFile("b", 2, "bb"))
    study.add_recording(recording(2, files=lambda: files), participant_id="P01")
    moved = tuple(SourceFile(f"zip/{file.path}", file.size_bytes, file.sha256) for file in reversed(files))
    with pytest.raises(StudyError, match="already as 'p01-2'"):
        study.add_recording(recording(3, files=lambda: moved), participant_id="P02")
    assert {path for path in files_of(study.path) if "p01-1" in path} == {p for p in before if "p01-1" in p}


def test_same_content_twice_is_noticed_without_a_list_of_sources(study: Study, recording: Recordings) -> None:
    study.add_recording(recording(1, files=tuple), participant_id="P01")
    study.add_recording(recording(2, files=tuple), participant_id="P01")
    before = files_of(study.path)
    with pytest.raises(StudyError, match="already as 'p01-1'"):
        study.add_recording(recording(1, files=tuple), participant_id="P02")
    assert files_of(study.path) == before


def test_name_of_the_person_is_kept_apart(study: Study, recording: Recordings) -> None:
    added = study.add_recording(
        recording(1, name="Anna Müller 2022-11-22", label="Anna Müller"),
        participant_id="P01",
        report={"lines": ["wearer: anna müller", 3], "who": "ANNA MÜLLERs"},
    )
    assert added.name == "P01 2022-11-22"
    assert study.meta(added.id)["extra"] == {"serial": 7, "wearer": "P01"}
    assert study.report(added.id) == {"lines": ["wearer: P01", 3], "who": "P01s"}
    assert study.personal_data("P01") == PersonalData("Anna Müller")
    study.add_recording(recording(2, label="A. Müller"), participant_id="P01")
    assert study.personal_data("P01") == PersonalData("Anna Müller", {"device_labels": ["A. Müller"]})
    study.set_personal_data("P01", PersonalData())
    study.close()
    with open_study(study.path) as again:
        again.backup()  # a compact copy holds no deleted rows
    (copy,) = (study.path / "backups").iterdir()
    assert "Müller".encode() not in copy.read_bytes()
    assert not any("Anna" in path for path in files_of(study.path))


def test_short_name_is_replaced_only_as_a_whole(study: Study, recording: Recordings) -> None:
    added = study.add_recording(recording(1, name="walk along", label="al"), participant_id="P01")
    assert added.name == "walk along"
    assert study.meta(added.id)["extra"]["wearer"] == "P01"


@pytest.mark.parametrize(
    ("text", "label", "wanted"),
    [
        pytest.param("คุณแดงเดิน", "แดง", "คุณPเดิน", id="script without spaces"),
        pytest.param("AnnaWalk anna_2", "Anna", "PWalk P_2", id="run together"),
        pytest.param("1001 rows of 001", "001", "1001 rows of P", id="number"),
        pytest.param("a.b+c", ".b+", "aPc", id="signs"),
        pytest.param("al", "AL", "P", id="short and whole"),
        pytest.param("walk", "al", "walk", id="short inside"),
        pytest.param("same", "", "same", id="no label"),
    ],
)
def test_pseudonym_takes_the_place_of_the_name(text: str, label: str, wanted: str) -> None:
    assert without_name({"anna": [text]}, label, "P") == {"anna": [wanted]}


def test_segment_that_contradicts_is_refused_before_copying(study: Study, recording: Recordings) -> None:
    study.add_participant("P01", segment="regular")
    before = files_of(study.path)
    with pytest.raises(StudyError, match="not 'visitor'"):
        study.add_recording(recording(1), participant_id="P01", segment="visitor")
    with pytest.raises(ParameterError):
        study.add_recording(recording(1), participant_id="a/b")
    assert files_of(study.path) == before


def test_source_that_breaks_leaves_the_study_unchanged(
    study: Study, recording: Recordings, tmp_path: Path
) -> None:
    def broken() -> Stream:
        raise InputError("gaze.csv", "cut off")

    good = recording(1)
    before = files_of(study.path)
    with pytest.raises(InputError, match="cut off"):
        study.add_recording(
            recording(1, loaders={"gaze": lambda: Stream(good.gaze), "imu": broken}), participant_id="P01"
        )
    with pytest.raises(InputError, match="scene video cannot be read"):
        study.add_recording(recording(1, videos=(tmp_path / "gone.mp4",)), participant_id="P01")
    odd = pd.DataFrame({"a": [1, "x"]}, dtype=object)
    with pytest.raises(StudyError, match="cannot be stored"):
        study.add_recording(recording(1, loaders={"odd": lambda: Stream(odd)}), participant_id="P01")
    assert files_of(study.path) == before
    assert study.participants() == ()


@pytest.mark.parametrize("steps", range(4))
def test_cancelled_import_leaves_the_study_unchanged(study: Study, recording: Recordings, steps: int) -> None:
    before = files_of(study.path)
    with pytest.raises(Cancelled):
        study.add_recording(recording(1), participant_id="P01", progress=Counting(steps))
    assert files_of(study.path) == before
    assert list((study.path / "recordings").iterdir()) == []


def test_full_disk_is_told_before_the_copy(
    study: Study, recording: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=100))
    with pytest.raises(StudyError, match="import without copying the video"):
        study.add_recording(recording(1), participant_id="P01")
    assert list((study.path / "recordings").iterdir()) == []


def test_video_that_stays_where_it_is_moves_with_the_study(
    study: Study, recording: Recordings, tmp_path: Path
) -> None:
    source = recording(1)
    added = study.add_recording(source, participant_id="P01", copy_video=False)
    assert study.media(added.id) == source.videos
    assert not (study.path / "recordings" / added.id / "media").exists()
    study.close()
    shutil.copytree(tmp_path, tmp_path.with_name(f"{tmp_path.name} moved"))
    moved = tmp_path.with_name(f"{tmp_path.name} moved")
    shutil.rmtree(tmp_path / "source 1")
    with open_study(moved / study.path.name) as again:
        assert again.media(added.id) == (moved / "source 1" / "scène.mp4",)
    with open_study(study.path) as again, pytest.raises(StudyDamagedError, match="Put it back"):
        again.media(added.id)


def test_source_is_only_read(study: Study, recording: Recordings) -> None:
    source = recording(1)
    before = (source.videos[0].stat().st_mtime_ns, source.videos[0].read_bytes())
    study.add_recording(source, participant_id="P01")
    study.remove_recording("p01-1")
    assert (source.videos[0].stat().st_mtime_ns, source.videos[0].read_bytes()) == before


def test_removed_recording_leaves_nothing_but_the_participant(study: Study, recording: Recordings) -> None:
    added = study.add_recording(recording(1), participant_id="P01")
    study.write_derived(added.id, "events.ivt", "aa", {"events": CONTRACTS["imu"].empty()}, provenance={})
    study.remove_recording(added.id)
    assert study.recordings() == ()
    assert len(study.participants()) == 1
    assert study.current(added.id, "events.ivt") is None
    assert list((study.path / "recordings").iterdir()) == []
    study.add_recording(recording(1), participant_id="P01")


def test_damaged_stream_is_never_read_as_data(study: Study, recording: Recordings) -> None:
    added = study.add_recording(recording(1), participant_id="P01")
    path = study.path / "recordings" / added.id / "streams" / "gaze.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(StudyDamagedError, match=r"gaze\.parquet.*import it again"):
        study.stream(added.id, "gaze")


def test_keys_follow_the_content_and_read_no_file(study: Study, recording: Recordings) -> None:
    one = study.add_recording(recording(1), participant_id="P01").id
    other = study.add_recording(recording(2), participant_id="P01").id
    key, media = study.stream_key(one, ["gaze", "frames"]), study.media_key(one)
    assert key == study.stream_key(one, ["frames", "gaze", "gaze"])
    assert len({key, study.stream_key(other, ["gaze", "frames"]), study.stream_key(one, ["gaze"])}) == 3
    assert study.stream_key(one, ["gaze", "imu"]) != study.stream_key(one, ["gaze"])
    assert media != study.media_key(other)
    study.remove_recording(one)
    again = study.add_recording(recording(1), participant_id="P09").id
    assert (study.stream_key(again, ["gaze", "frames"]), study.media_key(again)) == (key, media)
    shutil.rmtree(study.path / "recordings" / again)
    assert study.stream_key(again, ["gaze", "frames"]) == key
