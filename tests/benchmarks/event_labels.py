"""Hand-labelled gaze for the benchmark of detectors: Lund2013, GazeCom, HMR, lookAtPoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

NONE, FIXATION, SACCADE, PSO, PURSUIT, BLINK = range(6)
SLOW = (FIXATION, PURSUIT)


@dataclass
class Trial:
    """One labelled recording."""

    name: str
    data: str  # lund2013, gazecom, ...
    stimulus: str  # img, dots, video, or the clip
    rate_hz: float
    xy_deg: np.ndarray  # (n, 2), azimuth right positive, elevation up positive
    valid: np.ndarray  # (n,)
    coders: dict[str, np.ndarray] = field(default_factory=dict)

    def gaze(self) -> pd.DataFrame:
        """Return the gaze table without anything the coders said."""
        n = len(self.valid)
        t_ns = np.round(np.arange(n) * 1e9 / self.rate_hz).astype(np.int64)
        x_deg, y_deg = np.where(self.valid[:, None], self.xy_deg, np.nan).T
        return pd.DataFrame({"t_ns": t_ns, "valid": self.valid, "x_deg": x_deg, "y_deg": y_deg})


def find_trials(folder: Path) -> list[Trial]:
    """Read every labelled file of a known format below a folder, in the order of names."""
    trials = [_lund(path) for path in sorted(folder.rglob("*_MN.mat"))]
    for path in sorted(folder.rglob("*.csv")):
        if "gazecom" in str(path):
            trials.append(_oemc(path, "gazecom", 250.0, (48.0, 27.0)))
        elif "hmr" in str(path):
            trials.append(_oemc(path, "hmr", 200.0, None))
    trials += [_irf(path) for path in sorted(folder.rglob("lookAtPoint*.npy"))]
    return [trial for trial in trials if trial is not None]


def _lund(path: Path) -> Trial | None:
    from scipy.io import loadmat

    other = path.with_name(path.name.replace("_MN.mat", "_RA.mat"))
    found = [
        loadmat(one, squeeze_me=True, struct_as_record=False)["ETdata"]
        for one in (path, other)
        if one.exists()
    ]
    n = min(len(one.pos) for one in found)
    pos, size_m, size_px, view_m = (
        found[0].pos[:n],
        found[0].screenDim,
        found[0].screenRes,
        float(found[0].viewDist),
    )
    px = pos[:, 3:5]
    metres = (px - size_px / 2) * (size_m / size_px)
    x_deg = np.degrees(np.arctan2(metres[:, 0], view_m))
    y_deg = -np.degrees(np.arctan2(metres[:, 1], np.hypot(metres[:, 0], view_m)))
    valid = ~((px == 0).all(axis=1) | np.isnan(px).any(axis=1))
    names = {"img": "img", "dots": "dots", "video": "video"}
    stimulus = names.get(path.parent.name) or next(
        (word for word in ("img", "video") if f"_{word}_" in path.name), "dots"
    )
    coders = {name: _clean(one.pos[:n, 5]) for name, one in zip(("MN", "RA"), found, strict=False)}
    return Trial(
        path.stem,
        "lund2013",
        stimulus,
        float(found[0].sampFreq),
        np.column_stack([x_deg, y_deg]),
        valid,
        coders,
    )


def _clean(labels: np.ndarray) -> np.ndarray:
    codes = np.nan_to_num(labels).astype(np.int8)
    return np.where((codes >= 1) & (codes <= 5), codes, NONE).astype(np.int8)


def _oemc(path: Path, data: str, rate_hz: float, size_deg: tuple[float, float] | None) -> Trial:
    table = pd.read_csv(path, sep="\t")
    xy = table[["X_coord", "Y_coord"]].to_numpy(float)
    if size_deg is None:  # pupils in the eye camera: no angles; the usual range is taken for 30 x 20 deg
        low, high = np.nanpercentile(xy, [5, 95], axis=0)
        xy = (xy - low) / (high - low) - 0.5
        size_deg = (30.0, 20.0)
    else:
        xy = xy - 0.5
    letters = {"F": FIXATION, "S": SACCADE, "P": PURSUIT, "B": BLINK, "N": NONE}
    coder = table["Pattern"].map(letters).fillna(NONE).to_numpy(np.int8)
    valid = (table["Confidence"].to_numpy(float) > 0.5) & np.isfinite(xy).all(axis=1)
    valid &= ~(table[["X_coord", "Y_coord"]] == 0).all(axis=1).to_numpy()  # the corner stands for no data
    angles = xy * size_deg * np.array([1.0, -1.0])
    return Trial(path.stem, data, path.parent.name, rate_hz, angles, valid, {"hand": coder})


def _irf(path: Path) -> Trial:
    table = np.load(path)
    xy = np.column_stack([table["x"], -table["y"]]).astype(float)
    valid = np.asarray(table["status"], bool) & np.isfinite(xy).all(axis=1)
    rate_hz = float(1.0 / np.median(np.diff(table["t"])))
    return Trial(
        path.stem, "irf", "points", round(rate_hz), xy, valid, {"RZ": _clean(table["evt"].astype(float))}
    )


def decimated(trial: Trial, factor: int) -> Trial:
    """Return block means, as a slower tracker would see it; a block has the label most of its samples have."""
    n = len(trial.valid) // factor
    whole = trial.valid[: n * factor].reshape(n, factor)
    inside = np.where(whole[..., None], trial.xy_deg[: n * factor].reshape(n, factor, 2), 0.0).sum(axis=1)
    mean = inside / np.maximum(whole.sum(axis=1), 1)[:, None]
    coders = {}
    for name, labels in trial.coders.items():
        blocks = labels[: n * factor].reshape(n, factor)
        votes = np.stack([(blocks == code).sum(axis=1) for code in range(6)])
        coders[name] = votes.argmax(axis=0).astype(np.int8)
    return Trial(
        trial.name, trial.data, trial.stimulus, trial.rate_hz / factor, mean, whole.any(axis=1), coders
    )


def halves(trials: list[Trial]) -> tuple[list[Trial], list[Trial]]:
    """Split: every other file in the order of names, within each stimulus of Lund2013, each person of GazeCom.

    Parameters are chosen on the first half; figures are reported on the second.
    """
    seen: dict[tuple[str, str], int] = {}
    parts: tuple[list[Trial], list[Trial]] = ([], [])
    for trial in trials:
        key = (trial.data, trial.stimulus if trial.data == "lund2013" else trial.name.split("_")[0])
        parts[seen.get(key, 0) % 2].append(trial)
        seen[key] = seen.get(key, 0) + 1
    return parts


def kappa(one: np.ndarray, other: np.ndarray) -> float:
    """Cohen's kappa of two yes-or-no codings."""
    observed = np.mean(one == other)
    chance = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return float((observed - chance) / (1 - chance)) if chance < 1 else float("nan")


