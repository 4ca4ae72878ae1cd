"""Detectors and other programs' detectors on the same input in one run: time, memory, agreement with coders.

Run: PYTHONPATH=. python tests/benchmarks/events.py [--seed N] [--labels DIR] [--peers DIR] [--quick]

The peers live in an environment of their own (made at the first run, which needs a package index). Exits with 1
where a figure falls short. Parameters of our detectors were chosen on every other file of the labelled data
(`event_labels.halves`); agreement is reported on the others. Files below another `--labels` are all unseen.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from event_labels import FIXATION, PURSUIT, SACCADE, BLINK, decimated, find_trials, halves, scores  # noqa: E402, I001
from event_peers import PEERS, peak_mb  # noqa: E402

LABELS = HERE.parents[1] / ".." / "shared" / "data" / "events"
PEER_PACKAGES = ("pymovements==0.28.0", "remodnav==1.1.2", "I2MC==2.2.8", "cateyes==0.0.5")
HOUR = 720_000
RATE_HZ = 200.0

OURS = (
    "ivt",
    "tobii-attention",
    "idt",
    "slow_phase",
    "hessels2020",
    "engbert_kliegl",
    "pupil_core",
    "adaptive",
    "adaptive-coarse",
    "i2mc",
)
CODES = {"fixation": FIXATION, "saccade": SACCADE, "pursuit": PURSUIT, "blink": BLINK}
MEASURES = ("kFix", "kSac", "kSlow")

checks: list[tuple[bool, str]] = []


def check(ok: bool, text: str) -> None:
    checks.append((bool(ok), text))


# ---------------------------------------------------------------- simulated gaze


def walking_gaze(seed: int, n: int = HOUR) -> pd.DataFrame:
    """An hour: fixations, drift at head speed, saccades of 20 to 60 ms, noise, blinks and lost samples."""
    rng = np.random.default_rng(seed)
    velocity = np.zeros((2, n))
    starts = np.cumsum(rng.gamma(4.0, 15.0, n // 30).astype(int) + 14)
    for axis in range(2):
        for start, size, length in zip(
            starts[starts < n - 20],
            rng.normal(0, 6, len(starts)),
            rng.integers(4, 12, len(starts)),
            strict=False,
        ):
            velocity[axis, start : start + length] += size / length
    seconds = np.arange(n) / RATE_HZ
    xy = np.cumsum(velocity, axis=1)
    xy = 18 * np.sin(xy / 18) + 1.2 * np.sin(2 * np.pi * np.array([[0.95], [1.9]]) * seconds)
    xy += rng.normal(0, 0.08, xy.shape)
    valid = np.ones(n, bool)
    for start, length in zip(rng.integers(0, n, 1200), rng.integers(1, 60, 1200), strict=True):
        valid[start : start + length] = False
    t_ns = np.arange(n) * 5_000_000
    return pd.DataFrame({"t_ns": t_ns, "valid": valid, "x_deg": xy[0], "y_deg": xy[1]})


def floor(gaze: pd.DataFrame) -> np.ndarray:
    """One difference, one distance, one comparison: what any velocity threshold costs at least."""
    x, y, t = gaze["x_deg"].to_numpy(), gaze["y_deg"].to_numpy(), gaze["t_ns"].to_numpy()
    return np.hypot(np.diff(x), np.diff(y)) / np.diff(t) < 30e-9


def times_slower(work, other, repeats: int) -> float:
    """Return how much longer one takes than the other, in turns: whoever shares the machine slows both."""
    times = [[cpu_s(each, 1) for each in (work, other)] for _ in range(repeats)]
    first, second = np.median(times, axis=0)
    return float(first / second)


def cpu_s(work, repeats: int) -> float:
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return float(np.median(times))


# ---------------------------------------------------------------- other programs


def peer_python(folder: Path) -> str:
    """Return the interpreter of the peers' environment; make it if there is none."""
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"making an environment for the peers in {folder}", flush=True)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEER_PACKAGES], check=True)
    return str(python)


