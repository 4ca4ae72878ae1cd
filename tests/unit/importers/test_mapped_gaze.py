"""Mapped gaze of Pupil Cloud, written here as the vendor documents it."""

import contextlib
import zipfile

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.errors import AmbiguousFormatError, GazestudyError, InputError, UnknownFormatError
from gazestudy.importers import find_recordings
from gazestudy.importers.mapped_gaze import read_mapped_gaze

T = 1_700_000_000_123_456_789
MARKER_HEADER = (
    "section id,recording id,timestamp [ns],gaze detected on surface,"
    "gaze position on surface x [normalized],gaze position on surface y [normalized],fixation id,blink id"
)
IMAGE_HEADER = (
    "section id,recording id,timestamp [ns],gaze detected in reference image,"
    "gaze position in reference image x [px],gaze position in reference image y [px],fixation id,blink id"
)
CORNERS = ",".join(f"{corner} {axis} [px]" for corner in ("tl", "tr", "br", "bl") for axis in "xy")


def write(folder, name, header, *rows):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


@pytest.fixture
def marker(tmp_path):
    """Two recordings; the first in two sections that overlap by one sample."""
    folder = tmp_path / "marker-mapper_x_csv"
    write(
        folder,
        "gaze.csv",
        MARKER_HEADER,
        f"s1,AAA,{T},True,0.25,0.75,1,",
        f"s1,AAA,{T + 5_000_000},False,-0.5,1.5,1,",
        f"s1,AAA,{T + 10_000_000},False,,,,7",
        f"s2,AAA,{T + 10_000_000},False,,,,7",
        f"s2,AAA,{T + 15_000_000},true,0.5,0.5,2,",
        f"s3,BBB,{T + 3},True,0.1,0.2,,",
    )
    write(
        folder,
        "sections.csv",
        "section id,recording id,recording name,wearer id,wearer name,section start time [ns],"
        "section end time [ns],start event name,end event name",
        f"s1,AAA,walk,w,Erika Mustermann,{T},{T + 12_000_000},a,b",
        f"s2,AAA,walk,w,Erika Mustermann,{T + 10_000_000},{T + 20_000_000},b,c",
        f"s3,BBB,run,w,Erika Mustermann,{T},{T + 20_000_000},b,c",
    )
    write(
        folder,
        "surface_positions.csv",
        f"section id,timestamp [ns],detected markers,{CORNERS}",
        f's1,{T},"""0;1;2""",10,20,110,20,110,220,10,220',
        f's1,{T + 33_000_000},"""""",,,,,,,,',
        f's3,{T},"""0""",1,2,3,2,3,4,1,4',
    )
    write(
        folder,
        "fixations.csv",
        "section id,recording id,fixation id,start timestamp [ns],end timestamp [ns],duration [ms],"
        "fixation detected on surface,fixation x [normalized],fixation y [normalized]",
        f"s1,AAA,1,{T},{T + 7_000_000},7,True,0.3,0.4",
    )
    (folder / "enrichment_info.txt").write_text("Marker Mapper v2\n", encoding="utf-8")
    return folder


def test_marker_mapper(marker):
    export = read_mapped_gaze(marker)
    assert (export.method, export.clock, export.size_px) == (
        "pupil-cloud.marker-mapper",
        "unix_utc",
        None,
    )
    assert list(export.recordings) == ["AAA", "BBB"]
    tables = export.recordings["AAA"]
    assert tables.gaze["t_ns"].tolist() == [T, T + 5_000_000, T + 10_000_000, T + 15_000_000]
    np.testing.assert_array_equal(tables.gaze["x_share"], [0.25, -0.5, np.nan, 0.5])
    np.testing.assert_array_equal(tables.gaze["y_share"], [0.75, 1.5, np.nan, 0.5])
    assert tables.gaze["detected"].tolist() == [True, False, False, True]
    assert tables.gaze["fixation_id"].tolist() == [1, 1, -1, 2]
    assert tables.gaze["blink_id"].tolist() == [-1, -1, 7, -1]
    assert tables.positions["t_ns"].tolist() == [T, T + 33_000_000]
    assert tables.positions.iloc[0, 1:].tolist() == [10, 20, 110, 20, 110, 220, 10, 220]
    assert tables.positions.iloc[1, 1:].isna().all()
    assert tables.fixations[["start_ns", "end_ns"]].to_numpy().tolist() == [[T, T + 7_000_000]]
    assert tables.sections["end_ns"].tolist() == [T + 12_000_000, T + 20_000_000]
    assert len(export.recordings["BBB"].positions) == 1
    assert {finding.code for finding in export.findings} == {"documented_only", "located", "repeated_times"}
    assert export.facts == {"enrichment": "Marker Mapper v2"}
    assert {file.path for file in export.files} == {
        "enrichment_info.txt",
        "fixations.csv",
        "gaze.csv",
        "sections.csv",
        "surface_positions.csv",
    }
    assert "Mustermann" not in repr(export)


