"""Every folder of real recordings: found as what it is, read whole, and left as it was."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from gazestudy.importers import build_report, find_recordings, list_importers, read_candidate

G2, G3, NEON = "Tobii Pro Glasses 2", "Tobii Pro Glasses 3", "Neon"

FOUND: dict[str, list[tuple[str, str, str, str]]] = {
    "eyelink_asc_pymovements": [
        ("", "eyelink_binocular_example.asc", "eyelink-asc", "EyeLink"),
        ("", "eyelink_monocular_2khz_example.asc", "eyelink-asc", "EyeLink"),
        ("", "eyelink_monocular_example.asc", "eyelink-asc", "EyeLink"),
        ("", "eyelink_monocular_no_dummy_example.asc", "eyelink-asc", "EyeLink"),
    ],
    "generic_video_gaze_mobileGazeMapping": [("", "", "table", "unknown")],
    "meta_aria_mps": [
        ("aria_everyday_activities_test_data", "", "aria", "Project Aria"),
        ("mps_sample/eye_gaze", "", "aria", "Project Aria"),
        ("mps_sample/eye_gaze_vergence", "", "aria", "Project Aria"),
        ("gen2/mps_sample/eye_gaze", "", "aria", "Project Aria"),
    ],
    "pupil_core_player_export": [
        ("", "", "pupil-player", "Pupil Core"),
        (
            "10_merge_fixation_and_blink_ids_into_gaze_dataframe",
            "",
            "pupil-player",
            "Pupil Core",
        ),
    ],
    "pupil_core_pldata": [
        ("", "", "pupil-core", "Pupil Core"),
        ("t265_test_recording", "", "pupil-core", "Pupil Core"),
    ],
    "pupil_invisible_cloud": [("", "", "pupil-cloud", "Pupil Invisible")],
    # Gaze, IMU and blinks without info.json: which of the two devices wrote them is not said.
    "pupil_invisible_eyedentify3d": [("trampoline_02", "", "pupil-cloud", "unknown")],
    "pupil_neon_native": [
        ("demo_recording", "", "pupil-native", NEON),
        ("multi_part", "", "pupil-native", NEON),
        ("peer_glassesTools/neon_demo_recording", "", "glassestools", NEON),
        ("peer_glassesTools/neon_multi_part", "", "glassestools", NEON),
        ("peer_pl-neon-recording/demo_recording", "", "pupil-cloud", NEON),
        ("peer_pl-neon-recording/multi_part", "", "pupil-cloud", NEON),
    ],
    "pupil_neon_native_fmt2_3": [
        ("demo_recording", "", "pupil-native", NEON),
        ("multi_part", "", "pupil-native", NEON),
    ],
    "smi_begaze_events_emdat": [("SMI", "SMI_Sample_67_Events.txt", "smi-begaze", "SMI")],
    "tobii_g2_validator": [
        ("", "recordings/t3ic6aq", "tobii-glasses2", G2),
        ("peer_glassesTools/g2_validator", "", "glassestools", "Tobii Glasses 2"),
    ],
    "tobii_g2_viewer_demo": [
        ("projects/raoscyb", "recordings/gzz7stc", "tobii-glasses2", G2),
        ("peer_glassesTools/g2_viewer_demo", "", "glassestools", "Tobii Glasses 2"),
    ],
    "tobii_g3_eyedentify3d": [
        ("calibration_1", "", "tobii-glasses3", G3),
        ("peer_glassesTools/g3", "", "glassestools", "Tobii Glasses 3"),
    ],
    "tobii_prolab_tsv_gazeplotter": [
        ("", "testMobileTsvData.tsv,1,Recording 16", "tobii-pro-lab", "Tobii Pro Glasses"),
    ],
}
"""Folder of real files: below it, which of several, importer, how the name of the device begins or ends.

Answers of other tools that lie beside recordings are recordings in their own right.
"""

NO_GAZE = ("t265_test_recording", "SMI")
"""Folders that hold no gaze samples: a head tracker alone, a table of events."""


@pytest.fixture(scope="module")
def recordings(shared_data) -> Path:
    return shared_data / "recordings"


def hashes(folder: Path) -> dict[str, tuple[str, int, int]]:
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in sorted(folder.rglob("*"))
    }


def rows_of(document: str, root: Path) -> Counter[tuple[str, str, str, str]]:
    rows = json.loads(document)["recordings"]
    assert all(row["ambiguous"] == [] for row in rows)
    return Counter(
        (_below(row["path"], root), row["selection"], row["importer"], row["device"]) for row in rows
    )


def _below(path: str, root: Path) -> str:
    inner = Path(path).relative_to(root).as_posix()
    return "" if inner == "." else inner


def test_no_folder_is_without_expectation(recordings):
    assert {path.name for path in recordings.iterdir() if path.is_dir()} == set(FOUND)


@pytest.mark.parametrize("folder", list(FOUND))
def test_each_folder_is_found_as_what_it_is(recordings, gazestudy, folder):
    result = gazestudy("import", "--dry-run", recordings / folder, "--json")
    assert result.code == 0, result.err
    found = rows_of(result.out, recordings / folder)
    assert sorted(one[:3] for one in found) == sorted(one[:3] for one in FOUND[folder])
    devices = {one[:3]: one[3] for one in found}
    for *where, device in FOUND[folder]:
        name = devices[tuple(where)]
        assert name.startswith(device) or name.endswith(device), (where, name)
    assert set(found.values()) == {1}


def test_all_folders_at_once_make_one_table(recordings, gazestudy):
    result = gazestudy("import", "--dry-run", recordings)
    assert result.code == 0, result.err
    table = result.out.split("\n\n", maxsplit=1)[0].splitlines()
    assert table[0].split() == ["path", "importer", "device", "recording", "recognised", "by"]
    assert len(table) - 1 == sum(len(expected) for expected in FOUND.values())
    for folder, expected in FOUND.items():
        for inner, selection, importer, _ in expected:
            path = str(recordings / folder / inner)
            start = f"{path} ({selection})" if selection else path
            (row,) = [line for line in table if line.startswith(start + "  ")]
            assert row[len(start) :].split()[0] == importer


@pytest.mark.parametrize("folder", list(FOUND))
def test_each_folder_is_read_and_stays_as_it_is(recordings, folder):
    before = hashes(recordings / folder)
    for candidate in find_recordings(recordings / folder):
        recording = read_candidate(candidate)
        report = build_report(recording)
        assert str(report)
        assert recording.files
        expected_none = candidate.inner.endswith(NO_GAZE)
        assert (report.gaze_samples == 0) == expected_none, candidate
        for file in recording.files:
            inside = [name for name in before if name.endswith(file.path)]
            assert file.sha256 in {before[name][0] for name in inside}, (candidate, file.path)
    assert hashes(recordings / folder) == before


def test_importers_that_follow_documentation_only_say_so(gazestudy):
    result = gazestudy("list", "importers")
    assert result.code == 0
    listed = {line.split()[0]: line.rstrip().endswith("  yes") for line in result.out.splitlines()[1:]}
    assert listed == {info.name: info.documented_only for info in list_importers()}
    proven = {importer for expected in FOUND.values() for _, _, importer, _ in expected}
    assert not any(listed[name] for name in proven)
    assert {"adhawk", "argus", "seetrue", "viewpointsystem"} <= {
        name for name, only in listed.items() if only
    }