def ask_peers(python: str, *arguments: object) -> dict:
    command = [python, str(HERE / "event_peers.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1][:100] if done.stderr.strip() else "no output"}
    return json.loads(done.stdout) if done.stdout.strip() else {}


# ---------------------------------------------------------------- speed and memory


def child(source: str, method: str) -> None:
    """Print the peak memory one detection adds to a warmed-up process."""
    from gazestudy.events import detect_events

    given = np.load(source)
    gaze = pd.DataFrame(
        {
            "t_ns": given["t_ns"],
            "valid": given["valid"],
            "x_deg": given["xy"][:, 0],
            "y_deg": given["xy"][:, 1],
        }
    )
    detect_events(gaze.iloc[:2000], method)
    before = peak_mb()
    detect_events(gaze, method)
    print(json.dumps({"peak_mb": peak_mb() - before}))


def speed(seed: int, python: str, folder: Path, *, quick: bool) -> None:
    from gazestudy.events import detect_events, detect_events_many

    gaze = walking_gaze(seed)
    input_mb = gaze.memory_usage(index=False).sum() / 2**20
    source = folder / "hour.npz"
    np.savez(
        source, xy=gaze[["x_deg", "y_deg"]].to_numpy(), valid=gaze["valid"], t_ns=gaze["t_ns"], rate=RATE_HZ
    )
    print(
        f"\nSPEED: one hour at 200 Hz, seed {seed}, {len(gaze)} samples, input {input_mb:.0f} MB; median CPU time"
    )
    least = cpu_s(lambda: floor(gaze), 15)
    _row("floor: difference, hypot, compare", least, least, None)
    seconds, memory = {}, {}
    for name in OURS:
        first = time.process_time()
        detect_events(gaze.iloc[:2000], name)
        first = time.process_time() - first
        seconds[name] = cpu_s(
            lambda name=name: detect_events(gaze, name), 3 if name in ("i2mc", "hessels2020") else 7
        )
        answer = subprocess.run(
            [sys.executable, __file__, "--child", str(source), name],
            capture_output=True,
            text=True,
            check=True,
        )
        memory[name] = json.loads(answer.stdout)["peak_mb"]
        _row(f"{name}", seconds[name], least, memory[name], f"first call {first:.2f} s")
    peers = ["pymovements I-VT 30", "cateyes I-VT", "pymovements microsaccades"]
    peers += [] if quick else ["pymovements I-DT", "cateyes I-DT", "REMoDNaV"]
    theirs = {}
    for name in peers:
        answer = ask_peers(python, "speed", source, name)
        if "failed" in answer:
            print(f"{name:36s} {answer['failed']}")
            continue
        theirs[name] = answer["cpu_s"]
        _row(name, answer["cpu_s"], least, answer["peak_mb"])
    batch = cpu_s(
        lambda: detect_events_many((str(i), gaze.iloc[i * 7200 : (i + 1) * 7200]) for i in range(100)), 3
    )
    _row("ivt, the hour as 100 recordings", batch, least, None)
    over = times_slower(lambda: detect_events(gaze, "ivt"), lambda: floor(gaze), 31)
    check(over <= 3, f"I-VT {over:.1f} x the floor, measured in turns (at most 3)")
    for mine, peer, times in (
        ("ivt", "pymovements I-VT 30", 2),
        ("idt", "pymovements I-DT", 50),
        ("adaptive", "REMoDNaV", 20),
    ):
        if peer in theirs:
            ratio = theirs[peer] / seconds[mine]
            check(ratio >= times, f"{mine} {ratio:.1f} x as fast as {peer} (at least {times})")
    worst = max(memory, key=lambda name: memory[name])
    check(
        memory[worst] <= 10 * input_mb,
        f"peak memory {memory[worst] / input_mb:.1f} x the input, {worst} (at most 10)",
    )


def _row(name: str, seconds: float, least: float, megabytes: float | None, more: str = "") -> None:
    memory = "" if megabytes is None else f"{megabytes:8.0f} MB"
    print(
        f"{name:36s} {seconds * 1000:10.1f} ms {seconds / least:9.1f} x floor {memory:12s} {more}", flush=True
    )


# ---------------------------------------------------------------- I2MC


def binocular(path: Path) -> pd.DataFrame:
    raw = pd.read_csv(path, sep="\t")
    columns = {"t_ns": np.round(raw["RelTimestamp"] * 1e6).astype(np.int64)}
    for letter, eye in (("L", "left"), ("R", "right")):
        x, y = raw[f"{letter}GazePos2dx"] * 1920, raw[f"{letter}GazePos2dy"] * 1080
        lost = (x < -1920) | (x > 3840) | (y < -1080) | (y > 2160) | (raw[f"{letter}Validity"] > 1)
        columns[f"{eye}_x_px"], columns[f"{eye}_y_px"] = x.mask(lost), y.mask(lost)
    gaze = pd.DataFrame(columns)
    for axis in "xy":
        gaze[f"{axis}_px"] = gaze[[f"left_{axis}_px", f"right_{axis}_px"]].mean(axis=1)
    return gaze.assign(valid=gaze["x_px"].notna())


def same_as_i2mc(samples: Path, python: str, folder: Path) -> None:
    from gazestudy.events import detect_events

    paths = sorted(samples.rglob("*.tsv"))
    if not paths:
        print("\nI2MC: no sample recordings found")
        return
    answer = folder / "i2mc.json"
    ask_peers(python, "i2mc", samples, answer)
    theirs = json.loads(answer.read_text())
    tables = {"/".join(path.parts[-2:]): binocular(path) for path in paths}
    mine_s = cpu_s(lambda: [detect_events(gaze, "i2mc") for gaze in tables.values()], 7)
    same = total = itself = 0
    for name, gaze in tables.items():
        events = detect_events(gaze, "i2mc")
        found = events[events["kind"] == "fixation"]
        mine = list(zip(found["first_sample"], found["last_sample"], strict=True))
        runs = [list(zip(*run, strict=True)) for run in theirs["fixations"][name]]
        same += _within_one(runs[0], mine)
        itself += _within_one(runs[0], runs[1])
        total += max(len(runs[0]), len(mine))
    ratio = theirs["cpu_s"] / len(runs) / mine_s
    print(
        f"\nI2MC on its {len(tables)} sample recordings: {same} of {total} fixations start and end within one sample;"
    )
    print(f"  the package with another random start: {itself}. {ratio:.0f} times as fast as the package")
    check(same >= 0.99 * total, f"I2MC: {same} of {total} fixations the same (at least 99 %)")
    check(ratio >= 50, f"I2MC {ratio:.0f} x as fast as its package on its samples (at least 50)")


def _within_one(one: list, other: list) -> int:
    return sum(any(abs(a - c) <= 1 and abs(b - d) <= 1 for c, d in other) for a, b in one)


# ---------------------------------------------------------------- agreement


def labels_of(events: pd.DataFrame) -> np.ndarray:
    codes = events["kind"].map(CODES).astype(float).fillna(0).astype(np.int8).to_numpy()
    return np.repeat(codes, (events["last_sample"] - events["first_sample"] + 1).to_numpy())


def detections(trials: list, python: str, folder: Path) -> dict[str, list[np.ndarray]]:
    """Return the labels of each detector for each trial: ours, then the peers'."""
    from gazestudy.events import detect_events

    found = {}
    for name in OURS:
        found[name] = [labels_of(detect_events(trial.gaze(), name)) for trial in trials]
    given: dict[str, object] = {"count": len(trials)}
    for i, trial in enumerate(trials):
        given |= {f"xy{i}": trial.xy_deg, f"valid{i}": trial.valid, f"rate{i}": trial.rate_hz}
    source, target = folder / "trials.npz", folder / "labels.npz"
    np.savez(source, **given)
    failed = ask_peers(python, "labels", source, target)
    for name, why in failed.items():
        print(f"  {name}: {why}")
    if target.exists():
        made = np.load(target)
        for name in PEERS:
            found[name] = [made[f"{name}|{i}"] for i in range(len(trials))]
        target.unlink()
    return found


def table(
    title: str, trials: list, found: dict, columns: tuple[str, ...]
) -> dict[str, dict[str, dict[str, float]]]:
    """Print one row per detector; return mean over coders by group, detector and measure."""
    groups = list(dict.fromkeys(_group(trial) for trial in trials))
    coders = list(trials[0].coders)
    print(f"\n{title}: {len(trials)} recordings; each cell against {' / '.join(coders)}")
    print(" " * 28 + "".join(f"| {group:{11 * len(columns) - 1}s}" for group in groups))
    print(" " * 28 + "".join("| " + "".join(f"{name:11s}" for name in columns)[:-1] for _ in groups))
    if len(coders) == 2:
        print(f"{'human ' + coders[1]:28s}" + "".join(_humans(trials, group, columns) for group in groups))
    means: dict[str, dict[str, dict[str, float]]] = {group: {} for group in groups}
    for name, labels in found.items():
        row = f"{name:28s}"
        for group in groups:
            chosen = [i for i, trial in enumerate(trials) if _group(trial) == group]
            inside, mine = [trials[i] for i in chosen], [labels[i] for i in chosen]
            each = [scores(inside, mine, coder) for coder in coders]
            row += (
                "| " + "".join(f"{'/'.join(f'{one[key]:.2f}' for one in each):11s}" for key in columns)[:-1]
            )
            means[group][name] = {key: float(np.mean([one[key] for one in each])) for key in columns}
            for coder, one in zip(coders, each, strict=True):
                means[group][name] |= {f"{key} {coder}": one[key] for key in columns}
        print(row)
    return means


def _group(trial) -> str:
    return trial.stimulus if trial.data == "lund2013" else trial.data


def _humans(trials: list, group: str, columns: tuple[str, ...]) -> str:
    inside = [trial for trial in trials if _group(trial) == group]
    first, second = list(inside[0].coders)[:2]
    both = scores(inside, [trial.coders[second] for trial in inside], first)
    return "| " + "".join(f"{both[key]:<11.2f}" for key in columns)[:-1]


def best_against_best(what: str, means: dict, measures: tuple[str, ...]) -> None:
    for group, rows in means.items():
        for key in measures:
            mine = max((rows[name][key], name) for name in OURS)
            peer = max(
                ((rows[name][key], name) for name in rows if name not in OURS),
                default=(float("-inf"), "none"),
            )
            text = f"{what} {group} {key}: {mine[1]} {mine[0]:.3f}, best peer {peer[1]} {peer[0]:.3f}"
            check(mine[0] >= peer[0], text)


def at_least(what: str, rows: dict, key: str, target: float) -> None:
    value, name = max((rows[name][key], name) for name in OURS)
    check(value >= target, f"{what} {key}: {name} {value:.3f} (at least {target})")


def at_least_each(what: str, rows: dict, key: str, targets: dict[str, float]) -> None:
    """One detector of ours has to reach the figure of every coder."""
    margins = {
        name: min(rows[name][f"{key} {coder}"] - least for coder, least in targets.items()) for name in OURS
    }
    name = max(margins, key=lambda one: margins[one])
    values = "/".join(f"{rows[name][f'{key} {coder}']:.3f}" for coder in targets)
    asked = "/".join(f"{least:g}" for least in targets.values())
    check(margins[name] >= 0, f"{what} {key} against {'/'.join(targets)}: {name} {values} (at least {asked})")


def agreement(folder_of_labels: Path, python: str, folder: Path, *, quick: bool, seen: bool) -> None:
    trials = find_trials(folder_of_labels)
    tuned_on, reported = halves(trials)
    if not trials:
        print(f"\nno labelled files below {folder_of_labels}")
        return
    if seen:
        names = ", ".join(trial.name.removesuffix("_labelled_MN") for trial in tuned_on)
        print(f"\nparameters were chosen on (first half): {names}\nreported on the others (second half)")
    else:
        reported = trials
    lund = [trial for trial in reported if trial.data == "lund2013"]
    columns = (*MEASURES, "evF1")
    for factor in (1, 5, 10) if lund else ():
        slower = [decimated(trial, factor) if factor > 1 else trial for trial in lund]
        rate = f"{slower[0].rate_hz:.0f} Hz"
        means = table(f"LUND2013 at {rate}", slower, detections(slower, python, folder), columns)
        if factor < 10:
            best_against_best(f"Lund2013 {rate}", means, MEASURES)
        if "img" in means and factor == 1:
            for key, one, other in (
                ("kFix", 0.82, 0.72),
                ("kSac", 0.76, 0.76),
                ("kSlow", 0.85, 0.85),
                ("evF1", 0.95, 0.95),
            ):
                at_least_each(f"Lund2013 images {rate}", means["img"], key, {"MN": one, "RA": other})
        if "img" in means and factor == 10:
            at_least_each(f"Lund2013 images {rate}", means["img"], "kFix", {"MN": 0.80, "RA": 0.72})
    for data in () if quick else ("gazecom", "hmr", "irf"):
        chosen = [trial for trial in reported if trial.data == data]
        if not chosen:
            continue
        columns = (*MEASURES, "f1Fix", "f1Sac", "f1Pur", "evF1slow")
        means = table(data.upper(), chosen, detections(chosen, python, folder), columns)
        if data == "gazecom":
            for key, target in (("kSlow", 0.85), ("kSac", 0.74), ("f1Pur", 0.5)):
                at_least("GazeCom", means[data], key, target)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0, help="of the simulated hour")
    parser.add_argument("--labels", type=Path, help="labelled files of the same formats; all count as unseen")
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "gazestudy-peers")
    parser.add_argument("--quick", action="store_true", help="without the peers that take minutes")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return 0
    python = peer_python(options.peers)
    versions = ask_peers(python, "versions")
    print("peers: " + ", ".join(f"{name} {number}" for name, number in versions.items()))
    print("NSLR-HMM is on no package index: cateyes runs without it")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        speed(options.seed, python, folder, quick=options.quick)
        same_as_i2mc(LABELS / "i2mc_samples", python, folder)
        labels = options.labels or LABELS
        agreement(labels, python, folder, quick=options.quick, seen=options.labels is None)
    print("\nFIGURES")
    for ok, text in checks:
        print(f"{'holds      ' if ok else 'FALLS SHORT'}  {text}")
    return 0 if all(ok for ok, _ in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
