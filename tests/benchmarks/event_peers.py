"""Run other programs' detectors; called by events.py in an environment that has them.

python event_peers.py versions
python event_peers.py labels trials.npz labels.npz
python event_peers.py speed gaze.npz PEER
python event_peers.py i2mc folder out.json
"""

import contextlib
import io
import json
import logging
import sys
import time
import types
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np

FIXATION, SACCADE, PSO, PURSUIT = 1, 2, 3, 4
PACKAGES = ("pymovements", "remodnav", "I2MC", "cateyes", "numpy", "scipy")
PX_PER_DEG = 35.0


def from_events(events, n, code, labels=None):
    labels = np.zeros(n, np.int8) if labels is None else labels
    for first, last in zip(events["onset"].to_list(), events["offset"].to_list(), strict=True):
        labels[int(first) : int(last) + 1] = code
    return labels


def samples(milliseconds, rate_hz):
    return max(round(milliseconds * rate_hz / 1000), 2)


def velocity(xy, rate_hz):
    from pymovements.transforms.numpy import pos2vel

    return pos2vel(xy, rate_hz, "smooth")


def gaps(labels, valid):
    """What is measured and no fixation is a saccade for detectors that know only fixations."""
    return np.where((labels == 0) & valid, SACCADE, labels).astype(np.int8)


def pymovements_ivt(xy, valid, rate_hz, threshold=20.0, least_ms=100):
    from pymovements.events import ivt

    least = samples(least_ms, rate_hz)
    found = ivt(velocity(xy, rate_hz), minimum_duration=least, velocity_threshold=threshold)
    return gaps(from_events(found, len(xy), FIXATION), valid)


def pymovements_ivt_30(xy, valid, rate_hz):
    return pymovements_ivt(xy, valid, rate_hz, 30.0, 60)


def pymovements_idt(xy, valid, rate_hz):
    from pymovements.events import idt

    found = idt(xy, minimum_duration=samples(100, rate_hz), dispersion_threshold=1.0)
    return gaps(from_events(found, len(xy), FIXATION), valid)


def pymovements_microsaccades(xy, valid, rate_hz):
    from pymovements.events import microsaccades

    found = microsaccades(velocity(xy, rate_hz), minimum_duration=samples(12, rate_hz))
    return from_events(found, len(xy), SACCADE, np.where(valid, FIXATION, 0).astype(np.int8))


def pymovements_ihmm(xy, valid, rate_hz):
    from pymovements.events import ihmm

    found = ihmm(velocity(xy, rate_hz), minimum_duration=samples(100, rate_hz))
    return gaps(from_events(found, len(xy), FIXATION), valid)


def remodnav(xy, valid, rate_hz):
    from remodnav.clf import EyegazeClassifier

    pad = int(0.2 * rate_hz)  # losses near the ends stop its filter
    kept = xy[np.isfinite(xy).all(axis=1)]
    padded = np.concatenate([np.repeat(kept[:1], pad, 0), xy, np.repeat(kept[-1:], pad, 0)])
    table = np.rec.fromarrays(padded.T, names="x,y")
    length = int(0.019 * rate_hz)
    length += length % 2 == 0
    classifier = EyegazeClassifier(1.0, rate_hz)
    found = classifier(classifier.preproc(table, savgol_length=max(length, 3) / rate_hz + 1e-9))
    labels = np.zeros(len(padded), np.int8)
    names = {"FIXA": FIXATION, "PURS": PURSUIT, "SACC": SACCADE, "ISAC": SACCADE}
    for event in found:
        code = names.get(event["label"], PSO)
        start, end = (round(event[key] * rate_hz) for key in ("start_time", "end_time"))
        labels[start : end + 1] = code
    return labels[pad : pad + len(xy)]


def i2mc(xy, valid, rate_hz):
    import I2MC
    import pandas as pd

    px = xy * PX_PER_DEG
    low = rate_hz < 120
    options = {"xres": 1920, "yres": 1080, "freq": rate_hz, "missingx": np.nan, "missingy": np.nan}
    if low:
        options |= {"downsampFilter": False, "downsamples": [2, 5] if rate_hz % 5 == 0 else [2, 3]}
    table = pd.DataFrame({"time": np.arange(len(xy)) * 1000.0 / rate_hz, "L_X": px[:, 0], "L_Y": px[:, 1]})
    fixations = I2MC.I2MC(table, options, logging=False)[0]
    labels = np.zeros(len(xy), np.int8)
    for first, last in zip(fixations["start"], fixations["end"], strict=True):
        labels[first : last + 1] = FIXATION
    return gaps(labels, valid)


def _cateyes():
    """Let cateyes be imported without NSLR-HMM, which is on no package index."""
    with contextlib.suppress(ImportError):
        import nslr_hmm  # noqa: F401
    missing = types.ModuleType("nslr_hmm")
    missing.__dict__.update({name: name for name in ("FIXATION", "SACCADE", "SMOOTH_PURSUIT", "PSO")})
    sys.modules.setdefault("nslr_hmm", missing)


