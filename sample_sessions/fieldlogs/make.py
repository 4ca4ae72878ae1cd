"""Makes the sample field logs again: `python sample_sessions/fieldlogs/make.py DIR`."""

from __future__ import annotations

import csv
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from gazestudy._cv2 import cv2
from gazestudy.fieldwork.occlusion import FaceView

SEED = 7
INTERVALS, EVERY_S = 6, 300
NOTICE = {"corridor-six-sheet": 0.14, "hall-wrap": 0.22}
"""Share of those passing who glance, the truth behind the counts."""

FACES: dict[str, dict[str, object]] = {
    "corridor-six-sheet": {"width_m": 1.2, "height_m": 1.8, "bottom_m": 0.7, "face_distance_m": 5},
    "hall-wrap": {"width_m": 4.0, "height_m": 2.5, "bottom_m": 0.4, "face_distance_m": 9},
}
AREA_M2 = {"corridor-six-sheet": 38, "hall-wrap": 90}
RADIUS_M = 0.23
"""Radius of a body, the truth behind the blocking."""

SHEETS = [
    ("RV-C1-0800-A7", "C1", "A7", "primary", "am_peak", "2026-11-16T08:00", "corridor-six-sheet", 46.0),
    ("RV-C1-0800-B2", "C1", "B2", "second", "am_peak", "2026-11-16T08:00", "corridor-six-sheet", 46.0),
    ("RV-C1-1230-A7", "C1", "A7", "primary", "midday", "2026-11-16T12:30", "corridor-six-sheet", 21.0),
    ("RV-C1-1730-B2", "C1", "B2", "primary", "pm_peak", "2026-11-16T17:30", "corridor-six-sheet", 52.0),
    ("RV-C1-2000-A7", "C1", "A7", "primary", "evening", "2026-11-17T20:00", "corridor-six-sheet", 14.0),
    ("RV-H2-0900-B2", "H2", "B2", "primary", "am_peak", "2026-11-17T09:00", "hall-wrap", 60.0),
    ("RV-H2-1330-A7", "H2", "A7", "primary", "midday", "2026-11-17T13:30", "hall-wrap", 33.0),
    ("RV-H2-1730-A7", "H2", "A7", "primary", "pm_peak", "2026-11-18T17:30", "hall-wrap", 71.0),
    ("RV-H2-2030-B2", "H2", "B2", "primary", "evening", "2026-11-18T20:30", "hall-wrap", 18.0),
]
"""Session, point, observer, role, daypart, start, placement, people passing per interval."""

HEAD = [
    "session_id",
    "protocol_id",
    "protocol_version",
    "started_at",
    "stopped_at",
    "tz",
    "station_id",
    "point_id",
    "observer",
    "role",
    "zone",
    "daypart",
    "counted_geometry",
    "counted_length_m",
    "counted_area_m2",
    "headway_min",
    "weather",
    "",
]
COUNTS = [
    "session_id",
    "interval_no",
    "start_s",
    "end_s",
    "placement_id",
    "passed",
    "glanced",
    "looked_2s",
    "stopped",
    "trains_arrived",
    "hurrying",
    "",
]
SCANS = [
    "session_id",
    "scan_no",
    "at_s",
    "placement_id",
    "present",
    "waiting",
    "on_phone",
    "train_looking",
    "blocked_percent",
    "",
]
Row = dict[str, object]


def main() -> None:
    """Write the sample field logs into the folder named on the command line."""
    out = Path(sys.argv[1])
    (out / "sheets").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    _write_sheets(out / "sheets", rng)
    (out / "follow.boris").write_text(
        json.dumps(_follow(rng), ensure_ascii=False, indent=1), encoding="utf-8"
    )
    _write_plan(out)


