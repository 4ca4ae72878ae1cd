"""Agreement with the two human coders of Lund2013 (Andersson et al. 2017, doi 10.3758/s13428-016-0738-9)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazestudy.events import detect_events

FOLDER = Path(__file__).parents[3] / ".." / "shared" / "data" / "events" / "lund2013" / "img"

FIXATION, SACCADE = 1, 2


def load(path):
    from scipy.io import loadmat

    found = loadmat(path, squeeze_me=True, struct_as_record=False)["ETdata"]
    return found.pos, found.screenDim, found.screenRes, float(found.viewDist), float(found.sampFreq)


def pairs():
    return sorted(FOLDER.glob("*_MN.mat"))


def trial(path):
    """Return angles in deg, validity, both coders' labels and the rate; the sets are cut to equal length."""
    (pos, size_m, size_px, view_m, rate_hz), (other, *_) = load(path), load(str(path).replace("_MN", "_RA"))
    n = min(len(pos), len(other))
    px = pos[:n, 3:5]
    metres = (px - size_px / 2) * (size_m / size_px)
    x_deg = np.degrees(np.arctan2(metres[:, 0], view_m))
    y_deg = -np.degrees(np.arctan2(metres[:, 1], np.hypot(metres[:, 0], view_m)))
    valid = ~((px == 0).all(axis=1) | np.isnan(px).any(axis=1))
    return np.column_stack([x_deg, y_deg]), valid, (pos[:n, 5], other[:n, 5]), rate_hz


def decimate(angles, valid, labels, factor):
    """Block means, as a slower tracker would see it; a block has the label most of its samples have."""
    n = len(valid) // factor
    whole = valid[: n * factor].reshape(n, factor)
    kept = np.where(whole[..., None], angles[: n * factor].reshape(n, factor, 2), 0.0).sum(axis=1)
    mean = kept / np.maximum(whole.sum(axis=1), 1)[:, None]
    votes = [
        np.array(
            [np.bincount(block.astype(int)).argmax() for block in label[: n * factor].reshape(n, factor)]
        )
        for label in labels
    ]
    return mean, whole.any(axis=1), votes


def detected_labels(angles, valid, rate_hz):
    n = len(valid)
    gaze = pd.DataFrame({"t_ns": np.round(np.arange(n) * 1e9 / rate_hz).astype(np.int64), "valid": valid})
    events = detect_events(gaze.assign(x_deg=angles[:, 0], y_deg=angles[:, 1]))
    code = events["kind"].map({"fixation": FIXATION, "saccade": SACCADE}).astype(float).fillna(0).astype(int)
    return np.repeat(code.to_numpy(), (events["last_sample"] - events["first_sample"] + 1).to_numpy())


def kappa(one, other):
    """Cohen's kappa of two yes-or-no codings."""
    observed = np.mean(one == other)
    chance = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return (observed - chance) / (1 - chance)


def runs(yes):
    edge = np.flatnonzero(np.diff(np.concatenate(([0], yes.astype(int), [0]))))
    return list(zip(edge[::2], edge[1::2], strict=True))


def event_f1(truth, found):
    """F1 of events matched one to one by largest overlap first."""
    a, b = runs(truth), runs(found)
    overlaps = sorted(
        ((min(p[1], q[1]) - max(p[0], q[0]), i, j) for i, p in enumerate(a) for j, q in enumerate(b)),
        reverse=True,
    )
    used_a, used_b = set(), set()
    for overlap, i, j in overlaps:
        if overlap > 0 and i not in used_a and j not in used_b:
            used_a.add(i)
            used_b.add(j)
    return 2 * len(used_a) / (len(a) + len(b))


@pytest.fixture(scope="module")
def trials():
    if not pairs():
        pytest.skip(f"Lund2013 is not on this machine ({FOLDER})")
    return [trial(path) for path in pairs()]


def pooled(trials, factor=1):
    found, coders = [], ([], [])
    for *recorded, rate_hz in trials:
        angles, valid, labels = decimate(*recorded, factor) if factor > 1 else recorded
        found.append(detected_labels(angles, valid, rate_hz / factor))
        for coder, label in zip(coders, labels, strict=True):
            coder.append(label)
    return found, coders


def agreement(trials, factor=1):
    found, coders = pooled(trials, factor)
    everything = np.concatenate(found)
    rows = []
    for coder in coders:
        label = np.concatenate(coder)
        rows.append(
            (
                kappa(label == FIXATION, everything == FIXATION),
                kappa(label == SACCADE, everything == SACCADE),
                np.mean([event_f1(a == FIXATION, b == FIXATION) for a, b in zip(coder, found, strict=True)]),
            )
        )
    return rows


def test_agreement_with_both_coders_at_500_hz(trials):
    (fix_mn, sac_mn, f1_mn), (fix_ra, sac_ra, f1_ra) = agreement(trials)
    print(
        f"500 Hz: fixation {fix_mn:.3f}/{fix_ra:.3f} saccade {sac_mn:.3f}/{sac_ra:.3f} event F1 {f1_mn:.3f}/{f1_ra:.3f}"
    )
    assert fix_mn >= 0.77 and fix_ra >= 0.68
    assert sac_mn >= 0.64 and sac_ra >= 0.66
    assert f1_mn >= 0.93 and f1_ra >= 0.93


def test_agreement_at_50_hz(trials):
    (fix_mn, *_), (fix_ra, *_) = agreement(trials, 10)
    print(f"50 Hz: fixation {fix_mn:.3f}/{fix_ra:.3f}")
    assert (fix_mn + fix_ra) / 2 >= 0.75