def cateyes_ivt(xy, valid, rate_hz):
    _cateyes()
    from cateyes import classify_velocity

    names = classify_velocity(*xy.T, np.arange(len(xy)) / rate_hz, 30.0)[1]
    return _named(names)


def cateyes_idt(xy, valid, rate_hz):
    _cateyes()
    from cateyes import classify_dispersion

    names = classify_dispersion(*xy.T, np.arange(len(xy)) / rate_hz, 1.0, 0.1)[1]
    return _named(names)


def _named(names):
    lower = np.char.lower(np.asarray(names).astype(str))
    return np.select([lower == "fixation", lower == "saccade"], [FIXATION, SACCADE], 0).astype(np.int8)


PEERS = {
    "pymovements I-VT 20": pymovements_ivt,
    "pymovements I-VT 30": pymovements_ivt_30,
    "pymovements I-DT": pymovements_idt,
    "pymovements microsaccades": pymovements_microsaccades,
    "pymovements I-HMM": pymovements_ihmm,
    "REMoDNaV": remodnav,
    "I2MC": i2mc,
    "cateyes I-VT": cateyes_ivt,
    "cateyes I-DT": cateyes_idt,
}


def quiet(work, *arguments):
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return work(*arguments)


def label_trials(source, target):
    given, made, failed = np.load(source), {}, {}
    for name, work in PEERS.items():
        for i in range(int(given["count"])):
            xy, valid, rate_hz = given[f"xy{i}"], given[f"valid{i}"], float(given[f"rate{i}"])
            xy = np.where(valid[:, None], xy, np.nan)
            try:
                made[f"{name}|{i}"] = quiet(work, xy, valid, rate_hz)
            except Exception as error:  # a peer that cannot do a file gets no labels there
                made[f"{name}|{i}"] = np.zeros(len(xy), np.int8)
                failed.setdefault(name, []).append(f"{type(error).__name__}: {error}"[:80])
    np.savez(target, **made)
    print(json.dumps({name: [len(all_), all_[0]] for name, all_ in failed.items()}))


def peak_mb():
    """Highest resident memory of this process so far (not inherited, as ru_maxrss is)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def time_peer(source, name):
    given = np.load(source)
    xy, valid, rate_hz = given["xy"], given["valid"], float(given["rate"])
    xy = np.where(valid[:, None], xy, np.nan)
    few = slice(0, int(5 * rate_hz))
    with contextlib.suppress(Exception):
        quiet(PEERS[name], xy[few], valid[few], rate_hz)  # imports are not what is timed
    before, start = peak_mb(), time.process_time()
    quiet(PEERS[name], xy, valid, rate_hz)
    seconds = time.process_time() - start
    print(json.dumps({"cpu_s": seconds, "peak_mb": peak_mb() - before, "samples": len(xy)}))


def i2mc_tables(folder, target):
    """Fixations of the authors' package in its own sample tables, with its own importer's rules."""
    import I2MC
    import pandas as pd

    found, seconds, count = {}, 0.0, 0
    for path in sorted(Path(folder).rglob("*.tsv")):
        raw = pd.read_csv(path, sep="\t")
        table = pd.DataFrame({"time": raw["RelTimestamp"]})
        for eye in "LR":
            x, y = raw[f"{eye}GazePos2dx"] * 1920, raw[f"{eye}GazePos2dy"] * 1080
            outside = (
                (x < -1920) | (x > 2 * 1920) | (y < -1080) | (y > 2 * 1080) | (raw[f"{eye}Validity"] > 1)
            )
            table[f"{eye}_X"], table[f"{eye}_Y"] = x.mask(outside), y.mask(outside)
        options = {"xres": 1920, "yres": 1080, "freq": 300, "missingx": np.nan, "missingy": np.nan}
        runs = []
        for seed in range(
            3
        ):  # its clustering starts at random; what it does not agree with itself on counts less
            np.random.seed(seed)  # noqa: NPY002 - the package draws from the global generator
            start = time.process_time()
            fixations = quiet(I2MC.I2MC, table, options, False)[0]
            seconds, count = seconds + time.process_time() - start, count + len(table)
            runs.append([fixations["start"].tolist(), fixations["end"].tolist()])
        found["/".join(path.parts[-2:])] = runs
    Path(target).write_text(json.dumps({"fixations": found, "cpu_s": seconds, "samples": count}))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    command, *arguments = sys.argv[1:]
    if command == "versions":
        print(json.dumps({name: version(name) for name in PACKAGES}))
    else:
        {"labels": label_trials, "speed": time_peer, "i2mc": i2mc_tables}[command](*arguments)
