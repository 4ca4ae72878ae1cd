"""An hour at 200 Hz: time and memory of our import beside glassesTools on the same files, and growth to four hours.

Run: python tests/benchmarks/bench_import_peers.py --peer-python PYTHON [--hours 1 2 4] [--forms FORM ...]

PYTHON is the interpreter of an environment of its own in which glassesTools is installed (or the variable
GAZESTUDY_PEER_PYTHON); without it only our own figures are measured. Each import runs in a fresh process, which
measures itself after its libraries are loaded. Ours reads every stream, hashes every file and makes the report; beside it
stands our time to gaze alone, and the floor: the time to read the bytes of the gaze file. Of a Neon export
glassesTools reads two tables, neither the video nor the IMU, and hashes nothing; reading the bytes of these tables
alone takes about a tenth of its time, so a full import cannot be ten times faster there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FORMS = {
    "pupil_cloud_neon": "Pupil Neon",
    "tobii_glasses3": "Tobii Glasses 3",
    "tobii_glasses2": "Tobii Glasses 2",
}
"""Layout, and what glassesTools calls the device."""

TARGET_RATIO = 10.0
TARGET_MB = 1000.0

_PEAK = """
def peak_mb():
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    except OSError:
        return float("nan")
"""

OURS = (
    _PEAK
    + """
import json, sys, time
from pathlib import Path
from gazestudy.importers import build_report, read_recording
import gazestudy.importers.recordings.tobii.kernels, scipy.linalg  # the compiler is a library, too, and needs one
before = peak_mb()
start, start_cpu = time.perf_counter(), time.process_time()
recording = read_recording(sys.argv[1])
text = str(build_report(recording))
recording.files
took, cpu = time.perf_counter() - start, time.process_time() - start_cpu
found = {"s": took, "cpu_s": cpu, "mb": peak_mb(), "libraries_mb": before, "samples": len(recording.gaze), "report": text}
print(json.dumps(found))
"""
)

GAZE_ALONE = (
    _PEAK
    + """
import json, sys, time
from pathlib import Path
from gazestudy.importers import read_recording
import gazestudy.importers.recordings.tobii.kernels, scipy.linalg
start, start_cpu = time.perf_counter(), time.process_time()
read_recording(sys.argv[1]).gaze
took, cpu = time.perf_counter() - start, time.process_time() - start_cpu
file = next(file for file in sorted(Path(sys.argv[1]).rglob("*")) if file.name.startswith(("gaze", "livedata")))
start = time.perf_counter()
file.read_bytes()
floor = time.perf_counter() - start
print(json.dumps({"s": took, "cpu_s": cpu, "mb": peak_mb(), "floor_s": floor}))
"""
)

PEER = (
    _PEAK
    + """
import json, pathlib, sys, time
from glassesTools import importing
source, device, out = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
importing.get_recording_info(source, device)  # loads what it needs for this device
start, start_cpu = time.perf_counter(), time.process_time()
(info,) = importing.get_recording_info(source, device)
info.working_directory = out  # do_import fails without
importing.do_import(out, source, device, info, copy_scene_video=False)
took, cpu = time.perf_counter() - start, time.process_time() - start_cpu
print(json.dumps({"s": took, "cpu_s": cpu, "mb": peak_mb()}))
"""
)


def measured(python: str, script: str, *words: object, repeats: int = 1) -> dict[str, float | str]:
    """Return what the fastest of a few fresh processes measured."""
    found = []
    for _ in range(repeats):
        done = subprocess.run(
            [python, "-c", script, *map(str, words)],
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        if done.returncode:
            return {"error": " ".join(done.stderr.strip().splitlines()[-1:])}
        found.append(json.loads(done.stdout.strip().splitlines()[-1]))
    return min(found, key=lambda one: one["s"])


def compare(folder: Path, form: str, peer_python: str, repeats: int) -> bool:
    """Print one comparison; return whether it reached its targets."""
    ours = measured(sys.executable, OURS, folder, repeats=repeats)
    if "error" in ours:
        print(f"{form:18} ours: {ours['error']}")
        return False
    line = f"{form:18} {ours['samples']:>9,} samples: {_figures(ours)}"
    good = float(ours["mb"]) < TARGET_MB
    if peer_python:
        with tempfile.TemporaryDirectory() as out:
            peer = measured(peer_python, PEER, folder, FORMS[form], out)
        if "error" in peer:
            line += f"; glassesTools fails: {peer['error'][:120]}"
        else:
            ratio = float(peer["s"]) / float(ours["s"])
            good = good and ratio >= TARGET_RATIO
            in_cpu = float(peer["cpu_s"]) / float(ours["cpu_s"])
            line += f"; glassesTools {_figures(peer)}: {ratio:.1f} times faster ({in_cpu:.1f} in CPU time)"
            gaze = measured(sys.executable, GAZE_ALONE, folder, repeats=repeats)
            alone, floor = (float(peer["s"]) / float(gaze[name]) for name in ("s", "floor_s"))
            line += f"; gaze alone {gaze['s']:.2f} s: {alone:.1f} times; reading its bytes alone: {floor:.1f} times"
    print(line + ("" if good else "   MISSED"), flush=True)
    return good


def _figures(found: dict[str, float | str]) -> str:
    return f"{found['s']:6.2f} s ({found['cpu_s']:6.2f} s CPU), {found['mb']:5.0f} MB"


def grow(root: Path, form: str, hours: list[float], repeats: int) -> None:
    """Print our time and memory for longer recordings, and the time per hour."""
    from tests.benchmarks.long_recordings import write_hours

    per_hour = []
    for count in hours:
        folder = write_hours(root / f"{form}-{count:g}", form, count)
        ours = measured(sys.executable, OURS, folder, repeats=repeats)
        if "error" in ours:
            print(f"{form:18} {count:g} h: {ours['error']}")
            return
        per_hour.append(float(ours["cpu_s"]) / count)
        print(
            f"{form:18} {count:4g} h: {_figures(ours)}; {per_hour[-1]:5.2f} s CPU per hour",
            flush=True,
        )
        for file in sorted(folder.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
    print(f"{form:18} longest over shortest, per hour: {per_hour[-1] / per_hour[0]:.2f}", flush=True)


def main() -> None:
    """Run all."""
    from tests.benchmarks.long_recordings import write_hours

    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--peer-python", default=os.environ.get("GAZESTUDY_PEER_PYTHON", ""))
    words.add_argument("--hours", nargs="*", type=float, default=[1, 2, 4])
    words.add_argument("--forms", nargs="*", choices=list(FORMS), default=list(FORMS))
    words.add_argument("--repeats", type=int, default=2)
    chosen = words.parse_args()
    if not chosen.peer_python:
        print("glassesTools is not here: give --peer-python to compare with it")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        print("one hour at 200 Hz: every stream, hashes, report")
        for form in chosen.forms:
            compare(write_hours(root / form, form, 1), form, chosen.peer_python, chosen.repeats)
        print("growth")
        for form in chosen.forms if chosen.hours else []:
            grow(root, form, chosen.hours, chosen.repeats)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main()