def write_image(folder, suffix=".jpeg", size=(400, 300)):
    write(
        folder, "gaze.csv", IMAGE_HEADER, f"s,AAA,{T},True,199.5,-0.5,,", f"s,AAA,{T + 5},True,99.5,299.5,,"
    )
    picture = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    data = cv2.imencode(suffix, picture)[1].tobytes()
    (folder / f"reference_image{suffix}").write_bytes(data)


@pytest.mark.parametrize("suffix", [".jpeg", ".png"])
def test_reference_image_mapper(tmp_path, suffix):
    write_image(tmp_path / "rim", suffix)
    export = read_mapped_gaze(tmp_path / "rim")
    assert (export.method, export.size_px) == ("pupil-cloud.reference-image-mapper", (400, 300))
    gaze = export.recordings["AAA"].gaze
    assert gaze[["x_share", "y_share"]].to_numpy().tolist() == [[0.5, 0.0], [0.25, 1.0]]
    assert len(export.recordings["AAA"].positions) == 0


def test_zip_and_folder_above(marker, tmp_path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for file in marker.iterdir():
            archive.write(file, f"inner/{file.name}")
    assert list(read_mapped_gaze(tmp_path / "export.zip").recordings) == ["AAA", "BBB"]
    write_image(marker.parent / "rim")
    (tmp_path / "export.zip").unlink()
    with pytest.raises(AmbiguousFormatError, match="marker-mapper_x_csv"):
        read_mapped_gaze(marker.parent)


def test_an_enrichment_is_no_recording(marker):
    with pytest.raises(UnknownFormatError, match="result of an enrichment"):
        find_recordings(marker)


def test_a_recording_is_no_enrichment(tmp_path):
    write(tmp_path / "x", "gaze.csv", "timestamp [ns],gaze x [px],gaze y [px]", f"{T},1,2")
    with pytest.raises(UnknownFormatError, match="no columns of gaze on a surface"):
        read_mapped_gaze(tmp_path / "x")


def test_missing_reference_image(tmp_path):
    write_image(tmp_path / "rim")
    (tmp_path / "rim" / "reference_image.jpeg").unlink()
    with pytest.raises(InputError, match="reference image is missing"):
        read_mapped_gaze(tmp_path / "rim")
    (tmp_path / "rim" / "reference_image.jpeg").write_bytes(b"no picture")
    with pytest.raises(InputError, match="no picture"):
        read_mapped_gaze(tmp_path / "rim")


def test_damaged_side_tables_do_not_spoil_the_gaze(marker):
    for name in ("sections.csv", "surface_positions.csv", "fixations.csv"):
        (marker / name).write_bytes(b"\x00\x01broken")
    export = read_mapped_gaze(marker)
    assert len(export.recordings["AAA"].gaze) == 4
    problems = [finding for finding in export.findings if finding.severity == "problem"]
    assert [finding.stream for finding in problems] == [
        "sections.csv",
        "surface_positions.csv",
        "fixations.csv",
    ]


def test_flag_that_contradicts_the_coordinates(tmp_path):
    write(
        tmp_path / "m", "gaze.csv", MARKER_HEADER, f"s,A,{T},True,1.25,0.5,,", f"s,A,{T + 1},False,0.5,0.5,,"
    )
    export = read_mapped_gaze(tmp_path / "m")
    assert [finding.count for finding in export.findings if finding.code == "detected_differs"] == [2]


def test_only_own_errors_whatever_the_bytes(marker):
    rng = np.random.default_rng(4)
    files = sorted(marker.glob("*.csv"))
    whole = {file: file.read_bytes() for file in files}
    for _ in range(300):
        file = files[rng.integers(len(files))]
        data = bytearray(whole[file])
        kind = rng.integers(3)
        if kind == 0:
            data = data[: rng.integers(len(data))]
        elif kind == 1:
            for place in rng.integers(0, len(data), 3):
                data[place] = rng.integers(256)
        else:
            place = rng.integers(len(data))
            data[place:place] = bytes(rng.integers(0, 256, 20, dtype=np.uint8))
        file.write_bytes(bytes(data))
        with contextlib.suppress(GazestudyError):
            read_mapped_gaze(marker)
        file.write_bytes(whole[file])