def runs(yes: np.ndarray) -> np.ndarray:
    """Return first and one past last of each run of True, (m, 2)."""
    return np.flatnonzero(np.diff(np.concatenate(([0], yes.astype(np.int8), [0])))).reshape(-1, 2)


def event_f1(truth: np.ndarray, found: np.ndarray) -> float:
    """F1 of events matched one to one, largest overlaps first."""
    a, b = runs(truth), runs(found)
    if len(a) + len(b) == 0:
        return float("nan")
    overlaps = []
    j = 0
    for i, (start, end) in enumerate(a):
        while j > 0 and b[j - 1][1] > start:
            j -= 1
        while j < len(b) and b[j][1] <= start:
            j += 1
        k = j
        while k < len(b) and b[k][0] < end:
            overlaps.append((min(end, b[k][1]) - max(start, b[k][0]), i, k))
            k += 1
    used_a, used_b = set(), set()
    for _, i, k in sorted(overlaps, reverse=True):
        if i not in used_a and k not in used_b:
            used_a.add(i)
            used_b.add(k)
    return 2 * len(used_a) / (len(a) + len(b))


def scores(trials: list[Trial], found: list[np.ndarray], coder: str) -> dict[str, float]:
    """Return kappas over all samples together, F1 of samples and mean F1 of events."""
    truth = [trial.coders[coder] for trial in trials]
    label, mine = np.concatenate(truth), np.concatenate(found)
    result = {
        "kFix": kappa(label == FIXATION, mine == FIXATION),
        "kSac": kappa(label == SACCADE, mine == SACCADE),
        "kSlow": kappa(np.isin(label, SLOW), np.isin(mine, SLOW)),
        "kPur": kappa(label == PURSUIT, mine == PURSUIT),
    }
    for name, code in (("f1Fix", FIXATION), ("f1Sac", SACCADE), ("f1Pur", PURSUIT)):
        both = np.sum((label == code) & (mine == code))
        result[name] = float(2 * both / max(np.sum(label == code) + np.sum(mine == code), 1))
    pairs = list(zip(truth, found, strict=True))
    result["evF1"] = float(np.nanmean([event_f1(a == FIXATION, b == FIXATION) for a, b in pairs]))
    result["evF1slow"] = float(np.nanmean([event_f1(np.isin(a, SLOW), np.isin(b, SLOW)) for a, b in pairs]))
    return result
