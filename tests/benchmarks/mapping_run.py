"""What the parts of the mapping benchmark share: clips, each mapped once, and figures."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import pandas as pd
from mapping_clips import Clip, ClipPlan, make_clips, passer_by_plans, stranger_plans, twin_plans, walk_plans
from mapping_judge import Mapped, judge_samples, mapped_clip

from gazestudy.mapping import Reference, texture_report
from gazestudy.model import Camera
from gazestudy.pipeline.analysis import Settings, locate, references_of
from gazestudy.pipeline.picture_features import PictureFeatures


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; `held` is None where nothing is asked."""

    part: str
    what: str
    measured: str
    asked: str = ""
    held: bool | None = None


@dataclass(eq=False)
class Bench:
    """The clips of a run and what was found in them, each made once."""

    seeds: Sequence[int]
    folder: Path
    quick: bool
    _mapped: dict[str, Mapped] = field(default_factory=dict)

    @cached_property
    def walks(self) -> list[Clip]:
        return self._clips(walk_plans)

    @cached_property
    def strangers(self) -> list[Clip]:
        return self._clips(stranger_plans)

    @cached_property
    def twins(self) -> list[Clip]:
        return self._clips(twin_plans)

    @cached_property
    def crowds(self) -> list[Clip]:
        return self._clips(passer_by_plans)

    def _clips(self, plans: Callable[..., list[ClipPlan]]) -> list[Clip]:
        wanted = [plan for seed in self.seeds for plan in plans(seed, quick=self.quick)]
        return make_clips(wanted, self.folder)

    def mapped(self, clip: Clip) -> Mapped:
        """Map a clip as a study does; each clip once in a run."""
        if clip.label not in self._mapped:
            start = time.process_time()
            table = map_clip(clip)
            each = 1000 * (time.process_time() - start) / len(clip.frames)
            print(f"  mapped {clip.label}: {each:.0f} ms CPU a frame", file=sys.stderr)
            self._mapped[clip.label] = mapped_clip(clip, table, clip.camera)
        return self._mapped[clip.label]

    def samples(self, clips: Sequence[Clip]) -> Iterator[tuple[Clip, pd.DataFrame]]:
        for clip in clips:
            yield clip, judge_samples(self.mapped(clip), key_points(clip))


def references_in(clip: Clip) -> list[Reference]:
    """Return all pictures of the clip's study."""
    return [
        reference
        for placement in clip.placements
        for reference in references_of(placement, [clip.images[c.id] for c in placement.creatives])
    ]


def map_clip(
    clip: Clip,
    *,
    references: Sequence[Reference] | None = None,
    camera: Camera | str | None = "known",
    search: Literal["frame", "gaze"] = "frame",
    video: Path | None = None,
    frames: pd.DataFrame | None = None,
    gaze: pd.DataFrame | None = None,
    known: PictureFeatures | None = None,
) -> pd.DataFrame:
    """Map a clip, or another recording of the same station, from its file as a study does.

    It searches whole frames and around gaze as well, as a study does, or around gaze alone.
    """
    gaze = clip.gaze if gaze is None else gaze
    return locate(
        [video or clip.video],
        clip.frames if frames is None else frames,
        gaze,
        references_in(clip) if references is None else references,
        clip.camera if isinstance(camera, str) else camera,
        Settings(mapper_parameters={"search": search}),
        known=known,
    )


def key_points(clip: Clip) -> dict[str, int]:
    """Return the key points of each picture."""
    report = texture_report(references_in(clip))
    return dict(zip(report["creative_id"], report["key_points"].astype(int), strict=True))