def _write_sheets(folder: Path, rng: np.random.Generator) -> None:
    sessions: list[Row] = []
    counts: list[Row] = []
    scans: list[Row] = []
    seen: dict[tuple[str, str], tuple[list[Row], list[Row]]] = {}
    for name, point, observer, role, daypart, start, placement, people in SHEETS:
        stop = (datetime.fromisoformat(start) + timedelta(minutes=30)).isoformat(timespec="minutes")
        sessions.append(
            {
                "session_id": name,
                "protocol_id": "station_point_observation",
                "protocol_version": "2026.11.1",
                "started_at": f"{start}+07:00",
                "stopped_at": f"{stop}+07:00",
                "tz": "Asia/Bangkok",
                "station_id": "Riverside",
                "point_id": point,
                "observer": observer,
                "role": role,
                "zone": "passage" if point == "C1" else "concourse",
                "daypart": daypart,
                "counted_geometry": "line",
                "counted_length_m": 4.2 if point == "C1" else 7.5,
                "counted_area_m2": 38 if point == "C1" else 90,
                "headway_min": 4,
                "weather": "rain",
            }
        )
        if role == "second":  # the same people, seen by somebody else: some missed, some added
            own, instants = seen[point, start]
            counts += [_seen_again(row, name, rng) for row in own]
            scans += [_seen_again(row, name, rng) for row in instants]
            continue
        own, instants = _intervals(name, placement, people, rng), _instants(name, placement, people, rng)
        seen[point, start] = own, instants
        counts, scans = counts + own, scans + instants
    audits: list[Row] = [
        {
            "session_id": name,
            "placement_id": placement,
            "creative": creative,
            "working": "lit",
            **FACES[placement],
        }
        for name, placement, creative in (
            ("RV-C1-0800-A7", "corridor-six-sheet", "poster"),
            ("RV-H2-0900-B2", "hall-wrap", "wrap"),
        )
    ]
    notes = [
        {
            "session_id": "RV-C1-0800-A7",
            "at_s": 1240,
            "placement_id": "",
            "note_kind": "service",
            "note": "train delayed 3 min",
        }
    ]
    _table(folder / "sessions.csv", HEAD, sessions)
    _table(folder / "interval_counts.csv", COUNTS, counts)
    _table(folder / "scans.csv", SCANS, scans)
    _table(folder / "audits.csv", list(audits[0]), audits)
    _table(folder / "notes.csv", list(notes[0]), notes)


def _intervals(name: str, placement: str, people: float, rng: np.random.Generator) -> list[Row]:
    rows: list[Row] = []
    for number in range(INTERVALS):
        key = {
            "session_id": name,
            "interval_no": number,
            "start_s": number * EVERY_S,
            "end_s": (number + 1) * EVERY_S,
        }
        passed = int(rng.poisson(people))
        glanced = int(rng.binomial(passed, NOTICE[placement]))
        rows.append(
            {
                **key,
                "passed": passed,
                "trains_arrived": int(rng.poisson(1.3)),
                "hurrying": int(rng.binomial(passed, 0.12)),
            }
        )
        rows.append(
            {
                **key,
                "placement_id": placement,
                "glanced": glanced,
                "looked_2s": int(rng.binomial(glanced, 0.3)),
                "stopped": int(rng.binomial(glanced, 0.05)),
            }
        )
    return rows


def _instants(name: str, placement: str, people: float, rng: np.random.Generator) -> list[Row]:
    rows: list[Row] = []
    for number in range(INTERVALS):
        key = {"session_id": name, "scan_no": number, "at_s": number * EVERY_S}
        present = int(rng.poisson(people / 3))
        shares = {"waiting": 0.3, "on_phone": 0.38, "train_looking": 0.08}
        rows.append(
            {**key, "present": present, **{item: int(rng.binomial(present, p)) for item, p in shares.items()}}
        )
        sizes = [float(str(FACES[placement][name])) for name in ("bottom_m", "height_m", "face_distance_m")]
        blocked = FaceView(*sizes).blocked_share(present / AREA_M2[placement], radius_m=RADIUS_M)
        hidden = round(4 * float(blocked) + rng.normal(0, 0.15))
        rows.append({**key, "placement_id": placement, "blocked_percent": 25 * min(4, max(0, hidden))})
    return rows


def _seen_again(row: Row, name: str, rng: np.random.Generator) -> Row:
    again: Row = {**row, "session_id": name}
    for item, value in row.items():
        if isinstance(value, int) and item in ("passed", "present"):
            again[item] = value + int(rng.integers(0, 2))
        elif isinstance(value, int) and item in ("glanced", "on_phone", "waiting"):
            again[item] = max(0, value - int(rng.random() < 0.4))
    if "glanced" in again:
        again["looked_2s"] = min(int(str(row["looked_2s"])), int(str(again["glanced"])))
        again["stopped"] = min(int(str(row["stopped"])), int(str(again["glanced"])))
    return again


