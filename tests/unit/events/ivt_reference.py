"""I-VT written down step by step from the white paper, one sample at a time: slow, plain, independent."""

import itertools
import math


def detect(t_ns, xyz, measured, blink, part, p):  # noqa: C901  (one function, in the order of the paper)
    """Return [(kind, onset_ns, offset_ns, first, last, x, y, z)] with plain loops; xyz holds unit vectors."""
    n = len(t_ns)
    steps = [
        t_ns[i + 1] - t_ns[i]
        for i in range(min(n, 100) - 1)
        if part[i] == part[i + 1] and t_ns[i + 1] > t_ns[i]
    ]
    ordered = sorted(steps)
    k = len(ordered)
    median = 0 if k == 0 else (ordered[(k - 1) // 2] + ordered[k // 2]) / 2
    kept = [s for s in steps if s <= 5 * median]
    dt = sum(kept) / len(kept) if kept else 0.0
    pos = [tuple(v) if m else None for v, m in zip(xyz, measured, strict=True)]
    pos = _fill(t_ns, pos, blink, part, p["max_gap_ms"] * 1e6)
    hole = 3.0 * dt
    window = max(int(p["window_ms"] * 1e6 / dt + 0.5) + 1, 2) if dt > 0 else 2
    kinds = []
    for i in range(n):
        if pos[i] is None:
            kinds.append("blink" if blink[i] else "loss")
            continue
        a = i - window // 2
        b = a + window - 1
        if a < 0 or b >= n or any(pos[j] is None or part[j] != part[i] for j in range(a, b + 1)):
            kinds.append("unclassified")
            continue
        dur = t_ns[b] - t_ns[a]
        if (
            dur <= 0
            or dur > p["window_stretch_max"] * (window - 1) * dt
            or any(t_ns[j + 1] - t_ns[j] > hole for j in range(a, b))
        ):
            kinds.append("unclassified")
            continue
        kinds.append(
            "fixation" if _angle(pos[a], pos[b]) / (dur * 1e-9) < p["threshold_deg_s"] else "saccade"
        )
    runs = []
    for i in range(n):
        if runs and runs[-1]["kind"] == kinds[i] and part[runs[-1]["last"]] == part[i]:
            runs[-1]["last"] = i
        else:
            runs.append({"kind": kinds[i], "first": i, "last": i})
    for r in runs:
        r["on"], r["off"] = t_ns[r["first"]], t_ns[r["last"]]
    for a, b in itertools.pairwise(runs):
        gap = t_ns[b["first"]] - t_ns[a["last"]]
        if part[a["last"]] == part[b["first"]] and gap <= hole:
            a["off"] = b["on"] = t_ns[a["last"]] + gap // 2
    runs = _merge(runs, pos, part, p)
    for r in runs:
        if r["kind"] == "fixation" and r["off"] - r["on"] < p["min_fixation_ms"] * 1e6:
            r["kind"] = "unclassified"
    joined = []
    for r in runs:
        if joined and joined[-1]["kind"] == r["kind"] and part[joined[-1]["last"]] == part[r["first"]]:
            joined[-1]["last"], joined[-1]["off"] = r["last"], r["off"]
        else:
            joined.append(dict(r))
    return [
        (r["kind"], r["on"], r["off"], r["first"], r["last"], *_centre(pos, r["first"], r["last"]))
        for r in joined
    ]


def _fill(t_ns, pos, blink, part, limit):
    out, n, i = list(pos), len(pos), 0
    while i < n:
        if pos[i] is not None:
            i += 1
            continue
        j = i
        while j < n and pos[j] is None:
            j += 1
        if (
            i > 0
            and j < n
            and part[i - 1] == part[j]
            and not any(blink[i:j])
            and t_ns[j] - t_ns[i - 1] < limit
        ):
            for k in range(i, j):
                w = (t_ns[k] - t_ns[i - 1]) / (t_ns[j] - t_ns[i - 1]) if t_ns[j] > t_ns[i - 1] else 0.0
                v = [a * (1 - w) + b * w for a, b in zip(pos[i - 1], pos[j], strict=True)]
                length = math.sqrt(sum(c * c for c in v))
                out[k] = tuple(c / length for c in v)
        i = j
    return out


def _merge(runs, pos, part, p):
    out = []
    for r in runs:
        last = next((i for i in range(len(out) - 1, -1, -1) if out[i]["kind"] == "fixation"), None)
        if r["kind"] == "fixation" and last is not None:
            before = out[last]
            if (
                r["on"] - before["off"] < p["merge_gap_ms"] * 1e6
                and part[before["first"]] == part[r["first"]]
                and not any(q["kind"] == "blink" for q in out[last + 1 :])
                and _angle(_centre(pos, before["first"], before["last"]), _centre(pos, r["first"], r["last"]))
                <= p["merge_angle_deg"]
            ):
                before["last"], before["off"] = r["last"], r["off"]
                del out[last + 1 :]
                continue
        out.append(dict(r))
    return out


def _centre(pos, first, last):
    seen = [pos[i] for i in range(first, last + 1) if pos[i] is not None]
    if not seen:
        return (math.nan,) * 3
    v = [sum(c) for c in zip(*seen, strict=True)]
    length = math.sqrt(sum(c * c for c in v))
    return tuple(c / length for c in v)


def _angle(u, v):
    cross = (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])
    return math.degrees(
        math.atan2(math.sqrt(sum(c * c for c in cross)), sum(a * b for a, b in zip(u, v, strict=True)))
    )
