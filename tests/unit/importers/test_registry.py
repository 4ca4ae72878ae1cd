"""Finding the importer and the recording."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from gazestudy.errors import AmbiguousFormatError, InputError, ParameterError, UnknownFormatError
from gazestudy.importers import find_recordings, list_importers, read_recording, registry
from gazestudy.importers.registry import Match, Refusal

GLASSESTOOLS_HEADER = "timestamp\tframe_idx\tgaze_pos_vid_x\tgaze_pos_vid_y\n"


def glassestools(folder: Path, name: str = "walk") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gazeData.tsv").write_text(GLASSESTOOLS_HEADER + "1.5\t0\t10\t20\n", encoding="utf-8")
    (folder / "recording_info.json").write_text(f'{{"name": "{name}"}}', encoding="utf-8")
    return folder


def test_every_importer_is_listed():
    infos = {info.name: info for info in list_importers()}
    assert {"pupil-cloud", "glassestools", "table"} <= set(infos)
    assert [name for name, info in infos.items() if info.fallback] == ["table"]
    assert not infos["pupil-cloud"].documented_only


def test_unknown_says_why_each_said_no(tmp_path):
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(UnknownFormatError) as caught:
        read_recording(tmp_path)
    assert set(caught.value.refusals) == {info.name for info in list_importers()}
    assert caught.value.refusals["pupil-cloud"] == "there is no gaze.csv"
    assert "\n" not in str(caught.value)


def test_several_recordings_in_one_folder(tmp_path, cloud):
    cloud(tmp_path / "one", name="first")
    cloud(tmp_path / "two", name="second")
    with pytest.raises(AmbiguousFormatError, match=r"first, second.*--name") as caught:
        read_recording(tmp_path)
    assert caught.value.candidates == ("first", "second")
    assert read_recording(tmp_path, name="second").meta.name == "second"
    assert read_recording(tmp_path, name="one").meta.name == "first"
    with pytest.raises(InputError, match=r"no recording 'third'.*first, second"):
        read_recording(tmp_path, name="third")


def test_recordings_of_the_same_name_are_told_by_folder(tmp_path, cloud):
    cloud(tmp_path / "one")
    cloud(tmp_path / "two")
    with pytest.raises(AmbiguousFormatError, match="one, two"):
        read_recording(tmp_path)


def test_several_importers_for_one_folder(tmp_path, cloud):
    cloud(tmp_path)
    glassestools(tmp_path)
    with pytest.raises(AmbiguousFormatError, match=r"glassestools, pupil-cloud.*--importer"):
        read_recording(tmp_path)
    with pytest.raises(AmbiguousFormatError):
        find_recordings(tmp_path)  # a batch must not import it twice
    assert read_recording(tmp_path, importer="pupil-cloud").meta.importer == "pupil-cloud"
    assert read_recording(tmp_path, importer="glassestools").meta.importer == "glassestools"


def test_unknown_importer(tmp_path):
    with pytest.raises(ParameterError, match=r"one of .*glassestools, .*pupil-cloud, .*table"):
        find_recordings(tmp_path, importer="gopro")


def test_folders_inside_a_recording_are_part_of_it(tmp_path, cloud):
    cloud(tmp_path)
    glassestools(tmp_path / "converted")
    assert [found.importer for found in find_recordings(tmp_path)] == ["pupil-cloud"]


def test_folders_that_are_not_part_of_a_recording_are_searched(tmp_path, cloud, monkeypatch):
    cloud(tmp_path / "study" / "one", name="first")
    cloud(tmp_path / "study" / "extra", name="second")
    glassestools(tmp_path / "study")
    lone = Match("lone", "any", "for a test", covers=("extra",))
    reader = registry._IMPORTERS["glassestools"][1]
    monkeypatch.setattr(
        reader, "identify", lambda source, options: Refusal("no") if "/" in source.inner else lone
    )
    found = find_recordings(tmp_path / "study", importer="glassestools")
    assert [(one.name, one.inner) for one in found] == [("lone", ""), ("lone", "one")]


def test_zip_of_several(tmp_path, cloud, write_video):
    cloud(tmp_path / "in" / "one", name="first")
    cloud(tmp_path / "in" / "two", name="second")
    write_video(tmp_path / "in" / "two" / "0123abcd_0.0-1.000.mp4", [0, 33, 67, 100, 133])
    path = Path(shutil.make_archive(str(tmp_path / "export"), "zip", tmp_path / "in"))
    assert [found.name for found in find_recordings(path)] == ["first", "second"]
    recording = read_recording(path, name="second", extract_to=tmp_path / "out")
    assert len(recording.gaze) == 20
    assert recording.videos == (tmp_path / "out" / "0123abcd_0.0-1.000.mp4",)
    assert recording.frames["index"].tolist() == [0, 1, 2, 3, 4]
    assert {file.path for file in recording.files} >= {"gaze.csv", "0123abcd_0.0-1.000.mp4"}


def test_zip_with_one_bad_member_imports_nothing(tmp_path, cloud):
    cloud(tmp_path / "in")
    path = Path(shutil.make_archive(str(tmp_path / "export"), "zip", tmp_path / "in"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../evil.csv", "t,x\n")
    with pytest.raises(InputError, match="outside of its folder"):
        read_recording(path)


def test_single_table(tmp_path, cloud):
    cloud(tmp_path)
    table = (tmp_path / "gaze.csv").rename(tmp_path / "participant 7.csv")
    recording = read_recording(table)
    assert len(recording.gaze) == 20
    assert recording.meta.name == "participant 7"


def bytes_read() -> int:
    return int(Path("/proc/self/io").read_text(encoding="ascii").split()[1])


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the system does not count what is read")
def test_recognising_does_not_read_long_files(tmp_path, cloud):
    folder = cloud(tmp_path)
    last = (folder / "gaze.csv").read_text(encoding="utf-8").splitlines()[-1]
    with (folder / "gaze.csv").open("a", encoding="utf-8") as file:
        file.write(f"{last}\n" * 1_000_000)
    assert (folder / "gaze.csv").stat().st_size > 40_000_000
    before = bytes_read()
    assert len(find_recordings(folder)) == 1
    assert bytes_read() - before < 12_000_000  # probed in 800 places


def test_source_is_never_written_to(tmp_path, cloud, write_video):
    cloud(tmp_path / "r")
    write_video(tmp_path / "r" / "0123abcd_0.0-1.000.mp4", [0, 33, 67, 100, 133])
    before = {
        entry.name: (entry.stat().st_mtime_ns, entry.stat().st_size) for entry in os.scandir(tmp_path / "r")
    }
    recording = read_recording(tmp_path / "r")
    recording.findings()
    assert recording.files
    after = {
        entry.name: (entry.stat().st_mtime_ns, entry.stat().st_size) for entry in os.scandir(tmp_path / "r")
    }
    assert before == after