def _follow(rng: np.random.Generator) -> dict[str, object]:
    """Return a BORIS project: people followed past the six-sheet by two observers at once."""
    truth: list[tuple[float, str, str]] = []
    at_s = 12.0
    for number in range(1, 9):
        person, length_s = f"person {number}", float(rng.uniform(14, 26))
        truth += [(at_s, person, "walk"), (at_s + length_s, person, "walk")]
        if rng.random() < 0.6:
            truth.append((at_s + float(rng.uniform(2, length_s - 2)), person, "glance"))
        at_s += length_s + float(rng.uniform(8, 30))
    observations = {}
    for observer, role, jitter_s, missed in (("A7", "primary", 0.25, 0.0), ("B2", "second", 0.5, 0.15)):
        rows = [
            [
                round(t + float(rng.normal(0, jitter_s)), 3),
                person,
                code,
                "corridor-six-sheet" if code == "glance" else "",
                "",
            ]
            for t, person, code in truth
            if code != "glance" or rng.random() >= missed
        ]
        observations[f"follow {observer}"] = {
            "file": {},
            "type": "LIVE",
            "date": "2026-11-16T10:00:00.000",
            "description": "",
            "time offset": 0.0,
            "events": sorted(rows, key=lambda row: float(str(row[0]))),
            "independent_variables": {
                "session_id": f"RV-C1-1000-{observer}",
                "started_at": "2026-11-16T10:00:00+07:00",
                "stopped_at": "2026-11-16T10:08:00+07:00",
                "station_id": "Riverside",
                "point_id": "C1",
                "observer": observer,
                "role": role,
                "daypart": "midday",
                "zone": "passage",
            },
            "observation time interval": [0, 0],
            "visualize_spectrogram": False,
            "visualize_waveform": False,
            "media_creation_date_as_offset": False,
            "media_scan_sampling_duration": 0,
            "image_display_duration": 1,
            "close_behaviors_between_videos": False,
            "scan_sampling_time": 0,
            "start_from_current_time": False,
            "start_from_current_epoch_time": False,
        }
    labels = (
        "session_id",
        "started_at",
        "stopped_at",
        "station_id",
        "point_id",
        "observer",
        "role",
        "daypart",
        "zone",
    )
    where = {
        "0": {
            "name": "placement",
            "description": "",
            "type": 0,
            "ask at stop": False,
            "values": ["corridor-six-sheet"],
        }
    }
    shared = {"description": "", "color": "#000000", "category": "", "excluded": "", "coding map": ""}
    return {
        "time_format": "hh:mm:ss",
        "project_date": "2026-11-16T10:00:00",
        "project_name": "follow",
        "project_description": "",
        "project_format_version": "7.0",
        "subjects_conf": {
            str(n): {"key": str(n + 1), "name": f"person {n + 1}", "description": ""} for n in range(8)
        },
        "behaviors_conf": {
            "0": {"type": "State event", "key": "w", "code": "walk", "modifiers": {}, **shared},
            "1": {"type": "Point event", "key": "g", "code": "glance", "modifiers": where, **shared},
        },
        "observations": observations,
        "behavioral_categories": [],
        "behavioral_categories_config": {},
        "independent_variables": {
            str(n): {
                "label": label,
                "description": "",
                "type": "text",
                "default value": "",
                "possible values": "",
            }
            for n, label in enumerate(labels)
        },
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }


def _write_plan(out: Path) -> None:
    plan = np.full((420, 760, 3), 255, dtype=np.uint8)
    walls = [(40, 150, 420, 270), (420, 60, 720, 360)]
    for x0, y0, x1, y1 in walls:
        cv2.rectangle(plan, (x0, y0), (x1, y1), (235, 235, 235), -1)
        cv2.rectangle(plan, (x0, y0), (x1, y1), (90, 90, 90), 3)
    cv2.rectangle(plan, (416, 175), (424, 245), (235, 235, 235), -1)  # the way from the passage into the hall
    for y in range(100, 341, 60):
        cv2.circle(plan, (640, y), 9, (150, 150, 150), -1)
    for place, text in (((60, 140), "passage"), ((440, 50), "hall")):
        cv2.putText(plan, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (90, 90, 90), 1, cv2.LINE_AA)
    (out / "plan.png").write_bytes(cv2.imencode(".png", plan)[1].tobytes())
    rows = [
        {"point_id": "C1", "name": "C1 six-sheet", "x_px": 210, "y_px": 210},
        {"point_id": "H2", "name": "H2 wrap", "x_px": 540, "y_px": 200},
    ]
    _table(out / "places.csv", ["point_id", "name", "x_px", "y_px"], rows)


def _table(path: Path, columns: list[str], rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
