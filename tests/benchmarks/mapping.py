"""Accuracy, coverage, false mapping, occlusion and speed of mapping on simulated clips, beside per-frame mappers.

`PYTHONPATH=. python tests/benchmarks/mapping.py [--seed N ...] [--only PART ...] [--quick] [--clips DIR]`

Clips are drawn by code from the seeds and kept in DIR. Prints what is asked and what was measured, and ends
with 1 where something falls short.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from mapping_baselines import PerFrame
from mapping_cases import calibration, real, twins
from mapping_clicks import two_clicks
from mapping_clips import Clip
from mapping_judge import (
    WRONG_PERCENT,
    called_hidden,
    false_rows,
    judge_samples,
    mapped_clip,
    passers_by,
    visible_differences,
)
from mapping_people import follow_people
from mapping_run import Bench, Figure, key_points, references_in
from mapping_speed import speed

from gazestudy.geometry.homographies import apply_homography, corners_px, side_lengths
from gazestudy.model.tables import MAPPING, MAPPING_STATES, categorical
from gazestudy.pipeline.analysis import Pictures
from gazestudy.statistics.intervals import share_interval

SEEDS = (58213,)
TUNED_ON = (
    7,
    4101,
    4202,
    4303,
    60493,
    81173,
    64007,
    70001,
    70101,
    70201,
    70301,
    70401,
    90217,
    120719,
    101,
    102,
    103,
    501,
    4242,
    7777,
    31337,
    86420,
    5550123,
    271828,
    20261122,
    99173,
)
PARTS = ("accuracy", "identity", "coverage", "occlusion", "people", "speed", "twins", "calibration", "real")
BASELINE_EVERY = 48
LEAST_ON_PEOPLE = 30
"""Fixations on people from which their share is judged."""
PEERS: tuple[tuple[Literal["sift", "orb"], float], ...] = (("sift", 1.0), ("sift", 0.5), ("orb", 1.0))


def accuracy(bench: Bench) -> list[Figure]:
    """Error at gaze and wrong samples, and the same of the per-frame mappers on every n-th frame."""
    parts, figures = [], []
    for clip, samples in bench.samples(bench.walks):
        parts.append(samples)
        figures.append(Figure("accuracy", clip.label, _errors(samples)))
    everything = pd.concat(parts)
    on = everything[(everything["found"] == everything["true"]) & (everything["found"] != "")]
    median, p95 = on["error_percent"].median(), on["error_percent"].quantile(0.95)
    found, wrong = int((everything["found"] != "").sum()), int(everything["wrong"].sum())
    rate = 1000 * wrong / max(found, 1)
    by_frame = on["frame_error_percent"]
    figures += [
        Figure(
            "accuracy", "median error at gaze, % of width", f"{median:.3f}", "<= 0.1", bool(median <= 0.1)
        ),
        Figure("accuracy", "95th percentile, % of width", f"{p95:.3f}", "<= 0.8", bool(p95 <= 0.8)),
        Figure(
            "accuracy",
            "same with the pose of the frame on show",
            f"{by_frame.median():.3f} / {by_frame.quantile(0.95):.3f}",
        ),
        Figure(
            "accuracy", "wrong of 1,000 mapped samples", f"{rate:.2f} ({wrong} of {found})", "<= 2", rate <= 2
        ),
    ]
    return figures + _beside_baselines(bench)


def _errors(samples: pd.DataFrame) -> str:
    on = samples[(samples["found"] == samples["true"]) & (samples["found"] != "")]["error_percent"]
    wrong, found = int(samples["wrong"].sum()), int((samples["found"] != "").sum())
    return f"median {on.median():.3f}, p95 {on.quantile(0.95):.3f}, wrong {wrong} of {found}"


def _beside_baselines(bench: Bench) -> list[Figure]:
    """Compare on every n-th frame, each frame for itself: by the pose of the frame on show."""
    found: dict[str, list[pd.DataFrame]] = {}
    cpu: dict[str, list[float]] = {}
    for clip in bench.walks:
        points = key_points(clip)
        pictures = list(islice(Pictures([clip.video], clip.frames), 12, None, BASELINE_EVERY))
        chosen = [frame for frame, _, _ in pictures]
        tables = {"ours": bench.mapped(clip).mapping}
        for method, scale in PEERS:
            label = f"per-frame {method.upper()} x {scale:g}"
            peer = PerFrame(references_in(clip), clip.camera, method=method, scale=scale)
            start = time.process_time()
            tables[label] = _table_of(peer, pictures, clip)
            cpu.setdefault(label, []).append(1000 * (time.process_time() - start) / len(pictures))
        for name, table in tables.items():
            rows = table[table["frame"].isin(chosen)].reset_index(drop=True)
            samples = judge_samples(mapped_clip(clip, rows, clip.camera), points)
            same = (samples["found"] == samples["true"]) & (samples["found"] != "")
            off = samples["frame_error_percent"].where(same, samples["error_percent"])
            samples = samples.assign(
                error_percent=off, wrong=(samples["found"] != "") & ~(off <= WRONG_PERCENT)
            )
            found.setdefault(name, []).append(samples[samples["frame"].isin(chosen)])
    figures = []
    for name, parts in found.items():
        samples = pd.concat(parts)
        on = samples[(samples["found"] == samples["true"]) & (samples["found"] != "")]["error_percent"]
        counts, good = samples[samples["counts"]], samples[samples["good"]]
        hit = _hit(counts)
        text = (
            f"mapped {100 * hit.mean():.0f} % of gaze (good artwork {100 * _hit(good).mean():.0f} %), error"
            f" {on.median():.3f} / {on.quantile(0.95):.2f} %, wrong {int(samples['wrong'].sum())} of"
            f" {int((samples['found'] != '').sum())}"
        )
        if name in cpu:
            text += f", {np.mean(cpu[name]):.0f} ms CPU a frame"
        figures.append(Figure("accuracy", f"every {BASELINE_EVERY}th frame, {name}", text))
    return figures


def _table_of(peer: PerFrame, pictures: Sequence[tuple[int, int, np.ndarray]], clip: Clip) -> pd.DataFrame:
    sizes = {placement.id: placement.size_px for placement in clip.placements}
    rows = []
    for frame, t_ns, luma in pictures:
        for one in peer.find(luma):
            homography = one.homography / one.homography[2, 2]
            sides = side_lengths(apply_homography(homography, corners_px(*sizes[one.placement_id])))
            looks = (10, 1.0, 1.0, float(sides[0] + sides[2]) / 2, 1.0)
            pose = homography.ravel()
            rows.append((frame, t_ns, one.placement_id, one.creative_id, 0, "mapped", *pose, *looks))
    if not rows:
        return MAPPING.empty()
    table = pd.DataFrame(rows, columns=MAPPING.names)
    table["state"] = categorical(table["state"], MAPPING_STATES)
    return table


def _hit(samples: pd.DataFrame) -> pd.Series:
    return (samples["found"] == samples["true"]) & (samples["error_percent"] <= WRONG_PERCENT)


def coverage(bench: Bench) -> list[Figure]:
    """Share of gaze on visible placements that was mapped, and why the rest was not."""
    parts, figures = [], []
    for clip, samples in bench.samples(bench.walks):
        parts.append(samples)
        counts = samples[samples["counts"]]
        good, poor = counts[counts["good"]], counts[~counts["good"]]
        figures.append(
            Figure("coverage", clip.label, f"good {_share(_hit(good))}, others {_share(_hit(poor))}")
        )
    everything = pd.concat(parts)
    counts = everything[everything["counts"]]
    good_hit, poor_hit = _hit(counts[counts["good"]]), _hit(counts[~counts["good"]])
    missed = counts[counts["found"] == ""]
    unknown = everything[everything["visible"] & ~everything["counts"]]
    why = missed["reason"].value_counts()
    reasons = ", ".join(f"{name} {count}" for name, count in why.items())
    states = ", ".join(f"{name} {count}" for name, count in missed["state"].value_counts().items())
    silent = int((missed["state"] == "").sum())
    return [
        *figures,
        Figure(
            "coverage",
            "500 key points and 250 px or more",
            _share(good_hit),
            ">= 96 %",
            bool(good_hit.mean() >= 0.96),
        ),
        Figure("coverage", "blank, dark or small", _share(poor_hit), ">= 50 %", bool(poor_hit.mean() >= 0.5)),
        Figure("coverage", "screens with unknown pictures", _share(_hit(unknown))),
        Figure("coverage", "unmapped samples without a reason", str(silent), "0", silent == 0),
        Figure("coverage", "their reasons", states),
        Figure("coverage", "what became of the placement there", reasons),
        *two_clicks(bench),
    ]


def _share(flags: pd.Series) -> str:
    return f"{100 * flags.mean():.1f} % ({int(flags.sum())} of {len(flags)})" if len(flags) else "none"


def identity(bench: Bench) -> list[Figure]:
    """False identities: absent references, campaign variants, screens after a switch."""
    frames = false = elsewhere = 0
    names: list[str] = []
    for clip in bench.strangers:
        rows, count = false_rows(bench.mapped(clip))
        frames += count
        false += int(rows["none_there"].sum())
        elsewhere += int((~rows["none_there"]).sum())
        names += [f"{clip.plan.name}: {name}" for name in rows["creative_id"]]
    others = sum(len(false_rows(bench.mapped(clip))[0]) for clip in bench.walks)
    asked = "0" if bench.quick else "0 in 5,000"
    held = false == 0 and (bench.quick or frames >= 5000)
    which = ", ".join(f"{name} x {count}" for name, count in pd.Series(names).value_counts().items())
    return [
        Figure("identity", "false identities on frames without any", f"{false} in {frames:,}", asked, held),
        Figure("identity", "false identities on the other frames", str(elsewhere)),
        Figure("identity", "which", which or "-"),
        Figure("identity", "false identities in the walks", str(others)),
    ]


def occlusion(bench: Bench) -> list[Figure]:
    """Visible share, and people in front, in the walks."""
    differences = np.concatenate([visible_differences(bench.mapped(clip)) for clip in bench.walks])
    near = np.abs(differences) <= 0.1
    held = bool(near.mean() >= 0.9)
    figures = [
        Figure(
            "occlusion",
            "visible share within 0.1 of the truth",
            _share(pd.Series(near)),
            ">= 90 % of frames",
            held,
        )
    ]
    return figures + _on_people(bench, "occlusion", bench.walks)


def people(bench: Bench) -> list[Figure]:
    """Gaze on people before placements: where it often is, and put onto people in all clips."""
    found = [follow_people(bench.mapped(clip), clip.plan) for clip in [*bench.walks, *bench.crowds]]
    called, looks = sum(one.called for one in found), sum(one.looks for one in found)
    points, front = sum(one.points for one in found), sum(one.called_points for one in found)
    return [
        *_on_people(bench, "people", bench.crowds),
        _called_so("people", "looks put onto passers-by called so", called, looks, ""),
        Figure("people", "their samples", f"{100 * front / max(points, 1):.1f} % ({front} of {points})"),
    ]


def _called_so(part: str, what: str, called: int, could: int, more: str) -> Figure:
    """Share of looks at people that is called so; too few prove nothing and are not judged."""
    low, high = share_interval(called, could)
    share, enough = called / max(could, 1), could >= LEAST_ON_PEOPLE
    text = f"{100 * share:.0f} % ({called} of {could}, 95 % interval {100 * low:.0f} to {100 * high:.0f} %{more})"
    return Figure(part, what, text, ">= 80 %" if enough else "", share >= 0.8 if enough else None)


def _on_people(bench: Bench, part: str, clips: Sequence[Clip]) -> list[Figure]:
    """Fixations on people, and points wrongly called hidden."""
    counts, flagged = np.zeros(3, dtype=int), np.zeros(2, dtype=int)
    for clip, samples in bench.samples(clips):
        counts += passers_by(bench.mapped(clip), samples)
        flagged += called_hidden(bench.mapped(clip), samples)
    (called, could, looks), (wrongly, visible) = counts.tolist(), flagged.tolist()
    wrong = wrongly / max(visible, 1)
    more = f"; {looks} with those before unmapped placements"
    return [
        _called_so(part, "fixations on passers-by called so", called, could, more),
        Figure(
            part,
            "visible points called hidden",
            f"{100 * wrong:.1f} % ({wrongly} of {visible})",
            "<= 3 %",
            wrong <= 0.03,
        ),
    ]


MEASURES: dict[str, Callable[[Bench], list[Figure]]] = {
    "accuracy": accuracy,
    "identity": identity,
    "coverage": coverage,
    "occlusion": occlusion,
    "people": people,
    "twins": twins,
    "calibration": calibration,
    "real": real,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, action="append", help=f"which clips [default: {SEEDS}]")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part alone")
    parser.add_argument("--quick", action="store_true", help="short clips")
    parser.add_argument("--minutes", type=float, nargs="*", help="lengths for memory [default: 1 10 60]")
    parser.add_argument("--clips", type=Path, help="where rendered clips are kept")
    options = parser.parse_args()
    seeds = tuple(options.seed or SEEDS)
    print(f"seeds of these figures: {seeds}; used while tuning: {TUNED_ON}")
    folder = options.clips or Path(tempfile.gettempdir()) / "gazestudy-mapping-clips"
    bench = Bench(seeds, folder, options.quick)
    figures: list[Figure] = []
    for part in options.only or PARTS:
        if part == "speed":
            found = speed(bench, options.minutes or ((0.25, 1.0) if options.quick else (1.0, 10.0, 60.0)))
        else:
            found = MEASURES[part](bench)
        show(found)  # at once: the other parts take long
        figures += found
    missed = sum(figure.held is not None and not figure.held for figure in figures)
    asked = sum(figure.held is not None for figure in figures)
    print(f"{asked - missed} of {asked} figures held")
    sys.exit(1 if missed else 0)


def show(figures: Sequence[Figure]) -> None:
    """Print the figures as a table."""
    words = {None: "", True: "held", False: "MISSED"}
    for figure in figures:
        asked = f"  [asked {figure.asked}: {words[figure.held]}]" if figure.asked else ""
        print(f"{figure.part:<11} {figure.what:<44} {figure.measured}{asked}", flush=True)


if __name__ == "__main__":
    main()
